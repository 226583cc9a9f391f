//! The handler under test, with its world, its publisher and its own queue.

use std::collections::BTreeSet;

use api::Caller;
use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use derive::{DeriveHandler, OutOfOrder, Queues};
use domain::{PhotoId, Relation, UserId};
use messages::Event;
use runtime::queue::Sender;
use runtime::stream::Record;
use serde_json::{Value, json};
use table::change::{Change, Remains};
use table::follow::Follow;
use table::relations::Said;
use table::{follow, like, photo, timeline};
use testkit::{Outbox, Published, World, sqs_event, stream_event};

/// One process of the function.
pub type Worker = DeriveHandler<Published, Outbox>;

pub struct Stage {
    pub world: World,
    pub published: Published,
    /// The function's own queue.
    pub outbox: Outbox,
    /// The queue of `live-send`.
    pub live: Outbox,
    pub worker: Worker,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(World::new().await)
    }

    pub fn with(world: World) -> Self {
        let (published, outbox, live) = (Published::default(), Outbox::default(), Outbox::default());
        let queues = Queues { out_of_order: outbox.clone(), live: live.clone() };
        let worker = DeriveHandler::new(world.table.clone(), published.clone(), queues, world.clock.shared());
        Self { world, published, outbox, live, worker }
    }

    /// Returns another process, which remembers nothing.
    pub fn worker(&self) -> Worker {
        let queues = Queues { out_of_order: self.outbox.clone(), live: self.live.clone() };
        let (table, published) = (self.world.table.clone(), self.published.clone());
        DeriveHandler::new(table, published, queues, self.world.clock.shared())
    }

    /// Delivers a batch; returns the sequence number from which Lambda has to resume.
    pub async fn deliver(&self, records: &[EventRecord]) -> Option<String> {
        deliver(&self.worker, records).await
    }

    /// Delivers everything that has not been delivered yet, and what it leads to. The handler's own writes are
    /// in the stream too; the template's filter keeps all from the function but actors' edges that it ended.
    pub async fn drain(&self) {
        loop {
            let records = self.world.engine.stream().await;
            let records: Vec<EventRecord> =
                records.into_iter().filter(|record| change(record).is_some()).collect();
            if records.is_empty() {
                return;
            }
            assert_eq!(self.deliver(&records).await, None);
            self.work_off().await;
        }
    }

    /// Works off the function's own queue.
    pub async fn work_off(&self) {
        let messages = self.outbox.take::<OutOfOrder>();
        assert_eq!(work(&self.worker, &self.outbox, &messages).await, 0);
    }

    pub async fn likes(&self, photo: PhotoId) -> i64 {
        photo::get(&self.world.table, photo).await.unwrap().unwrap().likes
    }

    /// Asserts that every counter equals the number of its derived edges, and that these mirror the actors'
    /// edges.
    pub async fn assert_exact(&self, people: &[&Caller], photos: &[PhotoId]) {
        const ALL: usize = 100_000;
        let table = &self.world.table;
        let mut claimed: BTreeSet<(UserId, UserId)> = BTreeSet::new();
        let mut derived: BTreeSet<(UserId, UserId)> = BTreeSet::new();
        for person in people {
            let (id, profile) = (person.user_id, self.world.profile(person).await);
            let followers = follow::followers(table, id, None, ALL).await.unwrap().items;
            let following = follow::following(table, id, None, ALL).await.unwrap().items;
            let photos = timeline::page(table, id, None, ALL).await.unwrap().items;
            assert_eq!(profile.followers, count(&followers), "followers of {}", person.username);
            assert_eq!(profile.following, count(&following), "whom {} follows", person.username);
            assert_eq!(profile.photos, count(&photos), "photos of {}", person.username);
            derived.extend(followers.into_iter().map(|follower| (follower, id)));
            claimed.extend(following.into_iter().map(|followee| (id, followee)));
        }
        assert_eq!(derived, claimed);
        for &photo in photos {
            let likers = like::likers(table, photo, None, ALL).await.unwrap().items;
            assert_eq!(self.likes(photo).await, count(&likers));
            let likers: BTreeSet<UserId> = likers.into_iter().collect();
            for person in people {
                let likes = like::liked_among(table, person.user_id, &[photo]).await.unwrap();
                assert_eq!(likers.contains(&person.user_id), likes.contains(&photo), "{}", person.username);
            }
        }
    }

    /// Asserts that the timelines of `people` hold `photos` and nothing else.
    pub async fn assert_listed(&self, people: &[&Caller], photos: &[PhotoId]) {
        let mut listed = BTreeSet::new();
        for person in people {
            listed
                .extend(timeline::page(&self.world.table, person.user_id, None, 1_000).await.unwrap().items);
        }
        assert_eq!(listed, photos.iter().copied().collect());
    }

    /// Applies the free function of this name to everything that has not been read from the stream.
    pub async fn assert_never_wrong(&self) {
        assert_never_wrong(&self.world.engine.stream().await);
    }
}

/// Asserts that no write made a counter negative, and that each changed counter raised its version.
pub fn assert_never_wrong(writes: &[EventRecord]) {
    const COUNTERS: [&str; 6] = ["likes", "followers", "following", "photos", "comments", "replies"];
    for record in writes {
        let (old, new) = (json!(record.change.old_image), json!(record.change.new_image));
        // A timeline's head has a list of the same name, which is not a number.
        let number =
            |image: &Value, name| image[name]["N"].as_str().map_or(0, |n: &str| n.parse::<i64>().unwrap());
        assert!(COUNTERS.iter().all(|name| number(&new, name) >= 0), "{new}");
        if record.event_name == "MODIFY" {
            let moved = COUNTERS.iter().any(|name| number(&new, name) != number(&old, name));
            let step = number(&new, &"version") - number(&old, &"version");
            assert!(step == 1 || (step == 0 && !moved), "{old} -> {new}");
        }
    }
}

/// Delivers a batch to one process; returns the sequence number from which Lambda has to resume.
pub async fn deliver(worker: &Worker, records: &[EventRecord]) -> Option<String> {
    deliver_event(worker, stream_event(records.to_vec())).await
}

pub async fn deliver_event(worker: &Worker, event: StreamEvent) -> Option<String> {
    let response = runtime::stream::answer(worker, event).await;
    assert!(response.batch_item_failures.len() <= 1);
    response.batch_item_failures.into_iter().next()?.item_identifier
}

/// Delivers messages of the function's own queue to one process. Failed messages are put back;
/// returns their number.
pub async fn work(worker: &Worker, outbox: &Outbox, messages: &[OutOfOrder]) -> usize {
    let response = runtime::sqs::answer(worker, sqs_event(messages)).await;
    let failed = response.batch_item_failures.iter().map(|failure| {
        let place = failure.item_identifier.strip_prefix("message-").unwrap();
        messages[place.parse::<usize>().unwrap()].clone()
    });
    let failed: Vec<OutOfOrder> = failed.collect();
    outbox.send(&failed).await.unwrap();
    failed.len()
}

/// Returns the change that a record describes, or none if the template's filter keeps it from the function.
pub fn change(record: &EventRecord) -> Option<Change> {
    let record = Record::try_from(record.clone()).unwrap();
    Change::read(record.old.as_ref(), record.new.as_ref()).unwrap()
}

/// Returns the events that have to be published for a change, each as a line of text.
pub fn wanted(change: &Change) -> Vec<String> {
    let one = match change {
        Change::Said(Said::Follow(follower, followee, Follow { accepted_at: Some(_), .. })) => {
            return vec![
                format!("follow.added {follower} {followee}"),
                format!("request.accepted {followee} {follower}"),
            ];
        }
        Change::Said(said) => match said.relation() {
            Relation::Like(user, photo) => format!("like.added {user} {photo}"),
            Relation::Follow(follower, followee) => format!("follow.added {follower} {followee}"),
            Relation::Comment(user, path) => format!("comment.added {user} {path}"),
            Relation::CommentLike(user, path) => format!("comment_like.added {user} {path}"),
            Relation::Request(asker, user) => format!("request.added {asker} {user}"),
            Relation::Timeline(..) => return Vec::new(),
        },
        Change::TakenBack(Relation::Follow(follower, followee)) => {
            format!("follow.removed {follower} {followee}")
        }
        Change::TakenBack(Relation::Request(asker, user)) => format!("request.removed {asker} {user}"),
        Change::TakenBack(Relation::Like(user, photo)) => format!("like.removed {user} {photo}"),
        Change::TakenBack(Relation::CommentLike(user, path)) => {
            format!("comment_like.removed {user} {path}")
        }
        Change::Uncommented { user, comment, .. } => format!("comment.removed {user} {comment}"),
        Change::Ready { photo, .. } => format!("photo.ready {photo}"),
        Change::Failed(Remains { photo, .. }) => format!("photo.failed {photo}"),
        Change::Deleted(Remains { photo, .. }) => format!("photo.deleted {photo}"),
        _ => return Vec::new(),
    };
    vec![one]
}

/// Returns an event in the notation of [`wanted`].
pub fn told(event: &Event) -> String {
    let kind = event.kind();
    match event {
        Event::LikeAdded { user_id, photo_id, .. } | Event::LikeRemoved { user_id, photo_id } => {
            format!("{kind} {user_id} {photo_id}")
        }
        Event::FollowAdded { follower_id, followee_id, .. }
        | Event::FollowRemoved { follower_id, followee_id } => format!("{kind} {follower_id} {followee_id}"),
        Event::RequestAdded { asker_id, user_id, .. } | Event::RequestRemoved { asker_id, user_id } => {
            format!("{kind} {asker_id} {user_id}")
        }
        Event::RequestAccepted { user_id, asker_id } => format!("{kind} {user_id} {asker_id}"),
        Event::PhotoReady { photo_id, .. }
        | Event::PhotoFailed { photo_id, .. }
        | Event::PhotoDeleted { photo_id, .. } => format!("{kind} {photo_id}"),
        Event::CommentAdded { user_id, comment, .. }
        | Event::CommentRemoved { user_id, comment, .. }
        | Event::CommentLikeAdded { user_id, comment, .. }
        | Event::CommentLikeRemoved { user_id, comment } => format!("{kind} {user_id} {comment}"),
        Event::MentionAdded { mentioned_id, comment, .. } => format!("{kind} {mentioned_id} {comment}"),
        Event::PictureRemoved { .. }
        | Event::ReaderReturned { .. }
        | Event::AudienceChanged { .. }
        | Event::LinkAdded { .. }
        | Event::PasswordChanged { .. }
        | Event::SessionAdded { .. }
        | Event::DigestDue { .. }
        | Event::NotificationTold { .. }
        | Event::QuietEnded { .. } => kind.to_owned(),
    }
}

fn count<T>(edges: &[T]) -> i64 {
    i64::try_from(edges.len()).unwrap()
}
