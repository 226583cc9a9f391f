//! The people of a network: how they are called, when they were here last, what they posted lately.

use domain::account::UserName;
use domain::feed::{ACTIVE_DAYS, is_active};
use domain::{Clock, Home, PhotoId, Timestamp, UserId};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use testkit::SeededRandom;

use crate::Result;
use crate::graph::{Graph, Node};

/// What people do, on average.
#[derive(Clone, Debug, PartialEq)]
pub struct Habits {
    /// The share of people who were here within a week.
    pub active: f64,
    /// The share of people who posted within four weeks. Each of them posted one to nine photos.
    pub posting: f64,
}

impl Default for Habits {
    fn default() -> Self {
        Self { active: 0.4, posting: 0.5 }
    }
}

/// Days that the photos at the beginning go back: none of their entries has expired.
const PHOTO_DAYS: i64 = 28;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Days since the network began.
const AGE_DAYS: i64 = 200;

/// Somebody.
#[derive(Clone, Debug)]
pub struct Person {
    /// Names them.
    pub id: UserId,
    /// What they are called.
    pub name: UserName,
    /// Day of the last visit; none for those who never were here.
    pub active_on: Option<i64>,
    /// Their photos, oldest first.
    pub photos: Vec<PhotoId>,
}

impl Person {
    /// Somebody new, the `number`-th, who has posted nothing.
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

    /// Has them post `count` photos within the last weeks.
    pub fn post(&mut self, count: usize, now: Timestamp, random: &SeededRandom, chance: &mut Pcg64) {
        let author = self.id;
        let posted = |_| {
            PhotoId::generate(author, &At(now.plus_ms(-chance.random_range(1..PHOTO_DAYS * DAY_MS))), random)
        };
        self.photos.extend((0..count).map(posted));
        self.photos.sort_unstable();
    }

    /// Whether photos are pushed to them.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active_on.is_some_and(|day| is_active(day, now))
    }
}

/// People and who follows whom.
#[derive(Clone, Debug)]
pub struct Population {
    /// Who follows whom, by place among the people.
    pub graph: Graph,
    /// The people.
    pub people: Vec<Person>,
    /// Those with more followers than this are celebrities.
    pub threshold: usize,
    /// The moment at which they are like this.
    pub now: Timestamp,
}

impl Population {
    /// People for a graph, the same for the same seed.
    ///
    /// # Errors
    /// A share is none.
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

    /// Somebody by their place.
    ///
    /// # Errors
    /// There are fewer people.
    pub fn person(&self, node: Node) -> Result<&Person> {
        Ok(self.people.get(node).ok_or("nobody has this place in the graph")?)
    }

    /// Whether photos of `node` are pulled first.
    pub fn is_celebrity(&self, node: Node) -> bool {
        self.graph.followers(node).len() > self.threshold
    }

    /// The people to whom photos are pushed.
    pub fn active(&self) -> Vec<Node> {
        let active = self.people.iter().enumerate().filter(|(_, person)| person.is_active(self.now));
        active.map(|(node, _)| node).collect()
    }

    /// How many of the followers of `node` photos are pushed to.
    pub fn active_followers(&self, node: Node) -> usize {
        let followers = self.graph.followers(node).iter().filter_map(|follower| self.people.get(*follower));
        followers.filter(|follower| follower.is_active(self.now)).count()
    }
}

/// Of the inactive, half were here within a year and half never.
fn last_visit(habits: &Habits, now: Timestamp, chance: &mut Pcg64) -> Option<i64> {
    if chance.random_bool(habits.active) {
        return Some(now.day() - chance.random_range(0..=ACTIVE_DAYS));
    }
    chance.random_bool(0.5).then(|| now.day() - chance.random_range(ACTIVE_DAYS + 1..365))
}

/// A moment, for ids that were made then.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}
