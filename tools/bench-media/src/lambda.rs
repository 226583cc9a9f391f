//! Calculates time and cost of the function `thumbnail` by its memory. Lambda gives processors in proportion
//! to memory.

use cost::prices::{COMPUTE, INVOCATION};

/// The memory that comes with one whole processor, in MB:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>.
const WHOLE: f64 = 1_769.0;

/// The settings in the table, in MB.
pub const MEMORIES: [f64; 4] = [512.0, 1_024.0, 1_769.0, 3_008.0];

/// Sequential round trips to S3: read the upload, store all renditions at once, delete the upload. The
/// original is stored during the job.
const OBJECT_TRIPS: f64 = 3.0;
/// The time of one, for a small object or the first byte, in ms: the lower end of the "roughly 100–200
/// milliseconds" of <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>.
const OBJECT_TRIP: f64 = 100.0;
/// Sequential round trips to the table: read the photo, look up earlier uploads of the author, note the
/// attempt, record the picture.
const TABLE_TRIPS: f64 = 4.0;
/// The time of one, in ms: "single-digit milliseconds",
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html>.
const TABLE_TRIP: f64 = 5.0;

/// How long the function waits for a picture, in ms. Memory does not change it.
pub const WAITING: f64 = OBJECT_TRIPS * OBJECT_TRIP + TABLE_TRIPS * TABLE_TRIP;

/// The time a picture takes on whole processors, in ms.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Processor time, on one processor.
    pub alone: f64,
    /// Processor time of both, on two.
    pub both: f64,
    /// Wall clock, on two.
    pub beside: f64,
}

/// The time and the cost of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// Milliseconds, waiting included.
    pub ms: f64,
    /// Dollars for a million pictures.
    pub dollars: f64,
}

/// Returns how many processors come with so much memory.
pub fn processors(memory: f64) -> f64 {
    memory / WHOLE
}

impl Work {
    /// Returns time and cost on one thread, for which more than one processor is no help.
    pub fn on_one(self, memory: f64) -> Picture {
        bill(memory, self.alone / processors(memory).min(1.0))
    }

    /// Returns time and cost on two threads, which share the processors there are, up to two whole ones.
    pub fn on_two(self, memory: f64) -> Picture {
        bill(memory, self.beside.max(self.both / processors(memory)))
    }
}

fn bill(memory: f64, working: f64) -> Picture {
    let ms = WAITING + working;
    let million = 1e6;
    let gb_seconds = million * memory / 1024.0 * ms / 1000.0;
    Picture { ms, dollars: COMPUTE.of(gb_seconds) + INVOCATION.of(million) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Work = Work { alone: 200.0, both: 220.0, beside: 120.0 };

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6 * expected, "{found} and not {expected}");
    }

    #[test]
    fn half_a_processor_takes_twice_as_long() {
        near(WORK.on_one(WHOLE / 2.0).ms, WAITING + 400.0);
        near(WORK.on_two(WHOLE / 2.0).ms, WAITING + 440.0);
    }

    #[test]
    fn a_second_processor_helps_only_a_second_thread() {
        near(WORK.on_one(WHOLE * 2.0).ms, WAITING + 200.0);
        near(WORK.on_two(WHOLE * 2.0).ms, WAITING + 120.0);
    }

    #[test]
    fn time_and_memory_are_billed() {
        let picture = WORK.on_one(1_024.0);
        near(picture.dollars, 1e3 * picture.ms * 0.000_013_333_4 + 0.20);
    }
}
