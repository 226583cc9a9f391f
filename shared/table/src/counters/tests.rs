use std::collections::HashSet;

use domain::{Relation, Timestamp};
use proptest::prelude::*;
use testkit::Engine;

use super::*;
use crate::Order;
use crate::relations::EdgeState;

fn user(number: u64) -> UserId {
    UserId::try_from(number).unwrap()
}

const PHOTO: u64 = 7;

fn photo() -> PhotoId {
    PhotoId::try_from(PHOTO).unwrap()
}

async fn table(engine: &Engine) -> Table {
    let table = Table::new(engine.client(), engine.table_name());
    for key in [ItemKey::Photo(photo()), ItemKey::User(user(1)), ItemKey::User(user(2))] {
        assert!(table.put_new(&key, serde_json::json!({})).await.unwrap());
    }
    table
}

async fn liked(table: &Table, by: u64, since: Option<Timestamp>) {
    crate::settle(table, vec![EdgeState::since(Relation::Like(user(by), photo()), since)], Order::InOrder)
        .await
        .unwrap();
}

const NOW: Option<Timestamp> = Some(Timestamp(1));

async fn still(table: &Table, counter: Counter) -> Count {
    match inspect(table, counter).await.unwrap() {
        Inspection::Still(count) => count,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_edge_added_or_removed_after_counting_makes_the_write_fail() {
    let engine = Engine::start().await;
    let table = table(&engine).await;
    for round in 0..3 {
        let counter = Counter::Likes(photo());
        let counted = still(&table, counter).await;
        // One round adds an edge, one removes it, and one does both, so that the counter has
        // the same value again.
        liked(&table, 1, if round == 1 { None } else { NOW }).await;
        if round == 2 {
            liked(&table, 1, None).await;
        }
        assert!(!set(&table, counter, counted.edges + 5, counted.version).await.unwrap(), "round {round}");
        let after = still(&table, counter).await;
        assert_eq!(after.stored, after.edges);
        assert!(set(&table, counter, after.edges + 5, after.version).await.unwrap());
        assert!(
            !set(&table, counter, after.edges + 5, after.version).await.unwrap(),
            "setting increases the version too"
        );
        assert_eq!(recount_photo(&table, photo()).await.unwrap()[0].edges, after.edges);
        assert_eq!(still(&table, counter).await.stored, after.edges);
    }
}

#[tokio::test]
async fn counters_of_deleted_items_are_neither_counted_nor_created() {
    let engine = Engine::start().await;
    let table = Table::new(engine.client(), engine.table_name());
    assert_eq!(inspect(&table, Counter::Followers(user(1))).await.unwrap(), Inspection::Gone);
    assert_eq!(recount_user(&table, user(1)).await.unwrap(), []);
    assert_eq!(recount_photo(&table, photo()).await.unwrap(), []);
    assert!(!set_following(&table, user(1), 3, None).await.unwrap());
    assert_eq!(engine.stream().await.len(), 0);
}

#[tokio::test]
async fn following_counts_the_derived_edges_of_the_users_own_edges() {
    let engine = Engine::start().await;
    let table = table(&engine).await;
    let follow = crate::follow::Follow { username: "u".to_owned(), at: Timestamp(1), accepted_at: None };
    crate::follow::add(&table, user(1), user(2), &follow).await.unwrap();
    assert_eq!(still(&table, Counter::Following(user(1))).await.edges, 0, "not derived yet");
    let change = EdgeState::since(Relation::Follow(user(1), user(2)), NOW);
    crate::settle(&table, vec![change], Order::InOrder).await.unwrap();
    assert_eq!(
        still(&table, Counter::Following(user(1))).await,
        Count { stored: 1, edges: 1, version: Some(1) }
    );
    assert_eq!(
        still(&table, Counter::Followers(user(2))).await,
        Count { stored: 1, edges: 1, version: Some(1) }
    );
}

#[test]
fn ranges_of_followers_touch_and_leave_nobody_out_in_any_home() {
    // The home is above nineteen random bits.
    let everywhere = |number: u64| (0..8).map(move |home| user(home << 19 | number));
    for (followers, parts) in [(-3, 1), (0, 1), (RANGE, 1), (RANGE * 3, 3), (i64::MAX, 1), (RANGE * 99, 16)] {
        let ranges = follower_ranges(user(1), followers);
        assert_eq!(ranges.len(), parts, "{followers}");
        for follower in (0..500).flat_map(everywhere) {
            let key = ItemKey::Follower(user(1), follower).raw();
            let holding = ranges.iter().filter(|range| range.holds(&key)).count();
            assert_eq!(holding, 1, "{follower:?} in {:?} of {followers}", follower.home());
        }
    }
}

#[test]
fn many_followers_of_the_local_home_are_counted_in_even_parts() {
    let ranges = follower_ranges(user(1), RANGE * 16);
    let keys: Vec<_> = (0..16_000).map(|number| ItemKey::Follower(user(1), user(number)).raw()).collect();
    for range in &ranges {
        let held = keys.iter().filter(|key| range.holds(key)).count();
        assert!((800..1_200).contains(&held), "{held} in {range:?}");
    }
}

#[tokio::test]
async fn followers_of_every_home_are_counted_and_walked_through() {
    let engine = Engine::start().await;
    let table = table(&engine).await;
    let follower = |home: Home| user(u64::from(home.get()) << 19 | 5);
    for follower in Home::ALL.map(follower) {
        table.put_new(&ItemKey::User(follower), serde_json::json!({})).await.unwrap();
        let change = EdgeState::since(Relation::Follow(follower, user(1)), NOW);
        crate::settle(&table, vec![change], Order::InOrder).await.unwrap();
    }
    assert_eq!(
        still(&table, Counter::Followers(user(1))).await,
        Count { stored: 8, edges: 8, version: Some(8) }
    );
    let mut pages = KeyPages::over(KeyRange::followers(user(1)));
    let mut walked = Vec::new();
    while let Some(page) = pages.next(&table).await.unwrap() {
        walked.extend(page.into_iter().map(|(key, _)| key));
    }
    assert_eq!(walked, Home::ALL.map(|home| ItemKey::Follower(user(1), follower(home))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn pages_and_counts_hold_every_edge_once(likers in prop::collection::hash_set(0_u64..=i64::MAX as u64, 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = Engine::start().await;
            let table = table(&engine).await;
            for &liker in &likers {
                liked(&table, liker, NOW).await;
            }
            let edges = KeyRange::likers(photo()).count(&table).await.unwrap();
            assert_eq!(edges, i64::try_from(likers.len()).unwrap());
            let mut pages = KeyPages::over(KeyRange::likers(photo()));
            let mut read = HashSet::new();
            while let Some(page) = pages.next(&table).await.unwrap() {
                for (key, _) in page {
                    let ItemKey::Liker(_, user) = key else { panic!("{key:?}") };
                    assert!(read.insert(user.get()));
                }
            }
            assert_eq!(read, likers);
        });
    }
}
