//! `inbox`: lists a user's notifications and marks them as read.
//!
//! - **Trigger**: `GET /api/v1/notifications`, `POST /api/v1/notifications/read`.
//! - **Access patterns**: a page is one query of rows beside gets of how far the recipient has read and of their
//!   circle, and on later pages beside one query of what was told since the walk began. Then one `BatchGetItem` of the
//!   photos of these rows, and where they may be somebody else's a get of whom the recipient follows. Where unread rows
//!   may have expired they are counted again. Marking as read is the get of how far they have read beside that of the
//!   caller's session, then one write of it; where rows were told later, after a query of those.
//! - **Emits**: nothing.
//! - **Redelivery**: the mark only moves forward, so marking twice is the same as once.
//! - **Failures**: the caller gets a problem and asks again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use api::wire::{MarkReadRequest, MarkedRead, Notification, Notifications};
use api::{Call, Problem, Reply};
use domain::cursor::List;
use domain::inbox::Position;
use domain::photo::Photo;
use domain::visibility::Followings;
use domain::{Clock, PhotoId, Timestamp, UserId};
use runtime::Aws;
use table::inbox::Listed;
use table::sight::Viewer;
use table::{Page, Table, followings, inbox, photo};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `inbox`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// Address of the web client, below which renditions are, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Most unread rows that are said; a badge shows "99+" anyway.
const MAX_UNREAD: u64 = 100;

/// Handles reading an inbox and marking it read.
pub struct InboxHandler {
    table: Table,
    cdn_url: String,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
}

impl InboxHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name), &config.cdn_url, aws.clock())
    }

    /// Creates the handler for inboxes in `table`, with pictures under `cdn_url`.
    pub fn new(table: Table, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, cdn_url: cdn_url.to_owned(), sessions, clock }
    }

    async fn page(
        &self,
        recipient: UserId,
        position: Option<Position>,
        count: usize,
    ) -> Result<Notifications, Problem> {
        let now = self.clock.now();
        let newer = async {
            let Some(Position { newest, .. }) = position else { return Ok(None) };
            inbox::newer(&self.table, recipient, newest, count, now).await.map(Some)
        };
        let (mut page, newer, state, viewer) = futures::try_join!(
            inbox::page(&self.table, recipient, position.map(|position| position.before), count, now),
            newer,
            inbox::state(&self.table, recipient, now),
            Viewer::get(&self.table, recipient)
        )?;
        let next = next(&page, newer.as_ref(), position);
        let mut newer = newer.map(|newer| newer.items);
        if let Some(newer) = &mut newer {
            newer.reverse();
        }
        // A row that moves while it is read may be at both places.
        let mut listed = HashSet::new();
        for rows in newer.iter_mut().chain([&mut page.items]) {
            rows.retain(|row| listed.insert(row.id));
        }
        let shown = self.shown(recipient, &viewer, newer.iter_mut().chain([&mut page.items])).await?;
        let hidden = |row: &&Listed| !shown.contains(row) && row.place > state.read_to;
        let hidden = newer.iter().flatten().chain(&page.items).filter(hidden).count();
        let unread = state.unread.saturating_sub(u64::try_from(hidden).unwrap_or(u64::MAX));
        let wire = |rows: Vec<Listed>| {
            let rows = rows.into_iter().filter(|row| shown.contains(row));
            rows.map(|row| {
                let photo = row.id.subject.photo().and_then(|photo| shown.photos.get(&photo));
                Notification::new(row.id, row.row, photo, row.place, state.read_to, &self.cdn_url)
            })
            .collect()
        };
        Ok(Notifications {
            notifications: wire(page.items),
            newer: newer.map(wire),
            unread_count: unread.min(MAX_UNREAD),
            has_more: next.is_some(),
            next_cursor: next.map(|next| List::Inbox.cursor(&next)),
        })
    }

    /// Leaves out of the rows who is hidden by a block, and returns which of them are shown: `notify` deletes the rows
    /// about a deleted photo, and until then they are hidden. So are those about a photo that the recipient sees no more.
    async fn shown<'a>(
        &self,
        recipient: UserId,
        viewer: &Viewer,
        lists: impl Iterator<Item = &'a mut Vec<Listed>>,
    ) -> Result<Shown, Problem> {
        let mut rows: Vec<&mut Listed> = lists.flatten().collect();
        let photos: HashSet<PhotoId> = rows.iter().filter_map(|row| row.id.subject.photo()).collect();
        let photos: Vec<PhotoId> = photos.into_iter().collect();
        let actors: HashSet<UserId> =
            rows.iter().flat_map(|row| &row.row.actors).map(|actor| actor.user_id).collect();
        let actors: Vec<UserId> = actors.into_iter().collect();
        let may_be_others = rows.iter().any(|row| row.id.subject.may_be_about_anothers());
        let followings = async {
            if may_be_others {
                followings::get(&self.table, recipient).await
            } else {
                Ok(Followings::default())
            }
        };
        let (mut photos, followings, hidden) = futures::try_join!(
            photo::get_all(&self.table, &photos),
            followings,
            viewer.hidden_among(&self.table, &actors)
        )?;
        let seen = viewer.seen_among(&self.table, &followings, photos.values().map(Photo::shown_by)).await?;
        photos.retain(|_, photo| seen.contains(&photo.author));
        for row in &mut rows {
            for actor in &hidden {
                row.row.leave_out(*actor);
            }
        }
        Ok(Shown { photos })
    }

    async fn mark_read(&self, call: &Call, recipient: UserId) -> Result<MarkedRead, Problem> {
        let MarkReadRequest { up_to } = call.json_or_default()?;
        let now = self.clock.now();
        let up_to = up_to.map(|text| text.parse::<Timestamp>().map_err(|_| bad_up_to())).transpose()?;
        let reading = async { Ok::<_, Problem>(inbox::state_latest(&self.table, recipient).await?) };
        let (state, ()) = futures::try_join!(reading, self.sessions.check(call))?;
        let read = inbox::mark_read(&self.table, recipient, state, up_to, now).await?;
        Ok(MarkedRead { unread_count: read.unread.min(MAX_UNREAD) })
    }
}

/// The photos by which rows are shown.
struct Shown {
    photos: HashMap<PhotoId, Photo>,
}

impl Shown {
    /// Returns whether a row is shown: it is of somebody, and its photo is there and seen, if it is about one.
    fn contains(&self, Listed { id, row, .. }: &Listed) -> bool {
        row.actor_count > 0 && id.subject.photo().is_none_or(|photo| self.photos.contains_key(&photo))
    }
}

/// Returns where a walk continues after this page and what was told beside it, unless it ends.
fn next(page: &Page<Listed>, newer: Option<&Page<Listed>>, position: Option<Position>) -> Option<Position> {
    if !page.more && newer.is_none_or(|newer| !newer.more) {
        return None;
    }
    let place = |row: &Listed| row.place;
    let before = page.items.last().map(place).or(position.map(|position| position.before))?;
    let newest = match position {
        None => page.items.first().map(place)?,
        Some(Position { newest, .. }) => newer.and_then(|newer| newer.items.last()).map_or(newest, place),
    };
    Some(Position { before, newest })
}

fn bad_up_to() -> Problem {
    Problem::bad_request("bad_up_to", "up_to is a moment of RFC 3339, such as 2026-11-22T12:00:00.000Z.")
}

impl runtime::http::Handler for InboxHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let recipient = call.caller()?.user_id;
        match call.route() {
            "GET /api/v1/notifications" => {
                let position = call.position(List::Inbox)?;
                Reply::ok(&self.page(recipient, position, call.count()?).await?)
            }
            "POST /api/v1/notifications/read" => Reply::ok(&self.mark_read(call, recipient).await?),
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
