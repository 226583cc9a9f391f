//! Likes of one photo by many people, through `notify` and `gather`. The rule itself is tested with ten thousand
//! (`domain::gathering`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

use std::time::Duration;

use domain::{Clock, Timestamp, UserId};
use gather::GatherHandler;
use messages::Event;
use messages::gather::DueRows;
use notify::NotifyHandler;
use runtime::sqs::answer;
use table::inbox::{self, due};
use table::like::{self, Like};
use testkit::{Outbox, Published, World, sqs_event};

const LIKES: u64 = 1_000;
const HOUR_MS: i64 = 60 * 60 * 1000;

#[tokio::test]
async fn a_thousand_likes_within_an_hour_are_told_at_most_five_times() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    let (published, start) = (Published::default(), world.clock.now());
    let notify = NotifyHandler::new(world.table.clone(), published.clone(), world.clock.shared());
    let (table, clock) = (world.table.clone(), world.clock.shared());
    let gather = GatherHandler::new(table, published.clone(), Outbox::default(), clock);
    let shard = u8::try_from(ann.user_id.get() % u64::from(due::SHARDS)).unwrap();
    let mut told: Vec<(u64, Timestamp)> = Vec::new();
    let hear = |told: &mut Vec<(u64, Timestamp)>| {
        told.extend(published.take().into_iter().map(|event| match event {
            Event::NotificationTold { state, told_at, .. } => (state, told_at),
            other => panic!("{other:?}"),
        }));
    };
    for minute in 0..70 {
        let minute_began = start.plus_ms(minute * 60_000);
        world.clock.set(minute_began);
        let message = DueRows { minute: due::minute(minute_began), shard };
        assert!(answer(&gather, sqs_event(&[message])).await.batch_item_failures.is_empty());
        let mut events = Vec::new();
        for number in (0..LIKES).filter(|number| number % 60 == minute.unsigned_abs() && minute < 60) {
            let (user_id, at) = (UserId::try_from(1_000 + number).unwrap(), world.clock.now());
            let username = format!("fan{number}");
            let liked = Like { username: username.clone(), author: ann.user_id, at };
            assert!(like::add(&world.table, user_id, photo, &liked).await.unwrap());
            events.push(Event::LikeAdded { photo_id: photo, author_id: ann.user_id, user_id, username, at });
            world.clock.advance(Duration::from_secs(3));
        }
        for batch in events.chunks(10) {
            assert!(answer(&notify, sqs_event(batch)).await.batch_item_failures.is_empty());
        }
        hear(&mut told);
    }
    let within = told.iter().filter(|(_, at)| at.0 < start.0 + HOUR_MS).count();
    assert!((3..=5).contains(&within), "{told:?}");
    assert!(told.iter().map(|(state, _)| *state).eq(1..=told.len() as u64), "each is told once: {told:?}");
    let page = inbox::page(&world.table, ann.user_id, None, 10, world.clock.now()).await.unwrap();
    let [row] = &page.items[..] else { panic!("one row: {page:?}") };
    assert_eq!((row.row.actor_count, Some(row.place)), (LIKES, told.last().map(|(_, at)| *at)));
    // Everything is told after an hour.
    assert!(row.place.0 >= start.0 + HOUR_MS);
    assert_eq!(inbox::state_latest(&world.table, ann.user_id).await.unwrap().unread, 1);
}
