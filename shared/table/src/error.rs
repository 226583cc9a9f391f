//! The errors of access patterns.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use domain::{Fault, FaultKind};

use crate::Item;

/// The result of an access pattern.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An access pattern failed. A condition that does not hold is a result and no error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call was throttled, in conflict, timed out or unreachable after its retries.
    /// A later retry may succeed.
    #[error("{operation} failed for now (throttling, conflict or timeout)")]
    Busy {
        /// The call that failed.
        operation: &'static str,
        /// The service's error.
        #[source]
        source: Source,
    },
    /// The service refused the call.
    #[error("the table refused {operation}")]
    Refused {
        /// The call that failed.
        operation: &'static str,
        /// The service's error.
        #[source]
        source: Source,
    },
    /// A stored item does not parse.
    #[error("a stored item cannot be read")]
    Unreadable(#[source] Source),
}

/// Error codes after which the same call may succeed.
const BUSY: [&str; 9] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl Error {
    /// Returns what a failed SDK call means.
    pub(crate) fn sdk<E, R>(operation: &'static str, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let busy = match &error {
            SdkError::ServiceError(context) => context.err().code().is_some_and(|code| BUSY.contains(&code)),
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            _ => false,
        };
        let source = Box::new(error);
        if busy { Self::Busy { operation, source } } else { Self::Refused { operation, source } }
    }

    /// Returns the error of a call that every attempt found in conflict or throttled.
    pub(crate) fn busy(operation: &'static str, why: &str) -> Self {
        Self::Busy { operation, source: why.into() }
    }

    /// Returns the error of an item that does not parse.
    pub(crate) fn unreadable(source: impl Into<Source>) -> Self {
        Self::Unreadable(source.into())
    }
}

impl Fault for Error {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Busy { .. } => FaultKind::Temporary,
            Self::Refused { .. } | Self::Unreadable(_) => FaultKind::Permanent,
        }
    }
}

/// Returns whether a write failed because its condition did not hold.
pub(crate) fn condition_failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}

/// Returns whether a conditional write was done; false when its condition did not hold.
pub(crate) fn done<T, E, R>(
    operation: &'static str,
    answer: std::result::Result<T, SdkError<E, R>>,
) -> Result<bool>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) if condition_failed(&error) => Ok(false),
        Err(error) => Err(Error::sdk(operation, error)),
    }
}

/// The item for which an update's condition did not hold; none when no item exists.
pub(crate) struct Refused {
    pub(crate) item: Option<Item>,
}

/// Returns the item for which an update's condition did not hold; `None` for any other error.
///
/// The item is set only if the update requested it.
pub(crate) fn refused<R>(error: &SdkError<UpdateItemError, R>) -> Option<Refused> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(failed) => {
            Some(Refused { item: failed.item.clone() })
        }
        _ => None,
    }
}
