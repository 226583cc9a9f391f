//! The protocol of a contestant's process, and our own such process. Requests and answers are lines of JSON.
//!
//! `peers/harness.py` and `peers/sharp.mjs` implement it for the others.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use domain::media::{Encoding, Size};
use media::Limits;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::Result;

/// The first line of a process.
#[derive(Debug, Deserialize, Serialize)]
pub struct Hello {
    /// What it works with.
    pub versions: String,
}

/// A job.
#[derive(Debug, Deserialize, Serialize)]
pub struct Order {
    /// The file. It is read before the clock starts.
    pub photograph: PathBuf,
    /// Where to write the files, if they are wanted. They are written after the clock has stopped.
    pub keep: Option<PathBuf>,
}

/// The time of a job, from bytes in memory to bytes in memory.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Took {
    /// Milliseconds of wall clock.
    pub wall: f64,
    /// Milliseconds of all processors.
    pub cpu: f64,
}

/// Returns the name under which a file is written.
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

/// Returns the processor time of this process so far.
#[expect(clippy::cast_precision_loss, reason = "a process does not run for years")]
fn processor_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
