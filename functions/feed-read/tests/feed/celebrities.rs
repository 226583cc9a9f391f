//! Photos of celebrities, pulled and merged among the pushed ones.

use std::time::Duration;

use api::Caller;
use domain::PhotoId;
use domain::feed::DeliveryMode;
use testkit::Fault;

use crate::newest_first;
use crate::world::{World, ids};

/// Creates a celebrity with one photo from before the promotion, whose photos `reader` pulls.
async fn celebrity(world: &World, name: &str, reader: &Caller) -> (Caller, PhotoId) {
    let star = world.person(name).await;
    world.follow(reader, &star).await;
    let early = world.post(&star).await;
    world.push(reader, &star, early).await;
    world.deliver_by(&star, DeliveryMode::Celebrity).await;
    table::reader::pull_from(&world.table, reader.user_id, star.user_id).await.unwrap();
    (star, early)
}

async fn active_reader(world: &World, name: &str) -> Caller {
    let reader = world.person(name).await;
    world.activate(&reader).await;
    reader
}

#[tokio::test]
async fn when_a_celebrity_posts_then_it_shows_at_once_and_in_order() {
    let world = World::new().await;
    let reader = active_reader(&world, "reader").await;
    let (ann, (star, early)) = (world.person("ann").await, celebrity(&world, "star", &reader).await);
    world.follow(&reader, &ann).await;
    let mut all = vec![early];
    for _ in 0..4 {
        let photo = world.post(&ann).await;
        world.push(&reader, &ann, photo).await;
        all.extend([photo, world.post(&star).await]);
    }
    // The last photo is newer than everything pushed.
    for count in [1, 2, 3, 20] {
        let pages = world.scroll(&reader, count).await;
        assert_eq!(pages.concat(), newest_first(&all), "{count} a page");
    }
}

#[tokio::test]
async fn when_a_pulled_photo_is_pushed_then_it_shows_once_throughout() {
    let world = World::new().await;
    let reader = active_reader(&world, "reader").await;
    let (star, early) = celebrity(&world, "star", &reader).await;
    let photo = world.post(&star).await;
    let seen = || async { world.scroll(&reader, 20).await.concat() };
    assert_eq!(seen().await, [photo, early]);
    world.push(&reader, &star, photo).await;
    assert_eq!(seen().await, [photo, early], "pushed and pulled");
    world.mark_pushed(&star, photo).await;
    assert_eq!(seen().await, [photo, early], "pulled from the cached head, and pushed");
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(seen().await, [photo, early], "pushed alone");
}

#[tokio::test]
async fn when_a_celebritys_photos_are_never_pushed_then_the_feed_is_right() {
    let world = World::new().await;
    let reader = active_reader(&world, "reader").await;
    let (ann, (star, early)) = (world.person("ann").await, celebrity(&world, "star", &reader).await);
    world.follow(&reader, &ann).await;
    let mut all = vec![early];
    for number in 0..domain::feed::UNPUSHED_LEN + 5 {
        // The upload limit is a hundred photos an hour.
        world.clock.advance(Duration::from_mins(1));
        all.push(world.post(&star).await);
        if number % 10 == 0 {
            let photo = world.post(&ann).await;
            world.push(&reader, &ann, photo).await;
            all.push(photo);
        }
    }
    for count in [7, 20] {
        assert_eq!(world.scroll(&reader, count).await.concat(), newest_first(&all), "{count} a page");
    }
}

#[tokio::test]
async fn when_many_pages_pull_the_same_heads_then_they_share_one_read() {
    let world = World::new().await;
    let readers = [
        active_reader(&world, "one").await,
        active_reader(&world, "two").await,
        active_reader(&world, "three").await,
    ];
    let mut stars = Vec::new();
    for name in ["star", "other"] {
        let (star, _) = celebrity(&world, name, &readers[0]).await;
        stars.push((world.post(&star).await, star));
    }
    for reader in &readers[1..] {
        let photo = world.post(&stars[0].1).await;
        world.push(reader, &stars[0].1, photo).await;
        for (_, star) in &stars {
            table::reader::pull_from(&world.table, reader.user_id, star.user_id).await.unwrap();
        }
    }
    let deps = world.cold();
    world.engine.reset_usage();
    let pages =
        futures::future::join_all(readers.iter().map(|reader| world.get_from(&deps, reader, 1, None))).await;
    assert!(pages.iter().all(|page| ids(&page.json).len() == 1));
    // Each page reads its photos with one batch; all pages together read both heads with one.
    assert_eq!(world.engine.usage().requests_of("BatchGetItem"), 3 + 1, "{:?}", world.engine.usage());

    world.engine.reset_usage();
    world.get_from(&deps, &readers[0], 1, None).await;
    assert_eq!(world.engine.usage().requests_of("BatchGetItem"), 0, "heads and photos are cached");
    world.clock.advance(Duration::from_secs(3));
    world.engine.reset_usage();
    world.get_from(&deps, &readers[0], 1, None).await;
    assert_eq!(world.engine.usage().requests_of("BatchGetItem"), 2, "the cache has expired");
}

#[tokio::test]
async fn when_reading_heads_fails_then_the_page_fails_and_the_next_reads_again() {
    let world = World::new().await;
    let reader = active_reader(&world, "reader").await;
    let (star, early) = celebrity(&world, "star", &reader).await;
    let photo = world.post(&star).await;
    // The page reads twice: first in the shared read, then for itself.
    world.engine.fail_next("BatchGetItem", 2 * testkit::ATTEMPTS, Fault::Unavailable);
    let failed = world.get(&reader, 20, None).await;
    assert!(failed.status >= 500, "{}", failed.json);
    assert_eq!(ids(&world.get(&reader, 20, None).await.json), [photo, early]);
}

#[tokio::test]
async fn a_page_with_celebrities_stays_within_its_budget() {
    let world = World::new().await;
    let reader = active_reader(&world, "reader").await;
    let ann = world.person("ann").await;
    for number in 0..5 {
        let (star, _) = celebrity(&world, &format!("star{number}"), &reader).await;
        world.post(&star).await;
    }
    for _ in 0..20 {
        let photo = world.post(&ann).await;
        world.push(&reader, &ann, photo).await;
    }
    let deps = world.cold();
    world.engine.reset_usage();
    world.get_from(&deps, &reader, 20, None).await;
    let cold = world.engine.usage();
    // The page costs one round trip more than one without celebrities, and half a unit for each of them.
    assert!(cold.round_trips <= 3 && cold.read_units <= 15.5 + 5.0 * 0.5, "{cold:?}");
    world.engine.reset_usage();
    world.get_from(&deps, &reader, 20, None).await;
    let warm = world.engine.usage();
    assert!(warm.round_trips <= 2 && warm.read_units <= 4.0, "{warm:?}");
}
