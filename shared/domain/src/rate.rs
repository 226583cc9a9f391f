//! Rate limits by the generic cell rate algorithm, which stores one moment, the
//! *theoretical arrival time* (TAT).
//!
//! An action is admitted when the TAT is at most `period − interval` ahead of now. It moves the TAT one
//! `interval = period / burst` on from `max(now, TAT)`. Source: ITU-T I.371 (virtual scheduling).

use crate::clock::Timestamp;

/// A limit of `burst` actions at once, refilled evenly over `period_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    burst: i64,
    period_ms: i64,
}

/// Uploads: 100 an hour for each user.
pub const UPLOADS: Limit = Limit { burst: 100, period_ms: 60 * 60 * 1000 };

/// Password checks: 10 in ten minutes for each account.
pub const LOGINS: Limit = Limit { burst: 10, period_ms: 10 * 60 * 1000 };

/// The action is not admitted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// Seconds until it is admitted, at least 1.
    pub seconds: i64,
}

impl Limit {
    /// Admits one action at `now` and returns the TAT to store; or the wait, when the limit is reached.
    pub fn admit(&self, tat: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, RetryAfter> {
        let interval = self.period_ms / self.burst;
        let from = tat.unwrap_or(now).max(now);
        let earliest = from.plus_ms(interval - self.period_ms);
        if earliest > now {
            let wait_ms = earliest.0 - now.0;
            return Err(RetryAfter { seconds: wait_ms.div_euclid(1000) + i64::from(wait_ms % 1000 != 0) });
        }
        Ok(from.plus_ms(interval))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hundred_and_first_upload_waits_for_one_interval() {
        let now = Timestamp(1_000_000);
        let mut tat = None;
        for _ in 0..100 {
            tat = Some(UPLOADS.admit(tat, now).unwrap());
        }
        assert_eq!(UPLOADS.admit(tat, now), Err(RetryAfter { seconds: 36 }));
        assert!(UPLOADS.admit(tat, now.plus_ms(36_000)).is_ok());
    }

    proptest! {
        #[test]
        fn admits_never_more_than_burst_and_refill(gaps in proptest::collection::vec(0_i64..5_000, 1..400)) {
            let limit = Limit { burst: 5, period_ms: 10_000 };
            let (mut now, mut tat, mut admitted) = (Timestamp(0), None, 0);
            for gap in gaps {
                now = now.plus_ms(gap);
                match limit.admit(tat, now) {
                    Ok(next) => {
                        tat = Some(next);
                        admitted += 1;
                    }
                    Err(wait) => prop_assert!(limit.admit(tat, now.plus_ms(wait.seconds * 1000)).is_ok()),
                }
                prop_assert!(admitted <= 5 + now.0 / 2_000);
            }
        }
    }
}
