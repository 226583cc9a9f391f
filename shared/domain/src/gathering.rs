//! When a recipient is told of events about one subject that come one after another.
//!
//! The first event is told at once. What comes then is gathered for a minute, then for five, then for an hour, and for
//! every hour after that. A subject that was quiet for an hour begins anew.

use crate::clock::Timestamp;

const MINUTE_MS: i64 = 60_000;

/// How long events are gathered after each telling, in milliseconds. The last is also that of every later one.
const GAPS_MS: [i64; 3] = [MINUTE_MS, 5 * MINUTE_MS, 60 * MINUTE_MS];

/// How long a subject is quiet before it begins anew, in milliseconds.
const QUIET_MS: i64 = 60 * MINUTE_MS;

/// How far one row of a subject is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gathering {
    /// When it was told last.
    pub told_at: Timestamp,
    /// Which of the gaps follows that.
    pub step: u8,
    /// When it is told again, if anything was gathered since.
    pub due: Option<Timestamp>,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The row is told now.
    Tell(Gathering),
    /// The row is told when it is due.
    Gather(Gathering),
}

impl Gathering {
    /// Returns a row that is told for the first time. `newest` is the row of its subject that was told last: rows change
    /// with the day, and the next one continues where the one before was.
    pub fn first(newest: Option<Self>, now: Timestamp) -> Self {
        Self::told(newest, false, now)
    }

    /// Decides about an event at `now`. `newest` is the row of the subject that was told last, which may be this one.
    pub fn event(self, newest: Option<Self>, now: Timestamp) -> Next {
        let due = self.due.unwrap_or_else(|| newest.unwrap_or(self).gap_ends());
        if now < due {
            Next::Gather(Self { due: Some(due), ..self })
        } else {
            Next::Tell(Self::told(newest, self.due.is_some(), now))
        }
    }

    /// Returns the row after it was told at `now` what it gathered. `None` where nothing is due.
    pub fn due(self, newest: Option<Self>, now: Timestamp) -> Option<Self> {
        self.due.filter(|due| *due <= now).map(|_| Self::told(newest, true, now))
    }

    /// Returns a row that is told at `now`, at once or after it `waited`.
    fn told(newest: Option<Self>, waited: bool, now: Timestamp) -> Self {
        let last = u8::try_from(GAPS_MS.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let step = newest
            .filter(|newest| waited || now < newest.told_at.plus_ms(QUIET_MS))
            .map_or(0, |newest| newest.step.saturating_add(1).min(last));
        Self { told_at: now, step, due: None }
    }

    fn gap_ends(self) -> Timestamp {
        let gap = GAPS_MS.get(usize::from(self.step)).copied().unwrap_or(QUIET_MS);
        self.told_at.plus_ms(gap)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn minutes(minutes: i64) -> Timestamp {
        Timestamp(1_800_000_000_000).plus_ms(minutes * MINUTE_MS)
    }

    #[test]
    fn a_subject_is_told_at_once_then_after_a_minute_five_and_sixty() {
        let mut row = Gathering::first(None, minutes(0));
        let mut told = vec![0];
        for minute in 0..200 {
            let now = minutes(minute);
            if let Some(due) = row.due(Some(row), now) {
                told.push(minute);
                row = due;
            }
            let Next::Gather(gathered) = row.event(Some(row), now) else { panic!("told at once: {row:?}") };
            row = gathered;
        }
        assert_eq!(told, [0, 1, 6, 66, 126, 186]);
    }

    #[test]
    fn a_subject_that_was_quiet_begins_anew() {
        let row = Gathering { told_at: minutes(0), step: 2, due: None };
        let next = |minute| row.event(Some(row), minutes(minute));
        assert_eq!(next(59), Next::Gather(Gathering { due: Some(minutes(60)), ..row }));
        assert_eq!(next(60), Next::Tell(Gathering { told_at: minutes(60), step: 0, due: None }));
        // A row of the next day continues.
        let other = Gathering::first(Some(row), minutes(30));
        assert_eq!(other, Gathering { told_at: minutes(30), step: 2, due: None });
    }

    /// The rows of one subject, by their day.
    #[derive(Default)]
    struct Rows {
        days: BTreeMap<i64, Gathering>,
        told: Vec<Timestamp>,
        /// Moments of events that are not told yet, by their day.
        waiting: BTreeMap<i64, Vec<Timestamp>>,
    }

    impl Rows {
        fn newest(&self) -> Option<Gathering> {
            self.days.values().copied().max_by_key(|row| row.told_at)
        }

        fn tell(&mut self, day: i64, row: Gathering) {
            self.days.insert(day, row);
            self.told.push(row.told_at);
            for at in self.waiting.remove(&day).unwrap_or_default() {
                assert!(row.told_at <= at.plus_ms(61 * MINUTE_MS), "{at:?} is told at {:?}", row.told_at);
            }
        }

        fn event(&mut self, day: i64, now: Timestamp) {
            self.waiting.entry(day).or_default().push(now);
            match self.days.get(&day).map(|row| row.event(self.newest(), now)) {
                None => self.tell(day, Gathering::first(self.newest(), now)),
                Some(Next::Tell(row)) => self.tell(day, row),
                Some(Next::Gather(row)) => _ = self.days.insert(day, row),
            }
        }

        fn look(&mut self, now: Timestamp) {
            for (day, row) in self.days.clone() {
                if let Some(row) = row.due(self.newest(), now) {
                    self.tell(day, row);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn ten_thousand_events_within_an_hour_are_told_at_most_five_times(
            mut moments in prop_oneof![1..60_usize, Just(10_000)].prop_flat_map(|events| {
                proptest::collection::vec((0..60 * MINUTE_MS, 0..90_000_i64), events)
            }),
            midnight in -10 * MINUTE_MS..70 * MINUTE_MS,
            phase in 0..MINUTE_MS,
        ) {
            moments.sort_unstable();
            let (start, mut rows) = (minutes(0), Rows::default());
            let mut looks = (0..130).map(|minute| minute * MINUTE_MS + phase).peekable();
            for (moment, late) in moments {
                while let Some(look) = looks.next_if(|look| *look <= moment) {
                    rows.look(start.plus_ms(look));
                }
                // A message may come late, and its row is that of the day of its event.
                rows.event(i64::from(moment - late >= midnight), start.plus_ms(moment));
            }
            let first_hour = rows.told.iter().filter(|at| **at < start.plus_ms(60 * MINUTE_MS)).count();
            prop_assert!(first_hour <= 5, "{:?}", rows.told);
            for look in looks {
                rows.look(start.plus_ms(look));
            }
            prop_assert!(rows.waiting.is_empty());
            for at in &rows.told {
                let hour = *at..at.plus_ms(60 * MINUTE_MS);
                prop_assert!(rows.told.iter().filter(|told| hour.contains(told)).count() <= 5, "{:?}", rows.told);
            }
        }
    }
}
