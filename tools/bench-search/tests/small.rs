//! A small run of the bench: whom searches find, and the budget of each.
#![allow(clippy::unwrap_used, reason = "a test may")]

use bench_search::names::Kind;
use bench_search::{Plan, run};

#[test]
fn a_small_network_is_searched_within_its_budget() {
    let report = run(&Plan { people: 3_000, searches: 100, seed: 1 }).unwrap();
    assert_eq!(report.kinds.len(), Kind::ALL.len());
    for (kind, measured) in &report.kinds {
        let recall = measured.recall.iter().sum::<f64>() / figures::float(measured.recall.len());
        let least = if kind.is_mistyped() { 0.5 } else { 0.9 };
        assert!(recall >= least, "{kind:?}: {recall}");
        assert!(measured.units.iter().all(|units| *units <= 1.0), "{kind:?}: {:?}", measured.units);
    }
}
