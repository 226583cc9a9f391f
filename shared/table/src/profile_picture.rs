//! Profile pictures: the newest upload of each user, and whose turn it is to change what is stored of it.
//!
//! All renditions of a user are stored under addresses made of the user alone, so that processes that work on
//! different uploads would overwrite each other's. Whoever stores or deletes them takes the user's turn
//! before, and reads within it whether that is still wanted. The turn is an item of its own, because a
//! deletion removes the other one. TTL deletes it.
//!
//! A turn is a note of an attempt as well: one that never ended is one over which its process died.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::photo::{Failure, State};
use domain::profile_picture::{PictureUpload, ProfilePicture};
use domain::{Clock, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{back_off, number, parsed};
use crate::error::{done, refused};
use crate::keys::{EXPIRES_AT, ItemKey, PK};
use crate::{Error, Result, Table};

/// The time after which the process that holds a turn has ended, whatever became of it: the time limit of the
/// functions that take turns.
pub const LONGEST_TURN: Duration = Duration::from_mins(1);
/// The deaths of processes after which an upload is not tried again.
const MOST_DEATHS: u32 = 2;
/// Seconds for which a turn is kept: longer than a message is delivered again.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// Reads what became of a user's newest upload, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, user: UserId) -> Result<Option<ProfilePicture>> {
    table.get(&ItemKey::ProfilePicture(user)).await
}

/// Reads what became of a user's newest upload, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, user: UserId) -> Result<Option<ProfilePicture>> {
    table.get_latest(&ItemKey::ProfilePicture(user)).await
}

/// Begins an upload, unless the user has a newer one. Returns whether it did. 1 WRU.
pub async fn begin(table: &Table, user: UserId, picture: &ProfilePicture) -> Result<bool> {
    let answer = table
        .update(&ItemKey::ProfilePicture(user))
        .update_expression(
            "SET upload = :upload, content_type = :type, #size = :size, #state = :processing, updated_at = :at \
             REMOVE failure",
        )
        .condition_expression(format!("attribute_not_exists({PK}) OR upload < :upload"))
        .expression_attribute_names("#size", "size")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":upload", number(picture.upload.get()))
        .expression_attribute_values(":type", value(&picture.content_type)?)
        .expression_attribute_values(":size", number(picture.size))
        .expression_attribute_values(":processing", value(&State::Processing)?)
        .expression_attribute_values(":at", number(picture.updated_at.0))
        .send()
        .await;
    done("UpdateItem", answer)
}

/// Records that the renditions of an upload are stored, and returns whether it was still waited for. 1 WRU.
pub async fn finish(table: &Table, upload: PictureUpload, now: Timestamp) -> Result<bool> {
    settle(table, upload, now, "stored", State::Ready, &true).await
}

/// Records why an upload failed, and returns whether it was still waited for. 1 WRU. What is stored of an
/// earlier one stays.
pub async fn fail(table: &Table, upload: PictureUpload, failure: &Failure, now: Timestamp) -> Result<bool> {
    settle(table, upload, now, "failure", State::Failed, failure).await
}

async fn settle(
    table: &Table,
    upload: PictureUpload,
    now: Timestamp,
    attribute: &str,
    state: State,
    detail: &impl Serialize,
) -> Result<bool> {
    let answer = table
        .update(&ItemKey::ProfilePicture(upload.user))
        .update_expression("SET #state = :state, updated_at = :at, #detail = :detail")
        .condition_expression("upload = :upload AND #state = :processing")
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#detail", attribute)
        .expression_attribute_values(":upload", number(upload.id.get()))
        .expression_attribute_values(":processing", value(&State::Processing)?)
        .expression_attribute_values(":state", value(&state)?)
        .expression_attribute_values(":detail", value(detail)?)
        .expression_attribute_values(":at", number(now.0))
        .send()
        .await;
    done("UpdateItem", answer)
}

/// Removes a user's picture, and returns whether there was one or an upload of one. 1 WRU.
///
/// What is stored of it is deleted by what follows from the stream.
pub async fn remove(table: &Table, user: UserId) -> Result<bool> {
    table.delete_existing(&ItemKey::ProfilePicture(user)).await
}

/// The stored turn of a user.
#[derive(Default, Deserialize)]
struct StoredTurn {
    /// When the last turn was taken, unless it has ended.
    begun: Option<Timestamp>,
    /// For which upload; 0 for none.
    #[serde(default)]
    upload: u64,
    /// How many processes died over that upload before.
    #[serde(default)]
    deaths: u32,
}

/// A turn that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    user: UserId,
    begun: Timestamp,
}

/// Whether a turn was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// It was.
    Taken(Turn),
    /// It was not: two processes died over the upload.
    Hopeless,
}

/// Takes the turn of a user to delete what is stored, as [`take_turn`] does.
pub async fn take_turn_to_delete(table: &Table, user: UserId, clock: &dyn Clock) -> Result<Turn> {
    match take(table, user, 0, clock).await? {
        Taking::Taken(turn) => Ok(turn),
        Taking::Hopeless => Err(Error::busy("UpdateItem", "the turn at the profile picture was refused")),
    }
}

/// Takes the turn of an upload's user to process it. Waits some seconds while another
/// process has it.
///
/// A turn that was taken more than [`LONGEST_TURN`] ago, and did not end by [`end_turn`], is one over which
/// its process died.
///
/// 1 WRU; 2 WRU after an earlier turn, and as much again for each wait.
///
/// # Errors
/// [`Error::Busy`] when another process does not end its turn in time.
pub async fn take_turn(table: &Table, upload: PictureUpload, clock: &dyn Clock) -> Result<Taking> {
    take(table, upload.user, upload.id.get(), clock).await
}

/// Takes the turn of a user for an upload, or for none if that is 0.
async fn take(table: &Table, user: UserId, upload: u64, clock: &dyn Clock) -> Result<Taking> {
    const RACES: u32 = 10;
    let longest = i64::try_from(LONGEST_TURN.as_millis()).map_err(Error::unreadable)?;
    // What is stored, once a refusal has told it.
    let mut known: Option<StoredTurn> = None;
    for race in 0..RACES {
        let known_begun = known.as_ref().and_then(|turn| turn.begun);
        if known_begun.is_some_and(|begun| clock.now() < begun.plus_ms(longest)) {
            back_off(race).await;
        }
        let now = clock.now();
        let died = known_begun.is_some_and(|begun| begun.plus_ms(longest) <= now);
        let deaths = match &known {
            Some(turn) if turn.upload == upload => turn.deaths + u32::from(died),
            _ => 0,
        };
        if upload != 0 && deaths >= MOST_DEATHS {
            return Ok(Taking::Hopeless);
        }
        let mut request = table
            .update(&ItemKey::PictureTurn(user))
            .update_expression(format!(
                "SET begun = :now, upload = :upload, deaths = :deaths, {EXPIRES_AT} = :expiry"
            ))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":upload", number(upload))
            .expression_attribute_values(":deaths", number(deaths))
            .expression_attribute_values(":expiry", number(now.seconds() + KEPT_SECONDS))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        request = match (&known, known_begun) {
            (None, _) => request.condition_expression(format!("attribute_not_exists({PK})")),
            (Some(_), Some(begun)) if died => request
                .condition_expression("begun = :begun")
                .expression_attribute_values(":begun", number(begun.0)),
            // It has ended, or is about to: whether it has, the condition says.
            (Some(_), _) => request.condition_expression("attribute_not_exists(begun)"),
        };
        match Box::pin(request.send()).await {
            Ok(_) => return Ok(Taking::Taken(Turn { user, begun: now })),
            Err(error) => match refused(&error) {
                Some(refused) => {
                    known = Some(refused.item.map(parsed::<StoredTurn>).transpose()?.unwrap_or_default());
                }
                None => return Err(Error::sdk("UpdateItem", error)),
            },
        }
    }
    Err(Error::busy("UpdateItem", "another process works on the profile picture"))
}

/// Ends a turn. 1 WRU.
pub async fn end_turn(table: &Table, turn: Turn) -> Result<()> {
    let request = table
        .update(&ItemKey::PictureTurn(turn.user))
        .update_expression("REMOVE begun")
        // Another process may have it by now.
        .condition_expression("begun = :begun")
        .expression_attribute_values(":begun", number(turn.begun.0));
    done("UpdateItem", request.send().await).map(drop)
}

fn value(of: &impl Serialize) -> Result<AttributeValue> {
    to_attribute_value(of).map_err(Error::unreadable)
}
