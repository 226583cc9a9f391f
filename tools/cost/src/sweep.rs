//! A sweep over thresholds, to find the cheapest.

use crate::{Model, Strategy};

/// A threshold that nobody reaches.
pub const NEVER: f64 = f64::INFINITY;

/// The thresholds that the report shows.
pub const THRESHOLDS: [f64; 12] = [1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, NEVER];

/// Thresholds tried in each factor of ten.
const A_DECADE: u32 = 10;

impl Model {
    /// Returns the threshold at which feeds cost least, and that cost. It tries ten in each factor
    /// of ten from 100 on, and [`NEVER`]. Of equal ones it returns the highest: where nobody is,
    /// a threshold decides nothing.
    pub fn cheapest(&self, strategy: Strategy) -> (f64, f64) {
        let decades = (self.world().largest_following() / 100.0).log10().max(0.0) * f64::from(A_DECADE);
        let steps = (0..=u32::MAX).take_while(|step| f64::from(*step) <= decades);
        let thresholds = steps.map(|step| 100.0 * 10_f64.powf(f64::from(step) / f64::from(A_DECADE)));
        let mut best = (NEVER, self.bill(strategy, NEVER).feed());
        for threshold in thresholds {
            let dollars = self.bill(strategy, threshold).feed();
            if dollars < best.1 {
                best = (threshold, dollars);
            }
        }
        best
    }

    /// Returns the least and the most that feeds cost at the shown thresholds from `from` to `to`.
    pub fn range(&self, strategy: Strategy, from: f64, to: f64) -> (f64, f64) {
        let between = THRESHOLDS.iter().filter(|threshold| (from..=to).contains(*threshold));
        let dollars = between.map(|threshold| self.bill(strategy, *threshold).feed());
        dollars.fold((f64::INFINITY, 0.0), |(least, most), dollars| (dollars.min(least), dollars.max(most)))
    }
}
