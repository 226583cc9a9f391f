//! One invocation with its span, metrics and trace header, and the loop that asks Lambda for the next one.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use domain::Clock;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{Instrument, info_span};

use crate::metrics::{Outcome, Tally};
use crate::{Aws, MissingVariables, StartError, metrics, trace, warm};

/// Variables without which the Lambda runtime crate panics. They are checked before, to name
/// those that are missing.
const LAMBDA_VARIABLES: [&str; 4] = [
    "aws_lambda_function_name",
    "aws_lambda_function_memory_size",
    "aws_lambda_function_version",
    "aws_lambda_runtime_api",
];

/// Serves invocations until Lambda stops the process. `work` answers one event.
pub(crate) async fn serve<Event, Answer, Working>(
    aws: &Aws,
    work: impl Fn(Event) -> Working,
) -> Result<(), StartError>
where
    Event: DeserializeOwned,
    Answer: Serialize,
    Working: Future<Output = (Result<Answer, Diagnostic>, Outcome)>,
{
    let mut missing = MissingVariables::default();
    let present = LAMBDA_VARIABLES.map(|name| missing.read::<String>(name, crate::config::environment));
    if present.contains(&None) {
        return Err(missing.into());
    }
    warm::finished(aws).await;
    let cold = AtomicBool::new(true);
    let (cold, work) = (&cold, &work);
    let service = service_fn(move |event: LambdaEvent<Event>| async move {
        let cold_start = cold.swap(false, Ordering::Relaxed);
        let invocation = Invocation { function: aws.function(), context: event.context, cold_start };
        invocation.run(aws.clock().as_ref(), work(event.payload)).await
    });
    // On the heap, because the whole function is in this future and every caller would
    // hold a copy of its size.
    Box::pin(Runtime::new(service).run()).await.map_err(StartError::Runtime)
}

/// The context of one invocation.
struct Invocation {
    function: &'static str,
    context: Context,
    cold_start: bool,
}

impl Invocation {
    /// Runs the work under its span and trace header, then prints its metrics.
    async fn run<Answer>(
        self,
        clock: &dyn Clock,
        work: impl Future<Output = (Result<Answer, Diagnostic>, Outcome)>,
    ) -> Result<Answer, Diagnostic> {
        let span =
            info_span!("invocation", function = self.function, invocation_id = %self.context.request_id);
        let tally = Arc::new(Tally::default());
        let started = Instant::now();
        let work = trace::scope(self.context.xray_trace_id.clone(), work).instrument(span);
        let (answer, outcome) = metrics::scope(tally.clone(), work).await;
        let document = metrics::Document {
            function: self.function,
            invocation_id: &self.context.request_id,
            trace: self.context.xray_trace_id.as_deref(),
            cold_start: self.cold_start,
            latency: started.elapsed(),
            at: clock.now(),
            outcome,
            tally: &tally,
        };
        document.print();
        answer
    }
}
