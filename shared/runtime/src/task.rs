//! The adapter for Step Functions tasks and schedules: one input, one output, and failures with names that a
//! state machine can catch.

use std::error::Error;
use std::future::Future;

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Chain;
use crate::metrics::Outcome;
use crate::{Aws, StartError, invocation};

/// The error name of an input that the task cannot read.
pub const BAD_INPUT: &str = "BadInput";

/// A failure with a name. Lambda would otherwise name it after its Rust type, which changes with refactoring.
pub trait TaskError: Error + Send + Sync + 'static {
    /// Returns the name, as a state machine's `ErrorEquals` has it.
    /// It is part of the contract with the workflow.
    fn name(&self) -> &'static str;
}

/// A handler of tasks.
pub trait Handler: Send + Sync {
    /// The task's input.
    type Input: DeserializeOwned + Send;
    /// The task's output.
    type Output: Serialize;
    /// The task's failure.
    type Error: TaskError;

    /// Does the task. It must be idempotent, because a task may be retried.
    fn handle(&self, input: Self::Input) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// Serves tasks until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl Handler, aws: &Aws) -> Result<(), StartError> {
    let handler = &handler;
    invocation::serve(aws, |input: Value| async move {
        let answer = answer(handler, input).await;
        let failures = usize::from(answer.is_err());
        (answer, Outcome { failures, ..Outcome::default() })
    })
    .await
}

/// Logs and returns the error of an input that a task cannot read. The parser's message is left out, because it quotes
/// the input.
pub(crate) fn bad_input() -> Diagnostic {
    let error_message = "the input is not one of this task".to_owned();
    tracing::error!("{error_message}");
    Diagnostic { error_type: BAD_INPUT.to_owned(), error_message }
}

/// Does one task.
///
/// # Errors
/// The task's own, by its name; [`BAD_INPUT`] for an input that the task cannot read.
pub async fn answer<H: Handler>(handler: &H, input: Value) -> Result<H::Output, Diagnostic> {
    let input = serde_json::from_value(input).map_err(|_| bad_input())?;
    // Boxed, because a task's future nested in Lambda's own is too deep for the compiler.
    Box::pin(handler.handle(input)).await.map_err(|error| {
        tracing::error!(name = error.name(), error = %Chain(&error), "task failed");
        Diagnostic { error_type: error.name().to_owned(), error_message: error.to_string() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0} is odd")]
    struct Odd(u32);
    impl TaskError for Odd {
        fn name(&self) -> &'static str {
            "Odd"
        }
    }

    struct Halve;
    impl Handler for Halve {
        type Input = u32;
        type Output = u32;
        type Error = Odd;
        async fn handle(&self, input: u32) -> Result<u32, Odd> {
            if input.is_multiple_of(2) { Ok(input / 2) } else { Err(Odd(input)) }
        }
    }

    #[tokio::test]
    async fn failures_have_stable_names() {
        assert_eq!(answer(&Halve, Value::from(4)).await.unwrap(), 2);
        let odd = answer(&Halve, Value::from(3)).await.unwrap_err();
        assert_eq!((odd.error_type.as_str(), odd.error_message.as_str()), ("Odd", "3 is odd"));
        let bad = answer(&Halve, Value::from("three")).await.unwrap_err();
        assert_eq!(bad.error_type, BAD_INPUT);
    }
}
