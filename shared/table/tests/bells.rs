//! Bells and their edges, on the real table engine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Clock;
use domain::inbox::ROW_DAYS;
use table::change::Change;
use table::keys::ItemKey;
use table::{Order, Table, circle, pair};
use testkit::{World, dies_at};

/// Somebody who follows an author, with nothing left to derive.
struct Stage {
    world: World,
    listener: Caller,
    author: Caller,
}

/// What is stored of a bell's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Absent,
    On,
    /// Off, until this second.
    Off(i64),
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let (listener, author) = (world.person("listener").await, world.person("author").await);
        world.follow(&listener, &author).await;
        world.derive().await;
        Self { world, listener, author }
    }

    fn change(&self) -> Change {
        Change::Bell { by: self.listener.user_id, about: self.author.user_id }
    }

    async fn derive(&self, table: &Table, order: Order) -> table::Result<()> {
        table::apply(table, [&self.change()], order).await.map(drop)
    }

    async fn ring(&self) {
        assert!(self.world.ring(&self.listener, &self.author).await);
    }

    async fn silence(&self) {
        assert!(self.world.silence(&self.listener, &self.author).await);
    }

    fn key(&self) -> ItemKey {
        ItemKey::Bell(self.author.user_id, self.listener.user_id)
    }

    async fn edge(&self) -> Edge {
        let key = self.key().raw();
        let get = self.world.engine.client().get_item().table_name(self.world.engine.table_name());
        let get = get.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
        let Some(item) = get.consistent_read(true).send().await.unwrap().item else { return Edge::Absent };
        match (item.get("off_at"), item.get("expires_at")) {
            (None, None) => Edge::On,
            (Some(_), Some(expires_at)) => Edge::Off(expires_at.as_n().unwrap().parse().unwrap()),
            other => panic!("{other:?}"),
        }
    }

    /// Returns the edge as it has to be, given whether one was there while the bell was on.
    async fn wanted(&self, was_on: bool) -> Edge {
        let (by, about) = (self.listener.user_id, self.author.user_id);
        let bell = pair::get_latest(&self.world.table, by, about).await.unwrap().bell.unwrap();
        match bell.off_at {
            None => Edge::On,
            Some(at) if was_on => Edge::Off(at.plus_days(ROW_DAYS).seconds()),
            Some(_) => Edge::Absent,
        }
    }
}

#[tokio::test]
async fn an_edge_is_on_with_its_bell_and_stays_for_the_rows_that_it_led_to() {
    for order in [Order::InOrder, Order::OutOfOrder] {
        let stage = Stage::new().await;
        let table = &stage.world.table;
        // A bell that is off again before its edge is derived leaves none.
        stage.ring().await;
        stage.silence().await;
        stage.derive(table, order).await.unwrap();
        assert_eq!(stage.edge().await, Edge::Absent);
        for _ in 0..2 {
            stage.ring().await;
            stage.derive(table, order).await.unwrap();
            assert_eq!(stage.edge().await, Edge::On);
            stage.silence().await;
            stage.derive(table, order).await.unwrap();
            let expiry = stage.world.clock.now().plus_days(ROW_DAYS).seconds();
            assert_eq!(stage.edge().await, Edge::Off(expiry));
            stage.world.clock.advance_days(1);
        }
    }
}

#[tokio::test]
async fn a_bell_is_derived_within_its_budget() {
    let stage = Stage::new().await;
    for switch in [true, false] {
        if switch {
            stage.ring().await;
        } else {
            stage.silence().await;
        }
        for (round_trips, reads, writes) in [(3, 4.0, 1), (1, 2.0, 0)] {
            stage.world.engine.reset_usage();
            stage.derive(&stage.world.table, Order::InOrder).await.unwrap();
            let usage = stage.world.engine.usage();
            assert_eq!((usage.round_trips, usage.writes()), (round_trips, writes), "{usage:?}");
            assert!(usage.read_units <= reads && usage.write_units <= f64::from(writes), "{usage:?}");
        }
    }
}

#[tokio::test]
async fn a_derivation_overtaken_by_another_at_any_place_ends_as_the_bell_is() {
    for rings_first in [true, false] {
        for place in 0.. {
            let stage = Stage::new().await;
            let table = &stage.world.table;
            stage.ring().await;
            if !rings_first {
                stage.derive(table, Order::InOrder).await.unwrap();
                stage.silence().await;
            }
            let (client, hold) = stage.world.engine.held_client("", place);
            let held = Table::new(client, stage.world.engine.table_name());
            let mut slow = Box::pin(stage.derive(&held, Order::OutOfOrder));
            let stopped = tokio::select! {
                biased;
                () = hold.reached() => true,
                done = &mut slow => { done.unwrap(); false }
            };
            if rings_first {
                stage.silence().await;
            } else {
                stage.ring().await;
            }
            stage.derive(table, Order::InOrder).await.unwrap();
            if stopped {
                hold.release();
                slow.await.unwrap();
            }
            let edge = stage.edge().await;
            assert_eq!(edge, stage.wanted(edge != Edge::Absent).await, "{rings_first} {place}");
            let found = circle::mismatched(table, stage.author.user_id, 9).await.unwrap();
            assert_eq!(found, [], "{rings_first} {place}");
            if !stopped {
                assert!(place >= 3, "{place}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_derivation_that_dies_at_any_write_is_made_up_for() {
    for n in 1.. {
        let stage = Stage::new().await;
        let mut done = true;
        for switch in [true, false, true] {
            if switch {
                stage.ring().await;
            } else {
                stage.silence().await;
            }
            stage.world.engine.fail_when(dies_at(n));
            let first = stage.derive(&stage.world.table, Order::InOrder);
            done &= Box::pin(stage.world.engine.until_crash(first)).await.is_some();
            stage.world.engine.heal();
            stage.derive(&stage.world.table, Order::InOrder).await.unwrap();
            assert_eq!(stage.edge().await, stage.wanted(true).await, "{n}");
        }
        if done {
            assert!(n > 1);
            return;
        }
    }
}

#[tokio::test]
async fn what_differs_is_found_from_both_sides_and_an_edge_of_no_bell_goes() {
    let stage = Stage::new().await;
    let (table, both) = (&stage.world.table, [stage.listener.user_id, stage.author.user_id]);
    let mismatched = async || {
        let mut found = Vec::new();
        for user in both {
            found.push(circle::mismatched(table, user, 9).await.unwrap());
        }
        found
    };
    let [listener, author] = both;
    stage.ring().await;
    assert_eq!(mismatched().await, [vec![author], vec![]], "nothing of the author's names them");
    stage.derive(table, Order::OutOfOrder).await.unwrap();
    assert_eq!(mismatched().await, [vec![], vec![]]);
    stage.world.remove(&ItemKey::Pair(listener, author)).await;
    assert_eq!(mismatched().await, [vec![], vec![listener]]);
    stage.derive(table, Order::OutOfOrder).await.unwrap();
    assert_eq!((stage.edge().await, mismatched().await), (Edge::Absent, vec![vec![], vec![]]));
}
