//! Accounts that are made private or public while other work about them is under way. One piece of work overtakes
//! the other before each of its requests in turn, and everything is delivered again at the end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use domain::visibility::Audience;
use domain::{Clock, PhotoId};
use messages::{AudiencePart, Event, HashRange};
use runtime::sqs;
use scenarios::{Functions, Network, WITHOUT_PUSH, at_every_place};
use table::follow::Follow;
use testkit::{sqs_event, stream_event};

struct Scene {
    star: Caller,
    /// Follows the star.
    reader: Caller,
    /// Asks to, where the account is private.
    asker: Caller,
    /// An active reader in whose feed a process that died left the star's photo.
    stranger: Caller,
    photo: PhotoId,
    /// The table, as it is reached without being held.
    table: table::Table,
    /// What is still to be derived.
    records: Vec<EventRecord>,
}

/// Creates a star with a follower. Their photo is ready, and not derived yet.
async fn scene(private: bool) -> (Network, Scene) {
    let mut network = Network::new(WITHOUT_PUSH).await;
    let world = &network.world;
    let (star, reader) = (world.person("star").await, world.person("reader").await);
    let (asker, stranger) = (world.person("asker").await, world.person("stranger").await);
    for person in [&reader, &asker, &stranger] {
        world.activate(person).await;
    }
    world.follow(&reader, &star).await;
    world.switch(&star, private).await;
    network.settle().await;
    let photo = network.world.post(&star).await;
    let entry = domain::feed::Entry { photo, author: star.user_id };
    let (now, left) = (network.world.clock.now(), [stranger.user_id]);
    table::feed::push(&network.world.table, &left, &[entry], now).await.unwrap();
    let records = network.records().await;
    let table = network.world.table.clone();
    (network, Scene { star, reader, asker, stranger, photo, table, records })
}

/// Creates the same scene with the photo derived.
async fn derived(private: bool) -> (Network, Scene) {
    let (network, scene) = scene(private).await;
    deliver(&network.functions, &scene.records).await;
    (network, scene)
}

/// Creates the scene of a private star whom somebody asks to follow.
async fn asked() -> (Network, Scene) {
    let (mut network, mut scene) = derived(true).await;
    network.settle().await;
    let wish =
        Follow { username: scene.asker.username.clone(), at: network.world.clock.now(), accepted_at: None };
    let (asker, star) = (scene.asker.user_id, scene.star.user_id);
    assert!(table::request::add(&network.world.table, asker, star, &wish).await.unwrap());
    scene.records = network.records().await;
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

async fn carry(functions: &Functions, scene: &Scene, mark: i64, part: AudiencePart) {
    let event = Event::AudienceChanged { user_id: scene.star.user_id, mark, part };
    assert!(sqs::answer(&functions.backfill, sqs_event(&[event])).await.batch_item_failures.is_empty());
}

/// Returns the mark of the star's last switch.
async fn mark(scene: &Scene) -> i64 {
    table::privacy::get_latest(&scene.table, scene.star.user_id).await.unwrap().unwrap().switched
}

/// Asserts for whom the photo is, who sees it, and that nothing changes when all is delivered again.
async fn check(network: &Network, scene: &Scene, private: bool, place: usize) {
    let world = &network.world;
    let photo = table::photo::get_latest(&world.table, scene.photo).await.unwrap().unwrap();
    assert_eq!(photo.audience, Audience::of(private), "{place}");
    let account = table::privacy::get_latest(&world.table, scene.star.user_id).await.unwrap().unwrap();
    assert_eq!((account.private, account.rebuild), (private, None), "{place}");
    // No page shows a photo that was cached before the switch.
    world.clock.advance(std::time::Duration::from_secs(10));
    assert_eq!(network.scroll(&scene.reader).await, [scene.photo], "{place}");
    let leaked = network.scroll(&scene.stranger).await;
    assert_eq!(leaked.is_empty(), private, "{place}: an entry that was left shows no private photo");
}

/// Asserts that whoever asked follows, sees the photo, and is counted once.
async fn check_accepted(network: &Network, scene: &Scene, place: usize) {
    let star = network.world.profile(&scene.star).await;
    assert_eq!((star.requests, star.followers), (0, 2), "{place}");
    let (asker, star) = (scene.asker.user_id, scene.star.user_id);
    assert!(table::request::get_latest(&network.world.table, asker, star).await.unwrap().is_none());
    assert_eq!(network.scroll(&scene.asker).await, [scene.photo], "{place}");
}

#[tokio::test]
async fn a_switch_to_private_overtakes_a_photo_that_becomes_ready() {
    let places = at_every_place(
        async || scene(false).await,
        async |functions, scene| deliver(functions, &scene.records).await,
        async |network, scene| {
            network.world.switch(&scene.star, true).await;
            network.settle().await;
        },
        async |network, scene, place| {
            deliver(&network.functions, &scene.records).await;
            check(network, scene, true, place).await;
        },
    )
    .await;
    assert!(places > 3, "{places}");
}

#[tokio::test]
async fn a_switch_to_private_overtakes_a_push() {
    let places = at_every_place(
        async || derived(false).await,
        async |functions, scene| fan_out(functions, scene).await,
        async |network, scene| {
            network.world.switch(&scene.star, true).await;
            network.settle().await;
        },
        async |network, scene, place| {
            fan_out(&network.functions, scene).await;
            check(network, scene, true, place).await;
        },
    )
    .await;
    assert!(places > 3, "{places}");
}

#[tokio::test]
async fn a_switch_back_overtakes_the_switch_before() {
    for private in [true, false] {
        let places = at_every_place(
            async || {
                let (mut network, scene) = derived(!private).await;
                network.settle().await;
                network.world.switch(&scene.star, private).await;
                (network, scene)
            },
            async |functions, scene| {
                // The message of the first switch, whose mark is the last one while this begins.
                carry(functions, scene, mark(scene).await, AudiencePart::default()).await;
            },
            async |network, scene| {
                network.world.switch(&scene.star, !private).await;
                network.settle().await;
            },
            async |network, scene, place| {
                let last = mark(scene).await;
                carry(&network.functions, scene, last - 1, AudiencePart::default()).await;
                carry(&network.functions, scene, last, AudiencePart::default()).await;
                check(network, scene, !private, place).await;
            },
        )
        .await;
        assert!(places >= 3, "{places}");
    }
}

#[tokio::test]
async fn a_switch_to_public_overtakes_a_request_that_is_derived() {
    let places = at_every_place(
        async || asked().await,
        async |functions, scene| deliver(functions, &scene.records).await,
        async |network, scene| {
            network.world.switch(&scene.star, false).await;
            // The worker alone: the stream has the end of a request after its beginning.
            for part in [AudiencePart::default(), AudiencePart::Requests { after: None }] {
                carry(&network.functions, scene, mark(scene).await, part).await;
            }
        },
        async |network, scene, place| {
            check_accepted(network, scene, place).await;
            check(network, scene, false, place).await;
        },
    )
    .await;
    assert!(places >= 3, "{places}");
}

#[tokio::test]
async fn a_photo_overtakes_the_acceptance_of_requests() {
    let places = at_every_place(
        async || {
            let (mut network, scene) = asked().await;
            deliver(&network.functions, &scene.records).await;
            network.settle().await;
            network.world.switch(&scene.star, false).await;
            // The requests come after the photos.
            carry(&network.functions, &scene, mark(&scene).await, AudiencePart::default()).await;
            (network, scene)
        },
        async |functions, scene| {
            carry(functions, scene, mark(scene).await, AudiencePart::Requests { after: None }).await;
        },
        async |network, scene| {
            fan_out(&network.functions, scene).await;
            network.settle().await;
        },
        async |network, scene, place| {
            let last = mark(scene).await;
            carry(&network.functions, scene, last, AudiencePart::Requests { after: None }).await;
            check_accepted(network, scene, place).await;
            check(network, scene, false, place).await;
        },
    )
    .await;
    assert!(places > 3, "{places}");
}

#[tokio::test]
async fn a_withdrawal_overtakes_the_acceptance() {
    at_every_place(
        async || {
            let (mut network, scene) = asked().await;
            deliver(&network.functions, &scene.records).await;
            network.settle().await;
            network.world.switch(&scene.star, false).await;
            (network, scene)
        },
        async |functions, scene| {
            carry(functions, scene, mark(scene).await, AudiencePart::Requests { after: None }).await;
        },
        async |network, scene| {
            let (asker, star) = (scene.asker.user_id, scene.star.user_id);
            table::request::withdraw(&network.world.table, asker, star).await.unwrap();
        },
        async |network, scene, place| {
            let star = network.world.profile(&scene.star).await;
            assert_eq!(
                (star.requests, star.followers),
                (0, 1),
                "{place}: it is withdrawn, whatever it became"
            );
        },
    )
    .await;
}
