//! The cost of a test's table calls: requests, retries, sequential round trips, capacity.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime::capacity::{Call, Sink};

/// Operations that write.
pub(crate) const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// The usage since the engine started or [`crate::Engine::reset_usage`] was called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Calls made through the client; a call that retries is one.
    pub requests: u32,
    /// Requests sent, retries included.
    pub attempts: u32,
    /// Length of the longest chain of sequential requests; requests in progress at the same time count once.
    pub round_trips: u32,
    /// Read request units.
    pub read_units: f64,
    /// Write request units. A write that its condition refused is not included, because
    /// the service does not report it.
    pub write_units: f64,
    /// The same figures by operation, such as `PutItem`.
    pub operations: BTreeMap<String, OperationUsage>,
}

/// The usage of one kind of operation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OperationUsage {
    /// Calls made.
    pub requests: u32,
    /// Requests sent, retries included.
    pub attempts: u32,
    /// Read request units.
    pub read_units: f64,
    /// Write request units.
    pub write_units: f64,
}

impl Usage {
    /// Returns the number of calls of one operation.
    pub fn requests_of(&self, operation: &str) -> u32 {
        self.operations.get(operation).map_or(0, |used| used.requests)
    }

    /// Returns the number of calls of all operations that write.
    pub fn writes(&self) -> u32 {
        WRITES.iter().map(|operation| self.requests_of(operation)).sum()
    }
}

/// Adds up usage, as the capacity interceptor and the wire report it.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Usage>);

impl Meter {
    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn usage(&self) -> Usage {
        self.lock().clone()
    }

    pub(crate) fn reset(&self) {
        *self.lock() = Usage::default();
    }

    /// Returns the trip of a departing request: one more than the furthest that has come back.
    pub(crate) fn depart(&self) -> u32 {
        self.lock().round_trips + 1
    }

    /// Records that the request that departed on this trip is back.
    pub(crate) fn arrive(&self, trip: u32) {
        let mut usage = self.lock();
        usage.round_trips = usage.round_trips.max(trip);
    }
}

impl Sink for Meter {
    fn record(&self, call: &Call) {
        let mut usage = self.lock();
        usage.requests += 1;
        usage.attempts += call.attempts;
        usage.read_units += call.read_units;
        usage.write_units += call.write_units;
        let operation = usage.operations.entry(call.operation.clone()).or_default();
        operation.requests += 1;
        operation.attempts += call.attempts;
        operation.read_units += call.read_units;
        operation.write_units += call.write_units;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_requests_are_one_round_trip() {
        let meter = Meter::default();
        let first = meter.depart();
        meter.arrive(first);
        let (left, right) = (meter.depart(), meter.depart());
        meter.arrive(left);
        meter.arrive(right);
        assert_eq!(meter.usage().round_trips, 2);
        meter.reset();
        assert_eq!(meter.usage(), Usage::default());
    }
}
