//! The functions behind the feed in one process, over one table. Tests try in any order
//! what passes between them.
//!
//! [`Network`] carries stream records, messages and workflow steps as the services would, but only when
//! a test says so, and in the order it says. [`at_every_place`] stops one piece of work before each
//! of its requests in turn, and lets another one overtake it there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "used by tests alone, where a broken set-up is to stop the test"
)]

mod network;
mod overtaking;
mod pieces;

pub use network::{Network, scroll};
pub use overtaking::at_every_place;
pub use pieces::{Functions, THRESHOLD, WITH_PUSH, WITHOUT_PUSH};
