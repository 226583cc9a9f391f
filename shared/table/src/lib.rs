//! The single table: every key, every item, every access pattern.
//!
//! [`keys`] alone makes keys; each entity module holds the access patterns of its items as functions over a
//! [`Table`], each saying what it costs. Every batch retries its unprocessed remainder with backoff and every query
//! pages. Writes that may run twice are conditional, so that the second run changes nothing.

pub mod agreement;
mod calls;
pub mod change;
pub mod counters;
mod edges;
mod error;
pub mod feed;
pub mod follow;
pub mod guard;
pub mod head;
pub mod inbox;
pub mod keys;
pub mod like;
pub mod original;
pub mod people;
pub mod photo;
pub mod processing;
pub mod reader;
pub mod relations;
pub mod session;
pub mod timeline;
pub mod user;

pub use calls::Table;
pub use change::apply;
pub use edges::{Order, settle};
pub use error::{Error, Result};

/// An item as the SDK gives it.
pub(crate) type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What it holds, in the list's order.
    pub items: Vec<T>,
    /// Whether there is more behind it.
    pub more: bool,
}

/// What becomes of an optional attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It goes.
    Remove,
    /// It is replaced.
    Set(T),
}

impl<T> Patch<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Remove => Patch::Remove,
            Self::Set(value) => Patch::Set(change(value)),
        }
    }

    /// The patch that a parsed optional field asks for when it is present: blank removes.
    pub fn present(parsed: Option<T>) -> Self {
        parsed.map_or(Self::Remove, Self::Set)
    }
}
