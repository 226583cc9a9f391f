//! Starting workflows. A function hands over work that is long, rare and worth watching step by step.

use std::future::Future;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use serde::Serialize;

use crate::{Aws, trace};

/// A launcher of workflows.
pub trait Launcher: Send + Sync {
    /// Starts the execution `name` once. It does nothing when the name was used before.
    fn launch<I: Serialize + Sync>(
        &self,
        name: &str,
        input: &I,
    ) -> impl Future<Output = Result<(), LaunchError>> + Send;
}

/// A workflow was not started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the workflow")]
pub struct LaunchError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl LaunchError {
    /// Returns the error with its cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A state machine. Each execution carries the trace header of the work that starts it.
#[derive(Clone, Debug)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    /// Returns the state machine `arn`.
    pub fn connect(aws: &Aws, arn: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), arn)
    }

    /// Returns the state machine `arn`, reached through `client`.
    pub fn new(client: Client, arn: &str) -> Self {
        Self { client, arn: arn.to_owned() }
    }
}

impl Launcher for StateMachine {
    async fn launch<I: Serialize + Sync>(&self, name: &str, input: &I) -> Result<(), LaunchError> {
        let input = serde_json::to_string(input).map_err(LaunchError::new)?;
        let request = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(name)
            .input(input)
            .set_trace_header(trace::current());
        match request.send().await {
            Ok(_) => Ok(()),
            // Names are kept for 90 days. An earlier call has started this execution already.
            Err(error)
                if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(())
            }
            Err(error) => Err(LaunchError::new(error)),
        }
    }
}
