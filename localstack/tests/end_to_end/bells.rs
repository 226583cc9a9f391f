//! Bells: whoever has one on is told of each photo.

use serde_json::json;

use crate::pictures::small;
use crate::pushes::{Browser, said};
use crate::world::{App, Person, eventually, same};

async fn switch(person: &Person<'_>, of: &Person<'_>, on: bool) {
    let path = format!("/users/{}/bell", of.id);
    let answer = if on { person.post(&path, &json!({})).await } else { person.delete(&path).await };
    assert_eq!(answer.expect(200), json!({ "bell": on }));
    assert_eq!(person.profile(of).await["bell"], on);
}

async fn until_unread(person: &Person<'_>, unread: u64) {
    eventually("what is unread is counted", async || {
        same(person.get("/notifications").await.expect(200)["unread_count"].clone(), &json!(unread)).map(drop)
    })
    .await;
}

#[tokio::test]
async fn when_a_bell_is_on_then_each_photo_should_be_told_until_it_is_off_or_deleted() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let refused = bert.post(&format!("/users/@{}/bell", anna.username), &json!({})).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("not_following")));
    bert.follow(&anna).await;
    switch(&bert, &anna, true).await;
    let browser = Browser::subscribe(&bert).await;
    browser.register(&bert, "en").await;

    let photo = anna.post_photo("By the sea", &[small()]).await;
    let row = bert.until_inbox(1).await["notifications"][0].clone();
    assert_eq!((&row["type"], &row["photo_id"]), (&json!("post"), &json!(photo)));
    assert_eq!((&row["actors"][0]["user_id"], &row["actor_count"]), (&json!(anna.id.to_string()), &json!(1)));
    assert!(row["photo_thumbnail"].is_string());
    let text = said(&browser.until_pushed(1).await[0]);
    assert_eq!((&text["kind"], &text["url"]), (&json!("post"), &json!(format!("/p/{photo}"))));
    assert_eq!(text["body"], format!("{} shared a photo", anna.username));

    // Off, nothing more is told, and what was told stays.
    switch(&bert, &anna, false).await;
    let next = anna.post_photo("Inland", &[small()]).await;
    bert.until_feed(&[&next, &photo]).await;
    assert_eq!(bert.until_inbox(1).await["notifications"][0]["photo_id"], photo);
    until_unread(&bert, 1).await;
    // A deleted photo takes its row along also from whoever switched the bell off since.
    anna.delete(&format!("/photos/{photo}")).await.expect(204);
    bert.until_inbox(0).await;
    until_unread(&bert, 0).await;
    assert_eq!(browser.until_pushed(1).await.len(), 1);
}
