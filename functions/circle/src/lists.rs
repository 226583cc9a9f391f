//! The lists that people keep of each other.

use std::collections::HashSet;

use api::wire::{Muted, UserCard, UserPage};
use api::{Call, Caller, Problem, Reply};
use domain::UserId;
use domain::cursor::List;
use table::pair::Kept;
use table::people::Person;
use table::sight::Viewer;
use table::{follow, pair, people, request, user};

use crate::CircleHandler;

impl CircleHandler {
    /// Returns a page of a list that the caller keeps. Whom the caller blocks are shown to them there, and
    /// nowhere else, so that they can be unblocked.
    pub(crate) async fn kept(
        &self,
        call: &Call,
        caller: &Caller,
        kept: Kept,
        list: List,
    ) -> Result<Reply, Problem> {
        let (count, after) = (call.count()?, call.position(list)?);
        let (table, me) = (&self.table, caller.user_id);
        let page = pair::page(table, me, kept, after, count);
        let (page, viewer) = futures::try_join!(page, Viewer::get(table, me))?;
        let ids: Vec<UserId> = page.people.iter().map(|(other, _)| *other).collect();
        let hidden = async {
            if kept == Kept::Blocks { Ok(HashSet::new()) } else { viewer.hidden_among(table, &ids).await }
        };
        let (mut users, followed, hidden) =
            futures::try_join!(user::get_all(table, &ids), follow::followed_among(table, me, &ids), hidden)?;
        let card = |(other, said): (UserId, domain::visibility::Pair)| {
            let user = users.remove(&other).filter(|_| !hidden.contains(&other))?;
            let mute = Muted::new(said.mute.filter(|_| kept == Kept::Mutes));
            Some(UserCard { mute, ..UserCard::new(user, &self.cdn_url, followed.contains(&other)) })
        };
        let cards = page.people.into_iter().filter_map(card).collect();
        Reply::ok(&UserPage::new(cards, list, page.next))
    }

    /// Returns a page of those who ask to follow the caller.
    pub(crate) async fn requests(&self, call: &Call, caller: &Caller) -> Result<Reply, Problem> {
        let (count, after) = (call.count()?, call.position(List::Requests)?);
        let table = &self.table;
        let ids = |after, limit| request::page(table, caller.user_id, after, limit);
        let page = people::page(table, caller.user_id, count, after, ids).await?;
        let card = |person: Person| UserCard::new(person.user, &self.cdn_url, person.followed);
        let cards = page.users.into_iter().map(card).collect();
        Reply::ok(&UserPage::new(cards, List::Requests, page.next))
    }
}
