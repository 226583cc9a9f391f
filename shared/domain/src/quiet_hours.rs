//! Hours of the day in which nothing is pushed, where somebody lives.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::text::Invalid;

/// The form of a time of day.
const FORM: &str = "%H:%M";

/// Somebody's quiet hours: from one time of day to the next other one, by the clocks of a time zone.
///
/// A time that the clocks skip is the moment at which they do. One that they show twice is the first of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    from: Time,
    to: Time,
    #[serde(with = "jiff::fmt::serde::tz::required")]
    time_zone: TimeZone,
}

impl QuietHours {
    /// Reads times of day, as in `22:00`, and the name of a time zone in the database of IANA.
    pub fn parse(from: &str, to: &str, time_zone: &str) -> Result<Self, Invalid> {
        let (from, to) = (parse_time(from)?, parse_time(to)?);
        if from == to {
            return Err(Invalid::new(
                "quiet_hours_empty",
                "Quiet hours end at another time than they begin.",
            ));
        }
        let zone = TimeZone::get(time_zone).ok().filter(|zone| !zone.is_unknown());
        let time_zone = zone.ok_or_else(|| {
            Invalid::new("time_zone_unknown", "The time zone must be one of IANA's, as in Europe/Berlin.")
        })?;
        Ok(Self { from, to, time_zone })
    }

    /// Returns the time of day at which they begin.
    pub fn from(&self) -> String {
        self.from.strftime(FORM).to_string()
    }

    /// Returns the time of day at which they end.
    pub fn to(&self) -> String {
        self.to.strftime(FORM).to_string()
    }

    /// Returns the name of the time zone.
    pub fn time_zone(&self) -> &str {
        self.time_zone.iana_name().unwrap_or_default()
    }

    /// Returns when the quiet hours end in which `now` is, if it is in any.
    pub fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let today = self.time_zone.to_datetime(jiff::Timestamp::from_millisecond(now.0).ok()?).date();
        [today.yesterday().ok()?, today].into_iter().find_map(|day| {
            let last = if self.from < self.to { day } else { day.tomorrow().ok()? };
            let (begin, end) = (self.moment(day, self.from)?, self.moment(last, self.to)?);
            (begin <= now && now < end).then_some(end)
        })
    }

    fn moment(&self, day: Date, time: Time) -> Option<Timestamp> {
        let moment = self.time_zone.to_ambiguous_timestamp(day.to_datetime(time));
        let moment = match moment.offset() {
            AmbiguousOffset::Gap { .. } => {
                let after = moment.later().ok()?;
                self.time_zone.preceding(after).next()?.timestamp()
            }
            AmbiguousOffset::Fold { .. } | AmbiguousOffset::Unambiguous { .. } => moment.earlier().ok()?,
        };
        Some(Timestamp(moment.as_millisecond()))
    }
}

fn parse_time(text: &str) -> Result<Time, Invalid> {
    let time = Time::strptime(FORM, text).ok().filter(|time| time.strftime(FORM).to_string() == text);
    time.ok_or_else(|| Invalid::new("time_invalid", "A time of day has hours and minutes, as in 22:00."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const HOUR_MS: i64 = 60 * MINUTE_MS;

    fn hours(from: &str, to: &str, zone: &str) -> QuietHours {
        QuietHours::parse(from, to, zone).unwrap()
    }

    fn end(hours: &QuietHours, now: &str) -> Option<String> {
        hours.end(now.parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn they_are_read_and_shown_as_they_were_given() {
        let night = hours("22:00", "07:05", "Europe/Berlin");
        assert_eq!((night.from(), night.to()), ("22:00".to_owned(), "07:05".to_owned()));
        assert_eq!(night.time_zone(), "Europe/Berlin");
        let stored = serde_json::to_string(&night).unwrap();
        assert_eq!(serde_json::from_str::<QuietHours>(&stored).unwrap(), night, "{stored}");
    }

    #[test]
    fn what_is_no_time_or_zone_is_refused() {
        for (from, to, zone, code) in [
            ("7:00", "08:00", "UTC", "time_invalid"),
            ("24:00", "08:00", "UTC", "time_invalid"),
            ("22:00:00", "08:00", "UTC", "time_invalid"),
            ("22:00", "", "UTC", "time_invalid"),
            ("22:00", "22:00", "UTC", "quiet_hours_empty"),
            ("22:00", "08:00", "Europe/Atlantis", "time_zone_unknown"),
            ("22:00", "08:00", "Etc/Unknown", "time_zone_unknown"),
            ("22:00", "08:00", "", "time_zone_unknown"),
        ] {
            assert_eq!(QuietHours::parse(from, to, zone).unwrap_err().code, code, "{from} {to} {zone}");
        }
    }

    #[test]
    fn they_end_where_the_clock_says_so() {
        let night = hours("22:00", "07:00", "Europe/Berlin");
        for (now, ends) in [
            ("2026-01-10T20:59:59.999Z", None),
            ("2026-01-10T21:00:00Z", Some("2026-01-11T06:00:00.000Z")),
            ("2026-01-11T05:59:59.999Z", Some("2026-01-11T06:00:00.000Z")),
            ("2026-01-11T06:00:00Z", None),
            // The nights in which the clocks change.
            ("2026-03-28T22:00:00Z", Some("2026-03-29T05:00:00.000Z")),
            ("2026-10-24T22:00:00Z", Some("2026-10-25T06:00:00.000Z")),
        ] {
            assert_eq!(end(&night, now).as_deref(), ends, "{now}");
        }
        let noon = hours("12:00", "13:00", "Asia/Kolkata");
        assert_eq!(end(&noon, "2026-01-10T06:30:00Z").as_deref(), Some("2026-01-10T07:30:00.000Z"));
        assert_eq!(end(&noon, "2026-01-10T07:30:00Z"), None);
    }

    #[test]
    fn a_time_that_is_skipped_is_when_it_is_and_one_that_comes_twice_the_first() {
        let half = hours("22:00", "02:30", "Europe/Berlin");
        // From 02:00 to 03:00.
        assert_eq!(end(&half, "2026-03-29T00:00:00Z").as_deref(), Some("2026-03-29T01:00:00.000Z"));
        assert_eq!(end(&half, "2026-03-29T01:00:00Z"), None);
        // From 03:00 to 02:00: the second 02:10 comes after the hours.
        assert_eq!(end(&half, "2026-10-25T00:29:00Z").as_deref(), Some("2026-10-25T00:30:00.000Z"));
        assert_eq!(end(&half, "2026-10-25T01:10:00Z"), None);
        let early = hours("02:40", "03:10", "Europe/Berlin");
        assert_eq!(end(&early, "2026-03-29T01:00:00Z").as_deref(), Some("2026-03-29T01:10:00.000Z"));
    }

    proptest! {
        #[test]
        fn the_end_is_after_now_soon_and_outside(
            zone in prop::sample::select(vec![
                "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca",
                "Asia/Kolkata", "Pacific/Apia", "America/Havana", "UTC",
            ]),
            from in 0_i64..1_440,
            // The clocks skip an hour at most: the day has a time that is not quiet.
            length in 1_i64..1_440 - 61,
            now in 1_767_225_600_000_i64..1_830_297_600_000,
        ) {
            let text = |minute: i64| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
            let hours = hours(&text(from), &text(from + length), zone);
            if let Some(end) = hours.end(Timestamp(now)) {
                prop_assert!(end.0 > now && end.0 - now <= (length * MINUTE_MS) + HOUR_MS);
                prop_assert_eq!(hours.end(end), None);
                prop_assert_eq!(hours.end(end.plus_ms(-1)), Some(end));
            }
        }
    }
}
