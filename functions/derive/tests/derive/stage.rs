//! The handler, a world whose stream it is given, and whoever it publishes to.

use std::collections::BTreeSet;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex};

use api::Caller;
use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use derive::{Deps, Publisher, Unpublished};
use domain::{PhotoId, UserId};
use messages::Event;
use table::follow::From;
use table::{follow, like, photo, timeline};
use testkit::{World, stream_event};

/// Keeps what is published. Clones share it.
#[derive(Clone, Default)]
pub struct Published(Arc<Mutex<(Vec<Event>, Option<usize>)>>);

impl Published {
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    /// The next time, refuses the events from this one on.
    pub fn refuse_from(&self, place: usize) {
        self.0.lock().unwrap().1 = Some(place);
    }
}

impl Publisher for Published {
    fn publish(&self, events: &[Event]) -> impl Future<Output = Result<(), Unpublished>> + Send {
        let mut state = self.0.lock().unwrap();
        let refused = state.1.take();
        state.0.extend(events.iter().take(refused.unwrap_or(events.len())).cloned());
        ready(
            refused.map_or(Ok(()), |place| Err(Unpublished { place, source: "refused by the test".into() })),
        )
    }
}

pub struct Stage {
    pub world: World,
    pub published: Published,
    deps: Deps<Published>,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(World::new().await)
    }

    pub fn with(world: World) -> Self {
        let published = Published::default();
        let deps = Deps::new(world.table.clone(), published.clone());
        Self { world, published, deps }
    }

    /// Delivers a batch; the sequence number that Lambda is told to start again from.
    pub async fn deliver(&self, records: &[EventRecord]) -> Option<String> {
        self.deliver_event(stream_event(records.to_vec())).await
    }

    pub async fn deliver_event(&self, event: StreamEvent) -> Option<String> {
        let response = runtime::stream::answer(&self.deps, event).await;
        assert!(response.batch_item_failures.len() <= 1);
        response.batch_item_failures.into_iter().next()?.item_identifier
    }

    /// Delivers everything that has not been delivered yet. What was derived is in the stream too; the template's filter
    /// keeps it from the function.
    pub async fn drain(&self) {
        let records = self.world.engine.stream().await;
        assert_eq!(self.deliver(&records).await, None);
        self.world.engine.stream().await;
    }

    pub async fn likes(&self, photo: PhotoId) -> i64 {
        photo::get(&self.world.table, photo).await.unwrap().unwrap().likes
    }

    /// Every counter equals the number of its derived edges, and those are the actors' edges the other way round.
    pub async fn assert_exact(&self, people: &[&Caller], photos: &[PhotoId]) {
        let table = &self.world.table;
        let mut claimed: BTreeSet<(UserId, UserId)> = BTreeSet::new();
        let mut derived: BTreeSet<(UserId, UserId)> = BTreeSet::new();
        for person in people {
            let (id, profile) = (person.user_id, self.world.profile(person).await);
            let followers = follow::followers(table, id, From::Hash(0), u16::MAX, 1_000).await.unwrap().items;
            let following = follow::following(table, id, None, 1_000).await.unwrap().items;
            let photos = timeline::page(table, id, None, 1_000).await.unwrap().items;
            assert_eq!(profile.followers, count(&followers), "followers of {}", person.username);
            assert_eq!(profile.following, count(&following), "whom {} follows", person.username);
            assert_eq!(profile.photos, count(&photos), "photos of {}", person.username);
            derived.extend(followers.into_iter().map(|follower| (follower, id)));
            claimed.extend(following.into_iter().map(|followee| (id, followee)));
        }
        assert_eq!(derived, claimed);
        for &photo in photos {
            let likers = like::likers(table, photo, None, 1_000).await.unwrap().items;
            assert_eq!(self.likes(photo).await, count(&likers));
            let likers: BTreeSet<UserId> = likers.into_iter().collect();
            for person in people {
                let likes = like::liked_among(table, person.user_id, &[photo]).await.unwrap();
                assert_eq!(likers.contains(&person.user_id), likes.contains(&photo), "{}", person.username);
            }
        }
    }
}

fn count<T>(edges: &[T]) -> i64 {
    i64::try_from(edges.len()).unwrap()
}
