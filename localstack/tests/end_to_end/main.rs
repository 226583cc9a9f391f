//! What people and apps see of the deployed template, on a running local cloud: `make test` starts one and says where.
//!
//! Tests act through the public API and look behind it (table, buckets, queues) only to see what must be gone or must
//! not have changed, or to deliver a message again. Each makes people of its own and needs nothing that another left, so
//! they run side by side. Work that goes on behind an answer is waited for with a deadline, never slept through.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod accounts;
mod behind;
mod celebrities;
mod cloud;
mod copies;
mod counters;
mod crowds;
mod durability;
mod feeds;
mod journey;
mod pictures;
mod poison;
mod privacy;
mod redelivery;
mod refusals;
mod renditions;
mod sessions;
mod uploads;
mod world;
