//! Which crate may use which.

use std::collections::{BTreeMap, BTreeSet};

use crate::Repository;

/// Whether the product code of a crate may use another of ours.
///
/// The folder decides: what is deployed (`functions/`, `shared/`) uses `shared/` alone. `testing/` and `tools/` may use
/// everything, and nothing that is deployed may use them: `tools/verify` scans the table, with an operator's rights.
fn may_use(user: &Manifest, used: &Manifest) -> bool {
    match (user.folder, user.name) {
        // The rules of the product know neither AWS nor anything built on it.
        ("shared", "domain") => false,
        ("shared", "api" | "media" | "messages") => used.name == "domain",
        // A relation's description says what is published of it.
        ("shared", "table") => ["domain", "messages"].contains(&used.name),
        // Knows Lambda, not the table.
        ("shared", "runtime") => ["api", "domain", "messages"].contains(&used.name),
        ("functions" | "shared", _) => used.folder == "shared",
        _ => true,
    }
}

struct Manifest<'a> {
    path: &'a str,
    folder: &'a str,
    name: &'a str,
    table: toml::Table,
}

fn manifests(repository: &Repository) -> Vec<Manifest<'_>> {
    let mut found = Vec::new();
    for (path, text) in repository.files() {
        let (folder, name) = match path.split('/').collect::<Vec<_>>()[..] {
            [folder @ ("functions" | "shared" | "testing" | "tools"), name, "Cargo.toml"] => (folder, name),
            [folder @ "localstack", "Cargo.toml"] => (folder, folder),
            _ => continue,
        };
        let table = text.parse().unwrap_or_default();
        found.push(Manifest { path, folder, name, table });
    }
    found
}

/// The package names under the given dependency tables of a manifest, those for single platforms too.
fn dependencies(manifest: &toml::Table, tables: &[&str]) -> BTreeSet<String> {
    let platforms = manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    let places = platforms.filter_map(|(_, platform)| platform.as_table()).chain([manifest]);
    let mut names = BTreeSet::new();
    for place in places {
        for entries in tables.iter().filter_map(|table| place.get(*table)?.as_table()) {
            for (name, value) in entries {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                names.insert(renamed.unwrap_or(name).to_owned());
            }
        }
    }
    names
}

/// A crate is named as its folder.
pub fn folder_is_crate(repository: &Repository) -> Vec<String> {
    let misnamed = |manifest: &Manifest| {
        let name = manifest.table.get("package").and_then(|package| package.get("name")?.as_str());
        (name != Some(manifest.name)).then(|| format!("{}: must be named {}", manifest.path, manifest.name))
    };
    manifests(repository).iter().filter_map(misnamed).collect()
}

/// Every crate takes the workspace's lints, by which Clippy keeps product code from panicking and printing.
pub fn workspace_lints(repository: &Repository) -> Vec<String> {
    let lacks_them = |manifest: &Manifest| {
        let taken = manifest.table.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        (taken != Some(true)).then(|| format!("{}: must have [lints] workspace = true", manifest.path))
    };
    manifests(repository).iter().filter_map(lacks_them).collect()
}

/// Product code depends on ours only in the direction of [`may_use`]; `domain` depends on nothing.
pub fn product_dependencies(repository: &Repository) -> Vec<String> {
    let crates = manifests(repository);
    let ours: BTreeMap<&str, &Manifest> = crates.iter().map(|manifest| (manifest.name, manifest)).collect();
    let mut broken = Vec::new();
    for manifest in &crates {
        for name in dependencies(&manifest.table, &["dependencies", "build-dependencies"]) {
            if ours.get(name.as_str()).is_some_and(|used| !may_use(manifest, used)) {
                broken.push(format!("{}: must not depend on {name}", manifest.path));
            }
        }
    }
    broken
}

/// Not even a test of what is deployed uses a function's crate: what two functions share belongs in `shared/`. Crates in
/// `testing/` and `tools/` put functions together in one process, to try or to measure what happens between them.
pub fn functions_stand_alone(repository: &Repository) -> Vec<String> {
    let functions = repository.functions();
    let mut broken = Vec::new();
    for manifest in manifests(repository) {
        if ["testing", "tools"].contains(&manifest.folder) {
            continue;
        }
        for name in dependencies(&manifest.table, &["dependencies", "build-dependencies", "dev-dependencies"])
        {
            if functions.contains(name.as_str()) {
                broken.push(format!("{}: must not depend on the function {name}", manifest.path));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(path: &str, dependencies: &str) -> Repository {
        let name = path.rsplit('/').next().unwrap();
        let manifest = format!("[package]\nname = \"{name}\"\n{dependencies}");
        let path = format!("{path}/Cargo.toml");
        let others = [
            "shared/domain",
            "shared/table",
            "testing/testkit",
            "tools/verify",
            "functions/like",
            "functions/follow",
        ];
        let others: Vec<_> = others.iter().map(|folder| format!("{folder}/Cargo.toml")).collect();
        let mut files: Vec<(&str, &str)> = others.iter().map(|path| (path.as_str(), "")).collect();
        files.push((&path, &manifest));
        Repository::of(&files).unwrap()
    }

    #[test]
    fn allowed_dependencies_pass() {
        for (path, dependencies) in [
            (
                "functions/notify",
                "[dependencies]\ntable.workspace = true\n[dev-dependencies]\ntestkit.workspace = true\n",
            ),
            ("shared/api", "[dependencies]\ndomain.workspace = true\nserde = \"1\"\n"),
            ("testing/testkit", "[dependencies]\ntable.workspace = true\n"),
            ("testing/scenarios", "[dependencies]\nlike.workspace = true\ntestkit.workspace = true\n"),
            ("tools/bench", "[dependencies]\nlike.workspace = true\nverify.workspace = true\n"),
        ] {
            assert_eq!(product_dependencies(&with(path, dependencies)), Vec::<String>::new());
            assert_eq!(functions_stand_alone(&with(path, dependencies)), Vec::<String>::new());
        }
    }

    #[test]
    fn forbidden_dependencies_are_found() {
        for (path, dependencies) in [
            ("functions/notify", "[dependencies]\ntestkit.workspace = true\n"),
            ("functions/notify", "[dependencies]\nverify.workspace = true\n"),
            ("functions/notify", "[dependencies]\nother = { package = \"testkit\", path = \"../x\" }\n"),
            ("functions/notify", "[target.'cfg(unix)'.dependencies]\ntestkit.workspace = true\n"),
            ("shared/domain", "[dependencies]\ntable.workspace = true\n"),
            ("shared/api", "[dependencies]\ntable.workspace = true\n"),
            ("shared/runtime", "[build-dependencies]\ntable.workspace = true\n"),
        ] {
            assert_eq!(product_dependencies(&with(path, dependencies)).len(), 1, "{path}: {dependencies}");
        }
    }

    #[test]
    fn nothing_depends_on_a_function() {
        for (path, table) in [
            ("functions/notify", "dependencies"),
            ("functions/notify", "dev-dependencies"),
            ("shared/runtime", "dependencies"),
            ("localstack", "build-dependencies"),
        ] {
            let dependencies = format!("[{table}]\nlike.workspace = true\n");
            assert_eq!(functions_stand_alone(&with(path, &dependencies)).len(), 1, "{path}: {table}");
        }
    }

    #[test]
    fn a_crate_with_another_name_is_found() {
        let repository =
            Repository::of(&[("shared/api/Cargo.toml", "[package]\nname = \"wire\"\n")]).unwrap();
        assert_eq!(folder_is_crate(&repository), ["shared/api/Cargo.toml: must be named api"]);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        for lints in ["", "[lints]\nworkspace = false\n", "[lints.clippy]\nall = \"allow\"\n"] {
            let manifest = format!("[package]\nname = \"api\"\n{lints}");
            let repository = Repository::of(&[("shared/api/Cargo.toml", &manifest)]).unwrap();
            let broken = workspace_lints(&repository);
            assert_eq!(broken, ["shared/api/Cargo.toml: must have [lints] workspace = true"], "{lints}");
        }
        let manifest = "[package]\nname = \"api\"\n[lints]\nworkspace = true\n";
        let repository = Repository::of(&[("shared/api/Cargo.toml", manifest)]).unwrap();
        assert!(workspace_lints(&repository).is_empty());
    }
}
