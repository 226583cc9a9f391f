//! A mapping with keys of the assembler's own, which are lower case, and of CloudFormation's, which begin
//! with a capital.

use crate::Refusal;
use crate::block::Entry;

/// The condition of an alarm on the age of what waits, written as `age over 300 s`.
pub(crate) const AGE: &str = "age over <n> s";
/// The condition of an alarm on a dead-letter queue.
pub(crate) const DEAD_LETTERS: &str = "dead letters";

/// The keys that a description may and must have.
#[derive(Debug)]
pub(crate) struct Form {
    /// The keys in lower case that it may have.
    pub(crate) keys: &'static [&'static str],
    /// CloudFormation's properties that it cannot have, because they follow from it.
    pub(crate) generated: &'static [&'static str],
    /// The conditions of alarms, below `alarms`, whose meaning it must say.
    pub(crate) alarms: &'static [&'static str],
}

/// The entries of a description that has its form.
#[derive(Debug)]
pub(crate) struct Description<'a> {
    place: String,
    entries: Vec<Entry<'a>>,
    alarms: Vec<Entry<'a>>,
}

/// An alarm whose meaning a description gives.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) comment: String,
    /// Its meaning to the person on duty.
    pub(crate) meaning: String,
    /// The seconds in its condition, if that is an age.
    pub(crate) seconds: String,
}

fn is_property(entry: &Entry) -> bool {
    entry.name.starts_with(|letter: char| letter.is_ascii_uppercase())
}

/// Returns the condition of an alarm, and the seconds in it.
fn condition<'a>(alarm: &Entry<'a>) -> (&'a str, &'a str) {
    let seconds = alarm.name.strip_prefix("age over ").and_then(|rest| rest.strip_suffix(" s"));
    match seconds {
        Some(seconds) if seconds.parse::<u32>().is_ok() => (AGE, seconds),
        _ => (alarm.name, ""),
    }
}

impl<'a> Description<'a> {
    /// Returns the description at a place, whose entries have to have the form.
    pub(crate) fn new(place: String, entries: Vec<Entry<'a>>, form: &Form) -> Result<Self, Refusal> {
        let unknown = |entry: &Entry, known: &[&str]| {
            Err(entry.refuse(format!("{:?} is none of {}", entry.name, known.join(", "))))
        };
        for entry in &entries {
            if is_property(entry) && form.generated.contains(&entry.name) {
                return Err(entry.refuse(format!("{} is generated", entry.name)));
            }
            if !is_property(entry) && !form.keys.contains(&entry.name) {
                return unknown(entry, form.keys);
            }
        }
        let alarms = entries.iter().find(|entry| entry.name == "alarms");
        let alarms = alarms.map(Entry::children).transpose()?.unwrap_or_default();
        if let Some(stray) = alarms.iter().find(|alarm| !form.alarms.contains(&condition(alarm).0)) {
            return unknown(stray, form.alarms);
        }
        let description = Self { place, entries, alarms };
        for condition in form.alarms {
            description.alarm(condition)?;
        }
        Ok(description)
    }

    /// Returns the description below an entry.
    pub(crate) fn below(entry: &Entry<'a>, form: &Form) -> Result<Self, Refusal> {
        Self::new(entry.place(), entry.children()?, form)
    }

    pub(crate) fn refuse(&self, problem: impl Into<String>) -> Refusal {
        Refusal::new(&self.place, problem)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.name == key)
    }

    /// Returns the entry of a required key.
    pub(crate) fn require(&self, key: &str) -> Result<&Entry<'a>, Refusal> {
        self.get(key).ok_or_else(|| self.refuse(format!("{key} is missing")))
    }

    /// Returns the entries that are CloudFormation's, except those in `but`, with their comments.
    pub(crate) fn properties(&self, but: &[&str]) -> String {
        let wanted = self.entries.iter().filter(|entry| is_property(entry) && !but.contains(&entry.name));
        wanted.map(Entry::source).collect()
    }

    /// Returns the alarm with the given condition.
    pub(crate) fn alarm(&self, wanted: &str) -> Result<Alarm, Refusal> {
        let entry = self.alarms.iter().find(|alarm| condition(alarm).0 == wanted);
        let entry = entry.ok_or_else(|| self.refuse(format!("alarms lack {wanted:?} and what it means")))?;
        Ok(Alarm { comment: entry.comment(), meaning: entry.text()?, seconds: condition(entry).1.to_owned() })
    }
}
