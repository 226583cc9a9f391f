//! Checks differences again, item by item and consistently.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Relation, UserId};
use futures::{StreamExt, stream};
use table::Table;
use table::agreement::{self, Agreement};
use table::counters::{self, Count, Counter, Inspection};
use table::relations::Side;

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
    findings: &mut Findings<'_>,
) -> Result<BTreeSet<UserId>> {
    let doubtful: BTreeSet<UserId> = suspects.iter().filter_map(Suspect::following).collect();
    let mut undecided = BTreeSet::new();
    for number in 1..=CHECKS {
        if suspects.is_empty() {
            break;
        }
        if number > 1 {
            tokio::time::sleep(patience).await;
        }
        let mut unsure = Vec::new();
        let mut checks = stream::iter(suspects)
            .map(|suspect| check(table, suspect, number == CHECKS))
            // The order is fixed, so that two runs over the same table report the same.
            .buffered(AT_ONCE);
        while let Some(outcome) = checks.next().await {
            match outcome? {
                Outcome::Fine => {}
                Outcome::Unsure(suspect) => unsure.push(suspect),
                Outcome::Drifted(counter, count) => findings.drifted(counter, count)?,
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
            // The last check of a side decides.
            Suspect::Side(_) => {}
        }
    }
    Ok(undecided)
}

async fn check(table: &Table, suspect: Suspect, last: bool) -> Result<Outcome> {
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
            let mismatched = agreement::mismatched(table, side, if last { MOST } else { 1 }).await?;
            match (mismatched.is_empty(), last) {
                (true, _) => Outcome::Fine,
                (false, true) => Outcome::Mismatched(mismatched),
                (false, false) => Outcome::Unsure(suspect),
            }
        }
    })
}
