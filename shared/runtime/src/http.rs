//! The adapter between API Gateway (HTTP API, payload 2.0) and a handler, for the request and for
//! its reply or problem.
//!
//! Events are read as what they are, JSON with texts, and not with `lambda_http` or `aws_lambda_events`. The
//! first rebuilds a URL from the client's input, and panics where it cannot. The second refuses an event with
//! a control character in any header. Nothing of either is needed, because API Gateway has matched the route
//! already.

mod compression;
mod repeat;
mod request;
mod response;
mod viewer;

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use api::{Call, Problem, Reply};
use domain::Clock;
use domain::quota::Exceeded;
use futures::FutureExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse as Response;
use tracing::{Instrument, info_span};

use self::response::Conditions;
use crate::auth::Verifier;
use crate::failure::Chain;
use crate::metrics::Outcome;
use crate::{Aws, StartError, invocation, metrics};

pub use viewer::{OriginSecret, Viewer};

pub use repeat::Repeat;
pub use request::Request;

/// Most bytes of a body. Photos go directly to S3, so bodies are small JSON.
pub const MAX_BODY: usize = 256 * 1024;

/// A handler of requests.
pub trait Handler: Send + Sync {
    /// Answers one request.
    fn handle(&self, call: &Call) -> impl Future<Output = Result<Reply, Problem>> + Send;
}

/// Returns the problem of a route that the function does not serve.
pub fn unknown_route() -> Problem {
    Problem::not_found("route_not_found", "There is no such route.")
}

/// Counts a use that a quota refused, and returns its problem.
pub fn over_quota(exceeded: Exceeded) -> Problem {
    let Exceeded { quota, seconds } = exceeded;
    metrics::count(quota.metric, 1);
    Problem::rate_limited(quota.code, quota.detail, seconds)
}

/// Serves requests until Lambda stops the process. `verifier` identifies the caller.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl Handler, verifier: Verifier, aws: &Aws) -> Result<(), StartError> {
    serve(&handler, Some(&verifier), aws).await
}

/// Serves requests that need no token until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run_public(handler: impl Handler, aws: &Aws) -> Result<(), StartError> {
    serve(&handler, None, aws).await
}

async fn serve(handler: &impl Handler, verifier: Option<&Verifier>, aws: &Aws) -> Result<(), StartError> {
    let clock = aws.clock();
    let clock = clock.as_ref();
    invocation::serve(aws, |request: Request| async move {
        let response = answer(handler, verifier, clock, request).await;
        let status = u16::try_from(response.status_code).unwrap_or(500);
        (Ok(response), Outcome { failures: usize::from(status >= 500), status: Some(status), records: None })
    })
    .await
}

/// Answers one request.
pub async fn answer(
    handler: &impl Handler,
    verifier: Option<&Verifier>,
    clock: &dyn Clock,
    request: Request,
) -> Response {
    let (request_id, route) = (request.id(), request.route());
    let conditions = Conditions::of(&request);
    let span = info_span!("request", request_id, route, user_id = tracing::field::Empty);
    async {
        let answered = match request::call(request, verifier, clock).await {
            Ok(call) => {
                if let Ok(caller) = call.caller() {
                    tracing::Span::current().record("user_id", tracing::field::display(caller.user_id));
                }
                // The hook logs a panic, and the client still gets a response.
                // The future is on the heap, because it is large and its type is too deep for the compiler.
                let handled = AssertUnwindSafe(Box::pin(handler.handle(&call))).catch_unwind().await;
                handled.unwrap_or_else(|_| Err(Problem::internal(Panicked)))
            }
            Err(problem) => Err(problem),
        };
        match answered {
            Ok(reply) => conditions.reply(&reply),
            Err(problem) => {
                log(&problem);
                conditions.problem(&problem, &request_id)
            }
        }
    }
    .instrument(span)
    .await
}

/// The handler panicked.
#[derive(Clone, Copy, Debug)]
struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler panicked")
    }
}

impl std::error::Error for Panicked {}

/// Logs a problem, once. Its cause goes into the log and nowhere else.
fn log(problem: &Problem) {
    let (status, code) = (problem.status(), problem.code());
    match problem.source() {
        Some(source) => tracing::error!(status, code, error = %Chain(source), "request failed"),
        None => tracing::debug!(status, code, "request refused"),
    }
}

#[cfg(test)]
mod tests;
