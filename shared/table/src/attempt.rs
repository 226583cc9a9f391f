//! Attempts to render a medium. One is noted before it begins, so that a picture over which processes die is
//! not tried for ever.
//!
//! The note is an item of its own. The photo's item may be large, and the photo's other media are written to
//! it at the same time. No filter of the stream matches the note. TTL deletes it: after a medium is recorded
//! or its photo has failed, nobody reads it.
//!
//! The note holds the secret of the photo's addresses. What an attempt has stored can be found by it when the
//! photo has been deleted meanwhile.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::Timestamp;
use domain::media::{AddressSecret, MediumId};
use serde::Deserialize;
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{number, parsed};
use crate::error::{done, refused};
use crate::keys::{EXPIRES_AT, ItemKey};
use crate::{Error, Result, Table};

/// The deaths of processes after which a medium is not tried again.
const MOST_DEATHS: u32 = 2;
/// Seconds for which a note is kept: longer than a message is delivered again.
const NOTED_SECONDS: i64 = 24 * 60 * 60;

/// The attempts at a medium.
#[derive(Default, Deserialize)]
struct Attempts {
    /// When the last one began, unless its process is known to have lived on.
    begun: Option<Timestamp>,
    /// How many processes died over earlier ones.
    #[serde(default)]
    deaths: u32,
    /// The secret of the photo's addresses.
    secret: Option<AddressSecret>,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It has begun, at this moment.
    Begun(Timestamp),
    /// It may not: two processes died over the medium.
    Hopeless,
}

/// Notes that an attempt at a medium begins.
///
/// An attempt that began more than `longest` ago, and neither recorded its medium nor ended by [`end`], is
/// one over which its process died. A younger one may still be running: the same upload can be delivered
/// twice.
///
/// 1 WRU; 2 WRU when an earlier attempt has not ended, and as much again for each race lost.
pub async fn begin(
    table: &Table,
    medium: MediumId,
    secret: AddressSecret,
    now: Timestamp,
    longest: Duration,
) -> Result<Attempt> {
    // Each race lost is another delivery of the same upload.
    const RACES: usize = 8;
    let longest = i64::try_from(longest.as_millis()).map_err(Error::unreadable)?;
    let secret = to_attribute_value(secret).map_err(Error::unreadable)?;
    let mut known = Attempts::default();
    for _ in 0..RACES {
        let died = known.begun.is_some_and(|begun| begun.plus_ms(longest) <= now);
        let deaths = known.deaths + u32::from(died);
        if deaths >= MOST_DEATHS {
            return Ok(Attempt::Hopeless);
        }
        let mut request = table
            .update(&ItemKey::Attempt(medium.photo, medium.index))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":secret", secret.clone())
            .expression_attribute_values(":expiry", number(now.seconds() + NOTED_SECONDS))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        request = match known.begun {
            None => request
                .update_expression(format!("SET begun = :now, secret = :secret, {EXPIRES_AT} = :expiry"))
                .condition_expression("attribute_not_exists(begun)"),
            Some(begun) => request
                .update_expression(format!(
                    "SET begun = :now, deaths = :deaths, secret = :secret, {EXPIRES_AT} = :expiry"
                ))
                .condition_expression("begun = :begun")
                .expression_attribute_values(":begun", number(begun.0))
                .expression_attribute_values(":deaths", number(deaths)),
        };
        match request.send().await {
            Ok(_) => return Ok(Attempt::Begun(now)),
            Err(error) => match refused(&error) {
                Some(refused) => {
                    let stored = refused.item.map(parsed::<Attempts>).transpose()?;
                    known = stored.unwrap_or_default();
                }
                None => return Err(Error::sdk("UpdateItem", error)),
            },
        }
    }
    Err(Error::busy("UpdateItem", "the attempts at a medium kept changing"))
}

/// Reads the secret of a photo's addresses from the attempts at one of its media, strongly consistent. 1 RRU.
pub async fn secret(table: &Table, medium: MediumId) -> Result<Option<AddressSecret>> {
    let key = ItemKey::Attempt(medium.photo, medium.index);
    Ok(table.get_latest::<Attempts>(&key).await?.and_then(|attempts| attempts.secret))
}

/// Notes that the process of an attempt lives, although the medium is not recorded. 1 WRU.
pub async fn end(table: &Table, medium: MediumId, begun: Timestamp) -> Result<()> {
    let request = table
        .update(&ItemKey::Attempt(medium.photo, medium.index))
        .update_expression("REMOVE begun")
        // Another delivery may have begun since.
        .condition_expression("begun = :begun")
        .expression_attribute_values(":begun", number(begun.0));
    done("UpdateItem", request.send().await).map(drop)
}
