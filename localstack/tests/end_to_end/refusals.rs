//! Requests that break a rule. Each is refused with its code and changes nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::photo::MAX_UPLOAD_BYTES;
use domain::quota;
use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{App, PASSWORD, unique, upload_request};

#[tokio::test]
async fn when_a_draft_breaks_a_rule_then_it_should_be_named_and_nothing_kept() {
    let app = App::new();
    let anna = app.register("anna").await;
    let before = app.behind.items_about(anna.id).await;
    let good = || upload_request("A caption", &[small()]);
    let with = |field: &str, value: Value| {
        let mut body = good();
        body[field] = value;
        body
    };
    let medium = |field: &str, value: Value| {
        let mut body = good();
        body["media"][0][field] = value;
        body
    };
    let tags: Vec<String> = (0..31).map(|number| format!("tag{number}")).collect();
    let media = vec![good()["media"][0].clone(); 11];
    for (body, code) in [
        (with("caption", json!("x".repeat(2_201))), "caption_too_long"),
        (with("location", json!("x".repeat(101))), "location_too_long"),
        (with("tags", json!(tags)), "too_many_tags"),
        (with("tags", json!(["two words"])), "tag_invalid"),
        (with("tags", json!(["x".repeat(101)])), "tag_too_long"),
        (with("tags", json!("sunset")), "bad_json"),
        (with("media", json!([])), "media_missing"),
        (with("media", json!(media)), "too_many_media"),
        (with("media", Value::Null), "bad_json"),
        (medium("size", json!(0)), "media_empty"),
        (medium("size", json!(MAX_UPLOAD_BYTES + 1)), "media_too_large"),
        (medium("size", json!(-1)), "bad_json"),
        (medium("content_type", json!("image/jxl")), "content_type_unsupported"),
        (medium("content_type", json!("text/html")), "content_type_unsupported"),
        (medium("alt", json!("x".repeat(1_001))), "alt_too_long"),
    ] {
        anna.post("/photos", &body).await.refused(400, code);
    }
    for key in ["two words", &"x".repeat(129)] {
        let request = anna.request(Method::POST, "/photos").header("idempotency-key", key).json(&good());
        request.send().await.refused(400, "bad_idempotency_key");
    }
    assert_eq!(app.behind.items_about(anna.id).await, before);
    // The longest allowed text is accepted.
    let mut longest = with("caption", json!("é".repeat(2_200)));
    longest["media"][0]["size"] = json!(MAX_UPLOAD_BYTES);
    anna.post("/photos", &longest).await.expect(201);
}

#[tokio::test]
async fn when_a_body_is_no_json_then_every_route_should_say_so() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.create_upload("", &[small()]).await.0;
    let photo = format!("/photos/{photo}");
    let before = app.behind.items_about(anna.id).await;
    let routes = [
        (Method::POST, "/auth/register"),
        (Method::POST, "/auth/login"),
        (Method::POST, "/auth/refresh"),
        (Method::DELETE, "/auth/session"),
        (Method::PATCH, "/users/me"),
        (Method::POST, "/photos"),
        (Method::PATCH, &photo),
    ];
    for (method, path) in routes {
        for body in ["", "{", "[]", "\"text\"", "{\"caption\": \u{0}}", "{} {}", "nonsense"] {
            anna.request(method.clone(), path).text(body).send().await.refused(400, "bad_json");
        }
        let large = format!("{{\"caption\": \"{}\"}}", "x".repeat(300 * 1024));
        anna.request(method, path).text(large).send().await.refused(413, "body_too_large");
    }
    assert_eq!(app.behind.items_about(anna.id).await, before);
}

#[tokio::test]
async fn when_a_cursor_or_count_is_invalid_then_every_list_should_refuse() {
    let app = App::new();
    let anna = app.register("anna").await;
    let id = anna.id;
    let photo = anna.create_upload("", &[small()]).await.0;
    let of_another_list = URL_SAFE_NO_PAD.encode("nolist:1");
    for list in [
        "/feed".to_owned(),
        "/notifications".to_owned(),
        format!("/users/{id}/photos"),
        format!("/users/{id}/followers"),
        format!("/users/{id}/following"),
        format!("/photos/{photo}/likes"),
    ] {
        for cursor in ["", "x", "%F0%9F%93%B7", &of_another_list, &"A".repeat(1_000)] {
            anna.get(&format!("{list}?cursor={cursor}")).await.refused(400, "bad_cursor");
        }
        for count in ["0", "51", "-1", "many", ""] {
            anna.get(&format!("{list}?count={count}")).await.refused(400, "bad_count");
        }
        anna.get(&format!("{list}?count=50")).await.expect(200);
    }
}

#[tokio::test]
async fn when_texts_of_a_photo_or_profile_are_too_long_then_nothing_changes() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.create_upload("As it was", &[small()]).await.0;
    let path = format!("/photos/{photo}");
    let before = app.behind.items_about(anna.id).await;
    for (field, value, code) in [
        ("caption", json!("x".repeat(2_201)), "caption_too_long"),
        ("location", json!("x".repeat(101)), "location_too_long"),
        ("tags", json!(["#"]), "tag_invalid"),
        ("tags", json!({}), "bad_json"),
    ] {
        anna.patch(&path, &json!({ field: value })).await.refused(400, code);
    }
    anna.patch("/users/me", &json!({ "bio": "x".repeat(151) })).await.refused(400, "bio_too_long");
    anna.patch("/users/me", &json!({ "full_name": "x".repeat(101) }))
        .await
        .refused(400, "full_name_too_long");
    assert_eq!(app.behind.items_about(anna.id).await, before);
    let changed = anna.patch(&path, &json!({ "caption": "As it is", "tags": ["New"] })).await.expect(200);
    assert_eq!((changed["caption"].clone(), changed["tags"].clone()), (json!("As it is"), json!(["new"])));
    assert_eq!(anna.photo(&photo).await, changed);
}

#[tokio::test]
async fn when_a_photo_is_somebody_elses_then_changes_should_be_refused() {
    let app = App::new();
    let (anna, mallory) = (app.register("anna").await, app.register("mallory").await);
    let photo = anna.post_photo("Mine", &[small()]).await;
    let path = format!("/photos/{photo}");
    let before = anna.photo(&photo).await;
    mallory.patch(&path, &json!({ "caption": "Yours" })).await.refused(403, "not_your_photo");
    mallory.delete(&path).await.refused(403, "not_your_photo");
    assert_eq!(anna.photo(&photo).await, before);
    assert_eq!(app.behind.kept(&app.behind.photo(&photo).await).await.len(), 7);

    // Nobody else learns that an unpublished photo exists.
    let secret = anna.create_upload("Not yet", &[small()]).await.0;
    let path = format!("/photos/{secret}");
    mallory.get(&path).await.refused(404, "photo_not_found");
    mallory.patch(&path, &json!({ "caption": "Yours" })).await.refused(404, "photo_not_found");
    mallory.delete(&path).await.refused(404, "photo_not_found");
    mallory.post(&format!("{path}/like"), &json!({})).await.refused(404, "photo_not_found");
    mallory.get(&format!("{path}/likes")).await.refused(404, "photo_not_found");
    assert_eq!(anna.photo(&secret).await["caption"], "Not yet");
}

#[tokio::test]
async fn when_something_does_not_exist_then_it_should_be_said() {
    let app = App::new();
    let anna = app.register("anna").await;
    let nobody = unique("nobody");
    for photo in ["1", "0", "x", "99999999999999999999", "9223372036854775807"] {
        let path = format!("/photos/{photo}");
        anna.get(&path).await.refused(404, "photo_not_found");
        anna.patch(&path, &json!({ "caption": "x" })).await.refused(404, "photo_not_found");
        anna.delete(&path).await.refused(404, "photo_not_found");
        anna.request(Method::POST, &format!("{path}/like")).send().await.refused(404, "photo_not_found");
        anna.delete(&format!("{path}/like")).await.refused(404, "photo_not_found");
        anna.get(&format!("{path}/likes")).await.refused(404, "photo_not_found");
    }
    for user in ["1", "x", "@", "@two%20words", &format!("@{nobody}")] {
        let path = format!("/users/{user}");
        anna.get(&path).await.refused(404, "user_not_found");
        anna.get(&format!("{path}/photos")).await.refused(404, "user_not_found");
        anna.get(&format!("{path}/followers")).await.refused(404, "user_not_found");
        anna.get(&format!("{path}/following")).await.refused(404, "user_not_found");
        anna.request(Method::POST, &format!("{path}/follow")).send().await.refused(404, "user_not_found");
        anna.delete(&format!("{path}/follow")).await.refused(404, "user_not_found");
    }
    for me in [anna.id.to_string(), format!("@{}", anna.username.to_uppercase())] {
        let path = format!("/users/{me}/follow");
        anna.request(Method::POST, &path).send().await.refused(400, "cannot_follow_self");
    }
    let answer = anna.get("/nothing/here").await;
    assert_eq!(answer.status, 404, "{answer:?}");
}

#[tokio::test]
async fn when_a_password_is_guessed_then_the_account_should_be_blocked_for_a_while() {
    let app = App::new();
    let anna = app.register("anna").await;
    anna.prove().await;
    let guess = json!({ "login": anna.username, "password": "wrong horse battery" });
    app.behind.use_up(&quota::LOGINS, anna.id, 2).await;
    for login in [&anna.username, &anna.email] {
        let guess = json!({ "login": login, "password": "wrong horse battery" });
        app.post("/auth/login", &guess).await.refused(401, "bad_credentials");
    }
    let answer = app.post("/auth/login", &guess).await;
    answer.refused(429, "too_many_attempts");
    assert!(
        answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=600).contains(&seconds)),
        "{answer:?}"
    );
    let right = json!({ "login": anna.username, "password": PASSWORD });
    app.post("/auth/login", &right).await.refused(429, "too_many_attempts");
    // Sessions that are open stay open.
    anna.get("/users/me").await.expect(200);
}
