//! Assembles `template.yaml` from its pieces, as text, so that comments survive.
//!
//! A piece is a file beside what it deploys: `functions/<name>/function.yaml`,
//! `statemachines/<name>.workflow.yaml`, or a theme in `infra/`. What is in them is described in this crate's
//! README. The way of a piece through the assembler:
//!
//! 1. [`block`] splits it into entries, each with the comments above it.
//! 2. [`function`] and [`workflow`] fill the YAML of `shapes/` with what a description says; a piece of
//!    `infra/` is taken as it is.
//! 3. [`assembly`] joins the parts, section by section, and puts in what one piece wants to know of the
//!    others: the API's routes, and the ARNs of resources that rights name.

#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a template is written once, and a line that looks like what it makes is worth an allocation"
)]

mod assembly;
mod block;
mod description;
mod function;
mod part;
mod pieces;
mod rights;
mod shape;
mod workflow;
mod yaml;

use std::path::Path;

pub use pieces::Pieces;
pub use yaml::parse;

/// A malformed piece: its place, and the problem.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Refusal {
    place: String,
    problem: String,
}

impl Refusal {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// Returns the text of `template.yaml`, assembled from the pieces below the repository's root.
///
/// # Errors
/// When a piece cannot be read or is malformed.
pub fn assemble(root: &Path) -> Result<String, Refusal> {
    Pieces::read(root)?.assemble()
}

/// Returns a folder's name as it is in logical ids: `feed-read` -> `FeedRead`.
pub fn pascal(name: &str) -> String {
    let mut result = String::new();
    for word in name.split('-') {
        let mut letters = word.chars();
        result.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        result.extend(letters);
    }
    result
}
