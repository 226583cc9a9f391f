//! The feed under a social network's load: its cost, and what the cost depends on.
//!
//! - [`graph`] draws who follows whom, and [`population`] the people.
//! - [`load`] writes them into the table engine, as the functions would have left them.
//! - [`stage`] runs the real functions over the table.
//! - [`mix`] uses the network as people do, and compares every page with what it should show.
//! - [`rates`] measures how much a busy process has in its caches.
//! - [`ladder`] fans out to more and more followers.
//! - [`followees`] reads the pages of people who follow more and more users.
//! - [`report`] prints the results.
//!
//! Units are those that `DynamoDB` charges. Times come from an engine in the process,
//! and compare only with each other.

pub mod followees;
pub mod graph;
mod items;
pub mod ladder;
pub mod load;
pub mod mix;
pub mod numbers;
pub mod population;
mod post;
pub mod rates;
pub mod report;
pub mod stage;

mod truth;
pub mod workflow;

use std::time::Instant;

use domain::Clock;

use crate::graph::{Graph, Shape};
use crate::mix::Use;
use crate::numbers::ratio;
use crate::population::{Habits, Population};
use crate::report::{Network, Report};
use crate::stage::Stage;

/// The result of a step of the bench; any failure ends the bench.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The measurements to make.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The graph of who follows whom.
    pub shape: Shape,
    /// The habits of people.
    pub habits: Habits,
    /// An author with more followers than this is a celebrity.
    pub threshold: usize,
    /// The use of the network.
    pub usage: Use,
    /// Numbers of followers to fan out to.
    pub followings: Vec<usize>,
    /// Numbers of followees to read a page with.
    pub followees: Vec<usize>,
}

/// Makes all measurements of a plan.
///
/// # Errors
/// A function failed, or a page was wrong.
pub fn run(plan: &Plan) -> Result<Report> {
    let readings = followees::read(&plan.followees)?;
    let rungs = ladder::climb(&plan.followings, plan.threshold)?;
    let mut stage = Stage::new(plan.threshold)?;
    let graph = Graph::generate(&plan.shape)?;
    let (now, seed) = (stage.clock.now(), plan.shape.seed);
    let population = Population::new(graph, &plan.habits, plan.threshold, now, seed)?;
    let started = Instant::now();
    let items = stage.load(&population)?;
    let loaded = started.elapsed();
    let mix = mix::run(&stage, &population, &plan.usage)?;
    let rates = rates::read(&mut stage, &population, plan.usage.requests / 5, seed)?;
    let graph = &population.graph;
    let mut largest: Vec<usize> = (0..graph.users()).map(|node| graph.followers(node).len()).collect();
    largest.sort_unstable_by(|a, b| b.cmp(a));
    let network = Network {
        users: graph.users(),
        edges: graph.edges(),
        mutual: graph.mutual(),
        active: ratio(population.active().len(), graph.users()),
        celebrities: largest.iter().filter(|followers| **followers > plan.threshold).count(),
        largest: largest.into_iter().take(8).collect(),
        threshold: plan.threshold,
        items,
        loaded,
    };
    Ok(Report { network, mix, rates, rungs, readings })
}
