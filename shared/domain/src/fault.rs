//! What an error means for whoever asked.

use std::error::Error;

use crate::text::Invalid;

/// What to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request breaks a rule; asking again will not help.
    Invalid(Invalid),
    /// Something behind us is busy; asking again may help.
    Temporary,
    /// A defect, or something broken.
    Permanent,
}

/// An error that knows what it means for whoever asked.
pub trait Fault: Error + Send + Sync + 'static {
    /// What to do about it.
    fn kind(&self) -> FaultKind;
}

impl Fault for Invalid {
    fn kind(&self) -> FaultKind {
        FaultKind::Invalid(self.clone())
    }
}
