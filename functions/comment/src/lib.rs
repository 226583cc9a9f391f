//! `comment`: writes, lists, likes, pins and removes the comments on a photo.
//!
//! - **Trigger**: `POST` and `GET /api/v1/photos/{photo_id}/comments`, and below a comment `GET …/replies`,
//!   `DELETE`, `POST` and `DELETE …/like`, `POST` and `DELETE …/pin`.
//! - **Access patterns**: everything begins with the photo and the caller's circle (1 RRU), beside the caller's
//!   session for what writes. Writing takes the quota and reads the mentioned names and the comment that is
//!   replied to in the same round trip. Then it asks who of the mentioned may see the photo, and makes one
//!   conditional write of the caller's own edge. A page reads the thread, what the caller wrote (consistently)
//!   and what they like in the first round trip, and the pinned comments in the second.
//! - **Emits**: nothing. Edges reach `derive` through the table's stream. Threads, counters, top comments and
//!   events follow from them.
//! - **Redelivery**: with the same `Idempotency-Key` the same request gets the same comment. A like exists or it
//!   does not. Removing and pinning again change nothing.
//! - **Failures**: the caller gets a problem and asks again. Nothing is half done, because a request makes one
//!   write.
//!
//! A comment on a photo that the caller may not see answers exactly like one that does not exist. Who is blocked,
//! either way, is left out.

mod list;
mod own;
mod position;
mod write;

use std::sync::Arc;

use api::wire::{CommentLikeState, CommentView};
use api::{Call, Caller, Problem, Reply};
use domain::comment::Threaded;
use domain::cursor::List;
use domain::photo::Photo;
use domain::{Clock, CommentPath, PhotoId, Randomness, quota};
use runtime::Aws;
use runtime::http::over_quota;
use table::comment::CommentLike;
use table::guard::Quotas;
use table::photo::Pinning;
use table::sight::Viewer;
use table::{Table, comment, photo};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `comment`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Address of the web client, below which renditions are, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles everything about comments.
pub struct CommentHandler {
    table: Table,
    quotas: Quotas,
    cdn_url: String,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
}

impl CommentHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock(), aws.random())
    }

    /// Creates the handler for comments in `table`, with limits multiplied by `quota_scale`, and pictures under
    /// `cdn_url`.
    pub fn new(
        table: Table,
        quota_scale: u32,
        cdn_url: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, cdn_url: cdn_url.to_owned(), sessions, clock, random }
    }

    /// Returns a photo that was read, if `viewer` may see it. Reads as [`Viewer::sees_photo`].
    async fn seen(&self, viewer: &Viewer, found: Option<Photo>) -> Result<Photo, Problem> {
        let seen = viewer.sees_photo(&self.table, found.as_ref()).await?;
        found.filter(|_| seen).ok_or_else(Problem::no_photo)
    }

    /// Returns the comment of a photo that `viewer` may see, and the photo.
    async fn found(
        &self,
        viewer: &Viewer,
        photo: Option<Photo>,
        comment: Option<Threaded>,
    ) -> Result<(Photo, Threaded), Problem> {
        let photo = self.seen(viewer, photo).await?;
        let comment = comment.ok_or_else(no_comment)?;
        if viewer.is_hidden(&self.table, comment.by).await? {
            return Err(no_comment());
        }
        Ok((photo, comment))
    }

    /// Reads a photo, its comment and the caller's circle while `open` asks whether the caller's session is open.
    async fn read(
        &self,
        open: impl Future<Output = Result<(), Problem>>,
        caller: &Caller,
        path: CommentPath,
    ) -> Result<(Option<Photo>, Viewer, Option<Threaded>), Problem> {
        let reading = async {
            Ok::<_, Problem>(futures::try_join!(
                photo::get(&self.table, path.photo),
                Viewer::get(&self.table, caller.user_id),
                comment::get(&self.table, path),
            )?)
        };
        let (read, ()) = futures::try_join!(reading, open)?;
        Ok(read)
    }

    /// Removes the caller's own comment, or one on the caller's own photo.
    ///
    /// Everybody may take their own comment back, also from a photo that is deleted or hidden from them.
    async fn delete(&self, call: &Call, caller: &Caller, path: CommentPath) -> Result<Reply, Problem> {
        let (photo, viewer, found) = self.read(self.sessions.check(call), caller, path).await?;
        let is_author = photo.as_ref().is_some_and(|photo| photo.author == caller.user_id);
        match &found {
            Some(comment) if is_author && comment.by != caller.user_id => {
                let now = self.clock.now();
                comment::remove_as_author(&self.table, caller.user_id, path, comment.by, now).await?;
            }
            _ if comment::remove(&self.table, caller.user_id, path).await? => {}
            _ => {
                let (_, comment) = self.found(&viewer, photo, found).await?;
                // One's own comment that is not in the thread's own partition any more is gone.
                if comment.by == caller.user_id {
                    return Err(no_comment());
                }
                return Err(Problem::forbidden(
                    "not_your_comment",
                    "Only its writer and the author of the photo may remove a comment.",
                ));
            }
        }
        Ok(Reply::no_content())
    }

    async fn like(
        &self,
        call: &Call,
        caller: &Caller,
        path: CommentPath,
    ) -> Result<CommentLikeState, Problem> {
        let now = self.clock.now();
        let taking = async { Ok(self.quotas.take(&quota::LIKES, caller.user_id, &[1], now).await?) };
        let (read, taken) = futures::try_join!(self.read(self.sessions.check(call), caller, path), taking)?;
        taken.map_err(over_quota)?;
        let (photo, viewer, found) = read;
        let (photo, comment) = self.found(&viewer, photo, found).await?;
        let (author, writer, username) = (photo.author, comment.by, caller.username.clone());
        let edge = CommentLike { author, writer, username, at: now };
        let added = comment::like(&self.table, caller.user_id, path, &edge).await?;
        // As for photos: the stored count follows a moment later.
        let likes_count = (comment.likes + i64::from(added)).max(1);
        Ok(CommentLikeState { comment_id: path.name(), likes_count, liked_by_user: true })
    }

    /// Removes the caller's like, also from a comment that is gone or hidden from them.
    async fn unlike(
        &self,
        call: &Call,
        caller: &Caller,
        path: CommentPath,
    ) -> Result<CommentLikeState, Problem> {
        let (photo, viewer, found) = self.read(self.sessions.check(call), caller, path).await?;
        let removed = comment::unlike(&self.table, caller.user_id, path).await?;
        let (_, comment) = self.found(&viewer, photo, found).await?;
        let likes_count = (comment.likes - i64::from(removed)).max(0);
        Ok(CommentLikeState { comment_id: path.name(), likes_count, liked_by_user: false })
    }

    async fn pin(&self, call: &Call, caller: &Caller, path: CommentPath) -> Result<Reply, Problem> {
        let (photo, viewer, found) = self.read(self.sessions.check(call), caller, path).await?;
        let (photo, _) = self.found(&viewer, photo, found).await?;
        if photo.author != caller.user_id {
            return Err(not_your_photo());
        }
        if path.reply.is_some() {
            return Err(Problem::bad_request("cannot_pin_reply", "A reply stays under its comment."));
        }
        match photo::pin(&self.table, path.photo, caller.user_id, path.comment).await? {
            Pinning::Pinned => Ok(Reply::no_content()),
            Pinning::Full => Err(Problem::conflict("too_many_pins", "Three comments are pinned already.")),
            Pinning::NoPhoto => Err(Problem::no_photo()),
        }
    }

    async fn unpin(&self, call: &Call, caller: &Caller, path: CommentPath) -> Result<Reply, Problem> {
        let (photo, viewer, _) = self.read(self.sessions.check(call), caller, path).await?;
        let photo = self.seen(&viewer, photo).await?;
        if photo.author != caller.user_id {
            return Err(not_your_photo());
        }
        if photo::unpin(&self.table, path.photo, caller.user_id, path.comment).await? {
            return Ok(Reply::no_content());
        }
        Err(Problem::no_photo())
    }

    fn view(&self, path: CommentPath, comment: &Threaded, liked: bool, pinned: bool) -> CommentView {
        CommentView::new(path, comment, &self.cdn_url, liked, pinned)
    }
}

fn no_comment() -> Problem {
    Problem::not_found("comment_not_found", "There is no such comment.")
}

fn not_your_photo() -> Problem {
    Problem::forbidden("not_your_photo", "Only the author of a photo pins its comments.")
}

impl runtime::http::Handler for CommentHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        let photo: PhotoId = call.path("photo_id").parse().map_err(|_| Problem::no_photo())?;
        let path = || CommentPath::named(photo, call.path("comment_id")).map_err(|_| no_comment());
        match call.route() {
            // On the heap, because it is by far the largest.
            "POST /api/v1/photos/{photo_id}/comments" => Box::pin(self.create(call, caller, photo)).await,
            "GET /api/v1/photos/{photo_id}/comments" => match call.query("order") {
                None | Some("newest") => {
                    let (count, before) = (call.count()?, call.position(List::Comments)?);
                    Reply::ok(&self.newest(caller, photo, before, count).await?)
                }
                Some("top") => {
                    let (count, position) = (call.count()?, call.position(List::TopComments)?);
                    Reply::ok(&Box::pin(self.top(caller, photo, position, count)).await?)
                }
                Some(_) => Err(Problem::bad_request("bad_order", "order is `newest` or `top`.")),
            },
            "GET /api/v1/photos/{photo_id}/comments/{comment_id}/replies" => {
                let (count, after) = (call.count()?, call.position(List::Replies)?);
                Reply::ok(&self.replies(caller, path()?, after, count).await?)
            }
            "DELETE /api/v1/photos/{photo_id}/comments/{comment_id}" => {
                self.delete(call, caller, path()?).await
            }
            "POST /api/v1/photos/{photo_id}/comments/{comment_id}/like" => {
                Reply::ok(&self.like(call, caller, path()?).await?)
            }
            "DELETE /api/v1/photos/{photo_id}/comments/{comment_id}/like" => {
                Reply::ok(&self.unlike(call, caller, path()?).await?)
            }
            "POST /api/v1/photos/{photo_id}/comments/{comment_id}/pin" => {
                self.pin(call, caller, path()?).await
            }
            "DELETE /api/v1/photos/{photo_id}/comments/{comment_id}/pin" => {
                self.unpin(call, caller, path()?).await
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
