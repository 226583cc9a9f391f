//! Creating a draft photo: what is stored, what is refused, and what the forms allow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod create;
mod forms;
mod picture;
mod world;
