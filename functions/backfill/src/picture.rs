//! Objects of a profile picture that was removed.

use domain::UserId;
use domain::profile_picture::rendition_keys;
use runtime::queue::Sender;
use table::profile_picture;

use crate::{BackfillHandler, Error};

impl<Q: Sender> BackfillHandler<Q> {
    /// Deletes what is stored of a user's profile picture, unless that is of one from after the removal.
    /// 1 RRU and 3 WRU.
    ///
    /// It has the user's turn meanwhile. A rendering that was under way when the picture was removed has ended,
    /// and one that begins later stores everything anew.
    pub(crate) async fn remove_picture(&self, user: UserId) -> Result<(), Error> {
        let turn = profile_picture::take_turn_to_delete(&self.table, user, self.clock.as_ref()).await?;
        let deleted = self.delete_picture(user).await;
        // A turn that does not end is waited for.
        profile_picture::end_turn(&self.table, turn).await?;
        deleted
    }

    async fn delete_picture(&self, user: UserId) -> Result<(), Error> {
        let picture = profile_picture::get_latest(&self.table, user).await?;
        // A removal removes the item, so what it says is of uploads from after that.
        if picture.is_some_and(|picture| picture.stored) {
            return Ok(());
        }
        Ok(self.objects.delete_keys(rendition_keys(user)).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_process_works_longer_than_its_turn() {
        let timeout =
            include_str!("../function.yaml").lines().find_map(|line| line.strip_prefix("Timeout: "));
        let longest: u64 = timeout.unwrap().parse().unwrap();
        assert_eq!(profile_picture::LONGEST_TURN, Duration::from_secs(longest));
    }
}
