//! The single table: every key, every item, every access pattern.
//!
//! Only [`keys`] makes keys. Each entity module holds the access patterns of its items as functions over a
//! [`Table`]. Each function says what it costs. Every batch retries its unprocessed remainder with
//! backoff, and every query reads all its pages. Writes that may run twice are conditional, so that the
//! second run changes nothing.

pub mod address;
pub mod agreement;
pub mod attempt;
mod calls;
pub mod change;
pub mod circle;
pub mod comment;
pub mod counters;
pub mod device;
pub mod digest;
mod edges;
mod endings;
mod error;
pub mod feed;
pub mod follow;
pub mod followings;
pub mod guard;
pub mod head;
pub mod inbox;
pub mod keys;
pub mod like;
pub mod live;
pub mod mail_link;
pub mod notification_settings;
pub mod original;
mod packed;
pub mod pair;
pub mod password_change;
pub mod people;
pub mod photo;
pub mod privacy;
pub mod processing;
pub mod profile_picture;
pub mod reader;
pub mod relations;
pub mod request;
pub mod saved;
pub mod session;
pub mod sight;
pub mod snapshot;
pub mod timeline;
pub mod token_key;
pub mod user;
pub mod watch;

pub use calls::Table;
pub use change::apply;
pub use edges::{Order, settle};
pub use error::{Error, Result};

/// An item as the SDK returns it.
pub(crate) type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Whether the list has more after them.
    pub more: bool,
}

/// The change of an optional attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is removed.
    Remove,
    /// It is replaced.
    Set(T),
}

impl<T> Patch<T> {
    pub(crate) fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Remove => *to = None,
            Self::Set(value) => *to = Some(value),
        }
    }

    /// Returns the patch for a field that the client sent. A blank text, parsed as `None`,
    /// removes the attribute.
    pub fn present(parsed: Option<T>) -> Self {
        parsed.map_or(Self::Remove, Self::Set)
    }
}
