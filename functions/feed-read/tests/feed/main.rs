//! The feed through the handler, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod celebrities;
mod hidden;
mod many;
mod newer;
mod world;

use std::time::Duration;

use domain::PhotoId;
use domain::feed::FEED_LEN;
use domain::media::{Encoding, Size};
use serde_json::json;
use testkit::http::{call, event};
use world::{World, ids};

fn newest_first(photos: &[PhotoId]) -> Vec<PhotoId> {
    let mut photos = photos.to_vec();
    photos.sort_unstable_by(|a, b| b.cmp(a));
    photos
}

#[tokio::test]
async fn when_nobody_is_followed_then_the_feed_is_empty_and_ends() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let answer = world.get(&reader, 20, None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json,
        json!({ "photos": [], "next_cursor": null, "has_more": false, "caught_up": true })
    );
}

#[tokio::test]
async fn when_api_gateway_sends_a_real_event_then_it_is_answered() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let token = testkit::token_for(&reader, domain::Clock::now(&world.clock));
    let answer =
        call(&world.cold(), &world.clock, event("feed-read", "first-page", &[("token", &token)])).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let answer =
        call(&world.cold(), &world.clock, event("feed-read", "first-page", &[("token", "x.y.z")])).await;
    assert_eq!((answer.status, answer.code()), (401, "token_invalid"));
}

#[tokio::test]
async fn when_a_dormant_reader_returns_then_the_page_is_full_and_marks_them() {
    let world = World::new().await;
    let (reader, ann, bob) =
        (world.person("reader").await, world.person("ann").await, world.person("bob").await);
    world.follow(&reader, &ann).await;
    world.follow(&reader, &bob).await;
    let mut posted = Vec::new();
    for _ in 0..4 {
        posted.push(world.post(&ann).await);
        posted.push(world.post(&bob).await);
    }
    // The reader was never here before: nothing was pushed, and the page is pulled at once.
    let page = world.get(&reader, 5, None).await;
    assert_eq!(ids(&page.json), newest_first(&posted)[..5]);
    let state = table::reader::get_latest(&world.table, reader.user_id).await.unwrap().unwrap();
    assert!(state.rebuild.is_some());
    // The reader returns after a year.
    world.rebuild(&reader).await;
    world.clock.advance_days(365);
    posted.push(world.post(&ann).await);
    assert_eq!(ids(&world.get(&reader, 20, None).await.json), newest_first(&posted));
    let again = table::reader::get_latest(&world.table, reader.user_id).await.unwrap().unwrap();
    assert!(again.rebuild > state.rebuild && again.active_on > state.active_on);
}

#[tokio::test]
async fn when_a_late_push_lands_within_the_snapshot_then_it_shows_once() {
    let world = World::new().await;
    let (reader, ann, bob) =
        (world.person("reader").await, world.person("ann").await, world.person("bob").await);
    world.follow(&reader, &ann).await;
    world.follow(&reader, &bob).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(world.post(&ann).await);
        all.push(world.post(&bob).await);
    }
    world.get(&reader, 1, None).await;
    world.rebuild(&reader).await;
    // One photo was in processing while the snapshot was taken: it is older than others there.
    let late = world.draft(&ann, 1).await;
    all.push(world.post(&bob).await);
    world.push(&reader, &bob, all[6]).await;
    world.finish(&late).await;
    world.derive().await;
    all.push(late.id);
    for photo in [late.id, all[0], all[4]] {
        world.push(&reader, &ann, photo).await;
    }
    for count in [1, 2, 3, 20] {
        let pages = world.scroll(&reader, count).await;
        assert_eq!(pages.concat(), newest_first(&all), "{count} a page");
    }
}

#[tokio::test]
async fn when_the_reader_is_active_then_pushed_entries_show_once_in_order() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    world.activate(&reader).await;
    let mut posted = Vec::new();
    for _ in 0..7 {
        let photo = world.post(&ann).await;
        // A redelivered fan-out message writes the same entry.
        world.push(&reader, &ann, photo).await;
        world.push(&reader, &ann, photo).await;
        posted.push(photo);
    }
    world.like(&reader, &ann, posted[6]).await;
    let page = world.get(&reader, 3, None).await.json;
    assert_eq!(ids(&page), newest_first(&posted)[..3]);
    assert_eq!(page["photos"][0]["liked_by_user"], true);
    assert_eq!(page["photos"][1]["liked_by_user"], false);
    assert_eq!(page["photos"][0]["username"], "ann");
    let newest = table::photo::get(&world.table, posted[6]).await.unwrap().unwrap();
    assert_eq!(
        page["photos"][0]["url"],
        json!(format!("https://cdn.test/{}", newest.address(0).key(Size::Large, Encoding::Jpeg)))
    );
    assert_eq!(world.scroll(&reader, 3).await.concat(), newest_first(&posted));
}

#[tokio::test]
async fn when_pushed_entries_end_then_the_snapshot_continues_them() {
    let world = World::new().await;
    let (reader, ann, bob) =
        (world.person("reader").await, world.person("ann").await, world.person("bob").await);
    world.follow(&reader, &ann).await;
    world.follow(&reader, &bob).await;
    let mut posted = Vec::new();
    // One author has more photos than a head holds, and all of them more than a chunk.
    for number in 0..260 {
        world.clock.advance(Duration::from_mins(1));
        posted.push(world.post(if number % 9 == 0 { &bob } else { &ann }).await);
    }
    world.get(&reader, 1, None).await;
    world.rebuild(&reader).await;
    for _ in 0..25 {
        let photo = world.post(&ann).await;
        world.push(&reader, &ann, photo).await;
        posted.push(photo);
    }
    for count in [7, 20, 50] {
        assert_eq!(world.scroll(&reader, count).await.concat(), newest_first(&posted), "pages of {count}");
    }
}

#[tokio::test]
async fn when_the_snapshot_is_not_taken_yet_then_pages_continue_what_was_found() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let authors = world.people("author", 5).await;
    let mut posted = Vec::new();
    for author in &authors {
        world.follow(&reader, author).await;
    }
    for number in 0..FEED_LEN + 20 {
        world.clock.advance(Duration::from_mins(1));
        posted.push(world.post(&authors[number % 5]).await);
    }
    let first = world.get(&reader, 20, None).await.json;
    assert_eq!(ids(&first), newest_first(&posted)[..20]);
    world.engine.reset_usage();
    let (mut seen, mut page) = (ids(&first), first);
    while seen.len() < FEED_LEN {
        page = world.get(&reader, 20, page["next_cursor"].as_str()).await.json;
        seen.extend(ids(&page));
    }
    assert_eq!(seen, newest_first(&posted)[..FEED_LEN]);
    assert_eq!(world.engine.usage().requests_of("UpdateItem"), 0);
    // Nothing further down is known before the whole snapshot is taken. The page says so, and waits.
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    page = world.get(&reader, 20, Some(&cursor)).await.json;
    assert_eq!(
        (ids(&page), page["has_more"].clone(), page["caught_up"].clone()),
        (vec![], json!(true), json!(false))
    );
    world.rebuild(&reader).await;
    page = world.get(&reader, 20, page["next_cursor"].as_str()).await.json;
    assert_eq!(ids(&page), newest_first(&posted)[FEED_LEN..]);
    assert_eq!(page["caught_up"], true);
}

#[tokio::test]
async fn when_what_a_return_found_was_not_stored_then_the_next_page_looks_again() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    let posted = [world.post(&ann).await, world.post(&ann).await];
    world.engine.fail_next("BatchWriteItem", 1, testkit::Fault::Crash);
    assert!(world.get(&reader, 1, None).await.status >= 500);
    for count in [1, 20] {
        assert_eq!(world.scroll(&reader, count).await.concat(), newest_first(&posted), "{count} a page");
    }
}

#[tokio::test]
async fn when_authors_are_followed_and_unfollowed_then_the_feed_follows_at_once() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let [stays, goes, comes] =
        [world.person("stays").await, world.person("goes").await, world.person("comes").await];
    let (mut posted, mut hidden) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        for author in [&stays, &goes, &comes] {
            let photo = world.post(author).await;
            if author == &goes { hidden.push(photo) } else { posted.push(photo) }
        }
    }
    world.follow(&reader, &stays).await;
    world.follow(&reader, &goes).await;
    world.get(&reader, 1, None).await;
    world.rebuild(&reader).await;
    let now = domain::Clock::now(&world.clock);
    let photos = newest_first(&posted)
        .into_iter()
        .filter(|photo| posted.iter().position(|p| p == photo).unwrap() % 2 == 1);
    table::snapshot::add_author(&world.table, reader.user_id, comes.user_id, photos.collect(), now)
        .await
        .unwrap();
    table::reader::follow(&world.table, reader.user_id, comes.user_id).await.unwrap();
    table::reader::unfollow(&world.table, reader.user_id, goes.user_id).await.unwrap();
    for count in [1, 3, 20] {
        assert_eq!(world.scroll(&reader, count).await.concat(), newest_first(&posted), "{count} a page");
    }
}

#[tokio::test]
async fn when_photos_are_gone_then_pages_refill_and_cursors_stay_valid() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    world.activate(&reader).await;
    let mut posted = Vec::new();
    for _ in 0..30 {
        let photo = world.post(&ann).await;
        world.push(&reader, &ann, photo).await;
        posted.push(photo);
    }
    let first = world.get(&reader, 5, None).await.json;
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    // The photo that the cursor names and the twelve after it are deleted; their entries are still
    // in the feed.
    for photo in &posted[13..26] {
        world.delete(&ann, *photo).await;
    }
    world.clock.advance(Duration::from_secs(10));
    let second = world.get(&reader, 5, Some(&cursor)).await.json;
    assert_eq!(ids(&second), newest_first(&posted[8..13]));
    assert_eq!(second["has_more"], true);
}

#[tokio::test]
async fn when_the_last_photos_are_gone_then_the_feed_ends_without_an_empty_page() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    world.activate(&reader).await;
    let mut posted = Vec::new();
    for _ in 0..6 {
        let photo = world.post(&ann).await;
        world.push(&reader, &ann, photo).await;
        posted.push(photo);
    }
    world.delete(&ann, posted[0]).await;
    world.derive().await;
    assert_eq!(world.scroll(&reader, 5).await, [newest_first(&posted[1..])]);
}

#[tokio::test]
async fn when_an_entry_has_expired_then_the_next_snapshot_has_the_photo() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    world.activate(&reader).await;
    let old = world.post(&ann).await;
    world.push(&reader, &ann, old).await;
    // Every visit within the life of the entry shows it, and one of them asks for a snapshot.
    let mut asked = 0;
    for _ in 0..8 {
        world.clock.advance_days(5);
        assert_eq!(ids(&world.get(&reader, 1, None).await.json), [old]);
        let state = table::reader::get_latest(&world.table, reader.user_id).await.unwrap().unwrap();
        if state.rebuild.is_some() {
            asked += 1;
            world.rebuild(&reader).await;
        }
    }
    assert_eq!(asked, 2, "every two weeks");
    let new = world.post(&ann).await;
    world.push(&reader, &ann, new).await;
    assert_eq!(world.scroll(&reader, 10).await.concat(), [new, old]);
}

#[tokio::test]
async fn when_the_cursor_or_the_count_is_bad_then_it_is_refused_unread() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    world.engine.reset_usage();
    let likers = domain::cursor::List::Likers.cursor(&reader.user_id);
    for bad in ["", "x", "!!", likers.as_str()] {
        let answer = world.get(&reader, 20, Some(bad)).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_cursor"), "{bad:?}");
    }
    let answer = world.get(&reader, 51, None).await;
    assert_eq!((answer.status, answer.code()), (400, "bad_count"));
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn a_page_of_twenty_stays_within_its_budget() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    world.activate(&reader).await;
    for _ in 0..30 {
        let photo = world.post(&ann).await;
        world.push(&reader, &ann, photo).await;
        world.like(&reader, &ann, photo).await;
    }
    let deps = world.cold();
    world.engine.reset_usage();
    assert_eq!(ids(&world.get_from(&deps, &reader, 20, None).await.json).len(), 20);
    let cold = world.engine.usage();
    assert_eq!(cold.round_trips, 2, "{cold:?}");
    assert!(cold.read_units <= 15.5 && cold.write_units == 0.0, "{cold:?}");

    world.engine.reset_usage();
    assert_eq!(ids(&world.get_from(&deps, &reader, 20, None).await.json).len(), 20);
    let warm = world.engine.usage();
    assert!(warm.round_trips <= 2 && warm.read_units <= 4.0, "{warm:?}");
}

#[tokio::test]
async fn a_page_of_maximal_photos_is_short_and_within_the_budget() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.follow(&reader, &ann).await;
    world.activate(&reader).await;
    let mut posted = Vec::new();
    for _ in 0..21 {
        let photo = world.post_maximal(&ann).await;
        world.push(&reader, &ann, photo.id).await;
        posted.push(photo.id);
    }
    world.derive().await;
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let deps = world.cold();
        world.engine.reset_usage();
        let page = world.get_from(&deps, &reader, 20, cursor.as_deref()).await.json;
        let usage = world.engine.usage();
        assert!(usage.round_trips <= 5 && usage.read_units <= 31.0, "{usage:?}");
        for photo in page["photos"].as_array().unwrap() {
            assert_eq!(photo["caption"].as_str().unwrap().chars().count(), 2_200);
            assert_eq!(photo["media"][9]["alt"].as_str().unwrap().chars().count(), 1_000);
            assert_eq!(photo["tags"].as_array().unwrap().len(), 30);
        }
        assert!((1..20).contains(&ids(&page).len()));
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, newest_first(&posted));
}

#[tokio::test]
async fn the_return_of_a_reader_with_many_followees_stays_within_its_budget() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let mut posted = Vec::new();
    for number in 0..150 {
        let author = world.person(&format!("author{number}")).await;
        world.follow(&reader, &author).await;
        posted.push(world.post(&author).await);
    }
    world.engine.reset_usage();
    let page = world.get(&reader, 20, None).await;
    assert_eq!(ids(&page.json), newest_first(&posted)[..20]);
    let usage = world.engine.usage();
    // Every page has two round trips. The return adds four: mark, followees, heads (two batches side by
    // side), and what was found is stored.
    assert!(usage.round_trips <= 6, "{usage:?}");
    // 0.6 RRU for each of the 150 followees, and the page itself.
    // Mark and what was found are 1 and 3 WRU.
    assert!(usage.read_units <= 0.6 * 150.0 + 15.5 && usage.write_units <= 4.0, "{usage:?}");
}
