//! What one piece contributes to the template.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Refusal;
use crate::block::{Block, Entry};
use crate::description::Description;

/// The sections of a template that are one value, in their order.
pub(crate) const SCALARS: [&str; 3] = ["AWSTemplateFormatVersion", "Transform", "Description"];
/// The sections of a template that are mappings, in their order.
pub(crate) const MAPPINGS: [&str; 7] =
    ["Metadata", "Parameters", "Mappings", "Conditions", "Globals", "Resources", "Outputs"];

/// The sections that a description of a function or workflow may hold as plain CloudFormation.
pub(crate) const EXTRA_SECTIONS: [&str; 2] = ["Resources", "Outputs"];

/// A route of the API.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) path: String,
    /// In lower case, as in OpenAPI.
    pub(crate) method: String,
    /// The name of the function that answers, as of its folder.
    pub(crate) function: String,
    pub(crate) comment: String,
    /// Its file and line.
    pub(crate) place: String,
}

/// Contribution of one piece: text for sections of the template, and routes of the API.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) path: &'a str,
    /// The logical id of the function or workflow that the piece describes.
    pub(crate) describes: Option<String>,
    pub(crate) routes: Vec<Route>,
    /// The text of each section: below its name for a mapping, with its name for another.
    sections: BTreeMap<&'static str, String>,
}

impl<'a> Part<'a> {
    pub(crate) fn new(path: &'a str, describes: Option<String>, routes: Vec<Route>) -> Self {
        Self { path, describes, routes, sections: BTreeMap::new() }
    }

    /// Adds the sections of a template.
    pub(crate) fn add(&mut self, template: &Block) -> Result<(), Refusal> {
        template.entries()?.iter().try_for_each(|section| self.add_section(section))
    }

    /// Adds one section of a template.
    pub(crate) fn add_section(&mut self, section: &Entry) -> Result<(), Refusal> {
        let is = |name: &&&str| **name == section.name;
        let (name, text) = match (SCALARS.iter().find(is), MAPPINGS.iter().find(is)) {
            (Some(name), _) => (name, section.lines()),
            (_, Some(name)) => (name, section.below()?),
            _ => return Err(section.refuse(format!("{} is no section of a template", section.name))),
        };
        let lines = self.sections.entry(name).or_default();
        if !lines.is_empty() && *name == "Resources" {
            lines.push('\n');
        }
        *lines += &section.comment();
        *lines += &text;
        Ok(())
    }

    /// Adds the sections that a description holds as plain CloudFormation.
    pub(crate) fn add_extra(&mut self, described: &Description) -> Result<(), Refusal> {
        EXTRA_SECTIONS
            .iter()
            .filter_map(|name| described.get(name))
            .try_for_each(|extra| self.add_section(extra))
    }

    /// Returns the text of a section; empty when the piece has nothing for it.
    pub(crate) fn section(&self, name: &str) -> &str {
        self.sections.get(name).map_or("", String::as_str)
    }

    /// Returns the entries of a mapping section, as logical id and value.
    pub(crate) fn parsed(&self, section: &str) -> Result<Vec<(String, Value)>, Refusal> {
        let block = Block::made(self.path, self.section(section));
        let entries = block.entries()?;
        entries.iter().map(|entry| Ok((entry.name.to_owned(), entry.value()?))).collect()
    }
}
