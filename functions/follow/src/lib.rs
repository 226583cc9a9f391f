//! `follow`: follows and unfollows users, and lists who follows whom.
//!
//! - **Trigger**: `POST` and `DELETE /api/v1/users/{user_id}/follow`, `GET /api/v1/users/{user_id}/followers`
//!   and `GET /api/v1/users/{user_id}/following`. `{user_id}` is an id or `@name`.
//! - **Access patterns**: one get of the other's profile, beside those of the caller's session and circle, then
//!   one conditional write of the caller's own edge. A follow reads the caller's profile beside the other's, for
//!   the number of followees, and takes the quota of follows (2.5 RRU and 1 WRU). For a private account it reads
//!   whether the caller follows it (2 RRU, one more round trip), and writes a request instead of an edge. An
//!   unfollow reads beside the profile whether there is a request (2 RRU); one transaction then removes request
//!   and edge (4 WRU). A page of people is one query of edges beside the owner's profile and whom the caller
//!   follows and blocks, then one `BatchGetItem` of profiles. The lists of a private account cost one get of the
//!   follow and one of the pair more, strongly consistent. A name costs one get more.
//! - **Emits**: nothing. The edge reaches `derive` through the table's stream. The reverse edge, both
//!   counters, the feed and the notification follow from it.
//! - **Redelivery**: an edge exists or it does not. Following twice makes one edge and is no error.
//! - **Failures**: the caller gets a problem and asks again.

use std::sync::Arc;

use api::wire::{FollowState, UserCard, UserPage};
use api::{Call, Caller, Problem, Reply};
use domain::cursor::List;
use domain::user::User;
use domain::{Clock, UserId, quota};
use runtime::http::over_quota;
use runtime::{Aws, metrics};
use table::follow::{self, Follow};
use table::guard::Quotas;
use table::people::{People, Person};
use table::sight::Viewer;
use table::{Page, Table, followings, people, request, user};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `follow`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Address of the web client, below which renditions are, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles following, unfollowing, and listing who follows whom.
pub struct FollowHandler {
    table: Table,
    quotas: Quotas,
    cdn_url: String,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
}

impl FollowHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock())
    }

    /// Creates the handler for follows in `table`, with limits multiplied by `quota_scale`, and
    /// pictures under `cdn_url`.
    pub fn new(table: Table, quota_scale: u32, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, cdn_url: cdn_url.to_owned(), sessions, clock }
    }

    async fn named(&self, call: &Call) -> Result<UserId, Problem> {
        people::named(&self.table, call.path("user_id")).await?.ok_or_else(Problem::no_user)
    }

    /// Returns the id of the user whom the path names, who must be somebody else than the caller.
    async fn other(&self, call: &Call, caller: &Caller) -> Result<UserId, Problem> {
        let id = self.named(call).await?;
        if id == caller.user_id {
            return Err(Problem::bad_request("cannot_follow_self", "Nobody follows themselves."));
        }
        Ok(id)
    }

    /// Follows a user, or asks to where their account is private. Whether it is, is read strongly consistent.
    async fn follow(&self, call: &Call, caller: &Caller, other: UserId) -> Result<FollowState, Problem> {
        let (table, me, now) = (&self.table, caller.user_id, self.clock.now());
        let reading = async {
            let taking = self.quotas.take(&quota::FOLLOWS, me, &[1], now);
            let (own, found) = (user::get(table, me), user::get_latest(table, other));
            Ok(futures::try_join!(taking, own, found, Viewer::get(table, me))?)
        };
        let ((taken, own, found, viewer), ()) = futures::try_join!(reading, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        if own.is_some_and(|own| own.following >= quota::FOLLOWEES) {
            return Err(too_many_followees());
        }
        let other = viewer.found(table, other, found).await?.ok_or_else(Problem::no_user)?;
        let edge = Follow { username: caller.username.clone(), at: now, accepted_at: None };
        if other.private {
            if viewer.is_admitted(table, other.id).await? {
                return Ok(state(&other, true, other.followers.max(1)));
            }
            request::add(table, me, other.id, &edge).await?;
            return Ok(closed(&other, true));
        }
        let added = follow::add(table, me, other.id, &edge).await?;
        // The stored count follows a moment later, so what this call changed is added to what was read.
        // A repeated follow adds nothing, but the caller's own follow makes the count at least one.
        Ok(state(&other, true, (other.followers + i64::from(added)).max(1)))
    }

    async fn unfollow(&self, call: &Call, caller: &Caller, other: UserId) -> Result<FollowState, Problem> {
        let (table, me) = (&self.table, caller.user_id);
        let reading = async {
            let request = request::get_latest(table, me, other);
            Ok(futures::try_join!(user::get(table, other), request, Viewer::get(table, me))?)
        };
        let ((found, request, viewer), ()) = futures::try_join!(reading, self.sessions.check(call))?;
        let other = viewer.found(table, other, found).await?.ok_or_else(Problem::no_user)?;
        if request.is_some() {
            // It may become a follow at this moment, so both go in one write.
            request::withdraw(table, me, other.id).await?;
            let open = !other.private;
            return Ok(if open { state(&other, false, other.followers) } else { closed(&other, false) });
        }
        let removed = follow::remove(table, me, other.id).await?;
        if other.private {
            return Ok(closed(&other, false));
        }
        Ok(state(&other, false, (other.followers - i64::from(removed)).max(0)))
    }

    /// Returns a page of a list of `of`'s, which `ids` reads, given after whom and how many. The list of a private
    /// account is empty for whom it does not admit.
    async fn page<F>(
        &self,
        caller: &Caller,
        of: UserId,
        after: Option<UserId>,
        count: usize,
        ids: impl Fn(Option<UserId>, usize) -> F,
    ) -> Result<People, Problem>
    where
        F: Future<Output = table::Result<Page<UserId>>>,
    {
        let (table, me) = (&self.table, caller.user_id);
        let (viewer, followings, owner, first) = futures::try_join!(
            Viewer::get(table, me),
            followings::get(table, me),
            user::get(table, of),
            ids(after, count),
        )?;
        let owner = viewer.found(table, of, owner).await?.ok_or_else(Problem::no_user)?;
        if !viewer.sees_inside(table, &owner).await? {
            return Ok(People { users: Vec::new(), next: None });
        }
        Ok(people::page_from(table, (&viewer, &followings), count, after, first, ids).await?)
    }
}

impl FollowHandler {
    fn shown(&self, page: People, list: List) -> UserPage {
        let card = |person: Person| UserCard::new(person.user, &self.cdn_url, person.followed);
        UserPage::new(page.users.into_iter().map(card).collect(), list, page.next)
    }
}

/// Returns the problem of somebody who follows as many as may be. The wait is what an unfollow takes at most
/// until it is counted.
fn too_many_followees() -> Problem {
    metrics::count("quota_followees_refused", 1);
    let detail = format!("At most {} people can be followed. Unfollow somebody first.", quota::FOLLOWEES);
    Problem::rate_limited("too_many_followees", detail, 60)
}

fn state(of: &User, following: bool, follower_count: i64) -> FollowState {
    FollowState {
        user_id: of.id,
        following,
        requested: false,
        follower_count: Some(follower_count),
        following_count: Some(of.following),
    }
}

/// Returns the state of somebody whom a private account does not admit: how many follow it is not for them.
fn closed(of: &User, requested: bool) -> FollowState {
    FollowState { user_id: of.id, following: false, requested, follower_count: None, following_count: None }
}

impl runtime::http::Handler for FollowHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        match call.route() {
            "POST /api/v1/users/{user_id}/follow" => {
                let other = self.other(call, caller).await?;
                Reply::ok(&Box::pin(self.follow(call, caller, other)).await?)
            }
            "DELETE /api/v1/users/{user_id}/follow" => {
                let other = self.other(call, caller).await?;
                Reply::ok(&self.unfollow(call, caller, other).await?)
            }
            "GET /api/v1/users/{user_id}/followers" => {
                let (count, after) = (call.count()?, call.position(List::Followers)?);
                let (table, of) = (&self.table, self.named(call).await?);
                let ids = |after, limit| follow::followers(table, of, after, limit);
                let page = self.page(caller, of, after, count, ids).await?;
                Reply::ok(&self.shown(page, List::Followers))
            }
            "GET /api/v1/users/{user_id}/following" => {
                let (count, after) = (call.count()?, call.position(List::Following)?);
                let (table, of) = (&self.table, self.named(call).await?);
                let ids = |after, limit| follow::following(table, of, after, limit);
                let page = self.page(caller, of, after, count, ids).await?;
                Reply::ok(&self.shown(page, List::Following))
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
