//! The rules of the network as pure functions and parsed types: no AWS, no async, no I/O.
//!
//! Code that depends on time or chance takes a [`Clock`] or a [`Randomness`]. Tests choose them.

pub mod account;
pub mod clock;
pub mod comment;
pub mod cursor;
pub mod device;
pub mod fault;
pub mod feed;
pub mod gathering;
pub mod home;
pub mod id;
pub mod inbox;
pub mod language;
pub mod mail_link;
pub mod media;
pub mod notification_settings;
pub mod photo;
pub mod profile_picture;
pub mod quiet_hours;
pub mod quota;
pub mod random;
pub mod relation;
pub mod saved;
pub mod sealed;
pub mod search;
pub mod session;
pub mod text;
pub mod user;
pub mod visibility;

pub use clock::{Clock, Timestamp};
pub use comment::CommentPath;
pub use fault::{Fault, FaultKind};
pub use home::Home;
pub use id::{CollectionId, CommentId, PhotoId, PictureId, UserId};
pub use random::Randomness;
pub use relation::Relation;
pub use text::Invalid;
