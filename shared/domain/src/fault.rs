//! What an error means for the caller.

use std::error::Error;

use crate::text::Invalid;

/// What to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request breaks a rule. A retry does not help.
    Invalid(Invalid),
    /// A dependency throttles or is unavailable for now. A retry may help.
    Temporary,
    /// A defect of the code or of stored data. A retry does not help.
    Permanent,
}

/// An error that says what it means for the caller.
pub trait Fault: Error + Send + Sync + 'static {
    /// Returns what to do about it.
    fn kind(&self) -> FaultKind;
}

impl Fault for Invalid {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid(self.clone())
    }
}
