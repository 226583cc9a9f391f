//! What somebody wants to be told of, and when not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::inbox::KINDS;
use crate::quiet_hours::QuietHours;
use crate::text::Invalid;

/// Somebody's settings. By default everything is pushed, at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The kinds of notification that are not pushed. They are in the list all the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unpushed: BTreeSet<String>,
    /// The hour of the day (UTC) at which a mail says what is new. None: there is no such mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest_hour: Option<u8>,
    /// When nothing is pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet_hours: Option<QuietHours>,
}

impl Settings {
    /// Returns whether notifications of a kind are pushed.
    pub fn pushes(&self, kind: &str) -> bool {
        !self.unpushed.contains(kind)
    }

    /// Returns the hour of the day (UTC) at which a mail says what is new, if one does.
    pub fn digest_hour(&self) -> Option<u8> {
        self.digest_hour
    }

    /// Returns the hours in which nothing is pushed, if there are any.
    pub fn quiet_hours(&self) -> Option<&QuietHours> {
        self.quiet_hours.as_ref()
    }

    /// Sets the hours in which nothing is pushed.
    pub fn set_quiet_hours(&mut self, hours: Option<QuietHours>) {
        self.quiet_hours = hours;
    }

    /// Sets whether a mail says daily what is new: from now on at the hour of the day at which it was asked for.
    pub fn set_digest(&mut self, wanted: bool, now: Timestamp) {
        self.digest_hour = wanted.then(|| self.digest_hour.unwrap_or_else(|| now.hour_of_day()));
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
        let (five, nine) = (Timestamp(5 * 3_600_000), Timestamp(9 * 3_600_000));
        settings.set_digest(true, five);
        settings.set_digest(true, nine);
        assert_eq!(settings.digest_hour(), Some(5), "it stays where it was");
        settings.set_digest(false, nine);
        assert_eq!(settings, Settings::default());
        assert_eq!(
            (parse_kind("mention"), parse_kind("LIKE").unwrap_err().code),
            (Ok("mention"), "kind_unknown")
        );
    }
}
