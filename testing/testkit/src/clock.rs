//! A clock that tests control.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Clock, Timestamp};

/// The moment at which a [`ManualClock`] begins: 2026-11-22T12:00:00Z.
pub const START: Timestamp = Timestamp(1_795_348_800_000);

/// A clock that stands still until a test moves it. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// Returns a clock that shows [`START`].
    pub fn new() -> Self {
        Self::at(START)
    }

    /// Returns a clock that shows `moment`.
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(moment.0)))
    }

    /// Moves the clock forward by `span`.
    pub fn advance(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).expect("a span of less than 292 million years");
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves the clock forward by whole days.
    pub fn advance_days(&self, days: u32) {
        self.advance(Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    }

    /// Sets the clock to `moment`, which may be in the past.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::SeqCst);
    }

    /// Returns this clock in the type that functions take.
    pub fn shared(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_clock_move_together() {
        let clock = ManualClock::new();
        let other = clock.shared();
        assert_eq!(other.now().to_string(), "2026-11-22T12:00:00.000Z");
        clock.advance_days(1);
        clock.advance(Duration::from_millis(5));
        assert_eq!(other.now(), START.plus_days(1).plus_ms(5));
    }
}
