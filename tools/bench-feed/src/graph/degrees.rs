//! The number of followers of each user, and the number of users that each would like to follow.

use figures::float;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, LogNormal, Pareto};

use crate::Result;
use crate::graph::Shape;
use crate::numbers::whole;

/// Spread of the logarithm: most users are within a factor of three of the median.
const SPREAD: f64 = 1.0;
/// Rounds of redrawing before a shape counts as impossible.
const ROUNDS: usize = 1_000;

/// Returns the number of followers of each user. User 0 has as many as the shape says;
/// the others meet the asked mean.
///
/// Each is a lognormal variable times a Pareto variable: a lognormal body whose tail falls like the Pareto's.
pub(super) fn followers(shape: &Shape, random: &mut impl Rng) -> Result<Vec<usize>> {
    let (body, tail) = (LogNormal::new(0.0, SPREAD)?, Pareto::new(1.0, shape.tail)?);
    let mut draw = || body.sample(random) * tail.sample(random);
    let mut drawn: Vec<f64> = (1..shape.users).map(|_| draw()).collect();
    let total = shape.following * float(shape.users) - float(shape.celebrity);
    let most = float((shape.celebrity * 2 / 5).min(shape.users - 1));
    let mut scale = 0.0;
    // A number above the maximum is drawn again, which leaves more for the others. A few rounds settle that.
    for _ in 0..ROUNDS {
        scale = total / drawn.iter().sum::<f64>();
        let mut settled = true;
        for number in drawn.iter_mut().filter(|number| **number * scale > most) {
            *number = draw();
            settled = false;
        }
        if settled {
            break;
        }
    }
    if scale <= 0.0 || drawn.iter().any(|number| number * scale > most) {
        return Err("the mean cannot be met with these users and this celebrity".into());
    }
    let others = drawn.iter().map(|number| settle(number * scale, random));
    Ok(std::iter::once(shape.celebrity).chain(others).collect())
}

/// Returns how many others each user would like to follow: at least one, lognormal.
pub(super) fn appetites(shape: &Shape, random: &mut impl Rng) -> Result<Vec<usize>> {
    let body = LogNormal::new(shape.following.ln() - SPREAD * SPREAD / 2.0, SPREAD)?;
    let most = float(shape.users - 1);
    Ok((0..shape.users).map(|_| settle(body.sample(random).clamp(1.0, most), random)).collect())
}

/// Rounds `number` up or down at random, so that the mean stays.
fn settle(number: f64, random: &mut impl Rng) -> usize {
    whole(number) + usize::from(random.random_bool(number.fract()))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::*;

    /// Hill's estimator over the `count` largest: the reciprocal of the mean logarithm above the next.
    fn tail_of(mut numbers: Vec<usize>, count: usize) -> f64 {
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let threshold = float(numbers[count]);
        let logarithms: f64 = numbers[..count].iter().map(|number| (float(*number) / threshold).ln()).sum();
        float(count) / logarithms
    }

    #[test]
    fn the_tail_falls_as_asked_and_the_mean_is_met() {
        for (tail, seed) in [(1.3, 1), (1.3, 2), (1.8, 3), (2.5, 4)] {
            let shape = Shape { users: 200_000, celebrity: 190_000, tail, ..Shape::default() };
            let counts = followers(&shape, &mut Pcg64::seed_from_u64(seed)).unwrap();
            assert_eq!(counts[0], 190_000);
            let mean = crate::numbers::ratio(counts.iter().sum(), counts.len());
            assert!((mean / shape.following - 1.0).abs() < 0.01, "a mean of {mean}");
            let found = tail_of(counts[1..].to_vec(), 1_000);
            assert!((found / tail - 1.0).abs() < 0.15, "a tail of {found} instead of {tail}");
        }
    }

    #[test]
    fn impossible_means_are_refused() {
        let shape = Shape { users: 100, celebrity: 99, following: 0.5, ..Shape::default() };
        followers(&shape, &mut Pcg64::seed_from_u64(1)).unwrap_err();
        let shape = Shape { following: 99.0, ..shape };
        followers(&shape, &mut Pcg64::seed_from_u64(1)).unwrap_err();
    }
}
