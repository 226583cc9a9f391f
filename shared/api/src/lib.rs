//! The public HTTP API: calls, replies, problems, their JSON, and the OpenAPI document made of them.
//!
//! This crate does not know Lambda. `runtime::http` turns an API Gateway event into a [`Call`], and a
//! [`Reply`] or a [`Problem`] into a response.

mod call;
mod openapi;
mod problem;
mod reply;
pub mod wire;

pub use call::{Call, Caller, InSession, Parts};
pub use openapi::document;
pub use problem::Problem;
pub use reply::Reply;
