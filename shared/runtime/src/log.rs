//! Logs: one JSON object a line, as CloudWatch Logs Insights reads them.
//!
//! `timestamp`, `level`, `message` and an event's own fields are at the top. `spans` holds the event's
//! context. The first span is the invocation (`spans.0.function`, `spans.0.invocation_id`).
//! The second is the request (`spans.1.request_id`, which the client sees in a problem, `route`,
//! `user_id`) or the queue's record (`spans.1.message_id`). A body, a token, a password or an e-mail
//! address is never a field.

use std::io;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Sends all logs to stdout as JSON. `RUST_LOG` sets the level; it is `info` when the variable
/// is absent or invalid.
pub(crate) fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber(filter, io::stdout));
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(panic = %panic, "panicked");
    }));
}

/// Crates that put whole events, requests and responses into their debug and trace output.
const VERBOSE: [&str; 4] = ["aws_", "h2", "hyper", "lambda_runtime"];

/// Returns whether an event is free of bodies, which hold people's words and secrets.
/// `RUST_LOG` cannot change this.
fn without_bodies(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !VERBOSE.iter().any(|name| metadata.target().starts_with(name))
}

fn subscriber<W>(filter: EnvFilter, writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_writer(writer);
    Registry::default().with(lines.with_filter(filter).with_filter(filter_fn(without_bodies)))
}

#[cfg(test)]
pub(crate) mod capture {
    //! Captures logs, for tests.

    use std::sync::{Arc, Mutex};

    use super::*;

    /// The lines logged so far.
    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        /// Captures the logs of this thread until the guard is dropped.
        pub(crate) fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
            let lines = Self::default();
            let writer = lines.clone();
            let guard =
                tracing::subscriber::set_default(subscriber(EnvFilter::new("trace"), move || writer.clone()));
            (lines, guard)
        }

        /// Returns each line as JSON.
        pub(crate) fn json(&self) -> Vec<serde_json::Value> {
            String::from_utf8(self.0.lock().unwrap().clone())
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::capture::Lines;

    #[test]
    fn an_event_is_one_json_line_with_the_fields_of_its_spans() {
        let (lines, guard) = Lines::capture();
        let invocation = tracing::info_span!("invocation", function = "like");
        let request = tracing::info_span!(parent: &invocation, "request", user_id = tracing::field::Empty);
        request.record("user_id", 42);
        request.in_scope(|| tracing::warn!(code = "slow", "took long"));
        drop(guard);
        let [line] = lines.json().try_into().unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "took long");
        assert_eq!(line["code"], "slow");
        assert_eq!(line["spans"][0]["function"], "like");
        assert_eq!(line["spans"][1]["user_id"], 42);
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn bodies_are_not_logged_at_any_level() {
        let (lines, guard) = Lines::capture();
        tracing::trace!(target: "lambda_runtime::layers", body = "secret", "raw event");
        tracing::debug!(target: "aws_smithy_runtime::client", request = "secret", "transmitting");
        tracing::warn!(target: "aws_config", "no region");
        tracing::trace!("ours");
        drop(guard);
        let messages: Vec<_> = lines.json().iter().map(|line| line["message"].clone()).collect();
        assert_eq!(messages, ["no region", "ours"]);
    }
}
