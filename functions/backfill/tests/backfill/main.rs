//! Backfill from messages, on the real table engine and a real object store.

#![allow(unreachable_pub, reason = "a test has no other users")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod comments;
mod copies;
mod deleted;
mod followed;
mod picture;
mod returned;
mod stage;
mod switched;
