//! Start of a function: logs, the one HTTP client, AWS configuration, a warm connection.

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

use crate::auth::{KeyError, Verifier};
use crate::capacity::Capacity;
use crate::failure::Chain;
use crate::metrics::InvocationSink;
use crate::{MissingVariables, OsRandomness, SystemClock, config, log, warm};

/// Longest wait for a connection. Services are milliseconds away; what takes longer is lost, and a retry goes to
/// another address.
const CONNECT: Duration = Duration::from_secs(1);
/// Attempts per call, the first included.
const ATTEMPTS: u32 = 4;

/// How patient the AWS clients are.
#[derive(Clone, Copy)]
enum Patience {
    /// Somebody is waiting for the answer.
    Request,
    /// A queue is waiting, and takes the work back if it fails.
    Worker,
    /// Everything behind it in the stream is waiting.
    Stream,
}

impl Patience {
    fn timeouts(self) -> TimeoutConfig {
        let (attempt, operation) = match self {
            Self::Request | Self::Stream => (Duration::from_secs(2), Duration::from_secs(5)),
            // Objects of 20 MB are among the answers.
            Self::Worker => (Duration::from_secs(15), Duration::from_secs(40)),
        };
        TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(attempt)
            .operation_timeout(operation)
            .build()
    }

    /// Adaptive retries slow down *all* calls of a client when some are throttled. That is right for a worker, which
    /// is to press less. `DynamoDB` throttles by partition, though: a request for anything else must not wait
    /// because one photo runs hot, so requests retry each for itself, and so does what follows from the stream.
    fn retries(self) -> RetryConfig {
        match self {
            Self::Request | Self::Stream => RetryConfig::standard(),
            Self::Worker => RetryConfig::adaptive(),
        }
        .with_max_attempts(ATTEMPTS)
        .with_max_backoff(Duration::from_secs(2))
    }

    /// A stream's function has a better place for what meets a busy item than its own time: it gives up early.
    fn table_retries(self) -> RetryConfig {
        match self {
            Self::Request | Self::Worker => self.retries(),
            Self::Stream => {
                self.retries().with_max_attempts(2).with_initial_backoff(Duration::from_millis(50))
            }
        }
    }
}

/// Starts a function that answers requests: logs go to stdout as JSON, AWS clients get their configuration, and the
/// connection to the table is being opened when this returns.
///
/// # Errors
/// The environment names no region. Everything else that AWS needs is found out by the first call.
pub async fn start(function: &'static str) -> Result<Aws, StartError> {
    begin(function, Patience::Request).await
}

/// Starts a function that works off a queue, a stream or a schedule: as [`start`], with longer timeouts and retries
/// that press less when AWS throttles.
///
/// # Errors
/// As [`start`].
pub async fn start_worker(function: &'static str) -> Result<Aws, StartError> {
    begin(function, Patience::Worker).await
}

/// Starts a function that works off a stream: as [`start_worker`], but its calls fail early, because everything behind a
/// record waits for it.
///
/// # Errors
/// As [`start`].
pub async fn start_stream(function: &'static str) -> Result<Aws, StartError> {
    begin(function, Patience::Stream).await
}

async fn begin(function: &'static str, patience: Patience) -> Result<Aws, StartError> {
    log::init();
    // Each service client would make its own HTTP client, with its own TLS set-up and connections. Ring, because
    // aws-lc gathers entropy for 30 ms of CPU in every new process.
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    // Region, credentials and endpoints (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB and so on) come from the
    // environment.
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(patience.timeouts())
        .retry_config(patience.retries())
        .load()
        .await;
    let mut missing = MissingVariables::default();
    if missing.read::<String>("aws_region", |_| sdk.region().map(ToString::to_string)).is_none() {
        return Err(missing.into());
    }
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::config::Builder::from(&sdk)
            .retry_config(patience.table_retries())
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

/// What a function is given at its start: configuration and clients of AWS, time and chance.
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
    /// The function's name, as in its folder.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// The table's client; what its calls consume goes to the invocation's metrics.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.clone()
    }

    /// The key service's client.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        self.kms.clone()
    }

    /// Configuration for the clients of other services; all share one HTTP client.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Whether S3 wants the bucket in the path and not in the host name: a local cloud has one host.
    pub fn path_style(&self) -> bool {
        self.path_style
    }

    /// The machine's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// The operating system's randomness.
    pub fn random(&self) -> Arc<dyn Randomness> {
        self.random.clone()
    }

    /// Fetches the public half of the signing key, for [`crate::http::run`].
    ///
    /// # Errors
    /// The key service cannot be reached, or the key is of the wrong kind.
    pub async fn verifier(&self, key_id: &str) -> Result<Verifier, StartError> {
        Ok(Verifier::fetch(&self.kms, key_id).await?)
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
    /// The signing key cannot be used.
    #[error("the key of the access tokens cannot be used")]
    Key(#[from] KeyError),
    /// A client or resource of the function cannot be set up.
    #[error("{what} cannot be set up")]
    Connect {
        /// What it is.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Lambda's runtime interface failed.
    #[error("the Lambda runtime interface failed")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// `main` returns this error and Rust shows it by `Debug`: what an operator reads is the chain of causes.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Chain(self), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_retry_for_themselves_and_workers_press_less() {
        assert_eq!(Patience::Request.retries().mode(), aws_config::retry::RetryMode::Standard);
        assert_eq!(Patience::Worker.retries().mode(), aws_config::retry::RetryMode::Adaptive);
        assert_eq!(Patience::Request.timeouts().connect_timeout(), Some(CONNECT));
        assert!(
            Patience::Request.timeouts().operation_timeout()
                < Patience::Worker.timeouts().operation_timeout()
        );
    }

    #[test]
    fn a_stream_waits_for_nothing_long() {
        let table = Patience::Stream.table_retries();
        assert_eq!(table.mode(), aws_config::retry::RetryMode::Standard);
        assert!(table.initial_backoff() * table.max_attempts() < Duration::from_millis(200));
        assert_eq!(Patience::Worker.table_retries().max_attempts(), ATTEMPTS);
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
