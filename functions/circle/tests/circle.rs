//! What people say about each other through the handler, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::fmt::Display;

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use circle::CircleHandler;
use domain::quota::{self, Quota};
use domain::visibility::Mute;
use serde_json::{Value, json};
use table::change::Change;
use table::keys::ItemKey;
use table::pair;
use testkit::http::{Answer, Request, call, event};
use testkit::{OldSession, World, token_for};

const BLOCK: &str = "POST /api/v1/users/{user_id}/block";
const UNBLOCK: &str = "DELETE /api/v1/users/{user_id}/block";
const MUTE: &str = "POST /api/v1/users/{user_id}/mute";
const UNMUTE: &str = "DELETE /api/v1/users/{user_id}/mute";
const BEFRIEND: &str = "POST /api/v1/users/{user_id}/close-friend";
const UNFRIEND: &str = "DELETE /api/v1/users/{user_id}/close-friend";
const RING: &str = "POST /api/v1/users/{user_id}/bell";
const SILENCE: &str = "DELETE /api/v1/users/{user_id}/bell";
const REMOVE: &str = "DELETE /api/v1/users/me/followers/{user_id}";
const ACCEPT: &str = "POST /api/v1/users/me/requests/{user_id}/accept";
const DECLINE: &str = "POST /api/v1/users/me/requests/{user_id}/decline";
const BLOCKS: &str = "GET /api/v1/users/me/blocks";
const MUTES: &str = "GET /api/v1/users/me/mutes";
const CLOSE_FRIENDS: &str = "GET /api/v1/users/me/close-friends";
const REQUESTS: &str = "GET /api/v1/users/me/requests";

/// Every route that writes.
const ACTS: [&str; 11] =
    [BLOCK, UNBLOCK, MUTE, UNMUTE, BEFRIEND, UNFRIEND, RING, SILENCE, REMOVE, ACCEPT, DECLINE];

fn deps(world: &World) -> CircleHandler {
    CircleHandler::new(world.table.clone(), 1, "https://cdn.test", world.clock.shared())
}

async fn send(world: &World, request: Request) -> Answer {
    call(&deps(world), &world.clock, request).await
}

async fn ask(world: &World, route: &str, who: &Caller, whom: impl Display) -> Answer {
    send(world, Request::to(route).path("user_id", whom).by(who, &world.clock)).await
}

/// Does it, which has to succeed.
async fn act(world: &World, route: &str, who: &Caller, whom: &Caller) {
    let answer = ask(world, route, who, whom.user_id).await;
    assert_eq!((answer.status, answer.json), (204, Value::Null), "{route}");
}

/// Returns the user names of a list.
async fn list(world: &World, route: &str, who: &Caller) -> Vec<String> {
    let answer = send(world, Request::to(route).by(who, &world.clock)).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert_eq!((&answer.json["has_more"], &answer.json["next_cursor"]), (&json!(false), &Value::Null));
    let users = answer.json["users"].as_array().unwrap();
    users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

async fn follows(world: &World, who: &Caller, whom: &Caller) -> bool {
    table::follow::exists_latest(&world.table, who.user_id, whom.user_id).await.unwrap()
}

/// Lets `who` ask to follow `whom`, and derives it.
async fn request(world: &World, who: &Caller, whom: &Caller) {
    let at = domain::Clock::now(&world.clock).0.to_string();
    for key in [ItemKey::Request(who.user_id, whom.user_id), ItemKey::Requested(whom.user_id, who.user_id)] {
        let key = key.raw();
        let put = world.engine.client().put_item().table_name(world.engine.table_name());
        let put = put.item("pk", AttributeValue::S(key.pk)).item("sk", AttributeValue::S(key.sk));
        let put = put.item("username", AttributeValue::S(who.username.clone()));
        put.item("at", AttributeValue::N(at.clone())).send().await.unwrap();
    }
}

#[tokio::test]
async fn when_somebody_is_blocked_then_both_follows_end_and_counts_are_exact() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("Bob").await, world.person("eve").await);
    for (who, whom) in [(&ann, &bob), (&bob, &ann), (&eve, &bob)] {
        world.follow(who, whom).await;
    }
    world.derive().await;
    for whom in [bob.user_id.to_string(), "@bob".to_owned()] {
        assert_eq!(ask(&world, BLOCK, &ann, whom).await.status, 204);
    }
    world.derive().await;
    assert!(!follows(&world, &ann, &bob).await && !follows(&world, &bob, &ann).await);
    let (of_ann, of_bob) = (world.profile(&ann).await, world.profile(&bob).await);
    assert_eq!((of_ann.followers, of_ann.following, of_bob.followers, of_bob.following), (0, 0, 1, 0));
    assert_eq!(list(&world, BLOCKS, &ann).await, ["Bob"]);
    assert!(list(&world, BLOCKS, &bob).await.is_empty(), "nobody is told who blocks them");

    act(&world, UNBLOCK, &ann, &bob).await;
    act(&world, UNBLOCK, &ann, &bob).await;
    world.derive().await;
    assert!(list(&world, BLOCKS, &ann).await.is_empty());
    assert!(!follows(&world, &ann, &bob).await, "follows do not come back");
    assert_eq!(table::circle::get(&world.table, bob.user_id).await.unwrap().blocked_by.len(), 0);
}

#[tokio::test]
async fn when_a_block_is_undone_at_once_then_the_follows_still_end() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&bob, &ann).await;
    world.follow(&ann, &bob).await;
    world.derive().await;
    act(&world, BLOCK, &ann, &bob).await;
    act(&world, UNBLOCK, &ann, &bob).await;
    world.derive().await;
    assert!(!follows(&world, &bob, &ann).await && !follows(&world, &ann, &bob).await);
    assert_eq!((world.profile(&ann).await.followers, world.profile(&ann).await.following), (0, 0));
}

#[tokio::test]
async fn when_people_are_muted_then_the_list_says_what_of_them() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    act(&world, MUTE, &ann, &bob).await;
    let body = json!({ "posts": true, "stories": false });
    let to = |whom: &Caller| Request::to(MUTE).path("user_id", whom.user_id).by(&ann, &world.clock);
    assert_eq!(send(&world, to(&eve).json(&body)).await.status, 204);
    let answer = send(&world, Request::to(MUTES).by(&ann, &world.clock)).await;
    let muted: Vec<(&Value, &Value)> = answer.json["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (&user["username"], &user["mute"]))
        .collect();
    let all = json!({ "posts": true, "stories": true });
    assert_eq!(muted, [(&json!("bob"), &all), (&json!("eve"), &body)]);
    world.derive().await;
    let circle = table::circle::get(&world.table, ann.user_id).await.unwrap();
    assert_eq!((circle.mutes_posts.len(), circle.mutes_stories.len()), (2, 1));

    // Muting nothing is unmuting, and anything else than the two is refused.
    assert_eq!(send(&world, to(&eve).json(&json!({ "posts": false, "stories": false }))).await.status, 204);
    assert_eq!(send(&world, to(&eve).body("[]")).await.code(), "bad_json");
    act(&world, UNMUTE, &ann, &bob).await;
    assert!(list(&world, MUTES, &ann).await.is_empty());
    world.derive().await;
    assert_eq!(
        table::circle::get(&world.table, ann.user_id).await.unwrap(),
        domain::visibility::Circle::default()
    );
}

#[tokio::test]
async fn when_close_friends_change_then_nothing_is_derived() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.derive().await;
    act(&world, BEFRIEND, &ann, &bob).await;
    act(&world, BEFRIEND, &ann, &bob).await;
    assert_eq!(list(&world, CLOSE_FRIENDS, &ann).await, ["bob"]);
    act(&world, UNFRIEND, &ann, &bob).await;
    assert!(list(&world, CLOSE_FRIENDS, &ann).await.is_empty());
    assert!(world.derive().await.is_empty());
}

/// Switches a bell on or off, which has to succeed.
async fn switch(world: &World, who: &Caller, whom: &Caller, on: bool) {
    let answer = ask(world, if on { RING } else { SILENCE }, who, whom.user_id).await;
    assert_eq!((answer.status, answer.json), (200, json!({ "bell": on })));
}

#[tokio::test]
async fn when_a_bell_is_switched_then_it_is_on_in_the_follow_that_there_is() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let rings = async || {
        let said = pair::get_latest(&world.table, ann.user_id, bob.user_id).await.unwrap();
        let follow = table::follow::get_latest(&world.table, ann.user_id, bob.user_id).await.unwrap();
        follow.is_some_and(|follow| said.rings(follow.at))
    };
    let refused = ask(&world, RING, &ann, bob.user_id).await;
    assert_eq!((refused.status, refused.code()), (409, "not_following"));
    switch(&world, &ann, &bob, false).await;
    world.follow(&bob, &ann).await;
    assert_eq!(ask(&world, RING, &ann, bob.user_id).await.code(), "not_following", "they follow, not she");

    world.follow(&ann, &bob).await;
    assert!(!rings().await);
    for on in [true, true, false, false, true] {
        switch(&world, &ann, &bob, on).await;
        assert_eq!(rings().await, on);
    }
    // It ends with the follow, and no later one brings it back.
    world.unfollow(&ann, &bob).await;
    assert_eq!(ask(&world, RING, &ann, bob.user_id).await.code(), "not_following");
    world.follow(&ann, &bob).await;
    assert!(!rings().await);
    switch(&world, &ann, &bob, true).await;
    assert!(rings().await);
}

#[tokio::test]
async fn when_a_bell_is_switched_then_its_edge_is_derived_and_no_circle_is_read() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&ann, &bob).await;
    world.derive().await;
    for on in [true, true, false, false] {
        switch(&world, &ann, &bob, on).await;
    }
    let derived = world.derive().await;
    let change = Change::Bell { by: ann.user_id, about: bob.user_id };
    assert_eq!(derived, [change.clone(), change], "what changes nothing has no record");
}

#[tokio::test]
async fn when_a_follower_is_removed_then_they_may_follow_again() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    act(&world, REMOVE, &ann, &bob).await;
    world.follow(&bob, &ann).await;
    world.derive().await;
    for _ in 0..2 {
        act(&world, REMOVE, &ann, &bob).await;
        world.derive().await;
        assert!(!follows(&world, &bob, &ann).await);
    }
    assert_eq!((world.profile(&ann).await.followers, world.profile(&bob).await.following), (0, 0));
    world.follow(&bob, &ann).await;
    act(&world, MUTE, &ann, &bob).await;
    world.derive().await;
    assert!(follows(&world, &bob, &ann).await, "what else is said of them ends no later follow");
}

#[tokio::test]
async fn when_a_request_is_answered_then_it_goes_and_an_accepted_one_follows() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    world.switch(&ann, true).await;
    for who in [&bob, &eve] {
        request(&world, who, &ann).await;
    }
    assert_eq!(list(&world, REQUESTS, &ann).await, ["bob", "eve"]);
    act(&world, ACCEPT, &ann, &bob).await;
    act(&world, DECLINE, &ann, &eve).await;
    world.derive().await;
    assert!(follows(&world, &bob, &ann).await && !follows(&world, &eve, &ann).await);
    for (route, who) in [(ACCEPT, &bob), (DECLINE, &eve), (ACCEPT, &ann)] {
        let answer = ask(&world, route, &ann, who.user_id).await;
        assert_eq!((answer.status, answer.code()), (404, "no_request"), "{route}");
    }
}

#[tokio::test]
async fn when_it_is_oneself_or_nobody_then_it_is_refused_and_nothing_is_said() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    for route in ACTS {
        for whom in ["@nobody", "12345", "bob"] {
            let answer = ask(&world, route, &ann, whom).await;
            assert_eq!((answer.status, answer.code()), (404, "user_not_found"), "{route} {whom}");
        }
    }
    for (route, code) in [
        (BLOCK, "cannot_block_self"),
        (UNBLOCK, "cannot_block_self"),
        (MUTE, "cannot_mute_self"),
        (UNMUTE, "cannot_mute_self"),
        (BEFRIEND, "cannot_befriend_self"),
        (UNFRIEND, "cannot_befriend_self"),
        (RING, "cannot_ring_for_self"),
        (SILENCE, "cannot_ring_for_self"),
    ] {
        let answer = ask(&world, route, &ann, "@ann").await;
        assert_eq!((answer.status, answer.code()), (400, code), "{route}");
    }
    assert_eq!(send(&world, Request::to(BLOCK).path("user_id", "@ann")).await.code(), "token_missing");
    for kept in [pair::Kept::Blocks, pair::Kept::Mutes, pair::Kept::CloseFriends] {
        assert!(pair::page(&world.table, ann.user_id, kept, None, 9).await.unwrap().people.is_empty());
    }
}

#[tokio::test]
async fn when_somebody_is_hidden_then_only_a_block_can_be_said_of_them() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    act(&world, BLOCK, &ann, &bob).await;
    world.derive().await;
    for (who, whom) in [(&ann, &bob), (&bob, &ann)] {
        for route in [MUTE, UNMUTE, BEFRIEND, UNFRIEND, RING, SILENCE, REMOVE, ACCEPT, DECLINE] {
            world.engine.reset_usage();
            let hidden = ask(&world, route, who, whom.user_id).await;
            let of_hidden = world.engine.usage();
            world.engine.reset_usage();
            let absent = ask(&world, route, who, "12345").await;
            assert_eq!((hidden.status, &hidden.json["code"]), (404, &json!("user_not_found")), "{route}");
            assert_eq!(hidden.json["detail"], absent.json["detail"]);
            let (one, other) = (of_hidden.round_trips, world.engine.usage().round_trips);
            assert_eq!(one, other, "{route} takes as long as of nobody");
        }
    }
    // Who was blocked first may block, too, and unblocking works both ways.
    act(&world, BLOCK, &bob, &ann).await;
    world.derive().await;
    assert_eq!(list(&world, BLOCKS, &bob).await, ["ann"]);
    act(&world, UNBLOCK, &ann, &bob).await;
    world.derive().await;
    let circle = table::circle::get(&world.table, ann.user_id).await.unwrap();
    assert!(circle.blocks.is_empty() && circle.blocked_by.contains(&bob.user_id));
}

#[tokio::test]
async fn when_a_list_is_long_then_it_is_paged_and_its_cursor_is_its_own() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let others = world.people("other", 7).await;
    for other in &others {
        act(&world, BLOCK, &ann, other).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut request = Request::to(BLOCKS).query("count", 3).by(&ann, &world.clock);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
            let other = Request::to(MUTES).query("cursor", cursor).by(&ann, &world.clock);
            assert_eq!(send(&world, other).await.code(), "bad_cursor");
        }
        world.engine.reset_usage();
        let answer = send(&world, request).await;
        let usage = world.engine.usage();
        assert!(usage.round_trips == 2 && usage.read_units <= 4.5, "{usage:?}");
        let users = answer.json["users"].as_array().unwrap();
        seen.extend(users.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(answer.json["has_more"], cursor.is_some());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, others.iter().map(|other| other.username.clone()).collect::<Vec<_>>());
}

#[tokio::test]
async fn acts_stay_within_their_budgets() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&bob, &ann).await;
    request(&world, &bob, &ann).await;
    let session = OldSession::open(&world.table, &world.clock, &ann).await;
    for (route, status, reads, writes) in [
        (BLOCK, 204, 3.0, 2),
        (UNBLOCK, 204, 1.0, 1),
        (MUTE, 204, 1.5, 2),
        (UNMUTE, 204, 1.5, 1),
        (BEFRIEND, 204, 1.5, 2),
        (UNFRIEND, 204, 1.5, 1),
        (REMOVE, 204, 2.5, 2),
        (ACCEPT, 204, 2.5, 2),
        (DECLINE, 204, 2.5, 2),
    ] {
        world.engine.reset_usage();
        let request = Request::to(route).path("user_id", bob.user_id).token(&session.token);
        assert_eq!(send(&world, request).await.status, status, "{route}");
        let usage = world.engine.usage();
        assert_eq!((usage.round_trips, usage.writes()), (2, writes), "{route} {usage:?}");
        assert!(usage.write_units <= f64::from(writes) && usage.read_units <= reads, "{route} {usage:?}");
    }
}

#[tokio::test]
async fn when_the_session_has_ended_then_nothing_is_said() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&bob, &ann).await;
    request(&world, &bob, &ann).await;
    let said = pair::get_latest(&world.table, ann.user_id, bob.user_id).await.unwrap();
    let session = OldSession::open(&world.table, &world.clock, &ann).await;
    session.end(&world.table).await;
    for route in ACTS {
        let request = Request::to(route).path("user_id", bob.user_id).token(&session.token);
        let answer = send(&world, request).await;
        assert_eq!((answer.status, answer.code()), (401, "session_ended"), "{route}");
    }
    assert_eq!(pair::get_latest(&world.table, ann.user_id, bob.user_id).await.unwrap(), said);
}

#[tokio::test]
async fn when_a_quota_is_used_up_then_the_next_waits() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    request(&world, &bob, &ann).await;
    let limited: [(&str, &Quota); 5] = [
        (BLOCK, &quota::BLOCKS),
        (MUTE, &quota::MUTES),
        (BEFRIEND, &quota::CLOSE_FRIENDS),
        (REMOVE, &quota::REMOVALS),
        (ACCEPT, &quota::ANSWERS),
    ];
    for (route, quota) in limited {
        world.use_up(quota, ann.user_id, &[quota.measures[0].limit - 1]).await;
        act(&world, route, &ann, &bob).await;
        let refused = ask(&world, route, &ann, bob.user_id).await;
        assert_eq!((refused.status, refused.code()), (429, quota.code), "{route}");
        assert!(refused.header("retry-after").is_some());
    }
}

#[tokio::test]
async fn when_api_gateway_sends_real_events_then_they_are_answered() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&bob, &ann).await;
    request(&world, &bob, &ann).await;
    let token = token_for(&ann, domain::Clock::now(&world.clock));
    let id = bob.user_id.to_string();
    for (case, status) in [
        ("block", 204),
        ("unblock", 204),
        ("mute", 204),
        ("remove-follower", 204),
        ("accept", 204),
        ("blocks", 200),
    ] {
        // A list names nobody.
        let named = (case != "blocks").then_some(("user_id", id.as_str()));
        let values: Vec<(&str, &str)> = named.into_iter().chain([("token", token.as_str())]).collect();
        let answer = call(&deps(&world), &world.clock, event("circle", case, &values)).await;
        assert_eq!(answer.status, status, "{case} {}", answer.json);
    }
    let said = pair::get_latest(&world.table, ann.user_id, bob.user_id).await.unwrap();
    assert_eq!(said.mute, Some(Mute { posts: true, stories: false }));
    assert!(said.removed.is_some() && said.answer.is_some_and(|answer| answer.accepted));
}
