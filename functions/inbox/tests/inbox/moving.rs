//! Walks through rows that move, and what is unread meanwhile.

use std::collections::HashSet;

use domain::inbox::{Actor, Once, RowId, Subject};
use domain::{Clock, PhotoId, UserId};
use futures::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use table::inbox as rows;
use testkit::START;
use testkit::http::Request;

use crate::{HOUR, READ, World};

/// Returns the ids and moments of a list of rows.
fn told(rows: &Value) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(|row| (text(row, "id"), text(row, "created_at"))).collect()
}

#[tokio::test]
async fn when_more_is_told_than_a_page_then_the_oldest_comes_beside_it_first() {
    let world = World::new().await;
    let ids = world.likes(1..6).await;
    let mut page = world.page(2, None).await;
    assert!(page.get("newer").is_none());
    let mut later = Vec::new();
    for number in 0..5 {
        let at = START.plus_ms(number);
        later.push(world.happens(Subject::Like(PhotoId::floor(at)), 1, at).await.to_string());
    }
    let (mut older, mut newer) = (told(&page["notifications"]), Vec::new());
    // The list ends with the third page, and what was told meanwhile with the fourth.
    for pages in [2, 3, 4] {
        page = world.page(2, page["next_cursor"].as_str()).await;
        older.extend(told(&page["notifications"]));
        newer.push(told(&page["newer"]));
        assert_eq!(page["has_more"], pages < 4);
        assert_eq!(page["unread_count"], 10);
    }
    assert!(older.iter().map(|(id, _)| id).eq(&ids));
    let newer: Vec<Vec<&String>> = newer.iter().map(|rows| rows.iter().map(|(id, _)| id).collect()).collect();
    assert_eq!(newer, [vec![&later[1], &later[0]], vec![&later[3], &later[2]], vec![&later[4]]]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Rows are told again, and new ones come, while somebody walks through them.
    #[test]
    fn a_walk_skips_nothing_and_shows_nothing_twice(
        acts in prop::collection::vec(prop::option::weighted(0.7, 0..12_u64), 1..40),
        count in 1..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let photo = |number: u64| PhotoId::floor(START.plus_ms(-86_400_000 + i64::try_from(number).unwrap()));
            let mut actors = 0..;
            let mut tell = async |number: u64| {
                // Past the longest gap, so that the row is told at once.
                world.clock.advance(HOUR);
                let id = RowId::of(Subject::Like(photo(number)), world.ada.user_id, START);
                world.exists(photo(number)).await;
                let user_id = UserId::try_from(actors.next().unwrap()).unwrap();
                let actor = Actor { at: START, user_id, username: "somebody".to_owned() };
                let (table, once, now) = (&world.table, Once::within(id), world.clock.now());
                rows::align(table, world.ada.user_id, once, user_id, Some(&actor), now).await.unwrap();
            };
            for number in 0..8 {
                tell(number).await;
            }
            let before = told(&world.page(50, None).await["notifications"]);
            let mut acts = acts.into_iter();
            let (mut listed, mut newer, mut cursor) = (Vec::new(), Vec::new(), None);
            loop {
                let page = world.page(count, cursor.as_deref()).await;
                listed.extend(told(&page["notifications"]));
                if cursor.is_some() {
                    let mut rows = told(&page["newer"]);
                    rows.reverse();
                    newer.extend(rows);
                }
                cursor = page["next_cursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
                // Somebody acts until the next page is asked for.
                for number in acts.by_ref().map_while(|act| act) {
                    tell(number).await;
                }
            }
            // Each row is listed at most once, and each telling is new at most once.
            let distinct = |rows: &[(String, String)]| rows.iter().map(|(id, _)| id.clone()).collect::<HashSet<_>>().len();
            assert_eq!(distinct(&listed), listed.len());
            assert!(newer.is_sorted_by(|(_, one), (_, other)| one < other), "{newer:?}");
            assert!(listed.is_sorted_by(|(_, one), (_, other)| one > other), "{listed:?}");
            // What there was is listed, or was told again before it was reached and is new.
            for row in &before {
                let again = newer.iter().any(|(id, _)| *id == row.0);
                assert!(listed.contains(row) || again, "{row:?} is skipped");
            }
            // What was told until the last page is known as it is.
            let after = told(&world.page(50, None).await["notifications"]);
            for row in &after {
                assert!(listed.contains(row) || newer.contains(row), "{row:?} is not known");
            }
        });
    }
}

#[tokio::test]
async fn when_rows_are_told_and_read_at_once_then_the_number_of_unread_is_exact() {
    let world = World::new().await;
    let ada = world.ada.user_id;
    for round in 0..4 {
        let happening = (0..6).map(|number| {
            let at = world.clock.now().plus_ms(number);
            world.happens(Subject::Like(PhotoId::floor(at)), 1, at)
        });
        let reading = (0..3).map(|number| {
            let request = Request::to(READ).by(&world.ada, &world.clock);
            let up_to = world.clock.now().plus_ms(number).to_string();
            world.call(if number == 1 { request } else { request.json(&json!({ "up_to": up_to })) })
        });
        let (_, read) = futures::join!(join_all(happening), join_all(reading));
        assert!(read.iter().all(|answer| answer.status == 200));
        let rows::Inspection::Still { stored, rows } =
            rows::inspect(&world.table, ada, world.clock.now()).await.unwrap()
        else {
            panic!("nothing happens now")
        };
        assert_eq!(stored, rows, "round {round}");
        world.clock.advance(HOUR);
    }
    let up_to = json!({ "up_to": world.clock.now().to_string() });
    let answer = world.call(Request::to(READ).json(&up_to).by(&world.ada, &world.clock)).await;
    assert_eq!(answer.json["unread_count"], 0);
}
