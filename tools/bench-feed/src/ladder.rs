//! Cost of a fan-out by the number of followers, of whom all, some or none were active lately.

use domain::Clock;
use domain::feed::ACTIVE_DAYS;
use figures::float;
use progress::Progress;
use testkit::SeededRandom;

use crate::Result;
use crate::graph::{Graph, Node};
use crate::numbers::{Line, whole};
use crate::population::{Person, Population};
use crate::stage::{Spent, Stage};
use crate::workflow::Push;

/// Shares of active followers that each following is tried with.
pub const SHARES: [f64; 3] = [1.0, 0.4, 0.0];

/// One author's photo, fanned out.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Followers of the author.
    pub followers: usize,
    /// Followers who were active lately.
    pub active: usize,
    /// Whether the photo went through the workflow.
    pub celebrity: bool,
    /// Messages, and invocations for segments.
    pub invocations: usize,
    /// Usage of `fanout` and `fanout-segment`.
    pub spent: Spent,
}

impl Rung {
    /// Returns how many followers were not active lately.
    pub fn inactive(&self) -> usize {
        self.followers - self.active
    }
}

/// The cost that each follower adds to a fan-out.
#[derive(Clone, Copy, Debug)]
pub struct PerFollower {
    /// Write units.
    pub writes: Line,
    /// Read units.
    pub reads: Line,
    /// Microseconds.
    pub time: Line,
}

/// Fans out one photo of each author.
///
/// # Errors
/// A function failed.
pub fn climb(followings: &[usize], threshold: usize) -> Result<Vec<Rung>> {
    let stage = Stage::new(threshold)?;
    let (population, authors) = people(followings, threshold, &stage)?;
    stage.load(&population)?;
    // The first invocations connect.
    let first = authors.first().ok_or("no followings to try")?;
    stage.post(population.person(*first)?)?;
    let progress = Progress::new("fan-out by followers", authors.len());
    let climbed = authors.iter().map(|author| {
        let rung = rung(&stage, &population, *author)?;
        progress.step(&format!("{} followers", rung.followers));
        Ok(rung)
    });
    climbed.collect()
}

fn rung(stage: &Stage, population: &Population, author: Node) -> Result<Rung> {
    stage.pass(std::time::Duration::from_mins(1));
    let posted = stage.post(population.person(author)?)?;
    let (mut spent, mut invocations) = (posted.pushed, posted.messages);
    let celebrity = posted.workflow.is_some();
    if let Some(input) = posted.workflow {
        let mut push = Push::plan(&input);
        push.finish(stage)?;
        spent.add(&push.spent);
        invocations += push.invocations;
    }
    let rung = Rung {
        followers: population.graph.followers(author).len(),
        active: population.active_followers(author),
        celebrity,
        invocations,
        spent,
    };
    let reached = rung.spent.counted("entries_pushed") + rung.spent.counted("followers_reached");
    if usize::try_from(reached)? == rung.active {
        Ok(rung)
    } else {
        Err(format!("{reached} feeds were written to, of {} active followers", rung.active).into())
    }
}

/// Creates the authors, and as many active and as many inactive people as the largest following has.
fn people(followings: &[usize], threshold: usize, stage: &Stage) -> Result<(Population, Vec<Node>)> {
    let most = followings.iter().copied().max().unwrap_or(0);
    let (now, random) = (stage.clock.now(), SeededRandom::default());
    let mut people = Vec::new();
    for node in 0..2 * most {
        let day = if node < most { now.day() } else { now.day() - ACTIVE_DAYS - 1 };
        people.push(Person { active_on: Some(day), ..Person::new(node, now, &random)? });
    }
    let mut followers: Vec<Vec<Node>> = vec![Vec::new(); people.len()];
    let mut authors = Vec::new();
    for share in SHARES {
        for following in followings {
            let active = whole(float(*following) * share);
            followers.push((0..active).chain(most..most + following - active).collect());
            authors.push(people.len());
            people.push(Person::new(people.len(), now, &random)?);
        }
    }
    let graph = Graph::of(people.len(), followers);
    Ok((Population { graph, people, threshold, now }, authors))
}

/// Returns the cost of each active follower, from authors whose followers are all active.
pub fn per_active(rungs: &[Rung]) -> PerFollower {
    lines(&rungs.iter().filter(|rung| rung.inactive() == 0).collect::<Vec<_>>())
}

/// Returns the cost of each inactive follower, from authors whose followers are all inactive.
pub fn per_inactive(rungs: &[Rung]) -> PerFollower {
    lines(&rungs.iter().filter(|rung| rung.active == 0).collect::<Vec<_>>())
}

fn lines(rungs: &[&Rung]) -> PerFollower {
    let line = |of: fn(&Spent) -> f64| {
        let points: Vec<(f64, f64)> =
            rungs.iter().map(|rung| (float(rung.followers), of(&rung.spent))).collect();
        Line::through(&points)
    };
    PerFollower {
        writes: line(|spent| spent.writes),
        reads: line(|spent| spent.reads),
        time: line(|spent| spent.time.as_secs_f64() * 1e6),
    }
}
