//! What people want to be told of: one item for each who changed anything.

use domain::UserId;
use domain::notification_settings::Settings;
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::edges::transact_patiently;
use crate::keys::ItemKey;
use crate::{Error, Order, Result, Table};

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    settings: Settings,
    version: u64,
}

/// Reads somebody's settings. 0.5 RRU.
pub async fn get(table: &Table, user: UserId) -> Result<Settings> {
    let stored: Option<Stored> = table.get(&ItemKey::NotificationSettings(user)).await?;
    Ok(stored.map(|stored| stored.settings).unwrap_or_default())
}

/// Changes somebody's settings and returns them as they are now. 1 RRU and 1 WRU, or 6 WRU in one transaction where
/// the daily mail is switched on or off. As much again for each race lost.
pub async fn change(table: &Table, user: UserId, change: impl Fn(&mut Settings)) -> Result<Settings> {
    const RACES: u32 = 5;
    let key = ItemKey::NotificationSettings(user);
    for race in 0..RACES {
        let stored: Option<Stored> = table.get_latest(&key).await?;
        let (before, version) = stored.map_or_else(Default::default, |old| (old.settings, old.version));
        let mut settings = before.clone();
        change(&mut settings);
        let hours = (before.digest_hour(), settings.digest_hour());
        let new = Stored { settings, version: version + 1 };
        let is_written = if hours.0 == hours.1 {
            table.put_version(&key, &new, version).await?
        } else {
            let mut writes = vec![table.version_put(&key, &new, version)?];
            if let Some(hour) = hours.0 {
                writes.push(digest::subscription(table, user, hour, false)?);
            }
            if let Some(hour) = hours.1 {
                writes.push(digest::subscription(table, user, hour, true)?);
            }
            transact_patiently(table, writes, Order::InOrder).await?.is_empty()
        };
        if is_written {
            return Ok(new.settings);
        }
        crate::calls::back_off(race).await;
    }
    Err(Error::busy("PutItem", "the settings stayed contended"))
}
