//! A conversation under a photo, from the first comment to its removal.

use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{App, Person, eventually, same};

/// Waits until these are the kinds and sentences of somebody's notifications, in any order; returns the rows.
async fn until_told(person: &Person<'_>, rows: &[(&str, String)]) -> Vec<Value> {
    let mut wanted: Vec<(String, String)> =
        rows.iter().map(|(kind, message)| ((*kind).to_owned(), message.clone())).collect();
    wanted.sort();
    eventually("the notifications are as they should be", async || {
        let page = person.get("/notifications").await.expect(200);
        let rows = page["notifications"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut found: Vec<(String, String)> =
            rows.iter().map(|row| (text(&row["type"]), text(&row["message"]))).collect();
        found.sort();
        same(found, &wanted).map(|_| rows)
    })
    .await
}

/// Waits until somebody reads these texts under a photo, in this order; returns the comments.
async fn until_read(person: &Person<'_>, photo: &str, order: &str, texts: &[&str]) -> Vec<Value> {
    eventually("the comments are as they should be", async || {
        let page = person.get(&format!("/photos/{photo}/comments?order={order}")).await.expect(200);
        let comments = page["comments"].as_array().unwrap().clone();
        let found: Vec<String> =
            comments.iter().map(|comment| comment["text"].as_str().unwrap().to_owned()).collect();
        same(found, &texts.iter().map(|text| (*text).to_owned()).collect()).map(|_| comments)
    })
    .await
}

async fn until_counted(person: &Person<'_>, photo: &str, comments: u64) {
    eventually("the comments are counted", async || {
        same(person.photo(photo).await["comments_count"].clone(), &json!(comments)).map(drop)
    })
    .await;
}

async fn write(person: &Person<'_>, photo: &str, text: &str, reply_to: Option<&str>) -> Value {
    let body = json!({ "text": text, "reply_to": reply_to });
    person.post(&format!("/photos/{photo}/comments"), &body).await.expect(201)
}

#[tokio::test]
async fn when_a_photo_is_muted_then_its_author_should_be_told_nothing_new_of_it() {
    let app = App::new();
    let (anna, bert, cora) =
        (app.register("anna").await, app.register("bert").await, app.register("cora").await);
    let (muted, other) =
        (anna.post_photo("One", &[small()]).await, anna.post_photo("Another", &[small()]).await);
    let change = json!({ "notifications_muted": true });
    let edited = anna.patch(&format!("/photos/{muted}"), &change).await.expect(200);
    assert_eq!(edited["notifications_muted"], true);
    assert!(bert.photo(&muted).await.get("notifications_muted").is_none());
    bert.like(&muted, 1).await;
    let said = write(&bert, &muted, "What a light!", None).await;
    write(&cora, &muted, "Indeed", said["comment_id"].as_str()).await;
    until_told(&bert, &[("reply", format!("{} replied to your comment", cora.username))]).await;
    cora.like(&other, 1).await;
    until_told(&anna, &[("like", format!("{} liked your photo", cora.username))]).await;
}

#[tokio::test]
async fn when_people_talk_under_a_photo_then_it_is_counted_ranked_pinned_and_removed() {
    let app = App::new();
    let (anna, bert, cleo) =
        (app.register("anna").await, app.register("bert").await, app.register("cleo").await);
    let photo = anna.post_photo("High tide", &[small()]).await;
    let text = format!("Look, @{}!", cleo.username);
    let first = write(&bert, &photo, &text, None).await;
    assert_eq!(first["mentions"][0]["user_id"], cleo.id.to_string());
    // The writer reads it at once, and others soon.
    let own = bert.get(&format!("/photos/{photo}/comments")).await.expect(200);
    assert_eq!(own["comments"][0]["comment_id"], first["comment_id"]);
    until_read(&cleo, &photo, "newest", &[&text]).await;
    let id = first["comment_id"].as_str().unwrap();
    write(&cleo, &photo, "Lovely", Some(id)).await;
    let second = write(&cleo, &photo, "When was that?", None).await;
    until_counted(&anna, &photo, 3).await;

    let like = format!("/photos/{photo}/comments/{id}/like");
    let liked = anna.post(&like, &json!({})).await.expect(200);
    assert_eq!((&liked["likes_count"], &liked["liked_by_user"]), (&json!(1), &json!(true)));
    until_read(&anna, &photo, "top", &[&text, "When was that?"]).await;
    until_read(&anna, &photo, "newest", &["When was that?", &text]).await;
    let pin = format!("/photos/{photo}/comments/{id}/pin");
    bert.post(&pin, &json!({})).await.refused(403, "not_your_photo");
    anna.post(&pin, &json!({})).await.expect(204);
    let pinned = until_read(&cleo, &photo, "newest", &[&text, "When was that?"]).await;
    assert_eq!((&pinned[0]["pinned"], &pinned[0]["replies_count"]), (&json!(true), &json!(1)));

    // The photo's author removes one; the writer takes the other back, and its reply goes along.
    let second = second["comment_id"].as_str().unwrap();
    anna.delete(&format!("/photos/{photo}/comments/{second}")).await.expect(204);
    bert.delete(&format!("/photos/{photo}/comments/{id}")).await.expect(204);
    until_read(&cleo, &photo, "newest", &[]).await;
    until_counted(&anna, &photo, 0).await;

    anna.patch(&format!("/photos/{photo}"), &json!({ "comments": "off", "hide_like_count": true }))
        .await
        .expect(200);
    bert.post(&format!("/photos/{photo}/comments"), &json!({ "text": "Hm" }))
        .await
        .refused(403, "comments_off");
    assert_eq!(bert.photo(&photo).await["likes_count"], Value::Null);
    assert_eq!(anna.photo(&photo).await["likes_count"], 0);
}

#[tokio::test]
async fn when_people_talk_then_each_is_told_once_and_what_goes_is_told_no_more() {
    let app = App::new();
    let (anna, bert, cleo) =
        (app.register("anna").await, app.register("bert").await, app.register("cleo").await);
    let photo = anna.post_photo("High tide", &[small()]).await;
    let said = |who: &Person<'_>, did: &str| format!("{} {did}", who.username);

    // Bert mentions Cleo, who replies and mentions Bert; Anna likes the comment.
    let text = format!("Look, @{}!", cleo.username);
    let first = write(&bert, &photo, &text, None).await;
    let id = first["comment_id"].as_str().unwrap();
    until_told(&anna, &[("comment", said(&bert, "commented on your photo"))]).await;
    let mentioned = until_told(&cleo, &[("mention", said(&bert, "mentioned you in a comment"))]).await;
    assert_eq!((&mentioned[0]["photo_id"], &mentioned[0]["comment_id"]), (&json!(photo), &json!(id)));
    assert!(mentioned[0]["photo_thumbnail"].is_string());
    until_read(&cleo, &photo, "newest", &[&text]).await;
    let reply = write(&cleo, &photo, &format!("Lovely, @{}", bert.username), Some(id)).await;
    anna.post(&format!("/photos/{photo}/comments/{id}/like"), &json!({})).await.expect(200);
    let mention = ("mention", said(&cleo, "mentioned you in a comment"));
    let liked = ("comment_like", said(&anna, "liked your comment"));
    until_told(&bert, &[mention.clone(), liked.clone()]).await;
    let second = write(&anna, &photo, "Thank you", reply["comment_id"].as_str()).await;
    let replied = ("reply", said(&anna, "replied to your comment"));
    until_told(&cleo, &[("mention", said(&bert, "mentioned you in a comment")), replied.clone()]).await;

    // What is taken back goes, and what hung on it.
    anna.delete(&format!("/photos/{photo}/comments/{id}/like")).await.expect(200);
    until_told(&bert, &[mention]).await;
    let second = second["comment_id"].as_str().unwrap();
    anna.delete(&format!("/photos/{photo}/comments/{second}")).await.expect(204);
    until_told(&cleo, &[("mention", said(&bert, "mentioned you in a comment"))]).await;
    bert.delete(&format!("/photos/{photo}/comments/{id}")).await.expect(204);
    for person in [&anna, &bert, &cleo] {
        until_told(person, &[]).await;
    }

    // A deleted photo takes along what was said under it.
    write(&bert, &photo, &text, None).await;
    until_told(&cleo, &[("mention", said(&bert, "mentioned you in a comment"))]).await;
    anna.delete(&format!("/photos/{photo}")).await.expect(204);
    for person in [&anna, &cleo] {
        until_told(person, &[]).await;
        eventually("no row is counted", async || {
            same(person.get("/notifications").await.expect(200)["unread_count"].clone(), &json!(0)).map(drop)
        })
        .await;
    }
}

#[tokio::test]
async fn when_somebody_asks_to_follow_then_both_are_told_what_becomes_of_it() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    anna.patch("/users/me", &json!({ "private": true })).await.expect(200);
    let follow = format!("/users/{}/follow", anna.id);
    let asked = ("request", format!("{} asked to follow you", bert.username));
    bert.post(&follow, &json!({})).await.expect(200);
    until_told(&anna, std::slice::from_ref(&asked)).await;
    bert.delete(&follow).await.expect(200);
    until_told(&anna, &[]).await;
    bert.post(&follow, &json!({})).await.expect(200);
    until_told(&anna, &[asked]).await;
    anna.post(&format!("/users/me/requests/{}/accept", bert.id), &json!({})).await.expect(204);
    until_told(&anna, &[("follow", format!("{} started following you", bert.username))]).await;
    let accepted = format!("{} accepted your request to follow them", anna.username);
    until_told(&bert, &[("acceptance", accepted)]).await;
    bert.delete(&follow).await.expect(200);
    for person in [&anna, &bert] {
        until_told(person, &[]).await;
    }
}
