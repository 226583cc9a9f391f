//! Metrics in CloudWatch's embedded format: one JSON line on stdout for each invocation.
//!
//! CloudWatch turns `latency`, `errors`, `cold_starts`, the consumed capacity and the counters of [`count`]
//! into metrics of the function. Everything else on the line (status, invocation id, capacity by table call)
//! stays a field. Logs Insights can query it without the price of a metric.
//!
//! The format is one small JSON object, so this module writes it directly. `metrics_cloudwatch_embedded`
//! would take about as many lines. It would bring the `metrics` facade and a process-wide recorder,
//! which mixes an invocation's figures with those of a concurrent test. It has no room for the nested fields.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Map, Value, json};

use crate::capacity::{Call, Sink};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "lambdagram";

tokio::task_local! {
    static CURRENT: Arc<Tally>;
}

/// Adds `n` to a counter of this invocation, such as `metrics::count("photos_ready", 1)`.
///
/// Outside an invocation (in tests of the logic alone) it does nothing. Work in another task
/// (`tokio::spawn`) is outside too.
pub fn count(name: &'static str, n: u64) {
    let _ = CURRENT.try_with(|tally| {
        let mut figures = tally.lock();
        let counter = figures.counters.entry(name).or_default();
        *counter = counter.saturating_add(n);
    });
}

/// Adds a value in milliseconds to those of a metric of this invocation, of which CloudWatch knows percentiles. At most
/// 100 are kept, as the format takes no more.
pub fn sample(name: &'static str, milliseconds: i64) {
    const MOST: usize = 100;
    let _ = CURRENT.try_with(|tally| {
        let mut figures = tally.lock();
        let samples = figures.samples.entry(name).or_default();
        if samples.len() < MOST {
            samples.push(milliseconds);
        }
    });
}

/// Runs `work` with this tally as its invocation's.
pub(crate) async fn scope<T>(tally: Arc<Tally>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(tally, work).await
}

/// Runs `work` as an invocation of its own, and returns its answer and its counters.
///
/// It is for tests and measurements, which run outside an invocation.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, BTreeMap<&'static str, u64>) {
    let tally = Arc::<Tally>::default();
    let answer = scope(tally.clone(), work).await;
    let counters = std::mem::take(&mut tally.lock().counters);
    (answer, counters)
}

/// The outcome of an invocation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// The number of failures: a 5xx, each failed record, a failed task.
    pub(crate) failures: usize,
    /// The HTTP status, for a request.
    pub(crate) status: Option<u16>,
    /// The number of records, for a batch.
    pub(crate) records: Option<usize>,
}

/// The figures of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Figures>);

#[derive(Debug, Default)]
struct Figures {
    counters: BTreeMap<&'static str, u64>,
    samples: BTreeMap<&'static str, Vec<i64>>,
    calls: BTreeMap<String, Spent>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    calls: u32,
    attempts: u32,
    read_units: f64,
    write_units: f64,
}

impl Tally {
    fn lock(&self) -> std::sync::MutexGuard<'_, Figures> {
        // Plain numbers are consistent even if a holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sink that adds each table call to the figures of its invocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InvocationSink;

impl Sink for InvocationSink {
    fn record(&self, call: &Call) {
        let _ = CURRENT.try_with(|tally| {
            let mut figures = tally.lock();
            let spent = figures.calls.entry(call.operation.clone()).or_default();
            spent.calls = spent.calls.saturating_add(1);
            spent.attempts = spent.attempts.saturating_add(call.attempts);
            spent.read_units += call.read_units;
            spent.write_units += call.write_units;
        });
    }
}

/// The content of an invocation's line.
pub(crate) struct Document<'a> {
    pub(crate) function: &'static str,
    pub(crate) invocation_id: &'a str,
    pub(crate) trace: Option<&'a str>,
    pub(crate) cold_start: bool,
    pub(crate) latency: Duration,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) tally: &'a Tally,
}

impl Document<'_> {
    /// Prints the line. If stdout is closed, the metrics are lost and the invocation is not.
    pub(crate) fn print(&self) {
        let _ = writeln!(std::io::stdout().lock(), "{}", self.json());
    }

    fn json(&self) -> Value {
        let figures = self.tally.lock();
        let mut line = Map::new();
        let mut metrics = Vec::new();
        let mut metric = |name: &str, unit: &str, value: Value| {
            metrics.push(json!({ "Name": name, "Unit": unit }));
            line.insert(name.to_owned(), value);
        };
        metric("latency", "Milliseconds", json!(self.latency.as_secs_f64() * 1000.0));
        metric("errors", "Count", json!(self.outcome.failures));
        metric("cold_starts", "Count", json!(u8::from(self.cold_start)));
        if let Some(status) = self.outcome.status {
            metric("client_errors", "Count", json!(u8::from((400..500).contains(&status))));
        }
        if let Some(records) = self.outcome.records {
            metric("records", "Count", json!(records));
        }
        if !figures.calls.is_empty() {
            metric(
                "read_units",
                "Count",
                json!(figures.calls.values().map(|call| call.read_units).sum::<f64>()),
            );
            metric(
                "write_units",
                "Count",
                json!(figures.calls.values().map(|call| call.write_units).sum::<f64>()),
            );
            metric("table_calls", "Count", json!(figures.calls.values().map(|call| call.calls).sum::<u32>()));
        }
        for (name, n) in &figures.counters {
            metric(name, "Count", json!(n));
        }
        for (name, samples) in &figures.samples {
            metric(name, "Milliseconds", json!(samples));
        }
        line.insert("function".to_owned(), json!(self.function));
        line.insert("invocation_id".to_owned(), json!(self.invocation_id));
        if let Some(trace) = self.trace {
            line.insert("trace".to_owned(), json!(trace));
        }
        if let Some(status) = self.outcome.status {
            line.insert("status".to_owned(), json!(status));
        }
        let calls: Map<String, Value> =
            figures.calls.iter().map(|(name, spent)| (name.clone(), spent.json())).collect();
        line.insert("calls".to_owned(), Value::Object(calls));
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": self.at.0,
                "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics }],
            }),
        );
        Value::Object(line)
    }
}

impl Spent {
    fn json(self) -> Value {
        json!({
            "calls": self.calls,
            "attempts": self.attempts,
            "read_units": self.read_units,
            "write_units": self.write_units,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &str, read_units: f64, write_units: f64) -> Call {
        Call { operation: operation.to_owned(), attempts: 1, read_units, write_units, failed: false }
    }

    #[tokio::test]
    async fn a_line_declares_each_metric_it_carries() {
        let tally = Arc::new(Tally::default());
        scope(tally.clone(), async {
            count("photos_ready", 2);
            count("photos_ready", 1);
            sample("push_age", 40);
            sample("push_age", 1_000);
            InvocationSink.record(&call("Query", 2.5, 0.0));
            InvocationSink.record(&call("PutItem", 0.0, 1.0));
            InvocationSink.record(&call("PutItem", 0.0, 1.0));
        })
        .await;
        let outcome = Outcome { failures: 0, status: Some(201), records: None };
        let line = Document {
            function: "like",
            invocation_id: "r-1",
            trace: Some("Root=1-a"),
            cold_start: true,
            latency: Duration::from_micros(12_500),
            at: Timestamp(1_770_000_000_000),
            outcome,
            tally: &tally,
        }
        .json();

        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "lambdagram");
        assert_eq!(directive["Dimensions"], json!([["function"]]));
        for metric in directive["Metrics"].as_array().unwrap() {
            let value = &line[metric["Name"].as_str().unwrap()];
            assert!(value.is_number() || value.is_array(), "{metric}");
        }
        assert_eq!(line["_aws"]["Timestamp"], 1_770_000_000_000_i64);
        assert_eq!(line["latency"], 12.5);
        assert_eq!(line["cold_starts"], 1);
        assert_eq!(line["photos_ready"], 3);
        assert_eq!(line["push_age"], json!([40, 1_000]));
        assert_eq!((&line["read_units"], &line["write_units"]), (&json!(2.5), &json!(2.0)));
        assert_eq!(line["calls"]["PutItem"]["calls"], 2);
        assert_eq!(line["status"], 201);
    }

    #[tokio::test]
    async fn an_invocation_counts_only_what_it_does_itself() {
        count("photos_ready", 1);
        let elsewhere = tokio::spawn(async { count("photos_ready", 2) });
        let ((), counters) = counted(async {
            count("photos_failed", 4);
            elsewhere.await.unwrap();
        })
        .await;
        count("photos_ready", 8);
        assert_eq!(counters, BTreeMap::from([("photos_failed", 4)]));
    }
}
