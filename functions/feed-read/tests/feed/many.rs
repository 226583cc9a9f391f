//! Readers who follow thousands: every page keeps its budget, whomever and however many they follow.

use api::Caller;
use domain::Clock;
use domain::feed::FEED_LEN;
use serde_json::Value;
use testkit::Followees;

use crate::world::{World, ids};

const FOLLOWEES: u32 = 3_500;
/// Stores that `reader` follows them, and their photos from the newest on.
fn store(world: &World, reader: &Caller, followees: &Followees, shown: usize, celebrities: bool) {
    world.engine.import(followees.items(reader.user_id, shown, celebrities));
}

/// Reads a page by a process that has cached nothing, and holds its budget.
async fn page(world: &World, reader: &Caller, cursor: Option<&str>) -> Value {
    world.engine.reset_usage();
    let answer = world.get_from(&world.cold(), reader, 20, cursor).await;
    let usage = world.engine.usage();
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert!(usage.read_units <= 60.0 && usage.round_trips <= 12, "{usage:?}");
    answer.json
}

/// Reads the page of a return, which looks at everyone.
async fn return_page(world: &World, reader: &Caller) -> Value {
    world.engine.reset_usage();
    let page = world.get(reader, 20, None).await.json;
    let usage = world.engine.usage();
    assert!(usage.read_units <= 0.6 * f64::from(FOLLOWEES) + 60.0, "{usage:?}");
    assert!(usage.round_trips <= 12, "{usage:?}");
    page
}

fn cursor(page: &Value) -> String {
    page["next_cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn when_thousands_are_quiet_then_the_newest_200_show_and_the_feed_ends() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let followees = Followees::quiet(FOLLOWEES, world.clock.now());
    store(&world, &reader, &followees, FEED_LEN, false);
    let truth = followees.photos();
    let mut page_now = return_page(&world, &reader).await;
    let mut seen = ids(&page_now);
    // The second page comes before the snapshot is taken.
    page_now = page(&world, &reader, Some(&cursor(&page_now))).await;
    seen.extend(ids(&page_now));
    world.rebuild(&reader).await;
    while page_now["has_more"] == true {
        page_now = page(&world, &reader, Some(&cursor(&page_now))).await;
        seen.extend(ids(&page_now));
    }
    assert_eq!(seen, truth[..FEED_LEN]);
    assert_eq!(page_now["caught_up"], true);
}

#[tokio::test]
async fn when_thousands_are_busy_then_deep_pages_cost_as_little_as_the_first() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let followees = Followees::busy(FOLLOWEES, world.clock.now());
    let deep = 1_000;
    store(&world, &reader, &followees, deep + 60, false);
    let truth = followees.photos();
    let first = return_page(&world, &reader).await;
    assert_eq!(ids(&first), truth[..20]);
    let second = page(&world, &reader, Some(&cursor(&first))).await;
    assert_eq!(ids(&second), truth[20..40]);
    world.rebuild(&reader).await;
    let mut place = 20;
    for (cursor, to) in
        [(cursor(&first), 60), (domain::cursor::List::Feed.cursor(&truth[deep - 1]), deep + 40)]
    {
        place = if to > deep { deep } else { place };
        let mut cursor = Some(cursor);
        while place < to {
            let page = page(&world, &reader, cursor.as_deref()).await;
            assert_eq!(ids(&page), truth[place..place + 20]);
            place += 20;
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
    }
}

#[tokio::test]
async fn when_thousands_are_celebrities_then_pages_cost_as_little() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let followees = Followees::busy(FOLLOWEES, world.clock.now());
    store(&world, &reader, &followees, 200, true);
    let truth = followees.photos();
    let first = return_page(&world, &reader).await;
    assert_eq!(ids(&first), truth[..20]);
    world.rebuild(&reader).await;
    let mut seen = Vec::new();
    let mut next = None;
    for _ in 0..5 {
        let page = page(&world, &reader, next.as_deref()).await;
        seen.extend(ids(&page));
        next = Some(cursor(&page));
    }
    assert_eq!(seen, truth[..100]);
}
