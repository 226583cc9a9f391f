//! The job as a whole, over files made here: every format and colour type, every orientation, and files made
//! to hurt.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "tests may fail loudly, and their numbers are small"
)]

mod colours;
mod containers;
mod formats;
mod golden;
mod hostile;
mod laid;
mod layers;
mod make;
mod orientations;
mod outputs;
mod scanned;
mod show;
mod squares;
mod tolerance;
