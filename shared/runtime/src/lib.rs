//! The code that all functions share: start-up, configuration, logs, metrics, AWS clients, tokens,
//! and the adapters between a trigger and a handler.
//!
//! A function is a handler and a `main`. The handler is a type that implements one of the handler traits
//! ([`http::Handler`], [`sqs::Handler`], [`task::Handler`], [`socket::Handler`]). For [`stream_or_queue`], which
//! serves the table's stream, it implements [`sqs::Handler`] and [`stream::Handler`], and for [`task_or_queue`]
//! [`task::Handler`]. The `main` reads the configuration, connects the clients and runs the handler. Each adapter has
//! a function `answer`: the same path without Lambda around it, for tests.
//!
//! This crate knows Lambda and nothing of the table's items.

pub mod auth;
pub mod capacity;
mod clock;
pub mod config;
pub mod failure;
pub mod http;
mod invocation;
mod log;
pub mod metrics;
pub mod queue;
mod random;
pub mod socket;
pub mod sqs;
mod start;
pub mod stream;
pub mod stream_or_queue;
pub mod task;
pub mod task_or_queue;
pub mod topic;
pub mod trace;
mod warm;
pub mod workflow;

pub use clock::SystemClock;
pub use config::MissingVariables;
pub use random::OsRandomness;
pub use start::{Aws, StartError, start, start_stream, start_worker};
