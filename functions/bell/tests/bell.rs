//! Announcing photos to whoever has a bell on, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;

use api::Caller;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use bell::{BellHandler, Queues};
use domain::media::AddressSecret;
use domain::{PhotoId, UserId};
use messages::{Event, HashRange};
use runtime::sqs::answer;
use table::keys::ItemKey;
use testkit::{Outbox, World, fixture, sqs_event};

struct Stage {
    world: World,
    queues: Queues<Outbox>,
    deps: BellHandler<Outbox>,
    author: Caller,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let author = world.person("author").await;
        let queues = Queues { bell: Outbox::default(), notify: Outbox::default() };
        let deps = BellHandler::new(world.table.clone(), queues.clone());
        Self { world, queues, deps, author }
    }

    async fn deliver(&self, events: &[Event]) -> Vec<String> {
        let response = answer(&self.deps, sqs_event(events)).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Creates people who follow the author and have a bell on.
    async fn listeners(&self, count: usize) -> Vec<Caller> {
        let people = self.world.people("listener", count).await;
        for person in &people {
            self.world.follow(person, &self.author).await;
            self.world.ring(person, &self.author).await;
        }
        self.world.derive().await;
        people
    }

    /// Creates edges of bells of people without an account.
    async fn crowd(&self, people: impl Iterator<Item = u64>) {
        let write = |number| {
            let key = ItemKey::Bell(self.author.user_id, UserId::try_from(number).unwrap()).raw();
            let put = PutRequest::builder().item("pk", AttributeValue::S(key.pk));
            let put = put.item("sk", AttributeValue::S(key.sk));
            let put = put.item("version", AttributeValue::N("1".to_owned())).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        for batch in people.map(write).collect::<Vec<_>>().chunks(25) {
            let request = self.world.engine.client().batch_write_item();
            request.request_items(self.world.engine.table_name(), batch.to_vec()).send().await.unwrap();
        }
    }

    /// Delivers a message and the parts that it is split into, each twice and the last first. Returns the ranges of
    /// the parts.
    async fn deliver_all(&self, event: Event) -> Vec<HashRange> {
        let (mut waiting, mut ranges) = (vec![event], Vec::new());
        while let Some(event) = waiting.pop() {
            assert!(self.deliver(std::slice::from_ref(&event)).await.is_empty());
            let parts: Vec<Event> = self.queues.bell.take();
            assert!(self.deliver(&[event]).await.is_empty());
            assert_eq!(self.queues.bell.take::<Event>(), parts);
            ranges.extend(parts.iter().map(range));
            waiting.extend(parts);
        }
        ranges
    }

    /// Returns whom the photo was announced to, each once.
    fn announced(&self, photo: PhotoId) -> BTreeSet<UserId> {
        let recipient = |event: Event| match event {
            Event::PostAnnounced { recipient_id, photo_id, author_id } => {
                assert_eq!((photo_id, author_id), (photo, self.author.user_id));
                recipient_id
            }
            other => panic!("{other:?}"),
        };
        self.queues.notify.take::<Event>().into_iter().map(recipient).collect()
    }

    fn ready(&self, photo: PhotoId) -> Event {
        Event::PhotoReady { photo_id: photo, author_id: self.author.user_id, followers: HashRange::ALL }
    }

    fn deleted(&self, photo: PhotoId) -> Event {
        Event::PhotoDeleted {
            photo_id: photo,
            author_id: self.author.user_id,
            secret: AddressSecret::from(1),
            media: 1,
            blob_refs: vec![],
            followers: HashRange::ALL,
        }
    }
}

fn range(event: &Event) -> HashRange {
    match event {
        Event::PhotoReady { followers, .. } | Event::PhotoDeleted { followers, .. } => *followers,
        other => panic!("{other:?}"),
    }
}

fn ids<'a>(people: impl IntoIterator<Item = &'a Caller>) -> BTreeSet<UserId> {
    people.into_iter().map(|person| person.user_id).collect()
}

#[tokio::test]
async fn when_a_photo_is_ready_then_it_is_announced_to_whose_bell_is_on() {
    let stage = Stage::new().await;
    let people = stage.listeners(4).await;
    let follower = stage.world.person("follower").await;
    stage.world.follow(&follower, &stage.author).await;
    stage.world.silence(&people[1], &stage.author).await;
    stage.world.derive().await;
    let photo = stage.world.post(&stage.author).await;
    for _ in 0..2 {
        assert!(stage.deliver(&[stage.ready(photo)]).await.is_empty());
        assert_eq!(stage.announced(photo), ids([&people[0], &people[2], &people[3]]));
    }
    // It is taken back from whoever had one on, also by now.
    stage.world.delete(&stage.author, photo).await;
    assert!(stage.deliver(&[stage.deleted(photo)]).await.is_empty());
    assert_eq!(stage.announced(photo), ids(&people));
}

#[tokio::test]
async fn when_the_photo_is_gone_or_not_ready_then_nobody_is_looked_at() {
    let stage = Stage::new().await;
    stage.listeners(2).await;
    let pending = stage.world.draft(&stage.author, 1).await.id;
    let gone = stage.world.post(&stage.author).await;
    stage.world.delete(&stage.author, gone).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[stage.ready(pending), stage.ready(gone)]).await.is_empty());
    let usage = stage.world.engine.usage();
    assert!(usage.requests == 2 && usage.read_units <= 2.0, "{usage:?}");
    assert!(stage.announced(gone).is_empty());
}

#[tokio::test]
async fn when_nobody_has_a_bell_on_then_a_photo_costs_two_small_reads() {
    let stage = Stage::new().await;
    let photo = stage.world.post(&stage.author).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[stage.ready(photo)]).await.is_empty());
    let usage = stage.world.engine.usage();
    assert!(usage.requests == 2 && usage.read_units <= 2.0 && usage.writes() == 0, "{usage:?}");
    assert!(stage.announced(photo).is_empty());
}

#[tokio::test]
async fn when_bells_are_many_then_parts_reach_everybody_and_no_message_is_long() {
    const PEOPLE: u64 = 6_000;
    let stage = Stage::new().await;
    stage.crowd(1..=PEOPLE).await;
    let photo = stage.world.post(&stage.author).await;
    for event in [stage.ready(photo), stage.deleted(photo)] {
        let parts = stage.deliver_all(event).await;
        assert!((1..=4).contains(&parts.len()), "{parts:?}");
        let widest = parts.iter().map(|part| part.last - part.first).max().unwrap();
        assert!(widest < u16::MAX - u16::MAX / 4, "{parts:?}");
        assert_eq!(parts.iter().map(|part| part.last).max(), Some(u16::MAX));
        assert_eq!(stage.announced(photo).len() as u64, PEOPLE);
    }
}

#[tokio::test]
async fn when_bells_are_as_many_as_fit_then_they_are_announced_at_once() {
    let stage = Stage::new().await;
    let people = HashRange::PART.unsigned_abs();
    stage.crowd(1..=people).await;
    let photo = stage.world.post(&stage.author).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[stage.ready(photo)]).await.is_empty());
    let usage = stage.world.engine.usage();
    assert!(stage.queues.bell.take::<Event>().is_empty());
    assert_eq!(stage.announced(photo).len() as u64, people);
    // Five pages.
    assert!(usage.requests <= 6 && usage.read_units <= 75.0 && usage.writes() == 0, "{usage:?}");
}

#[tokio::test]
async fn when_a_queue_refuses_then_the_message_comes_again() {
    for refuses in 0..2 {
        let stage = Stage::new().await;
        stage.crowd(1..=4_000).await;
        let photo = stage.world.post(&stage.author).await;
        let refusing = if refuses == 0 { &stage.queues.notify } else { &stage.queues.bell };
        refusing.fail_next(1);
        assert_eq!(stage.deliver(&[stage.ready(photo)]).await, ["message-0"]);
        stage.deliver_all(stage.ready(photo)).await;
        assert_eq!(stage.announced(photo).len(), 4_000);
    }
}

#[tokio::test]
async fn when_one_message_is_misdirected_then_the_others_are_handled() {
    let stage = Stage::new().await;
    let people = stage.listeners(1).await;
    let photo = stage.world.post(&stage.author).await;
    let stray = Event::LikeRemoved { photo_id: photo, user_id: people[0].user_id };
    assert_eq!(stage.deliver(&[stray, stage.ready(photo)]).await, ["message-0"]);
    assert_eq!(stage.announced(photo), ids(&people));
}

#[tokio::test]
async fn when_sqs_sends_real_events_then_they_are_announced() {
    let stage = Stage::new().await;
    let people = stage.listeners(1).await;
    let photo = stage.world.post(&stage.author).await;
    let values = [("photo_id", &*photo.to_string()), ("author_id", &*stage.author.user_id.to_string())];
    for case in ["photo-ready", "photo-deleted"] {
        let event = serde_json::from_value(fixture("bell", case, &values)).unwrap();
        assert!(answer(&stage.deps, event).await.batch_item_failures.is_empty());
        assert_eq!(stage.announced(photo), ids(&people));
    }
}
