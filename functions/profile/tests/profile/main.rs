//! Profiles and their photos, with the real table engine behind them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod people;
mod photos;
mod picture;
mod privacy;
mod world;
