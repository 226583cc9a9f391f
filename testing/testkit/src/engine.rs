//! The table engine, in the test's own process.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    StreamViewType, TimeToLiveSpecification,
};
use domain::Clock;
use dynoxide::Database;
use runtime::capacity::Capacity;
use runtime::stream::Record;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::clock::ManualClock;
use crate::fault::{Asked, Fault, Faults, Wire};
use crate::hold::{Held, Hold};
use crate::stream::Cursor;
use crate::usage::{Meter, Usage};

const TABLE: &str = "lambdagram-test";
/// Times a call is sent before the client gives up.
pub const ATTEMPTS: usize = 3;

/// A table engine that holds one empty table like the template's. Each test starts its own.
///
/// It has `DynamoDB`'s interface and semantics on SQLite, in memory, behind a loopback port.
pub struct Engine {
    client: Client,
    faults: Arc<Faults>,
    meter: Arc<Meter>,
    stream: Cursor,
    server: JoinHandle<()>,
}

impl Engine {
    /// Starts an engine that uses the machine's time.
    pub async fn start() -> Self {
        Self::serve(Database::memory().expect("an engine in memory")).await
    }

    /// Starts an engine whose stream records carry `clock`'s time.
    pub async fn start_at(clock: &ManualClock) -> Self {
        let clock = Arc::new(EngineClock(clock.clone()));
        Self::serve(Database::memory_with_clock(clock).expect("an engine in memory")).await
    }

    async fn serve(database: Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let address = listener.local_addr().expect("its address");
        let server = tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let (faults, meter) = (Arc::<Faults>::default(), Arc::<Meter>::default());
        let wire = Wire {
            client: aws_smithy_http_client::Builder::new().build_http(),
            faults: faults.clone(),
            meter: meter.clone(),
        };
        let retries = RetryConfig::standard()
            .with_max_attempts(u32::try_from(ATTEMPTS).expect("a small number"))
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(5));
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "testkit"))
            .endpoint_url(format!("http://{address}"))
            .http_client(wire)
            .retry_config(retries)
            .interceptor(Capacity::new(meter.clone()))
            .build();
        let client = Client::from_conf(config);
        create_table(&client).await;
        meter.reset();
        Self { client, faults, meter, stream: Cursor::new(database, TABLE), server }
    }

    /// Returns a client of the engine.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns a client that holds one request until it is released, and the hold.
    ///
    /// The held request is the one of `operation` that has `place` others before it.
    /// An empty `operation` means any.
    pub fn held_client(&self, operation: &'static str, place: usize) -> (Client, Hold) {
        let hold = Hold::new(Some(operation).filter(|operation| !operation.is_empty()), place);
        let config = self.client.config();
        let client = config.http_client().expect("every client has one");
        let held = Held { client, hold: hold.clone() };
        (Client::from_conf(config.to_builder().http_client(held).build()), hold)
    }

    /// Returns the table's name.
    pub fn table_name(&self) -> &'static str {
        TABLE
    }

    /// Returns the usage since the start or the last reset.
    pub fn usage(&self) -> Usage {
        self.meter.usage()
    }

    /// Resets the usage to zero.
    pub fn reset_usage(&self) {
        self.meter.reset();
    }

    /// Makes the next `times` requests of `operation` (such as `PutItem`) fail with `fault`.
    ///
    /// The client retries most faults. [`ATTEMPTS`] of them make a call fail.
    pub fn fail_next(&self, operation: &str, times: usize, fault: Fault) {
        self.faults.plan(operation, times, fault);
    }

    /// Makes every request fail as `rule` says, until [`Self::heal`]. Faults
    /// of [`Self::fail_next`] come first.
    pub fn fail_when(&self, rule: impl FnMut(&Asked<'_>) -> Option<Fault> + Send + 'static) {
        self.faults.rule(Some(Box::new(rule)));
    }

    /// Ends the rule of [`Self::fail_when`].
    pub fn heal(&self) {
        self.faults.rule(None);
    }

    /// Runs `work` until it ends or meets a [`Fault::Crash`]. Returns `None` after a crash.
    ///
    /// A crash stops `work` on the spot, and nothing more of it happens.
    pub async fn until_crash<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let crash = Arc::new(Notify::new());
        self.faults.watch(Some(crash.clone()));
        let outcome = tokio::select! {
            biased;
            done = work => Some(done),
            () = crash.notified() => None,
        };
        self.faults.watch(None);
        outcome
    }

    /// Returns the stream's records since the last call, in order, as Lambda delivers them.
    #[expect(clippy::unused_async, reason = "reading a stream is remote everywhere else")]
    pub async fn stream(&self) -> Vec<EventRecord> {
        self.stream.drain()
    }

    /// Returns how many writes the stream carries since the last call, but for the uses of quotas.
    pub async fn written(&self) -> usize {
        let records = self.stream().await;
        let is_use = |record: &EventRecord| format!("{:?}", record.change.keys.get("pk")).contains("RATE#");
        records.iter().filter(|record| !is_use(record)).count()
    }

    /// Returns the stream's records since the last call, in order, as a handler gets them.
    pub async fn records(&self) -> Vec<Record> {
        self.stream()
            .await
            .into_iter()
            .map(|record| Record::try_from(record).expect("a stream record"))
            .collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Creates the table with the keys, stream and expiry of the template.
async fn create_table(client: &Client) {
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    };
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewAndOldImages)
        .build()
        .unwrap();
    client
        .create_table()
        .table_name(TABLE)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .billing_mode(BillingMode::PayPerRequest)
        .stream_specification(stream)
        .send()
        .await
        .expect("the table is created");
    let expiry =
        TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build().unwrap();
    client
        .update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(expiry)
        .send()
        .await
        .expect("items may expire");
}

/// Adapts a test's clock to the engine's interface.
struct EngineClock(ManualClock);

impl dynoxide::storage_backend::Clock for EngineClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().seconds()).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0)).as_secs_f64()
    }
}

#[cfg(feature = "bulk")]
pub(crate) mod bulk;
#[cfg(test)]
mod tests;
