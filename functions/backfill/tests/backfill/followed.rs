//! Follows and unfollows.

use api::Caller;
use domain::Clock;
use messages::{Event, HashRange};
use testkit::{Fault, fixture};

use crate::stage::{Stage, newest_first};

fn added(stage: &Stage, follower: &Caller, followee: &Caller) -> Event {
    Event::FollowAdded {
        follower_id: follower.user_id,
        follower_name: follower.username.clone(),
        followee_id: followee.user_id,
        at: stage.world.clock.now(),
    }
}

fn removed(follower: &Caller, followee: &Caller) -> Event {
    Event::FollowRemoved { follower_id: follower.user_id, followee_id: followee.user_id }
}

/// Creates an active reader, and two authors with photos.
async fn scene() -> (Stage, Caller, Caller, Caller) {
    let stage = Stage::new().await;
    let (reader, ann, bob) = (
        stage.world.person("reader").await,
        stage.world.person("ann").await,
        stage.world.person("bob").await,
    );
    stage.world.activate(&reader).await;
    (stage, reader, ann, bob)
}

#[tokio::test]
async fn when_somebody_is_followed_then_their_photos_are_in_the_feed() {
    let (stage, reader, ann, _) = scene().await;
    // However old a photo is, it is among the newest 200.
    let mut photos = vec![stage.list(&ann).await];
    stage.world.clock.advance_days(31);
    stage.world.activate(&reader).await;
    for _ in 0..23 {
        photos.push(stage.list(&ann).await);
    }
    stage.world.follow(&reader, &ann).await;
    let event = added(&stage, &reader, &ann);
    stage.deliver_each([&event, &event]).await;
    assert_eq!(stage.world.feed(&reader).await, newest_first(photos));
}

#[tokio::test]
async fn when_the_reader_is_away_or_was_never_here_then_nothing_is_written() {
    let (stage, reader, ann, _) = scene().await;
    let never = stage.world.person("never").await;
    stage.list(&ann).await;
    stage.world.follow(&reader, &ann).await;
    stage.world.follow(&never, &ann).await;
    stage.world.clock.advance_days(8);
    stage.world.engine.reset_usage();
    stage.deliver_each([&added(&stage, &reader, &ann), &added(&stage, &never, &ann)]).await;
    assert_eq!(stage.world.engine.usage().writes(), 0);
}

#[tokio::test]
async fn when_somebody_is_unfollowed_then_only_their_photos_leave_the_feed() {
    let (stage, reader, ann, bob) = scene().await;
    let mut kept = Vec::new();
    for _ in 0..30 {
        stage.push(&reader, &ann, stage.list(&ann).await).await;
        let photo = stage.list(&bob).await;
        stage.push(&reader, &bob, photo).await;
        kept.push(photo);
    }
    stage.world.follow(&reader, &bob).await;
    let event = removed(&reader, &ann);
    stage.deliver_each([&event, &event]).await;
    assert_eq!(stage.world.feed(&reader).await, newest_first(kept));
}

#[tokio::test]
async fn when_messages_come_in_any_order_and_twice_then_the_last_act_counts() {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for again in [true, false] {
        let (stage, reader, ann, _) = scene().await;
        let photo = stage.list(&ann).await;
        stage.world.follow(&reader, &ann).await;
        stage.world.unfollow(&reader, &ann).await;
        if again {
            stage.world.follow(&reader, &ann).await;
        }
        let messages = [
            added(&stage, &reader, &ann),
            removed(&reader, &ann),
            if again { added(&stage, &reader, &ann) } else { removed(&reader, &ann) },
        ];
        for order in ORDERS {
            stage.deliver_each(order.iter().flat_map(|&place| [&messages[place], &messages[place]])).await;
            let expected = if again { vec![photo] } else { vec![] };
            assert_eq!(stage.world.feed(&reader).await, expected, "{order:?}");
        }
        // All messages come at once.
        assert!(stage.deliver(&messages).await.is_empty());
        assert_eq!(stage.world.feed(&reader).await.len(), usize::from(again));
    }
}

#[tokio::test]
async fn when_an_unfollow_meets_a_running_backfill_then_no_entry_is_left() {
    let (stage, reader, ann, _) = scene().await;
    for _ in 0..5 {
        stage.list(&ann).await;
    }
    for _ in 0..15 {
        stage.world.follow(&reader, &ann).await;
        let unfollow = async {
            stage.world.unfollow(&reader, &ann).await;
            stage.deliver_each([&removed(&reader, &ann)]).await;
        };
        let event = added(&stage, &reader, &ann);
        futures::join!(stage.deliver_each([&event]), unfollow);
        assert!(stage.world.feed(&reader).await.is_empty());
    }
}

#[tokio::test]
async fn when_the_function_dies_after_a_write_then_a_retry_repairs_the_feed() {
    let (stage, reader, ann, _) = scene().await;
    let photo = stage.list(&ann).await;
    stage.world.follow(&reader, &ann).await;
    let event = added(&stage, &reader, &ann);
    stage.world.engine.fail_next("BatchWriteItem", 1, Fault::Crash);
    assert_eq!(stage.deliver(std::slice::from_ref(&event)).await, ["message-0"]);
    stage.deliver_each([&event]).await;
    assert_eq!(stage.world.feed(&reader).await, [photo]);

    stage.world.unfollow(&reader, &ann).await;
    for operation in ["UpdateItem", "BatchWriteItem"] {
        stage.world.engine.fail_next(operation, 1, Fault::Crash);
        let event = removed(&reader, &ann);
        assert_eq!(stage.deliver(std::slice::from_ref(&event)).await, ["message-0"], "{operation}");
        stage.deliver_each([&event]).await;
        assert!(stage.world.feed(&reader).await.is_empty());
    }
}

#[tokio::test]
async fn when_one_message_is_misdirected_then_the_others_are_handled() {
    let (stage, reader, ann, _) = scene().await;
    let photo = stage.list(&ann).await;
    stage.world.follow(&reader, &ann).await;
    let stray = Event::PhotoReady { photo_id: photo, author_id: ann.user_id, followers: HashRange::ALL };
    assert_eq!(stage.deliver(&[stray, added(&stage, &reader, &ann)]).await, ["message-0"]);
    assert_eq!(stage.world.feed(&reader).await, [photo]);
}

#[tokio::test]
async fn when_sqs_sends_real_events_then_the_feed_follows_them() {
    let (stage, reader, ann, _) = scene().await;
    let photo = stage.list(&ann).await;
    let values = [("follower_id", &*reader.user_id.to_string()), ("followee_id", &*ann.user_id.to_string())];
    stage.world.follow(&reader, &ann).await;
    stage.deliver_real(fixture("backfill", "follow-added", &values)).await;
    assert_eq!(stage.world.feed(&reader).await, [photo]);
    stage.world.unfollow(&reader, &ann).await;
    stage.deliver_real(fixture("backfill", "follow-removed", &values)).await;
    assert!(stage.world.feed(&reader).await.is_empty());
}

#[tokio::test]
async fn a_follow_costs_two_writes_however_much_was_posted() {
    let (stage, reader, ann, _) = scene().await;
    for _ in 0..100 {
        stage.list(&ann).await;
    }
    stage.world.follow(&reader, &ann).await;
    stage.world.engine.reset_usage();
    stage.deliver_each([&added(&stage, &reader, &ann)]).await;
    let usage = stage.world.engine.usage();
    assert!(usage.write_units <= 2.0 && usage.read_units <= 5.0, "{usage:?}");
}

#[tokio::test]
async fn when_a_follow_is_taken_back_then_both_cost_little_however_much_was_posted() {
    let (stage, reader, ann, _) = scene().await;
    for _ in 0..200 {
        stage.world.clock.advance(std::time::Duration::from_mins(1));
        stage.list(&ann).await;
    }
    stage.world.derive().await;
    stage.world.engine.reset_usage();
    stage.world.follow(&reader, &ann).await;
    stage.world.derive().await;
    stage.deliver_each([&added(&stage, &reader, &ann)]).await;
    assert_eq!(stage.world.feed(&reader).await.len(), 200);
    stage.world.unfollow(&reader, &ann).await;
    stage.world.derive().await;
    stage.deliver_each([&removed(&reader, &ann)]).await;
    assert!(stage.world.feed(&reader).await.is_empty());
    // The edges, their derivation and the feed, both ways. Entries would be 400.
    let usage = stage.world.engine.usage();
    assert!(usage.write_units <= 24.0, "{usage:?}");
}

#[tokio::test]
async fn when_the_reader_was_away_then_a_follow_undoes_an_earlier_unfollow() {
    let (stage, reader, ann, _) = scene().await;
    let photo = stage.list(&ann).await;
    stage.world.follow(&reader, &ann).await;
    stage.world.unfollow(&reader, &ann).await;
    stage.deliver_each([&removed(&reader, &ann)]).await;
    stage.world.clock.advance_days(8);
    stage.world.follow(&reader, &ann).await;
    stage.deliver_each([&added(&stage, &reader, &ann)]).await;
    let event = stage.come_back(&reader).await;
    stage.deliver_each([&event]).await;
    assert_eq!(stage.world.feed(&reader).await, [photo]);
}
