//! `profile`: shows and edits profiles, removes profile pictures, and lists a user's photos.
//!
//! - **Trigger**: `GET` and `PATCH /api/v1/users/me`, `DELETE /api/v1/users/me/picture`,
//!   `GET /api/v1/users/{user_id}`, `GET /api/v1/users/by-name/{username}` and
//!   `GET /api/v1/users/{user_id}/photos`. `{user_id}` is an id or `@name`.
//! - **Access patterns**: a profile is one get, beside those of both edges, of what the caller says about them
//!   and of the caller's circle; one's own, beside one of how far one's picture is. That of a private account
//!   takes a second round trip: the caller's request, and whether they are admitted. A page of photos is
//!   one query of the timeline beside the author's profile and the caller's circle, then one `BatchGetItem` of
//!   photos beside range queries of the caller's likes and of what they saved. A name costs one get more. An edit,
//!   or the removal of a picture, gets the caller's session first, where this process does not know it (0.5 RRU),
//!   and is one update. A switch to private or public reads the account beside the session (1 RRU), and takes the
//!   quota of switches (1 WRU).
//! - **Emits**: nothing. A removed picture reaches `derive` through the table's stream, and so does a switch to
//!   private or public. Objects and photos follow from there.
//! - **Redelivery**: an edit that is sent again writes the same texts. A picture that is gone is removed again
//!   without effect.
//! - **Failures**: the caller gets a problem and asks again.

mod photos;

use std::sync::Arc;

use api::wire::{Profile, Regard, UpdateProfileRequest};
use api::{Call, Caller, Problem, Reply};
use domain::account::{parse_bio, parse_full_name};
use domain::cursor::List;
use domain::profile_picture::ProfilePicture;
use domain::user::User;
use domain::{Clock, UserId, quota};
use runtime::Aws;
use runtime::http::over_quota;
use table::guard::Quotas;
use table::privacy::Switch;
use table::sight::Viewer;
use table::{Patch, Table, follow, pair, people, privacy, profile_picture, request, user};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `profile`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Base URL of renditions.
        pub cdn_url: String,
    }
}

/// Handles showing and changing profiles, and listing somebody's photos.
pub struct ProfileHandler {
    table: Table,
    quotas: Quotas,
    sessions: OpenSessions,
    cdn_url: String,
    clock: Arc<dyn Clock>,
}

impl ProfileHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock())
    }

    /// Creates the handler for profiles in `table`, whose pictures are shown under `cdn_url`, with limits
    /// multiplied by `quota_scale`.
    pub fn new(table: Table, quota_scale: u32, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { quotas, sessions, table, cdn_url: cdn_url.to_owned(), clock }
    }

    /// Returns the id of the user whom the path names.
    async fn named(&self, call: &Call) -> Result<UserId, Problem> {
        people::named(&self.table, call.path("user_id")).await?.ok_or_else(Problem::no_user)
    }

    async fn profile(&self, caller: &Caller, id: UserId) -> Result<Profile, Problem> {
        if id == caller.user_id {
            let table = &self.table;
            let (user, picture) = futures::try_join!(user::get(table, id), profile_picture::get(table, id))?;
            return self.own(user, picture);
        }
        let (table, me) = (&self.table, caller.user_id);
        let (viewer, user, followed, follows, said) = futures::try_join!(
            Viewer::get(table, me),
            user::get(table, id),
            follow::get(table, me, id),
            follow::exists(table, id, me),
            pair::get(table, me, id),
        )?;
        let user = viewer.found(table, id, user).await?.ok_or_else(Problem::no_user)?;
        let (admitted, requested) = if user.private {
            futures::try_join!(viewer.sees_inside(table, &user), request::exists(table, me, id))?
        } else {
            (true, false)
        };
        let bell = followed.as_ref().is_some_and(|follow| said.rings(follow.at));
        let (followed, mute, close) = (followed.is_some(), said.mute, said.close.is_some());
        let regard = Regard { admitted, followed, requested, follows, mute, close, bell };
        Ok(Profile::new(user, &self.cdn_url, &regard))
    }

    /// Shows users their own profile, and how far their picture is.
    fn own(&self, user: Option<User>, picture: Option<ProfilePicture>) -> Result<Profile, Problem> {
        let now = self.clock.now();
        let picture = picture.map(|picture| picture.at(now));
        Ok(Profile::own(user.ok_or_else(Problem::no_user)?, &self.cdn_url, picture))
    }

    async fn edit(&self, caller: &Caller, call: &Call) -> Result<Profile, Problem> {
        let request: UpdateProfileRequest = call.json()?;
        let full_name = request.full_name.as_deref().map(parse_full_name).transpose()?;
        let bio = request.bio.as_deref().map(parse_bio).transpose()?;
        let patch = |text: Option<Option<String>>| text.map_or(Patch::Keep, Patch::present);
        let switching = async { self.switch(caller, request.private).await };
        let (switch, ()) = futures::try_join!(switching, self.sessions.check(call))?;
        if switch.is_some() {
            let (id, now) = (caller.user_id, self.clock.now());
            self.quotas.take(&quota::PRIVACY, id, &[1], now).await?.map_err(over_quota)?;
        }
        let (user, picture) = futures::try_join!(
            user::update(&self.table, caller.user_id, patch(full_name), patch(bio), switch),
            profile_picture::get(&self.table, caller.user_id)
        )?;
        self.own(user, picture)
    }

    /// Returns the switch of the caller's account that is asked for; `None` where it is as it should be.
    async fn switch(&self, caller: &Caller, private: Option<bool>) -> Result<Option<Switch>, Problem> {
        let Some(private) = private else { return Ok(None) };
        let privacy = privacy::get_latest(&self.table, caller.user_id).await?.ok_or_else(Problem::no_user)?;
        Ok(privacy.switch(private, self.clock.now()))
    }

    /// Removes the caller's picture. What is stored of it goes with what follows from the stream.
    async fn remove_picture(&self, caller: &Caller, call: &Call) -> Result<Reply, Problem> {
        self.sessions.check(call).await?;
        profile_picture::remove(&self.table, caller.user_id).await?;
        Ok(Reply::no_content())
    }
}

impl runtime::http::Handler for ProfileHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        match call.route() {
            "GET /api/v1/users/me" => Reply::ok(&self.profile(caller, caller.user_id).await?),
            "PATCH /api/v1/users/me" => Reply::ok(&self.edit(caller, call).await?),
            "DELETE /api/v1/users/me/picture" => self.remove_picture(caller, call).await,
            "GET /api/v1/users/{user_id}" => {
                let id = self.named(call).await?;
                Reply::ok(&self.profile(caller, id).await?)
            }
            "GET /api/v1/users/by-name/{username}" => {
                let id = people::named(&self.table, &format!("@{}", call.path("username"))).await?;
                Reply::ok(&self.profile(caller, id.ok_or_else(Problem::no_user)?).await?)
            }
            "GET /api/v1/users/{user_id}/photos" => {
                let (count, before) = (call.count()?, call.position(List::Timeline)?);
                let author = self.named(call).await?;
                Reply::ok(&self.photos(caller, author, before, count).await?)
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
