//! Comments through the handler, on the real table engine.

#![allow(unreachable_pub, reason = "a test has no other users")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod lists;
mod stage;
mod writing;
