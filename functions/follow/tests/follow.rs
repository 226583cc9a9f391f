//! Follows through the handler, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::fmt::Display;

use api::Caller;
use domain::quota;
use follow::FollowHandler;
use serde_json::{Value, json};
use table::keys::ItemKey;
use testkit::http::{Answer, Request, call, event};
use testkit::{OldSession, World, token_for};

const FOLLOW: &str = "POST /api/v1/users/{user_id}/follow";
const UNFOLLOW: &str = "DELETE /api/v1/users/{user_id}/follow";
const FOLLOWERS: &str = "GET /api/v1/users/{user_id}/followers";
const FOLLOWING: &str = "GET /api/v1/users/{user_id}/following";

fn deps(world: &World) -> FollowHandler {
    FollowHandler::new(world.table.clone(), 1, "https://cdn.test", world.clock.shared())
}

async fn ask(world: &World, route: &str, who: &Caller, whom: impl Display) -> Answer {
    call(&deps(world), &world.clock, Request::to(route).path("user_id", whom).by(who, &world.clock)).await
}

fn state(of: &Caller, following: bool, follower_count: i64) -> Value {
    json!({
        "user_id": of.user_id.to_string(), "following": following, "requested": false,
        "follower_count": follower_count, "following_count": 0,
    })
}

#[tokio::test]
async fn when_somebody_is_followed_twice_by_id_and_by_name_then_it_counts_once() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("Bob").await);
    for whom in [bob.user_id.to_string(), "@Bob".to_owned(), "@bOB".to_owned()] {
        let answer = ask(&world, FOLLOW, &ann, whom).await;
        assert_eq!((answer.status, answer.json), (200, state(&bob, true, 1)));
    }
    world.derive().await;
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.json, state(&bob, true, 1));
    assert_eq!((world.profile(&bob).await.followers, world.profile(&ann).await.following), (1, 1));
}

fn closed(of: &Caller, requested: bool) -> Value {
    json!({
        "user_id": of.user_id.to_string(), "following": false, "requested": requested,
        "follower_count": null, "following_count": null,
    })
}

#[tokio::test]
async fn when_the_account_is_private_then_a_follow_asks_and_an_unfollow_withdraws() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.switch(&bob, true).await;
    let requests = async || {
        world.derive().await;
        let bob = world.profile(&bob).await;
        (bob.requests, bob.followers)
    };
    for _ in 0..2 {
        assert_eq!(ask(&world, FOLLOW, &ann, "@bob").await.json, closed(&bob, true));
        assert_eq!(requests().await, (1, 0));
    }
    for _ in 0..2 {
        assert_eq!(ask(&world, UNFOLLOW, &ann, bob.user_id).await.json, closed(&bob, false));
        assert_eq!(requests().await, (0, 0));
    }
}

#[tokio::test]
async fn when_followers_of_an_account_made_private_follow_again_then_they_still_do() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&ann, &bob).await;
    world.switch(&bob, true).await;
    world.derive().await;
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.json, state(&bob, true, 1));
    assert_eq!(ask(&world, UNFOLLOW, &ann, bob.user_id).await.json, closed(&bob, false));
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.json, closed(&bob, true));
    world.derive().await;
    let bob = world.profile(&bob).await;
    assert_eq!((bob.requests, bob.followers), (1, 0));
}

#[tokio::test]
async fn when_a_request_is_derived_of_an_account_that_is_public_by_then_then_it_is_a_follow() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.switch(&bob, true).await;
    ask(&world, FOLLOW, &ann, bob.user_id).await;
    world.switch(&bob, false).await;
    // The second derives what the first wrote: the request went and the follow came.
    world.derive().await;
    world.derive().await;
    let profile = world.profile(&bob).await;
    assert_eq!((profile.requests, profile.followers), (0, 1));
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.json, state(&bob, true, 1));
}

#[tokio::test]
async fn a_request_and_its_withdrawal_stay_within_their_budget() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.switch(&bob, true).await;
    // What a private account adds to a follow: whether it admits the caller. To an unfollow: one transaction.
    for (route, trips, reads, writes) in [(FOLLOW, 3, 4.0, 2.0), (UNFOLLOW, 2, 2.0, 4.0)] {
        world.engine.reset_usage();
        assert_eq!(ask(&world, route, &ann, bob.user_id).await.status, 200);
        let usage = world.engine.usage();
        assert_eq!(usage.round_trips, trips, "{route} {usage:?}");
        assert!(usage.read_units <= reads && usage.write_units <= writes, "{route} {usage:?}");
    }
}

#[tokio::test]
async fn when_somebody_is_unfollowed_then_the_count_is_never_negative() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    ask(&world, FOLLOW, &ann, "@bob").await;
    for _ in 0..2 {
        let answer = ask(&world, UNFOLLOW, &ann, bob.user_id).await;
        assert_eq!((answer.status, answer.json), (200, state(&bob, false, 0)));
    }
    world.derive().await;
    assert_eq!((world.profile(&bob).await.followers, world.profile(&ann).await.following), (0, 0));
}

#[tokio::test]
async fn when_it_is_oneself_or_nobody_then_it_is_refused_and_nothing_is_written() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    world.engine.stream().await;
    for (route, whom, status, code) in [
        (FOLLOW, ann.user_id.to_string(), 400, "cannot_follow_self"),
        (FOLLOW, "@ann".to_owned(), 400, "cannot_follow_self"),
        (UNFOLLOW, "@ann".to_owned(), 400, "cannot_follow_self"),
        (FOLLOW, "@nobody".to_owned(), 404, "user_not_found"),
        (FOLLOW, "12345".to_owned(), 404, "user_not_found"),
        (UNFOLLOW, "12345".to_owned(), 404, "user_not_found"),
        (FOLLOW, "bob".to_owned(), 404, "user_not_found"),
        (FOLLOW, "@a b".to_owned(), 404, "user_not_found"),
        (FOLLOWERS, "@nobody".to_owned(), 404, "user_not_found"),
        (FOLLOWERS, "12345".to_owned(), 404, "user_not_found"),
        (FOLLOWING, "12345".to_owned(), 404, "user_not_found"),
    ] {
        let answer = ask(&world, route, &ann, &whom).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{route} {whom}");
    }
    let anonymous = Request::to(FOLLOW).path("user_id", "@bob");
    assert_eq!(call(&deps(&world), &world.clock, anonymous).await.code(), "token_missing");
    assert_eq!(world.engine.written().await, 0);
}

async fn scroll(world: &World, route: &str, who: &Caller, of: &Caller) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut request =
            Request::to(route).path("user_id", of.user_id).query("count", 3).by(who, &world.clock);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
        }
        let answer = call(&deps(world), &world.clock, request).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let users = answer.json["users"].as_array().unwrap();
        seen.extend(users.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(answer.json["has_more"], cursor.is_some());
        assert!(users.len() == 3 || cursor.is_none(), "only the last page may be short");
        if cursor.is_none() {
            return seen;
        }
    }
}

#[tokio::test]
async fn when_there_are_many_then_both_lists_are_paged_without_gaps() {
    let world = World::new().await;
    let star = world.person("star").await;
    let fans = world.people("fan", 10).await;
    for fan in &fans {
        world.follow(fan, &star).await;
        world.follow(&star, fan).await;
    }
    world.derive().await;
    let names: Vec<String> = fans.iter().map(|fan| fan.username.clone()).collect();
    assert_eq!(scroll(&world, FOLLOWING, &star, &star).await, names, "by age");
    let mut followers = scroll(&world, FOLLOWERS, &fans[0], &star).await;
    followers.sort();
    assert_eq!(followers, names, "by hash, each once");

    // A cursor stays valid when the user it names is gone, and is valid for its own list only.
    let first =
        Request::to(FOLLOWING).path("user_id", star.user_id).query("count", 3).by(&star, &world.clock);
    let cursor =
        call(&deps(&world), &world.clock, first).await.json["next_cursor"].as_str().unwrap().to_owned();
    world.unfollow(&star, &fans[2]).await;
    let next = |route: &str| {
        Request::to(route).path("user_id", star.user_id).query("cursor", &cursor).by(&star, &world.clock)
    };
    let answer = call(&deps(&world), &world.clock, next(FOLLOWING)).await;
    assert_eq!(answer.json["users"][0]["username"], "fan3");
    assert_eq!(call(&deps(&world), &world.clock, next(FOLLOWERS)).await.code(), "bad_cursor");
}

#[tokio::test]
async fn when_people_are_listed_then_each_card_says_whom_the_caller_follows() {
    let world = World::new().await;
    let star = world.person("star").await;
    let fans = world.people("fan", 4).await;
    for fan in &fans {
        world.follow(fan, &star).await;
        world.follow(&star, fan).await;
    }
    world.follow(&fans[0], &fans[2]).await;
    world.derive().await;
    for route in [FOLLOWERS, FOLLOWING] {
        for (viewer, followed) in [(&fans[0], vec!["fan2"]), (&star, vec!["fan0", "fan1", "fan2", "fan3"])] {
            let page = ask(&world, route, viewer, star.user_id).await.json;
            let users = page["users"].as_array().unwrap();
            let mut said: Vec<&str> = users
                .iter()
                .filter(|user| user["followed_by_you"] == true)
                .map(|user| user["username"].as_str().unwrap())
                .collect();
            said.sort_unstable();
            assert_eq!((users.len(), said), (4, followed), "{route} by {}", viewer.username);
        }
    }
    world.make_private(&fans[0]).await;
    let page = ask(&world, FOLLOWERS, &star, fans[2].user_id).await.json;
    let fan = fans[0].user_id;
    let expected = json!({
        "user_id": fan, "username": "fan0", "full_name": null, "private": true, "followed_by_you": true,
        "profile_pic": format!("https://cdn.test/photos/profile/small/{fan}.jpg"),
    });
    let users = page["users"].as_array().unwrap();
    assert!(users.contains(&expected), "{page}");
    assert_eq!(users.iter().filter(|user| user["private"] == true).count(), 1, "{page}");
}

#[tokio::test]
async fn a_page_of_people_costs_as_many_trips_as_without_the_callers_edges() {
    let world = World::new().await;
    let star = world.person("star").await;
    for fan in world.people("fan", 20).await {
        world.follow(&fan, &star).await;
        world.follow(&star, &fan).await;
    }
    world.derive().await;
    for route in [FOLLOWERS, FOLLOWING] {
        world.engine.reset_usage();
        assert_eq!(ask(&world, route, &star, star.user_id).await.json["users"].as_array().unwrap().len(), 20);
        let usage = world.engine.usage();
        // The list, beside the owner and whom the caller blocks and follows. Then profiles.
        assert_eq!((usage.requests, usage.round_trips), (5, 2), "{route} {usage:?}");
        assert!(usage.read_units <= 12.5, "{route} {usage:?}");
    }
}

#[tokio::test]
async fn when_api_gateway_sends_real_events_then_they_are_answered() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let token = token_for(&ann, domain::Clock::now(&world.clock));
    let values = [("token", token.as_str()), ("user_id", "@bob")];
    let send =
        async |case: &str| call(&deps(&world), &world.clock, event("follow", case, &values)).await.json;
    assert_eq!(send("follow").await, state(&bob, true, 1));
    world.derive().await;
    assert_eq!(send("followers").await["users"][0]["username"], "ann");
    assert_eq!(send("following").await["users"], json!([]));
    assert_eq!(send("unfollow").await, state(&bob, false, 0));
}

#[tokio::test]
async fn a_follow_and_an_unfollow_stay_within_their_budget() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let session = OldSession::open(&world.table, &world.clock, &ann).await;
    for route in [FOLLOW, UNFOLLOW] {
        world.engine.reset_usage();
        let request = Request::to(route).path("user_id", bob.user_id).token(&session.token);
        assert_eq!(call(&deps(&world), &world.clock, request).await.status, 200);
        let usage = world.engine.usage();
        let follows = u32::from(route == FOLLOW);
        // The session and the circle are read beside the profiles, and for an unfollow a request.
        let expected = (5 + follows, 2, 1 + follows);
        assert_eq!((usage.requests, usage.round_trips, usage.writes()), expected, "{route}");
        assert!(usage.write_units <= f64::from(1 + follows) && usage.read_units <= 2.5, "{usage:?}");
    }
}

#[tokio::test]
async fn when_the_session_has_ended_then_nobody_is_followed_or_unfollowed() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    world.follow(&ann, &bob).await;
    let session = OldSession::open(&world.table, &world.clock, &ann).await;
    session.end(&world.table).await;
    for (route, whom) in [(FOLLOW, &eve), (UNFOLLOW, &bob)] {
        let request = Request::to(route).path("user_id", whom.user_id).token(&session.token);
        let answer = call(&deps(&world), &world.clock, request).await;
        assert_eq!((answer.status, answer.code()), (401, "session_ended"), "{route}");
    }
    let follows =
        async |whom: &Caller| table::follow::exists(&world.table, ann.user_id, whom.user_id).await.unwrap();
    assert!(follows(&bob).await && !follows(&eve).await);
}

#[tokio::test]
async fn when_three_hundred_were_followed_in_an_hour_then_the_next_waits() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.use_up(&quota::FOLLOWS, ann.user_id, &[299]).await;
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.status, 200);
    let (refused, metrics) =
        runtime::metrics::counted(Box::pin(ask(&world, FOLLOW, &ann, bob.user_id))).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_follows"));
    assert_eq!(metrics["quota_follows_refused"], 1);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&wait));
    assert_eq!(ask(&world, UNFOLLOW, &ann, bob.user_id).await.status, 200);
    assert_eq!(ask(&world, FOLLOW, &bob, ann.user_id).await.status, 200);
    world.clock.advance(std::time::Duration::from_secs(wait));
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.status, 200);
}

#[tokio::test]
async fn when_somebody_follows_7500_then_they_follow_no_more() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.write(&ItemKey::User(ann.user_id), "SET following = :value", quota::FOLLOWEES - 1).await;
    assert_eq!(ask(&world, FOLLOW, &ann, bob.user_id).await.status, 200);
    world.derive().await;
    let eve = world.person("eve").await;
    let (refused, metrics) =
        runtime::metrics::counted(Box::pin(ask(&world, FOLLOW, &ann, eve.user_id))).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_followees"));
    assert_eq!((refused.header("retry-after"), metrics["quota_followees_refused"]), (Some("60"), 1));
    assert_eq!(ask(&world, UNFOLLOW, &ann, bob.user_id).await.status, 200);
    world.derive().await;
    assert_eq!(ask(&world, FOLLOW, &ann, eve.user_id).await.status, 200);
}

#[tokio::test]
async fn when_a_block_hides_somebody_then_they_are_as_nobody_and_in_no_list() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    for (who, whom) in [(&ann, &eve), (&bob, &eve), (&eve, &ann), (&eve, &bob)] {
        world.follow(who, whom).await;
    }
    world.hide(&ann, &bob).await;
    world.derive().await;
    for (who, whom) in [(&ann, &bob), (&bob, &ann)] {
        for route in [FOLLOW, UNFOLLOW, FOLLOWERS, FOLLOWING] {
            world.engine.reset_usage();
            let hidden = ask(&world, route, who, whom.user_id).await;
            let of_hidden = world.engine.usage();
            world.engine.reset_usage();
            let absent = ask(&world, route, who, "12345").await;
            assert_eq!((hidden.status, hidden.code()), (404, "user_not_found"), "{route}");
            assert_eq!(hidden.json["detail"], absent.json["detail"]);
            let (one, other) = (of_hidden.round_trips, world.engine.usage().round_trips);
            assert_eq!(one, other, "{route} takes as long as of nobody");
        }
        for route in [FOLLOWERS, FOLLOWING] {
            assert_eq!(
                scroll(&world, route, who, &eve).await,
                *std::slice::from_ref(&who.username),
                "{route}"
            );
            assert_eq!(scroll(&world, route, &eve, &eve).await.len(), 2, "others see both");
        }
    }
    assert_eq!(world.profile(&eve).await.followers, 2);
}

#[tokio::test]
async fn when_an_account_is_private_then_its_lists_are_for_who_follows() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    world.follow(&bob, &ann).await;
    world.follow(&ann, &eve).await;
    world.derive().await;
    world.make_private(&ann).await;
    for (who, followers, following) in [(&bob, 1, 1), (&ann, 1, 1), (&eve, 0, 0)] {
        assert_eq!(scroll(&world, FOLLOWERS, who, &ann).await.len(), followers, "{}", who.username);
        assert_eq!(scroll(&world, FOLLOWING, who, &ann).await.len(), following, "{}", who.username);
    }
    // Who is removed sees nothing from this moment on, derived or not.
    world.remove_follower(&ann, &bob).await;
    assert!(scroll(&world, FOLLOWERS, &bob, &ann).await.is_empty());
}
