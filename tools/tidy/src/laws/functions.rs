//! Every function has one name and everything that goes with a function.

use std::collections::BTreeSet;

use serde_json::Value;
use template::pascal;

use crate::Repository;
use crate::repository::extension;
use crate::rust::config_variables;

/// Folder, crate and binary have one name.
pub fn one_name(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for name in repository.functions() {
        let manifest = format!("functions/{name}/Cargo.toml");
        let table: toml::Table =
            repository.text(&manifest).and_then(|text| text.parse().ok()).unwrap_or_default();
        let mut crate_names = vec![table.get("package").and_then(|package| package.get("name"))];
        let binaries = table.get("bin").and_then(toml::Value::as_array);
        crate_names.extend(binaries.into_iter().flatten().map(|binary| binary.get("name")));
        if crate_names.iter().any(|found| found.and_then(toml::Value::as_str) != Some(name)) {
            broken.push(format!("{manifest}: crate and binary must be named {name}"));
        }
    }
    broken
}

/// Every function has a description, from which its part of the template is made.
pub fn described(repository: &Repository) -> Vec<String> {
    let descriptions =
        repository.functions().into_iter().map(|name| format!("functions/{name}/function.yaml"));
    let missing = descriptions.filter(|path| repository.text(path).is_none());
    missing.map(|path| format!("{path}: missing, see tools/template/README.md")).collect()
}

/// Every function has event fixtures in `events/<name>/`, all of them JSON, and no fixtures are left of a function that is gone.
pub fn event_fixtures(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for name in repository.functions() {
        let folder = format!("events/{name}/");
        if repository.below(&folder).next().is_none() {
            broken.push(format!("{folder}: the function {name} needs an event fixture here"));
        }
    }
    for name in repository.folders("events/").difference(&repository.functions()) {
        broken.push(format!("events/{name}/: there is no function {name}"));
    }
    for (path, text) in repository.below("events/") {
        let folder_is_flat = path.split('/').count() == 3;
        if !folder_is_flat || extension(path) != "json" {
            broken.push(format!("{path}: fixtures are events/<function>/<case>.json"));
        } else if let Err(error) = serde_json::from_str::<Value>(text) {
            broken.push(format!("{path}: {error}"));
        }
    }
    broken
}

/// Every function has a row in a table of ARCHITECTURE.md, which names it in the first column.
pub fn architecture_row(repository: &Repository) -> Vec<String> {
    let document = repository.text("ARCHITECTURE.md").unwrap_or_default();
    let first_cells: Vec<_> =
        document.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next()).collect();
    let has_row = |name: &str| first_cells.iter().any(|cell| cell.contains(&format!("`{name}`")));
    let missing = repository.functions().into_iter().filter(|name| !has_row(name));
    missing.map(|name| format!("ARCHITECTURE.md: the functions table needs a row for `{name}`")).collect()
}

/// The environment that the template gives a function is what its `Config` reads, no more and no less.
pub fn environment_is_config(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for name in repository.functions() {
        let id = format!("{}Function", pascal(name));
        let variables = repository
            .template()
            .resource(&id)
            .and_then(|resource| resource.pointer("/Properties/Environment/Variables")?.as_object());
        let given: BTreeSet<String> = variables.into_iter().flatten().map(|(key, _)| key.clone()).collect();
        let source = format!("functions/{name}/src/");
        let read: BTreeSet<String> =
            repository.below(&source).flat_map(|(_, text)| config_variables(text)).collect();
        if given != read {
            broken.push(format!("functions/{name}: Config reads {read:?}, template.yaml gives {given:?}"));
        }
    }
    broken
}

/// `main.rs` reads config, makes clients and runs, in twenty lines.
pub fn short_main(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for name in repository.functions() {
        let path = format!("functions/{name}/src/main.rs");
        match repository.text(&path).map(|text| text.lines().count()) {
            None => broken.push(format!("{path}: missing")),
            Some(lines) if lines > 20 => broken.push(format!("{path}: {lines} lines, at most 20")),
            Some(_) => {}
        }
    }
    broken
}

/// A route that writes for its caller asks whether the caller's session is still open: a function asks at least
/// once for each such route. Routes of accounts and sessions themselves know no caller.
pub fn writes_ask_for_the_session(repository: &Repository) -> Vec<String> {
    const WRITES: [&str; 4] = ["- POST /", "- PUT /", "- PATCH /", "- DELETE /"];
    let mut broken = Vec::new();
    for name in repository.functions() {
        let description = repository.text(&format!("functions/{name}/function.yaml")).unwrap_or_default();
        let routes = description.lines().map(str::trim_start);
        let writes = routes
            .filter(|line| WRITES.iter().any(|method| line.starts_with(method)))
            .filter(|line| !line.contains(" /api/v1/auth/"))
            .count();
        let source = format!("functions/{name}/src/");
        let asked: usize =
            repository.below(&source).map(|(_, text)| text.matches("sessions.check(").count()).sum();
        if asked < writes {
            broken.push(format!(
                "functions/{name}: {writes} routes write, and tokens::OpenSessions::check is called {asked} times"
            ));
        }
    }
    broken
}

/// What the header of a function says, in this order.
const LABELS: [&str; 5] = ["Trigger", "Access patterns", "Emits", "Redelivery", "Failures"];

fn label(point: &str) -> Option<&str> {
    point.strip_prefix("**")?.split_once("**: ").map(|(label, _)| label)
}

/// `lib.rs` opens with what the function does, and with its labels: ``//! `name`: what it does.``, then
/// `//! - **Trigger**: what starts it` and so on. A test can only see that there is something.
pub fn lib_header(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for name in repository.functions() {
        let path = format!("functions/{name}/src/lib.rs");
        let text = repository.text(&path).unwrap_or_default();
        let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let title = format!(" `{name}`: ");
        if !header.first().is_some_and(|line| line.starts_with(&title)) {
            broken.push(format!("{path}: must begin with //!{title}and what it does"));
        }
        let points = header.iter().filter_map(|line| line.strip_prefix(" - "));
        let labels: Vec<&str> = points.map(|point| label(point).unwrap_or("none")).collect();
        if labels != LABELS {
            broken.push(format!("{path}: its header must have the labels {LABELS:?}, and has {labels:?}"));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::Law;

    const GOOD: &[(&str, &str)] = &[
        ("functions/feed-read/Cargo.toml", "[package]\nname = \"feed-read\"\n"),
        ("functions/feed-read/function.yaml", "environment: [TABLE_NAME]\n"),
        ("functions/feed-read/src/main.rs", "fn main() {}\n"),
        (
            "functions/feed-read/src/lib.rs",
            "\
//! `feed-read`: shows the feed.
//!
//! - **Trigger**: a request
//!   of somebody.
//! - **Access patterns**: one query.
//! - **Emits**: nothing.
//! - **Redelivery**: changes nothing.
//! - **Failures**: a problem.
//!
//! And so on.

runtime::config! {
    pub struct Config {
        pub table_name: String,
    }
}
",
        ),
        ("events/feed-read/page.json", "{}"),
        ("ARCHITECTURE.md", "| function | does |\n|---|---|\n| `feed-read` | pages |\n"),
        (
            "template.yaml",
            r"
Resources:
  FeedReadFunction:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {TABLE_NAME: !Ref Table}}
",
        ),
    ];

    const LAWS: [Law; 8] = [
        one_name,
        described,
        event_fixtures,
        architecture_row,
        environment_is_config,
        short_main,
        writes_ask_for_the_session,
        lib_header,
    ];

    /// `GOOD` with `from` replaced by `to` in one file.
    fn changed(path: &str, from: &str, to: &str) -> Repository {
        let files: Vec<(&str, String)> = GOOD
            .iter()
            .map(|(file, text)| {
                (*file, if *file == path { text.replace(from, to) } else { (*text).to_owned() })
            })
            .collect();
        Repository::of(&files.iter().map(|(file, text)| (*file, text.as_str())).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_good_function_keeps_every_law() {
        let repository = Repository::of(GOOD).unwrap();
        for law in LAWS {
            assert_eq!(law(&repository), Vec::<String>::new());
        }
    }

    #[test]
    fn each_law_can_be_broken() {
        let long_main = "x\n".repeat(21);
        let template = "template.yaml";
        let cases: &[(Law, &str, &str, &str)] = &[
            (one_name, "functions/feed-read/Cargo.toml", "feed-read", "feedread"),
            (event_fixtures, "events/feed-read/page.json", "{}", "{"),
            (architecture_row, "ARCHITECTURE.md", "| `feed-read` | pages |", "`feed-read`"),
            (environment_is_config, template, "TABLE_NAME", "TABLE"),
            (environment_is_config, "functions/feed-read/src/lib.rs", "table_name", "topic_arn"),
            (short_main, "functions/feed-read/src/main.rs", "fn main() {}\n", &long_main),
            (lib_header, "functions/feed-read/src/lib.rs", "`feed-read`: shows", "Shows"),
            (lib_header, "functions/feed-read/src/lib.rs", "`feed-read`", "`feed`"),
            (lib_header, "functions/feed-read/src/lib.rs", "//! - **Emits**: nothing.\n", ""),
            (lib_header, "functions/feed-read/src/lib.rs", "**Redelivery**", "**Again**"),
            (lib_header, "functions/feed-read/src/lib.rs", "**Failures**", "Failures"),
            (
                lib_header,
                "functions/feed-read/src/lib.rs",
                "**Failures**: a problem.",
                "**Failures**: a problem.\n//! - **Objects**: none.",
            ),
            (lib_header, "functions/feed-read/src/lib.rs", "Emits", "Trigger"),
        ];
        for (law, path, from, to) in cases {
            assert!(!law(&changed(path, from, to)).is_empty(), "{path}: {from} -> {to}");
        }
    }

    #[test]
    fn each_route_that_writes_needs_a_look_at_the_session() {
        let broken = |routes: &str, source: &str| {
            let routes = format!("routes:\n{routes}");
            let files = [("functions/like/function.yaml", &*routes), ("functions/like/src/lib.rs", source)];
            writes_ask_for_the_session(&Repository::of(&files).unwrap()).len()
        };
        let (write, check) =
            ("  - POST /api/v1/photos/{photo_id}/like\n", "self.sessions.check(call).await?;");
        assert_eq!(broken(write, check), 0);
        assert_eq!(broken(write, ""), 1);
        assert_eq!(broken(&format!("{write}  - DELETE /api/v1/photos/{{photo_id}}/like\n"), check), 1);
        assert_eq!(broken("  - GET /api/v1/feed\n  - POST /api/v1/auth/login\n", ""), 0);
    }

    #[test]
    fn a_description_is_needed() {
        let without: Vec<_> =
            GOOD.iter().copied().filter(|(path, _)| !path.ends_with("function.yaml")).collect();
        assert_eq!(described(&Repository::of(&without).unwrap()).len(), 1);
    }

    #[test]
    fn fixtures_are_needed_and_leave_with_their_function() {
        let missing = Repository::of(&[("functions/like/Cargo.toml", "")]).unwrap();
        assert_eq!(event_fixtures(&missing).len(), 1);
        let stray = Repository::of(&[("events/like/post.json", "{}")]).unwrap();
        assert_eq!(event_fixtures(&stray), ["events/like/: there is no function like"]);
    }
}
