//! Notifications from messages, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod comments;
mod muted;
mod requests;
mod security;
mod told;

use std::time::Duration;

use api::Caller;
use aws_sdk_dynamodb::Client;
use domain::inbox::{Row, RowId, Subject};
use domain::media::AddressSecret;
use domain::session::SessionId;
use domain::{Clock, PhotoId};
use messages::{Event, HashRange};
use notify::NotifyHandler;
use runtime::sqs::answer;
use table::Table;
use table::change::Change;
use table::inbox::Listed;
use testkit::{Fault, Published, World, fixture, sqs_event};

/// Returns a handler that reaches the table through a client of the test's own.
fn handler(world: &World, client: Client) -> NotifyHandler<Published> {
    let table = Table::new(client, world.engine.table_name());
    NotifyHandler::new(table, Published::default(), world.clock.shared())
}

async fn deliver(world: &World, events: &[Event]) -> Vec<String> {
    let handler = NotifyHandler::new(world.table.clone(), Published::default(), world.clock.shared());
    let response = answer(&handler, sqs_event(events)).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

async fn inbox(world: &World, of: &Caller) -> Vec<(RowId, Row)> {
    listed(world, of).await.into_iter().map(|Listed { id, row, .. }| (id, row)).collect()
}

async fn listed(world: &World, of: &Caller) -> Vec<Listed> {
    table::inbox::page(&world.table, of.user_id, None, 100, world.clock.now()).await.unwrap().items
}

/// Returns an inbox in the order of its row ids, which does not depend on when rows were told.
async fn sorted(world: &World, of: &Caller) -> Vec<(RowId, Row)> {
    let mut inbox = inbox(world, of).await;
    inbox.sort_by_key(|(id, _)| *id);
    inbox
}

async fn read_all(world: &World, of: &Caller) {
    let state = table::inbox::state_latest(&world.table, of.user_id).await.unwrap();
    table::inbox::mark_read(&world.table, of.user_id, state, None, world.clock.now()).await.unwrap();
}

/// Returns the sentences of an inbox, newest row first.
async fn sentences(world: &World, of: &Caller) -> Vec<String> {
    inbox(world, of).await.iter().map(|(id, row)| row.message(id.subject)).collect()
}

/// Returns how many rows are unread, as the inbox counts them, which is how many there are.
async fn unread(world: &World, of: &Caller) -> u64 {
    let state = table::inbox::state(&world.table, of.user_id, world.clock.now()).await.unwrap();
    let rows = listed(world, of).await.iter().filter(|row| row.place > state.read_to).count();
    assert_eq!(state.unread, u64::try_from(rows).unwrap());
    state.unread
}

/// Lets `by` like the photo; returns the event of it.
async fn like(world: &World, author: &Caller, photo: PhotoId, by: &Caller) -> Event {
    assert!(world.like(by, author, photo).await);
    Event::LikeAdded {
        photo_id: photo,
        author_id: author.user_id,
        user_id: by.user_id,
        username: by.username.clone(),
        at: world.clock.now(),
    }
}

async fn unlike(world: &World, photo: PhotoId, by: &Caller) -> Event {
    assert!(world.unlike(by, photo).await);
    Event::LikeRemoved { photo_id: photo, user_id: by.user_id }
}

async fn follow(world: &World, followee: &Caller, by: &Caller) -> Event {
    assert!(world.follow(by, followee).await);
    Event::FollowAdded {
        follower_id: by.user_id,
        follower_name: by.username.clone(),
        followee_id: followee.user_id,
        at: world.clock.now(),
    }
}

async fn unfollow(world: &World, followee: &Caller, by: &Caller) -> Event {
    assert!(world.unfollow(by, followee).await);
    Event::FollowRemoved { follower_id: by.user_id, followee_id: followee.user_id }
}

async fn delete(world: &World, author: &Caller, photo: PhotoId) -> Event {
    world.delete(author, photo).await;
    Event::PhotoDeleted {
        photo_id: photo,
        author_id: author.user_id,
        secret: AddressSecret::from(1),
        media: 1,
        blob_refs: vec![],
        followers: HashRange::ALL,
    }
}

/// Derives what happened; returns the events that notify somebody.
async fn happened(world: &World) -> Vec<Event> {
    let events = world.derive().await.iter().flat_map(Change::events).collect::<Vec<_>>();
    let is_for_another = |event: &Event| {
        matches!(
            event,
            Event::PhotoReady { .. }
                | Event::LinkAdded { .. }
                | Event::DigestDue { .. }
                | Event::NotificationTold { .. }
                | Event::AudienceChanged { .. }
                | Event::ReaderReturned { .. }
        )
    };
    events.into_iter().filter(|event| !is_for_another(event)).collect()
}

/// Derives what happened, and delivers all of it.
async fn settle(world: &World) {
    let events = happened(world).await;
    assert!(deliver(world, &events).await.is_empty());
}

/// Every order of these events.
fn orders(events: &[Event]) -> Vec<Vec<Event>> {
    let Some((first, rest)) = events.split_first() else { return vec![vec![]] };
    let inserted = |order: Vec<Event>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, first.clone());
            order
        })
    };
    orders(rest).into_iter().flat_map(inserted).collect()
}

/// Creates Ann, her photo with likes by three users and herself, and two followers of hers.
async fn scene(world: &World) -> (Caller, Vec<Event>) {
    let ann = world.person("ann").await;
    let fans = world.people("fan", 3).await;
    let photo = world.post(&ann).await;
    let mut events = Vec::new();
    for fan in &fans {
        events.push(like(world, &ann, photo, fan).await);
    }
    events.push(like(world, &ann, photo, &ann).await);
    for fan in &fans[..2] {
        events.push(follow(world, &ann, fan).await);
    }
    (ann, events)
}

#[tokio::test]
async fn when_messages_come_twice_and_in_reverse_then_the_inbox_is_the_same() {
    let mut inboxes = Vec::new();
    for reverse in [false, true] {
        let world = World::new().await;
        let (ann, mut events) = scene(&world).await;
        if reverse {
            events.reverse();
        }
        for _ in 0..2 {
            assert!(deliver(&world, &events).await.is_empty());
        }
        let sentences = sentences(&world, &ann).await;
        assert_eq!(sentences.len(), 2);
        assert!(sentences.contains(&"fan2 and 2 others liked your photo".to_owned()), "{sentences:?}");
        assert!(sentences.contains(&"fan1 and 1 other started following you".to_owned()), "{sentences:?}");
        inboxes.push(sorted(&world, &ann).await);
    }
    assert_eq!(inboxes[0], inboxes[1]);
}

#[tokio::test]
async fn when_a_like_is_taken_back_then_its_row_is_gone_in_any_order() {
    for events in 0..2 {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let photo = world.post(&ann).await;
        let mut order = vec![like(&world, &ann, photo, &bob).await, unlike(&world, photo, &bob).await];
        if events == 1 {
            order.reverse();
        }
        assert!(deliver(&world, &order).await.is_empty());
        assert!(inbox(&world, &ann).await.is_empty());
        assert_eq!(unread(&world, &ann).await, 0);
    }
}

#[tokio::test]
async fn when_a_told_like_is_taken_back_then_row_and_unread_count_follow() {
    let world = World::new().await;
    let (ann, bob, cid) = (world.person("ann").await, world.person("bob").await, world.person("cid").await);
    let photo = world.post(&ann).await;
    let likes = [like(&world, &ann, photo, &bob).await, like(&world, &ann, photo, &cid).await];
    assert!(deliver(&world, &likes).await.is_empty());
    assert_eq!(
        (sentences(&world, &ann).await, unread(&world, &ann).await),
        (vec!["cid and 1 other liked your photo".to_owned()], 1)
    );
    for _ in 0..2 {
        let removed = Event::LikeRemoved { photo_id: photo, user_id: cid.user_id };
        world.unlike(&cid, photo).await;
        assert!(deliver(&world, &[removed]).await.is_empty());
        assert_eq!(sentences(&world, &ann).await, ["bob liked your photo"]);
    }
    let removed = unlike(&world, photo, &bob).await;
    assert!(deliver(&world, &[removed.clone(), removed]).await.is_empty());
    assert_eq!((inbox(&world, &ann).await, unread(&world, &ann).await), (vec![], 0));
}

#[tokio::test]
async fn when_somebody_likes_unlikes_and_likes_again_then_nothing_is_new() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let first = like(&world, &ann, photo, &bob).await;
    assert!(deliver(&world, std::slice::from_ref(&first)).await.is_empty());
    let told = listed(&world, &ann).await;
    read_all(&world, &ann).await;
    world.clock.advance_days(1);
    let removed = unlike(&world, photo, &bob).await;
    assert!(deliver(&world, std::slice::from_ref(&removed)).await.is_empty());
    assert!(inbox(&world, &ann).await.is_empty());
    let again = like(&world, &ann, photo, &bob).await;
    for order in orders(&[first, removed, again]) {
        assert!(deliver(&world, &order).await.is_empty());
        let rows: Vec<_> = listed(&world, &ann).await;
        assert_eq!(rows, told, "the row of the first day, as it was and where it was");
        assert_eq!(unread(&world, &ann).await, 0);
    }
}

#[tokio::test]
async fn when_a_follow_is_taken_back_then_its_row_is_gone_in_any_order() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    for (number, fan) in world.people("fan", 4).await.iter().enumerate() {
        let events = [follow(&world, &ann, fan).await, unfollow(&world, &ann, fan).await];
        let told = follow(&world, &ann, fan).await;
        if number % 2 == 0 {
            assert!(deliver(&world, &[told]).await.is_empty());
            assert_eq!(unread(&world, &ann).await, 1);
        }
        unfollow(&world, &ann, fan).await;
        let order = &orders(&events)[number / 2];
        assert!(deliver(&world, order).await.is_empty());
        assert_eq!((inbox(&world, &ann).await, unread(&world, &ann).await), (vec![], 0));
    }
}

#[tokio::test]
async fn when_a_photo_is_deleted_then_its_rows_of_all_days_are_gone() {
    let world = World::new().await;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 3).await);
    let (photo, other) = (world.post(&ann).await, world.post(&ann).await);
    let mut events = Vec::new();
    for fan in &fans {
        events.push(like(&world, &ann, photo, fan).await);
        events.push(like(&world, &ann, other, fan).await);
        world.clock.advance_days(1);
    }
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!(inbox(&world, &ann).await.len(), 6);
    let deleted = delete(&world, &ann, photo).await;
    world.engine.reset_usage();
    assert!(deliver(&world, std::slice::from_ref(&deleted)).await.is_empty());
    let usage = world.engine.usage();
    // Where the rows of likes are; then these and the state, all written at once; and that there are none of comments.
    assert_eq!((usage.round_trips, usage.read_units, usage.write_units), (4, 6.0, 14.0), "{usage:?}");
    assert_eq!((inbox(&world, &ann).await.len(), unread(&world, &ann).await), (3, 3));
    // Late likes, and the unlikes that the deletion causes, change nothing.
    let unlikes = fans.iter().map(|fan| Event::LikeRemoved { photo_id: photo, user_id: fan.user_id });
    events.extend(unlikes);
    events.push(deleted);
    assert!(deliver(&world, &events).await.is_empty());
    let left = inbox(&world, &ann).await;
    assert!(left.len() == 3 && left.iter().all(|(id, _)| id.subject == Subject::Like(other)), "{left:?}");
}

/// Lets something happen between the moment the function looked at a like and the moment it writes its row.
/// Returns the rows that stay.
async fn rows_after(overtaking: impl AsyncFnOnce(&World, &Caller, PhotoId, &Caller) -> Event) -> usize {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let liked = like(&world, &ann, photo, &bob).await;
    let (client, hold) = world.engine.held_client("TransactWriteItems", 0);
    let handler = handler(&world, client);
    let (recorded, ()) = futures::join!(answer(&handler, sqs_event(&[liked])), async {
        hold.reached().await;
        let event = overtaking(&world, &ann, photo, &bob).await;
        assert!(deliver(&world, &[event]).await.is_empty());
        hold.release();
    });
    assert!(recorded.batch_item_failures.is_empty());
    inbox(&world, &ann).await.len()
}

#[tokio::test]
async fn when_a_photo_goes_while_its_like_is_recorded_then_no_row_stays() {
    assert_eq!(rows_after(async |world, ann, photo, _| delete(world, ann, photo).await).await, 0);
}

#[tokio::test]
async fn when_a_like_is_taken_back_while_it_is_recorded_then_no_row_stays() {
    assert_eq!(rows_after(async |world, _, photo, bob| unlike(world, photo, bob).await).await, 0);
}

#[tokio::test]
async fn when_the_newest_of_many_take_back_then_the_newest_left_are_named() {
    let world = World::new().await;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 6).await);
    let photo = world.post(&ann).await;
    for fan in &fans {
        let liked = like(&world, &ann, photo, fan).await;
        assert!(deliver(&world, &[liked]).await.is_empty());
    }
    for (fan, right) in [
        (5, "fan4 and 4 others liked your photo"),
        (0, "fan4 and 3 others liked your photo"),
        (3, "fan4 and 2 others liked your photo"),
        (4, "fan2 and 1 other liked your photo"),
        (2, "fan1 liked your photo"),
    ] {
        let removed = unlike(&world, photo, &fans[fan]).await;
        assert!(deliver(&world, &[removed]).await.is_empty());
        let [(id, row)] = inbox(&world, &ann).await.try_into().unwrap();
        assert_eq!(row.message(id.subject), right);
        assert_eq!(row.actors.len() as u64, row.actor_count.min(3));
    }
}

#[tokio::test]
async fn when_authors_like_their_own_photo_then_nobody_is_notified() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    let liked = like(&world, &ann, photo, &ann).await;
    world.engine.reset_usage();
    assert!(deliver(&world, &[liked]).await.is_empty());
    assert_eq!(world.engine.usage().requests, 0);
    let removed = unlike(&world, photo, &ann).await;
    assert!(deliver(&world, &[removed]).await.is_empty());
    assert!(inbox(&world, &ann).await.is_empty());
}

#[tokio::test]
async fn a_notification_and_its_withdrawal_stay_within_their_budgets() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (cid, dan, eve) = (world.person("cid").await, world.person("dan").await, world.person("eve").await);
    let photo = world.post(&ann).await;
    let liked = like(&world, &ann, photo, &bob).await;
    let mut budget = Vec::new();
    let mut measure = async |event: Event| {
        world.engine.reset_usage();
        assert!(deliver(&world, &[event]).await.is_empty());
        let usage = world.engine.usage();
        budget.push((usage.read_units, usage.write_units));
    };
    let again = like(&world, &ann, photo, &cid).await;
    // Edge and photo, circle, marker, places, state; marker, row, place and state written; edge, photo and circle again.
    measure(liked.clone()).await;
    // The same again: edge, photo, circle, marker and place.
    measure(liked.clone()).await;
    // The first within the gap: the row instead of the state; marker, row, place and due time written.
    measure(again).await;
    // And the next: marker and row written.
    let next = like(&world, &ann, photo, &eve).await;
    measure(next).await;
    // Taken back it stays in its place.
    for who in [&cid, &eve] {
        let removed = unlike(&world, photo, who).await;
        measure(removed).await;
    }
    // After the gap the row moves.
    world.clock.advance(Duration::from_mins(1));
    let moved = like(&world, &ann, photo, &dan).await;
    measure(moved).await;
    for who in [&dan, &bob] {
        // The last takes the row along, which was unread.
        let removed = unlike(&world, photo, who).await;
        measure(removed).await;
    }
    let followed = follow(&world, &ann, &bob).await;
    // Edge, circle, marker, places, state; all written; edge and circle again.
    measure(followed).await;
    let unfollowed = unfollow(&world, &ann, &bob).await;
    // Edge, marker, place, row, state, all written, and the edge again. Then the edge and the marker of an acceptance.
    measure(unfollowed).await;
    let likes = [(8.0, 8.0), (4.5, 0.0), (8.0, 8.0), (8.0, 4.0), (7.0, 4.0), (7.0, 4.0), (9.0, 10.0)];
    let taken_back = [(7.0, 4.0), (8.0, 6.0)];
    assert_eq!(budget, [&likes[..], &taken_back, &[(6.0, 8.0), (8.0, 6.0)]].concat());
}

#[tokio::test]
async fn when_many_act_at_once_then_every_actor_is_recorded() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let fans = world.people("fan", 8).await;
    let photo = world.post(&ann).await;
    let mut events = Vec::new();
    for fan in &fans {
        events.push(like(&world, &ann, photo, fan).await);
    }
    // Two batches come at once. Each is about everybody, so they conflict on one row.
    let (first, second) = futures::join!(deliver(&world, &events), deliver(&world, &events));
    assert!(first.is_empty() && second.is_empty());
    let [(_, row)] = inbox(&world, &ann).await.try_into().unwrap();
    assert_eq!(row.actor_count, 8);
}

#[tokio::test]
async fn when_one_message_is_misdirected_then_the_others_are_handled() {
    let world = World::new().await;
    let (ann, events) = scene(&world).await;
    let stray = Event::PhotoReady {
        photo_id: PhotoId::try_from(1).unwrap(),
        author_id: ann.user_id,
        followers: HashRange::ALL,
    };
    assert_eq!(deliver(&world, &[events[0].clone(), stray, events[1].clone()]).await, ["message-1"]);
    assert_eq!(inbox(&world, &ann).await[0].1.actor_count, 2);
}

#[tokio::test]
async fn when_the_function_dies_after_writing_then_a_retry_changes_nothing() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let event = [like(&world, &ann, photo, &bob).await];
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    assert_eq!(deliver(&world, &event).await, ["message-0"]);
    assert!(deliver(&world, &event).await.is_empty());
    assert_eq!(inbox(&world, &ann).await[0].1.actor_count, 1);
}

#[tokio::test]
async fn when_sqs_sends_real_events_then_they_are_handled() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let id = world.post(&bob).await;
    world.like(&ann, &bob, id).await;
    world.follow(&ann, &bob).await;
    let comment = world.say(&ann, &bob, id, None, &[&bob]).await;
    world.derive().await;
    let (photo, path) = (id.to_string(), comment.to_string());
    let (from, to) = (ann.user_id.to_string(), bob.user_id.to_string());
    let session = SessionId::draw(world.clock.now(), &world.random).as_str().to_owned();
    let handler = NotifyHandler::new(world.table.clone(), Published::default(), world.clock.shared());
    let deliver = async |case: &str| {
        let (photo, from, to) = (photo.as_str(), from.as_str(), to.as_str());
        let follow = [("follower_id", from), ("followee_id", to)];
        let like = [("photo_id", photo), ("user_id", from), ("author_id", to)];
        let comment = [("comment", path.as_str()), ("user_id", from), ("author_id", to)];
        let mention = [comment[0], comment[1], comment[2], ("mentioned_id", to)];
        let comment_like = [comment[0], ("user_id", to), comment[2], ("writer_id", from)];
        let request = [("asker_id", from), ("user_id", to)];
        let security = [("user_id", to), ("session_id", session.as_str())];
        let values = match case {
            "follow-added" | "follow-removed" => &follow[..],
            "like-removed" => &like[..2],
            "photo-deleted" => &[like[0], like[2]],
            "comment-added" => &comment,
            "comment-removed" | "mention-added" => &mention,
            "comment-like-added" => &comment_like,
            "comment-like-removed" => &comment_like[..2],
            "session-added" => &security,
            "password-changed" => &security[..1],
            "request-added" | "request-removed" | "request-accepted" => &request,
            _ => &like,
        };
        let event = serde_json::from_value(fixture("notify", case, values)).unwrap();
        assert!(answer(&handler, event).await.batch_item_failures.is_empty());
    };
    deliver("like-added").await;
    deliver("follow-added").await;
    assert_eq!(inbox(&world, &bob).await.len(), 2);
    world.unfollow(&ann, &bob).await;
    deliver("follow-removed").await;
    assert_eq!(inbox(&world, &bob).await.len(), 1);
    world.unlike(&ann, id).await;
    deliver("like-removed").await;
    assert!(inbox(&world, &bob).await.is_empty());

    deliver("mention-added").await;
    deliver("comment-added").await;
    assert_eq!(sentences(&world, &bob).await, ["ann mentioned you in a comment"]);
    world.like_comment(&bob, &bob, &ann, comment).await;
    deliver("comment-like-added").await;
    assert_eq!(sentences(&world, &ann).await, ["bob liked your comment"]);
    world.unlike_comment(&bob, comment).await;
    deliver("comment-like-removed").await;
    assert!(inbox(&world, &ann).await.is_empty());
    world.uncomment(&ann, comment).await;
    deliver("comment-removed").await;
    assert!(inbox(&world, &bob).await.is_empty());

    world.ask(&ann, &bob).await;
    deliver("request-added").await;
    assert_eq!(sentences(&world, &bob).await, ["ann asked to follow you"]);
    // Bob's account is public, so that the request becomes a follow.
    table::request::accept_if_public(&world.table, ann.user_id, bob.user_id).await.unwrap();
    deliver("request-removed").await;
    assert!(inbox(&world, &bob).await.is_empty());
    deliver("request-accepted").await;
    assert_eq!(sentences(&world, &ann).await, ["bob accepted your request to follow them"]);

    world.like(&ann, &bob, id).await;
    deliver("like-added").await;
    world.delete(&bob, id).await;
    deliver("photo-deleted").await;
    assert!(inbox(&world, &bob).await.is_empty());

    deliver("session-added").await;
    deliver("password-changed").await;
    assert_eq!(sentences(&world, &bob).await, ["Your password was changed", "New login to your account"]);
}

#[tokio::test]
async fn when_a_block_hides_the_actor_then_nobody_is_told() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    for (by, about) in [(&ann, &bob), (&bob, &ann)] {
        world.block(by, about).await;
        table::circle::renew(&world.table, by.user_id, about.user_id).await.unwrap();
        let liked = like(&world, &ann, photo, &bob).await;
        assert!(deliver(&world, &[liked]).await.is_empty());
        assert!(inbox(&world, &ann).await.is_empty(), "by {}", by.username);
        let removed = unlike(&world, photo, &bob).await;
        assert!(deliver(&world, &[removed]).await.is_empty());
        world.unblock(by, about).await;
        table::circle::renew(&world.table, by.user_id, about.user_id).await.unwrap();
    }
    let liked = like(&world, &ann, photo, &bob).await;
    assert!(deliver(&world, &[liked]).await.is_empty());
    assert_eq!(inbox(&world, &ann).await.len(), 1);
}
