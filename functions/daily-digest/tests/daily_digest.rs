//! The hour, on the real table engine.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use api::Caller;
use daily_digest::{DailyDigestHandler, Named};
use domain::Clock;
use messages::Event;
use runtime::task::answer;
use serde_json::{Value, json};
use table::notification_settings;
use testkit::{ATTEMPTS, Fault, Published, World, fixture};

struct Stage {
    world: World,
    topic: Published,
    handler: DailyDigestHandler<Published>,
}

impl Stage {
    async fn new() -> Self {
        let (world, topic) = (World::new().await, Published::default());
        let handler = DailyDigestHandler::new(world.table.clone(), topic.clone(), world.clock.shared());
        Self { world, topic, handler }
    }

    /// Registers somebody who gets the mail at the hour that it is.
    async fn subscriber(&self, name: &str) -> Caller {
        let user = self.world.person(name).await;
        let now = self.world.clock.now();
        let change = notification_settings::change(&self.world.table, user.user_id, |settings| {
            settings.set_digest(true, now);
        });
        assert!(change.await.unwrap().digest_hour().is_some());
        user
    }

    async fn run(&self, input: Value) -> Result<Named, String> {
        answer(&self.handler, input).await.map_err(|failed| failed.error_type)
    }
}

/// Returns who is named, in order of their ids.
fn named(events: Vec<Event>) -> Vec<(u64, u8)> {
    let mut named: Vec<(u64, u8)> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::DigestDue { user_id, hour } => Some((user_id.get(), hour)),
            _ => None,
        })
        .collect();
    named.sort_unstable();
    named
}

#[tokio::test]
async fn when_the_hour_comes_then_those_of_that_hour_are_named() {
    let stage = Stage::new().await;
    let hour = stage.world.clock.now().hour_of_day();
    let ann = stage.subscriber("ann").await;
    stage.world.person("nobody").await;
    stage.world.clock.advance(Duration::from_hours(1));
    let bob = stage.subscriber("bob").await;
    let next = hour + 1;

    assert_eq!(stage.run(json!({})).await, Ok(Named { hour: next, people: 1 }));
    assert_eq!(named(stage.topic.take()), [(bob.user_id.get(), next)]);
    // A repetition is for the hour of its schedule.
    let scheduled = stage.world.clock.now().plus_ms(-20 * 60 * 1000).to_string();
    assert_eq!(stage.run(json!({ "time": scheduled })).await, Ok(Named { hour, people: 1 }));
    assert_eq!(named(stage.topic.take()), [(ann.user_id.get(), hour)]);
}

#[tokio::test]
async fn when_the_recorded_event_arrives_then_it_is_the_hour_of_its_schedule() {
    let stage = Stage::new().await;
    let named = stage.run(fixture("daily-digest", "hourly", &[])).await;
    assert_eq!(named, Ok(Named { hour: 12, people: 0 }));
}

#[tokio::test]
async fn when_there_are_more_than_a_page_then_all_are_named() {
    let stage = Stage::new().await;
    let now = stage.world.clock.now();
    let hour = now.hour_of_day();
    let mut right = Vec::new();
    for number in 1..=1_100_u64 {
        // All in one shard.
        let user = domain::UserId::try_from(number * 16).unwrap();
        notification_settings::change(&stage.world.table, user, |settings| settings.set_digest(true, now))
            .await
            .unwrap();
        right.push((user.get(), hour));
    }
    assert_eq!(stage.run(json!({})).await, Ok(Named { hour, people: 1_100 }));
    assert_eq!(named(stage.topic.take()), right);
}

#[tokio::test]
async fn when_a_shard_fails_then_the_others_are_named_and_the_run_fails() {
    let stage = Stage::new().await;
    for number in 0..8 {
        stage.subscriber(&format!("ann{number}")).await;
    }
    let shards = usize::from(table::digest::SHARDS);
    stage.world.engine.fail_next("Query", (shards - 1) * ATTEMPTS, Fault::Throttled);
    assert_eq!(stage.run(json!({})).await, Err("DigestIncomplete".to_owned()));
    stage.topic.take();
    stage.topic.refuse_from(0);
    assert_eq!(stage.run(json!({})).await, Err("DigestIncomplete".to_owned()));
    stage.topic.take();
    assert_eq!(stage.run(json!({})).await.unwrap().people, 8);
    assert_eq!(stage.topic.take().len(), 8);
}
