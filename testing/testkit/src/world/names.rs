//! Names of people, and the index in which searches find them.

use std::sync::PoisonError;

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use runtime::stream::Record;
use table::keys::ItemKey;
use table::{Patch, search, user};

use super::World;

impl World {
    /// Gives somebody another full name.
    pub async fn rename(&self, who: &Caller, full_name: &str) {
        self.tick();
        let name = Patch::Set(full_name.to_owned());
        let renaming = user::update(&self.table, who.user_id, name, Patch::Keep, None);
        assert!(renaming.await.expect("a change").is_some(), "an account");
    }

    /// Says that somebody has so many followers, without any.
    pub async fn set_followers(&self, of: &Caller, followers: i64) {
        let value = AttributeValue::N(followers.to_string());
        let update = self.update(&ItemKey::User(of.user_id), "SET followers = :value", value);
        update.send().await.expect("a write");
    }

    /// Reads the records that were not read yet, and keeps those of profiles for [`Self::profiles`].
    pub(super) async fn records(&self) -> Vec<Record> {
        let records = self.engine.records().await;
        let is_profile = |record: &&Record| {
            let image = record.new.as_ref().or(record.old.as_ref());
            image.and_then(|image| image.get("sk"))
                == Some(&serde_dynamo::AttributeValue::S("PROFILE".into()))
        };
        let profiles = records.iter().filter(is_profile).cloned();
        self.profiles.lock().unwrap_or_else(PoisonError::into_inner).extend(profiles);
        records
    }

    /// Returns the changes of profiles since the last call, as the table's stream has them.
    pub async fn profiles(&self) -> Vec<Record> {
        self.records().await;
        std::mem::take(&mut *self.profiles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps the index of names in line with every profile.
    pub async fn index(&self) {
        let listed = |image: Option<serde_dynamo::Item>| search::listed(image.as_ref()).expect("a profile");
        for Record { old, new, .. } in self.profiles().await {
            let (before, after) = (listed(old), listed(new));
            search::reindex(&self.table, before.as_ref(), after.as_ref()).await.expect("an index");
        }
    }
}
