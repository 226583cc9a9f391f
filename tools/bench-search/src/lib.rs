//! How well and at what cost people are found by their names.
//!
//! - [`names`] makes up people, and what others type.
//! - [`truth`] finds by a scan whom a search ought to find.
//! - [`peer`] has the same people in another index.
//!
//! Everybody is put into the table engine as `search-index` would have left them. `search-build` then counts them, and
//! `search` is asked as Lambda asks it, one request at a time. Units are those that `DynamoDB` charges.

pub mod names;
pub mod peer;
mod stage;
pub mod truth;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use domain::UserId;
use domain::search::Query;
use domain::user::User;
use figures::float;

use crate::names::Kind;
use crate::peer::Trigrams;
use crate::stage::Stage;
use crate::truth::Everybody;

/// The result of a step of the bench; any failure ends the bench.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The measurements to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// People.
    pub people: usize,
    /// Searches.
    pub searches: usize,
    /// Seed of all random choices.
    pub seed: u64,
}

/// Searches of one kind.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Whom of those who ought to be found each search finds, from 0 to 1: ours.
    pub recall: Vec<f64>,
    /// The same of the other index.
    pub peer_recall: Vec<f64>,
    /// Read units of each search, without circle and followings.
    pub units: Vec<f64>,
    /// Time of each search: ours.
    pub times: Vec<Duration>,
    /// Time of each search in the other index.
    pub peer_times: Vec<Duration>,
    /// Time of each scan.
    pub scans: Vec<Duration>,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Report {
    /// People.
    pub people: usize,
    /// Words of their names, and their bytes as they are stored.
    pub words: (usize, usize),
    /// Entries of the index.
    pub entries: usize,
    /// Lists of the most popular.
    pub lists: usize,
    /// Searches by their kind.
    pub kinds: BTreeMap<Kind, Figures>,
}

/// Units of what a searcher's view is filtered by, beside each search.
const BESIDE: f64 = 1.0;

/// Makes the measurements.
pub fn run(plan: &Plan) -> Result<Report> {
    let people = names::people(plan.people, plan.seed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let searches = names::searches(&people, plan.searches, plan.seed);
    let everybody = Everybody::new(&people);
    let trigrams = Trigrams::new(&people)?;
    let followers: BTreeMap<UserId, i64> =
        people.iter().map(|user: &User| (user.id, user.followers)).collect();
    runtime.block_on(async {
        let stage = Stage::new(&people).await?;
        let built = stage.build().await?;
        let mut kinds: BTreeMap<Kind, Figures> = BTreeMap::new();
        for (kind, text) in searches {
            let query = Query::parse(&text).map_err(|invalid| invalid.detail)?;
            let figures = kinds.entry(kind).or_default();
            let began = Instant::now();
            let (best, least) = everybody.best(&query, kind.is_mistyped());
            figures.scans.push(began.elapsed());
            if best.is_empty() {
                continue;
            }
            // Who has as many followers as the last of the best is as right as they are.
            let right = |found: &[UserId]| {
                let good = found.iter().take(best.len()).filter(|id| {
                    best.contains(id)
                        || followers.get(id).is_some_and(|number| {
                            domain::search::step(*number) >= domain::search::step(least)
                        })
                });
                float(good.count()) / float(best.len())
            };
            let began = Instant::now();
            let (found, units) = stage.search(&text).await?;
            figures.times.push(began.elapsed());
            figures.recall.push(right(&found));
            figures.units.push(units - BESIDE);
            let began = Instant::now();
            let found = trigrams.search(&query)?;
            figures.peer_times.push(began.elapsed());
            figures.peer_recall.push(right(&found));
        }
        Ok(Report {
            people: people.len(),
            words: built.words,
            entries: stage.entries,
            lists: built.lists,
            kinds,
        })
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / float(values.len().max(1))
}

/// Returns the time in milliseconds that so many hundredths stay below.
fn percentile(times: &[Duration], hundredths: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, bytes) = self.words;
        writeln!(
            f,
            "{} people, {} entries, {} lists completed, {words} words in {bytes} bytes\n",
            self.people, self.entries, self.lists
        )?;
        let mut table = figures::table(
            1,
            &[
                "searches",
                "number",
                "recall@10",
                "SQLite",
                "RRU",
                "most",
                "p50 ms",
                "p95 ms",
                "SQLite p50",
                "p95",
                "scan p50",
            ],
        );
        for (kind, figures) in &self.kinds {
            table.add_row([
                kind.name().to_owned(),
                figures.recall.len().to_string(),
                format!("{:.3}", mean(&figures.recall)),
                format!("{:.3}", mean(&figures.peer_recall)),
                format!("{:.2}", mean(&figures.units)),
                format!("{:.1}", figures.units.iter().copied().fold(0.0, f64::max)),
                format!("{:.1}", percentile(&figures.times, 50)),
                format!("{:.1}", percentile(&figures.times, 95)),
                format!("{:.1}", percentile(&figures.peer_times, 50)),
                format!("{:.1}", percentile(&figures.peer_times, 95)),
                format!("{:.0}", percentile(&figures.scans, 50)),
            ]);
        }
        writeln!(f, "{}", table.trim_fmt())
    }
}
