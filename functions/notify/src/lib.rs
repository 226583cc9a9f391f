//! `notify`: keeps inboxes in line with what people do.
//!
//! - **Trigger**: SQS `notify`, subscribed to `like.added`, `like.removed`, `comment.added`, `comment.removed`,
//!   `mention.added`, `comment_like.added`, `comment_like.removed`, `follow.added`, `follow.removed`,
//!   `request.added`, `request.removed`, `request.accepted`, `photo.deleted`, `session.added` and
//!   `password.changed`.
//! - **Access patterns**: the actor's edge as it is now, beside the photo and the comment that it is about. Of
//!   comments on one's photo and replies to oneself it is the actor's newest of the row's day, which is one range.
//!   Then the recipient's circle, the marker of the actor, the places of the subject's rows and the recipient's row of
//!   the day, and one transaction of what changes: a row that is told moves to the top and is counted as unread. Then the
//!   edge again. Who accepted a request, logged in or changed their password is read by name. Whether the recipient sees a
//!   private photo of somebody else is read from their follow. For a deleted photo or comment, the places of its rows, and
//!   one transaction that deletes them and counts what was unread of them.
//! - **Emits**: `notification.told` for each row that it tells. What a row gathers instead, `gather` tells.
//! - **Redelivery**: a message says only that something may have changed. The function reads the current
//!   state, acts, and reads it again. Messages may come twice, late and in any order. The marker lets each
//!   actor be new once per subject, however often they like, unlike and like again; whoever comments or replies
//!   once per day. A message that comes again publishes a row that was told within the last 15 minutes once more,
//!   because the function may have died in between; devices show each telling once. Nothing is kept of what was muted:
//!   a message that comes again after the mute has ended tells what is so by then.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue.
//!
//! One comment tells each person at most once: whom it mentions, before whom it answers, before whose photo it is on.

use std::sync::Arc;

use domain::comment::Comment;
use domain::inbox::{Actor, Once, RowId, Subject};
use domain::photo::Photo;
use domain::{Clock, CommentPath, UserId};
use messages::Event;
use runtime::Aws;
use runtime::topic::{Publisher, Topic, Unpublished};
use table::inbox::{self, Aligned, Alignment};
use table::sight::Viewer;
use table::{Table, comment, follow, like, photo, request, user};

/// Times a relation is read before a message is given up for now.
const TURNS: u32 = 5;

runtime::config! {
    /// Settings of `notify`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The topic of domain events.
        pub topic_arn: String,
    }
}

/// Handles events that somebody is notified of.
pub struct NotifyHandler<P = Topic> {
    table: Table,
    publisher: P,
    clock: Arc<dyn Clock>,
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// A row was told, and nobody hears of it.
    #[error(transparent)]
    Unpublished(#[from] Unpublished),
    /// The relation of the message changes faster than the inbox is aligned.
    #[error("the relation kept changing")]
    Restless,
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

/// What is so at present.
struct Present {
    /// Who is to be told.
    recipient: UserId,
    /// What they are told of.
    act: Act,
}

/// What an actor did, for a recipient.
enum Act {
    /// The actor's edge, of which the recipient is told.
    Told(Actor),
    /// There is no edge, or none that the recipient may see. No row names the actor.
    None,
    /// There is an edge, and the recipient mutes the actor or the photo. What they were told stays as it is.
    Muted,
}

impl NotifyHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let topic = Topic::connect(aws, &config.topic_arn);
        Self::new(Table::new(aws.dynamodb(), &config.table_name), topic, aws.clock())
    }
}

impl<P: Publisher> NotifyHandler<P> {
    /// Creates a handler that records notifications in `table`, and publishes what is told.
    pub fn new(table: Table, publisher: P, clock: Arc<dyn Clock>) -> Self {
        Self { table, publisher, clock }
    }

    /// Aligns the inbox of `recipient` with what `actor` does. A like that was removed does not name them: they are
    /// found with the photo or comment.
    async fn align(&self, recipient: Option<UserId>, once: Once, actor: UserId) -> Result<(), Error> {
        let (mut recipient, mut applied) = (recipient, None);
        for _ in 0..TURNS {
            if recipient.is_some_and(|recipient| !once.subject().is_for(recipient, actor)) {
                return Ok(());
            }
            let Some(present) = self.present(recipient, once, actor).await? else {
                return match recipient {
                    Some(recipient) => self.forget(recipient, once.subject()).await,
                    // `photo.deleted` or `comment.removed` names them, and forgets the rows.
                    None => Ok(()),
                };
            };
            recipient = Some(present.recipient);
            if self.is_settled(&present, once, actor, &mut applied).await? {
                return Ok(());
            }
        }
        Err(Error::Restless)
    }

    /// Aligns the inbox of whom a comment is for: of whom it answers, or of the photo's author. A reply is for nobody
    /// else, so that a long conversation does not fill the author's inbox.
    async fn align_comment(
        &self,
        path: CommentPath,
        author: UserId,
        user: UserId,
        answers: Option<UserId>,
    ) -> Result<(), Error> {
        let (recipient, subject) = match path.reply {
            None => (Some(author), Subject::Comment(path.photo)),
            Some(_) => (answers, Subject::Reply(path.top())),
        };
        let Some(recipient) = recipient else { return Ok(()) };
        let row = RowId::of(subject, recipient, path.written_at());
        self.align(Some(recipient), Once::within(row), user).await
    }

    /// Reads what is so. `None` when what the actor likes is gone.
    async fn present(
        &self,
        recipient: Option<UserId>,
        once: Once,
        actor: UserId,
    ) -> Result<Option<Present>, Error> {
        let subject = once.subject();
        let photo = async {
            let Some(id) = subject.photo() else { return Ok(None) };
            Ok::<_, Error>(photo::get_latest(&self.table, id).await?)
        };
        let liked = async {
            let Subject::CommentLike(path) = subject else { return Ok(None) };
            Ok(comment::get_latest(&self.table, path).await?)
        };
        let (photo, liked, edge) = futures::try_join!(photo, liked, self.edge(recipient, once, actor))?;
        let recipient = match subject {
            Subject::Like(_) => photo.as_ref().map(|photo| photo.author),
            Subject::CommentLike(_) => liked.map(|comment| comment.by),
            _ => recipient,
        };
        let Some(recipient) = recipient else { return Ok(None) };
        let act = match edge {
            Some(edge) => self.told(recipient, subject, edge, photo.as_ref()).await?,
            None => Act::None,
        };
        Ok(Some(Present { recipient, act }))
    }

    /// Reads the actor's edge.
    async fn edge(
        &self,
        recipient: Option<UserId>,
        once: Once,
        actor: UserId,
    ) -> Result<Option<Actor>, Error> {
        let table = &self.table;
        let acted = |at, username| Actor { at, user_id: actor, username };
        Ok(match (once, recipient) {
            (Once::Ever(Subject::Like(photo)), _) => {
                like::get_latest(table, actor, photo).await?.map(|like| acted(like.at, like.username))
            }
            (Once::Ever(Subject::CommentLike(path)), _) => {
                comment::like_latest(table, actor, path).await?.map(|like| acted(like.at, like.username))
            }
            (Once::ADay(row), Some(recipient)) => self
                .newest(recipient, row, actor)
                .await?
                .map(|(path, comment)| acted(path.written_at(), comment.username)),
            (Once::Ever(Subject::Mention(path)), Some(_)) => {
                let comment = comment::written_latest(table, actor, path).await?;
                comment.map(|comment| acted(path.written_at(), comment.username))
            }
            (Once::Ever(Subject::Follow), Some(recipient)) => {
                let edge = follow::get_latest(table, actor, recipient).await?;
                edge.map(|edge| acted(edge.at, edge.username))
            }
            (Once::Ever(Subject::Request), Some(recipient)) => {
                let edge = request::get_latest(table, actor, recipient).await?;
                edge.map(|edge| acted(edge.at, edge.username))
            }
            (Once::Ever(Subject::Acceptance), Some(recipient)) => {
                let edge = follow::get_latest(table, recipient, actor).await?;
                let Some(accepted_at) = edge.and_then(|edge| edge.accepted_at) else { return Ok(None) };
                let user = user::get(table, actor).await?;
                user.map(|user| acted(accepted_at, user.username.as_str().to_owned()))
            }
            // Nobody takes these back: a session that has ended was opened.
            (Once::Ever(Subject::Session(at) | Subject::Password(at)), Some(_)) => {
                let user = user::get(table, actor).await?;
                user.map(|user| acted(at, user.username.as_str().to_owned()))
            }
            // Comments and replies are told of by day, and only of a like the recipient may be unknown.
            (Once::Ever(Subject::Comment(_) | Subject::Reply(_)), _) | (_, None) => None,
        })
    }

    /// Reads the newest comment or reply of `actor` on the row's day of which `recipient` is told by it. A comment
    /// that mentions them is not one: it has told them so.
    async fn newest(
        &self,
        recipient: UserId,
        row: RowId,
        actor: UserId,
    ) -> Result<Option<(CommentPath, Comment)>, Error> {
        let Some(photo) = row.subject.photo() else { return Ok(None) };
        let under = row.subject.comment();
        let answers = |comment: &Comment| under.is_none() || comment.answers == Some(recipient);
        let wanted = |comment: &Comment| answers(comment) && !comment.told.contains(&recipient);
        let (under, span) = (under.map(|under| under.comment), row.span(recipient));
        Ok(comment::newest_within_latest(&self.table, actor, photo, under, span, wanted).await?)
    }

    /// Returns what `recipient` is told of an edge: nothing of whom a block hides, and nothing under a photo that they
    /// do not see. Nothing new of whom they mute, and nothing new under their own photo while they mute that.
    async fn told(
        &self,
        recipient: UserId,
        subject: Subject,
        edge: Actor,
        photo: Option<&Photo>,
    ) -> Result<Act, Error> {
        if subject.photo().is_some() && photo.is_none() {
            return Ok(Act::None);
        }
        let viewer = Viewer::get(&self.table, recipient).await?;
        if viewer.is_hidden(&self.table, edge.user_id).await? {
            return Ok(Act::None);
        }
        let is_muted = photo.is_some_and(|photo| photo.is_muted_for(recipient));
        if is_muted || viewer.mutes(&self.table, edge.user_id).await? {
            return Ok(Act::Muted);
        }
        let sees = photo.is_none() || viewer.sees_photo(&self.table, photo).await?;
        Ok(if sees { Act::Told(edge) } else { Act::None })
    }

    /// Aligns an inbox with what was just read. Returns whether it is certainly right: nothing was written, or the
    /// edge is as it was when it was `applied` a turn before.
    async fn is_settled(
        &self,
        Present { recipient, act }: &Present,
        once: Once,
        actor: UserId,
        applied: &mut Option<bool>,
    ) -> Result<bool, Error> {
        let edge = match act {
            Act::Told(edge) => Some(edge),
            Act::None => None,
            Act::Muted => return Ok(true),
        };
        if !once.subject().is_for(*recipient, actor)
            || applied.replace(edge.is_some()) == Some(edge.is_some())
        {
            return Ok(true);
        }
        let now = self.clock.now();
        let Alignment { aligned, told } =
            inbox::align(&self.table, *recipient, once, actor, edge, now).await?;
        if let Some(told) = told {
            self.publisher.publish(&[told.event(*recipient)]).await?;
        }
        match aligned {
            Aligned::Added => runtime::metrics::count("notifications_recorded", 1),
            Aligned::TakenBack => runtime::metrics::count("notifications_taken_back", 1),
            Aligned::Unchanged => runtime::metrics::count("notifications_known", 1),
        }
        Ok(aligned == Aligned::Unchanged)
    }

    async fn forget(&self, recipient: UserId, subject: Subject) -> Result<(), Error> {
        Ok(inbox::forget(&self.table, recipient, subject, self.clock.now()).await?)
    }
}

impl<P: Publisher> runtime::sqs::Handler for NotifyHandler<P> {
    type Message = Event;
    type Error = Error;
    /// Messages are handled one at a time, because a batch is often about one photo
    /// and would conflict on its row.
    const CONCURRENCY: usize = 1;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::LikeAdded { photo_id, author_id, user_id, .. } => {
                self.align(Some(author_id), Once::Ever(Subject::Like(photo_id)), user_id).await
            }
            Event::LikeRemoved { photo_id, user_id } => {
                self.align(None, Once::Ever(Subject::Like(photo_id)), user_id).await
            }
            Event::CommentAdded { comment, author_id, user_id, answers, .. } => {
                self.align_comment(comment, author_id, user_id, answers).await
            }
            Event::CommentRemoved { comment, author_id, user_id, answers, told } => {
                self.align_comment(comment, author_id, user_id, answers).await?;
                for mentioned in told {
                    self.align(Some(mentioned), Once::Ever(Subject::Mention(comment)), user_id).await?;
                }
                self.forget(user_id, Subject::CommentLike(comment)).await
            }
            Event::MentionAdded { comment, user_id, mentioned_id, .. } => {
                self.align(Some(mentioned_id), Once::Ever(Subject::Mention(comment)), user_id).await
            }
            Event::CommentLikeAdded { comment, writer_id, user_id, .. } => {
                self.align(Some(writer_id), Once::Ever(Subject::CommentLike(comment)), user_id).await
            }
            Event::CommentLikeRemoved { comment, user_id } => {
                self.align(None, Once::Ever(Subject::CommentLike(comment)), user_id).await
            }
            Event::FollowAdded { follower_id, followee_id, .. } => {
                self.align(Some(followee_id), Once::Ever(Subject::Follow), follower_id).await
            }
            Event::FollowRemoved { follower_id, followee_id } => {
                self.align(Some(followee_id), Once::Ever(Subject::Follow), follower_id).await?;
                // It may have been a request.
                self.align(Some(follower_id), Once::Ever(Subject::Acceptance), followee_id).await
            }
            Event::RequestAdded { asker_id, user_id, .. } | Event::RequestRemoved { asker_id, user_id } => {
                self.align(Some(user_id), Once::Ever(Subject::Request), asker_id).await
            }
            Event::RequestAccepted { user_id, asker_id } => {
                self.align(Some(asker_id), Once::Ever(Subject::Acceptance), user_id).await
            }
            Event::SessionAdded { user_id, session_id } => {
                let subject = Subject::Session(session_id.opened_at());
                self.align(Some(user_id), Once::Ever(subject), user_id).await
            }
            Event::PasswordChanged { user_id, at } => {
                self.align(Some(user_id), Once::Ever(Subject::Password(at)), user_id).await
            }
            Event::PhotoDeleted { photo_id, author_id, .. } => {
                // One after the other, because both change the number of unread rows.
                self.forget(author_id, Subject::Like(photo_id)).await?;
                self.forget(author_id, Subject::Comment(photo_id)).await
            }
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}
