//! The laws, by what they are about.

use crate::Repository;

/// The places of a repository that break a law, a line each that names the file; none when the law holds.
pub type Law = fn(&Repository) -> Vec<String>;

pub mod code;
pub mod contracts;
pub mod crates;
pub mod functions;
pub mod rights;
pub mod sources;
pub mod stream;
pub mod workflows;
