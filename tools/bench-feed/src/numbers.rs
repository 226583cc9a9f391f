//! Conversions of counts, and statistics of measurements.

use std::fmt;

use figures::float;

/// Returns the whole part of a number that is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
pub(crate) fn whole(number: f64) -> usize {
    number as usize
}

/// Returns `part` of `all`, or 0 if `all` is 0.
pub(crate) fn ratio(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { float(part) / float(all) }
}

/// Returns `part` of `all`, or 0 if `all` is 0.
pub(crate) fn share(part: u64, all: u64) -> f64 {
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    ratio(count(part), count(all))
}

/// Measurements of one quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series(Vec<f64>);

impl Series {
    /// Adds a measurement.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Returns the number of measurements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no measurements.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the sum of all measurements.
    pub fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Returns the mean, or 0 if there are no measurements.
    pub fn mean(&self) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.sum() / float(self.0.len()) }
    }

    /// Returns the smallest measurement that `share` of all do not exceed, or 0 if there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let rank = whole((float(sorted.len()) * share).ceil()).clamp(1, sorted.len().max(1));
        sorted.get(rank - 1).copied().unwrap_or(0.0)
    }

    /// Returns the largest measurement, or 0 if there are none.
    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// A straight line through measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The growth of `y` with each step of `x`.
    pub slope: f64,
    /// The value of `y` where `x` is 0.
    pub intercept: f64,
    /// The share of the variance of `y` that the line explains, from 0 to 1.
    pub fit: f64,
}

impl Line {
    /// Returns the least-squares line through `(x, y)`. It is flat where all `x` are the same.
    pub fn through(points: &[(f64, f64)]) -> Self {
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).collect::<Series>().mean();
        let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in points {
            xx += (x - mean_x).powi(2);
            xy += (x - mean_x) * (y - mean_y);
            yy += (y - mean_y).powi(2);
        }
        let slope = if xx > 0.0 { xy / xx } else { 0.0 };
        let fit = if yy > 0.0 { slope * xy / yy } else { 1.0 };
        Self { slope, intercept: mean_y - slope * mean_x, fit }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slope, intercept, fit } = self;
        write!(f, "{slope:.4} x {intercept:+.1} (R² {fit:.4})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measurements() {
        let series: Series = (1..=100).rev().map(f64::from).collect();
        assert_eq!((series.quantile(0.5), series.quantile(0.95), series.max()), (50.0, 95.0, 100.0));
        assert_eq!((series.mean(), series.len(), series.quantile(0.0)), (50.5, 100, 1.0));
        let none = Series::default();
        assert_eq!((none.mean(), none.max(), none.is_empty()), (0.0, 0.0, true));
    }

    #[test]
    fn a_line_is_recovered_from_its_points() {
        let points: Vec<(f64, f64)> = (0..10).map(|x| (f64::from(x), 3.0 * f64::from(x) + 2.0)).collect();
        let Line { slope, intercept, fit } = Line::through(&points);
        assert!((slope - 3.0).abs() < 1e-9 && (intercept - 2.0).abs() < 1e-9 && (fit - 1.0).abs() < 1e-9);
        let flat = Line::through(&[(1.0, 5.0), (1.0, 7.0)]);
        assert_eq!((flat.slope, flat.intercept), (0.0, 6.0));
        assert!(Line::through(&[(0.0, 0.0), (1.0, 5.0), (2.0, 0.0)]).fit < 0.1);
    }
}
