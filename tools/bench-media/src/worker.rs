//! What a contestant's process is asked and answers, a line of JSON each, and our own such process.
//!
//! `peers/harness.py` and `peers/sharp.mjs` are the same for the others.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use domain::media::{Encoding, Size};
use media::Limits;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::Result;

/// The first thing a process says.
#[derive(Debug, Deserialize, Serialize)]
pub struct Hello {
    /// What it works with.
    pub versions: String,
}

/// A job.
#[derive(Debug, Deserialize, Serialize)]
pub struct Order {
    /// The file; read before the clock starts.
    pub photograph: PathBuf,
    /// Where to write what comes out, if it is wanted; after the clock has stopped.
    pub keep: Option<PathBuf>,
}

/// What a job took, from bytes in memory to bytes in memory.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Took {
    /// Milliseconds of wall clock.
    pub wall: f64,
    /// Milliseconds of all processors.
    pub cpu: f64,
}

/// The name under which a file is written.
pub fn file_name(size: Size, encoding: Encoding) -> String {
    format!("{}.{}", size.name(), encoding.extension())
}

/// Does the jobs that `orders` names, with our own pipeline.
pub fn serve(orders: impl BufRead, mut answers: impl Write) -> Result<()> {
    let mut answer = |line: String| -> Result<()> {
        writeln!(answers, "{line}")?;
        Ok(answers.flush()?)
    };
    answer(serde_json::to_string(&Hello { versions: format!("media {}", env!("CARGO_PKG_VERSION")) })?)?;
    for order in orders.lines() {
        let order: Order = serde_json::from_str(&order?)?;
        let photograph = std::fs::read(&order.photograph)?;
        let (cpu, wall) = (processor_ms(), Instant::now());
        let renditions =
            media::process(&photograph, &Limits::default()).map_err(|refusal| format!("{refusal:?}"))?;
        let took = Took { wall: wall.elapsed().as_secs_f64() * 1e3, cpu: processor_ms() - cpu };
        for file in order.keep.iter().flat_map(|_| &renditions.files) {
            let name = file_name(file.size, file.encoding);
            std::fs::write(order.keep.clone().unwrap_or_default().join(name), &file.bytes)?;
        }
        answer(serde_json::to_string(&took)?)?;
    }
    Ok(())
}

/// What this process has used of its processors so far.
#[expect(clippy::cast_precision_loss, reason = "a process does not run for years")]
fn processor_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
