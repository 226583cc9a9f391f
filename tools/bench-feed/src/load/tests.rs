//! A loaded table equals the table that the functions leave.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Clock;
use domain::feed::is_active;
use messages::HashRange;
use messages::workflow::{Segment, Work};
use table::follow::{self, Follow};
use table::keys::{ItemKey, PK, SK};
use table::reader::{self, Rebuilt};

use super::*;
use crate::graph::{Graph, Shape};
use crate::population::Habits;
use crate::stage::Stage;

type Table = BTreeMap<ItemKey, BTreeMap<String, AttributeValue>>;

/// Returns the whole table, without items that only a request leaves, without times and without versions.
#[expect(clippy::disallowed_methods, reason = "two small tables are compared as a whole")]
fn table_of(stage: &Stage) -> Table {
    let scan = stage.client.scan().table_name(stage.engine.table_name()).into_paginator().items().send();
    let items: Vec<HashMap<String, AttributeValue>> =
        stage.wait(scan.collect::<std::result::Result<_, _>>()).unwrap();
    let known = items.into_iter().map(|mut item| {
        let key = |item: &mut HashMap<String, AttributeValue>, name| item.remove(name).unwrap();
        let (pk, sk) = (key(&mut item, PK), key(&mut item, SK));
        for passing in ["at", "version"] {
            item.remove(passing);
        }
        (ItemKey::parse(pk.as_s().unwrap(), sk.as_s().unwrap()).unwrap(), item.into_iter().collect())
    });
    known.filter(|(name, _)| !matches!(name, ItemKey::Rate(..))).collect()
}

/// Creates people who have done nothing yet. Those who are active are active today.
fn people(stage: &Stage) -> Population {
    let shape = Shape { users: 30, celebrity: 24, following: 3.0, ..Shape::default() };
    let habits = Habits { active: 0.6, posting: 0.0 };
    let now = stage.clock.now();
    let graph = Graph::generate(&shape).unwrap();
    let mut population = Population::new(graph, &habits, 12, now, 3).unwrap();
    for person in &mut population.people {
        person.active_on = person.active_on.filter(|day| is_active(*day, now)).map(|_| now.day());
    }
    population
}

/// Lets the people do everything themselves, through the functions.
fn live(stage: &Stage, population: &mut Population) {
    let accounts = population.people.iter().map(|person| items::user(person, 0, 0).unwrap());
    stage.engine.import(accounts.collect());
    let now = stage.clock.now();
    stage.stream(true).unwrap();
    for (node, person) in population.people.iter().enumerate() {
        if person.active_on.is_some() {
            stage.wait(reader::mark_returned(&stage.table, person.id, now)).unwrap();
            stage.wait(reader::mark_rebuilt(&stage.table, person.id, now.0, &Rebuilt::default())).unwrap();
        }
        let edge = Follow { username: person.name.as_str().to_owned(), at: now, accepted_at: None };
        for followee in population.graph.following(node) {
            let followee = population.people[*followee].id;
            assert!(stage.wait(follow::add(&stage.table, person.id, followee, &edge)).unwrap());
        }
    }
    let records = stage.wait(stage.engine.records());
    stage.stream(false).unwrap();
    stage.derive(records).unwrap();
    stage.topic.take();
    for (node, person) in population.people.iter_mut().enumerate() {
        // Some have posted nothing, and one has posted more than a head holds.
        for _ in 0..if node == 3 { 23 } else { [3, 0, 1][node % 3] } {
            stage.pass(std::time::Duration::from_mins(1));
            person.photos.push(stage.post(person).unwrap().photo);
        }
    }
    for node in (0..population.people.len()).filter(|node| population.is_celebrity(*node)) {
        promote(stage, population.people[node].id);
    }
}

/// Makes the changes of the promotion's workflow.
fn promote(stage: &Stage, author_id: domain::UserId) {
    let segment = Segment {
        work: Work::Enlist,
        author_id,
        followers: HashRange::ALL,
        after: None,
        reached: 0,
        skipped: 0,
        done: false,
    };
    let done = stage.wait(runtime::task::Handler::handle(&stage.segment, segment)).unwrap();
    assert!(done.done);
    let key = table::head::key(author_id);
    let celebrity = serde_dynamo::to_attribute_value(DeliveryMode::Celebrity).unwrap();
    let update = stage
        .client
        .update_item()
        .table_name(stage.engine.table_name())
        .key(PK, AttributeValue::S(key.pk))
        .key(SK, AttributeValue::S(key.sk))
        .update_expression("SET standing = :celebrity")
        .expression_attribute_values(":celebrity", celebrity);
    stage.wait(update.send()).unwrap();
}

#[test]
fn a_loaded_table_equals_what_the_functions_leave() {
    // Nobody crosses a threshold on their own here.
    let lived = Stage::new(1_000).unwrap();
    let mut population = people(&lived);
    live(&lived, &mut population);
    let loaded = Stage::new(12).unwrap();
    let count = loaded.load(&population).unwrap();
    let (lived, loaded) = (table_of(&lived), table_of(&loaded));
    assert_eq!(loaded.len(), count);
    for (name, item) in &loaded {
        assert_eq!(lived.get(name), Some(item), "{name:?}");
    }
    let missing: Vec<&ItemKey> = lived.keys().filter(|name| !loaded.contains_key(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let kinds = |of: fn(&ItemKey) -> bool| loaded.keys().filter(|name| of(name)).count();
    assert!(population.is_celebrity(0));
    assert!(kinds(|name| matches!(name, ItemKey::FeedEntry(..))) > 20, "something was pushed");
    assert!(kinds(|name| matches!(name, ItemKey::Head(..))) > 5);
}
