//! What the documents have to say, and that their links work.

use std::path::{Component, Path, PathBuf};

use crate::Repository;
use crate::repository::extension;

/// The folders whose folders are crates.
const CRATES: [&str; 4] = ["functions/", "shared/", "testing/", "tools/"];
const DECISIONS: &str = "docs/adr/";
const RUNBOOKS: &str = "docs/operations/";
/// What somebody reads before they decide to read on.
const FRONT_PAGE: &str = "README.md";
const FRONT_PAGE_LINES: usize = 120;

/// The Markdown files, as path and text.
fn documents(repository: &Repository) -> impl Iterator<Item = (&str, &str)> {
    repository.files().filter(|(path, _)| extension(path) == "md")
}

/// The lines of a document that are not inside a fenced block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Every link to a file of the repository names a file or folder that exists, and every `#anchor` a heading there.
pub fn links_lead_somewhere(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, text) in documents(repository) {
        for link in prose(text).flat_map(links) {
            if !leads_somewhere(repository, path, link) {
                broken.push(format!("{path}: the link {link} leads nowhere"));
            }
        }
    }
    broken
}

/// The targets of the links in a line: what stands in `](...)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0))
}

fn leads_somewhere(repository: &Repository, from: &str, link: &str) -> bool {
    if link.contains("://") {
        return true;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { from.to_owned() } else { resolve(from, file) };
    let is_folder = || repository.below(&format!("{target}/")).next().is_some();
    match repository.text(&target) {
        Some(text) => anchor.is_empty() || prose(text).any(|line| heading_anchor(line) == anchor),
        None => anchor.is_empty() && is_folder(),
    }
}

/// A path that is relative to a file's folder, relative to the root instead.
fn resolve(from: &str, link: &str) -> String {
    let mut path = PathBuf::new();
    for component in Path::new(from).parent().unwrap_or(Path::new("")).join(link).components() {
        match component {
            Component::ParentDir => _ = path.pop(),
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path.to_string_lossy().into_owned()
}

/// The anchor that a heading gets: lower case, hyphens for spaces, no other punctuation. Empty for any other line.
fn heading_anchor(line: &str) -> String {
    let heading = if line.starts_with('#') { line.trim_start_matches('#').trim() } else { "" };
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// The front page can be read in one go.
pub fn short_front_page(repository: &Repository) -> Vec<String> {
    let lines = repository.text(FRONT_PAGE).unwrap_or_default().lines().count();
    let too_long = || format!("{FRONT_PAGE}: {lines} lines, at most {FRONT_PAGE_LINES}");
    (lines > FRONT_PAGE_LINES).then(too_long).into_iter().collect()
}

/// ARCHITECTURE.md names every crate.
pub fn crates_are_named(repository: &Repository) -> Vec<String> {
    let document = repository.text("ARCHITECTURE.md").unwrap_or_default();
    let folders = CRATES
        .iter()
        .flat_map(|folder| repository.folders(folder).into_iter().map(move |name| (folder, name)));
    let unnamed = folders.filter(|(folder, name)| {
        !document.contains(&format!("`{folder}{name}`")) && !document.contains(&format!("`{name}`"))
    });
    unnamed.map(|(folder, name)| format!("ARCHITECTURE.md: the crate {folder}{name} is not named")).collect()
}

/// Every alarm has a runbook in `docs/operations/`, whose title names it in backticks. `<Queue>AgeAlarm` in a title names every
/// alarm with that ending. Every title that names an alarm names one of the template.
pub fn alarms_have_runbooks(repository: &Repository) -> Vec<String> {
    let alarms: Vec<&str> =
        repository.template().of_type("AWS::CloudWatch::Alarm").map(|(id, _)| id).collect();
    let titles: Vec<(&str, &str)> = repository
        .below(RUNBOOKS)
        .filter_map(|(path, text)| Some((path, text.lines().next()?)))
        .flat_map(|(path, title)| title.split('`').skip(1).step_by(2).map(move |name| (path, name)))
        .filter(|(_, name)| name.ends_with("Alarm"))
        .collect();
    let mut broken = Vec::new();
    for alarm in &alarms {
        if !titles.iter().any(|(_, name)| is_named(alarm, name)) {
            broken.push(format!("{RUNBOOKS}: {alarm} needs a runbook with its name in the title"));
        }
    }
    for (path, name) in titles {
        if !alarms.iter().any(|alarm| is_named(alarm, name)) {
            broken.push(format!("{path}: template.yaml has no alarm {name}"));
        }
    }
    broken
}

/// Whether a title's word names an alarm: `<Queue>AgeAlarm` names `NotifyAgeAlarm`.
fn is_named(alarm: &str, name: &str) -> bool {
    match name.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((_, ending)) => alarm.ends_with(ending),
        None => alarm == name,
    }
}

/// The index of decisions links to every decision.
pub fn decisions_are_listed(repository: &Repository) -> Vec<String> {
    let index = repository.text(&format!("{DECISIONS}README.md")).unwrap_or_default();
    let decisions = repository.below(DECISIONS).filter_map(|(path, _)| path.strip_prefix(DECISIONS));
    let unlisted = decisions.filter(|name| *name != "README.md" && !index.contains(&format!("]({name})")));
    unlisted.map(|name| format!("{DECISIONS}README.md: needs a line for {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_from_the_folder_of_their_file() {
        let there = ("docs/adr/0001-a.md", "# 0001. A `b`, or c\n");
        let of = |text| Repository::of(&[("docs/page.md", text), ("README.md", "# Top\n"), there]).unwrap();
        for good in [
            "[a](adr/0001-a.md) and [b](../README.md#top)",
            "[a](adr/0001-a.md#0001-a-b-or-c)",
            "[a](adr) [b](https://example.org/x)",
            "## Mine\n[a](#mine)",
            "```\n[a](nowhere.md)\n```",
        ] {
            assert_eq!(links_lead_somewhere(&of(good)), Vec::<String>::new(), "{good}");
        }
        for bad in [
            "[a](0001-a.md)",
            "[a](README.md)",
            "[a](../README.md#bottom)",
            "[a](adr#top)",
            "[a](#mine)",
            "```\n```\n[a](nowhere.md)",
        ] {
            assert_eq!(links_lead_somewhere(&of(bad)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_front_page_ends_in_time() {
        let of = |lines| Repository::of(&[("README.md", &"x\n".repeat(lines))]).unwrap();
        assert_eq!(short_front_page(&of(121)), ["README.md: 121 lines, at most 120"]);
        assert!(short_front_page(&of(120)).is_empty());
    }

    #[test]
    fn a_crate_is_named_by_itself_or_with_its_folder() {
        let of =
            |text| Repository::of(&[("ARCHITECTURE.md", text), ("shared/table/Cargo.toml", "")]).unwrap();
        assert!(crates_are_named(&of("`table` keeps items")).is_empty());
        assert!(crates_are_named(&of("`shared/table` keeps items")).is_empty());
        assert_eq!(
            crates_are_named(&of("a table")),
            ["ARCHITECTURE.md: the crate shared/table is not named"]
        );
    }

    #[test]
    fn alarms_and_runbooks_name_each_other() {
        let template = "Resources: {LikeErrorsAlarm: {Type: AWS::CloudWatch::Alarm}}";
        let of =
            |title| Repository::of(&[("template.yaml", template), ("docs/operations/a.md", title)]).unwrap();
        for good in ["# `LikeErrorsAlarm`", "# `<Function>ErrorsAlarm`", "# `OtherThing`, `LikeErrorsAlarm`"]
        {
            assert_eq!(alarms_have_runbooks(&of(good)), Vec::<String>::new(), "{good}");
        }
        // No runbook; one whose title names no alarm; one of an alarm that is gone beside one that is there.
        assert_eq!(alarms_have_runbooks(&of("")).len(), 1);
        assert_eq!(alarms_have_runbooks(&of("# Errors\n`LikeErrorsAlarm`")).len(), 1);
        assert_eq!(alarms_have_runbooks(&of("# `LikeErrorsAlarm`, `GoneAlarm`")).len(), 1);
        assert_eq!(alarms_have_runbooks(&of("# `LikeErrorsAlarm`, `<Queue>AgeAlarm`")).len(), 1);
    }

    #[test]
    fn a_decision_is_in_the_index() {
        let of =
            |index| Repository::of(&[("docs/adr/README.md", index), ("docs/adr/0001-a.md", "")]).unwrap();
        assert!(decisions_are_listed(&of("| [0001](0001-a.md) | A |")).is_empty());
        assert_eq!(
            decisions_are_listed(&of("| 0001 | A |")),
            ["docs/adr/README.md: needs a line for 0001-a.md"]
        );
    }
}
