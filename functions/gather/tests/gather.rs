//! Rows that are due, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use api::Caller;
use domain::inbox::{Actor, Once, RowId, Subject};
use domain::{Clock, PhotoId, Timestamp};
use gather::GatherHandler;
use messages::Event;
use messages::gather::DueRows;
use runtime::sqs::answer;
use table::inbox::{self, Aligned, Listed, due};
use table::keys::ItemKey;
use testkit::{ATTEMPTS, Fault, Outbox, Published, World, dies_at, fixture, sqs_event};
use verify::{Options, Outputs};

/// Ann, whose photo is liked.
struct Stage {
    world: World,
    handler: GatherHandler<Published, Outbox>,
    published: Published,
    outbox: Outbox,
    ann: Caller,
    photo: PhotoId,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let ann = world.person("ann").await;
        let photo = world.post(&ann).await;
        world.derive().await;
        let (published, outbox) = (Published::default(), Outbox::default());
        let (table, clock) = (world.table.clone(), world.clock.shared());
        let handler = GatherHandler::new(table, published.clone(), outbox.clone(), clock);
        Self { world, handler, published, outbox, ann, photo }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn row(&self) -> RowId {
        RowId::of(Subject::Like(self.photo), self.ann.user_id, self.now())
    }

    /// Records a like by `who` as it is now; returns whether it told the row.
    async fn records(&self, who: &Caller, likes: bool) -> bool {
        let actor = Actor { at: self.now(), user_id: who.user_id, username: who.username.clone() };
        let once = Once::Ever(Subject::Like(self.photo));
        let edge = likes.then_some(&actor);
        let table = &self.world.table;
        let alignment =
            inbox::align(table, self.ann.user_id, once, who.user_id, edge, self.now()).await.unwrap();
        assert_ne!(alignment.aligned, Aligned::Unchanged);
        alignment.told.is_some()
    }

    async fn listed(&self) -> Listed {
        let page = inbox::page(&self.world.table, self.ann.user_id, None, 10, self.now()).await.unwrap();
        let [row] = page.items.try_into().unwrap();
        row
    }

    /// The message about Ann's rows of this minute.
    fn message(&self) -> DueRows {
        let shard = u8::try_from(self.ann.user_id.get() % u64::from(due::SHARDS)).unwrap();
        DueRows { minute: due::minute(self.now()), shard }
    }

    /// Handles the message; returns whether it is done.
    async fn gathers(&self) -> bool {
        answer(&self.handler, sqs_event(&[self.message()])).await.batch_item_failures.is_empty()
    }

    /// Returns the states that were published since.
    fn heard(&self) -> Vec<u64> {
        let states = self.published.take().into_iter().map(|event| match event {
            Event::NotificationTold { recipient_id, row, state, .. } => {
                assert_eq!((recipient_id, row), (self.ann.user_id, self.row()));
                state
            }
            other => panic!("{other:?}"),
        });
        states.collect()
    }

    /// Returns how many rows are due in the last minutes and the next two.
    async fn due(&self) -> usize {
        let DueRows { minute, shard } = self.message();
        let mut rows = 0;
        for minute in minute - 20..minute + 3 {
            rows += due::read(&self.world.table, minute, shard, 10).await.unwrap().items.len();
        }
        rows
    }

    async fn assert_clean(&self) {
        let (mut findings, mut repairs, mut progress) = (Vec::new(), Vec::new(), Vec::new());
        let outputs = Outputs { findings: &mut findings, repairs: &mut repairs, progress: &mut progress };
        let options = Options { patience: Duration::ZERO, ..Options::default() };
        let (client, name) = (self.world.engine.client(), self.world.engine.table_name());
        let report = verify::verify(&client, name, &options, self.now(), outputs).await.unwrap();
        assert_eq!(report.exit_code(), 0, "{}", String::from_utf8_lossy(&findings));
    }
}

#[tokio::test]
async fn when_a_row_has_gathered_then_it_is_told_when_it_is_due() {
    let stage = Stage::new().await;
    let fans = stage.world.people("fan", 3).await;
    assert!(stage.records(&fans[0], true).await);
    let first = stage.listed().await;
    for fan in &fans[1..] {
        assert!(!stage.records(fan, true).await);
    }
    // It is not due yet.
    assert!(stage.gathers().await);
    assert_eq!((stage.listed().await.place, stage.heard(), stage.due().await), (first.place, vec![], 1));
    stage.world.clock.advance(Duration::from_mins(2));
    for _ in 0..2 {
        assert!(stage.gathers().await);
        let told = stage.listed().await;
        assert_eq!((told.place, told.row.actor_count), (stage.now(), 3));
        assert_eq!(inbox::state_latest(&stage.world.table, stage.ann.user_id).await.unwrap().unread, 1);
    }
    assert_eq!((stage.heard(), stage.due().await), (vec![2], 0));
    // The next gap has five minutes.
    let fan = stage.world.person("late").await;
    assert!(!stage.records(&fan, true).await);
    for (minutes, heard) in [(4, vec![]), (2, vec![3])] {
        stage.world.clock.advance(Duration::from_mins(minutes));
        assert!(stage.gathers().await);
        assert_eq!(stage.heard(), heard);
    }
    stage.assert_clean().await;
}

#[tokio::test]
async fn when_all_that_was_gathered_is_taken_back_then_the_row_is_not_told() {
    let stage = Stage::new().await;
    let fans = stage.world.people("fan", 2).await;
    assert!(stage.records(&fans[0], true).await);
    let first = stage.listed().await.place;
    assert!(!stage.records(&fans[1], true).await);
    assert!(!stage.records(&fans[1], false).await);
    // The runs of a quarter of an hour were missed.
    stage.world.clock.advance(Duration::from_mins(15));
    assert_eq!(stage.due().await, 1);
    assert!(stage.gathers().await);
    assert_eq!((stage.listed().await.place, stage.heard(), stage.due().await), (first, vec![], 0));
    // Nobody was told of them, so that they are new.
    assert!(stage.records(&fans[1], true).await);
    // Who was told of is not.
    assert!(!stage.records(&fans[0], false).await);
    assert!(!stage.records(&fans[0], true).await);
    assert_eq!(stage.due().await, 0);
    stage.assert_clean().await;
}

#[tokio::test]
async fn when_a_row_is_gone_before_it_is_due_then_nothing_is_told() {
    let stage = Stage::new().await;
    for fan in stage.world.people("fan", 2).await {
        stage.records(&fan, true).await;
    }
    inbox::forget(&stage.world.table, stage.ann.user_id, Subject::Like(stage.photo), stage.now())
        .await
        .unwrap();
    stage.world.clock.advance(Duration::from_mins(2));
    assert!(stage.gathers().await);
    assert_eq!((stage.heard(), stage.due().await), (vec![], 0));
    stage.assert_clean().await;
}

#[tokio::test]
async fn when_a_photo_was_muted_meanwhile_then_its_row_is_not_told() {
    let stage = Stage::new().await;
    let fans = stage.world.people("fan", 3).await;
    assert!(stage.records(&fans[0], true).await);
    let first = stage.listed().await.place;
    assert!(!stage.records(&fans[1], true).await);
    stage.world.mute_photo(&stage.ann, stage.photo, true).await;
    stage.world.clock.advance(Duration::from_mins(2));
    assert!(stage.gathers().await);
    assert_eq!((stage.listed().await.place, stage.heard(), stage.due().await), (first, vec![], 0));
    // The next event tells it, once that is over.
    stage.world.mute_photo(&stage.ann, stage.photo, false).await;
    assert!(stage.records(&fans[2], true).await);
    assert_eq!((stage.listed().await.place, stage.listed().await.row.actor_count), (stage.now(), 3));
    stage.assert_clean().await;
}

#[tokio::test]
async fn when_the_function_dies_at_any_write_then_a_retry_loses_nothing() {
    // The transaction, what is published, and the delete.
    for dies in 1..=4 {
        let stage = Stage::new().await;
        for fan in stage.world.people("fan", 2).await {
            stage.records(&fan, true).await;
        }
        stage.world.clock.advance(Duration::from_mins(2));
        match dies {
            1 | 2 => stage.world.engine.fail_when(dies_at(dies)),
            3 => stage.published.refuse_from(0),
            _ => stage.world.engine.fail_next("TransactWriteItems", ATTEMPTS, Fault::Unavailable),
        }
        assert!(!stage.gathers().await, "{dies}");
        stage.world.engine.heal();
        let told = stage.listed().await;
        stage.world.clock.advance(Duration::from_mins(1));
        assert!(stage.gathers().await);
        let heard = stage.heard();
        assert!(!heard.is_empty() && heard.iter().all(|state| *state == 2), "{dies}: {heard:?}");
        if dies < 4 {
            assert_eq!(stage.listed().await, told, "it is told once");
        }
        assert_eq!(stage.due().await, 0);
        stage.assert_clean().await;
    }
}

#[tokio::test]
async fn when_events_come_while_a_row_is_told_then_none_is_lost() {
    for place in 0..2 {
        let stage = Stage::new().await;
        let fans = stage.world.people("fan", 4).await;
        for fan in &fans[..2] {
            stage.records(fan, true).await;
        }
        if place == 1 {
            // Nothing is left to tell.
            stage.records(&fans[1], false).await;
        }
        stage.world.clock.advance(Duration::from_secs(58));
        let (client, hold) = stage.world.engine.held_client("TransactWriteItems", 0);
        let table = table::Table::new(client, stage.world.engine.table_name());
        let clock = testkit::ManualClock::at(stage.now().plus_ms(62_000));
        let handler =
            GatherHandler::new(table, stage.published.clone(), stage.outbox.clone(), clock.shared());
        let message = DueRows { minute: due::minute(clock.now()), ..stage.message() };
        let (done, ()) = futures::join!(answer(&handler, sqs_event(&[message])), async {
            hold.reached().await;
            stage.records(&fans[2], true).await;
            hold.release();
        });
        assert!(done.batch_item_failures.is_empty());
        let row = stage.listed().await;
        assert_eq!((row.place, row.row.actor_count), (clock.now(), 3 - place), "{place}");
        assert_eq!(stage.heard(), [2]);
        stage.assert_clean().await;
    }
}

#[tokio::test]
async fn when_the_schedule_and_the_queue_call_then_the_minute_is_split_and_told() {
    let stage = Stage::new().await;
    for fan in stage.world.people("fan", 2).await {
        stage.records(&fan, true).await;
    }
    stage.world.clock.advance(Duration::from_mins(2));
    let answer = async |event| runtime::task_or_queue::answer(&stage.handler, event).await;
    assert!(answer(fixture("gather", "minute", &[])).await.unwrap().is_null());
    let sent: Vec<DueRows> = stage.outbox.take();
    assert_eq!(sent.len(), usize::from(due::SHARDS));
    assert!(sent.contains(&stage.message()));
    for DueRows { minute, shard } in sent {
        let values = [("minute", minute.to_string()), ("shard", shard.to_string())];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let done = answer(fixture("gather", "shard", &values)).await.unwrap();
        assert_eq!(done["batchItemFailures"], serde_json::json!([]));
    }
    assert_eq!(stage.heard(), [2]);
    // A run that cannot send says so, and the next one does what it left.
    stage.outbox.fail_next(1);
    let failed = answer(fixture("gather", "minute", &[])).await.unwrap_err();
    assert_eq!(failed.error_type, "GatherFailed");
}

#[tokio::test]
async fn when_quiet_hours_end_then_that_is_said_once() {
    let stage = Stage::new().await;
    let end = due::begins(due::minute(stage.now()) + 1);
    // Whoever notes it twice notes it once.
    for _ in 0..2 {
        due::note_quiet_end(&stage.world.table, stage.ann.user_id, end).await.unwrap();
    }
    assert!(stage.gathers().await);
    assert_eq!((stage.published.take(), stage.due().await), (vec![], 1));
    stage.world.clock.advance(Duration::from_mins(2));
    stage.published.refuse_from(0);
    assert!(!stage.gathers().await);
    assert_eq!(stage.due().await, 1);
    stage.world.engine.reset_usage();
    assert!(stage.gathers().await);
    let usage = stage.world.engine.usage();
    assert_eq!((usage.read_units, usage.write_units, usage.round_trips), (7.5, 1.0, 2), "{usage:?}");
    let event = Event::QuietEnded { recipient_id: stage.ann.user_id, ended_at: end };
    assert_eq!((stage.published.take(), stage.due().await), (vec![event], 0));
}

#[tokio::test]
async fn a_row_that_is_due_stays_within_its_budget() {
    let stage = Stage::new().await;
    for fan in stage.world.people("fan", 2).await {
        stage.records(&fan, true).await;
    }
    stage.world.clock.advance(Duration::from_mins(2));
    stage.world.engine.reset_usage();
    assert!(stage.gathers().await);
    let usage = stage.world.engine.usage();
    // Fifteen minutes are looked at, beside each other. Photo, places, row and state; row deleted and written, place and
    // state; and the due time.
    assert_eq!((usage.read_units, usage.write_units), (15.0 * 0.5 + 3.5, 9.0), "{usage:?}");
    assert_eq!(usage.round_trips, 7, "{usage:?}");
    stage.world.engine.reset_usage();
    assert!(stage.gathers().await);
    let usage = stage.world.engine.usage();
    assert_eq!((usage.read_units, usage.write_units, usage.round_trips), (7.5, 0.0, 1), "{usage:?}");
}

#[tokio::test]
async fn when_a_shard_has_many_rows_then_the_rest_is_another_message() {
    let stage = Stage::new().await;
    let message = stage.message();
    let rows = (0..502).map(|number| {
        let row = RowId { opened: Timestamp(number), subject: Subject::Follow };
        ItemKey::Due(message.minute, message.shard, stage.ann.user_id, row)
    });
    for row in rows {
        stage.world.write(&row, "SET expires_at = :value", 1).await;
    }
    assert!(stage.gathers().await);
    assert_eq!(stage.outbox.take::<DueRows>(), [message]);
    assert!(stage.gathers().await);
    assert!(stage.outbox.take::<DueRows>().is_empty());
    assert_eq!(stage.due().await, 0);
}
