//! A piece as text: its entries, each with the comments above it.

use serde_json::Value;

use crate::{Refusal, yaml};

/// Lines of a piece that form one mapping or one list in block style, and their place.
#[derive(Clone, Debug)]
pub(crate) struct Block<'a> {
    path: &'a str,
    /// Number of the first line in the file.
    first: usize,
    lines: Vec<&'a str>,
}

/// One entry of a mapping, or one item of a list, whose name is empty.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    comments: Vec<&'a str>,
    block: Block<'a>,
}

/// Returns the number of spaces at the start of a line.
fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

impl<'a> Block<'a> {
    /// Returns a whole piece without its first line, which has to be `head`. The piece has to be YAML.
    pub(crate) fn of_piece(path: &'a str, text: &'a str, head: &str) -> Result<Self, Refusal> {
        if text.lines().next() != Some(head) {
            return Err(Refusal::new(format!("{path}:1"), format!("must begin with: {head}")));
        }
        yaml::parse(text)
            .map_err(|error| Refusal::new(format!("{path}:{}", error.marker().line()), error.info()))?;
        Ok(Self { path, first: 2, lines: text.lines().skip(1).collect() })
    }

    /// Returns lines that the assembler made for a piece.
    pub(crate) fn made(path: &'a str, text: &'a str) -> Self {
        Self { path, first: 1, lines: text.lines().collect() }
    }

    fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.path, self.first + offset)
    }

    fn refuse(&self, offset: usize, problem: impl Into<String>) -> Refusal {
        Refusal::new(self.place(offset), problem)
    }

    /// Returns the entries or items, in their order. A comment belongs to the entry below it.
    pub(crate) fn entries(&self) -> Result<Vec<Entry<'a>>, Refusal> {
        let is_content = |line: &&&str| !line.trim().is_empty() && !is_comment(line);
        let Some(depth) = self.lines.iter().find(is_content).map(|line| indentation(line)) else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut comments = Vec::new();
        for (offset, line) in self.lines.iter().copied().enumerate() {
            let is_blank = line.trim().is_empty();
            if is_blank && !comments.is_empty() {
                // Between a comment and what stands below it.
            } else if is_blank || indentation(line) > depth {
                if !comments.is_empty() {
                    return Err(self.refuse(offset, "the comment above has another indentation"));
                }
                if let Some(entry) = entries.last_mut() {
                    entry.block.lines.push(line);
                }
            } else if is_comment(line) {
                comments.push(line.trim_start());
            } else {
                let name = self.name_of(offset, line)?;
                if !name.is_empty() && entries.iter().any(|entry| entry.name == name) {
                    return Err(self.refuse(offset, format!("{name} is given twice")));
                }
                let block = Block { path: self.path, first: self.first + offset, lines: vec![line] };
                entries.push(Entry { name, comments: std::mem::take(&mut comments), block });
            }
        }
        if !comments.is_empty() {
            return Err(self.refuse(self.lines.len() - 1, "no entry follows the last comment"));
        }
        for entry in &mut entries {
            while entry.block.lines.last().is_some_and(|line| line.trim().is_empty()) {
                entry.block.lines.pop();
            }
        }
        Ok(entries)
    }

    /// Returns the name of the entry that a line begins; an item of a list has an empty one.
    fn name_of(&self, offset: usize, line: &'a str) -> Result<&'a str, Refusal> {
        let content = line.trim_start();
        if content.starts_with("- ") {
            return Ok("");
        }
        let name = content.split_once(": ").map(|(name, _)| name).or_else(|| content.strip_suffix(':'));
        name.ok_or_else(|| self.refuse(offset, "neither `name: ...` nor `- ...`"))
    }
}

impl<'a> Entry<'a> {
    /// Returns its file and line.
    pub(crate) fn place(&self) -> String {
        self.block.place(0)
    }

    pub(crate) fn refuse(&self, problem: impl Into<String>) -> Refusal {
        self.block.refuse(0, problem)
    }

    /// Returns its comments, a line each.
    pub(crate) fn comment(&self) -> String {
        self.comments.iter().map(|comment| format!("{comment}\n")).collect()
    }

    /// Returns its lines without the comments above, and without its indentation in the piece.
    pub(crate) fn lines(&self) -> String {
        let depth = self.block.lines.first().map_or(0, |line| indentation(line));
        self.block.lines.iter().map(|line| format!("{}\n", line.get(depth..).unwrap_or_default())).collect()
    }

    /// Returns its comments and its lines.
    pub(crate) fn source(&self) -> String {
        self.comment() + &self.lines()
    }

    /// Returns its value.
    pub(crate) fn value(&self) -> Result<Value, Refusal> {
        let whole = yaml::parse(&self.lines()).map_err(|error| self.refuse(error.info()))?;
        let value = if self.name.is_empty() { whole.get(0) } else { whole.get(self.name) };
        Ok(value.cloned().unwrap_or_default())
    }

    /// Returns its value, which has to be text.
    pub(crate) fn text(&self) -> Result<String, Refusal> {
        match self.value()? {
            Value::String(text) if !text.is_empty() => Ok(text),
            _ => Err(self.refuse(format!("{} has to be text", self.what()))),
        }
    }

    /// Returns its value, which has to be a list of texts.
    pub(crate) fn texts(&self) -> Result<Vec<String>, Refusal> {
        let value = self.value()?;
        let texts = value.as_array().and_then(|items| {
            items.iter().map(|item| Some(item.as_str()?.to_owned())).collect::<Option<Vec<_>>>()
        });
        let texts = texts.filter(|texts| !texts.is_empty());
        texts.ok_or_else(|| self.refuse(format!("{} has to be a list of texts", self.what())))
    }

    /// Returns the text below its first line, without its indentation in the piece.
    pub(crate) fn below(&self) -> Result<String, Refusal> {
        self.children()?;
        let lines = self.block.lines.get(1..).unwrap_or_default();
        let depth = lines.iter().find(|line| !line.trim().is_empty()).map_or(0, |line| indentation(line));
        Ok(lines.iter().map(|line| format!("{}\n", line.get(depth..).unwrap_or_default())).collect())
    }

    /// Returns the entries or items below it.
    pub(crate) fn children(&self) -> Result<Vec<Entry<'a>>, Refusal> {
        let (first, rest) = self.block.lines.split_first().unwrap_or((&"", &[]));
        let below = Block { path: self.block.path, first: self.block.first + 1, lines: rest.to_vec() };
        let children = if first.ends_with(':') { below.entries()? } else { Vec::new() };
        if children.is_empty() {
            return Err(self.refuse(format!("{} has to have a line below it for each entry", self.what())));
        }
        Ok(children)
    }

    /// Returns its name for a refusal.
    fn what(&self) -> &str {
        if self.name.is_empty() { "this item" } else { self.name }
    }
}
