//! The table, the functions, and everything in transit between them.

use std::collections::VecDeque;
use std::time::Duration;

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use domain::PhotoId;
use domain::feed::Crossing;
use messages::Event;
use messages::workflow::{CelebrityCrossing, CelebrityFanout};
use serde_json::Value;
use table::Table;
use testkit::http::{Request, call};
use testkit::workflow::{Execution, Step};
use testkit::{ManualClock, Objects, World, dies_at, sqs_event, stream_event};

use crate::pieces::{Between, Functions};

/// Photos per page.
const PAGE: usize = 4;
/// Segments of an execution: more than one, so that one may be done long before the other.
const SEGMENTS: u32 = 3;

/// A message or workflow step in transit.
#[derive(Clone, Debug)]
enum Task {
    OutOfOrder(Value),
    Fanout(Event),
    Backfill(Event),
    Run(Execution),
}

/// The work of one step.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Deriving so many records.
    Derive(usize),
    /// The task at this place.
    Task(usize),
}

/// A world and the functions behind its feeds.
pub struct Network {
    /// People and their table.
    pub world: World,
    /// The functions.
    pub functions: Functions,
    between: Between,
    store: Objects,
    push: bool,
    records: VecDeque<EventRecord>,
    tasks: Vec<Task>,
}

impl Network {
    /// Creates a network without people, in which photos of celebrities are pushed or not.
    pub async fn new(push: bool) -> Self {
        let (world, store, between) = (World::new().await, Objects::start().await, Between::default());
        let functions = Functions::new(&world.table, &between, &store, &world.clock, push);
        Self { world, functions, between, store, push, records: VecDeque::new(), tasks: Vec::new() }
    }

    /// Returns the same functions over another client of the table, with nothing cached.
    pub fn functions_over(&self, table: &Table) -> Functions {
        Functions::new(table, &self.between, &self.store, &self.world.clock, self.push)
    }

    /// Returns the stream's records that have not been derived yet.
    pub async fn records(&mut self) -> Vec<EventRecord> {
        self.gather().await;
        self.records.drain(..).collect()
    }

    /// Takes one step; returns whether there was anything to do. The step derives some records of the stream,
    /// delivers a message, or continues an execution. `choice` selects it.
    pub async fn step(&mut self, choice: usize) -> bool {
        let Some(work) = self.choose(choice).await else { return false };
        let continued = self.perform(&work).await;
        self.finish(work, continued);
        true
    }

    /// Takes such a step in a process that dies at its `n`-th write, if it comes so far. Records and messages are
    /// then delivered again, and executions continued, by later steps.
    pub async fn step_dying_at(&mut self, choice: usize, n: usize) {
        let Some(work) = self.choose(choice).await else { return };
        self.world.engine.fail_when(dies_at(n));
        let ended = self.world.engine.until_crash(self.perform(&work)).await;
        self.world.engine.heal();
        match ended {
            Some(continued) => self.finish(work, continued),
            // What it sent before it died is on its way.
            None => self.route(),
        }
    }

    async fn choose(&mut self, choice: usize) -> Option<Work> {
        self.gather().await;
        let derivable = usize::from(!self.records.is_empty());
        let choice = choice.checked_rem(self.tasks.len() + derivable)?;
        Some(if choice == self.tasks.len() { Work::Derive(1 + choice % 3) } else { Work::Task(choice) })
    }

    /// Removes what is done from what is in transit, and adds what follows from it.
    fn finish(&mut self, work: Work, continued: Option<Execution>) {
        match work {
            Work::Derive(count) => drop(self.records.drain(..count.min(self.records.len()))),
            Work::Task(place) => drop(self.tasks.remove(place)),
        }
        self.tasks.extend(continued.map(Task::Run));
        self.route();
    }

    /// Derives, delivers and runs until nothing is left, oldest first.
    pub async fn settle(&mut self) {
        const PATIENCE: usize = 10_000;
        for _ in 0..PATIENCE {
            self.gather().await;
            if !self.records.is_empty() {
                let all = Work::Derive(usize::MAX);
                self.perform(&all).await;
                self.finish(all, None);
            } else if !self.step(0).await {
                return;
            }
        }
        panic!("the network does not come to rest");
    }

    /// Duplicates everything in transit, as the services may do.
    pub async fn repeat(&mut self) {
        self.gather().await;
        let again: Vec<Task> =
            self.tasks.iter().filter(|task| !matches!(task, Task::Run(_))).cloned().collect();
        self.tasks.extend(again);
    }

    async fn gather(&mut self) {
        self.records.extend(self.world.engine.stream().await);
        self.route();
    }

    fn route(&mut self) {
        for event in self.between.topic.take() {
            match event {
                Event::PhotoReady { .. } => self.tasks.push(Task::Fanout(event)),
                Event::FollowAdded { .. }
                | Event::FollowRemoved { .. }
                | Event::ReaderReturned { .. }
                | Event::AudienceChanged { .. }
                | Event::CommentRemoved { .. }
                | Event::PictureRemoved { .. }
                | Event::PhotoFailed { .. }
                | Event::PhotoDeleted { .. } => self.tasks.push(Task::Backfill(event)),
                Event::LikeAdded { .. }
                | Event::LikeRemoved { .. }
                | Event::RequestAdded { .. }
                | Event::RequestRemoved { .. }
                | Event::RequestAccepted { .. }
                | Event::CommentAdded { .. }
                | Event::MentionAdded { .. }
                | Event::CommentLikeAdded { .. }
                | Event::CommentLikeRemoved { .. }
                | Event::LinkAdded { .. }
                | Event::PasswordChanged { .. }
                | Event::SessionAdded { .. }
                | Event::DigestDue { .. }
                | Event::NotificationTold { .. }
                | Event::QuietEnded { .. } => {}
            }
        }
        self.tasks.extend(self.between.fanout.take().into_iter().map(Task::Fanout));
        self.tasks.extend(self.between.backfill.take().into_iter().map(Task::Backfill));
        self.tasks.extend(self.between.derive.take().into_iter().map(Task::OutOfOrder));
        let pushes = self.between.pushes.take::<CelebrityFanout>();
        self.tasks.extend(pushes.iter().map(|(_, input)| Task::Run(Execution::fanout(input, SEGMENTS))));
        let crossings =
            [(Crossing::Promotion, &self.between.promotions), (Crossing::Demotion, &self.between.demotions)];
        for (crossing, launches) in crossings {
            let started = launches.take::<CelebrityCrossing>();
            let runs =
                started.iter().map(|(name, input)| Execution::crossing(crossing, name, input, SEGMENTS));
            self.tasks.extend(runs.map(Task::Run));
        }
    }

    /// Does the work; returns the execution that goes on after it.
    async fn perform(&self, work: &Work) -> Option<Execution> {
        let functions = &self.functions;
        let task = match work {
            Work::Task(place) => self.tasks[*place].clone(),
            Work::Derive(count) => {
                let records = self.records.iter().take(*count).cloned().collect();
                let answer = runtime::stream::answer(&functions.derive, stream_event(records)).await;
                assert!(answer.batch_item_failures.is_empty());
                return None;
            }
        };
        let answer = match task {
            Task::OutOfOrder(message) => runtime::sqs::answer(&functions.derive, sqs_event(&[message])).await,
            Task::Fanout(event) => runtime::sqs::answer(&functions.fanout, sqs_event(&[event])).await,
            Task::Backfill(event) => runtime::sqs::answer(&functions.backfill, sqs_event(&[event])).await,
            Task::Run(run) => return self.go_on(run).await,
        };
        assert!(answer.batch_item_failures.is_empty());
        None
    }

    async fn go_on(&self, mut run: Execution) -> Option<Execution> {
        match run.take_step() {
            Some(Step::Wait) => self.world.clock.advance(Duration::from_mins(1)),
            Some(Step::Mark(mark)) => {
                let engine = &self.world.engine;
                if !mark.write(&engine.client(), engine.table_name()).await.expect("a head") {
                    run.end();
                }
            }
            Some(Step::Segment(segment)) => {
                let input = serde_json::to_value(segment).expect("a segment");
                run.resume(runtime::task::answer(&self.functions.segment, input).await.expect("its work"));
            }
            None => {}
        }
        (!run.is_done()).then_some(run)
    }

    /// Returns everything that a reader sees who scrolls to the end, in order.
    pub async fn scroll(&self, reader: &Caller) -> Vec<PhotoId> {
        scroll(&self.functions, &self.world.clock, reader).await
    }

    /// Returns the delivery mode of the author's photos.
    pub async fn mode(&self, author: &Caller) -> domain::feed::DeliveryMode {
        table::head::status_latest(&self.world.table, author.user_id).await.expect("a head").mode
    }
}

/// Returns everything that a reader sees who scrolls to the end, in order.
pub async fn scroll(functions: &Functions, clock: &ManualClock, reader: &Caller) -> Vec<PhotoId> {
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut request = Request::to("GET /api/v1/feed").query("count", PAGE);
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        let answer = call(&functions.feed, clock, request.by(reader, clock)).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        seen.extend(ids(&answer.json));
        cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return seen;
        }
    }
}

/// Returns the ids of a page's photos, in order.
fn ids(page: &Value) -> Vec<PhotoId> {
    let photos = page["photos"].as_array().expect("photos");
    photos.iter().map(|photo| photo["photo_id"].as_str().expect("an id").parse().expect("an id")).collect()
}
