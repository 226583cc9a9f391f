//! Blocks and removals overtake the work that brings photos to feeds, and are overtaken by it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use domain::{Clock, PhotoId};
use messages::workflow::{Segment, Work};
use messages::{Event, HashRange};
use runtime::sqs;
use scenarios::{Functions, Network, WITH_PUSH, at_every_place};
use testkit::{sqs_event, stream_event};

struct Scene {
    star: Caller,
    reader: Caller,
    other: Caller,
    /// A photo of the star that is derived and not fanned out.
    photo: PhotoId,
    /// What the star said, not derived yet; and the block or removal is all there is.
    records: Vec<EventRecord>,
    /// The mark of the reader's return, where they were away.
    returned: i64,
}

/// How the star gets rid of the reader.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Block,
    BlockedBy,
    Remove,
}

const ACTS: [Act; 3] = [Act::Block, Act::BlockedBy, Act::Remove];

impl Act {
    async fn perform(self, network: &Network, scene: &Scene) {
        let (world, star, reader) = (&network.world, &scene.star, &scene.reader);
        assert!(match self {
            Self::Block => world.block(star, reader).await,
            Self::BlockedBy => world.block(reader, star).await,
            Self::Remove => world.remove_follower(star, reader).await,
        });
    }

    async fn undo(self, network: &Network, scene: &Scene) {
        let (world, star, reader) = (&network.world, &scene.star, &scene.reader);
        match self {
            Self::Block => assert!(world.unblock(star, reader).await),
            Self::BlockedBy => assert!(world.unblock(reader, star).await),
            Self::Remove => {}
        }
    }
}

/// Creates a star with two active followers, one of whom is the reader, and a photo that is not fanned out.
async fn scene() -> (Network, Scene) {
    let mut network = Network::new(WITH_PUSH).await;
    let (star, reader) = (network.world.person("star").await, network.world.person("reader").await);
    let other = network.world.person("other").await;
    for follower in [&reader, &other] {
        network.world.activate(follower).await;
        network.world.follow(follower, &star).await;
    }
    network.settle().await;
    let photo = network.world.post(&star).await;
    let records = network.records().await;
    deliver(&network.functions, &records).await;
    (network, Scene { star, reader, other, photo, records: Vec::new(), returned: 0 })
}

/// Creates the same scene, in which the act is done and not derived.
async fn acted(act: Act) -> (Network, Scene) {
    let (mut network, mut scene) = scene().await;
    act.perform(&network, &scene).await;
    scene.records = network.records().await;
    (network, scene)
}

/// Creates the same scene with a reader who was away, has returned, and whose feed is not rebuilt.
async fn returned() -> (Network, Scene) {
    let (network, mut scene) = scene().await;
    network.world.clock.advance_days(8);
    let now = network.world.clock.now();
    table::reader::mark_returned(&network.world.table, scene.reader.user_id, now).await.unwrap();
    scene.returned = now.0;
    (network, scene)
}

/// Creates the same scene, in which the reader asks to follow the star instead, and that is not derived.
async fn asked() -> (Network, Scene) {
    let (mut network, mut scene) = scene().await;
    network.world.unfollow(&scene.reader, &scene.star).await;
    network.world.switch(&scene.star, true).await;
    network.settle().await;
    network.world.ask(&scene.reader, &scene.star).await;
    scene.records = network.records().await;
    (network, scene)
}

async fn rebuild(functions: &Functions, scene: &Scene) {
    let event = Event::ReaderReturned { user_id: scene.reader.user_id, mark: scene.returned };
    assert!(sqs::answer(&functions.backfill, sqs_event(&[event])).await.batch_item_failures.is_empty());
}

/// Writes a page of followers as the workflow of a celebrity does.
async fn push_segment(functions: &Functions, scene: &Scene) {
    let segment = Segment {
        work: Work::Push { photo_id: scene.photo },
        author_id: scene.star.user_id,
        followers: HashRange::ALL,
        after: None,
        reached: 0,
        skipped: 0,
        done: false,
    };
    let done = runtime::task::answer(&functions.segment, serde_json::to_value(segment).unwrap()).await;
    assert!(done.unwrap().done);
}

async fn deliver(functions: &Functions, records: &[EventRecord]) {
    let answer = runtime::stream::answer(&functions.derive, stream_event(records.to_vec())).await;
    assert!(answer.batch_item_failures.is_empty());
}

async fn fan_out(functions: &Functions, scene: &Scene) {
    let (photo_id, author_id) = (scene.photo, scene.star.user_id);
    let event = Event::PhotoReady { photo_id, author_id, followers: HashRange::ALL };
    assert!(sqs::answer(&functions.fanout, sqs_event(&[event])).await.batch_item_failures.is_empty());
}

/// Asserts that the reader does or does not follow the star, that their feed shows it, and that counters and
/// circles are exact; then once more after the act's records have come again.
async fn assert_whole(network: &Network, scene: &Scene, follows: bool, place: usize) {
    let (table, star, reader) = (&network.world.table, &scene.star, &scene.reader);
    let followers = table::follow::followers(table, star.user_id, None, 10).await.unwrap().items;
    assert_eq!(followers.contains(&reader.user_id), follows, "overtaken at {place}");
    assert_eq!(network.world.profile(star).await.followers, i64::try_from(followers.len()).unwrap());
    assert_eq!(network.world.profile(reader).await.following, i64::from(follows));
    let wanted = if follows { vec![scene.photo] } else { Vec::new() };
    assert_eq!(network.scroll(reader).await, wanted, "overtaken at {place}");
    assert_eq!(network.world.feed(reader).await, wanted, "nothing is left in what is stored");
    assert_eq!(network.scroll(&scene.other).await, [scene.photo]);
    for (viewer, other) in [(star, reader), (reader, star)] {
        let said = table::pair::get_latest(table, viewer.user_id, other.user_id).await.unwrap();
        let circle = table::circle::get(table, viewer.user_id).await.unwrap();
        assert_eq!(circle.blocks.contains(&other.user_id), said.block.is_some());
        let circle = table::circle::get(table, other.user_id).await.unwrap();
        assert_eq!(circle.blocked_by.contains(&viewer.user_id), said.block.is_some());
    }
}

/// Delivers the records of the act again, and all that follows.
async fn replay(network: &mut Network, scene: &Scene) {
    deliver(&network.functions, &scene.records).await;
    network.settle().await;
    network.repeat().await;
    network.settle().await;
}

#[tokio::test]
async fn a_fan_out_overtaken_by_a_block_or_a_removal_leaves_nothing() {
    for act in ACTS {
        let places = at_every_place(
            scene,
            async |functions, scene| fan_out(functions, scene).await,
            async |network, scene| {
                act.perform(network, scene).await;
                network.settle().await;
            },
            async |network, scene, place| {
                fan_out(&network.functions, scene).await;
                assert_whole(network, scene, false, place).await;
            },
        )
        .await;
        assert!(places >= 4, "{places}");
    }
}

#[tokio::test]
async fn a_page_of_a_celebrity_overtaken_by_a_block_or_a_removal_leaves_nothing() {
    for act in ACTS {
        let places = at_every_place(
            scene,
            async |functions, scene| push_segment(functions, scene).await,
            async |network, scene| {
                act.perform(network, scene).await;
                network.settle().await;
            },
            async |network, scene, place| {
                push_segment(&network.functions, scene).await;
                assert_whole(network, scene, false, place).await;
            },
        )
        .await;
        assert!(places >= 3, "{places}");
    }
}

#[tokio::test]
async fn a_rebuild_overtaken_by_a_block_or_a_removal_leaves_nothing() {
    for act in ACTS {
        let places = at_every_place(
            returned,
            async |functions, scene| rebuild(functions, scene).await,
            async |network, scene| {
                act.perform(network, scene).await;
                network.settle().await;
            },
            async |network, scene, place| {
                rebuild(&network.functions, scene).await;
                assert_whole(network, scene, false, place).await;
            },
        )
        .await;
        assert!(places >= 4, "{places}");
    }
}

#[tokio::test]
async fn a_request_overtaken_by_a_block_is_ended() {
    for act in [Act::Block, Act::BlockedBy] {
        let places = at_every_place(
            asked,
            async |functions, scene| deliver(functions, &scene.records).await,
            async |network, scene| {
                // The end of the request is in the same lane as the request, so that it is derived after it.
                act.perform(network, scene).await;
                let records = network.records().await;
                deliver(&network.functions, &records).await;
            },
            async |network, scene, place| {
                let (asker, star) = (scene.reader.user_id, scene.star.user_id);
                // The request's record comes again, while the block stands.
                deliver(&network.functions, &scene.records).await;
                let request = table::request::get_latest(&network.world.table, asker, star).await.unwrap();
                assert!(request.is_none(), "overtaken at {place}");
                assert_eq!(network.world.profile(&scene.star).await.requests, 0, "overtaken at {place}");
                let asking = table::request::page(&network.world.table, star, None, 9).await.unwrap();
                assert!(asking.items.is_empty(), "overtaken at {place}");
                assert_whole(network, scene, false, place).await;
            },
        )
        .await;
        assert!(places >= 3, "{places}");
    }
}

#[tokio::test]
async fn a_block_or_a_removal_overtaken_by_a_fan_out_leaves_nothing() {
    for act in ACTS {
        let places = at_every_place(
            async || acted(act).await,
            async |functions, scene| deliver(functions, &scene.records).await,
            async |network, scene| {
                fan_out(&network.functions, scene).await;
                network.settle().await;
                replay(network, scene).await;
            },
            async |network, scene, place| assert_whole(network, scene, false, place).await,
        )
        .await;
        assert!(places >= 3, "{places}");
    }
}

#[tokio::test]
async fn an_act_overtaken_by_its_undoing_and_another_follow_ends_no_later_follow() {
    for act in ACTS {
        let places = at_every_place(
            async || acted(act).await,
            async |functions, scene| deliver(functions, &scene.records).await,
            async |network, scene| {
                // The first follow has ended, or ends with the derivation that is overtaken.
                network.world.unfollow(&scene.reader, &scene.star).await;
                act.undo(network, scene).await;
                network.world.follow(&scene.reader, &scene.star).await;
                network.settle().await;
                fan_out(&network.functions, scene).await;
                replay(network, scene).await;
            },
            async |network, scene, place| assert_whole(network, scene, true, place).await,
        )
        .await;
        assert!(places >= 3, "{places}");
    }
}

#[tokio::test]
async fn a_follow_overtaken_by_a_block_is_ended() {
    for act in [Act::Block, Act::BlockedBy] {
        at_every_place(
            async || {
                let (mut network, mut scene) = scene().await;
                network.world.unfollow(&scene.reader, &scene.star).await;
                network.settle().await;
                network.world.follow(&scene.reader, &scene.star).await;
                scene.records = network.records().await;
                (network, scene)
            },
            async |functions, scene| deliver(functions, &scene.records).await,
            async |network, scene| {
                // The end of the follow is in the same lane as the follow, so that it is derived after it.
                act.perform(network, scene).await;
                let records = network.records().await;
                deliver(&network.functions, &records).await;
            },
            async |network, scene, place| assert_whole(network, scene, false, place).await,
        )
        .await;
    }
}
