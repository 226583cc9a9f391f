//! The files that a law may read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::{fs, io};

use crate::Template;

/// Folders whose content is built or fetched, and not written here.
const NOT_OURS: [&str; 13] = [
    ".git",
    ".local",
    ".tools",
    ".venv",
    "target",
    "node_modules",
    "build",
    ".svelte-kit",
    "paraglide",
    "test-results",
    "playwright-report",
    "__pycache__",
    ".pytest_cache",
];

/// Files of the repository by path (with `/`, relative to its root), and the parsed `template.yaml`.
pub struct Repository {
    files: BTreeMap<String, String>,
    template: Template,
}

impl Repository {
    /// Reads a checkout. Files that are not text are left out.
    ///
    /// # Errors
    /// When a file cannot be read or `template.yaml` is not YAML.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        read_folder(root, "", &mut files)?;
        Self::new(files)
    }

    /// Returns a repository of the given files, for trying a law.
    ///
    /// # Errors
    /// When `template.yaml` is among them and is not YAML.
    pub fn of(files: &[(&str, &str)]) -> io::Result<Self> {
        Self::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn new(files: BTreeMap<String, String>) -> io::Result<Self> {
        let text = files.get("template.yaml").map_or("", String::as_str);
        let template =
            Template::parse(text).map_err(|error| io::Error::other(format!("template.yaml: {error}")))?;
        Ok(Self { files, template })
    }

    /// Returns the template of the stack.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Returns the text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Returns all files, as path and text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the files below a folder (given with its final `/`).
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files().filter(move |(path, _)| path.starts_with(folder))
    }

    /// Returns the names of the folders directly below a folder (given with its final `/`).
    pub fn folders(&self, folder: &str) -> BTreeSet<&str> {
        self.files
            .keys()
            .filter_map(|path| path.strip_prefix(folder)?.split_once('/'))
            .map(|(name, _)| name)
            .collect()
    }

    /// Returns the names of the Lambda functions: the folders in `functions/`.
    pub fn functions(&self) -> BTreeSet<&str> {
        self.folders("functions/")
    }
}

/// Returns the part of a path after its last dot, or nothing for a file without one.
pub(crate) fn extension(path: &str) -> &str {
    Path::new(path).extension().and_then(OsStr::to_str).unwrap_or_default()
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            // Virtual environments come under several names (.venv, .venv-tools).
            if !NOT_OURS.contains(&name.as_str()) && !name.starts_with(".venv") {
                read_folder(&entry.path(), &format!("{prefix}{name}/"), files)?;
            }
        } else if kind.is_file()
            && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
        {
            files.insert(format!("{prefix}{name}"), text);
        }
    }
    Ok(())
}
