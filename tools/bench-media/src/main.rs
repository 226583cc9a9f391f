//! `bench-media`: the picture pipeline beside others, as tables of text.

use std::io::Write;

use bench_media::{Result, worker};
use clap::{Parser, Subcommand};

/// Fetches photographs, sharp, libvips and Pillow into target/bench-media, has them do the pipeline's job beside it, and prints
/// how long each took and how good its files are.
#[derive(Debug, Parser)]
struct Options {
    /// Counted runs of each contestant on each photograph; the fastest is taken.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Does the pipeline's job on the photographs named on standard input: the bench starts this itself.
    Worker,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut output = std::io::stdout().lock();
    match options.role {
        Some(Role::Worker) => worker::serve(std::io::stdin().lock(), output),
        None => Ok(write!(output, "{}", bench_media::run(options.runs)?)?),
    }
}
