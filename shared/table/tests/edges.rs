//! Derived edges and their counters, in the order of the stream and out of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{PhotoId, Relation, Timestamp, UserId};
use table::keys::{ItemKey, RawKey};
use table::relations::EdgeState;
use table::{Order, follow, like, photo, timeline, user};
use testkit::{Fault, World};

const AT: Timestamp = Timestamp(1_795_348_800_000);

fn fan(number: u64) -> UserId {
    UserId::try_from(number).unwrap()
}

/// Returns a world with a ready photo and its author.
async fn world() -> (World, Caller, PhotoId) {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    world.derive().await;
    (world, ann, photo)
}

async fn likes(world: &World, user: UserId, photo: PhotoId) {
    let edge = like::Like { author: user, username: "fan".to_owned(), at: AT };
    assert!(like::add(&world.table, user, photo, &edge).await.unwrap());
}

fn liked(photo: PhotoId, user: UserId) -> EdgeState {
    EdgeState::since(Relation::Like(user, photo), Some(AT))
}

fn unliked(photo: PhotoId, user: UserId) -> EdgeState {
    EdgeState::since(Relation::Like(user, photo), None)
}

/// Returns the photo's count, after comparing it with its likers.
async fn counted(world: &World, photo: PhotoId) -> usize {
    let count = photo::get_latest(&world.table, photo).await.unwrap().unwrap().likes;
    let edges = like::likers(&world.table, photo, None, 100_000).await.unwrap().items.len();
    assert_eq!(usize::try_from(count).unwrap(), edges);
    edges
}

async fn version(world: &World, RawKey { pk, sk }: RawKey) -> u32 {
    let get = world.engine.client().get_item().table_name(world.engine.table_name());
    let item =
        get.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk)).send().await.unwrap().item;
    item.unwrap().get("version").map_or(0, |version| version.as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn out_of_order_a_state_that_contradicts_the_source_is_left_out() {
    let (world, _, photo) = world().await;
    let table = &world.table;
    // "Liked" is derived only while the source edge exists. A second time changes nothing.
    table::settle(table, vec![liked(photo, fan(1))], Order::OutOfOrder).await.unwrap();
    assert_eq!(counted(&world, photo).await, 0);
    likes(&world, fan(1), photo).await;
    for _ in 0..2 {
        table::settle(table, vec![liked(photo, fan(1))], Order::OutOfOrder).await.unwrap();
        assert_eq!(counted(&world, photo).await, 1);
    }
    // "Unliked" is derived only once the source edge is gone.
    table::settle(table, vec![unliked(photo, fan(1))], Order::OutOfOrder).await.unwrap();
    assert_eq!(counted(&world, photo).await, 1);
    assert!(like::remove(table, fan(1), photo).await.unwrap());
    table::settle(table, vec![liked(photo, fan(1))], Order::OutOfOrder).await.unwrap();
    assert_eq!(counted(&world, photo).await, 1, "the removal is a change of its own");
    table::settle(table, vec![unliked(photo, fan(1))], Order::OutOfOrder).await.unwrap();
    assert_eq!(counted(&world, photo).await, 0);
}

#[tokio::test]
async fn an_edge_that_is_out_of_date_does_not_hold_up_the_others() {
    let (world, ann, photo) = world().await;
    for number in 1..=120 {
        likes(&world, fan(number), photo).await;
    }
    // Every third was never liked.
    let changes: Vec<_> = (1..=180).map(|number| liked(photo, fan(number))).rev().collect();
    world.engine.fail_next("TransactWriteItems", 1, Fault::Throttled);
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    world.engine.fail_next("TransactWriteItems", 1, Fault::LostAnswer);
    table::settle(&world.table, changes.clone(), Order::OutOfOrder).await.unwrap();
    assert_eq!(counted(&world, photo).await, 120);
    // A photo that is gone has nothing to count.
    world.delete(&ann, photo).await;
    likes(&world, fan(900), photo).await;
    table::settle(&world.table, vec![liked(photo, fan(900))], Order::OutOfOrder).await.unwrap();
    let left = like::likers(&world.table, photo, None, 1_000).await.unwrap().items;
    assert!(!left.contains(&fan(900)));
}

#[tokio::test]
async fn follows_and_timelines_are_checked_too() {
    let (world, ann, photo) = world().await;
    let bob = world.person("bob").await;
    let table = &world.table;
    let change = |since| EdgeState::since(Relation::Follow(bob.user_id, ann.user_id), since);
    let followers = async || {
        let edges = follow::followers(table, ann.user_id, None, 10).await.unwrap().items.len();
        let (ann, bob) = (world.profile(&ann).await, world.profile(&bob).await);
        assert_eq!(
            (ann.followers, bob.following),
            (i64::try_from(edges).unwrap(), i64::try_from(edges).unwrap())
        );
        edges
    };
    table::settle(table, vec![change(Some(AT))], Order::OutOfOrder).await.unwrap();
    assert_eq!(followers().await, 0);
    world.follow(&bob, &ann).await;
    table::settle(table, vec![change(Some(AT))], Order::OutOfOrder).await.unwrap();
    table::settle(table, vec![change(None)], Order::OutOfOrder).await.unwrap();
    assert_eq!(followers().await, 1);
    world.unfollow(&bob, &ann).await;
    table::settle(table, vec![change(None)], Order::OutOfOrder).await.unwrap();
    assert_eq!(followers().await, 0);

    let listed = async || {
        let page = timeline::page(table, ann.user_id, None, 10).await.unwrap().items;
        assert_eq!(world.profile(&ann).await.photos, i64::try_from(page.len()).unwrap());
        page
    };
    table::settle(table, vec![EdgeState::timeline(ann.user_id, photo, None)], Order::OutOfOrder)
        .await
        .unwrap();
    assert_eq!(listed().await, [photo]);
    world.delete(&ann, photo).await;
    table::settle(table, vec![EdgeState::timeline(ann.user_id, photo, None)], Order::OutOfOrder)
        .await
        .unwrap();
    table::settle(table, vec![EdgeState::timeline(ann.user_id, photo, Some(&[]))], Order::OutOfOrder)
        .await
        .unwrap();
    assert!(listed().await.is_empty());
}

/// An event in the life of one like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The actor likes or unlikes.
    Acts,
    /// The stream delivers the next act. It is derived at once, or sent to the queue.
    Streamed { out_of_order: bool },
    /// The act with this number is derived from the queue.
    Dequeued(usize),
}

/// Returns all orders of `acts` acts. The stream delivers each in order.
/// The queue handles an act at any time after.
fn orders(acts: usize) -> Vec<Vec<Event>> {
    fn continue_orders(acts: usize, so_far: &mut Vec<Event>, all: &mut Vec<Vec<Event>>) {
        let acted = so_far.iter().filter(|event| **event == Event::Acts).count();
        let streamed: Vec<bool> = so_far
            .iter()
            .filter_map(
                |event| if let Event::Streamed { out_of_order } = event { Some(*out_of_order) } else { None },
            )
            .collect();
        let waiting = (0..streamed.len()).filter(|&n| streamed[n] && !so_far.contains(&Event::Dequeued(n)));
        let mut next: Vec<Event> = waiting.map(Event::Dequeued).collect();
        if acted < acts {
            next.push(Event::Acts);
        }
        if streamed.len() < acted {
            next.extend([false, true].map(|out_of_order| Event::Streamed { out_of_order }));
        }
        if next.is_empty() {
            all.push(so_far.clone());
        }
        for event in next {
            so_far.push(event);
            continue_orders(acts, so_far, all);
            so_far.pop();
        }
    }
    let mut all = Vec::new();
    continue_orders(acts, &mut Vec::new(), &mut all);
    all
}

#[tokio::test]
async fn in_every_order_of_stream_and_queue_the_edge_ends_as_its_source() {
    let (world, _, photo) = world().await;
    let table = &world.table;
    let orders = orders(3);
    assert_eq!(orders.len(), 255);
    let mut liking = 0;
    for (user, order) in (1_u64..).map(fan).zip(&orders) {
        let mut states = Vec::new();
        let mut streamed = 0_usize;
        for event in order {
            match event {
                Event::Acts if states.len().is_multiple_of(2) => {
                    likes(&world, user, photo).await;
                    states.push(liked(photo, user));
                }
                Event::Acts => {
                    assert!(like::remove(table, user, photo).await.unwrap());
                    states.push(unliked(photo, user));
                }
                Event::Streamed { out_of_order } => {
                    // The stream repeats the record before, as after a failure, so that a
                    // stale state comes first.
                    let upto = if *out_of_order { streamed } else { streamed + 1 };
                    for state in &states[streamed.saturating_sub(1)..upto] {
                        table::settle(table, vec![state.clone()], Order::InOrder).await.unwrap();
                    }
                    streamed += 1;
                }
                Event::Dequeued(number) => {
                    table::settle(table, states[*number..=*number].to_vec(), Order::OutOfOrder)
                        .await
                        .unwrap();
                }
            }
        }
        // Three acts end with a like.
        liking += 1;
        let count = async || photo::get_latest(table, photo).await.unwrap().unwrap().likes;
        assert_eq!(count().await, liking, "{order:?}");
        // A queue may deliver its messages again at any time.
        for state in &states {
            table::settle(table, vec![state.clone()], Order::OutOfOrder).await.unwrap();
        }
        assert_eq!(count().await, liking, "{order:?}, and all again");
    }
    assert_eq!(counted(&world, photo).await, orders.len());
}

#[tokio::test]
async fn a_like_derived_out_of_order_costs_two_units_more() {
    let (world, _, photo) = world().await;
    for number in 1..=98 {
        likes(&world, fan(number), photo).await;
    }
    let changes: Vec<_> = (1..=98).map(|number| liked(photo, fan(number))).collect();
    world.engine.reset_usage();
    table::settle(&world.table, changes.clone(), Order::OutOfOrder).await.unwrap();
    let usage = world.engine.usage();
    // Each edge with its check, and a counter in each of two transactions.
    assert_eq!((usage.requests, usage.write_units), (2, 2.0 * (98.0 * 2.0 + 2.0)), "{usage:?}");
}

#[tokio::test]
async fn an_items_version_counts_the_changes_of_its_counters() {
    let (world, ann, photo) = world().await;
    let (key, table) = (ItemKey::Photo(photo), &world.table);
    assert_eq!(version(&world, key.raw()).await, 0);
    let changes: Vec<_> = (1..=100).map(|number| liked(photo, fan(number))).collect();
    table::settle(table, changes.clone(), Order::InOrder).await.unwrap();
    assert_eq!(version(&world, key.raw()).await, 2, "two transactions");
    table::settle(table, changes.clone(), Order::InOrder).await.unwrap();
    assert_eq!(version(&world, key.raw()).await, 2, "nothing changed");
    // One edge is added and one removed: the count is the same, its edges are not.
    table::settle(table, vec![unliked(photo, fan(1)), liked(photo, fan(101))], Order::InOrder).await.unwrap();
    assert_eq!((version(&world, key.raw()).await, counted(&world, photo).await), (3, 100));
    // Other writes to the item keep its version.
    let texts = photo::TextChanges { caption: table::Patch::Remove, ..photo::TextChanges::default() };
    let admitted = std::future::ready::<table::Result<()>>(Ok(()));
    photo::edit(table, photo, ann.user_id, &texts, admitted).await.unwrap().unwrap();
    assert_eq!(version(&world, key.raw()).await, 3);
    let user = ItemKey::User(ann.user_id);
    assert_eq!(version(&world, user.raw()).await, 1, "the photo in the timeline");
    user::update(table, ann.user_id, table::Patch::Set("Ann".to_owned()), table::Patch::Keep, None)
        .await
        .unwrap();
    assert_eq!(version(&world, user.raw()).await, 1);
}
