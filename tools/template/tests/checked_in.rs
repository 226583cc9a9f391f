//! The checked-in template is the one that the pieces make, and says all that they say.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pieces() -> Vec<PathBuf> {
    let below = |folder: &str| fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let functions = below("functions").map(|folder| folder.join("function.yaml"));
    let workflows = below("statemachines").filter(|path| path.to_string_lossy().ends_with(".workflow.yaml"));
    functions.chain(below("infra")).chain(workflows).collect()
}

#[test]
fn the_checked_in_template_is_up_to_date() {
    let assembled = template::assemble(&root()).unwrap();
    let checked_in = fs::read_to_string(root().join("template.yaml")).unwrap();
    assert!(assembled == checked_in, "template.yaml differs from its pieces: run `make template`");
}

/// But for a piece's first line, which says where it goes, and `infra/environment.yaml`, which goes into
/// every function.
#[test]
fn every_comment_of_a_piece_is_in_the_template() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let said: BTreeSet<&str> = template.lines().map(str::trim).filter(|line| line.starts_with('#')).collect();
    let mut comments = 0;
    for piece in pieces().iter().filter(|path| !path.ends_with("environment.yaml")) {
        let text = fs::read_to_string(piece).unwrap();
        for comment in text.lines().skip(1).map(str::trim).filter(|line| line.starts_with('#')) {
            assert!(said.contains(comment), "{}: {comment}", piece.display());
            comments += 1;
        }
    }
    assert!(comments > 50, "{comments}");
}

#[test]
fn no_placeholder_is_left() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let below_the_head = template.split_once("\n\n").unwrap().1;
    let left = |line: &&str| {
        line.split('<').skip(1).any(|rest| {
            rest.split_once('>')
                .is_some_and(|(name, _)| name.chars().all(|letter| letter.is_alphabetic() || letter == ' '))
        })
    };
    assert_eq!(below_the_head.lines().find(left), None);
    assert!(left(&"  <Name>Function:"));
}
