//! What a test's table calls cost: requests, retries, sequential round trips, capacity.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime::capacity::{Call, Sink};

/// Operations that write.
pub(crate) const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// What was used since the engine started or [`crate::Engine::reset_usage`] was called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Calls made through the client; a call that retries is one.
    pub requests: u32,
    /// Requests sent, retries included.
    pub attempts: u32,
    /// Longest chain of requests that followed one another; requests under way at the same time count once.
    pub round_trips: u32,
    /// Read request units.
    pub read_units: f64,
    /// Write request units. A write that its condition refused is not among them: the service does not tell.
    pub write_units: f64,
    /// The same by operation, such as `PutItem`.
    pub operations: BTreeMap<String, OperationUsage>,
}

/// What one kind of operation used.
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
    /// Calls of one operation.
    pub fn requests_of(&self, operation: &str) -> u32 {
        self.operations.get(operation).map_or(0, |used| used.requests)
    }

    /// Calls of all operations that write.
    pub fn writes(&self) -> u32 {
        WRITES.iter().map(|operation| self.requests_of(operation)).sum()
    }
}

/// Adds up usage; told by the capacity interceptor and by the wire.
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

    /// A request leaves: it is one trip further than the furthest that has come back.
    pub(crate) fn depart(&self) -> u32 {
        self.lock().round_trips + 1
    }

    /// The request that left on this trip is back.
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
    fn what_overlaps_is_one_round_trip() {
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
