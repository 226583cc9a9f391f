//! Looks again at what did not add up, item by item and consistently.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::UserId;
use futures::{StreamExt, stream};
use table::Table;
use table::counters::{self, Count, Counter, Look};
use table::relations::{self, Relation, Side, Standing};

use crate::Result;
use crate::findings::Findings;

/// Times that something is looked at before it is believed to be astray, or given up.
const LOOKS: u32 = 3;
/// Looks under way at once.
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
    Astray(Vec<(Relation, Standing)>),
}

/// Looks up to three times at each suspect, `patience` apart; whose `following` it could not decide.
///
/// Of the edges that `following` counts a look sees those that the user's own edges point at. If there are as many as the
/// counter says it is right, unless there are others: then one of them turns up as unfounded where it lies.
pub(crate) async fn again(
    table: &Table,
    mut suspects: Vec<Suspect>,
    patience: Duration,
    findings: &mut Findings<'_>,
) -> Result<BTreeSet<UserId>> {
    let doubtful: BTreeSet<UserId> = suspects.iter().filter_map(Suspect::following).collect();
    let mut undecided = BTreeSet::new();
    for number in 1..=LOOKS {
        if suspects.is_empty() {
            break;
        }
        if number > 1 {
            tokio::time::sleep(patience).await;
        }
        let mut unsure = Vec::new();
        let mut looks = stream::iter(suspects)
            .map(|suspect| look(table, suspect, number == LOOKS))
            // In order, so that two runs over the same table say the same.
            .buffered(AT_ONCE);
        while let Some(outcome) = looks.next().await {
            match outcome? {
                Outcome::Fine => {}
                Outcome::Unsure(suspect) => unsure.push(suspect),
                Outcome::Drifted(counter, count) => findings.drifted(counter, count)?,
                Outcome::Astray(relations) => {
                    for (relation, standing) in relations {
                        findings.astray(relation, standing)?;
                        if let (Relation::Follow(follower, _), Standing::Unfounded) = (relation, standing)
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

async fn look(table: &Table, suspect: Suspect, last: bool) -> Result<Outcome> {
    Ok(match suspect {
        Suspect::Counter(counter) => match counters::look(table, counter).await? {
            Look::Gone => Outcome::Fine,
            Look::Moved => Outcome::Unsure(suspect),
            Look::Still(count) if count.stored == count.edges => Outcome::Fine,
            // Only some of the edges it counts were seen.
            Look::Still(_) if matches!(counter, Counter::Following(_)) => Outcome::Unsure(suspect),
            Look::Still(count) => Outcome::Drifted(counter, count),
        },
        Suspect::Side(side) => {
            let astray = relations::astray(table, side, if last { MOST } else { 1 }).await?;
            match (astray.is_empty(), last) {
                (true, _) => Outcome::Fine,
                (false, true) => Outcome::Astray(astray),
                (false, false) => Outcome::Unsure(suspect),
            }
        }
    })
}
