//! `bench-feed` measures the cost of the feed under a social network's load, and prints it as text tables.

use std::io::Write;

use bench_feed::graph::Shape;
use bench_feed::mix::Use;
use bench_feed::population::Habits;
use bench_feed::{Plan, Result};
use clap::Parser;

/// Loads a synthetic social network into the table engine, uses it through the real
/// functions, and prints the cost.
#[derive(Debug, Parser)]
struct Options {
    /// People in the network.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// Followers of the one account that is followed most.
    #[arg(long, default_value_t = 50_000)]
    celebrity: usize,
    /// An author with more followers than this is a celebrity.
    #[arg(long, default_value_t = 10_000)]
    threshold: usize,
    /// Users that people follow, on average.
    #[arg(long, default_value_t = 20.0)]
    following: f64,
    /// Exponent of the tail of follower counts.
    #[arg(long, default_value_t = 1.3)]
    tail: f64,
    /// Share of people who were active within a week.
    #[arg(long, default_value_t = 0.4)]
    active: f64,
    /// Requests: 60 % home feeds, 30 % timelines, 10 % posts.
    #[arg(long, default_value_t = 4_000)]
    requests: usize,
    /// Requests a second that reach one process of each function.
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// One post out of this many is by that account.
    #[arg(long, default_value_t = 50)]
    celebrity_every: usize,
    /// Numbers of followers to fan out to, each with all, some and none of them active.
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000,2500,5000,10000,20000,50000")]
    followers: Vec<usize>,
    /// Numbers of followees to read a feed page with.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000")]
    followees: Vec<usize>,
    /// Seed of all random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let plan = Plan {
        shape: Shape {
            users: options.users,
            following: options.following,
            celebrity: options.celebrity,
            tail: options.tail,
            seed: options.seed,
            ..Shape::default()
        },
        habits: Habits { active: options.active, ..Habits::default() },
        threshold: options.threshold,
        usage: Use {
            requests: options.requests,
            per_second: options.rate,
            celebrity_every: options.celebrity_every,
            seed: options.seed,
        },
        followings: options.followers,
        followees: options.followees,
    };
    let report = bench_feed::run(&plan)?;
    write!(std::io::stdout().lock(), "{report}")?;
    Ok(())
}
