//! The repository's laws, as tests over its own files and `template.yaml`.
//!
//! A law is a function from [`Repository`] to the places that break it, each a line that names the file.
//! A law can therefore be tried on a few inline files as well as on the checkout. `tests/laws.rs` applies
//! every law to the checkout. The tests beside each law apply it to a sample that breaks it, because a law
//! that cannot fail guards nothing.

pub mod laws;
mod repository;
mod rust;
mod template;

pub use crate::repository::Repository;
pub use crate::template::Template;
