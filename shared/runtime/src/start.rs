//! The start of a function: logs, the one HTTP client, AWS configuration, a warm connection.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use domain::{Clock, Randomness};
use tokio::task::JoinHandle;

use crate::capacity::Capacity;
use crate::failure::Chain;
use crate::metrics::InvocationSink;
use crate::{MissingVariables, OsRandomness, SystemClock, config, log, warm};

/// Longest wait for a connection. Services are milliseconds away. A connection that takes longer is given up,
/// and a retry goes to another address.
const CONNECT: Duration = Duration::from_secs(1);
/// Attempts for each call, the first included.
const ATTEMPTS: u32 = 4;

/// The timeouts and retries of the AWS clients, by what waits for them.
#[derive(Clone, Copy)]
enum CallProfile {
    /// A client waits for the response.
    Request,
    /// A queue waits, and retries the message if it fails.
    Worker,
    /// All later records of the stream wait.
    Stream,
}

impl CallProfile {
    fn timeouts(self) -> TimeoutConfig {
        let (attempt, operation) = match self {
            Self::Request | Self::Stream => (Duration::from_secs(2), Duration::from_secs(5)),
            // Responses can be objects of 50 MB.
            Self::Worker => (Duration::from_secs(15), Duration::from_secs(40)),
        };
        TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(attempt)
            .operation_timeout(operation)
            .build()
    }

    /// Returns the retries of all clients.
    ///
    /// Adaptive retries slow down *all* calls of a client when some are throttled.
    /// That is right for a worker, which should then send less. `DynamoDB` throttles by partition, though.
    /// A request must not wait because another partition is hot. So requests use standard retries,
    /// each call for itself, and so does the stream.
    fn retries(self) -> RetryConfig {
        match self {
            Self::Request | Self::Stream => RetryConfig::standard(),
            Self::Worker => RetryConfig::adaptive(),
        }
        .with_max_attempts(ATTEMPTS)
        .with_max_backoff(Duration::from_secs(2))
    }

    /// Returns the retries of the table's client.
    ///
    /// A stream's function gives up early on a contended item, because it can send the
    /// change to a queue instead.
    fn table_retries(self) -> RetryConfig {
        match self {
            Self::Request | Self::Worker => self.retries(),
            Self::Stream => {
                self.retries().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50))
            }
        }
    }
}

/// Starts a function that answers requests.
///
/// Logs go to stdout as JSON, and AWS clients get their configuration. A connection to the table is being
/// opened when this returns.
///
/// # Errors
/// The environment names no region. Anything else that AWS lacks shows at the first call.
pub async fn start(function: &'static str) -> Result<Aws, StartError> {
    begin(function, CallProfile::Request).await
}

/// Starts a function that serves a queue, a stream or a schedule. As [`start`], with longer timeouts and with
/// retries that send less when AWS throttles.
///
/// # Errors
/// As [`start`].
pub async fn start_worker(function: &'static str) -> Result<Aws, StartError> {
    begin(function, CallProfile::Worker).await
}

/// Starts a function that serves a stream. As [`start_worker`], but its calls fail early,
/// because all later records wait.
///
/// # Errors
/// As [`start`].
pub async fn start_stream(function: &'static str) -> Result<Aws, StartError> {
    begin(function, CallProfile::Stream).await
}

async fn begin(function: &'static str, profile: CallProfile) -> Result<Aws, StartError> {
    log::init();
    // All service clients share one HTTP client. Each would otherwise make its own, with its own TLS set-up
    // and connections. It uses ring, because aws-lc gathers entropy for 30 ms of CPU in every new process.
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    // Region, credentials and endpoints (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB and so on) come
    // from the environment.
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(profile.timeouts())
        .retry_config(profile.retries())
        .load()
        .await;
    let mut missing = MissingVariables::default();
    if missing.read::<String>("aws_region", |_| sdk.region().map(ToString::to_string)).is_none() {
        return Err(missing.into());
    }
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::config::Builder::from(&sdk)
            .retry_config(profile.table_retries())
            .interceptor(Capacity::new(Arc::new(InvocationSink)))
            .build(),
    );
    let warming = Mutex::new(Some(tokio::spawn(warm::table(dynamodb.clone()))));
    let aws = Aws {
        function,
        dynamodb,
        kms: aws_sdk_kms::Client::new(&sdk),
        path_style: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
            .iter()
            .any(|name| config::environment(name).is_some()),
        sdk,
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandomness),
        warming,
    };
    Ok(aws)
}

/// The dependencies that a function gets at its start: AWS configuration and clients, clock and randomness.
pub struct Aws {
    function: &'static str,
    sdk: SdkConfig,
    dynamodb: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
    path_style: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
    warming: Mutex<Option<JoinHandle<()>>>,
}

impl Aws {
    /// Returns the function's name, which is also its folder's.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Returns the table's client. The capacity of its calls goes to the invocation's metrics.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.clone()
    }

    /// Returns the key service's client.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        self.kms.clone()
    }

    /// Returns the configuration for the clients of other services. All share one HTTP client.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Returns whether S3 expects the bucket in the path and not in the host name.
    /// A local cloud does, as it has one host.
    pub fn path_style(&self) -> bool {
        self.path_style
    }

    /// Returns the machine's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Returns the operating system's randomness.
    pub fn random(&self) -> Arc<dyn Randomness> {
        self.random.clone()
    }

    pub(crate) fn warming(&self) -> Option<JoinHandle<()>> {
        self.warming.lock().ok()?.take()
    }
}

/// Why a function cannot start.
#[derive(thiserror::Error)]
pub enum StartError {
    /// The environment lacks settings.
    #[error(transparent)]
    Config(#[from] MissingVariables),
    /// A client or resource of the function cannot be set up.
    #[error("{what} cannot be set up")]
    Connect {
        /// The client or resource.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Lambda's runtime interface failed.
    #[error("the Lambda runtime interface failed")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes the chain of causes. `main` returns this error, and Rust shows it to the operator by `Debug`.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Chain(self), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_retry_each_call_alone_and_workers_slow_down() {
        assert_eq!(CallProfile::Request.retries().mode(), aws_config::retry::RetryMode::Standard);
        assert_eq!(CallProfile::Worker.retries().mode(), aws_config::retry::RetryMode::Adaptive);
        assert_eq!(CallProfile::Request.timeouts().connect_timeout(), Some(CONNECT));
        assert!(
            CallProfile::Request.timeouts().operation_timeout()
                < CallProfile::Worker.timeouts().operation_timeout()
        );
    }

    #[test]
    fn the_tables_client_gives_up_early_for_a_stream() {
        let table = CallProfile::Stream.table_retries();
        assert_eq!(table.mode(), aws_config::retry::RetryMode::Standard);
        assert!(table.initial_backoff() * table.max_attempts() < Duration::from_millis(200));
        assert_eq!(CallProfile::Worker.table_retries().max_attempts(), ATTEMPTS);
    }

    #[test]
    fn a_start_error_shows_its_causes() {
        let missing = crate::config::MissingVariables::default();
        let error = StartError::Runtime(Box::new(StartError::Connect {
            what: "the mill",
            source: Box::new(missing),
        }));
        assert!(
            format!("{error:?}")
                .starts_with("the Lambda runtime interface failed: the mill cannot be set up")
        );
    }
}
