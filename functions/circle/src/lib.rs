//! `circle`: what people say about each other besides following: blocks, mutes, close friends, bells, removed
//! followers and answers to follow requests; and the lists of them.
//!
//! - **Trigger**: `POST` and `DELETE /api/v1/users/{user_id}/block`, `…/mute`, `…/close-friend` and `…/bell`,
//!   `DELETE /api/v1/users/me/followers/{user_id}`, `POST /api/v1/users/me/requests/{user_id}/accept` and
//!   `…/decline`, `GET /api/v1/users/me/blocks`, `…/mutes`, `…/close-friends` and `…/requests`. `{user_id}` is an
//!   id or `@name`.
//! - **Access patterns**: one get of the other's profile, beside those of the caller's session and circle, and of
//!   the edges that the act names; the quota beside them. Then one conditional update of what the caller says
//!   about the other. A list is one query of that, then one `BatchGetItem` of profiles beside one of the caller's
//!   edges to them. A name costs one get more.
//! - **Emits**: nothing. The pair reaches `derive` through the table's stream. Circles, bells' edges, and follows
//!   and requests that end or begin, follow from it.
//! - **Redelivery**: what is said twice is said once. A removed follow, the follow of a bell and an answered request
//!   are named by the moment since which they exist, so that a repetition never concerns a later one.
//! - **Failures**: the caller gets a problem and asks again.

mod lists;

use std::sync::Arc;

use api::wire::{BellState, MuteRequest};
use api::{Call, Caller, Problem, Reply};
use domain::cursor::List;
use domain::quota::{self, Quota};
use domain::visibility::Answer;
use domain::{Clock, UserId};
use runtime::Aws;
use runtime::http::over_quota;
use table::follow::Follow;
use table::guard::Quotas;
use table::pair::{Ended, Kept};
use table::sight::Viewer;
use table::{Table, follow, pair, people, request, user};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `circle`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Address of the web client, below which renditions are, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles what people say about each other, and the lists of it.
pub struct CircleHandler {
    table: Table,
    quotas: Quotas,
    cdn_url: String,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
}

impl CircleHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock())
    }

    /// Creates the handler for what people say in `table`, with limits multiplied by `quota_scale`, and pictures
    /// under `cdn_url`.
    pub fn new(table: Table, quota_scale: u32, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, cdn_url: cdn_url.to_owned(), sessions, clock }
    }

    async fn named(&self, call: &Call) -> Result<UserId, Problem> {
        people::named(&self.table, call.path("user_id")).await?.ok_or_else(Problem::no_user)
    }

    /// Returns the id of the user whom the path names, who must be somebody else than the caller.
    async fn other(&self, call: &Call, caller: &Caller, code: &'static str) -> Result<UserId, Problem> {
        let id = self.named(call).await?;
        if id == caller.user_id {
            return Err(Problem::bad_request(code, "Nobody says this about themselves."));
        }
        Ok(id)
    }

    /// Takes a use of a quota of the caller's.
    async fn take(&self, quota: &Quota, caller: &Caller) -> Result<(), Problem> {
        let taken = self.quotas.take(quota, caller.user_id, &[1], self.clock.now()).await?;
        taken.map(|_| ()).map_err(over_quota)
    }

    /// Returns the problem of nobody where there is no such user. 0.5 RRU.
    async fn exists(&self, other: UserId) -> Result<(), Problem> {
        user::get(&self.table, other).await?.map(|_| ()).ok_or_else(Problem::no_user)
    }

    /// Returns the problem of nobody where there is no such user, or none whom the caller may see. 1 RRU.
    async fn sees(&self, caller: &Caller, other: UserId) -> Result<(), Problem> {
        let (viewer, user) =
            futures::try_join!(Viewer::get(&self.table, caller.user_id), user::get(&self.table, other))?;
        viewer.found(&self.table, other, user).await?.map(|_| ()).ok_or_else(Problem::no_user)
    }

    /// Blocks `other`, whether they are hidden from the caller or not: who was blocked first may block, too.
    async fn block(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let (table, me) = (&self.table, caller.user_id);
        let edges = async {
            let theirs = follow::get_latest(table, other, me);
            Ok(futures::try_join!(theirs, follow::get_latest(table, me, other))?)
        };
        let ((theirs, own), (), (), ()) = futures::try_join!(
            edges,
            self.exists(other),
            self.take(&quota::BLOCKS, caller),
            self.sessions.check(call)
        )?;
        let since = |edge: Option<Follow>| edge.map(|edge| edge.at);
        let ended = Ended { theirs: since(theirs), own: since(own) };
        pair::block(table, me, other, ended, self.clock.now()).await?;
        Ok(Reply::no_content())
    }

    async fn unblock(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        futures::try_join!(self.exists(other), self.sessions.check(call))?;
        pair::unblock(&self.table, caller.user_id, other).await?;
        Ok(Reply::no_content())
    }

    async fn mute(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let request: MuteRequest = call.json_or_default()?;
        futures::try_join!(
            self.sees(caller, other),
            self.take(&quota::MUTES, caller),
            self.sessions.check(call)
        )?;
        let mute = request.mute();
        if mute.is_any() {
            pair::mute(&self.table, caller.user_id, other, mute).await?;
        } else {
            pair::unmute(&self.table, caller.user_id, other).await?;
        }
        Ok(Reply::no_content())
    }

    async fn unmute(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        futures::try_join!(self.sees(caller, other), self.sessions.check(call))?;
        pair::unmute(&self.table, caller.user_id, other).await?;
        Ok(Reply::no_content())
    }

    async fn befriend(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let taking = self.take(&quota::CLOSE_FRIENDS, caller);
        futures::try_join!(self.sees(caller, other), taking, self.sessions.check(call))?;
        pair::befriend(&self.table, caller.user_id, other, self.clock.now()).await?;
        Ok(Reply::no_content())
    }

    async fn unfriend(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        futures::try_join!(self.sees(caller, other), self.sessions.check(call))?;
        pair::unfriend(&self.table, caller.user_id, other).await?;
        Ok(Reply::no_content())
    }

    /// Switches on the bell of the caller, in the follow that there is.
    async fn ring(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let edge = async { Ok(follow::get_latest(&self.table, caller.user_id, other).await?) };
        let taking = self.take(&quota::BELLS, caller);
        let (edge, (), (), ()) =
            futures::try_join!(edge, self.sees(caller, other), taking, self.sessions.check(call))?;
        let Some(edge) = edge else {
            return Err(Problem::conflict(
                "not_following",
                "Only whoever follows somebody has a bell of them.",
            ));
        };
        pair::ring(&self.table, caller.user_id, other, edge.at).await?;
        Reply::ok(&BellState { bell: true })
    }

    async fn silence(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        futures::try_join!(self.sees(caller, other), self.sessions.check(call))?;
        pair::silence(&self.table, caller.user_id, other, self.clock.now()).await?;
        Reply::ok(&BellState { bell: false })
    }

    async fn remove_follower(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let (table, me) = (&self.table, caller.user_id);
        let edge = async { Ok(follow::get_latest(table, other, me).await?) };
        let taking = self.take(&quota::REMOVALS, caller);
        let (edge, (), (), ()) =
            futures::try_join!(edge, self.sees(caller, other), taking, self.sessions.check(call))?;
        if let Some(edge) = edge {
            pair::remove(table, me, other, edge.at).await?;
        }
        Ok(Reply::no_content())
    }

    async fn accept(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let open = self.sessions.check(call);
        let (request, (), ()) =
            futures::try_join!(self.request(caller, other), self.take(&quota::ANSWERS, caller), open)?;
        self.answer(caller, other, &request, true).await
    }

    async fn decline(&self, call: &Call, caller: &Caller, other: UserId) -> Result<Reply, Problem> {
        let open = self.sessions.check(call);
        let (request, (), ()) =
            futures::try_join!(self.request(caller, other), self.take(&quota::ANSWERS, caller), open)?;
        self.answer(caller, other, &request, false).await
    }

    /// Reads the request of `other` to follow the caller, or returns the problem that there is none. 2 RRU.
    async fn request(&self, caller: &Caller, other: UserId) -> Result<Follow, Problem> {
        let asking = async { Ok(request::get_latest(&self.table, other, caller.user_id).await?) };
        let (request, ()) = futures::try_join!(asking, self.sees(caller, other))?;
        request.ok_or_else(Problem::no_request)
    }

    async fn answer(
        &self,
        caller: &Caller,
        other: UserId,
        request: &Follow,
        accepted: bool,
    ) -> Result<Reply, Problem> {
        let answer = Answer { to: request.at, accepted, at: Some(self.clock.now()) };
        pair::answer(&self.table, caller.user_id, other, answer).await?;
        Ok(Reply::no_content())
    }
}

impl runtime::http::Handler for CircleHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        let other = async |code| self.other(call, caller, code).await;
        match call.route() {
            "POST /api/v1/users/{user_id}/block" => {
                self.block(call, caller, other("cannot_block_self").await?).await
            }
            "DELETE /api/v1/users/{user_id}/block" => {
                self.unblock(call, caller, other("cannot_block_self").await?).await
            }
            "POST /api/v1/users/{user_id}/mute" => {
                self.mute(call, caller, other("cannot_mute_self").await?).await
            }
            "DELETE /api/v1/users/{user_id}/mute" => {
                self.unmute(call, caller, other("cannot_mute_self").await?).await
            }
            "POST /api/v1/users/{user_id}/close-friend" => {
                self.befriend(call, caller, other("cannot_befriend_self").await?).await
            }
            "DELETE /api/v1/users/{user_id}/close-friend" => {
                self.unfriend(call, caller, other("cannot_befriend_self").await?).await
            }
            "POST /api/v1/users/{user_id}/bell" => {
                self.ring(call, caller, other("cannot_ring_for_self").await?).await
            }
            "DELETE /api/v1/users/{user_id}/bell" => {
                self.silence(call, caller, other("cannot_ring_for_self").await?).await
            }
            "DELETE /api/v1/users/me/followers/{user_id}" => {
                self.remove_follower(call, caller, self.named(call).await?).await
            }
            "POST /api/v1/users/me/requests/{user_id}/accept" => {
                self.accept(call, caller, self.named(call).await?).await
            }
            "POST /api/v1/users/me/requests/{user_id}/decline" => {
                self.decline(call, caller, self.named(call).await?).await
            }
            "GET /api/v1/users/me/blocks" => self.kept(call, caller, Kept::Blocks, List::Blocks).await,
            "GET /api/v1/users/me/mutes" => self.kept(call, caller, Kept::Mutes, List::Mutes).await,
            "GET /api/v1/users/me/close-friends" => {
                self.kept(call, caller, Kept::CloseFriends, List::CloseFriends).await
            }
            "GET /api/v1/users/me/requests" => self.requests(call, caller).await,
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
