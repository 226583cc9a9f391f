//! What code may not hold.

use crate::Repository;
use crate::repository::extension;
use crate::rust::{is_test_file, product_lines};

/// More lines than this hold more than one idea.
const LONGEST_FILE: usize = 600;

/// What is written by hand and read from top to bottom.
const HAND_WRITTEN: [&str; 10] = ["rs", "py", "js", "ts", "svelte", "css", "sh", "toml", "md", "yaml"];
/// What is made from files that are.
const MADE: [&str; 2] = ["template.yaml", "web/src/lib/api/schema.d.ts"];

/// Rust files of production code, as path and text.
fn product_files(repository: &Repository) -> impl Iterator<Item = (&str, &str)> {
    repository.files().filter(|(path, _)| extension(path) == "rs" && !is_test_file(path))
}

/// Keys are made in `shared/table` and nowhere else.
pub fn keys_in_one_place(repository: &Repository) -> Vec<String> {
    let elsewhere = product_files(repository)
        .filter(|(path, _)| !path.starts_with("shared/table/"))
        // A law may name the keys that it is about.
        .filter(|(path, _)| !path.starts_with("tools/tidy/"));
    let mut broken = Vec::new();
    for (path, text) in elsewhere {
        for (number, line) in product_lines(text) {
            if holds_key_literal(line) {
                broken.push(format!("{path}:{number}: a key literal outside shared/table: {}", line.trim()));
            }
        }
    }
    broken
}

/// Whether a string in the line begins as keys do: capitals and `#`, or `~` and capitals.
fn holds_key_literal(line: &str) -> bool {
    line.split('"').skip(1).any(|piece| {
        let (tilde, word) = piece.strip_prefix('~').map_or((false, piece), |rest| (true, rest));
        let capitals = word.chars().take_while(char::is_ascii_uppercase).count();
        capitals > 0 && (tilde || word.chars().nth(capitals) == Some('#'))
    })
}

/// No file is longer than can be read in one go.
pub fn short_files(repository: &Repository) -> Vec<String> {
    let hand_written = repository
        .files()
        .filter(|(path, _)| HAND_WRITTEN.contains(&extension(path)) && !MADE.contains(path));
    let long = hand_written.map(|(path, text)| (path, text.lines().count()));
    long.filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines, at most {LONGEST_FILE}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(path: &str, text: &str) -> Repository {
        Repository::of(&[(path, text)]).unwrap()
    }

    #[test]
    fn key_literals_are_found_outside_the_table_crate() {
        for line in ["let k = format!(\"USER#{id}\");", "a(\"x\", \"~STATE\")", "\"P#\""] {
            assert_eq!(keys_in_one_place(&with("functions/like/src/lib.rs", line)).len(), 1, "{line}");
            assert!(keys_in_one_place(&with("shared/table/src/keys.rs", line)).is_empty());
            assert!(keys_in_one_place(&with("functions/like/tests/like.rs", line)).is_empty());
            assert!(keys_in_one_place(&with("functions/like/src/lib.rs", &format!("/// {line}"))).is_empty());
        }
        for line in
            ["#[doc = \"a\"]", "let x = r#\"USER\"#;", "\"#tag\"", "\"Content#type\"", "\"POST /api/v1\""]
        {
            assert!(keys_in_one_place(&with("functions/like/src/lib.rs", line)).is_empty(), "{line}");
        }
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(short_files(&with("a.rs", &"x\n".repeat(601))), ["a.rs: 601 lines, at most 600"]);
        assert!(short_files(&with("a.rs", &"x\n".repeat(600))).is_empty());
        assert!(short_files(&with("a.lock", &"x\n".repeat(601))).is_empty());
        assert!(short_files(&with("template.yaml", &"# x\n".repeat(601))).is_empty());
    }
}
