//! The people of a network: their names, last visits and recent photos.

use domain::account::UserName;
use domain::feed::{ACTIVE_DAYS, is_active};
use domain::{Clock, Home, PhotoId, Timestamp, UserId};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use testkit::SeededRandom;

use crate::Result;
use crate::graph::{Graph, Node};

/// The habits of people, on average.
#[derive(Clone, Debug, PartialEq)]
pub struct Habits {
    /// Share of people who were active within a week.
    pub active: f64,
    /// Share of people who posted within four weeks. Each of them posted one to nine photos.
    pub posting: f64,
}

impl Default for Habits {
    fn default() -> Self {
        Self { active: 0.4, posting: 0.5 }
    }
}

/// Age in days of the oldest photos at the start; none of their entries has expired.
const PHOTO_DAYS: i64 = 28;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Days since the network began.
const AGE_DAYS: i64 = 200;

/// A person of the network.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person's id.
    pub id: UserId,
    /// The person's user name.
    pub name: UserName,
    /// The day of the last visit, or none for those who never were here.
    pub active_on: Option<i64>,
    /// Their photos, oldest first.
    pub photos: Vec<PhotoId>,
}

impl Person {
    /// Creates the `number`-th person, who has posted nothing.
    ///
    /// # Errors
    /// None that a number could cause.
    pub fn new(number: Node, now: Timestamp, random: &SeededRandom) -> Result<Self> {
        let joined = now.plus_days(-AGE_DAYS).plus_ms(i64::try_from(number)?);
        Ok(Self {
            id: UserId::generate(Home::LOCAL, &At(joined), random),
            name: UserName::parse(&format!("user{number}"))?,
            active_on: None,
            photos: Vec::new(),
        })
    }

    /// Adds `count` photos that the person posted within the last weeks.
    pub fn post(&mut self, count: usize, now: Timestamp, random: &SeededRandom, chance: &mut Pcg64) {
        let author = self.id;
        let posted = |_| {
            PhotoId::generate(author, &At(now.plus_ms(-chance.random_range(1..PHOTO_DAYS * DAY_MS))), random)
        };
        self.photos.extend((0..count).map(posted));
        self.photos.sort_unstable();
    }

    /// Returns whether photos are pushed to the person.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active_on.is_some_and(|day| is_active(day, now))
    }
}

/// People and who follows whom.
#[derive(Clone, Debug)]
pub struct Population {
    /// The graph of who follows whom, by index among the people.
    pub graph: Graph,
    /// The people.
    pub people: Vec<Person>,
    /// People with more followers than this are celebrities.
    pub threshold: usize,
    /// The moment that this state describes.
    pub now: Timestamp,
}

impl Population {
    /// Creates people for a graph, the same for the same seed.
    ///
    /// # Errors
    /// A share is not between 0 and 1.
    pub fn new(graph: Graph, habits: &Habits, threshold: usize, now: Timestamp, seed: u64) -> Result<Self> {
        let (random, mut chance) = (SeededRandom::new(seed), Pcg64::seed_from_u64(seed));
        let mut people = Vec::with_capacity(graph.users());
        for node in 0..graph.users() {
            let mut person = Person::new(node, now, &random)?;
            person.active_on = last_visit(habits, now, &mut chance);
            if chance.random_bool(habits.posting) {
                let count = chance.random_range(1..=9);
                person.post(count, now, &random, &mut chance);
            }
            people.push(person);
        }
        Ok(Self { graph, people, threshold, now })
    }

    /// Returns the person with this index.
    ///
    /// # Errors
    /// There are fewer people.
    pub fn person(&self, node: Node) -> Result<&Person> {
        Ok(self.people.get(node).ok_or("nobody has this place in the graph")?)
    }

    /// Returns whether photos of `node` are pulled first.
    pub fn is_celebrity(&self, node: Node) -> bool {
        self.graph.followers(node).len() > self.threshold
    }

    /// Returns the people to whom photos are pushed.
    pub fn active(&self) -> Vec<Node> {
        let active = self.people.iter().enumerate().filter(|(_, person)| person.is_active(self.now));
        active.map(|(node, _)| node).collect()
    }

    /// Returns to how many followers of `node` photos are pushed.
    pub fn active_followers(&self, node: Node) -> usize {
        let followers = self.graph.followers(node).iter().filter_map(|follower| self.people.get(*follower));
        followers.filter(|follower| follower.is_active(self.now)).count()
    }
}

/// Returns a day of the last visit. Half of the inactive were here within a year, and half never.
fn last_visit(habits: &Habits, now: Timestamp, chance: &mut Pcg64) -> Option<i64> {
    if chance.random_bool(habits.active) {
        return Some(now.day() - chance.random_range(0..=ACTIVE_DAYS));
    }
    chance.random_bool(0.5).then(|| now.day() - chance.random_range(ACTIVE_DAYS + 1..365))
}

/// A clock that stands at one moment, for ids that were created then.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}
