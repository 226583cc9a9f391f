//! Reading and changing a profile.

use std::time::Duration;

use domain::{Clock, Relation, UserId};
use serde_json::json;
use table::Order;
use table::follow::{self, Follow};
use table::pair::{self, Ended};
use table::relations::EdgeState;
use testkit::http::{Request, event};
use testkit::{Fault, OldSession, START, forged_token_for, token_for};

use crate::world::{CDN, World};

const USER: &str = "GET /api/v1/users/{user_id}";
const BY_NAME: &str = "GET /api/v1/users/by-name/{username}";
const EDIT: &str = "PATCH /api/v1/users/me";

impl World {
    /// Lets Ada follow Bob, and derives the counts.
    async fn ada_follows_bob(&self) {
        let (ada, bob) = (self.ada.user_id, self.bob.user_id);
        follow::add(
            &self.table,
            ada,
            bob,
            &Follow { username: "Ada".to_owned(), at: START, accepted_at: None },
        )
        .await
        .unwrap();
        let change = EdgeState::since(Relation::Follow(ada, bob), Some(START));
        table::settle(&self.table, vec![change], Order::InOrder).await.unwrap();
    }
}

#[tokio::test]
async fn when_users_ask_for_themselves_then_they_see_their_profile() {
    let world = World::new().await;
    let answer = world.event("me", &[]).await;
    assert_eq!(answer.status, 200);
    let expected = json!({
        "user_id": world.ada.user_id,
        "username": "Ada",
        "full_name": "Ada Lovelace",
        "bio": null,
        "profile_pic": format!("{CDN}/photos/profile/small/{}.jpg", world.ada.user_id),
        "private": false,
        "follower_count": 0,
        "following_count": 0,
        "photo_count": 0,
        "private": false,
        "followed_by_you": false,
        "requested_by_you": false,
        "follows_you": false,
        "muted": null,
        "close_friend": false,
        "bell": false,
        "request_count": 0,
        "created_at": "2026-11-22T12:00:00.000Z",
        "picture": { "status": "none" },
        "email_verified": false,
    });
    assert_eq!(answer.json, expected);
    let bob = world.event("user", &[("user_id", &world.bob.user_id.to_string())]).await;
    for field in ["email_verified", "request_count"] {
        assert!(bob.json.get(field).is_none(), "{field} of oneself alone");
    }
}

#[tokio::test]
async fn when_a_user_is_named_by_id_or_name_then_it_is_the_same_profile() {
    let world = World::new().await;
    world.ada_follows_bob().await;
    world.photos(1..4).await;
    let by_id = world.event("user", &[("user_id", &world.bob.user_id.to_string())]).await;
    assert_eq!((by_id.status, &by_id.json["username"]), (200, &json!("Bob")));
    assert_eq!((&by_id.json["follower_count"], &by_id.json["photo_count"]), (&json!(1), &json!(3)));
    assert_eq!(by_id.json["followed_by_you"], true);
    for name in ["@Bob", "@bob", "@BOB"] {
        assert_eq!(world.event("user", &[("user_id", name)]).await.json, by_id.json, "{name}");
    }
    let me = world.event("user", &[("user_id", "@ada")]).await;
    assert_eq!((&me.json["following_count"], &me.json["followed_by_you"]), (&json!(1), &json!(false)));
    assert_eq!(world.event("me", &[]).await.json, me.json, "counts do not differ between views");
    let by_bob = Request::to(USER).path("user_id", "@ada").by(&world.bob, &world.clock);
    assert_eq!(
        world.call(by_bob).await.json["followed_by_you"],
        false,
        "it is whom the caller follows that counts"
    );
}

#[tokio::test]
async fn when_a_user_name_is_asked_for_then_it_is_folded_as_at_registration() {
    let world = World::new().await;
    world.ada_follows_bob().await;
    let by_id = world.event("user", &[("user_id", &world.bob.user_id.to_string())]).await;
    for name in ["Bob", "bob", "BOB", " bob "] {
        let by_name = world.event("user-by-name", &[("username", name)]).await;
        assert_eq!((by_name.status, &by_name.json), (200, &by_id.json), "{name}");
    }
    let me = world.event("user-by-name", &[("username", "ADA")]).await;
    assert_eq!(me.json, world.event("me", &[]).await.json);
}

#[tokio::test]
async fn when_there_is_no_such_user_then_it_is_not_found() {
    let world = World::new().await;
    let long = format!("@{}", "x".repeat(5000));
    for who in
        ["0", "7", "x", "bob", "-1", "99999999999999999999", "@", "@nobody", "@admin", "@b b", "@@bob", &long]
    {
        for route in [USER, "GET /api/v1/users/{user_id}/photos"] {
            let answer = world.call(world.request(route).path("user_id", who)).await;
            assert_eq!((answer.status, answer.code()), (404, "user_not_found"), "{route} {who:.20}");
        }
    }
    let id = world.bob.user_id.to_string();
    for name in ["", "nobody", "@bob", "b b", "bob/", "ＢＯＢ", &id, &long[1..]] {
        let answer = world.call(world.request(BY_NAME).path("username", name)).await;
        assert_eq!((answer.status, answer.code()), (404, "user_not_found"), "{name:.20}");
    }
    // A token outlives its account.
    let gone = api::Caller { user_id: UserId::try_from(9).unwrap(), username: "gone".to_owned() };
    assert_eq!(
        world.call(Request::to("GET /api/v1/users/me").by(&gone, &world.clock)).await.code(),
        "user_not_found"
    );
    let edit = Request::to(EDIT).json(&json!({ "bio": "x" })).by(&gone, &world.clock);
    assert_eq!(world.call(edit).await.code(), "user_not_found");
    assert!(world.engine.stream().await.is_empty());
}

#[tokio::test]
async fn when_texts_are_changed_then_only_those_change() {
    let world = World::new().await;
    let answer = world.event("edit-me", &[]).await;
    assert_eq!(
        (&answer.json["full_name"], &answer.json["bio"]),
        (&json!("John Doe"), &json!("Chasing light 🌅"))
    );
    assert_eq!(world.event("me", &[]).await.json, answer.json);
    for (body, full_name, bio) in [
        (json!({}), json!("John Doe"), json!("Chasing light 🌅")),
        (json!({ "bio": null }), json!("John Doe"), json!("Chasing light 🌅")),
        (json!({ "bio": " \n" }), json!("John Doe"), json!(null)),
        (json!({ "full_name": "" }), json!(null), json!(null)),
        (json!({ "full_name": " Ada ", "bio": "ⅰ" }), json!("Ada"), json!("ⅰ")),
        (json!({ "full_name": "", "bio": "" }), json!(null), json!(null)),
    ] {
        let answer = world.call(world.request(EDIT).json(&body)).await;
        assert_eq!(
            (answer.status, &answer.json["full_name"], &answer.json["bio"]),
            (200, &full_name, &bio),
            "{body}"
        );
        assert_eq!(answer.json["username"], "Ada");
    }
}

#[tokio::test]
async fn when_texts_and_counts_change_at_once_then_neither_is_lost() {
    let world = World::new().await;
    let edit = || world.call(Request::to(EDIT).json(&json!({ "bio": "new" })).by(&world.bob, &world.clock));
    let (answer, ()) = futures::join!(edit(), world.ada_follows_bob());
    assert_eq!(answer.status, 200);
    let bob = world.event("user", &[("user_id", "@bob")]).await.json;
    assert_eq!((&bob["bio"], &bob["follower_count"]), (&json!("new"), &json!(1)));
}

#[tokio::test]
async fn when_an_edit_breaks_a_rule_then_its_code_says_so_and_nothing_changes() {
    let world = World::new().await;
    for (body, code) in [
        (json!({ "full_name": "x".repeat(101), "bio": "fine" }), "full_name_too_long"),
        (json!({ "full_name": "fine", "bio": "x".repeat(151) }), "bio_too_long"),
        (json!({ "bio": 1 }), "bad_json"),
        (json!([1]), "bad_json"),
    ] {
        let answer = world.call(world.request(EDIT).json(&body)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{body}");
    }
    assert_eq!(world.call(world.request(EDIT).body("{")).await.code(), "bad_json");
    let fits = json!({ "full_name": "🌅".repeat(100), "bio": "🌅".repeat(150) });
    assert!(world.engine.stream().await.is_empty());
    assert_eq!(world.call(world.request(EDIT).json(&fits)).await.status, 200);
}

#[tokio::test]
async fn when_the_token_is_bad_then_nothing_is_read() {
    let world = World::new().await;
    let now = world.clock.now();
    for (token, code) in [
        (None, "token_missing"),
        (Some(token_for(&world.ada, now.plus_ms(-900_000))), "token_expired"),
        (Some(forged_token_for(&world.ada, now)), "token_invalid"),
    ] {
        for route in ["GET /api/v1/users/me", EDIT, USER, "GET /api/v1/users/{user_id}/photos"] {
            let request = if route.contains('{') {
                Request::to(route).path("user_id", "@bob")
            } else {
                Request::to(route)
            };
            let request = token
                .iter()
                .fold(request.json(&json!({ "bio": "x" })), |request, token| request.token(token));
            let answer = world.call(request).await;
            assert_eq!((answer.status, answer.code()), (401, code), "{route}");
        }
    }
    assert_eq!(world.call(world.request("DELETE /api/v1/users/me")).await.code(), "route_not_found");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_the_table_throttles_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    // Both reads.
    world.engine.fail_next("GetItem", 2 * testkit::ATTEMPTS, Fault::Throttled);
    let answer = world.event("me", &[]).await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
}

#[tokio::test]
async fn when_a_profile_is_shown_or_changed_then_it_is_one_round_trip() {
    let world = World::new().await;
    let bob = world.bob.user_id.to_string();
    for (case, who, round_trips, reads, writes) in [
        ("me", None, 1, 1.0, 0.0),
        ("user", Some(bob.as_str()), 1, 2.5, 0.0),
        ("user", Some("@bob"), 2, 3.0, 0.0),
        ("user-by-name", Some("bob"), 2, 3.0, 0.0),
        ("edit-me", None, 1, 0.5, 1.0),
    ] {
        world.engine.reset_usage();
        let name = if case == "user-by-name" { "username" } else { "user_id" };
        let values: Vec<(&str, &str)> = who.iter().map(|who| (name, *who)).collect();
        assert_eq!(world.event(case, &values).await.status, 200);
        let usage = world.engine.usage();
        assert_eq!(usage.round_trips, round_trips, "{case}");
        assert!(usage.read_units <= reads && usage.write_units <= writes, "{case} {usage:?}");
    }
}

#[tokio::test]
async fn when_the_session_has_ended_then_the_profile_stays() {
    let world = World::new().await;
    let session = OldSession::open(&world.table, &world.clock, &world.ada).await;
    world.engine.reset_usage();
    let edit = || world.call(event("profile", "edit-me", &[("token", &session.token)]));
    assert_eq!(edit().await.status, 200);
    let usage = world.engine.usage();
    // An edit reads nothing before it writes, so the session is a round trip of its own.
    assert_eq!((usage.requests, usage.round_trips), (3, 2), "{usage:?}");
    session.end(&world.table).await;
    world.clock.advance(Duration::from_mins(1));
    let request = Request::to(EDIT).token(&session.token).json(&json!({ "bio": "not mine" }));
    let answer = world.call(request).await;
    assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    assert_ne!(world.event("me", &[]).await.json["bio"], "not mine");
}

#[tokio::test]
async fn when_a_profile_is_shown_then_it_says_how_the_two_stand_to_each_other() {
    let world = World::new().await;
    let (ada, bob) = (world.ada.user_id, world.bob.user_id);
    let edge = Follow { username: "Bob".to_owned(), at: START, accepted_at: None };
    follow::add(&world.table, bob, ada, &edge).await.unwrap();
    let mute = domain::visibility::Mute { posts: true, stories: false };
    pair::mute(&world.table, ada, bob, mute).await.unwrap();
    pair::befriend(&world.table, ada, bob, START).await.unwrap();
    let shown = world.event("user", &[("user_id", "@bob")]).await.json;
    assert_eq!((&shown["follows_you"], &shown["followed_by_you"]), (&json!(true), &json!(false)));
    assert_eq!(shown["muted"], json!({ "posts": true, "stories": false }));
    assert_eq!(shown["close_friend"], true);
    // Nobody is told what others say of them.
    let by_bob = Request::to(USER).path("user_id", "@ada").by(&world.bob, &world.clock);
    let seen = world.call(by_bob).await.json;
    assert_eq!((&seen["muted"], &seen["close_friend"]), (&json!(null), &json!(false)));
}

#[tokio::test]
async fn when_a_bell_is_on_in_the_follow_that_there_is_then_the_profile_says_so() {
    let world = World::new().await;
    let (ada, bob) = (world.ada.user_id, world.bob.user_id);
    let shown = async || world.event("user", &[("user_id", "@bob")]).await.json["bell"].clone();
    let follow = async |at| {
        let edge = Follow { username: "Ada".to_owned(), at, accepted_at: None };
        follow::add(&world.table, ada, bob, &edge).await.unwrap();
    };
    follow(START).await;
    assert_eq!(shown().await, false);
    pair::ring(&world.table, ada, bob, START).await.unwrap();
    assert_eq!(shown().await, true);
    let by_bob = Request::to(USER).path("user_id", "@ada").by(&world.bob, &world.clock);
    assert_eq!(world.call(by_bob).await.json["bell"], false, "nobody is told of others' bells");
    follow::remove(&world.table, ada, bob).await.unwrap();
    assert_eq!(shown().await, false);
    follow(START.plus_ms(1)).await;
    assert_eq!(shown().await, false, "a later follow does not bring it back");
    pair::ring(&world.table, ada, bob, START.plus_ms(1)).await.unwrap();
    assert_eq!(shown().await, true);
    pair::silence(&world.table, ada, bob, START).await.unwrap();
    assert_eq!(shown().await, false);
}

#[tokio::test]
async fn when_a_block_hides_somebody_then_profile_and_photos_are_as_of_nobody() {
    let world = World::new().await;
    world.photos(1..4).await;
    let (ada, bob) = (world.ada.user_id, world.bob.user_id);
    for (by, about) in [(ada, bob), (bob, ada)] {
        pair::block(&world.table, by, about, Ended::default(), START).await.unwrap();
        table::circle::renew(&world.table, by, about).await.unwrap();
        for (case, name, hidden, absent) in [
            ("user", "user_id", bob.to_string(), "12345".to_owned()),
            ("user", "user_id", "@bob".to_owned(), "@nobody".to_owned()),
            ("user-by-name", "username", "bob".to_owned(), "nobody".to_owned()),
            ("photos", "user_id", bob.to_string(), "12345".to_owned()),
        ] {
            world.engine.reset_usage();
            let seen = world.event(case, &[(name, &hidden)]).await;
            let of_hidden = world.engine.usage().round_trips;
            world.engine.reset_usage();
            let wanted = world.event(case, &[(name, &absent)]).await;
            assert_eq!((seen.status, seen.code()), (404, "user_not_found"), "{case} {hidden}");
            assert_eq!((wanted.status, &wanted.json["detail"]), (404, &seen.json["detail"]));
            assert_eq!(of_hidden, world.engine.usage().round_trips, "{case} takes as long as of nobody");
        }
        assert_eq!(world.event("me", &[]).await.status, 200);
        pair::unblock(&world.table, by, about).await.unwrap();
        table::circle::renew(&world.table, by, about).await.unwrap();
        assert_eq!(world.event("user", &[("user_id", "@bob")]).await.status, 200);
    }
}

#[tokio::test]
async fn when_an_account_is_private_then_counts_and_photos_are_for_who_follows() {
    let world = World::new().await;
    world.photos(1..4).await;
    world.make_bob_private().await;
    let counts = async || {
        let shown = world.event("user", &[("user_id", "@bob")]).await.json;
        assert_eq!((&shown["private"], &shown["username"]), (&json!(true), &json!("Bob")));
        let photos = world.event("photos", &[("user_id", "@bob")]).await.json;
        (shown["photo_count"].clone(), photos["photos"].as_array().unwrap().len())
    };
    assert_eq!(counts().await, (json!(null), 0));
    world.ada_follows_bob().await;
    assert_eq!(counts().await, (json!(3), 3));
    world.engine.reset_usage();
    world.event("user", &[("user_id", &world.bob.user_id.to_string())]).await;
    let usage = world.engine.usage();
    assert!(usage.round_trips == 2 && usage.read_units <= 5.0, "{usage:?}");
    // Who is removed sees nothing from this moment on, derived or not.
    pair::remove(&world.table, world.bob.user_id, world.ada.user_id, START).await.unwrap();
    assert_eq!(counts().await, (json!(null), 0));
}
