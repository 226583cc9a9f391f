//! The distribution of followers over accounts: a lognormal variable times a Pareto variable.
//!
//! Measured networks have this shape. The feed's bench draws from it; here it is a density.

use std::f64::consts::SQRT_2;

use crate::World;

/// Classes that accounts are sorted into, by the logarithm of their followers.
const CLASSES: u32 = 1_000;
/// Spread of the lognormal's logarithm: most accounts are within a factor of three of the median.
const SPREAD: f64 = 1.0;
/// Followers of the smallest class.
const FEWEST: f64 = 0.5;

/// A class of accounts with about the same number of followers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Followers of each account.
    pub followers: f64,
    /// Number of accounts.
    pub accounts: f64,
    /// Posts of all its accounts in a day.
    pub posts: f64,
}

/// All accounts, by followers.
#[derive(Clone, Debug)]
pub struct Followers(Vec<Class>);

impl Followers {
    /// Returns the accounts of `world`, which has been checked. Their number, mean and tail are the world's.
    /// None is larger than the world's largest, and all posts are spread over them.
    pub(crate) fn of(world: &World) -> Self {
        let largest = world.largest_following();
        // The mean grows with the median, so bisection finds the median.
        let (mut low, mut high) = (-10.0, largest.ln());
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if mean(&shares(middle, world.tail, largest)) < world.followers {
                low = middle;
            } else {
                high = middle;
            }
        }
        let shares = shares(low, world.tail, largest);
        let eagerness = |followers: f64| (1.0 + followers).powf(world.growth);
        let all: f64 = shares.iter().map(|(followers, share)| share * eagerness(*followers)).sum();
        let class = |(followers, share): (f64, f64)| Class {
            followers,
            accounts: world.accounts() * share,
            posts: world.posts_a_day() * share * eagerness(followers) / all,
        };
        Self(shares.into_iter().map(class).collect())
    }

    /// Returns the classes, smallest followings first.
    pub fn classes(&self) -> impl Iterator<Item = Class> + Clone {
        self.0.iter().copied()
    }

    /// Returns the classes with more than `threshold` followers.
    pub fn above(&self, threshold: f64) -> impl Iterator<Item = Class> + Clone {
        self.classes().filter(move |class| class.followers > threshold)
    }
}

fn mean(shares: &[(f64, f64)]) -> f64 {
    shares.iter().map(|(followers, share)| followers * share).sum()
}

/// Returns the followers of each class and its share of accounts, when the lognormal's
/// median is `exp(median)`.
fn shares(median: f64, tail: f64, largest: f64) -> Vec<(f64, f64)> {
    let step = (largest / FEWEST).ln() / f64::from(CLASSES);
    let classes = (0..CLASSES).map(|number| FEWEST.ln() + (f64::from(number) + 0.5) * step);
    let weights: Vec<(f64, f64)> =
        classes.map(|logarithm| (logarithm.exp(), density(logarithm - median, tail))).collect();
    let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
    weights.into_iter().map(|(followers, weight)| (followers, weight / all)).collect()
}

/// Returns the density, up to a factor, of the logarithm of a Pareto-lognormal variable, measured
/// from the median of the lognormal.
fn density(logarithm: f64, tail: f64) -> f64 {
    let normal = (logarithm - tail * SPREAD * SPREAD) / SPREAD;
    // This is the distribution function of the normal distribution, up to a factor.
    (-tail * logarithm).exp() * libm::erfc(-normal / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, within: f64) -> bool {
        (found / expected - 1.0).abs() < within
    }

    #[test]
    fn accounts_posts_and_edges_add_up() {
        for world in [
            World::TEXTBOOK,
            World { dau: 2e6, tail: 2.5, followers: 20.0, growth: 0.0, ..World::TEXTBOOK },
            World { tail: 1.05, growth: 0.9, ..World::TEXTBOOK },
        ] {
            let followers = Followers::of(&world);
            let sum = |of: fn(Class) -> f64| followers.classes().map(of).sum::<f64>();
            assert!(close(sum(|class| class.accounts), world.accounts(), 1e-9));
            assert!(close(sum(|class| class.posts), world.posts_a_day(), 1e-9));
            let edges = sum(|class| class.accounts * class.followers);
            assert!(close(edges, world.accounts() * world.followers, 1e-6), "{edges}");
        }
    }

    /// Accounts with ten times the followers are 10^-tail as many.
    #[test]
    fn the_tail_falls_as_asked() {
        for tail in [1.3, 1.8, 2.5] {
            let followers = Followers::of(&World { tail, ..World::TEXTBOOK });
            let above = |threshold| followers.above(threshold).map(|class| class.accounts).sum::<f64>();
            assert!(close(above(1e5) / above(1e6), 10_f64.powf(tail), 0.06), "{tail}");
        }
    }

    #[test]
    fn posts_grow_with_followers_as_asked() {
        let classes: Vec<Class> = Followers::of(&World::TEXTBOOK).classes().collect();
        let rate = |least: f64| {
            let class = classes.iter().find(|class| class.followers >= least).unwrap();
            (class.followers, class.posts / class.accounts)
        };
        let ((small, less), (large, more)) = (rate(1e4), rate(1e5));
        assert!(close(more / less, (large / small).powf(0.2), 1e-3));
    }
}
