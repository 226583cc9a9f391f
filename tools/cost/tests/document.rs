//! The checked-in document equals the program's output, and the tests it refers to exist.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use std::path::Path;

use cost::{Model, World, units};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path))
        .unwrap_or_default()
}

#[test]
fn the_checked_in_document_is_up_to_date() {
    let printed = cost::report(&Model::new(World::TEXTBOOK).unwrap());
    assert!(
        printed == read("docs/cost.md"),
        "docs/cost.md differs from the program: run `make -s cost > docs/cost.md`"
    );
}

/// A renamed test or a moved file makes this fail, until its line of the table is changed too.
#[test]
fn every_unit_names_an_existing_test() {
    for unit in units::ALL {
        let text = read(unit.file);
        let held = unit.test.map_or(!text.is_empty(), |test| text.contains(&format!("fn {test}(")));
        assert!(held, "{unit:?}");
    }
}
