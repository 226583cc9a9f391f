//! Changes of profiles through the handler, on the real table engine.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::{BTreeMap, HashMap};

use aws_lambda_events::dynamodb::Event;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::search::{Listed, Query};
use runtime::stream::{Handler, Record, answer};
use search_index::SearchIndexHandler;
use table::search;
use testkit::{Fault, World, dies_at, fixture};

fn handler(world: &World) -> SearchIndexHandler {
    SearchIndexHandler::new(world.table.clone())
}

/// Returns every item of the index, by its key. Versions of lists and empty lists are left out.
#[expect(
    clippy::disallowed_methods,
    reason = "to compare everything, everything has to be read; no function may"
)]
async fn index(world: &World) -> BTreeMap<(String, String), HashMap<String, AttributeValue>> {
    let (mut found, mut start) = (BTreeMap::new(), None);
    loop {
        let scan = world.engine.client().scan().table_name(world.engine.table_name());
        let page = scan.set_exclusive_start_key(start).send().await.unwrap();
        for mut item in page.items.unwrap_or_default() {
            let text = |name: &str| item[name].as_s().unwrap().clone();
            let key = (text("pk"), text("sk"));
            let indexed = ["TOKENS#", "PREFIX#", "POPULAR#"].iter().any(|kind| key.0.starts_with(kind));
            let is_empty = item.get("people").is_some_and(|people| people.as_l().unwrap().is_empty());
            if indexed && !is_empty {
                item.remove("version");
                found.insert(key, item);
            }
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return found;
        }
    }
}

async fn found(world: &World, typed: &str) -> Vec<Listed> {
    search::entries(&world.table, &Query::parse(typed).unwrap(), None).await.unwrap().people
}

async fn handle(world: &World, records: Vec<Record>) {
    handler(world).handle(records).await.unwrap();
}

#[tokio::test]
async fn when_a_registration_arrives_as_recorded_then_the_name_is_found() {
    let world = World::new().await;
    let event: Event = serde_json::from_value(fixture("search-index", "registered", &[])).unwrap();
    let response = answer(&handler(&world), event).await;
    assert!(response.batch_item_failures.is_empty());
    let people = found(&world, "jane").await;
    assert_eq!((people.len(), &*people[0].username), (1, "jane.doe"));
}

#[tokio::test]
async fn when_nothing_changes_that_a_search_shows_then_nothing_is_read_or_written() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.set_followers(&ann, 5).await;
    handle(&world, world.profiles().await).await;
    world.set_followers(&ann, 7).await;
    world.follow(&ann, &bob).await;
    let records = world.profiles().await;
    assert!(!records.is_empty());
    world.engine.reset_usage();
    handle(&world, records).await;
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_profiles_change_then_the_index_is_what_it_would_be_from_the_start() {
    let (changed, direct) = (World::new().await, World::new().await);
    let (ann, bob) = (changed.person("ann_lee").await, changed.person("bob").await);
    for (full_name, followers) in
        [("Ann Lee", 3), ("Maria Fox", 2_000), ("Ann Fox", 1), ("Ann Maria Fox", 70)]
    {
        changed.rename(&ann, full_name).await;
        changed.set_followers(&ann, followers).await;
    }
    changed.switch(&bob, true).await;
    handle(&changed, changed.profiles().await).await;
    for who in [&ann, &bob] {
        let person = Listed::from(&changed.profile(who).await);
        search::reindex(&direct.table, None, Some(&person)).await.unwrap();
    }
    assert_eq!(index(&changed).await, index(&direct).await);
    assert_eq!(found(&changed, "maria").await.len(), 1);
    assert!(found(&changed, "ann l").await.is_empty());
}

#[tokio::test]
async fn when_it_dies_at_any_write_then_the_records_come_again_and_nothing_is_left() {
    let changes = async |world: &World| {
        let who = world.person("ab").await;
        world.rename(&who, "Xy").await;
        world.set_followers(&who, 2).await;
        world.rename(&who, "Cd").await;
        world.profiles().await
    };
    let whole = World::new().await;
    let records = changes(&whole).await;
    handle(&whole, records).await;
    let right = index(&whole).await;
    let mut deaths = 0;
    for write in 1.. {
        let world = World::new().await;
        let records = changes(&world).await;
        world.engine.fail_when(dies_at(write));
        let finished = world.engine.until_crash(handler(&world).handle(records.clone())).await;
        world.engine.heal();
        handle(&world, records).await;
        // Ids differ from world to world, keys of texts do not.
        let texts = |index: &BTreeMap<(String, String), _>| {
            index.keys().map(|(pk, _)| pk.clone()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&index(&world).await), texts(&right), "after a death at write {write}");
        if finished.is_some() {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 10, "{deaths}");
}

#[tokio::test]
async fn when_the_table_fails_then_the_first_failed_record_is_named() {
    let world = World::new().await;
    world.person("ann").await;
    world.person("bob").await;
    let records = world.profiles().await;
    world.engine.fail_when({
        let mut batches = 0;
        move |asked| {
            batches += usize::from(asked.operation() == "BatchWriteItem");
            (batches > 1).then_some(Fault::Throttled)
        }
    });
    let failed = handler(&world).handle(records.clone()).await.unwrap_err();
    assert_eq!(failed.sequence_number, records[1].sequence_number);
    world.engine.heal();
    handle(&world, records).await;
    assert_eq!((found(&world, "ann").await.len(), found(&world, "bob").await.len()), (1, 1));
}

#[tokio::test]
async fn a_change_stays_within_its_budget() {
    let world = World::new().await;
    let ann = world.person("anna.maria.lee").await;
    let after = world.profiles().await;
    // Two entries for parts of the user name, one for all of it, one of her popularity; lists of six short prefixes.
    for (records, reads, writes) in [(after, 6.0, 4.0 + 6.0)] {
        world.engine.reset_usage();
        handle(&world, records).await;
        let usage = world.engine.usage();
        assert!(usage.read_units <= reads && usage.write_units <= writes, "{usage:?}");
    }
    world.rename(&ann, "Anna Maria Josefa Lee Fox").await;
    let renamed = world.profiles().await;
    world.engine.reset_usage();
    handle(&world, renamed).await;
    let usage = world.engine.usage();
    assert!(usage.read_units <= 16.0 && usage.write_units <= 30.0, "{usage:?}");
}
