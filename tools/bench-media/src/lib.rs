//! The picture pipeline beside sharp, libvips and Pillow: the same job on the same photographs, in one
//! session.
//!
//! `fetch.sh` brings the photographs and the others. Every [`contestant`] is a process of its own that is
//! asked for one job after another; [`measure`] has them take turns, pinned to one processor and then free to
//! use two. [`quality`] compares each file with what a slow, exact resize makes of the photograph. [`large`]
//! has our own process alone do the job on the largest pictures. [`lambda`] works out what the function
//! `thumbnail` costs by its memory, and [`report`] prints it all.

pub mod contestant;
pub mod lambda;
pub mod large;
pub mod measure;
pub mod numbers;
pub mod photograph;
mod processors;
pub mod quality;
pub mod report;
pub mod worker;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contestant::Place;
use crate::measure::Measured;
use crate::report::Report;

/// Outcome of a step of the bench; whatever fails ends it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Fewer photographs say too little.
const FEWEST: usize = 6;

/// Fetches what is missing, measures everything with so many counted runs for each photograph, and says what
/// it came to.
pub fn run(runs: usize) -> Result<Report> {
    let place = Place::new(Path::new(env!("CARGO_MANIFEST_DIR")), std::env::current_exe()?);
    let fetched = Command::new("bash").arg(place.sources.join("fetch.sh")).arg(&place.fetched).status()?;
    if !fetched.success() {
        return Err("what is compared could not be fetched".into());
    }
    let photographs = photograph::gather(&place.fetched)?;
    if photographs.len() < FEWEST {
        return Err(format!("only {} photographs, and {FEWEST} are needed", photographs.len()).into());
    }
    let large = large::measure(&place)?;
    let measured = measure::all(&place, &photographs, runs)?;
    Ok(Report::new(photographs, measured, large, runs))
}

/// The measurements of one contestant.
pub type Column = (contestant::Contestant, Measured);

/// An empty folder of this name.
fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
