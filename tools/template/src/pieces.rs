//! The files a stack is assembled from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Refusal, assembly};

/// The pieces of `template.yaml` and the files that they include, by path relative to the repository's root.
#[derive(Debug)]
pub struct Pieces(BTreeMap<String, String>);

impl Pieces {
    /// Reads the pieces of a checkout.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> Result<Self, Refusal> {
        let mut files = BTreeMap::new();
        for function in names(root, "functions")? {
            let path = format!("functions/{function}/function.yaml");
            // A folder without one is a law's business: it has no resource either.
            if root.join(&path).is_file() {
                read(root, path, &mut files)?;
            }
        }
        for folder in ["cdn", "infra", "statemachines"] {
            for name in names(root, folder)? {
                read(root, format!("{folder}/{name}"), &mut files)?;
            }
        }
        Ok(Self(files))
    }

    /// Returns pieces with the given paths and texts.
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// Returns the text of `template.yaml`.
    ///
    /// # Errors
    /// When a piece is malformed.
    pub fn assemble(&self) -> Result<String, Refusal> {
        assembly::assemble(self)
    }

    /// Returns every file, as path and text, in the order of paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

/// Returns the names in a folder.
fn names(root: &Path, folder: &str) -> Result<Vec<String>, Refusal> {
    let refuse = |error: std::io::Error| Refusal::new(folder, error.to_string());
    let entries = fs::read_dir(root.join(folder)).map_err(refuse)?;
    entries.map(|entry| Ok(entry.map_err(refuse)?.file_name().to_string_lossy().into_owned())).collect()
}

fn read(root: &Path, path: String, files: &mut BTreeMap<String, String>) -> Result<(), Refusal> {
    let text =
        fs::read_to_string(root.join(&path)).map_err(|error| Refusal::new(&path, error.to_string()))?;
    files.insert(path, text);
    Ok(())
}
