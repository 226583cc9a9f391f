//! Packed followings: they end as the follower's edges are, whatever overlaps and whatever comes again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;

use api::Caller;
use domain::{Relation, UserId};
use proptest::prelude::*;
use table::relations::EdgeState;
use table::{Order, Table, followings, settle};
use testkit::World;

/// Returns the state that a record of the stream asks for.
fn state(who: &Caller, whom: UserId, follows: bool) -> EdgeState {
    EdgeState::since(Relation::Follow(who.user_id, whom), follows.then_some(testkit::START))
}

async fn derive(table: &Table, who: &Caller, whom: &Caller, follows: bool, order: Order) {
    settle(table, vec![state(who, whom.user_id, follows)], order).await.unwrap();
}

/// Returns whom the packed followings name.
async fn named(world: &World, who: &Caller) -> BTreeSet<UserId> {
    let followings = followings::get(&world.table, who.user_id).await.unwrap();
    assert!(followings.whole);
    followings.newest
}

/// Returns whom the edges name.
async fn followed(world: &World, who: &Caller) -> BTreeSet<UserId> {
    table::follow::following(&world.table, who.user_id, None, 1_000)
        .await
        .unwrap()
        .items
        .into_iter()
        .collect()
}

#[tokio::test]
async fn a_follow_costs_one_to_four_units_more() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut measured = Vec::new();
    for number in 1..=481_u64 {
        let whom = UserId::try_from(number).unwrap();
        let edge =
            table::follow::Follow { username: "ann".to_owned(), at: testkit::START, accepted_at: None };
        table::follow::add(&world.table, ann.user_id, whom, &edge).await.unwrap();
        world.engine.reset_usage();
        // Nobody has these accounts, so that the packed followings are all that is written.
        settle(&world.table, vec![state(&ann, whom, true)], Order::InOrder).await.unwrap();
        let usage = world.engine.usage();
        if [1, 120, 240, 370, 480, 481].contains(&number) {
            measured.push((number, usage.write_units, usage.read_units));
        }
    }
    assert_eq!(
        measured,
        [(1, 1.0, 4.0), (120, 1.0, 4.0), (240, 2.0, 4.0), (370, 3.0, 4.0), (480, 4.0, 4.0), (481, 4.0, 4.0)]
    );
    let cut = followings::get(&world.table, ann.user_id).await.unwrap();
    let holds = |number: u64| cut.holds(UserId::try_from(number).unwrap());
    assert_eq!((holds(1), holds(2), holds(481)), (None, Some(true), Some(true)));
    // What is derived again changes nothing, and costs no write.
    world.engine.reset_usage();
    let again = state(&ann, UserId::try_from(481).unwrap(), true);
    settle(&world.table, vec![again], Order::InOrder).await.unwrap();
    assert!(world.engine.usage().write_units <= 0.0, "what is settled is refused");
}

/// A stale derivation of a follow is held before each of its requests while an unfollow is made and derived, and
/// the other way round.
#[tokio::test]
async fn when_derivations_overtake_each_other_then_the_edges_are_packed() {
    for order in [Order::InOrder, Order::OutOfOrder] {
        for follows in [true, false] {
            for place in 0.. {
                let world = World::new().await;
                let (ann, bob, eve) =
                    (world.person("ann").await, world.person("bob").await, world.person("eve").await);
                if follows {
                    world.follow(&ann, &bob).await;
                } else {
                    world.follow(&ann, &bob).await;
                    derive(&world.table, &ann, &bob, true, order).await;
                    world.unfollow(&ann, &bob).await;
                }
                let (client, hold) = world.engine.held_client("", place);
                let held = Table::new(client, world.engine.table_name());
                let mut slow = Box::pin(derive(&held, &ann, &bob, follows, order));
                let stopped = tokio::select! {
                    biased;
                    () = hold.reached() => true,
                    () = &mut slow => false,
                };
                if follows {
                    world.unfollow(&ann, &bob).await;
                } else {
                    world.follow(&ann, &bob).await;
                }
                world.follow(&ann, &eve).await;
                derive(&world.table, &ann, &bob, !follows, Order::OutOfOrder).await;
                derive(&world.table, &ann, &eve, true, Order::OutOfOrder).await;
                if stopped {
                    hold.release();
                    slow.await;
                }
                assert_eq!(
                    named(&world, &ann).await,
                    followed(&world, &ann).await,
                    "{order:?} {follows} {place}"
                );
                if !stopped {
                    assert!(place > 3, "a derivation has several requests");
                    break;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Acts of one follower, with derivations of any of them, stale or repeated, between them and at once.
    #[test]
    fn any_acts_and_derivations_end_as_the_edges_are(
        acts in prop::collection::vec((0..4_usize, any::<bool>(), prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let ann = world.person("ann").await;
            let others = world.people("other", 4).await;
            let mut records: Vec<(usize, bool)> = Vec::new();
            let work = async |records: Vec<(usize, bool)>| {
                let derivations = records.into_iter().map(|(other, follows)| {
                    derive(&world.table, &ann, &others[other], follows, Order::OutOfOrder)
                });
                futures::future::join_all(derivations).await;
            };
            for (other, follows, again) in acts {
                let changed = if follows {
                    world.follow(&ann, &others[other]).await
                } else {
                    world.unfollow(&ann, &others[other]).await
                };
                if changed {
                    records.push((other, follows));
                }
                if !records.is_empty() {
                    work(again.iter().map(|index| *index.get(&records)).collect()).await;
                }
            }
            // Every record is derived at least once after its act.
            work(records.into_iter().rev().collect()).await;
            assert_eq!(named(&world, &ann).await, followed(&world, &ann).await);
        });
    }
}
