//! `verify`, on the real table engine: as a library, and as the program.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod stage;

mod clean;
mod drifted;
mod program;
