//! A synthetic graph of who follows whom. Few users have many followers, and many users have few.
//!
//! The numbers of followers have a lognormal body and a Pareto tail, as measured in real networks.
//! The choice of followers is simple. Some follow back, some come from the followers of a follower,
//! and the rest is drawn by appetite.

mod degrees;

use rand::seq::IndexedRandom;
use rand::seq::index::sample_weighted;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;
use rand_pcg::Pcg64;

use crate::Result;

/// A user, as an index into a graph.
pub type Node = usize;

/// The parameters of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Users in the graph.
    pub users: usize,
    /// Users that a user follows, on average.
    pub following: f64,
    /// Followers of user 0, exactly. Nobody else has more than 40 % of that.
    pub celebrity: usize,
    /// Exponent of the tail: the share of users with more than `x` followers falls like `x^-tail`.
    pub tail: f64,
    /// Chance that a followed user, who would like to follow more people, follows back.
    pub reciprocity: f64,
    /// Chance that a follower comes through another follower.
    pub closure: f64,
    /// Seed of all random choices.
    pub seed: u64,
}

impl Default for Shape {
    /// Returns the shape of ego networks collected from Twitter: 20 followed on average, every sixth of them
    /// mutually, a tail of 1.3.
    fn default() -> Self {
        Self {
            users: 100_000,
            following: 20.0,
            celebrity: 50_000,
            tail: 1.3,
            reciprocity: 0.8,
            closure: 0.3,
            seed: 1,
        }
    }
}

/// Who follows whom, from both sides. Both lists of each user are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    followers: Vec<Vec<Node>>,
    following: Vec<Vec<Node>>,
}

impl Graph {
    /// Returns the graph of a shape. The same shape gives the same graph.
    ///
    /// # Errors
    /// No graph has this shape, such as one with more followers than users.
    pub fn generate(shape: &Shape) -> Result<Self> {
        if shape.celebrity >= shape.users {
            return Err(format!("{} users cannot make {} followers", shape.users, shape.celebrity).into());
        }
        let mut random = Pcg64::seed_from_u64(shape.seed);
        let wanted = degrees::followers(shape, &mut random)?;
        let mut growing = Growing::new(shape, degrees::appetites(shape, &mut random)?, random)?;
        let mut order: Vec<Node> = (0..shape.users).collect();
        rand::seq::SliceRandom::shuffle(order.as_mut_slice(), &mut growing.random);
        for node in order {
            let wanted = wanted.get(node).copied().unwrap_or(0);
            growing.gather(node, wanted)?;
        }
        Ok(Self::of(shape.users, growing.followers))
    }

    /// Returns the graph of `users` with the given followers of each. Nobody may follow twice or themselves.
    pub fn of(users: usize, mut followers: Vec<Vec<Node>>) -> Self {
        followers.resize(users, Vec::new());
        let mut following = vec![Vec::new(); users];
        for (followee, followers) in followers.iter_mut().enumerate() {
            followers.sort_unstable();
            followers.dedup();
            followers.retain(|follower| *follower != followee);
            for follower in followers {
                // Followees are visited in order, so that these lists are sorted too.
                if let Some(following) = following.get_mut(*follower) {
                    following.push(followee);
                }
            }
        }
        Self { followers, following }
    }

    /// Returns the number of users.
    pub fn users(&self) -> usize {
        self.followers.len()
    }

    /// Returns the number of edges.
    pub fn edges(&self) -> usize {
        self.followers.iter().map(Vec::len).sum()
    }

    /// Returns the followers of `node`.
    pub fn followers(&self, node: Node) -> &[Node] {
        self.followers.get(node).map_or(&[], Vec::as_slice)
    }

    /// Returns whom `node` follows.
    pub fn following(&self, node: Node) -> &[Node] {
        self.following.get(node).map_or(&[], Vec::as_slice)
    }

    /// Returns the share of edges that go both ways.
    pub fn mutual(&self) -> f64 {
        let back = |node: Node| {
            let (followers, following) = (self.followers(node), self.following(node));
            followers.iter().filter(|follower| following.binary_search(follower).is_ok()).count()
        };
        let mutual: usize = (0..self.users()).map(back).sum();
        crate::numbers::ratio(mutual, self.edges())
    }
}

/// A graph under construction.
struct Growing {
    random: Pcg64,
    reciprocity: f64,
    closure: f64,
    /// The approximate number of users that each user would like to follow.
    appetites: Vec<usize>,
    by_appetite: WeightedAliasIndex<f64>,
    followers: Vec<Vec<Node>>,
    following: Vec<Vec<Node>>,
    /// For each user, the user whom they were last taken for as a follower.
    /// Moving on to another user empties this set.
    taken_by: Vec<Option<Node>>,
}

impl Growing {
    fn new(shape: &Shape, appetites: Vec<usize>, random: Pcg64) -> Result<Self> {
        let weights = appetites.iter().map(|appetite| figures::float(*appetite)).collect();
        Ok(Self {
            random,
            reciprocity: shape.reciprocity,
            closure: shape.closure,
            by_appetite: WeightedAliasIndex::new(weights)?,
            followers: vec![Vec::new(); appetites.len()],
            following: vec![Vec::new(); appetites.len()],
            taken_by: vec![None; appetites.len()],
            appetites,
        })
    }

    /// Gives `node` exactly `wanted` followers.
    fn gather(&mut self, node: Node, wanted: usize) -> Result<()> {
        self.follow_back(node, wanted);
        // When most users are wanted, single draws would mostly hit users already taken.
        let few = wanted < self.appetites.len() / 16;
        for _ in 0..if few { 4 * wanted } else { 0 } {
            if self.count(node) == wanted {
                break;
            }
            let follower = self.candidate(node);
            self.take(node, follower);
        }
        let missing = wanted - self.count(node);
        let weight = |follower: usize| {
            let free = follower != node && self.taken_by.get(follower) != Some(&Some(node));
            if free { figures::float(self.appetites.get(follower).copied().unwrap_or(0)) } else { 0.0 }
        };
        // A separate source is used, because the weights are borrowed at the same time.
        let mut random = Pcg64::seed_from_u64(self.random.next_u64());
        for follower in sample_weighted(&mut random, self.appetites.len(), weight, missing)? {
            self.take(node, follower);
        }
        Ok(())
    }

    /// Lets some of those whom `node` follows follow back, unless they follow enough people already.
    fn follow_back(&mut self, node: Node, wanted: usize) {
        for followee in self.following.get(node).cloned().unwrap_or_default() {
            let back = self.is_hungry(followee) && self.random.random_bool(self.reciprocity);
            if back && self.count(node) < wanted {
                self.take(node, followee);
            }
        }
    }

    /// Returns a candidate to follow `node`: a follower of one of its followers, or anybody.
    fn candidate(&mut self, node: Node) -> Node {
        if self.random.random_bool(self.closure) {
            let friend = self.followers.get(node).and_then(|list| list.choose(&mut self.random)).copied();
            let further = friend.and_then(|friend| self.followers.get(friend));
            let candidate = further.and_then(|list| list.choose(&mut self.random)).copied();
            if let Some(candidate) = candidate.filter(|candidate| self.is_hungry(*candidate)) {
                return candidate;
            }
        }
        self.by_appetite.sample(&mut self.random)
    }

    fn is_hungry(&self, node: Node) -> bool {
        self.following.get(node).map(Vec::len) < self.appetites.get(node).copied()
    }

    fn count(&self, node: Node) -> usize {
        self.followers.get(node).map_or(0, Vec::len)
    }

    /// Lets `follower` follow `node`, unless they do already or are the same user.
    fn take(&mut self, node: Node, follower: Node) {
        let Some(taken_by) = self.taken_by.get_mut(follower) else { return };
        if follower == node || *taken_by == Some(node) {
            return;
        }
        *taken_by = Some(node);
        if let (Some(followers), Some(following)) =
            (self.followers.get_mut(node), self.following.get_mut(follower))
        {
            followers.push(follower);
            following.push(node);
        }
    }
}

#[cfg(test)]
mod tests;
