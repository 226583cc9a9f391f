//! The function's own credentials, fetched once and cached until they are about to expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use domain::{Clock, Timestamp};
use tokio::sync::Mutex;

/// Cached credentials are used only while they stay valid for at least this long.
const LEEWAY: Duration = Duration::from_mins(5);

/// Caches the credentials to sign forms with. Service clients cache their own, but signing a form uses
/// no client.
pub(crate) struct CredentialCache {
    provider: SharedCredentialsProvider,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Credentials>>,
}

impl CredentialCache {
    pub(crate) fn new(provider: SharedCredentialsProvider, clock: Arc<dyn Clock>) -> Self {
        Self { provider, clock, last: Mutex::new(None) }
    }

    pub(crate) async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut last = self.last.lock().await;
        let until = system_time(self.clock.now()) + LEEWAY;
        if let Some(credentials) =
            last.as_ref().filter(|last| last.expiry().is_none_or(|expiry| expiry > until))
        {
            return Ok(credentials.clone());
        }
        let fetched = self.provider.provide_credentials().await?;
        Ok(last.insert(fetched).clone())
    }
}

/// Converts a moment to the type that the SDK takes.
pub(crate) fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}
