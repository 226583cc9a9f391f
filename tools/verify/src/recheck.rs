//! Looks again at what did not add up, item by item and consistently.

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

/// Times that something is looked at before it is believed to be mismatched, or given up.
const CHECKS: u32 = 3;
/// Checks under way at once.
const AT_ONCE: usize = 8;
/// Most edges that are named of one side; the next run names others once these are put right.
const MOST: usize = 10_000;

/// Something that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suspect {
    /// A counter and its edges.
    Counter(Counter),
    /// What actors say and what is derived from it.
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

/// What a look has found.
enum Outcome {
    Fine,
    /// To be looked at once more.
    Unsure(Suspect),
    Drifted(Counter, Count),
    Mismatched(Vec<(Relation, Agreement)>),
}

/// Checks each suspect up to three times, `patience` apart; whose `following` it could not decide.
///
/// Of the edges that `following` counts a look sees those that the user's own edges point at. If there are as many as the
/// counter says it is right, unless there are others: then one of them turns up as orphaned where it lies.
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
            // In order, so that two runs over the same table say the same.
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
            // The last look at a side decides.
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
            // Only some of the edges it counts were seen.
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
