//! An author with too many followers for an ordinary push, through the deployed workflows.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use reqwest::Method;
use table::keys::ItemKey;

use crate::pictures::small;
use crate::world::{App, Person, eventually};

/// Followers that exceed the threshold by one, on a cloud that is started for tests.
const CROWD: usize = 13;
/// Followers who have to leave before a celebrity becomes an ordinary author.
const LEAVING: usize = 4;

async fn until_standing(author: &Person<'_>, standing: Option<&str>) {
    eventually(&format!("the author stands as {standing:?}"), async || {
        let head = author.app.behind.item(&ItemKey::Head(author.id)).await.unwrap_or_default();
        let found = head.get("standing").and_then(|standing| standing.as_s().ok()).map(String::as_str);
        if found == standing { Ok(()) } else { Err(format!("{head:?}")) }
    })
    .await;
}

async fn until_counted(author: &Person<'_>, followers: usize) {
    eventually("everybody is counted", async || {
        let profile = author.profile(author).await;
        if profile["follower_count"] == followers { Ok(()) } else { Err(profile.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn when_an_author_crosses_up_and_down_then_followers_should_miss_nothing() {
    let app = App::new();
    let star = app.register("star").await;
    let crowd = join_all((0..CROWD).map(|_| app.register("fan"))).await;
    let follow = format!("/users/{}/follow", star.id);
    join_all(crowd.iter().map(async |fan| fan.request(Method::POST, &follow).send().await.expect(200))).await;
    until_counted(&star, CROWD).await;
    let first_fan = &crowd[0];
    first_fan.until_feed(&[]).await;

    // This photo is pushed to everyone, and starts the promotion.
    let first = star.post_photo("Before", &[small()]).await;
    first_fan.until_feed(&[&first]).await;
    until_standing(&star, Some("celebrity")).await;

    // This photo is pulled at once, and pushed in the background.
    let second = star.post_photo("Pulled", &[small()]).await;
    first_fan.until_feed(&[&second, &first]).await;
    let entry = ItemKey::FeedEntry(first_fan.id, second.parse().unwrap());
    eventually("the photo is pushed and marked so", async || {
        let head = app.behind.item(&ItemKey::Head(star.id)).await.unwrap_or_default();
        let unpushed = head.get("unpushed").cloned();
        let pushed = app.behind.has(&entry).await;
        if pushed && unpushed.is_none() { Ok(()) } else { Err(format!("{pushed} {unpushed:?}")) }
    })
    .await;
    let state = app.behind.item(&ItemKey::FeedState(first_fan.id)).await.unwrap();
    assert_eq!(state.get("celebrities"), Some(&AttributeValue::Ss(vec![star.id.to_string()])));
    first_fan.until_feed(&[&second, &first]).await;

    // Too few followers are left, so the next photo is the last one to be pulled.
    join_all(crowd.iter().rev().take(LEAVING).map(async |fan| fan.delete(&follow).await.expect(200))).await;
    until_counted(&star, CROWD - LEAVING).await;
    let third = star.post_photo("The last to be pulled", &[small()]).await;
    first_fan.until_feed(&[&third, &second, &first]).await;
    until_standing(&star, Some("ordinary")).await;
    let fourth = star.post_photo("Pushed again", &[small()]).await;
    first_fan.until_feed(&[&fourth, &third, &second, &first]).await;
    eventually("nobody pulls any more", async || {
        let state = app.behind.item(&ItemKey::FeedState(first_fan.id)).await.unwrap_or_default();
        if state.contains_key("celebrities") { Err(format!("{state:?}")) } else { Ok(()) }
    })
    .await;
    let gone = crowd.last().unwrap();
    gone.until_feed(&[]).await;
}
