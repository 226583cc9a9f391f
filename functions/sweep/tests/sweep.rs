//! The sweep, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use domain::media::{AddressSecret, PerceptualHash};
use domain::photo::{ContentType, Medium, Photo, Rendered, State};
use domain::{Clock, Home, PhotoId, UserId};
use runtime::task::answer;
use serde_json::{Value, json};
use sweep::{Done, Queues, SweepHandler, Swept};
use table::original::Share;
use table::{Table, processing};
use testkit::{ATTEMPTS, Engine, Fault, ManualClock, Outbox, SeededRandom, fixture};

const HOUR: Duration = Duration::from_hours(1);
const MOMENT: Duration = Duration::from_millis(1);

struct World {
    engine: Engine,
    table: Table,
    deps: SweepHandler<Outbox>,
    clock: ManualClock,
    random: SeededRandom,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let table = Table::new(engine.client(), engine.table_name());
        let clock = ManualClock::new();
        let queues = Queues { fanout: Outbox::default(), backfill: Outbox::default() };
        let deps = SweepHandler::new(table.clone(), queues, clock.shared());
        Self { engine, table, deps, clock, random: SeededRandom::new(7) }
    }

    /// Creates a photo begun now, with its marker, as `derive` leaves it.
    async fn photo(&self) -> Photo {
        let author = UserId::generate(Home::LOCAL, &self.clock, &self.random);
        let id = PhotoId::generate(author, &self.clock, &self.random);
        let medium = Medium { content_type: ContentType::Jpeg, size: 10, alt: None, rendered: None };
        let photo = Photo::draft(id, author, "ada", AddressSecret::draw(&self.random), vec![medium]);
        table::photo::create(&self.table, &photo, None).await.unwrap();
        processing::add(&self.table, photo.id).await.unwrap();
        photo
    }

    async fn finish(&self, photo: &Photo) {
        let rendered = Rendered {
            width: 1,
            height: 1,
            blurhash: "L".to_owned(),
            sha256: "0".to_owned(),
            phash: PerceptualHash(0),
            stored_at: None,
            similar_to: None,
        };
        table::photo::finish_medium(&self.table, photo, 0, &rendered, Share::Alone).await.unwrap();
    }

    async fn run(&self) -> Swept {
        match answer(&self.deps, fixture("sweep", "hourly", &[])).await.unwrap() {
            Done::Swept(swept) => swept,
            repaired @ Done::Repaired(_) => panic!("{repaired:?}"),
        }
    }

    async fn stored(&self, photo: &Photo) -> Option<Photo> {
        table::photo::get_latest(&self.table, photo.id).await.unwrap()
    }

    async fn markers(&self, hour: i64) -> Vec<PhotoId> {
        let mut found = Vec::new();
        for shard in 0..processing::SHARDS {
            found.extend(processing::waiting(&self.table, hour, shard).await.unwrap());
        }
        found
    }
}

#[tokio::test]
async fn when_a_photo_is_processed_for_two_hours_then_it_fails_with_a_reason() {
    let world = World::new().await;
    let photo = world.photo().await;
    let hour = processing::hour(world.clock.now());
    world.clock.advance(2 * HOUR);
    world.clock.set(world.clock.now().plus_ms(-1));
    assert_eq!(world.run().await, Swept::default());
    assert_eq!(world.stored(&photo).await.unwrap().state, State::Processing);

    world.clock.advance(MOMENT);
    assert_eq!(world.run().await, Swept { stuck: 1, settled: 0 });
    let failed = world.stored(&photo).await.unwrap();
    assert_eq!((failed.state, failed.failure.unwrap().code.as_str()), (State::Failed, "upload_incomplete"));
    assert!(world.markers(hour).await.is_empty());
    assert_eq!(world.run().await, Swept::default(), "a second sweep finds nothing");
}

#[tokio::test]
async fn when_a_photo_is_settled_or_gone_then_only_its_marker_goes() {
    let world = World::new().await;
    let (ready, gone) = (world.photo().await, world.photo().await);
    let hour = processing::hour(world.clock.now());
    world.finish(&ready).await;
    table::photo::delete(&world.table, gone.id, gone.author).await.unwrap();
    let before = world.stored(&ready).await;
    world.clock.advance(3 * HOUR);
    assert_eq!(world.run().await, Swept { stuck: 0, settled: 2 });
    assert_eq!(world.stored(&ready).await, before);
    assert_eq!(world.stored(&gone).await, None);
    assert!(world.markers(hour).await.is_empty());
}

#[tokio::test]
async fn when_sweeps_were_missed_then_the_last_two_days_are_swept() {
    let world = World::new().await;
    let mut photos = Vec::new();
    for _ in 0..46 {
        photos.push(world.photo().await);
        world.clock.advance(HOUR);
    }
    world.clock.advance(HOUR);
    assert_eq!(world.run().await, Swept { stuck: 46, settled: 0 });
    for photo in &photos {
        assert_eq!(world.stored(photo).await.unwrap().state, State::Failed);
    }
}

#[tokio::test]
async fn when_many_are_stuck_in_one_hour_then_all_of_them_fail() {
    let world = World::new().await;
    for _ in 0..60 {
        world.photo().await;
    }
    world.clock.advance(2 * HOUR);
    assert_eq!(world.run().await, Swept { stuck: 60, settled: 0 });
}

#[tokio::test]
async fn when_nothing_is_stuck_then_a_sweep_costs_its_queries_alone() {
    let world = World::new().await;
    world.photo().await;
    world.engine.reset_usage();
    world.run().await;
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.writes()), (usage.requests_of("Query"), 0));
    assert_eq!(usage.requests, 47 * u32::from(processing::SHARDS));
    assert!(usage.read_units <= 0.5 * f64::from(usage.requests), "{usage:?}");
}

#[tokio::test]
async fn when_one_photo_fails_then_the_others_are_swept_and_the_run_fails() {
    let world = World::new().await;
    for _ in 0..5 {
        world.photo().await;
    }
    let hour = processing::hour(world.clock.now());
    world.clock.advance(2 * HOUR);
    world.engine.fail_next("UpdateItem", 1, Fault::Crash);
    let error = answer(&world.deps, fixture("sweep", "hourly", &[])).await.unwrap_err();
    assert_eq!(error.error_type, "SweepIncomplete");
    assert_eq!(world.markers(hour).await.len(), 1);
    assert_eq!(world.run().await.settled, 1, "the write had happened before the crash");
    assert!(world.markers(hour).await.is_empty());
}

#[tokio::test]
async fn when_the_markers_cannot_be_read_then_the_run_fails_and_nothing_changes() {
    let world = World::new().await;
    let photo = world.photo().await;
    world.clock.advance(2 * HOUR);
    world.engine.fail_next("Query", 40 * ATTEMPTS, Fault::Unavailable);
    let error = answer(&world.deps, fixture("sweep", "hourly", &[])).await.unwrap_err();
    assert_eq!(error.error_type, "SweepIncomplete");
    assert_eq!(world.stored(&photo).await, Some(photo));
}

#[tokio::test]
async fn when_the_input_is_no_event_then_it_is_refused() {
    let world = World::new().await;
    for input in [Value::Null, json!("now"), json!(7)] {
        assert_eq!(answer(&world.deps, input).await.unwrap_err().error_type, "BadInput");
    }
}
