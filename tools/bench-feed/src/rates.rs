//! Cache hits of a busy `feed-read` process. The more requests it gets, the more
//! of their items it has cached.

use std::time::Duration;

use progress::Progress;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64;

use crate::Result;
use crate::numbers::{Series, share};
use crate::population::Population;
use crate::stage::{Spent, Stage};

/// Pages of a process that gets requests at one rate.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Requests a second.
    pub per_second: f64,
    /// Read units of each page.
    pub reads: Series,
    /// All pages together.
    pub spent: Spent,
}

impl Rate {
    /// Returns the share of celebrities' heads that were in the process already,
    /// of those that pages asked for.
    pub fn hit_rate(&self) -> f64 {
        let hits = self.spent.counted("celebrity_head_hits");
        share(hits, hits + self.spent.counted("celebrity_head_misses"))
    }
}

/// Requests a second that are tried.
const RATES: [f64; 3] = [1.0, 10.0, 100.0];

/// Reads `pages` home feeds of active people at each of several rates, each by a new process.
///
/// # Errors
/// A function failed.
pub fn read(stage: &mut Stage, population: &Population, pages: usize, seed: u64) -> Result<Vec<Rate>> {
    let active = population.active();
    let mut done = Vec::new();
    let progress = Progress::new("pages by rate", RATES.len() * pages);
    for per_second in RATES {
        stage.forget_pages();
        let mut chance = Pcg64::seed_from_u64(seed);
        let (mut reads, mut spent) = (Series::default(), Spent::default());
        for _ in 0..pages {
            stage.pass(Duration::from_secs_f64(1.0 / per_second));
            let reader = active.choose(&mut chance).ok_or("nobody is active")?;
            let page = stage.feed(population.person(*reader)?)?;
            reads.push(page.spent.reads);
            spent.add(&page.spent);
            progress.step(&format!("{per_second} requests a second"));
        }
        done.push(Rate { per_second, reads, spent });
    }
    Ok(done)
}
