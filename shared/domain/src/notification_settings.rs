//! What somebody wants to be told of, and when not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::inbox::KINDS;
use crate::text::Invalid;

/// Somebody's settings. By default everything is pushed, at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The kinds of notification that are not pushed. They are in the list all the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unpushed: BTreeSet<String>,
}

impl Settings {
    /// Returns whether notifications of a kind are pushed.
    pub fn pushes(&self, kind: &str) -> bool {
        !self.unpushed.contains(kind)
    }

    /// Sets whether notifications of a kind are pushed.
    pub fn set_pushed(&mut self, kind: &'static str, pushed: bool) {
        if pushed {
            self.unpushed.remove(kind);
        } else {
            self.unpushed.insert(kind.to_owned());
        }
    }
}

/// Returns the kind of this name.
pub fn parse_kind(name: &str) -> Result<&'static str, Invalid> {
    KINDS.into_iter().find(|kind| *kind == name).ok_or_else(|| {
        let detail = format!("There are these kinds of notification: {}.", KINDS.join(", "));
        Invalid::new("kind_unknown", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_pushed_until_it_is_switched_off() {
        let mut settings = Settings::default();
        assert!(KINDS.into_iter().all(|kind| settings.pushes(kind)));
        settings.set_pushed("like", false);
        assert!(!settings.pushes("like") && settings.pushes("comment_like"));
        settings.set_pushed("like", true);
        assert_eq!(settings, Settings::default());
        assert_eq!(
            (parse_kind("mention"), parse_kind("LIKE").unwrap_err().code),
            (Ok("mention"), "kind_unknown")
        );
    }
}
