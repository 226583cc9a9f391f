//! A small world in the table: people, whom they follow, what they post and like.
//!
//! Everybody acts as the functions behind the API do, with one write each. The table's stream is derived when
//! a test says so, by its own `derive` or by [`World::derive`].

mod names;

use std::sync::Mutex;
use std::time::Duration;

use api::Caller;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::account::{EmailDigest, UserName};
use domain::comment::Comment;
use domain::feed::{DeliveryMode, Entry, Run, merge};
use domain::language::Language;
use domain::mail_link::{LinkDigest, LinkToken, Purpose};
use domain::media::{AddressSecret, PerceptualHash};
use domain::photo::{ContentType, Medium, Photo, Rendered};
use domain::quota::Quota;
use domain::sealed::Sealed;
use domain::session::{Seen, SessionId};
use domain::text::CommentText;
use domain::user::User;
use domain::visibility::{Answer, Mute};
use domain::{Clock, CommentId, CommentPath, Home, PhotoId, Timestamp, UserId};
use messages::workflow::{self, CelebrityFanout};
use runtime::stream::Record;
use table::address::Address;
use table::change::Change;
use table::comment::{CommentLike, Written};
use table::guard::Quotas;
use table::keys::ItemKey;
use table::mail_link::MailLink;
use table::original::Share;
use table::pair::Ended;
use table::photo::TextChanges;
use table::reader::Rebuilt;
use table::session::{Opened, Owner};
use table::snapshot::{self, Followed};
use table::user::{NewAccount, Registration};
use table::{
    Order, Patch, Table, comment, feed, follow, head, like, mail_link, pair, photo, privacy, reader, request,
    session, user,
};

use crate::workflow::{Execution, Step};
use crate::{Engine, ManualClock, SeededRandom, maximal, token_in};

/// An open session with an access token so old that a request which writes has the session read.
#[derive(Clone, Debug)]
pub struct OldSession {
    /// Its owner.
    pub user: UserId,
    /// Its id.
    pub id: SessionId,
    /// An access token, valid for some minutes more.
    pub token: String,
}

impl OldSession {
    /// Opens a session of `who`. The clock moves forward by a minute.
    pub async fn open(table: &Table, clock: &ManualClock, who: &Caller) -> Self {
        let username = UserName::parse(&who.username).expect("a user name");
        let owner = Owner { user: who.user_id, username };
        let opened = Opened::new(&owner, Seen::default(), clock.now(), &SeededRandom::default());
        session::open(table, &opened).await.expect("a session");
        let id = opened.token.session().clone();
        let token = token_in(&id, who, clock.now());
        clock.advance(Duration::from_mins(1));
        Self { user: who.user_id, id, token }
    }

    /// Ends the session.
    pub async fn end(&self, table: &Table) {
        assert!(session::end(table, self.user, &self.id).await.expect("a delete"), "it was open");
    }
}

/// Stores an account with an address that nobody can open, as `register` does.
pub async fn store_account(
    table: &Table,
    user: &User,
    email: &EmailDigest,
    hash: &str,
    session: &Opened,
) -> Registration {
    let sealed = Sealed { key: "no key".to_owned(), text: String::new() };
    let address = Address { sealed: sealed.clone(), email: email.clone(), language: Language::En };
    let token = LinkToken::draw(user.id, &SeededRandom::new(user.id.get()));
    let (purpose, at) = (Purpose::Proof, user.id.created_at());
    let proof = MailLink { user: user.id, purpose, digest: token.digest(), token: sealed, at };
    let account = NewAccount { user, hash, address: &address, proof: &proof, session };
    user::register(table, &account).await.expect("a registration")
}

/// Stores another link of an account, with a token that nobody can open; returns its name.
pub async fn store_link(table: &Table, user: UserId, purpose: Purpose, now: Timestamp) -> LinkDigest {
    let digest = LinkToken::draw(user, &SeededRandom::new(user.get() ^ now.0.unsigned_abs())).digest();
    let token = Sealed { key: "no key".to_owned(), text: String::new() };
    let link = MailLink { user, purpose, digest: digest.clone(), token, at: now };
    mail_link::create(table, &link).await.expect("a link");
    digest
}

/// Returns a photo with all its texts.
pub async fn whole(table: &Table, photo: PhotoId) -> Photo {
    let item = photo::get_item(table, photo).await.expect("a read").expect("a photo");
    item.whole(table).await.expect("a read").expect("a photo")
}

/// Lets `by` block `whom`, and derives what follows from it.
pub async fn hide(table: &Table, by: &Caller, whom: &Caller) {
    let (by, about) = (by.user_id, whom.user_id);
    pair::block(table, by, about, Ended::default(), crate::START).await.expect("a block");
    table::apply(table, [&Change::Paired { by, about }], Order::InOrder).await.expect("a derivation");
}

/// A table with people in it. The clock moves forward by a second with every act.
pub struct World {
    /// The engine of the table.
    pub engine: Engine,
    /// The table.
    pub table: Table,
    /// The world's clock.
    pub clock: ManualClock,
    /// The world's randomness.
    pub random: SeededRandom,
    /// Records of profiles that are not in the index of names yet.
    profiles: Mutex<Vec<Record>>,
}

impl World {
    /// Creates a world without people.
    pub async fn new() -> Self {
        let clock = ManualClock::new();
        let engine = Engine::start_at(&clock).await;
        let table = Table::new(engine.client(), engine.table_name());
        Self { engine, table, clock, random: SeededRandom::default(), profiles: Mutex::default() }
    }

    fn tick(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    /// Creates a person.
    pub async fn person(&self, name: &str) -> Caller {
        self.tick();
        let username = UserName::parse(name).expect("a user name");
        let user =
            User::new(UserId::generate(Home::LOCAL, &self.clock, &self.random), username.clone(), None);
        let owner = Owner { user: user.id, username };
        let session = Opened::new(&owner, Seen::default(), self.clock.now(), &self.random);
        let email = EmailDigest::new(format!("digest-of-{name}"));
        let done = store_account(&self.table, &user, &email, "hash", &session).await;
        assert_eq!(done, Registration::Done);
        Caller { user_id: user.id, username: name.to_owned() }
    }

    /// Creates several people, named `<prefix>0`, `<prefix>1` and so on.
    pub async fn people(&self, prefix: &str, count: usize) -> Vec<Caller> {
        let mut people = Vec::with_capacity(count);
        for number in 0..count {
            people.push(self.person(&format!("{prefix}{number}")).await);
        }
        people
    }

    /// Returns a profile with its counters.
    pub async fn profile(&self, of: &Caller) -> User {
        user::get(&self.table, of.user_id).await.expect("a read").expect("an account")
    }

    /// Lets `who` follow `whom`; returns whether the edge is new.
    pub async fn follow(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        let edge = follow::Follow { username: who.username.clone(), at: self.clock.now(), accepted_at: None };
        follow::add(&self.table, who.user_id, whom.user_id, &edge).await.expect("a follow")
    }

    /// Creates followers of `whom` who were active today. They have no accounts,
    /// and no counter includes them.
    pub async fn crowd(&self, whom: &Caller, followers: &[UserId]) {
        let now = self.clock.now();
        let item = |name: ItemKey, attribute: &str, value: i64| {
            let key = name.raw();
            let put = PutRequest::builder()
                .item("pk", AttributeValue::S(key.pk))
                .item("sk", AttributeValue::S(key.sk))
                .item(attribute, AttributeValue::N(value.to_string()));
            WriteRequest::builder().put_request(put.build().expect("an item")).build()
        };
        let writes = followers.iter().flat_map(|follower| {
            let edge = item(ItemKey::Follower(whom.user_id, *follower), "at", now.0);
            [edge, item(ItemKey::FeedState(*follower), "active_on", now.day())]
        });
        for batch in writes.collect::<Vec<_>>().chunks(25) {
            let write = self.engine.client().batch_write_item();
            let write = write.request_items(self.engine.table_name(), batch.to_vec());
            write.send().await.expect("a batch");
        }
    }

    /// Lets `who` ask to follow `whom`; returns whether they did not before.
    pub async fn ask(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        let request =
            follow::Follow { username: who.username.clone(), at: self.clock.now(), accepted_at: None };
        request::add(&self.table, who.user_id, whom.user_id, &request).await.expect("a request")
    }

    /// Lets `who` answer the request of `whom`; returns whether there was one.
    pub async fn answer(&self, who: &Caller, whom: &Caller, accepted: bool) -> bool {
        let request = request::get_latest(&self.table, whom.user_id, who.user_id).await.expect("a read");
        let Some(request) = request else { return false };
        let answer = Answer { to: request.at, accepted, at: Some(self.clock.now()) };
        pair::answer(&self.table, who.user_id, whom.user_id, answer).await.expect("an answer")
    }

    /// Lets `by` block `whom`, as [`hide`] does.
    pub async fn hide(&self, by: &Caller, whom: &Caller) {
        hide(&self.table, by, whom).await;
    }

    /// Lets `who` mute `whom`, or no more, and derives what follows from it.
    pub async fn mute(&self, who: &Caller, whom: &Caller, on: bool) {
        self.tick();
        let (by, about) = (who.user_id, whom.user_id);
        let mute = Mute { posts: on, stories: false };
        pair::mute(&self.table, by, about, mute).await.expect("a mute");
        table::apply(&self.table, [&Change::Paired { by, about }], Order::InOrder)
            .await
            .expect("a derivation");
    }

    /// Has the circle of `who` name nobody and overflow, so that their pairs are asked.
    pub async fn overflow_circle(&self, who: &Caller) {
        let (key, overflows) = (ItemKey::Circle(who.user_id), AttributeValue::Bool(true));
        let expression = "SET overflows = :value, version = :version REMOVE mutes_posts, blocks, blocked_by";
        let update = self.update(&key, expression, overflows);
        let version = AttributeValue::N("9".to_owned());
        update.expression_attribute_values(":version", version).send().await.expect("an update");
    }

    /// Lets `author` mute their photo, or no more.
    pub async fn mute_photo(&self, author: &Caller, photo: PhotoId, on: bool) {
        self.tick();
        let changes = TextChanges { muted: Some(on), ..TextChanges::default() };
        let admitted = std::future::ready(Ok::<(), table::Error>(()));
        let edited = photo::edit(&self.table, photo, author.user_id, &changes, admitted).await;
        assert!(edited.expect("an edit").is_some());
    }

    /// Lets `who` unfollow `whom`; returns whether there was an edge.
    pub async fn unfollow(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        follow::remove(&self.table, who.user_id, whom.user_id).await.expect("an unfollow")
    }

    /// Lets `who` switch on their bell of `whom`, whom they follow; returns whether it was off.
    pub async fn ring(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        let edge = follow::get_latest(&self.table, who.user_id, whom.user_id).await.expect("a read");
        let since = edge.expect("a follow").at;
        pair::ring(&self.table, who.user_id, whom.user_id, since).await.expect("a bell")
    }

    /// Lets `who` switch off their bell of `whom`; returns whether it was on.
    pub async fn silence(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        let silencing = pair::silence(&self.table, who.user_id, whom.user_id, self.clock.now());
        silencing.await.expect("a silence")
    }

    /// Lets `who` like a photo of `author`.
    pub async fn like(&self, who: &Caller, author: &Caller, photo: PhotoId) -> bool {
        self.tick();
        let edge =
            like::Like { author: author.user_id, username: who.username.clone(), at: self.clock.now() };
        like::add(&self.table, who.user_id, photo, &edge).await.expect("a like")
    }

    /// Lets `who` unlike a photo; returns whether there was a like.
    pub async fn unlike(&self, who: &Caller, photo: PhotoId) -> bool {
        self.tick();
        like::remove(&self.table, who.user_id, photo).await.expect("an unlike")
    }

    /// Lets `who` comment on a photo of `author`, or reply to a comment on it.
    pub async fn comment(
        &self,
        who: &Caller,
        author: &Caller,
        photo: PhotoId,
        answers: Option<CommentPath>,
    ) -> CommentPath {
        self.say(who, author, photo, answers.map(|path| (path, None)), &[]).await
    }

    /// Lets `who` comment on a photo of `author`, or reply to a comment, given who wrote what is replied to; `told` are
    /// the mentioned who are told of it.
    pub async fn say(
        &self,
        who: &Caller,
        author: &Caller,
        photo: PhotoId,
        answers: Option<(CommentPath, Option<&Caller>)>,
        told: &[&Caller],
    ) -> CommentPath {
        self.tick();
        let made = CommentId::generate(photo, &self.clock, &self.random);
        let path = answers.map_or(CommentPath::new(photo, made), |(path, _)| path.top().reply(made));
        let comment = Comment {
            author: author.user_id,
            username: who.username.clone(),
            text: CommentText::parse("What a light!").expect("a text").expect("something to see"),
            mentions: Vec::new(),
            answers: answers.and_then(|(_, writer)| writer).map(|writer| writer.user_id),
            told: told.iter().map(|person| person.user_id).collect(),
        };
        let written = comment::add(&self.table, who.user_id, path, &comment, None).await.expect("a comment");
        assert_eq!(written, Written::Done);
        path
    }

    /// Lets `who` take their comment back; returns whether it was there.
    pub async fn uncomment(&self, who: &Caller, path: CommentPath) -> bool {
        self.tick();
        comment::remove(&self.table, who.user_id, path).await.expect("a removal")
    }

    /// Lets the author of the photo remove a comment of `writer`.
    pub async fn remove_comment(&self, author: &Caller, writer: &Caller, path: CommentPath) {
        self.tick();
        let (author, writer, now) = (author.user_id, writer.user_id, self.clock.now());
        comment::remove_as_author(&self.table, author, path, writer, now).await.expect("a removal");
    }

    /// Lets `who` like a comment no more; returns whether there was a like.
    pub async fn unlike_comment(&self, who: &Caller, path: CommentPath) -> bool {
        self.tick();
        comment::unlike(&self.table, who.user_id, path).await.expect("an unlike")
    }

    /// Lets `who` like a comment that `writer` wrote on a photo of `author`.
    pub async fn like_comment(
        &self,
        who: &Caller,
        author: &Caller,
        writer: &Caller,
        path: CommentPath,
    ) -> bool {
        self.tick();
        let (author, writer, username) = (author.user_id, writer.user_id, who.username.clone());
        let like = CommentLike { author, writer, username, at: self.clock.now() };
        comment::like(&self.table, who.user_id, path, &like).await.expect("a like")
    }

    /// Creates a photo that waits for its uploads.
    pub async fn draft(&self, author: &Caller, media: usize) -> Photo {
        self.tick();
        let medium = Medium { content_type: ContentType::Jpeg, size: 1, alt: None, rendered: None };
        let privacy = privacy::get(&self.table, author.user_id).await.expect("an account");
        let id = PhotoId::generate(author.user_id, &self.clock, &self.random);
        let secret = AddressSecret::draw(&self.random);
        let new = Photo {
            audience: privacy.audience(),
            audience_since: privacy.switched,
            ..Photo::draft(id, author.user_id, &author.username, secret, vec![medium; media])
        };
        self.create(new).await
    }

    async fn create(&self, new: Photo) -> Photo {
        photo::create(&self.table, &new, None).await.expect("a photo");
        new
    }

    /// Posts a ready photo whose every text is as long as may be, and which has as many media as may be.
    pub async fn post_maximal(&self, author: &Caller) -> Photo {
        self.tick();
        let id = PhotoId::generate(author.user_id, &self.clock, &self.random);
        let photo = self.create(maximal::draft(id, AddressSecret::draw(&self.random), author)).await;
        self.finish_as(&photo, &maximal::rendered()).await;
        photo
    }

    /// Finishes every medium of the photo, which makes it ready.
    pub async fn finish(&self, photo: &Photo) {
        let facts = Rendered {
            width: 4,
            height: 3,
            blurhash: "LEHV6nWB2yk8".to_owned(),
            sha256: "00".to_owned(),
            phash: PerceptualHash(0),
            stored_at: None,
            similar_to: None,
        };
        self.finish_as(photo, &facts).await;
    }

    async fn finish_as(&self, photo: &Photo, facts: &Rendered) {
        for index in 0..photo.media.len() {
            let finish = photo::finish_medium(&self.table, photo, index, facts, Share::Alone);
            finish.await.expect("a medium");
        }
    }

    /// Posts a ready photo of one medium.
    pub async fn post(&self, author: &Caller) -> PhotoId {
        let photo = self.draft(author, 1).await;
        self.finish(&photo).await;
        photo.id
    }

    /// Makes an account private or public, unless it is so already.
    pub async fn switch(&self, who: &Caller, private: bool) {
        self.tick();
        let privacy = privacy::get_latest(&self.table, who.user_id).await.expect("a read");
        let switch = privacy.expect("an account").switch(private, self.clock.now());
        let switching = user::update(&self.table, who.user_id, Patch::Keep, Patch::Keep, switch);
        assert!(switching.await.expect("a switch").is_some(), "an account");
    }

    /// Lets the author delete a photo.
    pub async fn delete(&self, author: &Caller, photo: PhotoId) {
        self.tick();
        assert!(photo::delete(&self.table, photo, author.user_id).await.expect("a deletion"));
    }

    /// Uses a quota of `owner` so many times.
    pub async fn use_up(&self, quota: &Quota, owner: UserId, amounts: &[i64]) {
        let taken = Quotas::new(self.table.clone(), 1).take(quota, owner, amounts, self.clock.now()).await;
        assert!(taken.expect("a write").is_ok(), "the quota admits no more");
    }

    /// Marks the reader as active today, with an empty snapshot: what they follow is pushed from now on.
    pub async fn activate(&self, reader: &Caller) {
        let now = self.clock.now();
        reader::mark_returned(&self.table, reader.user_id, now).await.expect("a mark");
        let run = Run::default();
        snapshot::store(&self.table, reader.user_id, now.0, &run, now).await.expect("a snapshot");
        reader::mark_rebuilt(&self.table, reader.user_id, now.0, &Rebuilt::default()).await.expect("a mark");
    }

    /// Sets the delivery mode of the author's next photos. The author must have posted before.
    pub async fn deliver_by(&self, author: &Caller, mode: DeliveryMode) {
        let mode = serde_json::to_value(mode).expect("a name");
        let mode = AttributeValue::S(mode.as_str().expect("a name").to_owned());
        let expression = "SET version = version + :one, standing = :value";
        let update = self.update(&ItemKey::Head(author.user_id), expression, mode);
        let one = AttributeValue::N("1".to_owned());
        update.expression_attribute_values(":one", one).send().await.expect("a head");
    }

    /// The photo of a celebrity is in every feed: `celebrity-fanout` writes its mark.
    pub async fn mark_pushed(&self, author: &Caller, photo: PhotoId) {
        let key = head::key(author.user_id);
        let head = workflow::ItemKey { pk: key.pk, sk: key.sk };
        let input = CelebrityFanout { photo_id: photo, author_id: author.user_id, followers: 0, head };
        let mut execution = Execution::fanout(&input, 1);
        while let Some(step) = execution.take_step() {
            if let Step::Mark(mark) = step {
                mark.write(&self.engine.client(), self.engine.table_name()).await.expect("a head");
            }
        }
    }

    /// Changes an item behind everybody's back; the expression calls the number `:value`.
    pub async fn write(&self, item: &ItemKey, expression: &str, value: i64) {
        let value = AttributeValue::N(value.to_string());
        self.update(item, expression, value).send().await.expect("an update");
    }

    /// Removes an item directly, without the functions.
    pub async fn remove(&self, item: &ItemKey) {
        let key = item.raw();
        let delete = self.engine.client().delete_item().table_name(self.engine.table_name());
        let delete = delete.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
        delete.send().await.expect("a deletion");
    }

    fn update(&self, item: &ItemKey, expression: &str, value: AttributeValue) -> UpdateItemFluentBuilder {
        let key = item.raw();
        let update = self.engine.client().update_item().table_name(self.engine.table_name());
        update
            .key("pk", AttributeValue::S(key.pk))
            .key("sk", AttributeValue::S(key.sk))
            .update_expression(expression)
            .expression_attribute_values(":value", value)
    }

    /// Returns the photos in the reader's feed, newest first, wherever they are stored.
    pub async fn feed(&self, reader: &Caller) -> Vec<PhotoId> {
        let (now, reader) = (self.clock.now(), reader.user_id);
        let (state, pushed) = feed::open(&self.table, reader, 10_000, now).await.expect("a feed");
        let state = state.unwrap_or_default();
        let mut entries = pushed.items;
        if let Some(mark) = state.snapshot {
            let mut before = None;
            while let Some(run) =
                snapshot::page(&self.table, reader, mark, before, now).await.expect("a page")
            {
                before = run.entries.last().map(|entry| entry.photo);
                entries.extend(run.entries);
                if !run.more {
                    break;
                }
            }
        }
        if !state.followed.is_empty() {
            for Followed { author, photos, .. } in
                snapshot::followed(&self.table, reader, now).await.expect("authors")
            {
                entries.extend(photos.into_iter().map(|photo| Entry { photo, author }));
            }
        }
        entries.retain(|entry| !state.unfollowed.contains(&entry.author));
        merge(vec![Run { entries, more: false }]).entries.into_iter().map(|entry| entry.photo).collect()
    }

    /// Derives all new stream records, one by one, and what they lead to; returns their changes.
    pub async fn derive(&self) -> Vec<Change> {
        let mut all = Vec::new();
        loop {
            let mut changes = Vec::new();
            for record in self.records().await {
                let Record { old, new, .. } = record;
                changes.extend(Change::read(old.as_ref(), new.as_ref()).expect("a readable record"));
            }
            for change in &changes {
                table::apply(&self.table, [change], Order::InOrder).await.expect("a derivation");
            }
            if changes.is_empty() {
                return all;
            }
            all.append(&mut changes);
        }
    }

    /// Has the account of `who` be private, as its author's flag says.
    pub async fn make_private(&self, who: &Caller) {
        let private = AttributeValue::Bool(true);
        let update = self.update(&ItemKey::User(who.user_id), "SET #private = :value", private);
        update.expression_attribute_names("#private", "private").send().await.expect("an update");
    }

    /// Lets `who` block `whom`; returns whether they did not before.
    pub async fn block(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        let edge = async |one: &Caller, other: &Caller| {
            let edge = follow::get_latest(&self.table, one.user_id, other.user_id).await.expect("a read");
            edge.map(|edge| edge.at)
        };
        let ended = Ended { theirs: edge(whom, who).await, own: edge(who, whom).await };
        let blocking = pair::block(&self.table, who.user_id, whom.user_id, ended, self.clock.now());
        blocking.await.expect("a block")
    }

    /// Lets `who` block `whom` no more; returns whether they did.
    pub async fn unblock(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        pair::unblock(&self.table, who.user_id, whom.user_id).await.expect("an unblock")
    }

    /// Lets `who` remove their follower `whom`; returns whether they had them.
    pub async fn remove_follower(&self, who: &Caller, whom: &Caller) -> bool {
        self.tick();
        let edge = follow::get_latest(&self.table, whom.user_id, who.user_id).await.expect("a read");
        let Some(edge) = edge else { return false };
        pair::remove(&self.table, who.user_id, whom.user_id, edge.at).await.expect("a removal")
    }
}
