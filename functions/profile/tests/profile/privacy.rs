//! Accounts made private and public by their owners.

use domain::quota;
use serde_json::{Value, json};
use table::privacy;

use crate::world::World;

impl World {
    async fn patch(&self, body: &Value) -> testkit::http::Answer {
        self.call(self.request("PATCH /api/v1/users/me").json(body)).await
    }

    async fn privacy(&self) -> privacy::Privacy {
        privacy::get_latest(&self.table, self.ada.user_id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn when_an_account_is_made_private_then_one_write_says_it_and_marks_the_switch() {
    let world = World::new().await;
    let answer = world.patch(&json!({ "private": true, "bio": "hush" })).await;
    assert_eq!(
        (answer.status, &answer.json["private"], &answer.json["bio"]),
        (200, &json!(true), &json!("hush"))
    );
    let first = world.privacy().await;
    assert_eq!((first.private, first.rebuild), (true, Some(first.switched)));
    let records = world.engine.stream().await;
    let profiles =
        records.iter().filter(|record| json!(record.change.keys)["sk"] == json!({ "S": "PROFILE" }));
    assert_eq!(profiles.count(), 1);
    // The same again is no switch. Back again is one, with a later mark, although the clock stands.
    assert_eq!(world.patch(&json!({ "private": true })).await.json["private"], true);
    assert_eq!(world.privacy().await, first);
    assert_eq!(world.patch(&json!({ "private": false })).await.json["private"], false);
    let second = world.privacy().await;
    assert!(!second.private && second.switched > first.switched && second.rebuild == Some(second.switched));
}

#[tokio::test]
async fn when_an_account_was_switched_twice_a_day_then_the_third_switch_waits() {
    let world = World::new().await;
    for private in [true, false] {
        assert_eq!(world.patch(&json!({ "private": private })).await.status, 200);
    }
    let before = world.privacy().await;
    let refused = world.patch(&json!({ "private": true, "bio": "x" })).await;
    assert_eq!((refused.status, refused.code()), (429, quota::PRIVACY.code));
    assert_eq!(world.privacy().await, before, "nothing is changed");
    // What is no switch needs none.
    assert_eq!(world.patch(&json!({ "private": false, "bio": "x" })).await.json["bio"], "x");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(std::time::Duration::from_secs(wait));
    assert_eq!(world.patch(&json!({ "private": true })).await.status, 200);
}

#[tokio::test]
async fn a_switch_stays_within_its_budget() {
    let world = World::new().await;
    world.engine.reset_usage();
    assert_eq!(world.patch(&json!({ "private": true })).await.status, 200);
    let usage = world.engine.usage();
    // The account; its quota; the profile beside how far its picture is.
    assert_eq!((usage.round_trips, usage.writes()), (3, 2), "{usage:?}");
    assert!(usage.read_units <= 1.5 && usage.write_units <= 2.0, "{usage:?}");
}
