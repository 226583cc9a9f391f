//! Writing a comment.

use std::collections::{BTreeSet, HashMap};

use api::wire::CreateCommentRequest;
use api::{Call, Caller, Problem, Reply};
use domain::comment::{Comment, Commenting, Mention, Named, Threaded, names_in};
use domain::photo::Photo;
use domain::text::CommentText;
use domain::{CommentId, CommentPath, Invalid, PhotoId, UserId, quota};
use runtime::http::{Repeat, over_quota};
use table::comment::{self, Written};
use table::guard::{self, Idempotency};
use table::sight::Viewer;
use table::{follow, photo, user};

use crate::{CommentHandler, no_comment};

/// Times the idempotency record is read before a race is given up.
const TURNS: u32 = 6;

/// The error of a lost race: other comments of the same user won every turn.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the idempotency key of the comment stayed contended")]
struct Contended;

/// What is known after the first round trip.
struct Read {
    photo: Option<Photo>,
    viewer: Viewer,
    /// Who has the mentioned names.
    people: HashMap<String, UserId>,
    /// The comment that is replied to.
    answered: Option<Threaded>,
}

impl CommentHandler {
    pub(crate) async fn create(&self, call: &Call, caller: &Caller, id: PhotoId) -> Result<Reply, Problem> {
        let request: CreateCommentRequest = call.json()?;
        let text = CommentText::parse(&request.text)?
            .ok_or_else(|| Invalid::new("comment_empty", "A comment has at least one visible character."))?;
        let answers = request.reply_to.as_deref().map(|name| CommentPath::named(id, name)).transpose();
        let answers = answers.map_err(|_| no_comment())?;
        let repeat = Repeat::of(call, &(id, &request))?;
        let named = names_in(text.as_str());

        let taking =
            async { Ok(self.quotas.take(&quota::COMMENTS, caller.user_id, &[1], self.clock.now()).await?) };
        let (read, taken, earlier, ()) = futures::try_join!(
            self.read_for(caller, id, answers, &named),
            taking,
            self.earlier(caller, repeat.as_ref()),
            self.sessions.check(call),
        )?;
        if let Some((path, earlier)) = earlier {
            return Reply::created(&self.view(path, &earlier, false, false));
        }
        taken.map_err(over_quota)?;
        let comment = self.admitted(caller, text, answers.is_some(), read, &named).await?;
        let top = answers.map(CommentPath::top);
        for _ in 0..TURNS {
            let made = CommentId::generate(id, self.clock.as_ref(), self.random.as_ref());
            let path = top.map_or(CommentPath::new(id, made), |top| top.reply(made));
            let record = repeat
                .as_ref()
                .map(|repeat| Idempotency::new(&repeat.key, repeat.request.clone(), path, self.clock.now()));
            match comment::add(&self.table, caller.user_id, path, &comment, record.as_ref()).await? {
                Written::Done => {
                    let comment = Threaded::new(caller.user_id, &comment);
                    return Reply::created(&self.view(path, &comment, false, false));
                }
                Written::Raced => {
                    if let Some((path, earlier)) = self.earlier(caller, repeat.as_ref()).await? {
                        return Reply::created(&self.view(path, &earlier, false, false));
                    }
                }
            }
        }
        Err(Problem::unavailable(Contended))
    }

    async fn read_for(
        &self,
        caller: &Caller,
        id: PhotoId,
        answers: Option<CommentPath>,
        named: &[Named],
    ) -> Result<Read, Problem> {
        let names: BTreeSet<String> = named.iter().map(|named| named.name.folded()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let answered = async {
            match answers {
                Some(path) => comment::get(&self.table, path).await,
                None => Ok(None),
            }
        };
        let (photo, viewer, people, answered) = futures::try_join!(
            photo::get(&self.table, id),
            Viewer::get(&self.table, caller.user_id),
            user::by_names(&self.table, &names),
            answered,
        )?;
        Ok(Read { photo, viewer, people, answered })
    }

    /// Returns the comment that the same request wrote before, if any.
    async fn earlier(
        &self,
        caller: &Caller,
        repeat: Option<&Repeat>,
    ) -> Result<Option<(CommentPath, Threaded)>, Problem> {
        let Some(repeat) = repeat else { return Ok(None) };
        let made = guard::earlier_latest(&self.table, caller.user_id, &repeat.key, self.clock.now()).await?;
        let Some(made) = made else { return Ok(None) };
        repeat.check(&made.request)?;
        let path: CommentPath = made.made.parse().map_err(Problem::internal)?;
        // A comment that was removed is not written again.
        let comment = comment::written_latest(&self.table, caller.user_id, path).await?;
        let comment = comment.ok_or_else(no_comment)?;
        Ok(Some((path, Threaded::new(caller.user_id, &comment))))
    }

    /// Returns the comment, if the caller may write it.
    ///
    /// Somebody whom a block hides from the caller is mentioned by nobody's name: it stays text. Of the others
    /// those are told who may see the photo.
    async fn admitted(
        &self,
        caller: &Caller,
        text: CommentText,
        is_reply: bool,
        read: Read,
        named: &[Named],
    ) -> Result<Comment, Problem> {
        let Read { photo, viewer, people, answered } = read;
        let photo = self.seen(&viewer, photo).await?;
        let mentioned: BTreeSet<UserId> = people.values().copied().collect();
        let mentioned: Vec<UserId> = mentioned.into_iter().collect();
        let answered_by = answered.as_ref().map(|answered| answered.by);
        if is_reply && answered_by.is_none() {
            return Err(no_comment());
        }
        let asked: Vec<UserId> = mentioned.iter().copied().chain(answered_by).collect();
        let hidden = viewer.hidden_among(&self.table, &asked).await?;
        if answered_by.is_some_and(|writer| hidden.contains(&writer)) {
            return Err(no_comment());
        }
        let mentioned: Vec<UserId> =
            mentioned.into_iter().filter(|person| !hidden.contains(person)).collect();
        let ((), told) = futures::try_join!(
            self.may_comment(&viewer, &photo),
            self.told(caller.user_id, &photo, &mentioned),
        )?;
        let mention = |named: &Named| {
            let user = people.get(&named.name.folded()).filter(|user| mentioned.contains(user))?;
            Some(named.of(*user))
        };
        let mentions: Vec<Mention> = named.iter().filter_map(mention).collect();
        let (author, username) = (photo.author, caller.username.clone());
        Ok(Comment { author, username, text, mentions, answers: answered_by, told })
    }

    /// Refuses a comment that the photo's author does not admit. Reads nothing, or 2 RRU for a photo that followers
    /// comment on.
    async fn may_comment(&self, viewer: &Viewer, photo: &Photo) -> Result<(), Problem> {
        if photo.author == viewer.id {
            return Ok(());
        }
        match photo.commenting {
            Commenting::Everyone => Ok(()),
            Commenting::Followers if viewer.is_admitted(&self.table, photo.author).await? => Ok(()),
            Commenting::Followers => {
                Err(Problem::forbidden("comments_for_followers", "Only followers comment on this photo."))
            }
            Commenting::Off => Err(Problem::forbidden("comments_off", "Nobody comments on this photo.")),
        }
    }

    /// Returns whom of the mentioned to tell: everybody but the writer who may see the photo. Reads nothing for none;
    /// otherwise 0.5 RRU for the author's circle, and for a private photo 0.5 for each of them.
    async fn told(
        &self,
        writer: UserId,
        photo: &Photo,
        mentioned: &[UserId],
    ) -> Result<Vec<UserId>, Problem> {
        let others: Vec<UserId> = mentioned.iter().copied().filter(|person| *person != writer).collect();
        if others.is_empty() {
            return Ok(others);
        }
        let follow = async {
            if photo.audience.is_everyone() {
                return Ok(None);
            }
            follow::followers_among(&self.table, photo.author, &others).await.map(Some)
        };
        let (author, following) = futures::try_join!(Viewer::get(&self.table, photo.author), follow)?;
        let hidden = author.hidden_among(&self.table, &others).await?;
        let sees = |person: &UserId| {
            let follows = following.as_ref().is_none_or(|following| following.contains(person));
            *person == photo.author || (photo.is_listed() && follows && !hidden.contains(person))
        };
        Ok(others.into_iter().filter(sees).collect())
    }
}
