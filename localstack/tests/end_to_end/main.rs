//! Tests of the deployed template as people and apps see it, on a running local cloud. `make test` starts
//! one and passes its address.
//!
//! Tests act through the public API. They look behind it (table, buckets, queues) only to see what must be
//! gone or must not have changed, or to deliver a message again. Each test creates its own people
//! and needs nothing that another left, so tests run side by side. They wait for background work
//! with a deadline, and never sleep.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod accounts;
mod apps;
mod behind;
mod celebrities;
mod cloud;
mod comments;
mod cookies;
mod copies;
mod counters;
mod crowds;
mod durability;
mod edge;
mod fairness;
mod feeds;
mod journey;
mod latency;
mod live;
mod mails;
mod notices;
mod own_time;
mod pictures;
mod poison;
mod privacy;
mod private_account;
mod profile_pictures;
mod pushes;
mod redelivery;
mod refusals;
mod renditions;
mod sessions;
mod uploads;
mod visibility;
mod world;
