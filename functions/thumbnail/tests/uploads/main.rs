//! Uploads brought to their end, on the real table engine and an object store with S3's interface.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod again;
mod alike;
mod copies;
mod deaths;
mod kept;
mod one_form;
mod pictures;
mod profile;
mod refused;
mod world;
