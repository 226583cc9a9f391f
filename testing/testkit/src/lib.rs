//! Helpers for tests: a real table engine in the process, controlled time and randomness,
//! tokens, and trigger events.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use testkit::{Engine, Fault};
//!
//! let engine = Engine::start().await;
//! let table = engine.client();
//! engine.fail_next("ListTables", 1, Fault::Throttled);
//! assert!(table.list_tables().send().await.is_ok(), "the client tries again");
//! assert_eq!(engine.usage().operations["ListTables"].attempts, 2);
//! # }
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "used by tests alone, where a broken set-up is to stop the test"
)]

mod clock;
mod engine;
mod events;
mod fault;
#[cfg(all(feature = "bulk", feature = "world"))]
mod followees;
mod hold;
pub mod http;
#[cfg(feature = "key-service")]
mod key_service;
mod launches;
pub mod maximal;
#[cfg(feature = "mobile-push")]
mod mobile_push;
#[cfg(feature = "objects")]
mod objects;
mod outbox;
mod random;
mod sockets;
mod stream;
mod tokens;
mod topic;
mod usage;
mod wiretap;
#[cfg(feature = "workflow")]
pub mod workflow;
#[cfg(feature = "world")]
mod world;

pub use clock::{ManualClock, START};
#[cfg(feature = "bulk")]
pub use engine::bulk::import;
pub use engine::{ATTEMPTS, Engine};
pub use events::{fixture, sqs_event, stream_event};
pub use fault::{Asked, Fault, dies_at};
#[cfg(all(feature = "bulk", feature = "world"))]
pub use followees::Followees;
pub use hold::Hold;
#[cfg(feature = "key-service")]
pub use key_service::KeyService;
pub use launches::Launches;
#[cfg(feature = "mobile-push")]
pub use mobile_push::MobilePush;
#[cfg(feature = "objects")]
pub use objects::{Held, Object, Objects};
pub use outbox::Outbox;
pub use random::SeededRandom;
pub use sockets::OpenSockets;
pub use tokens::{
    LocalKeys, WEB_URL, forged_token_for, issuer, session_cookies, session_id, token_for, token_in, verifier,
};
pub use topic::Published;
pub use usage::{OperationUsage, Usage};
pub use wiretap::{Heard, Wiretap};
#[cfg(feature = "world")]
pub use world::{OldSession, World, hide, store_account, store_link, whole};
