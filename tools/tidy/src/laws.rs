//! The laws, by topic.

use crate::Repository;

/// Returns the places of a repository that break a law, one line each that names the file.
/// None when the law holds.
pub type Law = fn(&Repository) -> Vec<String>;

pub mod code;
pub mod contracts;
pub mod crates;
pub mod documents;
pub mod edge;
pub mod functions;
pub mod groups;
pub mod rights;
pub mod sources;
pub mod stream;
pub mod workflows;
