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
use testkit::{ManualClock, Objects, World, sqs_event, stream_event};

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
        self.gather().await;
        let derivable = usize::from(!self.records.is_empty());
        let choices = self.tasks.len() + derivable;
        if choices == 0 {
            return false;
        }
        let choice = choice % choices;
        if choice == self.tasks.len() {
            self.derive_some(1 + choice % 3).await;
        } else {
            let task = self.tasks.remove(choice);
            self.perform(task).await;
        }
        true
    }

    /// Derives, delivers and runs until nothing is left, oldest first.
    pub async fn settle(&mut self) {
        const PATIENCE: usize = 10_000;
        for _ in 0..PATIENCE {
            self.gather().await;
            if !self.records.is_empty() {
                self.derive_some(usize::MAX).await;
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
                | Event::RequestAccepted { .. }
                | Event::CommentAdded { .. }
                | Event::MentionAdded { .. }
                | Event::CommentLikeAdded { .. }
                | Event::CommentLikeRemoved { .. }
                | Event::LinkAdded { .. } => {}
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

    async fn derive_some(&mut self, count: usize) {
        let count = count.min(self.records.len());
        let records: Vec<EventRecord> = self.records.drain(..count).collect();
        let answer = runtime::stream::answer(&self.functions.derive, stream_event(records)).await;
        assert!(answer.batch_item_failures.is_empty());
        self.route();
    }

    async fn perform(&mut self, task: Task) {
        let functions = &self.functions;
        let answer = match task {
            Task::OutOfOrder(message) => runtime::sqs::answer(&functions.derive, sqs_event(&[message])).await,
            Task::Fanout(event) => runtime::sqs::answer(&functions.fanout, sqs_event(&[event])).await,
            Task::Backfill(event) => runtime::sqs::answer(&functions.backfill, sqs_event(&[event])).await,
            Task::Run(run) => return self.go_on(run).await,
        };
        assert!(answer.batch_item_failures.is_empty());
        self.route();
    }

    async fn go_on(&mut self, mut run: Execution) {
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
        if !run.is_done() {
            self.tasks.push(Task::Run(run));
        }
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
