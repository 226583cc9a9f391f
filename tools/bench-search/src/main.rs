//! `bench-search` measures how well and at what cost people are found by their names, and prints it as text tables.

use std::io::Write;

use bench_search::{Plan, Result};
use clap::Parser;

/// Puts made-up people into the table engine, searches them through the real functions, and compares with a scan and
/// with `SQLite`'s full-text index.
#[derive(Debug, Parser)]
struct Options {
    /// People.
    #[arg(long, default_value_t = 1_000_000)]
    people: usize,
    /// Searches.
    #[arg(long, default_value_t = 2_000)]
    searches: usize,
    /// Seed of all random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let Options { people, searches, seed } = Options::parse();
    let report = bench_search::run(&Plan { people, searches, seed })?;
    write!(std::io::stdout().lock(), "{report}")?;
    Ok(())
}
