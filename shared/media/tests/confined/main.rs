//! The job as the cloud runs it, in a process with an end to its memory and its time: over the pictures that
//! broke other decoders, and over bombs. Every file ends in renditions or in a named refusal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "tests may fail loudly, and their numbers are small; what each file cost is worth printing"
)]

mod bombs;
mod child;
mod crafted;
mod pictures;
