//! A network in use: 60 % home feeds, 30 % timelines, 10 % posts.
//!
//! Every page is compared with what it should show, so that the measurements
//! are known to be of correct pages.

use std::time::Duration;

use progress::Progress;
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_pcg::Pcg64;

use crate::Result;
use crate::graph::Node;
use crate::numbers::Series;
use crate::population::Population;
use crate::stage::{Page, Spent, Stage};
use crate::truth::Truth;
use crate::workflow::Push;

/// The way in which the network is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// Number of requests.
    pub requests: usize,
    /// Requests a second that one process of each function gets.
    pub per_second: f64,
    /// One post out of this many is the celebrity's.
    pub celebrity_every: usize,
    /// Seed of who does what.
    pub seed: u64,
}

impl Default for Use {
    fn default() -> Self {
        Self { requests: 4_000, per_second: 10.0, celebrity_every: 50, seed: 1 }
    }
}

/// Usage of one kind of request, one value for each request.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Read units.
    pub reads: Series,
    /// Write units.
    pub writes: Series,
    /// Milliseconds.
    pub time: Series,
    /// All requests together.
    pub total: Spent,
}

impl Pages {
    fn add(&mut self, page: &Page) {
        self.reads.push(page.spent.reads);
        self.writes.push(page.spent.writes);
        self.time.push(page.spent.time.as_secs_f64() * 1e3);
        self.total.add(&page.spent);
    }
}

/// Usage of posts, one value for each post.
#[derive(Clone, Debug, Default)]
pub struct Posts {
    /// Write units of the request and of the renditions' record.
    pub created: Series,
    /// Write units of derivation.
    pub derived: Series,
    /// Write units of the fan-out.
    pub pushed: Series,
    /// All write units.
    pub writes: Series,
    /// All read units.
    pub reads: Series,
    /// Feeds written to.
    pub entries: u64,
    /// Followers who were skipped because they were not active lately.
    pub skipped: u64,
    /// The largest peak of memory of each function: `derive`, `fanout`, `fanout-segment`.
    pub memory: [u64; 3],
}

/// The result of using the network.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Home feeds with enough photos for a full page.
    pub feeds: Pages,
    /// Home feeds that end on the first page. Their pushed entries end there,
    /// and the function pulls for more.
    pub short_feeds: Pages,
    /// The full pages by the reader's number of followees: fewer than 10, fewer than 100, more.
    pub feeds_by_followees: [Series; 3],
    /// Authors' timelines.
    pub timelines: Pages,
    /// Posts of everybody else.
    pub posts: Posts,
    /// Posts of celebrities.
    pub celebrity_posts: Posts,
}

#[derive(Clone, Copy)]
enum Request {
    Feed,
    Timeline,
    Post,
}

/// The state of the network in use.
struct Mix<'a> {
    stage: &'a Stage,
    population: &'a Population,
    truth: Truth<'a>,
    active: Vec<Node>,
    chance: Pcg64,
    executions: Vec<(Posting, Push)>,
    outcome: Outcome,
}

/// Usage of a celebrity's post before its workflow.
struct Posting {
    created: Spent,
    derived: Spent,
    pushed: Spent,
}

/// Uses the network.
///
/// # Errors
/// A function failed, or a page was wrong.
pub fn run(stage: &Stage, population: &Population, how: &Use) -> Result<Outcome> {
    let mut chance = Pcg64::seed_from_u64(how.seed);
    let requests = schedule(how.requests, &mut chance);
    let mut mix = Mix {
        stage,
        population,
        truth: Truth::new(population),
        active: population.active(),
        chance,
        executions: Vec::new(),
        outcome: Outcome::default(),
    };
    let between = Duration::from_secs_f64(1.0 / how.per_second);
    let mut posts = 0;
    let progress = Progress::new("the network in use", requests.len());
    for request in requests {
        stage.pass(between);
        mix.advance()?;
        match request {
            Request::Feed => mix.feed()?,
            Request::Timeline => mix.timeline()?,
            Request::Post => {
                posts += 1;
                mix.post(posts % how.celebrity_every.max(1) == 0)?;
            }
        }
        progress.step("requests");
    }
    while !mix.executions.is_empty() {
        stage.pass(Duration::from_mins(1));
        mix.advance()?;
    }
    Ok(mix.outcome)
}

/// Returns 60 % feeds, 30 % timelines, 10 % posts, in random order.
fn schedule(requests: usize, chance: &mut Pcg64) -> Vec<Request> {
    let kind = |number: usize| match number % 10 {
        0..6 => Request::Feed,
        6..9 => Request::Timeline,
        _ => Request::Post,
    };
    let mut schedule: Vec<Request> = (0..requests).map(kind).collect();
    schedule.shuffle(chance);
    schedule
}

impl Mix<'_> {
    fn somebody(&mut self) -> Result<Node> {
        Ok(*self.active.choose(&mut self.chance).ok_or("nobody is active")?)
    }

    /// Takes one step of every running workflow.
    fn advance(&mut self) -> Result<()> {
        for (_, execution) in &mut self.executions {
            execution.step(self.stage)?;
        }
        for (posting, execution) in self.executions.extract_if(.., |(_, execution)| execution.is_done()) {
            self.outcome.celebrity_posts.add(&posting, Some(&execution.spent));
        }
        Ok(())
    }

    fn feed(&mut self) -> Result<()> {
        let reader = self.somebody()?;
        let page = self.stage.feed(self.population.person(reader)?)?;
        let more = self.truth.check_feed(reader, &page.photos, &self.stage.clock)?;
        if !more {
            self.outcome.short_feeds.add(&page);
            return Ok(());
        }
        let followees = self.population.graph.following(reader).len();
        let bucket = usize::from(followees >= 10) + usize::from(followees >= 100);
        if let Some(bucket) = self.outcome.feeds_by_followees.get_mut(bucket) {
            bucket.push(page.spent.reads);
        }
        self.outcome.feeds.add(&page);
        Ok(())
    }

    /// Lets a user read the photos of somebody they follow.
    fn timeline(&mut self) -> Result<()> {
        let reader = self.somebody()?;
        let followees = self.population.graph.following(reader);
        let author = followees.choose(&mut self.chance).copied().unwrap_or(reader);
        let (reader, person) = (self.population.person(reader)?, self.population.person(author)?);
        let page = self.stage.timeline(reader, person)?;
        self.truth.check_timeline(author, &page.photos)?;
        self.outcome.timelines.add(&page);
        Ok(())
    }

    fn post(&mut self, celebrity: bool) -> Result<()> {
        let author = if celebrity { 0 } else { self.somebody()? };
        let posted = self.stage.post(self.population.person(author)?)?;
        self.truth.posted(author, posted.photo);
        let posting = Posting { created: posted.created, derived: posted.derived, pushed: posted.pushed };
        match posted.workflow {
            Some(input) => self.executions.push((posting, Push::plan(&input))),
            None => self.outcome.posts.add(&posting, None),
        }
        Ok(())
    }
}

impl Posts {
    fn add(&mut self, posting: &Posting, workflow: Option<&Spent>) {
        let Posting { created, derived, pushed } = posting;
        let mut fan_out = pushed.clone();
        if let Some(workflow) = workflow {
            fan_out.add(workflow);
        }
        self.created.push(created.writes);
        self.derived.push(derived.writes);
        self.pushed.push(fan_out.writes);
        self.writes.push(created.writes + derived.writes + fan_out.writes);
        self.reads.push(created.reads + derived.reads + fan_out.reads);
        self.entries += fan_out.counted("entries_pushed") + fan_out.counted("followers_reached");
        self.skipped += fan_out.counted("inactive_skipped");
        let segments = workflow.map_or(0, |workflow| workflow.memory);
        for (most, peak) in self.memory.iter_mut().zip([derived.memory, pushed.memory, segments]) {
            *most = peak.max(*most);
        }
    }
}
