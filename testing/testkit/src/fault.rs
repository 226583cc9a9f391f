//! Faults on the wire between the SDK's client and the table engine.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::usage::{Meter, WRITES};

/// The way in which a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused, because the partition has no capacity left. The client retries.
    Throttled,
    /// Refused, because the table gets too many requests. The client retries.
    RateLimited,
    /// Refused, because another transaction holds an item. The transaction is cancelled,
    /// and the client does not retry.
    Conflict,
    /// Refused, because the service has an internal error. The client retries.
    Unavailable,
    /// A batch of which nothing is done. All of it comes back as unprocessed.
    Unprocessed,
    /// Done, but the connection breaks before the answer. The client retries, so it happens twice.
    LostAnswer,
    /// Done, but the caller dies before it sees the answer. Nothing retries.
    Crash,
}

/// Returns a rule that kills the caller at its `n`-th write.
pub fn dies_at(n: usize) -> impl FnMut(&Asked<'_>) -> Option<Fault> + Send {
    let mut writes = 0;
    move |asked| {
        writes += usize::from(asked.writes());
        (asked.writes() && writes == n).then_some(Fault::Crash)
    }
}

/// A request on its way to the table.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    operation: &'a str,
    body: &'a Value,
}

impl Asked<'_> {
    /// Returns the operation's name, such as `PutItem`.
    pub fn operation(&self) -> &str {
        self.operation
    }

    /// Returns whether the request may change items.
    pub fn writes(&self) -> bool {
        WRITES.contains(&self.operation)
    }

    /// Returns whether the request names an item of this partition, alone or among others.
    pub fn touches(&self, partition: &str) -> bool {
        fn within(value: &Value, partition: &str) -> bool {
            match value {
                Value::Object(fields) => fields.iter().any(|(name, value)| {
                    let key = matches!(name.as_str(), "pk" | ":pk") && value["S"] == partition;
                    key || within(value, partition)
                }),
                Value::Array(values) => values.iter().any(|value| within(value, partition)),
                _ => false,
            }
        }
        within(self.body, partition)
    }
}

/// Decides for each request whether and how it fails.
type Rule = Box<dyn FnMut(&Asked<'_>) -> Option<Fault> + Send>;

/// The faults that tests have planned.
#[derive(Default)]
pub(crate) struct Faults {
    /// Faults by operation.
    planned: Mutex<HashMap<String, Vec<Fault>>>,
    rule: Mutex<Option<Rule>>,
    /// Is notified of a crash.
    watcher: Mutex<Option<Arc<Notify>>>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("planned", &self.planned).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Faults {
    /// Makes the next `times` requests of `operation` fail so, after those already planned.
    pub(crate) fn plan(&self, operation: &str, times: usize, fault: Fault) {
        let mut planned = lock(&self.planned);
        planned.entry(operation.to_owned()).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// Replaces the rule that decides on requests without a planned fault.
    pub(crate) fn rule(&self, rule: Option<Rule>) {
        *lock(&self.rule) = rule;
    }

    /// Replaces whoever is notified of crashes.
    pub(crate) fn watch(&self, watcher: Option<Arc<Notify>>) {
        *lock(&self.watcher) = watcher;
    }

    fn next(&self, operation: &str, request: &HttpRequest) -> Option<Fault> {
        let planned = lock(&self.planned)
            .get_mut(operation)
            .and_then(|queue| if queue.is_empty() { None } else { Some(queue.remove(0)) });
        planned.or_else(|| {
            let mut rule = lock(&self.rule);
            let rule = rule.as_mut()?;
            rule(&Asked { operation, body: &body(request) })
        })
    }

    /// Notifies the watcher and never returns, so that the caller dies. Without a watcher nothing happens.
    async fn crash(&self) {
        let watcher = lock(&self.watcher).clone();
        if let Some(watcher) = watcher {
            watcher.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

fn body(request: &HttpRequest) -> Value {
    request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

/// The wire: an HTTP client that counts round trips and applies planned faults.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) client: SharedHttpClient,
    pub(crate) faults: Arc<Faults>,
    pub(crate) meter: Arc<Meter>,
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Line { connector, faults: self.faults.clone(), meter: self.meter.clone() })
    }
}

#[derive(Debug)]
struct Line {
    connector: SharedHttpConnector,
    faults: Arc<Faults>,
    meter: Arc<Meter>,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let fault = operation.and_then(|operation| self.faults.next(operation, &request));
        let (meter, faults) = (self.meter.clone(), self.faults.clone());
        let trip = meter.depart();
        if let Some(answer) = fault.and_then(|fault| refusal(fault, &request)) {
            meter.arrive(trip);
            return HttpConnectorFuture::ready(Ok(answer));
        }
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            meter.arrive(trip);
            match fault {
                Some(Fault::LostAnswer) => Err(ConnectorError::io("the connection broke".into())),
                Some(Fault::Crash) => {
                    faults.crash().await;
                    Err(ConnectorError::other("the process is gone".into(), None))
                }
                _ => answer,
            }
        })
    }
}

/// Returns the answer to a request that is refused without effect.
fn refusal(fault: Fault, request: &HttpRequest) -> Option<HttpResponse> {
    let asked = body(request);
    let (status, body) = match fault {
        Fault::Throttled => {
            (400, error("ProvisionedThroughputExceededException", "Throughput exceeds the current capacity"))
        }
        Fault::RateLimited => (400, error("ThrottlingException", "Rate exceeded")),
        Fault::Unavailable => (500, error("InternalServerError", "Internal server error")),
        Fault::Conflict => (400, conflict(&asked)),
        Fault::Unprocessed if asked["RequestItems"].is_object() => {
            let all = asked["RequestItems"].clone();
            // The entries show which operation it is: a write's are a list.
            let writes = all.as_object().is_some_and(|tables| tables.values().all(Value::is_array));
            (
                200,
                if writes {
                    json!({ "UnprocessedItems": all })
                } else {
                    json!({ "Responses": {}, "UnprocessedKeys": all })
                },
            )
        }
        Fault::Unprocessed => panic!("only a batch can come back unprocessed"),
        Fault::LostAnswer | Fault::Crash => return None,
    };
    let mut response =
        HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Some(response)
}

fn conflict(asked: &Value) -> Value {
    let Some(items) = asked["TransactItems"].as_array() else {
        return error("TransactionConflictException", "Transaction is ongoing for the item");
    };
    let reasons: Vec<Value> = (0..items.len())
        .map(|place| {
            if place == 0 {
                json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" })
            } else {
                json!({ "Code": "None" })
            }
        })
        .collect();
    let mut body = error(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons",
    );
    body["CancellationReasons"] = Value::Array(reasons);
    body
}

fn error(name: &str, message: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": message })
}
