//! Checks differences again, item by item and consistently.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Relation, Timestamp, UserId};
use futures::{StreamExt, stream};
use table::agreement::{self, Agreement};
use table::counters::{self, Count, Counter, Inspection};
use table::inbox::{self, Inspection as Inbox};
use table::relations::Side;
use table::{Table, circle, followings};

use crate::Result;
use crate::findings::Findings;

/// Checks before a side counts as mismatched, or a counter as undecided.
const CHECKS: u32 = 3;
/// Checks in progress at once.
const AT_ONCE: usize = 8;
/// Most edges that are reported of one side; the next run reports others once these are repaired.
const MOST: usize = 10_000;

/// A difference to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suspect {
    /// A counter that differs from its edges.
    Counter(Counter),
    /// Source edges that differ from derived edges.
    Side(Side),
    /// What a user and others say about each other, which differs from their circles.
    Circle(UserId),
    /// Packed followings that differ from the user's edges, or were cut.
    Followings(UserId),
    /// The number of unread rows of an inbox, which differs from its rows.
    Unread(UserId),
}

impl Suspect {
    fn following(&self) -> Option<UserId> {
        match self {
            Self::Counter(Counter::Following(user)) => Some(*user),
            _ => None,
        }
    }
}

/// The result of one check.
enum Outcome {
    Fine,
    /// Has to be checked once more.
    Unsure(Suspect),
    Drifted(Counter, Count),
    Mismatched(Vec<(Relation, Agreement)>),
    /// The circles of the user and of each of these differ from what they say about each other.
    Circles(UserId, Vec<UserId>),
    /// The packed followings of the user are wrong about these.
    Followings(UserId, Vec<UserId>),
    /// An inbox counts so many unread rows, and has so many.
    Unread(UserId, u64, u64),
}

/// Checks each suspect up to three times, `patience` apart. Returns the users whose
/// `following` it could not decide.
///
/// A check of `following` sees only those edges that the user's own edges point at.
/// If their number equals the counter, the counter is right, unless there are other edges.
/// Such an edge is then found as orphaned where it lies.
pub(crate) async fn recheck(
    table: &Table,
    mut suspects: Vec<Suspect>,
    patience: Duration,
    now: Timestamp,
    findings: &mut Findings<'_>,
) -> Result<BTreeSet<UserId>> {
    let doubtful: BTreeSet<UserId> = suspects.iter().filter_map(Suspect::following).collect();
    let (mut undecided, mut told) = (BTreeSet::new(), BTreeSet::new());
    for number in 1..=CHECKS {
        if suspects.is_empty() {
            break;
        }
        if number > 1 {
            tokio::time::sleep(patience).await;
        }
        let mut unsure = Vec::new();
        let mut checks = stream::iter(suspects)
            .map(|suspect| check(table, suspect, number == CHECKS, now))
            // The order is fixed, so that two runs over the same table report the same.
            .buffered(AT_ONCE);
        while let Some(outcome) = checks.next().await {
            match outcome? {
                Outcome::Fine => {}
                Outcome::Unsure(suspect) => unsure.push(suspect),
                Outcome::Drifted(counter, count) => findings.drifted(counter, count)?,
                Outcome::Circles(user, others) => {
                    for other in others {
                        // Both may be suspects.
                        let two = (user.min(other), user.max(other));
                        if told.insert(two) {
                            findings.mismatched_circles(two)?;
                        }
                    }
                }
                Outcome::Followings(user, others) => {
                    for other in others {
                        findings.mismatched_followings(user, other)?;
                    }
                }
                Outcome::Unread(user, stored, rows) => findings.drifted_inbox(user, stored, rows)?,
                Outcome::Mismatched(relations) => {
                    for (relation, agreement) in relations {
                        findings.mismatched(relation, agreement)?;
                        if let (Relation::Follow(follower, _), Agreement::Orphaned) = (relation, agreement)
                            && doubtful.contains(&follower)
                        {
                            undecided.insert(follower);
                        }
                    }
                }
            }
        }
        suspects = unsure;
    }
    for suspect in suspects {
        match suspect {
            Suspect::Counter(Counter::Following(user)) => _ = undecided.insert(user),
            Suspect::Counter(counter) => findings.undecided(counter)?,
            Suspect::Unread(user) => findings.undecided_inbox(user)?,
            // The last check of all others decides.
            Suspect::Side(_) | Suspect::Circle(_) | Suspect::Followings(_) => {}
        }
    }
    Ok(undecided)
}

async fn check(table: &Table, suspect: Suspect, last: bool, now: Timestamp) -> Result<Outcome> {
    let most = if last { MOST } else { 1 };
    let told = |none: bool, outcome| match (none, last) {
        (true, _) => Outcome::Fine,
        (false, true) => outcome,
        (false, false) => Outcome::Unsure(suspect),
    };
    Ok(match suspect {
        Suspect::Counter(counter) => match counters::inspect(table, counter).await? {
            Inspection::Gone => Outcome::Fine,
            Inspection::Moved => Outcome::Unsure(suspect),
            Inspection::Still(count) if count.stored == count.edges => Outcome::Fine,
            // Only some of the counted edges were seen.
            Inspection::Still(_) if matches!(counter, Counter::Following(_)) => Outcome::Unsure(suspect),
            Inspection::Still(count) => Outcome::Drifted(counter, count),
        },
        Suspect::Side(side) => {
            let mismatched = agreement::mismatched(table, side, most).await?;
            told(mismatched.is_empty(), Outcome::Mismatched(mismatched))
        }
        Suspect::Circle(user) => {
            let mismatched = circle::mismatched(table, user, most).await?;
            told(mismatched.is_empty(), Outcome::Circles(user, mismatched))
        }
        Suspect::Followings(user) => {
            let mismatched = followings::mismatched(table, user, most).await?;
            told(mismatched.is_empty(), Outcome::Followings(user, mismatched))
        }
        Suspect::Unread(user) => match inbox::inspect(table, user, now).await? {
            Inbox::Moved => Outcome::Unsure(suspect),
            Inbox::Still { stored, rows } if stored == rows => Outcome::Fine,
            Inbox::Still { stored, rows } => Outcome::Unread(user, stored, rows),
        },
    })
}
