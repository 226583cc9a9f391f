//! The cost of a run.

use std::sync::{Mutex, PoisonError};

use runtime::capacity::{Call, Sink};

/// Adds up read units. Scans report their own; the client's interceptor reports those of everything else.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<f64>);

impl Meter {
    pub(crate) fn add(&self, units: f64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += units;
    }

    pub(crate) fn read_units(&self) -> f64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Meter {
    fn record(&self, call: &Call) {
        self.add(call.read_units);
    }
}
