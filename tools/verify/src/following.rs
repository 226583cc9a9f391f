//! Counts whom a user follows, when the user's own edges do not account for the counter.
//!
//! The edges that `following` counts lie in the partitions of the users who are followed.
//! Only a scan sees all of them. The scan must be consistent, between two reads of an unchanged `version`,
//! to see those of one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use domain::{Relation, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use table::Table;
use table::counters::{self, Count, Counter, Stored};

use crate::findings::Findings;
use crate::scan::Scan;
use crate::seen::Seen;
use crate::{Error, Result};

/// Items read at once.
const AT_ONCE: usize = 16;

/// Counts whom `users` follow by another scan, if there are any users.
/// Costs 1 RRU for each 4 KiB of the table.
pub(crate) async fn count(
    table: &Table,
    scan: &Scan,
    users: BTreeSet<UserId>,
    progress: &mut dyn Write,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let mut counts: BTreeMap<UserId, (Stored, i64)> =
        stored(table, users).await?.into_iter().map(|(user, before)| (user, (before, 0))).collect();
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(progress, "reading everything once more, for whom {} users follow", counts.len())?;
    let visit = |seen| {
        if let Seen::Derived(Relation::Follow(follower, _)) = seen
            && let Some((_, edges)) = counts.get_mut(&follower)
        {
            *edges += 1;
        }
    };
    scan.run(true, progress, visit).await?;
    for (user, after) in stored(table, counts.keys().copied()).await? {
        let Some((before, edges)) = counts.remove(&user) else { continue };
        let (counter, Stored { value, version }) = (Counter::Following(user), after);
        if after != before {
            findings.undecided(counter)?;
        } else if value != edges {
            findings.drifted(counter, Count { stored: value, edges, version })?;
        }
    }
    Ok(())
}

/// Returns what is stored now, in the same order, without accounts that are gone.
async fn stored(table: &Table, users: impl IntoIterator<Item = UserId>) -> Result<Vec<(UserId, Stored)>> {
    let found: Vec<_> = stream::iter(users)
        .map(async |user| {
            let stored = counters::stored_latest(table, Counter::Following(user)).await?;
            Ok::<_, Error>(stored.map(|stored| (user, stored)))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}
