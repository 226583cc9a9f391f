//! Bells: who hears of each photo of an author, in a partition of the author's. It is derived from pairs.

use domain::inbox::ROW_DAYS;
use domain::visibility::Bell;
use domain::{Home, Timestamp, UserId};
use messages::HashRange;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off};
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Page, Result, Table, pair};

/// Times that an edge is written which others write too.
const RACES: u32 = 8;

/// The edge of a bell. One that was switched off stays as long as a row that it led to, so that whoever deletes a
/// photo finds all who were told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Edge {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    off_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    version: u64,
}

/// The edge of a bell as it is, and the bell.
struct Compared {
    bell: Option<Bell>,
    edge: Option<Edge>,
}

impl Compared {
    /// Reads both, strongly consistent. 2 RRU.
    async fn read(table: &Table, by: UserId, about: UserId) -> Result<Self> {
        let key = ItemKey::Bell(about, by);
        let (said, edge) = futures::try_join!(pair::get_latest(table, by, about), table.get_latest(&key))?;
        Ok(Self { bell: said.bell, edge })
    }

    fn differs(&self) -> bool {
        match (self.bell, self.edge) {
            (Some(bell), Some(edge)) => bell.off_at != edge.off_at,
            // Nobody was told of anything by a bell that was off again before its edge was derived.
            (Some(bell), None) => bell.is_on(),
            (None, edge) => edge.is_some(),
        }
    }
}

/// Brings the edge of the bell that `by` has of `about` in line with what `by` says at present.
///
/// Both are read again after each write, so that of several renewals at once, with stale and repeated records in any
/// order, the last write is right. 2 RRU where nothing changes, in one round trip; otherwise 4 RRU and 1 WRU, in three.
///
/// # Errors
/// [`Error::Busy`] when the edge stays contended. A retry is safe.
pub(crate) async fn renew(table: &Table, by: UserId, about: UserId) -> Result<()> {
    let key = ItemKey::Bell(about, by);
    for race in 0..RACES {
        let compared = Compared::read(table, by, about).await?;
        if !compared.differs() {
            return Ok(());
        }
        let written = match compared.bell {
            Some(Bell { off_at, .. }) => {
                let before = compared.edge.map_or(0, |edge| edge.version);
                let expires_at = off_at.map(|off_at| off_at.plus_days(ROW_DAYS).seconds());
                let edge = Edge { off_at, expires_at, version: before + 1 };
                table.put_version(&key, edge, before).await?
            }
            None => table.delete_existing(&key).await?,
        };
        if !written {
            back_off(race).await;
        }
    }
    Err(Error::busy("PutItem", "the bell stayed contended"))
}

/// Returns whether the edge of the bell that `by` has of `about` says something else than `by`. 2 RRU.
pub(crate) async fn differs(table: &Table, by: UserId, about: UserId) -> Result<bool> {
    Ok(Compared::read(table, by, about).await?.differs())
}

/// Somebody who hears, or heard, of each photo of an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Who.
    pub id: UserId,
    /// Whether their bell is on.
    pub is_on: bool,
}

/// Reads up to `limit` of those in `home` with hashes in `range`, or after `after`, by hash, strongly consistent: whoever
/// deletes a photo finds all who were told of it. 1 RRU for each 4 KiB, about 50 edges.
pub async fn listeners(
    table: &Table,
    author: UserId,
    home: Home,
    range: HashRange,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<Listener>> {
    let from =
        after.map_or_else(|| sort::hash(home, range.first), |last| format!("{}#", sort::follower(last)));
    let to = format!("{}#{}", sort::hash(home, range.last), sort::AFTER_DIGITS);
    let range =
        Range { pk: partition::bells(author), from, to, newest_first: false, limit, consistent: true };
    let page = table.query::<Edge>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, edge)| match key {
        ItemKey::Bell(_, id) => Some(Listener { id, is_on: edge.off_at.is_none() }),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}
