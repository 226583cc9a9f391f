//! Moments in time, and the clock, which is injected.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Timestamp {
    /// Returns whole seconds since the Unix epoch, the unit of DynamoDB's TTL and of a token's claims.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns whole days since the Unix epoch.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// Returns the hour of its day in UTC, from 0 to 23.
    pub fn hour_of_day(self) -> u8 {
        u8::try_from(self.0.rem_euclid(DAY_MS) / (60 * 60 * 1000)).unwrap_or(0)
    }

    /// Returns this moment moved by `ms` milliseconds; saturates.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns this moment moved by `days` days; saturates.
    pub fn plus_days(self, days: i64) -> Self {
        self.plus_ms(days.saturating_mul(DAY_MS))
    }
}

/// Writes RFC 3339 in UTC with three digits of milliseconds, so that moments also compare as text.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(MILLISECONDS).map_err(|_| fmt::Error)?)
    }
}

/// The text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a moment of RFC 3339")]
pub struct NotAMoment;

/// Reads RFC 3339 in any zone. What is finer than a millisecond is left out.
impl FromStr for Timestamp {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotAMoment)?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).map(Self).map_err(|_| NotAMoment)
    }
}

/// A source of the present moment.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_rfc_3339_in_utc() {
        assert_eq!(Timestamp(1_769_682_600_000).to_string(), "2026-01-29T10:30:00.000Z");
        assert_eq!(Timestamp(1_769_682_600_123).to_string(), "2026-01-29T10:30:00.123Z");
    }

    #[test]
    fn reads_rfc_3339_of_any_zone() {
        for text in
            ["2026-01-29T10:30:00.123Z", "2026-01-29T11:30:00.123456+01:00", "2026-01-29t10:30:00.123z"]
        {
            assert_eq!(text.parse(), Ok(Timestamp(1_769_682_600_123)), "{text}");
        }
        assert_eq!("1969-12-31T23:59:59.999999Z".parse(), Ok(Timestamp(-1)));
        for text in ["", "2026-01-29", "2026-01-29T10:30:00", "1769682600123", "2026-02-30T10:30:00Z"] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotAMoment), "{text}");
        }
    }

    #[test]
    fn days_and_seconds_round_down_before_the_epoch_too() {
        assert_eq!((Timestamp(-1).seconds(), Timestamp(-1).day()), (-1, -1));
        assert_eq!((Timestamp(DAY_MS).seconds(), Timestamp(DAY_MS).day()), (86_400, 1));
        let hours = [0, DAY_MS - 1, DAY_MS, -1].map(|ms| Timestamp(ms).hour_of_day());
        assert_eq!(hours, [0, 23, 0, 23]);
    }
}
