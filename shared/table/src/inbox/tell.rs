//! Telling: what brings actors into rows, moves rows and takes actors out of them.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::gathering::{Gathering, Next};
use domain::inbox::{Actor, Once, ROW_DAYS, Row, RowId, Subject};
use domain::{Timestamp, UserId};
use messages::Event;
use serde::{Deserialize, Serialize};

use super::{RACES, State, StoredRow, due, expiry, state_latest};
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
    /// How often the row had been told when it gathered the actor. Once it is told again, the actor is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gathered_at: Option<u64>,
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
    /// When it is told again, if anything was gathered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    /// Whether it was last told because it was due, and not by an event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    was_due: bool,
    version: u64,
    expires_at: i64,
}

impl Place {
    fn gathering(self) -> Gathering {
        Gathering { told_at: self.told_at, step: self.step, due: self.due }
    }
}

/// A telling of a row, of which devices are to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The row.
    pub row: RowId,
    /// How often it was told. It grows with each telling.
    pub state: u64,
    /// When it was told.
    pub told_at: Timestamp,
}

impl Told {
    /// Returns what is published of it.
    pub fn event(self, recipient_id: UserId) -> Event {
        let Self { row, state, told_at } = self;
        Event::NotificationTold { recipient_id, row, state, told_at }
    }

    /// Returns the telling of a row of which devices may not have heard, because whoever told it died, by an event or
    /// because it `was_due`. That comes again within minutes.
    fn lately(row: RowId, place: Place, was_due: bool, now: Timestamp) -> Option<Self> {
        const LATELY_MS: i64 = 15 * 60 * 1000;
        let Place { state, told_at, .. } = place;
        let lately = place.was_due == was_due && now < told_at.plus_ms(LATELY_MS);
        lately.then_some(Self { row, state, told_at })
    }
}

/// What came of aligning an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// What was done.
    pub aligned: Aligned,
    /// The telling that it led to; also one of which devices may not have heard.
    pub told: Option<Told>,
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
/// What is not told at once is gathered, and the row is due at the end of its gap ([`domain::gathering`]).
///
/// Marker and places of the subject's newest rows read (2 RRU), the marker and the row's place if nothing is to be done.
/// Then the row (1 RRU), written with the marker (4 WRU), and the first time in a gap with the row's place and due time (8
/// WRU). Where the row is told, the inbox's state is read, too (1 RRU), and 8 WRU are written of a new row and 10 of one
/// that moves. As much again for each race lost. Up to 100 markers more (4 RRU) when one of the newest actors of many
/// takes back.
pub async fn align(
    table: &Table,
    recipient: UserId,
    once: Once,
    actor: UserId,
    edge: Option<&Actor>,
    now: Timestamp,
) -> Result<Alignment> {
    let marker_key = ItemKey::InboxMarker(recipient, once, actor);
    for race in 0..RACES {
        let marker: Option<Marker> = table.get_latest(&marker_key).await?;
        let (at, username) = match (&marker, edge) {
            (None, Some(edge)) => (edge.at, edge.username.clone()),
            (Some(marker), edge) if marker.taken_back == edge.is_some() => {
                (marker.at, edge.map_or_else(|| marker.username.clone(), |edge| edge.username.clone()))
            }
            (marker, _) => {
                let at = marker.as_ref().filter(|marker| !marker.taken_back).map(|marker| marker.at);
                let Some(at) = at else { return Ok(Alignment { aligned: Aligned::Unchanged, told: None }) };
                // The message may have come back after its row was told.
                let row = RowId::of(once.subject(), recipient, at);
                let place: Option<Place> = table.get_latest(&ItemKey::InboxPlace(recipient, row)).await?;
                let told = place.and_then(|place| Told::lately(row, place, false, now));
                return Ok(Alignment { aligned: Aligned::Unchanged, told });
            }
        };
        let found = Found::read(table, recipient, RowId::of(once.subject(), recipient, at)).await?;
        let gathered_at = marker.as_ref().and_then(|marker| marker.gathered_at);
        // Nobody was told of an actor whom the row has gathered since it was last told.
        let untold = gathered_at.is_some() && gathered_at == found.place.map(|place| place.state);
        let taken_back = edge.is_none();
        let change = if taken_back {
            found.without(table, actor, untold, now).await?
        } else {
            let entering = Actor { at, user_id: actor, username: username.clone() };
            Some(found.with(table, entering, marker.is_none() || untold, now).await?)
        };
        let Some(Change { mut writes, told, gathered_at: gathering }) = change else {
            return Ok(Alignment { aligned: Aligned::Unchanged, told: None });
        };
        let expires_at = at.plus_days(ROW_DAYS).seconds();
        let gathered_at = if taken_back { gathered_at } else { gathering };
        let new_marker = Marker { at, username, taken_back, gathered_at, expires_at };
        writes.push(put_marker(table, stored(&marker_key, new_marker)?, marker.as_ref())?);
        if written(table, writes).await? {
            let aligned = if taken_back { Aligned::TakenBack } else { Aligned::Added };
            return Ok(Alignment { aligned, told });
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the notification stayed contended"))
}

/// Tells a row that is due by `now`, and returns the telling of which devices are to hear: also an earlier one of which
/// they may not have heard. A row from which all have gone that it gathered is not told.
///
/// The places of the subject's rows, row and state (1 RRU each), written with the new row (8 WRU).
pub async fn tell_due(table: &Table, recipient: UserId, row: RowId, now: Timestamp) -> Result<Option<Told>> {
    for race in 0..RACES {
        let found = Found::read(table, recipient, row).await?;
        let Some(place) = found.place else { return Ok(None) };
        let Some(gathering) = place.gathering().due(found.newest, now) else {
            return Ok(Told::lately(row, place, true, now));
        };
        let Change { writes, told, .. } = match &found.row {
            Some(row) if row.gathered > 0 => found.told(table, None, gathering, now).await?,
            _ => found.undue(table, place)?,
        };
        if written(table, writes).await? {
            return Ok(told);
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the notification stayed contended"))
}

/// A change of a row.
struct Change {
    writes: Vec<TransactWriteItem>,
    told: Option<Told>,
    /// How often the row had been told, if it gathered an actor.
    gathered_at: Option<u64>,
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

    /// Returns the change that brings `actor` into the row, who may be new in it.
    async fn with(self, table: &Table, actor: Actor, is_new: bool, now: Timestamp) -> Result<Change> {
        let Some(place) = self.place else {
            let told = Gathering::first(self.newest, now);
            return self.told(table, Some(actor), told, now).await;
        };
        // Whoever was here before is no reason to tell the row.
        match is_new.then(|| place.gathering().event(self.newest, now)) {
            Some(Next::Tell(told)) => self.told(table, Some(actor), told, now).await,
            Some(Next::Gather(gathering)) => self.in_place(table, actor, place, gathering.due, now).await,
            None => self.in_place(table, actor, place, None, now).await,
        }
    }

    /// Returns the change by which `actor` comes into the row and the row stays where it is, until it is `due` if that
    /// is set.
    async fn in_place(
        self,
        table: &Table,
        actor: Actor,
        place: Place,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Change> {
        let key = self.key(place.told_at);
        let gathers = u64::from(due.is_some());
        let due = due.filter(|_| place.due.is_none());
        let mut writes = Vec::new();
        let is_gone = self.row.is_none();
        if let Some(StoredRow { mut row, gathered, version, expires_at }) = self.row {
            row.absorb(actor);
            let gathered = gathered.saturating_add(gathers);
            writes.push(put(table, &key, version, |version| StoredRow {
                row,
                gathered,
                version,
                expires_at,
            })?);
        } else {
            // All had taken back, and one is here again.
            let expires_at = expiry(place.told_at);
            let row = Row::new(actor);
            let stored = |version| StoredRow { row, gathered: gathers, version, expires_at };
            writes.push(put(table, &key, 0, stored)?);
            let state = state_latest(table, self.recipient).await?;
            if state.counts(place.told_at, expires_at, now) {
                writes.push(put_state(table, self.recipient, state, state.with(place.told_at))?);
            }
        }
        // A row that is back checks by this, too, that nobody has told it meanwhile, which would be in another place.
        if is_gone || due.is_some() {
            let key = ItemKey::InboxPlace(self.recipient, self.id);
            let due = due.or(place.due);
            writes.push(put(table, &key, place.version, |version| Place { due, version, ..place })?);
        }
        if let Some(due) = due {
            writes.push(due::put(table, self.recipient, self.id, due)?);
        }
        Ok(Change { writes, told: None, gathered_at: (gathers > 0).then_some(place.state) })
    }

    /// Returns the change by which the row is told, with `actor` if one comes into it: it moves to the top and is unread.
    async fn told(
        self,
        table: &Table,
        actor: Option<Actor>,
        gathering: Gathering,
        now: Timestamp,
    ) -> Result<Change> {
        let state = state_latest(table, self.recipient).await?;
        let told_at = state.place(now);
        let (key, expires_at) = (self.key(told_at), expiry(told_at));
        let was_due = actor.is_none();
        let (mut writes, mut counted, mut row) = (Vec::new(), false, None);
        if let (Some(old), Some(stored)) = (self.place, self.row) {
            counted = state.counts(old.told_at, stored.expires_at, now);
            let old = ItemKey::InboxRow(self.recipient, old.told_at, self.id);
            writes.push(delete(table, &old, stored.version)?);
            row = Some(stored.row);
        }
        let row = match (row, actor) {
            (Some(mut row), Some(actor)) => {
                row.absorb(actor);
                Some(row)
            }
            (row, actor) => row.or(actor.map(Row::new)),
        };
        if let Some(row) = row {
            let stored = |version| StoredRow { row, gathered: 0, version, expires_at };
            writes.push(put(table, &key, 0, stored)?);
        }
        let (times, version) = self.place.map_or((0, 0), |place| (place.state, place.version));
        let times = times.saturating_add(1);
        let place_key = ItemKey::InboxPlace(self.recipient, self.id);
        let step = gathering.step;
        let place = |version| Place { told_at, state: times, step, due: None, was_due, version, expires_at };
        writes.push(put(table, &place_key, version, place)?);
        let after = if counted { state } else { state.with(told_at) };
        writes.push(put_state(table, self.recipient, state, State { newest: told_at, ..after })?);
        let told = Told { row: self.id, state: times, told_at };
        Ok(Change { writes, told: Some(told), gathered_at: None })
    }

    /// Returns the change by which the row is not due any more.
    fn undue(self, table: &Table, place: Place) -> Result<Change> {
        let place_key = ItemKey::InboxPlace(self.recipient, self.id);
        let mut writes =
            vec![put(table, &place_key, place.version, |version| Place { due: None, version, ..place })?];
        // Nobody has come into the row meanwhile, who would wait for it in vain.
        let key = self.key(place.told_at);
        if let Some(row) = self.row {
            writes.push(put(table, &key, row.version, |version| StoredRow { version, ..row })?);
        }
        Ok(Change { writes, told: None, gathered_at: None })
    }

    /// Returns the change by which `actor` leaves the row, which stays where it is: `untold` if nobody was told of them.
    /// `None` when there is no row.
    async fn without(
        self,
        table: &Table,
        actor: UserId,
        untold: bool,
        now: Timestamp,
    ) -> Result<Option<Change>> {
        let key = self.place.map(|place| self.key(place.told_at));
        let (Some(Place { told_at, .. }), Some(key), Some(stored)) = (self.place, key, self.row) else {
            return Ok(None);
        };
        let StoredRow { mut row, gathered, version, expires_at } = stored;
        let gathered = gathered.saturating_sub(u64::from(untold));
        let mut writes = Vec::new();
        row.release(actor);
        if row.actor_count > 0 {
            if row.lacks_names() {
                row.name(actors(table, self.recipient, self.id, actor).await?);
            }
            writes.push(put(table, &key, version, |version| StoredRow {
                row,
                gathered,
                version,
                expires_at,
            })?);
        } else {
            writes.push(delete(table, &key, version)?);
            let state = state_latest(table, self.recipient).await?;
            // Of a row that is read nothing is to be checked: it is never unread again.
            if state.counts(told_at, expires_at, now) {
                writes.push(put_state(table, self.recipient, state, state.without(1))?);
            }
        }
        Ok(Some(Change { writes, told: None, gathered_at: None }))
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
