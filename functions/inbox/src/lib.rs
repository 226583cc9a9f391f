//! `inbox`: lists a user's notifications and marks them as read.
//!
//! - **Trigger**: `GET /api/v1/notifications`, `POST /api/v1/notifications/read`.
//! - **Access patterns**: a page is one query of rows beside gets of how far the recipient has read and of their
//!   circle. Then one query of newer rows beside one `BatchGetItem` of the page's photos, and where they may be
//!   somebody else's a get of whom the recipient follows. Marking as read is
//!   the get of how far they have read beside that of the caller's session, then one update beside the query of
//!   newer rows.
//! - **Emits**: nothing.
//! - **Redelivery**: the mark only moves forward, so marking twice is the same as once.
//! - **Failures**: the caller gets a problem and asks again.

use std::collections::HashSet;
use std::sync::Arc;

use api::wire::{MarkReadRequest, MarkedRead, Notification, Notifications};
use api::{Call, Problem, Reply};
use domain::cursor::List;
use domain::inbox::RowId;
use domain::photo::Photo;
use domain::visibility::Followings;
use domain::{Clock, PhotoId, Timestamp, UserId};
use runtime::Aws;
use table::sight::Viewer;
use table::{Table, followings, inbox, photo};
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

/// Most unread rows that are counted; a badge shows "99+" anyway.
const MAX_UNREAD: usize = 100;

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
        before: Option<RowId>,
        count: usize,
    ) -> Result<Notifications, Problem> {
        let now = self.clock.now();
        let rows = inbox::page(&self.table, recipient, before, count, now);
        let (mut page, read_to, viewer) = futures::try_join!(
            rows,
            inbox::read_to(&self.table, recipient),
            Viewer::get(&self.table, recipient)
        )?;
        // `notify` deletes the rows about a deleted photo. Until then they are hidden, and not counted. So are those
        // about a photo that the recipient sees no more.
        let photos: HashSet<PhotoId> = page.items.iter().filter_map(|(id, _)| id.subject.photo()).collect();
        let listed: Vec<PhotoId> = photos.iter().copied().collect();
        let unread = inbox::unread(&self.table, recipient, read_to, MAX_UNREAD, now);
        let actors: HashSet<UserId> =
            page.items.iter().flat_map(|(_, row)| &row.actors).map(|actor| actor.user_id).collect();
        let actors: Vec<UserId> = actors.into_iter().collect();
        // Only what is said in comments is about somebody else's photo.
        let may_be_others = page.items.iter().any(|(id, _)| id.subject.comment().is_some());
        let followings = async {
            if may_be_others {
                followings::get(&self.table, recipient).await
            } else {
                Ok(Followings::default())
            }
        };
        let (unread, mut existing, followings, hidden) = futures::try_join!(
            unread,
            photo::get_all(&self.table, &listed),
            followings,
            viewer.hidden_among(&self.table, &actors)
        )?;
        let seen =
            viewer.seen_among(&self.table, &followings, existing.values().map(Photo::shown_by)).await?;
        existing.retain(|_, photo| seen.contains(&photo.author));
        // Who is hidden by a block is in no row, and a row of nobody else is none.
        for (_, row) in &mut page.items {
            for actor in &hidden {
                row.leave_out(*actor);
            }
        }
        let of_nobody: HashSet<RowId> =
            page.items.iter().filter(|(_, row)| row.actor_count == 0).map(|(id, _)| *id).collect();
        let is_gone = |id: RowId| {
            let lost = |photo| photos.contains(&photo) && !existing.contains_key(&photo);
            of_nobody.contains(&id) || id.subject.photo().is_some_and(lost)
        };
        let unread_count = unread.into_iter().filter(|id| !is_gone(*id)).count();
        let last = page.items.last().map(|(id, _)| *id).filter(|_| page.more);
        // The query orders rows by the day they were opened. Within a page, the newest event comes first.
        let mut rows = page.items;
        rows.retain(|(id, _)| !is_gone(*id));
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.updated_at));
        let notifications = rows.into_iter().map(|(id, row)| {
            let photo = id.subject.photo().and_then(|photo| existing.get(&photo));
            Notification::new(id, row, photo, read_to, &self.cdn_url)
        });
        Ok(Notifications {
            notifications: notifications.collect(),
            unread_count,
            next_cursor: last.map(|id| List::Inbox.cursor(&id)),
            has_more: page.more,
        })
    }

    async fn mark_read(&self, call: &Call, recipient: UserId) -> Result<MarkedRead, Problem> {
        let MarkReadRequest { up_to } = call.json_or_default()?;
        let now = self.clock.now();
        // An event that another machine recorded, with a clock ahead of this one, stays unread.
        let up_to = match up_to {
            None => now,
            Some(text) => text.parse::<Timestamp>().map_err(|_| bad_up_to())?.min(now),
        };
        let reading = async { Ok::<_, Problem>(inbox::read_to(&self.table, recipient).await?) };
        let (read_to, ()) = futures::try_join!(reading, self.sessions.check(call))?;
        let (unread, ()) = futures::try_join!(
            inbox::unread(&self.table, recipient, up_to.max(read_to), MAX_UNREAD, now),
            inbox::mark_read(&self.table, recipient, up_to)
        )?;
        Ok(MarkedRead { unread_count: unread.len() })
    }
}

fn bad_up_to() -> Problem {
    Problem::bad_request("bad_up_to", "up_to is a moment of RFC 3339, such as 2026-11-22T12:00:00.000Z.")
}

impl runtime::http::Handler for InboxHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let recipient = call.caller()?.user_id;
        match call.route() {
            "GET /api/v1/notifications" => {
                let before = call.position(List::Inbox)?;
                Reply::ok(&self.page(recipient, before, call.count()?).await?)
            }
            "POST /api/v1/notifications/read" => Reply::ok(&self.mark_read(call, recipient).await?),
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
