//! Writing, mentioning, liking, pinning and removing.

use domain::quota;
use serde_json::json;
use table::change::Change;
use testkit::http::{call, event};
use testkit::{OldSession, token_for};

use crate::stage::{CREATE, DELETE, LIKE, LIST, PIN, Stage, UNLIKE, UNPIN, texts};

#[tokio::test]
async fn when_a_comment_is_written_then_it_is_counted_and_shown() {
    let stage = Stage::new().await;
    let answer = stage.create(&stage.bob, " What a\r\nlight, @Ann! ", None).await;
    assert_eq!(answer.status, 201);
    let id = answer.json["comment_id"].as_str().unwrap().to_owned();
    let right = json!({
        "comment_id": id,
        "photo_id": stage.photo.to_string(),
        "user_id": stage.bob.user_id.to_string(),
        "username": "bob",
        "profile_pic": format!("https://cdn.test/photos/profile/small/{}.jpg", stage.bob.user_id),
        "text": "What a\nlight, @Ann!",
        "mentions": [
            { "user_id": stage.ann.user_id.to_string(), "username": "Ann", "start": 14, "length": 4 },
        ],
        "created_at": answer.json["created_at"],
        "likes_count": 0,
        "replies_count": 0,
        "liked_by_user": false,
        "pinned": false,
    });
    assert_eq!(answer.json, right);
    stage.world.derive().await;
    assert_eq!(stage.list(&stage.ann, &[]).await["comments"], json!([right]));
    let reply = stage.create(&stage.ann, "Thanks", Some(&id)).await.json;
    assert_eq!(reply["reply_to"], json!(id));
    stage.world.derive().await;
    // A reply to a reply is under the same comment.
    let again = stage.create(&stage.bob, "You are welcome", reply["comment_id"].as_str()).await.json;
    assert_eq!(again["reply_to"], json!(id));
    stage.world.derive().await;
    assert_eq!(stage.photo().await.comments, 3);
    assert_eq!(stage.list(&stage.ann, &[]).await["comments"][0]["replies_count"], 2);
}

#[tokio::test]
async fn when_a_comment_breaks_a_rule_then_nothing_is_written() {
    let stage = Stage::new().await;
    for (text, code) in [("\u{200b}", "comment_empty"), (&*"x".repeat(2_201), "comment_too_long")] {
        let answer = stage.create(&stage.bob, text, None).await;
        assert_eq!((answer.status, answer.code()), (400, code));
    }
    for unknown in ["1", "x", "1.2"] {
        let answer = stage.create(&stage.bob, "Hi", Some(unknown)).await;
        assert_eq!((answer.status, answer.code()), (404, "comment_not_found"));
    }
    assert!(stage.list(&stage.bob, &[]).await["comments"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn when_a_key_is_repeated_then_there_is_one_comment() {
    let stage = Stage::new().await;
    let send = async |text: &str| {
        let body = json!({ "text": text });
        let request = stage.request(CREATE, &stage.bob, None).header("idempotency-key", "k").json(&body);
        stage.send(request).await
    };
    let (first, second) = (send("Hi").await, send("Hi").await);
    assert_eq!((first.status, second.status, &first.json), (201, 201, &second.json));
    assert_eq!(send("Ho").await.code(), "idempotency_key_reused");
    stage.world.derive().await;
    assert_eq!(stage.photo().await.comments, 1);
    stage.ask(DELETE, &stage.bob, first.json["comment_id"].as_str().unwrap()).await;
    assert_eq!(send("Hi").await.code(), "comment_not_found");
}

#[tokio::test]
async fn when_people_are_mentioned_then_those_are_told_who_may_see_it_once_each() {
    let stage = Stage::new().await;
    let (eve, dan) = (stage.world.person("eve").await, stage.world.person("dan").await);
    stage.block(&eve, &stage.bob).await;
    let text = "@ann @ANN @bob @eve @dan @nobody";
    let answer = stage.create(&stage.bob, text, None).await.json;
    let linked: Vec<&str> =
        answer["mentions"].as_array().unwrap().iter().map(|one| one["username"].as_str().unwrap()).collect();
    assert_eq!(linked, ["ann", "ANN", "bob", "dan"]);
    let told: Vec<String> = stage
        .world
        .derive()
        .await
        .iter()
        .flat_map(Change::events)
        .filter_map(|event| match event {
            messages::Event::MentionAdded { mentioned_id, .. } => Some(mentioned_id.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [stage.ann.user_id.to_string(), dan.user_id.to_string()]);
}

#[tokio::test]
async fn when_the_author_closes_comments_then_others_write_none() {
    let stage = Stage::new().await;
    let fan = stage.world.person("fan").await;
    stage.world.follow(&fan, &stage.ann).await;
    for (setting, code) in [("followers", "comments_for_followers"), ("off", "comments_off")] {
        stage.set_commenting(setting).await;
        let refused = stage.create(&stage.bob, "Hi", None).await;
        assert_eq!((refused.status, refused.code()), (403, code));
        assert_eq!(stage.create(&stage.ann, "Mine", None).await.status, 201);
        let of_fan = stage.create(&fan, "Hi", None).await.status;
        assert_eq!(of_fan, if setting == "followers" { 201 } else { 403 });
    }
}

#[tokio::test]
async fn when_a_comment_is_liked_then_it_counts_once() {
    let stage = Stage::new().await;
    let id = stage.written(&stage.bob, "Hi", None).await;
    stage.world.derive().await;
    let state =
        |likes: i64, liked: bool| json!({ "comment_id": id, "likes_count": likes, "liked_by_user": liked });
    for _ in 0..2 {
        let answer = stage.ask(LIKE, &stage.ann, &id).await;
        assert_eq!((answer.status, answer.json), (200, state(1, true)));
        stage.world.derive().await;
    }
    assert_eq!(stage.list(&stage.ann, &[]).await["comments"][0]["liked_by_user"], true);
    assert_eq!(stage.ask(UNLIKE, &stage.ann, &id).await.json, state(0, false));
    stage.world.derive().await;
    assert_eq!(stage.list(&stage.ann, &[]).await["comments"][0]["likes_count"], 0);
    assert_eq!(stage.ask(LIKE, &stage.ann, "1").await.code(), "comment_not_found");
}

#[tokio::test]
async fn when_the_author_or_the_writer_removes_a_comment_then_it_is_gone() {
    let stage = Stage::new().await;
    let eve = stage.world.person("eve").await;
    let (one, other) =
        (stage.written(&stage.bob, "One", None).await, stage.written(&stage.bob, "Other", None).await);
    stage.world.derive().await;
    let refused = stage.ask(DELETE, &eve, &one).await;
    assert_eq!((refused.status, refused.code()), (403, "not_your_comment"));
    assert_eq!(stage.ask(DELETE, &stage.bob, &one).await.status, 204);
    // The writer reads what they left, before it is derived.
    assert_eq!(texts(&stage.list(&stage.bob, &[]).await), ["Other"]);
    assert_eq!(stage.ask(DELETE, &stage.ann, &other).await.status, 204);
    for _ in 0..2 {
        stage.world.derive().await;
    }
    assert_eq!(stage.photo().await.comments, 0);
    assert!(stage.list(&stage.ann, &[]).await["comments"].as_array().unwrap().is_empty());
    assert_eq!(stage.ask(DELETE, &stage.bob, &other).await.code(), "comment_not_found");
}

#[tokio::test]
async fn when_three_comments_are_pinned_then_they_come_first_and_a_fourth_is_refused() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three", "four"] {
        ids.push(stage.written(&stage.bob, text, None).await);
    }
    stage.world.derive().await;
    assert_eq!(stage.ask(PIN, &stage.bob, &ids[0]).await.code(), "not_your_photo");
    for id in [&ids[0], &ids[1], &ids[0], &ids[2]] {
        assert_eq!(stage.ask(PIN, &stage.ann, id).await.status, 204);
    }
    let refused = stage.ask(PIN, &stage.ann, &ids[3]).await;
    assert_eq!((refused.status, refused.code()), (409, "too_many_pins"));
    let page = stage.list(&stage.bob, &[("count", "1")]).await;
    assert_eq!(texts(&page), ["one", "two", "three", "four"]);
    assert_eq!(page["comments"][0]["pinned"], true);
    assert_eq!(page["comments"][3]["pinned"], false);
    assert_eq!(stage.ask(UNPIN, &stage.ann, &ids[1]).await.status, 204);
    assert_eq!(stage.ask(PIN, &stage.ann, &ids[3]).await.status, 204);
    let page = stage.list(&stage.bob, &[]).await;
    assert_eq!(texts(&page), ["one", "three", "four", "two"]);
}

#[tokio::test]
async fn when_three_hundred_comments_were_written_in_an_hour_then_the_next_waits() {
    let stage = Stage::new().await;
    stage.world.use_up(&quota::COMMENTS, stage.bob.user_id, &[300]).await;
    let refused = stage.create(&stage.bob, "Hi", None).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_comments"));
    assert_eq!(stage.create(&stage.ann, "Hi", None).await.status, 201);
}

#[tokio::test]
async fn when_the_session_has_ended_then_nothing_is_written() {
    let stage = Stage::new().await;
    let id = stage.written(&stage.bob, "Hi", None).await;
    stage.world.derive().await;
    let session = OldSession::open(&stage.world.table, &stage.world.clock, &stage.ann).await;
    session.end(&stage.world.table).await;
    for route in [LIKE, UNLIKE, PIN, UNPIN, DELETE] {
        let request = stage.request(route, &stage.ann, Some(&id)).token(&session.token);
        assert_eq!(stage.send(request).await.code(), "session_ended", "{route}");
    }
    let body = json!({ "text": "Hi" });
    let request = stage.request(CREATE, &stage.ann, None).token(&session.token).json(&body);
    assert_eq!(stage.send(request).await.code(), "session_ended");
    assert_eq!(texts(&stage.list(&stage.ann, &[]).await), ["Hi"]);
}

#[tokio::test]
async fn when_api_gateway_sends_real_events_then_they_are_answered() {
    let stage = Stage::new().await;
    let token = token_for(&stage.ann, domain::Clock::now(&stage.world.clock));
    let photo = stage.photo.to_string();
    let id = stage.written(&stage.bob, "Hi", None).await;
    stage.world.derive().await;
    let values = [("token", token.as_str()), ("photo_id", photo.as_str()), ("comment_id", id.as_str())];
    let of_photo = &values[..2];
    for (case, values, status) in [
        ("create", of_photo, 201),
        ("list", of_photo, 200),
        ("replies", &values, 200),
        ("like", &values, 200),
        ("unlike", &values, 200),
        ("pin", &values, 204),
        ("unpin", &values, 204),
        ("delete", &values, 204),
    ] {
        let answer = call(&stage.handler(), &stage.world.clock, event("comment", case, values)).await;
        assert_eq!(answer.status, status, "{case}");
    }
}

#[tokio::test]
async fn writing_and_liking_stay_within_their_budget() {
    let stage = Stage::new().await;
    let usage = async |answer| {
        stage.world.engine.reset_usage();
        let answer: testkit::http::Answer = stage.send(answer).await;
        assert!(answer.status < 300, "{}", answer.json);
        stage.world.engine.usage()
    };
    let body = json!({ "text": "What a light!" });
    let plain = usage(stage.request(CREATE, &stage.bob, None).json(&body)).await;
    assert_eq!((plain.round_trips, plain.writes()), (2, 2), "{plain:?}");
    assert!(plain.write_units <= 2.0 && plain.read_units <= 1.0, "{plain:?}");
    let body = json!({ "text": "@bob @ann" });
    let mention = usage(stage.request(CREATE, &stage.bob, None).json(&body)).await;
    assert_eq!(mention.round_trips, 3, "{mention:?}");
    assert!(mention.read_units <= 2.5, "{mention:?}");
    stage.world.derive().await;
    let page = stage.list(&stage.bob, &[]).await;
    let id = page["comments"][0]["comment_id"].as_str().unwrap();
    let like = usage(stage.request(LIKE, &stage.ann, Some(id))).await;
    assert_eq!((like.round_trips, like.writes()), (2, 2), "{like:?}");
    assert!(like.write_units <= 2.0 && like.read_units <= 1.5, "{like:?}");
    let read = usage(stage.request(LIST, &stage.ann, None)).await;
    assert!(read.round_trips <= 2 && read.read_units <= 3.5, "{read:?}");
}
