//! The handler under test, with its world.

use std::time::Duration;
use table::Order;
use table::relations::EdgeState;

use api::Caller;
use backfill::{BackfillHandler, Objects};
use domain::{Clock, PhotoId};
use messages::Event;
use runtime::sqs::answer;
use serde_json::Value;
use testkit::{Objects as Store, Outbox, World, sqs_event};

pub const PHOTOS: &str = "photos";
pub const UPLOADS: &str = "uploads";

pub struct Stage {
    pub world: World,
    pub store: Store,
    pub outbox: Outbox,
    deps: BackfillHandler<Outbox>,
}

impl Stage {
    pub async fn new() -> Self {
        let (world, store) = (World::new().await, Store::start().await);
        let outbox = Outbox::default();
        let objects = Objects::new(store.client(), PHOTOS, UPLOADS);
        let deps = BackfillHandler::new(world.table.clone(), outbox.clone(), objects, world.clock.shared());
        Self { world, store, outbox, deps }
    }

    /// Delivers a batch; returns the ids of the messages that come again.
    pub async fn deliver(&self, events: &[Event]) -> Vec<String> {
        let response = answer(&self.deps, sqs_event(events)).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Delivers messages one after the other.
    pub async fn deliver_each<'a>(&self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            assert!(self.deliver(std::slice::from_ref(event)).await.is_empty(), "{event:?}");
        }
    }

    pub async fn deliver_real(&self, event: Value) {
        let response = answer(&self.deps, serde_json::from_value(event).unwrap()).await;
        assert!(response.batch_item_failures.is_empty());
    }

    /// Lists a photo of `author` without creating it, because a rebuild reads ids alone.
    pub async fn list(&self, author: &Caller) -> PhotoId {
        self.world.clock.advance(Duration::from_secs(1));
        let photo = PhotoId::generate(author.user_id, &self.world.clock, &self.world.random);
        table::settle(
            &self.world.table,
            vec![EdgeState::timeline(author.user_id, photo, Some(&[]))],
            Order::InOrder,
        )
        .await
        .unwrap();
        photo
    }

    pub async fn push(&self, reader: &Caller, author: &Caller, photo: PhotoId) {
        let entry = domain::feed::Entry { photo, author: author.user_id };
        table::feed::push(&self.world.table, &[reader.user_id], &[entry], self.world.clock.now())
            .await
            .unwrap();
    }

    /// Lets the reader return; returns the message that follows from it.
    pub async fn come_back(&self, reader: &Caller) -> Event {
        let now = self.world.clock.now();
        table::reader::mark_returned(&self.world.table, reader.user_id, now).await.unwrap();
        Event::ReaderReturned { user_id: reader.user_id, mark: now.0 }
    }
}

pub fn newest_first(mut photos: Vec<PhotoId>) -> Vec<PhotoId> {
    photos.sort_unstable_by(|a, b| b.cmp(a));
    photos
}
