//! The functions over a table, invoked as Lambda would: one invocation at a time, on one thread.
//!
//! The table is served by threads of its own, so that the measured memory is the invocation's
//! and not the engine's. Every invocation is measured: the units that the engine charged,
//! the time, the peak of memory.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Caller;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use fanout::{Celebrities, Queues};
use runtime::metrics;
use serde_json::Value;
use table::Table;
use testkit::http::{Answer, Request, call};
use testkit::{Engine, Launches, ManualClock, Outbox, Published, SeededRandom};
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::load::load;
use crate::population::{Person, Population};

/// Base URL of renditions.
const CDN: &str = "https://cdn.example";

/// Usage of one or several invocations.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
    /// Calls of the table.
    pub calls: u32,
    /// Time taken, including the engine's part.
    pub time: Duration,
    /// The most bytes held at once. Of several invocations, it is the largest peak.
    pub memory: u64,
    /// Counters that the functions emitted.
    pub counters: BTreeMap<&'static str, u64>,
}

impl Spent {
    /// Adds the usage of another invocation.
    pub fn add(&mut self, other: &Self) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.calls += other.calls;
        self.time += other.time;
        self.memory = self.memory.max(other.memory);
        for (name, count) in &other.counters {
            *self.counters.entry(name).or_default() += count;
        }
    }

    /// Returns a counter of the functions, or 0 if it was not emitted.
    pub fn counted(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }
}

/// A page as a reader gets it, and its usage.
#[derive(Clone, Debug)]
pub struct Page {
    /// Ids of the photos shown, in order.
    pub photos: Vec<domain::PhotoId>,
    /// Usage of the page.
    pub spent: Spent,
}

/// The functions, the table below them, and the clock.
pub struct Stage {
    /// The clock.
    pub clock: ManualClock,
    pub(crate) random: SeededRandom,
    pub(crate) table: Table,
    pub(crate) client: Client,
    pub(crate) topic: Published,
    pub(crate) fanout_queue: Outbox,
    pub(crate) out_of_order: Outbox,
    pub(crate) pushes: Launches,
    pub(crate) crossings: Launches,
    pub(crate) derive: derive::DeriveHandler<Published, Outbox>,
    pub(crate) fanout: fanout::FanoutHandler<Outbox, Launches>,
    pub(crate) segment: fanout_segment::FanoutSegmentHandler<Outbox>,
    feed_read: feed_read::FeedReadHandler,
    profile: profile::ProfileHandler,
    /// The runtime of the functions.
    functions: Runtime,
    pub(crate) engine: Engine,
    /// A small table beside it, which is told of every post and whose stream is read.
    pub(crate) mirror: Engine,
    pub(crate) mirrored: Table,
    /// The runtime of the engines, dropped last.
    _served: Runtime,
}

impl Stage {
    /// Creates an empty table with the functions over it. Authors with more than `threshold`
    /// followers are celebrities.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn new(threshold: usize) -> Result<Self> {
        let served = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let functions = Builder::new_current_thread().enable_all().build()?;
        let (clock, random) = (ManualClock::new(), SeededRandom::default());
        let engine = served.block_on(Engine::start_at(&clock));
        let mirror = served.block_on(Engine::start_at(&clock));
        let mirrored = Table::new(on_their_own(&mirror.client()), mirror.table_name());
        let client = on_their_own(&engine.client());
        let table = Table::new(client.clone(), engine.table_name());
        let (topic, fanout_queue, backfill, out_of_order) =
            (Published::default(), Outbox::default(), Outbox::default(), Outbox::default());
        let (pushes, crossings) = (Launches::default(), Launches::default());
        let celebrities = Celebrities {
            threshold: i64::try_from(threshold)?,
            push: true,
            fanout: pushes.clone(),
            promotion: crossings.clone(),
            demotion: crossings.clone(),
        };
        // Nobody is connected.
        let live = Outbox::default();
        let queues = Queues { fanout: fanout_queue.clone(), backfill: backfill.clone(), live };
        let stage = Self {
            derive: derive::DeriveHandler::new(
                table.clone(),
                topic.clone(),
                derive::Queues { out_of_order: out_of_order.clone(), live: Outbox::default() },
                clock.shared(),
            ),
            fanout: fanout::FanoutHandler::new(table.clone(), queues, celebrities, clock.shared()),
            segment: fanout_segment::FanoutSegmentHandler::new(table.clone(), backfill, clock.shared()),
            feed_read: feed_read::FeedReadHandler::new(table.clone(), CDN, clock.shared()),
            profile: profile::ProfileHandler::new(table.clone(), 1, CDN, clock.shared()),
            clock,
            random,
            table,
            client,
            topic,
            fanout_queue,
            out_of_order,
            pushes,
            crossings,
            functions,
            engine,
            mirror,
            mirrored,
            _served: served,
        };
        stage.stream(false)?;
        Ok(stage)
    }

    /// Switches the table's own stream on or off for future writes. It is off at first. With each write
    /// the engine looks through all that its stream holds, and a fan-out writes more than that bears.
    pub(crate) fn stream(&self, tells: bool) -> Result<()> {
        let view = tells.then_some(StreamViewType::NewAndOldImages);
        let stream =
            StreamSpecification::builder().stream_enabled(tells).set_stream_view_type(view).build()?;
        let update = self.client.update_table().table_name(self.engine.table_name());
        self.wait(update.stream_specification(stream).send())?;
        Ok(())
    }

    /// Loads a population into the table; returns the number of items.
    ///
    /// # Errors
    /// An item cannot be serialized.
    pub fn load(&self, population: &Population) -> Result<usize> {
        load(&self.engine, population)
    }

    /// Moves the clock forward.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Replaces `feed-read` by a new process with empty caches.
    pub fn forget_pages(&mut self) {
        self.feed_read =
            feed_read::FeedReadHandler::new(self.table.clone(), CDN, Arc::new(self.clock.clone()));
    }

    /// Runs one invocation.
    pub(crate) fn invoke<T>(&self, work: impl Future<Output = T>) -> Result<(T, Spent)> {
        let before = self.engine.usage();
        let (mut done, mut time) = (None, Duration::ZERO);
        let memory = allocation_counter::measure(|| {
            let started = Instant::now();
            done = Some(self.functions.block_on(metrics::counted(work)));
            time = started.elapsed();
        });
        let after = self.engine.usage();
        let (answer, counters) = done.ok_or("the invocation did not run")?;
        let spent = Spent {
            reads: after.read_units - before.read_units,
            writes: after.write_units - before.write_units,
            calls: after.requests - before.requests,
            time,
            memory: memory.bytes_max,
            counters,
        };
        Ok((answer, spent))
    }

    /// Waits for work that belongs to no function.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.functions.block_on(work)
    }

    /// Returns the first page of a reader's feed.
    ///
    /// # Errors
    /// The answer is not a page.
    pub fn feed(&self, reader: &Person) -> Result<Page> {
        let request = Request::to("GET /api/v1/feed").query("count", 20);
        let event: Value = request.by(&caller(reader), &self.clock).into();
        self.page(call(&self.feed_read, &self.clock, event))
    }

    /// Returns the first page of an author's photos, as `reader` sees them.
    ///
    /// # Errors
    /// The answer is not a page.
    pub fn timeline(&self, reader: &Person, author: &Person) -> Result<Page> {
        let request = Request::to("GET /api/v1/users/{user_id}/photos").path("user_id", author.id);
        let event: Value = request.query("count", 20).by(&caller(reader), &self.clock).into();
        self.page(call(&self.profile, &self.clock, event))
    }

    fn page(&self, answer: impl Future<Output = Answer>) -> Result<Page> {
        let (answer, spent) = self.invoke(answer)?;
        if answer.status != 200 {
            return Err(format!("{} {} instead of a page", answer.status, answer.code()).into());
        }
        let shown = answer.json.get("photos").and_then(Value::as_array).ok_or("a page without photos")?;
        let photos = shown.iter().map(|card| {
            let id = card.get("photo_id").and_then(Value::as_str).ok_or("a photo without an id")?;
            Ok(id.parse()?)
        });
        Ok(Page { photos: photos.collect::<Result<_>>()?, spent })
    }
}

fn caller(person: &Person) -> Caller {
    Caller { user_id: person.id, username: person.name.as_str().to_owned() }
}

/// Returns the same client with connections of its own, which live on the thread that uses it first.
fn on_their_own(client: &Client) -> Client {
    let connections = aws_smithy_http_client::Builder::new().build_http();
    Client::from_conf(client.config().to_builder().http_client(connections).build())
}
