//! Readers who return after a long time.

use domain::feed::REBUILD_LEN;
use messages::Event;
use testkit::{Fault, fixture};

use crate::stage::{Stage, newest_first};

#[tokio::test]
async fn when_a_reader_returns_then_the_feed_is_rebuilt_once() {
    let stage = Stage::new().await;
    let reader = stage.world.person("reader").await;
    let authors = stage.world.people("author", 5).await;
    let mut photos = Vec::new();
    for author in &authors {
        stage.world.follow(&reader, author).await;
        // One author has more photos than a head holds.
        for _ in 0..if author.username == "author2" { 27 } else { 3 } {
            photos.push(stage.list(author).await);
        }
    }
    let event = stage.come_back(&reader).await;
    stage.world.engine.fail_next("BatchWriteItem", 1, Fault::Crash);
    assert_eq!(stage.deliver(std::slice::from_ref(&event)).await, ["message-0"]);
    stage.deliver_each([&event]).await;
    assert_eq!(stage.world.feed(&reader).await, newest_first(photos));
    let state = table::reader::get_latest(&stage.world.table, reader.user_id).await.unwrap().unwrap();
    assert_eq!(state.rebuild, None);

    stage.world.engine.reset_usage();
    stage.deliver_each([&event]).await;
    let usage = stage.world.engine.usage();
    assert_eq!((usage.requests, usage.writes()), (1, 0), "it is done already");
}

#[tokio::test]
async fn when_nobody_is_followed_then_the_feed_is_empty_and_the_mark_gone() {
    let stage = Stage::new().await;
    let reader = stage.world.person("reader").await;
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    assert!(stage.world.feed(&reader).await.is_empty());
    let state = table::reader::get_latest(&stage.world.table, reader.user_id).await.unwrap().unwrap();
    assert_eq!(state.rebuild, None);
}

#[tokio::test]
async fn when_a_reader_returns_twice_then_the_messages_may_come_in_reverse() {
    let stage = Stage::new().await;
    let (reader, ann) = (stage.world.person("reader").await, stage.world.person("ann").await);
    stage.world.follow(&reader, &ann).await;
    let old = stage.list(&ann).await;
    let first = stage.come_back(&reader).await;
    stage.world.clock.advance_days(10);
    let new = stage.list(&ann).await;
    let second = stage.come_back(&reader).await;
    assert_ne!(first, second);
    stage.deliver_each([&second, &first, &second, &first]).await;
    assert_eq!(stage.world.feed(&reader).await, [new, old]);
    let state = table::reader::get_latest(&stage.world.table, reader.user_id).await.unwrap().unwrap();
    assert_eq!(state.rebuild, None);
}

#[tokio::test]
async fn when_an_unfollow_meets_a_running_rebuild_then_no_entry_is_left() {
    let stage = Stage::new().await;
    let (reader, ann, bob) = (
        stage.world.person("reader").await,
        stage.world.person("ann").await,
        stage.world.person("bob").await,
    );
    stage.world.follow(&reader, &bob).await;
    stage.list(&ann).await;
    let kept = stage.list(&bob).await;
    for _ in 0..10 {
        stage.world.follow(&reader, &ann).await;
        stage.world.clock.advance_days(8);
        let event = stage.come_back(&reader).await;
        let unfollow = async {
            stage.world.unfollow(&reader, &ann).await;
            let event = Event::FollowRemoved { follower_id: reader.user_id, followee_id: ann.user_id };
            stage.deliver_each([&event]).await;
        };
        futures::join!(stage.deliver_each([&event]), unfollow);
        let feed = stage.world.feed(&reader).await;
        assert!(feed.is_empty() || feed == [kept], "{feed:?}");
    }
}

#[tokio::test]
async fn when_more_was_posted_than_is_rebuilt_then_no_entry_is_below_the_gap() {
    let stage = Stage::new().await;
    let (reader, ann, bob) = (
        stage.world.person("reader").await,
        stage.world.person("ann").await,
        stage.world.person("bob").await,
    );
    stage.world.follow(&reader, &ann).await;
    stage.world.follow(&reader, &bob).await;
    stage.world.activate(&reader).await;
    // This entry was pushed before the reader went away.
    stage.push(&reader, &ann, stage.list(&ann).await).await;
    stage.world.clock.advance_days(9);
    let mut photos = Vec::new();
    for number in 0..REBUILD_LEN + 15 {
        photos.push(stage.list(if number % 3 == 0 { &ann } else { &bob }).await);
    }
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    // Pulled entries follow the pushed ones, without a gap between them.
    assert_eq!(stage.world.feed(&reader).await, newest_first(photos)[..REBUILD_LEN]);
}

#[tokio::test]
async fn when_photos_are_older_than_entries_live_then_they_are_pulled() {
    let stage = Stage::new().await;
    let (reader, ann) = (stage.world.person("reader").await, stage.world.person("ann").await);
    stage.world.follow(&reader, &ann).await;
    stage.list(&ann).await;
    stage.world.clock.advance_days(31);
    let new = stage.list(&ann).await;
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    assert_eq!(stage.world.feed(&reader).await, [new]);
}

#[tokio::test]
async fn when_sqs_sends_a_real_event_then_the_feed_is_rebuilt() {
    let stage = Stage::new().await;
    let (reader, ann) = (stage.world.person("reader").await, stage.world.person("ann").await);
    stage.world.follow(&reader, &ann).await;
    let photo = stage.list(&ann).await;
    let Event::ReaderReturned { mark, .. } = stage.come_back(&reader).await else { panic!() };
    let values = [("user_id", &*reader.user_id.to_string()), ("mark", &*mark.to_string())];
    stage.deliver_real(fixture("backfill", "reader-returned", &values)).await;
    assert_eq!(stage.world.feed(&reader).await, [photo]);
}

#[tokio::test]
async fn a_rebuild_stays_within_its_budget() {
    const FOLLOWEES: u32 = 110;
    let stage = Stage::new().await;
    let reader = stage.world.person("reader").await;
    for author in stage.world.people("author", FOLLOWEES as usize).await {
        stage.world.follow(&reader, &author).await;
        stage.list(&author).await;
    }
    let event = stage.come_back(&reader).await;
    stage.world.engine.reset_usage();
    stage.deliver_each([&event]).await;
    let usage = stage.world.engine.usage();
    assert!(usage.read_units <= 0.6 * f64::from(FOLLOWEES), "{usage:?}");
    assert_eq!(usage.requests_of("BatchGetItem"), 2, "a hundred heads a round trip");
    assert_eq!(stage.world.feed(&reader).await.len(), FOLLOWEES as usize);
}
