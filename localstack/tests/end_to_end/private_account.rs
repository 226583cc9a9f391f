//! The story of a private account, from the first request to the last follower who is removed.

use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{App, Person, eventually, same};

/// Waits until somebody reads so many comments under a photo; returns them.
async fn until_comments(person: &Person<'_>, photo: &str, count: usize) -> Vec<Value> {
    eventually("the comments are there", async || {
        let page = person.get(&format!("/photos/{photo}/comments")).await.expect(200);
        let comments = page["comments"].as_array().unwrap().clone();
        same(comments.len(), &count).map(|_| comments)
    })
    .await
}

#[tokio::test]
async fn when_an_account_is_private_then_it_decides_who_sees_and_says_what() {
    let app = App::new();
    let (anna, bert, eve) =
        (app.register("anna").await, app.register("bert").await, app.register("eve").await);
    anna.patch("/users/me", &json!({ "private": true })).await.expect(200);

    // Bert asks, and Anna accepts. Eve does not ask.
    let follow = format!("/users/{}/follow", anna.id);
    let asked = bert.post(&follow, &json!({})).await.expect(200);
    assert_eq!((&asked["following"], &asked["requested"]), (&json!(false), &json!(true)));
    eventually("the request is there", async || {
        let requests = anna.get("/users/me/requests").await.expect(200);
        same(requests["users"][0]["user_id"].clone(), &json!(bert.id.to_string())).map(drop)
    })
    .await;
    anna.post(&format!("/users/me/requests/{}/accept", bert.id), &json!({})).await.expect(204);
    eventually("the request is accepted", async || {
        same(bert.profile(&anna).await["followed_by_you"].clone(), &json!(true)).map(drop)
    })
    .await;

    // She posts: he gets it into his feed, and nobody else sees it.
    let photo = anna.post_photo("High tide", &[small()]).await;
    bert.until_feed(&[&photo]).await;
    let comments = format!("/photos/{photo}/comments");
    for hidden in [format!("/photos/{photo}"), comments.clone()] {
        eve.get(&hidden).await.refused(404, "photo_not_found");
    }

    // He mentions her; she replies and pins. He who is mentioned but may not see the photo is told nothing.
    let text = format!("@{} and @{}, look!", anna.username, eve.username);
    let comment = bert.post(&comments, &json!({ "text": text })).await.expect(201);
    assert_eq!(comment["mentions"].as_array().map(Vec::len), Some(2));
    let id = comment["comment_id"].as_str().unwrap();
    until_comments(&anna, &photo, 1).await;
    anna.post(&comments, &json!({ "text": "I was there", "reply_to": id })).await.expect(201);
    anna.post(&format!("{comments}/{id}/pin"), &json!({})).await.expect(204);
    eventually("the reply is counted", async || {
        let shown = until_comments(&bert, &photo, 1).await;
        same((shown[0]["pinned"].clone(), shown[0]["replies_count"].clone()), &(json!(true), json!(1)))
            .map(drop)
    })
    .await;
    assert_eq!(anna.until_inbox(2).await["notifications"][0]["type"], "mention");
    let told = eve.get("/notifications").await.expect(200);
    assert_eq!(told["notifications"], json!([]));

    // She removes him: by id at once, in his feed within seconds.
    anna.delete(&format!("/users/me/followers/{}", bert.id)).await.expect(204);
    bert.get(&format!("/photos/{photo}")).await.refused(404, "photo_not_found");
    bert.get(&comments).await.refused(404, "photo_not_found");
    bert.until_feed(&[]).await;
    // What he said stays, and stays his to take back.
    until_comments(&anna, &photo, 1).await;
    bert.delete(&format!("{comments}/{id}")).await.expect(204);
    until_comments(&anna, &photo, 0).await;
}
