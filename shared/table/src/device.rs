//! Devices to which notifications are pushed: attributes of the session in which they were registered, so that
//! they end with it, however it ends. A claim says who has a device by now.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{ReturnValue, TransactWriteItem, Update};
use domain::device::{Device, DeviceId, MAX_DEVICES};
use domain::session::SessionId;
use domain::{Timestamp, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::{from_attribute_value, to_attribute_value};

use crate::calls::{back_off, key_item, number};
use crate::edges::cancellation;
use crate::error::condition_failed;
use crate::keys::{EXPIRES_AT, ItemKey, PK};
use crate::session::{id_of, key, newest};
use crate::{Error, Result, Table};

/// What the attributes of devices begin with. The rest is the device's id.
const ATTRIBUTE: &str = "device_";

/// A device, and the session that it is tied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: DeviceId,
    /// The session.
    pub session: SessionId,
    /// The device.
    pub device: Device,
}

/// A session, as far as its devices are concerned.
#[derive(Deserialize)]
struct Holder {
    expires_at: i64,
    #[serde(flatten)]
    attributes: HashMap<String, Attribute>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Attribute {
    Device(Device),
    Other(IgnoredAny),
}

/// Who registered a device last. It lives as long as the session may.
#[derive(Serialize, Deserialize)]
struct Claim {
    user: UserId,
    session: SessionId,
    version: u64,
    expires_at: i64,
}

fn attribute(id: &DeviceId) -> String {
    format!("{ATTRIBUTE}{}", id.as_str())
}

/// Reads the devices of a user's open sessions, newest first, strongly consistent. 1 RRU for 4 KiB of sessions,
/// of which 100 are looked at.
pub async fn list_latest(table: &Table, user: UserId, now: Timestamp) -> Result<Vec<Registered>> {
    let sessions = table.query::<Holder>(newest(user)).await?.items;
    let mut devices = Vec::new();
    for (key, Holder { expires_at, attributes }) in sessions {
        let Some(session) = id_of(&key).filter(|_| expires_at > now.seconds()) else { continue };
        devices.extend(attributes.into_iter().filter_map(|(name, attribute)| match attribute {
            Attribute::Device(device) => {
                let id = DeviceId::parse(name.strip_prefix(ATTRIBUTE)?)?;
                Some(Registered { id, session: session.clone(), device })
            }
            Attribute::Other(_) => None,
        }));
    }
    devices.sort_unstable_by(|one, other| {
        (other.device.created_at, &other.id).cmp(&(one.device.created_at, &one.id))
    });
    Ok(devices)
}

/// Ties a device to a session of a user and returns it; `None` where the session has ended. It leaves whoever had it,
/// and the oldest of the user's leave where there would be more than 20.
///
/// Claim and sessions read (2 RRU), session and claim written in one transaction (4 WRU); nothing is written where
/// all of it is so already. 1 WRU for each device that leaves, and as much again for each race lost.
pub async fn register(
    table: &Table,
    user: UserId,
    mut registered: Registered,
    now: Timestamp,
) -> Result<Option<Registered>> {
    const RACES: u32 = 5;
    let Registered { id, session, .. } = registered.clone();
    let claim_key = ItemKey::DeviceClaim(id.clone());
    for race in 0..RACES {
        let claim = table.get_latest::<Claim>(&claim_key);
        let (claim, mut others) = futures::try_join!(claim, list_latest(table, user, now))?;
        let claim = claim.map(|claim| (claim.user, claim.session, claim.version));
        let (holder, version) = match claim {
            Some((user, session, version)) => (Some((user, session)), version),
            None => (None, 0),
        };
        let is_mine = holder.as_ref().is_some_and(|(by, within)| *by == user && *within == session);
        let known = others.iter().position(|other| other.id == id).map(|place| others.remove(place));
        if let Some(known) = known {
            registered.device.created_at = known.device.created_at;
            if is_mine && known == registered {
                return Ok(Some(registered));
            }
        }
        // It leaves before it arrives. A process that dies in between leaves it with nobody, and not with two.
        if let Some((by, within)) = holder.filter(|_| !is_mine) {
            remove(table, by, &within, &id).await?;
        }
        for oldest in others.iter().skip(MAX_DEVICES - 1) {
            remove(table, user, &oldest.session, &oldest.id).await?;
        }
        let writes = [
            write(table, user, &registered, now)?,
            table.version_put(
                &claim_key,
                Claim {
                    user,
                    session: session.clone(),
                    version: version + 1,
                    expires_at: session.longest_expiry(),
                },
                version,
            )?,
        ];
        let answer = table.client.transact_write_items().set_transact_items(Some(writes.into())).send().await;
        let Err(error) = answer else {
            return Ok(Some(registered));
        };
        let Some(reasons) = cancellation(&error) else {
            return Err(Error::sdk("TransactWriteItems", error));
        };
        if reasons.first().is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed")) {
            return Ok(None);
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the device stayed contended"))
}

fn write(table: &Table, user: UserId, registered: &Registered, now: Timestamp) -> Result<TransactWriteItem> {
    let Registered { id, session, device } = registered;
    let update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&key(user, session))))
        .update_expression("SET #device = :device")
        .condition_expression(format!("attribute_exists({PK}) AND {EXPIRES_AT} > :now"))
        .expression_attribute_names("#device", attribute(id))
        .expression_attribute_values(":device", to_attribute_value(device).map_err(Error::unreadable)?)
        .expression_attribute_values(":now", number(now.seconds()));
    Ok(TransactWriteItem::builder().update(update.build().map_err(Error::unreadable)?).build())
}

/// Takes a device from a session of a user, and returns it; `None` where it was not there. 1 WRU for each KiB of the
/// session.
///
/// The claim stays, and expires. Whoever registers the device next finds that it has left already.
pub async fn remove(
    table: &Table,
    user: UserId,
    session: &SessionId,
    id: &DeviceId,
) -> Result<Option<Device>> {
    let name = attribute(id);
    let answer = table
        .update(&key(user, session))
        .update_expression("REMOVE #device")
        .condition_expression("attribute_exists(#device)")
        .expression_attribute_names("#device", &name)
        .return_values(ReturnValue::UpdatedOld)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let device = answer.attributes.and_then(|mut old| old.remove(&name));
            device.map(from_attribute_value).transpose().map_err(Error::unreadable)
        }
        Err(error) if condition_failed(&error) => Ok(None),
        Err(error) => Err(Error::sdk("UpdateItem", error)),
    }
}

/// Takes a device from a user, and returns it; `None` where they have none of that id. 1 RRU, and 1 WRU for each KiB
/// of its session.
pub async fn forget(table: &Table, user: UserId, id: &DeviceId) -> Result<Option<Device>> {
    let claim: Option<Claim> = table.get_latest(&ItemKey::DeviceClaim(id.clone())).await?;
    match claim.filter(|claim| claim.user == user) {
        Some(claim) => remove(table, user, &claim.session, id).await,
        None => Ok(None),
    }
}
