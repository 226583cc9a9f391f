//! Telling: what brings actors into rows, moves rows and takes actors out of them.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::gathering::{Gathering, Next};
use domain::inbox::{Actor, Once, ROW_DAYS, Row, RowId, Subject};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{RACES, State, StoredRow, expiry, state_latest};
use crate::calls::{Range, back_off, key_item, number, stored};
use crate::edges::cancellation;
use crate::keys::{ItemKey, PK, partition, sort};
use crate::{Error, Item, Result, Table};

/// Rows that are forgotten in one transaction: row, place and the state, 100 writes at most.
const FORGOTTEN_AT_ONCE: usize = 40;

/// When an actor did something for the first time. Doing it again does not make it new.
#[derive(Serialize, Deserialize)]
struct Marker {
    at: Timestamp,
    #[serde(default)]
    username: String,
    /// Set while the actor is not in the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    taken_back: bool,
    expires_at: i64,
}

/// Where a row is, and how it is told. It stays while the row has no actors, so that whoever is back finds the row in
/// its place.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Place {
    /// When the row was last told, which is its place.
    told_at: Timestamp,
    /// How often it was told.
    state: u64,
    /// Which gap follows.
    step: u8,
    version: u64,
    expires_at: i64,
}

impl Place {
    fn gathering(self) -> Gathering {
        Gathering { told_at: self.told_at, step: self.step, due: None }
    }
}

/// A row as it was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The row.
    pub row: Row,
    /// The number of the telling.
    pub state: u64,
    /// How many rows of the inbox are unread.
    pub unread: u64,
}

/// The result of aligning an inbox with what an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aligned {
    /// The actor is in the row now.
    Added,
    /// The actor is in the row no more.
    TakenBack,
    /// The inbox was right already.
    Unchanged,
}

/// Brings `recipient`'s inbox in line with what `actor` does: `edge` is the actor's edge as it is now, if there is
/// one. Of one that is told of once a day it is one of that day.
///
/// An actor is told of once. Liking, unliking and liking again brings the row back as it was, where it was, with the
/// moment of the first like. A row without actors is deleted.
///
/// Marker and places of the subject's newest rows read (2 RRU), the marker alone if nothing is to be done. Then the row
/// (1 RRU), written with the marker (4 WRU). Where the row is told, the inbox's state is read, too (1 RRU), and 8 WRU
/// are written of a new row and 10 of one that moves. As much again for each race lost. Up to 100 markers more (4 RRU)
/// when one of the newest actors of many takes back.
pub async fn align(
    table: &Table,
    recipient: UserId,
    once: Once,
    actor: UserId,
    edge: Option<&Actor>,
    now: Timestamp,
) -> Result<Aligned> {
    let marker_key = ItemKey::InboxMarker(recipient, once, actor);
    for race in 0..RACES {
        let marker: Option<Marker> = table.get_latest(&marker_key).await?;
        let (at, username) = match (&marker, edge) {
            (None, Some(edge)) => (edge.at, edge.username.clone()),
            (Some(marker), edge) if marker.taken_back == edge.is_some() => {
                (marker.at, edge.map_or_else(|| marker.username.clone(), |edge| edge.username.clone()))
            }
            _ => return Ok(Aligned::Unchanged),
        };
        let found = Found::read(table, recipient, RowId::of(once.subject(), recipient, at)).await?;
        let taken_back = edge.is_none();
        let writes = if taken_back {
            found.without(table, actor, now).await?
        } else {
            let entering = Actor { at, user_id: actor, username: username.clone() };
            Some(found.with(table, entering, marker.is_none(), now).await?)
        };
        let Some(mut writes) = writes else { return Ok(Aligned::Unchanged) };
        let expires_at = at.plus_days(ROW_DAYS).seconds();
        let new_marker = stored(&marker_key, Marker { at, username, taken_back, expires_at })?;
        writes.push(put_marker(table, new_marker, marker.as_ref())?);
        if written(table, writes).await? {
            return Ok(if taken_back { Aligned::TakenBack } else { Aligned::Added });
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the notification stayed contended"))
}

/// A row as it was found.
struct Found {
    recipient: UserId,
    id: RowId,
    /// Where it is, if it was ever told.
    place: Option<Place>,
    /// The row, while it has actors.
    row: Option<StoredRow>,
    /// The row of its subject that was told last.
    newest: Option<Gathering>,
}

impl Found {
    /// Reads a row: the places of its subject since the day before it, and then the row (1 RRU each).
    async fn read(table: &Table, recipient: UserId, id: RowId) -> Result<Self> {
        let from = sort::row_place(id.subject, id.opened.plus_days(-1).max(Timestamp(0)));
        let places = places(table, recipient, id.subject, from, usize::MAX).await?;
        let place = places.iter().find(|(row, _)| *row == id).map(|(_, place)| *place);
        let newest = places.into_iter().map(|(_, place)| place.gathering()).max_by_key(|row| row.told_at);
        let row = match place {
            Some(Place { told_at, .. }) => {
                table.get_latest(&ItemKey::InboxRow(recipient, told_at, id)).await?
            }
            None => None,
        };
        Ok(Self { recipient, id, place, row, newest })
    }

    fn key(&self, place: Timestamp) -> ItemKey {
        ItemKey::InboxRow(self.recipient, place, self.id)
    }

    /// Returns the writes that bring `actor` into the row, who may be new in it.
    async fn with(
        self,
        table: &Table,
        actor: Actor,
        is_new: bool,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>> {
        let Some(place) = self.place else {
            let told = Gathering::first(self.newest, now);
            return self.told(table, actor, told, now).await;
        };
        match place.gathering().event(self.newest, now) {
            Next::Tell(told) if is_new => self.told(table, actor, told, now).await,
            // Whoever was here before is no reason to tell the row.
            Next::Tell(_) | Next::Gather(_) => self.in_place(table, actor, place, now).await,
        }
    }

    /// Returns the writes by which `actor` comes into the row and the row stays where it is.
    async fn in_place(
        self,
        table: &Table,
        actor: Actor,
        place: Place,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>> {
        let key = self.key(place.told_at);
        if let Some(StoredRow { mut row, version, expires_at }) = self.row {
            row.absorb(actor);
            return Ok(vec![put(table, &key, version, |version| StoredRow { row, version, expires_at })?]);
        }
        // All had taken back, and one is here again.
        let expires_at = expiry(place.told_at);
        let row = Row::new(actor);
        let place_key = ItemKey::InboxPlace(self.recipient, self.id);
        let mut writes = vec![
            put(table, &key, 0, |version| StoredRow { row, version, expires_at })?,
            // Nobody has told the row meanwhile, which would be in another place.
            put(table, &place_key, place.version, |version| Place { version, ..place })?,
        ];
        let state = state_latest(table, self.recipient).await?;
        if state.counts(place.told_at, expires_at, now) {
            writes.push(put_state(table, self.recipient, state, state.with(place.told_at))?);
        }
        Ok(writes)
    }

    /// Returns the writes by which the row is told with `actor`: it moves to the top and is unread.
    async fn told(
        self,
        table: &Table,
        actor: Actor,
        told: Gathering,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>> {
        let state = state_latest(table, self.recipient).await?;
        let place = state.place(now);
        let expires_at = expiry(place);
        let key = self.key(place);
        let (mut writes, mut counted) = (Vec::new(), false);
        let row = match (self.place, self.row) {
            (Some(old), Some(StoredRow { mut row, version, expires_at })) => {
                counted = state.counts(old.told_at, expires_at, now);
                let old = ItemKey::InboxRow(self.recipient, old.told_at, self.id);
                writes.push(delete(table, &old, version)?);
                row.absorb(actor);
                row
            }
            _ => Row::new(actor),
        };
        writes.push(put(table, &key, 0, |version| StoredRow { row, version, expires_at })?);
        let before = self.place.map_or((0, 0), |place| (place.state, place.version));
        let place_key = ItemKey::InboxPlace(self.recipient, self.id);
        writes.push(put(table, &place_key, before.1, |version| Place {
            told_at: place,
            state: before.0.saturating_add(1),
            step: told.step,
            version,
            expires_at,
        })?);
        let after = if counted { state } else { state.with(place) };
        writes.push(put_state(table, self.recipient, state, State { newest: place, ..after })?);
        Ok(writes)
    }

    /// Returns the writes by which `actor` leaves the row, which stays where it is. `None` when there is no row.
    async fn without(
        self,
        table: &Table,
        actor: UserId,
        now: Timestamp,
    ) -> Result<Option<Vec<TransactWriteItem>>> {
        let key = self.place.map(|place| self.key(place.told_at));
        let (Some(Place { told_at, .. }), Some(key), Some(stored)) = (self.place, key, self.row) else {
            return Ok(None);
        };
        let StoredRow { mut row, version, expires_at } = stored;
        row.release(actor);
        if row.actor_count > 0 {
            if row.lacks_names() {
                row.name(actors(table, self.recipient, self.id, actor).await?);
            }
            return Ok(Some(vec![put(table, &key, version, |version| StoredRow {
                row,
                version,
                expires_at,
            })?]));
        }
        let mut writes = vec![delete(table, &key, version)?];
        let state = state_latest(table, self.recipient).await?;
        // Of a row that is read nothing is to be checked: it is never unread again.
        if state.counts(told_at, expires_at, now) {
            writes.push(put_state(table, self.recipient, state, state.without(1))?);
        }
        Ok(Some(writes))
    }
}

/// Deletes every row about a photo or comment that is gone. 1 RRU. Where anybody was told of it 1 RRU more for the
/// state, 1 RRU for each row, and 4 WRU for each day on which anybody was; 2 WRU more where one is unread.
///
/// The markers stay, and expire. Nothing shows them.
pub async fn forget(table: &Table, recipient: UserId, subject: Subject, now: Timestamp) -> Result<()> {
    let from = sort::row_place(subject, Timestamp(0));
    for race in 0..RACES {
        let places = places(table, recipient, subject, from.clone(), FORGOTTEN_AT_ONCE).await?;
        if places.is_empty() {
            return Ok(());
        }
        let keys: Vec<ItemKey> =
            places.iter().map(|(id, place)| ItemKey::InboxRow(recipient, place.told_at, *id)).collect();
        let (state, rows) =
            futures::try_join!(state_latest(table, recipient), table.batch_get_latest::<StoredRow>(&keys))?;
        let mut writes = Vec::new();
        let mut unread = 0;
        for (key, row) in rows {
            let ItemKey::InboxRow(_, place, _) = key else { continue };
            unread += u64::from(state.counts(place, row.expires_at, now));
            writes.push(delete(table, &key, row.version)?);
        }
        for (id, place) in &places {
            writes.push(delete(table, &ItemKey::InboxPlace(recipient, *id), place.version)?);
        }
        if unread > 0 {
            writes.push(put_state(table, recipient, state, state.without(unread))?);
        }
        if written(table, writes).await? {
            if places.len() < FORGOTTEN_AT_ONCE {
                return Ok(());
            }
        } else {
            back_off(race).await;
        }
    }
    Err(Error::busy("TransactWriteItems", "the notifications stayed contended"))
}

/// Reads where the rows of a subject are, by day. 1 RRU for each 4 KiB.
async fn places(
    table: &Table,
    recipient: UserId,
    subject: Subject,
    from: String,
    limit: usize,
) -> Result<Vec<(RowId, Place)>> {
    // No row opens later.
    let to = sort::row_place(subject, Timestamp(9_999_999_999_999));
    let range =
        Range { pk: partition::inbox(recipient), from, to, newest_first: false, limit, consistent: true };
    let places = table.query::<Place>(range).await?.items;
    let of_row = |(key, place)| match key {
        ItemKey::InboxPlace(_, id) => Some((id, place)),
        _ => None,
    };
    Ok(places.into_iter().filter_map(of_row).collect())
}

/// Reads up to 100 actors of a row, other than `leaving`. 1 RRU for each 4 KiB.
async fn actors(table: &Table, recipient: UserId, row: RowId, leaving: UserId) -> Result<Vec<Actor>> {
    let from = sort::markers_within(Once::within(row));
    let to = format!("{from}{}", sort::AFTER_DIGITS);
    let pk = partition::inbox(recipient);
    let range = Range { pk, from, to, newest_first: false, limit: 100, consistent: true };
    let markers = table.query::<Marker>(range).await?.items;
    let actors = markers.into_iter().filter_map(|(key, Marker { at, username, taken_back, .. })| match key {
        ItemKey::InboxMarker(_, _, user_id)
            if !taken_back && user_id != leaving && RowId::of(row.subject, recipient, at) == row =>
        {
            Some(Actor { at, user_id, username })
        }
        _ => None,
    });
    Ok(actors.collect())
}

/// Sends a transaction, and returns whether it is written: not when others got ahead of it.
async fn written(table: &Table, writes: Vec<TransactWriteItem>) -> Result<bool> {
    let answer = table.client.transact_write_items().set_transact_items(Some(writes)).send().await;
    match answer {
        Ok(_) => Ok(true),
        Err(error) if cancellation(&error).is_some() => Ok(false),
        Err(error) => Err(Error::sdk("TransactWriteItems", error)),
    }
}

/// Returns the write of a marker that is still as `old`.
fn put_marker(table: &Table, item: Item, old: Option<&Marker>) -> Result<TransactWriteItem> {
    let condition = match old {
        None => format!("attribute_not_exists({PK})"),
        Some(Marker { taken_back: true, .. }) => "attribute_exists(taken_back)".to_owned(),
        Some(_) => format!("attribute_exists({PK}) AND attribute_not_exists(taken_back)"),
    };
    let put = Put::builder().table_name(&*table.name).set_item(Some(item)).condition_expression(condition);
    Ok(TransactWriteItem::builder().put(put.build().map_err(Error::unreadable)?).build())
}

/// Returns the write of an item that still has this version; 0 where there is none. `item` takes its new version.
fn put<T: Serialize>(
    table: &Table,
    key: &ItemKey,
    version: u64,
    item: impl FnOnce(u64) -> T,
) -> Result<TransactWriteItem> {
    table.version_put(key, item(version.saturating_add(1)), version)
}

fn put_state(table: &Table, recipient: UserId, before: State, state: State) -> Result<TransactWriteItem> {
    let key = ItemKey::InboxState(recipient);
    put(table, &key, before.version, |version| State { version, ..state })
}

/// Returns the deletion of an item that still has this version.
fn delete(table: &Table, key: &ItemKey, version: u64) -> Result<TransactWriteItem> {
    let delete = Delete::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(key)))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", number(version));
    Ok(TransactWriteItem::builder().delete(delete.build().map_err(Error::unreadable)?).build())
}

/// Reads a row as it was told last, and how many rows are unread, strongly consistent. 3 RRU, two round trips. A row
/// that is told between the two is not found; whoever tells it says so.
pub async fn telling_latest(table: &Table, recipient: UserId, id: RowId) -> Result<Option<Telling>> {
    let place_key = ItemKey::InboxPlace(recipient, id);
    let (place, state) =
        futures::try_join!(table.get_latest::<Place>(&place_key), state_latest(table, recipient))?;
    let Some(Place { told_at, state: number, .. }) = place else { return Ok(None) };
    let row: Option<StoredRow> = table.get_latest(&ItemKey::InboxRow(recipient, told_at, id)).await?;
    Ok(row.map(|StoredRow { row, .. }| Telling { row, state: number, unread: state.unread }))
}
