//! Readers who return after a long time.

use domain::feed::{FEED_LEN, PULLED_LEN};
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
async fn when_much_was_posted_then_the_snapshot_reaches_back_thirty_days() {
    let stage = Stage::new().await;
    let (reader, ann, bob) = (
        stage.world.person("reader").await,
        stage.world.person("ann").await,
        stage.world.person("bob").await,
    );
    stage.world.follow(&reader, &ann).await;
    stage.world.follow(&reader, &bob).await;
    // These are more than 30 days old, and not among the newest 200.
    stage.list(&ann).await;
    stage.list(&bob).await;
    stage.world.clock.advance_days(28);
    let mut photos = Vec::new();
    for number in 0..FEED_LEN + 60 {
        stage.world.clock.advance(std::time::Duration::from_mins(1));
        photos.push(stage.list(if number % 3 == 0 { &ann } else { &bob }).await);
    }
    stage.world.clock.advance_days(4);
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    assert_eq!(stage.world.feed(&reader).await, newest_first(photos));
}

#[tokio::test]
async fn when_followees_are_quiet_then_the_newest_photos_show_however_old() {
    let stage = Stage::new().await;
    let (reader, ann) = (stage.world.person("reader").await, stage.world.person("ann").await);
    stage.world.follow(&reader, &ann).await;
    let mut photos = vec![stage.list(&ann).await];
    stage.world.clock.advance_days(400);
    photos.push(stage.list(&ann).await);
    stage.world.clock.advance_days(90);
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    assert_eq!(stage.world.feed(&reader).await, newest_first(photos));
}

#[tokio::test]
async fn when_a_snapshot_is_taken_again_then_it_takes_in_follows_and_unfollows() {
    let stage = Stage::new().await;
    let reader = stage.world.person("reader").await;
    let authors = stage.world.people("author", 3).await;
    let [stays, goes, comes] = &authors[..] else { panic!() };
    let mut kept = Vec::new();
    for author in &authors {
        let photo = stage.list(author).await;
        if author != goes {
            kept.push(photo);
        }
    }
    stage.world.follow(&reader, stays).await;
    stage.world.follow(&reader, goes).await;
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    stage.world.clock.advance_days(1);
    stage.world.unfollow(&reader, goes).await;
    stage.world.follow(&reader, comes).await;
    for (added, author) in [(false, goes), (true, comes)] {
        let (follower_id, followee_id) = (reader.user_id, author.user_id);
        let event = if added {
            Event::FollowAdded {
                follower_id,
                follower_name: "reader".into(),
                followee_id,
                at: domain::Clock::now(&stage.world.clock),
            }
        } else {
            Event::FollowRemoved { follower_id, followee_id }
        };
        stage.deliver_each([&event]).await;
    }
    assert_eq!(stage.world.feed(&reader).await, newest_first(kept.clone()));
    let state =
        || async { table::reader::get_latest(&stage.world.table, reader.user_id).await.unwrap().unwrap() };
    assert_eq!((state().await.followed, state().await.unfollowed), (vec![comes.user_id], vec![goes.user_id]));

    // Twice, because the first one keeps what pages still read that have the former state.
    for _ in 0..2 {
        stage.world.clock.advance_days(1);
        let now = domain::Clock::now(&stage.world.clock);
        table::reader::mark_old(&stage.world.table, reader.user_id, now).await.unwrap();
        stage.deliver_each([&Event::ReaderReturned { user_id: reader.user_id, mark: now.0 }]).await;
        assert_eq!(stage.world.feed(&reader).await, newest_first(kept.clone()));
        let state = state().await;
        assert_eq!((state.rebuild, state.snapshot), (None, Some(now.0)));
        assert!(state.followed.is_empty() && state.unfollowed.is_empty(), "{state:?}");
    }
    let now = domain::Clock::now(&stage.world.clock);
    assert!(table::snapshot::followed(&stage.world.table, reader.user_id, now).await.unwrap().is_empty());
}

#[tokio::test]
async fn when_too_many_celebrities_are_followed_then_the_last_to_post_are_pulled() {
    let stage = Stage::new().await;
    let reader = stage.world.person("reader").await;
    let mut stars = stage.world.people("star", PULLED_LEN + 2).await;
    for star in &stars {
        stage.world.follow(&reader, star).await;
        stage.list(star).await;
        stage.world.deliver_by(star, domain::feed::DeliveryMode::Celebrity).await;
    }
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    let state = table::reader::get_latest(&stage.world.table, reader.user_id).await.unwrap().unwrap();
    let mut pulled = state.celebrities;
    pulled.sort_unstable();
    let mut last: Vec<_> = stars.drain(2..).map(|star| star.user_id).collect();
    last.sort_unstable();
    assert_eq!(pulled, last);
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
async fn a_snapshot_stays_within_its_budget() {
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
    // Four units for 240 entries, and one for the reader's state.
    assert!(usage.write_units <= f64::from(FOLLOWEES) / 60.0 + 1.2, "{usage:?}");
    assert_eq!(usage.requests_of("BatchGetItem"), 2, "a hundred heads a round trip");
    assert_eq!(stage.world.feed(&reader).await.len(), FOLLOWEES as usize);
}
