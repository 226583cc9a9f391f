//! Readers: when they were active last, and whose photos they pull.

use domain::feed::{ACTIVE_DAYS, FOLLOWS_LEN, PULLED_LEN, SNAPSHOT_DAYS, is_active};
use domain::{PhotoId, Timestamp, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::calls::{number, text, text_set};
use crate::error::done;
use crate::keys::{ItemKey, PK};
use crate::snapshot::AUTHORS;
use crate::{Result, Table};

/// Readers written to at once. They are enough to hide round trips, and few enough not to
/// throttle a new table.
const WRITES_AT_ONCE: usize = 50;

/// The state of a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The day of the last visit, in days since the epoch.
    pub active_on: i64,
    /// The mark of a return, or of a snapshot that became old. It is set until a snapshot is stored for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<i64>,
    /// The mark for which the last snapshot was taken, in milliseconds since the epoch. A return removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<i64>,
    /// The newest photo in that snapshot; none when it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<PhotoId>,
    /// Authors whose photos the reader pulls. Some may no longer be celebrities; they have nothing to pull.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "Vec::is_empty")]
    pub celebrities: Vec<UserId>,
    /// Authors followed since the snapshot. Their photos are kept beside it.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "Vec::is_empty")]
    pub followed: Vec<UserId>,
    /// Authors unfollowed since the snapshot, which may hold their photos.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "Vec::is_empty")]
    pub unfollowed: Vec<UserId>,
    /// When the last of their open sockets must have ended, in milliseconds since the epoch. They may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_until: Option<i64>,
}

impl Reader {
    /// Returns whether the reader may have an open socket.
    fn is_connected(&self, now: Timestamp) -> bool {
        self.connected_until.is_some_and(|until| now.0 < until)
    }

    /// Returns whether everyone the reader follows has to be looked at before a page can be shown. They were
    /// away, or follow more people since the snapshot than one page can read.
    pub fn has_no_feed(&self, now: Timestamp) -> bool {
        !is_active(self.active_on, now) || self.followed.len() > AUTHORS
    }

    /// Returns whether it is time for a new snapshot.
    ///
    /// A reader who follows more celebrities than they pull waits for pushes. Their snapshot is taken daily,
    /// because pushes may be switched off.
    pub fn is_old(&self, now: Timestamp) -> bool {
        let days = if self.celebrities.len() < PULLED_LEN { SNAPSHOT_DAYS } else { 1 };
        let old = self.snapshot.is_none_or(|mark| Timestamp(mark).plus_days(days) < now);
        self.rebuild.is_none() && (old || self.followed.len() + self.unfollowed.len() > FOLLOWS_LEN)
    }
}

/// Reads a reader's state, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get_latest(&ItemKey::FeedState(reader)).await
}

/// Reads a reader's state, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get(&ItemKey::FeedState(reader)).await
}

/// Records that an active reader was here today. 1 WRU; called once a day for each reader.
pub async fn touch(table: &Table, reader: UserId, now: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression("SET active_on = :today")
        .condition_expression("active_on < :today")
        .expression_attribute_values(":today", number(now.day()))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Marks a reader active and in need of a snapshot, before anything is read for them. 1 WRU.
///
/// From then on fan-out writes to them, and the stream turns the mark into a rebuild. What the last snapshot
/// held is of no use any more. Returns whether it marked them: a concurrent request may have done so already.
pub async fn mark_returned(table: &Table, reader: UserId, now: Timestamp) -> Result<bool> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression(
            "SET active_on = :today, #rebuild = :mark REMOVE #snapshot, newest, celebrities, followed",
        )
        .condition_expression(format!(
            "attribute_not_exists({PK}) OR active_on < :dormant OR size(followed) > :authors"
        ))
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_names("#snapshot", "snapshot")
        .expression_attribute_values(":today", number(now.day()))
        .expression_attribute_values(":mark", number(now.0))
        .expression_attribute_values(":dormant", number(now.day() - ACTIVE_DAYS))
        .expression_attribute_values(":authors", number(AUTHORS as u64))
        .send()
        .await;
    done("UpdateItem", answer)
}

/// Marks an active reader in need of a new snapshot. The last one is shown meanwhile. 1 WRU.
pub async fn mark_old(table: &Table, reader: UserId, now: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression("SET active_on = :today, #rebuild = :mark")
        .condition_expression(format!("attribute_exists({PK}) AND attribute_not_exists(#rebuild)"))
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_values(":today", number(now.day()))
        .expression_attribute_values(":mark", number(now.0))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// What changes in a reader's state with a new snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// The newest photo in the snapshot.
    pub newest: Option<PhotoId>,
    /// Celebrities to pull from.
    pub celebrities: Vec<UserId>,
    /// Those whose photos the snapshot holds now.
    pub followed: Vec<UserId>,
    /// Those whose photos it does not hold any more.
    pub unfollowed: Vec<UserId>,
}

/// Removes the mark for which a snapshot is stored, unless the reader left and returned since.
///
/// Returns whether it did. 1 WRU for each KiB of the state.
pub async fn mark_rebuilt(table: &Table, reader: UserId, mark: i64, rebuilt: &Rebuilt) -> Result<bool> {
    let mut request = table
        .update(&ItemKey::FeedState(reader))
        .condition_expression("#rebuild = :mark")
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_names("#snapshot", "snapshot")
        .expression_attribute_values(":mark", number(mark));
    let mut expression = match rebuilt.newest {
        Some(newest) => {
            request = request.expression_attribute_values(":newest", text(newest.to_string()));
            "SET #snapshot = :mark, newest = :newest REMOVE #rebuild".to_owned()
        }
        None => "SET #snapshot = :mark REMOVE #rebuild, newest".to_owned(),
    };
    if !rebuilt.celebrities.is_empty() {
        expression.push_str(" ADD celebrities :celebrities");
        request = request.expression_attribute_values(":celebrities", text_set(&rebuilt.celebrities));
    }
    let mut removals = Vec::new();
    for (set, authors) in [("followed", &rebuilt.followed), ("unfollowed", &rebuilt.unfollowed)] {
        if !authors.is_empty() {
            removals.push(format!("{set} :{set}"));
            request = request.expression_attribute_values(format!(":{set}"), text_set(authors));
        }
    }
    if !removals.is_empty() {
        expression = format!("{expression} DELETE {}", removals.join(", "));
    }
    done("UpdateItem", request.update_expression(expression).send().await)
}

/// Records that the reader follows `author`, whose photos are kept beside the snapshot.
/// 1 WRU for each KiB of the state.
pub async fn follow(table: &Table, reader: UserId, author: UserId) -> Result<()> {
    change_follow(table, reader, author, "ADD followed :author DELETE unfollowed :author").await
}

/// Records that the photos of `author` are not to be shown, wherever they are. 1 WRU for each KiB of the
/// state.
pub async fn unfollow(table: &Table, reader: UserId, author: UserId) -> Result<()> {
    change_follow(
        table,
        reader,
        author,
        "ADD unfollowed :author DELETE followed :author, celebrities :author",
    )
    .await
}

async fn change_follow(table: &Table, reader: UserId, author: UserId, change: &str) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression(change)
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_values(":author", text_set(&[author]))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Records that a reader may have an open socket until then. 1 WRU for each KiB of the state.
///
/// Does nothing for a reader without a state, who has never visited.
pub(crate) async fn connected(table: &Table, reader: UserId, until: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression("SET connected_until = :until")
        .condition_expression(format!(
            "attribute_exists({PK}) AND (attribute_not_exists(connected_until) OR connected_until < :until)"
        ))
        .expression_attribute_values(":until", number(until.0))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Records that the socket has ended because of which a reader was connected until `ended`; others may be open
/// `until` then. 1 WRU for each KiB of the state.
pub(crate) async fn disconnected(
    table: &Table,
    reader: UserId,
    ended: Timestamp,
    until: Option<Timestamp>,
) -> Result<()> {
    let request = table
        .update(&ItemKey::FeedState(reader))
        .condition_expression("connected_until = :ended")
        .expression_attribute_values(":ended", number(ended.0));
    let request = match until {
        None => request.update_expression("REMOVE connected_until"),
        Some(until) => request
            .update_expression("SET connected_until = :until")
            .expression_attribute_values(":until", number(until.0)),
    };
    done("UpdateItem", request.send().await).map(|_| ())
}

/// Readers who were active within the last week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Active {
    /// All of them.
    pub readers: Vec<UserId>,
    /// Those of them who may have an open socket.
    pub connected: Vec<UserId>,
}

/// Returns those of `readers` who were active within the last week.
/// 0.5 RRU each, one round trip for each 100.
pub async fn active_among(table: &Table, readers: &[UserId], now: Timestamp) -> Result<Active> {
    let keys: Vec<ItemKey> = readers.iter().copied().map(ItemKey::FeedState).collect();
    let mut active = Active::default();
    for (key, state) in table.batch_get::<Reader>(&keys).await? {
        let ItemKey::FeedState(reader) = key else { continue };
        if is_active(state.active_on, now) {
            active.readers.push(reader);
            if state.is_connected(now) {
                active.connected.push(reader);
            }
        }
    }
    Ok(active)
}

/// Adds `celebrity` to those whose photos a reader pulls. 1 WRU for each KiB of the state.
///
/// Does nothing for a reader without a state, who has never visited: the first visit starts a rebuild. Does
/// nothing for a reader who pulls from as many as one page bears: the photos show once they are pushed.
pub async fn pull_from(table: &Table, reader: UserId, celebrity: UserId) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression("ADD celebrities :celebrity")
        .condition_expression(format!(
            "attribute_exists({PK}) AND (attribute_not_exists(celebrities) OR size(celebrities) < :most)"
        ))
        .expression_attribute_values(":celebrity", text_set(&[celebrity]))
        .expression_attribute_values(":most", number(PULLED_LEN as u64))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Removes `celebrity` from those whose photos a reader pulls. 1 WRU for each KiB of the state.
pub async fn stop_pulling_from(table: &Table, reader: UserId, celebrity: UserId) -> Result<()> {
    change_follow(table, reader, celebrity, "DELETE celebrities :author").await
}

/// Adds `celebrity` to those whose photos several readers pull. 1 WRU each.
pub async fn all_pull_from(table: &Table, readers: &[UserId], celebrity: UserId) -> Result<()> {
    stream::iter(readers.iter().copied())
        .map(|reader| pull_from(table, reader, celebrity))
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}

/// Removes `celebrity` from those whose photos several readers pull. 1 WRU each.
pub async fn all_stop_pulling_from(table: &Table, readers: &[UserId], celebrity: UserId) -> Result<()> {
    stream::iter(readers.iter().copied())
        .map(|reader| stop_pulling_from(table, reader, celebrity))
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}
