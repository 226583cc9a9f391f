//! Inboxes: rows by when they were told, where each row is, a marker for each actor in them, and how far the recipient
//! has read.
//!
//! A row is told by one transaction, which moves it to the top and counts it as unread ([`tell`]). No two rows of an
//! inbox have the same place, and whoever tells later has a later one.

pub mod due;
mod tell;

use domain::inbox::{ROW_DAYS, Row, RowId};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

pub use self::tell::{Aligned, Alignment, Telling, Told, align, forget, tell_due, telling_latest};
use crate::calls::{Range, back_off};
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Page, Result, Table};

/// Times a write is tried that others get ahead of.
const RACES: u32 = 10;

/// A row as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// When it was last told.
    pub place: Timestamp,
    /// Which row it is.
    pub id: RowId,
    /// The row.
    pub row: Row,
}

#[derive(Serialize, Deserialize)]
struct StoredRow {
    #[serde(flatten)]
    row: Row,
    /// How many of its actors came since it was told.
    #[serde(default)]
    gathered: u64,
    version: u64,
    expires_at: i64,
}

/// How far an inbox is read, and how many rows are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Rows told later are unread. Never later than `newest`, so that whatever is told from now on is unread.
    pub read_to: Timestamp,
    /// How many rows are unread.
    pub unread: u64,
    /// When a row was told last.
    newest: Timestamp,
    /// No unread row was told before. Set while there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread_since: Option<Timestamp>,
    version: u64,
}

impl State {
    /// The state of an inbox that nothing was told in.
    const NEW: Self =
        Self { read_to: Timestamp(0), unread: 0, newest: Timestamp(0), unread_since: None, version: 0 };

    /// Returns the place of a row that is told at `now`.
    fn place(self, now: Timestamp) -> Timestamp {
        now.max(self.newest.plus_ms(1))
    }

    /// Returns whether unread rows may have expired, which nobody tells the state.
    fn is_stale(self, now: Timestamp) -> bool {
        self.unread_since.is_some_and(|since| expiry(since) <= now.seconds())
    }

    /// Returns whether a row is among those that are counted.
    fn counts(self, place: Timestamp, expires_at: i64, now: Timestamp) -> bool {
        place > self.read_to && expires_at > now.seconds()
    }

    /// Returns the state with one more unread row.
    fn with(self, place: Timestamp) -> Self {
        let since = self.unread_since.map_or(place, |since| since.min(place));
        Self { unread: self.unread.saturating_add(1), unread_since: Some(since), ..self }
    }

    /// Returns the state with these unread rows, oldest first.
    fn having(self, rows: &[Timestamp]) -> Self {
        Self {
            unread: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            unread_since: rows.first().copied(),
            newest: rows.last().copied().unwrap_or(self.newest).max(self.newest),
            ..self
        }
    }

    /// Returns the state with `rows` unread rows less.
    fn without(self, rows: u64) -> Self {
        let unread = self.unread.saturating_sub(rows);
        Self { unread, unread_since: self.unread_since.filter(|_| unread > 0), ..self }
    }
}

/// Returns when a row expires that was told at `place`, in seconds since the epoch.
fn expiry(place: Timestamp) -> i64 {
    place.plus_days(ROW_DAYS).seconds()
}

/// Reads up to `limit` rows that were told before `before`, newest first. 0.5 RRU for each 4 KiB.
///
/// TTL deletes late. Expired rows are left out, and the page is refilled from older rows, so that only
/// the last page is short.
pub async fn page(
    table: &Table,
    recipient: UserId,
    before: Option<Timestamp>,
    limit: usize,
    now: Timestamp,
) -> Result<Page<Listed>> {
    let mut items = Vec::new();
    let mut before = before;
    loop {
        let left = limit.saturating_sub(items.len());
        let range = Rows { after: None, before, newest_first: true, limit: left, consistent: false };
        let part = range.read(table, recipient).await?;
        before = part.items.last().map(|(listed, _)| listed.place);
        items.extend(live(part.items, now));
        if items.len() >= limit || !part.more {
            return Ok(Page { items, more: part.more });
        }
    }
}

/// Reads up to `limit` rows that were told after `after`, oldest first. 0.5 RRU for each 4 KiB.
pub async fn newer(
    table: &Table,
    recipient: UserId,
    after: Timestamp,
    limit: usize,
    now: Timestamp,
) -> Result<Page<Listed>> {
    let range = Rows { after: Some(after), before: None, newest_first: false, limit, consistent: false };
    let Page { items, more } = range.read(table, recipient).await?;
    Ok(Page { items: live(items, now).collect(), more })
}

fn live(rows: Vec<(Listed, StoredExpiry)>, now: Timestamp) -> impl Iterator<Item = Listed> {
    rows.into_iter().filter(move |(_, expires_at)| *expires_at > now.seconds()).map(|(listed, _)| listed)
}

type StoredExpiry = i64;

/// A range of the rows of an inbox, by their places.
struct Rows {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    newest_first: bool,
    limit: usize,
    consistent: bool,
}

impl Rows {
    async fn read(&self, table: &Table, recipient: UserId) -> Result<Page<(Listed, StoredExpiry)>> {
        let Self { after, before, newest_first, limit, consistent } = *self;
        // The text of a place sorts before the row that has it, and with one more character after it.
        let from = after.map_or(sort::ROW.to_owned(), |after| sort::place(after) + sort::AFTER_DIGITS);
        let to = before.map_or(format!("{}{}", sort::ROW, sort::AFTER_DIGITS), sort::place);
        let range = Range { pk: partition::inbox(recipient), from, to, newest_first, limit, consistent };
        let page = table.query::<StoredRow>(range).await?;
        let items = page.items.into_iter().filter_map(|(key, stored)| match key {
            ItemKey::InboxRow(_, place, id) => {
                Some((Listed { place, id, row: stored.row }, stored.expires_at))
            }
            _ => None,
        });
        Ok(Page { items: items.collect(), more: page.more })
    }
}

/// Reads how far the recipient has read. 0.5 RRU. Where unread rows may have expired they are counted again, once in
/// 90 days at most.
pub async fn state(table: &Table, recipient: UserId, now: Timestamp) -> Result<State> {
    let state = table.get(&ItemKey::InboxState(recipient)).await?.unwrap_or(State::NEW);
    if state.is_stale(now) { recount(table, recipient, now).await } else { Ok(state) }
}

/// Reads how far the recipient has read, strongly consistent. 1 RRU.
pub async fn state_latest(table: &Table, recipient: UserId) -> Result<State> {
    Ok(table.get_latest(&ItemKey::InboxState(recipient)).await?.unwrap_or(State::NEW))
}

/// Marks every row as read that was told up to `up_to`, or that `state` knows of, unless more are. Returns the state
/// after it.
///
/// 1 WRU. Where rows are told later they are counted: 1 RRU for each 4 KiB. As much again and 1 RRU for each race lost.
pub async fn mark_read(
    table: &Table,
    recipient: UserId,
    state: State,
    up_to: Option<Timestamp>,
    now: Timestamp,
) -> Result<State> {
    let up_to = up_to.map_or(state.newest, |up_to| up_to.min(state.newest));
    let mut state = state;
    for race in 0..RACES {
        if up_to <= state.read_to {
            return Ok(state);
        }
        let read = State { read_to: up_to, ..state };
        let unread =
            if up_to < state.newest { unread(table, recipient, read, now).await? } else { Vec::new() };
        if let Some(read) = write(table, recipient, state, read.having(&unread)).await? {
            return Ok(read);
        }
        back_off(race).await;
        state = state_latest(table, recipient).await?;
    }
    Err(Error::busy("PutItem", "the inbox stayed contended"))
}

/// Counts the unread rows again, and returns the state after it. 1 RRU, 1 RRU for each 4 KiB of unread rows, and 1 WRU
/// where the number was wrong. As much again for each race lost.
pub async fn recount(table: &Table, recipient: UserId, now: Timestamp) -> Result<State> {
    for race in 0..RACES {
        let state = state_latest(table, recipient).await?;
        let unread = unread(table, recipient, state, now).await?;
        if let Some(counted) = write(table, recipient, state, state.having(&unread)).await? {
            return Ok(counted);
        }
        back_off(race).await;
    }
    Err(Error::busy("PutItem", "the inbox stayed contended"))
}

/// Writes `state`, if the stored one is `before` and is another. `None` when it is not `before` any more.
async fn write(table: &Table, recipient: UserId, before: State, state: State) -> Result<Option<State>> {
    if state == before {
        return Ok(Some(state));
    }
    let state = State { version: before.version.saturating_add(1), ..state };
    let written = table.put_version(&ItemKey::InboxState(recipient), state, before.version).await?;
    Ok(written.then_some(state))
}

/// Reads the places of the unread rows, oldest first.
async fn unread(table: &Table, recipient: UserId, state: State, now: Timestamp) -> Result<Vec<Timestamp>> {
    let after = Some(state.read_to);
    let range = Rows { after, before: None, newest_first: false, limit: usize::MAX, consistent: true };
    let rows = range.read(table, recipient).await?.items;
    Ok(live(rows, now).map(|listed| listed.place).collect())
}

/// The unread rows of an inbox, as it counts them and as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// The count changed while the rows were read.
    Moved,
    /// It did not, or rows may have expired since, so that they are counted again when the recipient asks.
    Still {
        /// How many the inbox counts.
        stored: u64,
        /// How many there are.
        rows: u64,
    },
}

/// Counts the unread rows beside what the inbox says. 2 RRU, and 1 RRU for each 4 KiB of unread rows.
pub async fn inspect(table: &Table, recipient: UserId, now: Timestamp) -> Result<Inspection> {
    let state = state_latest(table, recipient).await?;
    let rows = u64::try_from(unread(table, recipient, state, now).await?.len()).unwrap_or(u64::MAX);
    if state_latest(table, recipient).await? != state {
        return Ok(Inspection::Moved);
    }
    let stored = if state.is_stale(now) { rows } else { state.unread };
    Ok(Inspection::Still { stored, rows })
}
