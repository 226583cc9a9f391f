//! Cost of a feed page by the number of users that the reader follows.

use domain::Clock;
use progress::Progress;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use testkit::SeededRandom;

use crate::Result;
use crate::graph::{Graph, Node};
use crate::population::{Person, Population};
use crate::stage::{Page, Stage};
use crate::truth::Truth;

/// Photos of the first author, so that a reader who follows nobody else has a full page.
const FIRST: usize = 40;
/// A threshold that makes nobody a celebrity.
const NOBODY: usize = 1_000_000;
/// Photos of every other author.
const OTHERS: usize = 3;

/// The first page of one reader, read twice.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Users that the reader follows.
    pub followees: usize,
    /// The page from a process whose caches are empty.
    pub cold: Page,
    /// The page from the same process again.
    pub warm: Page,
}

/// Reads the page of one reader for each number of followees.
///
/// # Errors
/// A function failed, or a page was wrong.
pub fn read(counts: &[usize]) -> Result<Vec<Reading>> {
    let mut stage = Stage::new(NOBODY)?;
    let population = people(counts, &stage)?;
    stage.load(&population)?;
    let truth = Truth::new(&population);
    let mut readings = Vec::new();
    // The first invocations connect.
    stage.feed(population.person(0)?)?;
    let progress = Progress::new("pages by followees", counts.len());
    for (reader, followees) in counts.iter().enumerate() {
        stage.forget_pages();
        let (cold, warm) = {
            let person = population.person(reader)?;
            (stage.feed(person)?, stage.feed(person)?)
        };
        truth.check_feed(reader, &cold.photos, &stage.clock)?;
        truth.check_feed(reader, &warm.photos, &stage.clock)?;
        readings.push(Reading { followees: *followees, cold, warm });
        progress.step(&format!("{followees} followees"));
    }
    Ok(readings)
}

/// Creates the readers, and as many authors as the reader with the most followees needs.
fn people(counts: &[usize], stage: &Stage) -> Result<Population> {
    let authors = counts.iter().copied().max().unwrap_or(0);
    let (now, random, mut chance) = (stage.clock.now(), SeededRandom::default(), Pcg64::seed_from_u64(1));
    let mut people: Vec<Person> = Vec::new();
    let mut followers: Vec<Vec<Node>> = vec![Vec::new(); counts.len()];
    for node in 0..counts.len() + authors {
        let mut person = Person { active_on: Some(now.day()), ..Person::new(node, now, &random)? };
        if let Some(author) = node.checked_sub(counts.len()) {
            person.post(if author == 0 { FIRST } else { OTHERS }, now, &random, &mut chance);
            let readers = counts.iter().enumerate().filter(|(_, count)| author < **count);
            followers.push(readers.map(|(reader, _)| reader).collect());
        }
        people.push(person);
    }
    let graph = Graph::of(people.len(), followers);
    Ok(Population { graph, people, threshold: NOBODY, now })
}
