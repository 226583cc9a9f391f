//! `verify` counts a whole table and reports the counters, derived edges and derived lists of people that are wrong.
//!
//! It is a tool for operators, run with an operator's credentials and never deployed.
//! It is the only program that scans.
//!
//! - **First**, it reads the whole table in segments, eventually consistent, at 0.5 RRU for each 4 KiB.
//!   It keeps a [`tally`] of fixed size for each user and each photo, whatever the number of their edges.
//! - **Then** it checks every difference again, item by item and consistently ([`recheck`]), because a table
//!   in use changes while it is read. A counter has drifted only if it differs from its edges while
//!   its item's `version` is unchanged. An edge is mismatched only if its two sides still differ at the last
//!   of three checks, because the stream takes its time. The unread rows of an inbox are a counter, too. So
//!   are circles, edges of bells and packed followings, which are derived from what people say about each other and
//!   from whom they follow.
//! - **Last**, it counts `following` by a second, consistent scan where the check cannot decide
//!   ([`following`]). The edges that `following` counts lie in the partitions of others.
//!
//! `verify` writes nothing to the table. It writes repairs that `sweep` takes as they are.
//!
//! A drift can stay hidden when an edge comes or goes at the moment its item is read. The next run finds it.

mod cost;
mod findings;
mod following;
mod recheck;
mod scan;
mod seen;
mod tally;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use domain::Timestamp;
use runtime::capacity::Capacity;
use table::Table;

use crate::cost::Meter;
use crate::findings::Findings;
use crate::scan::Scan;
use crate::tally::Tally;

/// The options of a run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Parts of the table read at once.
    pub segments: u32,
    /// Most RRU a second that the scans use. Without it they use as many as the table gives.
    pub rate: Option<u32>,
    /// Time between two checks of a difference: as long as the stream may take.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { segments: 4, rate: None, patience: Duration::from_secs(5) }
    }
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Items read by the first scan.
    pub items: u64,
    /// Of these, items whose key no function creates.
    pub strange: u64,
    /// Counters in the table: those of each user, photo and comment, and the unread rows of each inbox.
    pub counters: u64,
    /// Counters that differ from the number of their edges.
    pub drifted: u64,
    /// Edges whose two sides differ.
    pub mismatched: u64,
    /// People in a circle or in packed followings of whom these say something wrong.
    pub listed: u64,
    /// Counters that changed whenever their edges were counted.
    pub undecided: u64,
    /// Read request units of the whole run.
    pub read_units: f64,
}

impl Report {
    /// Returns 0 when all is well, 1 when something is wrong, 2 when nothing is wrong but
    /// not everything was decided.
    pub fn exit_code(&self) -> u8 {
        match (self.drifted + self.mismatched + self.listed, self.undecided) {
            (0, 0) => 0,
            (0, _) => 2,
            _ => 1,
        }
    }
}

/// The last lines of the output.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, strange, counters, drifted, mismatched, listed, undecided, read_units } = self;
        writeln!(f, "{items} items for {read_units:.1} RRU, {strange} of them under keys never made")?;
        writeln!(
            f,
            "{mismatched} edges and {listed} listed people mismatched, {undecided} counters undecided"
        )?;
        write!(f, "{counters} counters, {drifted} drifted")
    }
}

/// The reasons why a table could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A page of the scan could not be read.
    #[error("the table cannot be scanned")]
    Scan(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An item could not be read.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// Findings could not be written.
    #[error("what was found cannot be written")]
    Output(#[from] io::Error),
}

/// The result of a part of the run.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The outputs of a run.
pub struct Outputs<'a> {
    /// Takes a line for each finding; the last line says `N counters, D drifted`.
    pub findings: &'a mut dyn Write,
    /// Takes requests to `sweep` that repair the findings, a line of JSON each.
    pub repairs: &'a mut dyn Write,
    /// Takes lines of progress.
    pub progress: &'a mut dyn Write,
}

/// Verifies the table `name` at `now`.
///
/// Costs 0.5 RRU for each 4 KiB of the table, and 1 more when `following` needs a second scan.
/// Items that changed meanwhile or have drifted add the cost of [`table::counters::inspect`]
/// and [`table::agreement::mismatched`], [`table::circle::mismatched`], [`table::inbox::inspect`] and [`table::followings::mismatched`]. The
/// last is also the cost of each user who follows more people than packed followings name.
///
/// # Errors
/// The table cannot be read, or `outputs` cannot be written. Findings are not errors.
pub async fn verify(
    client: &Client,
    name: &str,
    options: &Options,
    now: Timestamp,
    outputs: Outputs<'_>,
) -> Result<Report> {
    let meter = Arc::<Meter>::default();
    let config = client.config().to_builder().interceptor(Capacity::new(meter.clone())).build();
    let client = Client::from_conf(config);
    let table = Table::new(client.clone(), name);
    let scan = Scan { client, table: name.to_owned(), options: *options, meter: meter.clone() };
    let Outputs { findings, repairs, progress } = outputs;

    let mut tally = Tally::default();
    let scanned = scan.run(false, progress, |seen| tally.add(seen)).await?;
    let counters = tally.counters();
    let suspects = tally.suspects();
    drop(tally);
    writeln!(progress, "{} items read, {} to be looked at again", scanned.items, suspects.len())?;

    let mut found = Findings::new(&mut *findings, repairs);
    let unsure = recheck::recheck(&table, suspects, options.patience, now, &mut found).await?;
    following::count(&table, &scan, unsure, progress, &mut found).await?;
    let report = Report {
        items: scanned.items,
        strange: scanned.strange,
        counters,
        read_units: meter.read_units(),
        ..found.finish()?
    };
    writeln!(findings, "{report}")?;
    Ok(report)
}
