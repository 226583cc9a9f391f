//! The public HTTP API: calls, replies, problems and the JSON they carry, and the OpenAPI document made of them.
//!
//! Nothing here knows Lambda: `runtime::http` turns an API Gateway event into a [`Call`] and a [`Reply`] or a
//! [`Problem`] back into an answer.

mod call;
mod openapi;
mod problem;
mod reply;
pub mod wire;

pub use call::{Call, Caller, Parts};
pub use openapi::document;
pub use problem::Problem;
pub use reply::Reply;
