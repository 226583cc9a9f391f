//! Two pieces of work run at once. One overtakes the other before each of its requests in turn.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use domain::feed::DeliveryMode;
use domain::{Clock, PhotoId};
use messages::workflow::{Segment, Work};
use messages::{Event, HashRange};
use runtime::sqs;
use scenarios::{Functions, Network, WITH_PUSH, WITHOUT_PUSH, at_every_place, scroll};
use testkit::{ManualClock, sqs_event, stream_event};

struct Scene {
    star: Caller,
    reader: Caller,
    /// A photo that the star posted earlier.
    early: PhotoId,
    /// A photo of the star that is derived and not fanned out.
    photo: PhotoId,
    clock: ManualClock,
    records: Vec<EventRecord>,
}

/// Creates a star, an active reader who follows them, and enough other followers for a celebrity.
/// An ordinary star posted before the others came, so that the next photo starts the promotion.
async fn scene(push: bool, mode: DeliveryMode) -> (Network, Scene) {
    let mut network = Network::new(push).await;
    let (star, reader) = (network.world.person("star").await, network.world.person("reader").await);
    let others = network.world.people("other", 5).await;
    network.world.activate(&reader).await;
    network.world.follow(&reader, &star).await;
    network.settle().await;
    let early = if mode == DeliveryMode::Ordinary { Some(network.world.post(&star).await) } else { None };
    network.settle().await;
    for other in &others {
        network.world.follow(other, &star).await;
    }
    network.settle().await;
    let early = match early {
        Some(early) => early,
        None => network.world.post(&star).await,
    };
    network.settle().await;
    assert_eq!(network.mode(&star).await, mode);
    let photo = network.world.post(&star).await;
    let records = network.records().await;
    let clock = network.world.clock.clone();
    (network, Scene { star, reader, early, photo, clock, records })
}

/// Creates the same scene, with the newest photo derived.
async fn derived(push: bool, mode: DeliveryMode) -> (Network, Scene) {
    let (network, scene) = scene(push, mode).await;
    deliver(&network.functions, &scene.records).await;
    (network, scene)
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

async fn align(functions: &Functions, scene: &Scene) {
    let event = Event::FollowRemoved { follower_id: scene.reader.user_id, followee_id: scene.star.user_id };
    assert!(sqs::answer(&functions.backfill, sqs_event(&[event])).await.batch_item_failures.is_empty());
}

/// Runs the rebuild that a return at this moment asks for.
async fn rebuild(functions: &Functions, scene: &Scene) {
    let event = Event::ReaderReturned { user_id: scene.reader.user_id, mark: scene.clock.now().0 };
    assert!(sqs::answer(&functions.backfill, sqs_event(&[event])).await.batch_item_failures.is_empty());
}

async fn segment(functions: &Functions, scene: &Scene, work: Work) {
    let segment = Segment {
        work,
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

/// Asserts that the reader sees exactly these photos, now and after everything that their reading caused.
async fn sees(network: &Network, scene: &Scene, place: usize, expected: &[PhotoId]) {
    scene.clock.advance(std::time::Duration::from_mins(1));
    for _ in 0..2 {
        assert_eq!(network.scroll(&scene.reader).await, expected, "overtaken at {place}");
        scene.clock.advance(std::time::Duration::from_mins(1));
    }
    let state = table::reader::get_latest(&network.world.table, scene.reader.user_id).await.unwrap().unwrap();
    assert_eq!(state.rebuild, None, "the feed that was seen is the one in the table");
}

async fn sees_both(network: &Network, scene: &Scene, place: usize) {
    sees(network, scene, place, &[scene.photo, scene.early]).await;
}

/// Creates a reader who was away and has not returned. The star's newest photo is derived and not fanned out.
async fn away() -> (Network, Scene) {
    let (network, scene) = derived(WITH_PUSH, DeliveryMode::Ordinary).await;
    scene.clock.advance_days(8);
    (network, scene)
}

/// Creates a reader who has returned and whose feed is not rebuilt. The star's newest photo is not derived.
async fn returned(push: bool) -> (Network, Scene) {
    let (network, scene) = scene(push, DeliveryMode::Ordinary).await;
    scene.clock.advance_days(8);
    let now = scene.clock.now();
    table::reader::mark_returned(&network.world.table, scene.reader.user_id, now).await.unwrap();
    (network, scene)
}

#[tokio::test]
async fn a_fan_out_overtaken_by_a_return_misses_nothing() {
    let places = at_every_place(
        away,
        async |functions, scene| fan_out(functions, scene).await,
        async |network, scene| {
            assert_eq!(network.scroll(&scene.reader).await, [scene.photo, scene.early]);
            network.settle().await;
        },
        sees_both,
    )
    .await;
    assert!(places >= 5, "{places}");
}

#[tokio::test]
async fn a_return_overtaken_by_a_fan_out_misses_nothing() {
    let places = at_every_place(
        away,
        async |functions, scene| {
            let shown = scroll(functions, &scene.clock, &scene.reader).await;
            assert_eq!(shown, [scene.photo, scene.early], "in the answer to the one who returns, too");
        },
        async |network, scene| {
            fan_out(&network.functions, scene).await;
            network.settle().await;
        },
        sees_both,
    )
    .await;
    assert!(places >= 5, "{places}");
}

#[tokio::test]
async fn a_rebuild_overtaken_by_a_photo_misses_nothing() {
    let places = at_every_place(
        async || returned(WITH_PUSH).await,
        async |functions, scene| rebuild(functions, scene).await,
        async |network, scene| {
            deliver(&network.functions, &scene.records).await;
            fan_out(&network.functions, scene).await;
        },
        sees_both,
    )
    .await;
    assert!(places >= 5, "{places}");
}

/// Makes the author a celebrity and posts; nothing pushes the photo.
async fn promote_and_post(network: &mut Network, scene: &Scene) {
    // The photo that starts the promotion is pushed. The second one is to be pulled.
    deliver(&network.functions, &scene.records).await;
    network.settle().await;
    assert_eq!(network.mode(&scene.star).await, DeliveryMode::Celebrity);
    network.world.post(&scene.star).await;
    network.settle().await;
}

/// Asserts that the reader sees everything that the star has posted.
async fn sees_all(network: &Network, scene: &Scene, place: usize) {
    let all = table::timeline::page(&network.world.table, scene.star.user_id, None, 100).await.unwrap();
    assert!(all.items.len() >= 2 && all.items.contains(&scene.photo));
    sees(network, scene, place, &all.items).await;
}

/// Creates a newcomer who has a photo of another author in their feed and has just followed the star.
/// Nothing is derived from that follow yet.
async fn newcomer() -> (Network, (Scene, PhotoId, Vec<EventRecord>)) {
    let (mut network, scene) = scene(WITHOUT_PUSH, DeliveryMode::Ordinary).await;
    let (reader, friend) = (network.world.person("newcomer").await, network.world.person("friend").await);
    network.world.activate(&reader).await;
    network.world.follow(&reader, &friend).await;
    let old = network.world.post(&friend).await;
    network.settle().await;
    network.world.follow(&reader, &scene.star).await;
    let follow = network.records().await;
    (network, (Scene { reader, ..scene }, old, follow))
}

/// Asserts that every photo the star posts from now on reaches the newcomer, though nothing is pushed.
async fn pulls_what_comes(network: &Network, scene: &Scene, old: PhotoId, place: usize) {
    network.world.post(&scene.star).await;
    deliver(&network.functions, &network.world.engine.stream().await).await;
    let of_star = table::timeline::page(&network.world.table, scene.star.user_id, None, 100).await;
    let mut all = of_star.unwrap().items;
    assert_eq!(all.len(), 4);
    all.push(old);
    all.sort_unstable_by(|a, b| b.cmp(a));
    sees(network, scene, place, &all).await;
}

#[tokio::test]
async fn a_return_overtaken_by_a_promotion_pulls_the_celebrity() {
    let places = at_every_place(
        async || {
            let (network, (scene, old, follow)) = newcomer().await;
            deliver(&network.functions, &follow).await;
            scene.clock.advance_days(8);
            (network, (scene, old, follow))
        },
        async |functions, (scene, ..)| {
            scroll(functions, &scene.clock, &scene.reader).await;
        },
        async |network, (scene, ..)| promote_and_post(network, scene).await,
        async |network, (scene, old, _), place| pulls_what_comes(network, scene, *old, place).await,
    )
    .await;
    assert!(places >= 5, "{places}");
}

#[tokio::test]
async fn a_follow_overtaken_by_a_promotion_pulls_the_celebrity() {
    let places = at_every_place(
        newcomer,
        async |functions, (scene, _, follow)| {
            deliver(functions, follow).await;
            align(functions, scene).await;
        },
        async |network, (scene, ..)| promote_and_post(network, scene).await,
        async |network, (scene, old, _), place| pulls_what_comes(network, scene, *old, place).await,
    )
    .await;
    assert!(places >= 6, "{places}");
}

#[tokio::test]
async fn a_rebuild_overtaken_by_a_promotion_pulls_the_celebrity() {
    let places = at_every_place(
        async || returned(WITHOUT_PUSH).await,
        async |functions, scene| rebuild(functions, scene).await,
        promote_and_post,
        sees_all,
    )
    .await;
    assert!(places >= 5, "{places}");
}

#[tokio::test]
async fn a_photo_that_arrives_during_a_promotion_is_pushed_or_pulled() {
    let places = at_every_place(
        async || scene(WITHOUT_PUSH, DeliveryMode::Ordinary).await,
        async |functions, scene| deliver(functions, &scene.records).await,
        async |network, scene| {
            // All followers pull already; only the mode is missing.
            segment(&network.functions, scene, Work::Enlist).await;
            network.world.deliver_by(&scene.star, DeliveryMode::Celebrity).await;
        },
        sees_both,
    )
    .await;
    assert!(places >= 4, "{places}");
}

#[tokio::test]
async fn a_photo_that_arrives_during_a_demotion_is_pushed_or_delisted() {
    let places = at_every_place(
        async || scene(WITHOUT_PUSH, DeliveryMode::Celebrity).await,
        async |functions, scene| deliver(functions, &scene.records).await,
        async |network, scene| {
            network.world.deliver_by(&scene.star, DeliveryMode::Demoting).await;
            segment(&network.functions, scene, Work::Delist).await;
        },
        // The list of unpushed photos is removed only after every segment has read it.
        async |network, scene, place| {
            segment(&network.functions, scene, Work::Delist).await;
            sees_both(network, scene, place).await;
        },
    )
    .await;
    assert!(places >= 4, "{places}");
}

#[tokio::test]
async fn enlisting_overtaken_by_an_unfollow_leaves_no_entry() {
    for work in [Work::Enlist, Work::Delist] {
        let places = at_every_place(
            async || derived(WITHOUT_PUSH, DeliveryMode::Celebrity).await,
            async |functions, scene| segment(functions, scene, work).await,
            async |network, scene| {
                network.world.unfollow(&scene.reader, &scene.star).await;
                network.settle().await;
            },
            async |network, scene, place| {
                sees(network, scene, place, &[]).await;
                let state =
                    table::reader::get_latest(&network.world.table, scene.reader.user_id).await.unwrap();
                assert_eq!(state.unwrap().celebrities, [], "{work:?} overtaken at {place}");
            },
        )
        .await;
        assert!(places >= 4, "{places}");
    }
}

#[tokio::test]
async fn a_fan_out_overtaken_by_an_unfollow_leaves_no_entry() {
    let places = at_every_place(
        async || derived(WITH_PUSH, DeliveryMode::Ordinary).await,
        async |functions, scene| fan_out(functions, scene).await,
        async |network, scene| {
            network.world.unfollow(&scene.reader, &scene.star).await;
            network.settle().await;
        },
        async |network, scene, place| sees(network, scene, place, &[]).await,
    )
    .await;
    assert!(places >= 5, "{places}");
}

#[tokio::test]
async fn a_fan_out_overtaken_by_an_unfollow_and_a_follow_misses_nothing() {
    let places = at_every_place(
        async || derived(WITH_PUSH, DeliveryMode::Ordinary).await,
        async |functions, scene| fan_out(functions, scene).await,
        async |network, scene| {
            network.world.unfollow(&scene.reader, &scene.star).await;
            network.settle().await;
            network.world.follow(&scene.reader, &scene.star).await;
            network.settle().await;
        },
        sees_both,
    )
    .await;
    assert!(places >= 5, "{places}");
}

#[tokio::test]
async fn a_page_overtaken_by_the_push_of_a_photo_shows_it_once() {
    let places = at_every_place(
        async || derived(WITH_PUSH, DeliveryMode::Celebrity).await,
        async |functions, scene| {
            assert_eq!(scroll(functions, &scene.clock, &scene.reader).await, [scene.photo, scene.early]);
        },
        // The mark comes a minute later, when no page is in progress any more.
        async |network, scene| segment(&network.functions, scene, Work::Push { photo_id: scene.photo }).await,
        sees_both,
    )
    .await;
    assert!(places >= 3, "{places}");
}
