//! A photo's way from a phone to a follower's feed, and its deletion.

use reqwest::Method;
use serde_json::{Value, json};
use table::keys::ItemKey;

use crate::pictures::{Picture, Pixels};
use crate::renditions::{SIZES, fetch, status};
use crate::world::{App, Person, created_upload, eventually, same, upload_request};

const ALTS: [&str; 3] = ["Galaxies", "Stripes, from the side", "A raccoon"];

/// Returns what was photographed: pictures smaller than the largest rendition, and larger.
fn scenes() -> [Pixels; 3] {
    [
        Pixels::photograph("galaxies.jpg", 1).with_corners(),
        Pixels::striped(1300, 900).with_corners(),
        Pixels::photograph("raccoon.jpg", 2).with_corners(),
    ]
}

/// Returns the files of a phone that was held upright, then to one side, then to the other.
fn files(scenes: &[Pixels; 3]) -> Vec<Picture> {
    let held = scenes.iter().zip([1, 6, 8]).zip(ALTS);
    held.map(|((scene, orientation), alt)| Picture::jpeg(scene.phone_jpeg(orientation)).alt(alt)).collect()
}

#[tokio::test]
async fn when_a_user_posts_a_carousel_then_a_follower_should_see_and_like_it() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    assert_eq!(bert.profile(&bert).await["following_count"], 1);
    assert!(bert.feed().await.is_empty());

    let scenes = scenes();
    let photo = upload_backwards(&anna, &bert, &files(&scenes)).await;
    let shown = see_it(&anna, &bert, &photo, &scenes).await;
    fetch_every_rendition(&app, &shown, &scenes).await;
    like_it(&anna, &bert, &photo).await;

    bert.unfollow(&anna).await;
    bert.until_feed(&[]).await;
    bert.follow(&anna).await;
    bert.until_feed(&[&photo]).await;
    delete_it(&anna, &bert, &photo, &shown).await;
}

/// Uploads the last picture first. Nobody else sees anything before the first one has arrived too.
async fn upload_backwards(anna: &Person<'_>, bert: &Person<'_>, files: &[Picture]) -> String {
    let mut body = upload_request("First light #morning", files);
    body["location"] = json!("Montmartre");
    body["tags"] = json!(["#Light", "Paris"]);
    let created = anna.post("/photos", &body).await.expect(201);
    assert_eq!(created["user_id"], anna.id.to_string());
    let (photo, uploads) = created_upload(&created);
    for (upload, file) in uploads.iter().zip(files).skip(1).rev() {
        anna.app.post_form(upload, &file.bytes).await.expect(204);
    }
    eventually("two of three pictures are rendered", async || {
        let media = anna.photo(&photo).await["media"].clone();
        let rendered: Vec<bool> =
            media.as_array().unwrap().iter().map(|medium| !medium["width"].is_null()).collect();
        same(rendered, &vec![false, true, true])
    })
    .await;
    assert_eq!(anna.photo(&photo).await["status"], "processing");
    bert.get(&format!("/photos/{photo}")).await.refused(404, "photo_not_found");
    assert!(bert.feed().await.is_empty());
    assert_eq!(bert.profile(anna).await["photo_count"], 0);

    anna.app.post_form(&uploads[0], &files[0].bytes).await.expect(204);
    anna.until(&photo, "ready").await;
    photo
}

/// Checks the photo in the feed of a follower.
async fn see_it(anna: &Person<'_>, bert: &Person<'_>, photo: &str, scenes: &[Pixels; 3]) -> Value {
    let shown = bert.until_feed(&[photo]).await.remove(0);
    let page = bert.get("/feed?count=20").await.expect(200);
    assert_eq!((page["has_more"].clone(), page["next_cursor"].clone()), (json!(false), Value::Null));
    assert_eq!(shown["username"], anna.username);
    assert_eq!(shown["user_id"], anna.id.to_string());
    assert_eq!(shown["caption"], "First light #morning");
    assert_eq!(shown["location"], "Montmartre");
    assert_eq!((shown["likes_count"].clone(), shown["liked_by_user"].clone()), (json!(0), json!(false)));
    assert!(shown["created_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{shown}");
    let tags: Vec<&str> = shown["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(["light", "paris"].iter().all(|tag| tags.contains(tag)), "{tags:?}");
    let media = shown["media"].as_array().unwrap();
    let alts: Vec<&str> = media.iter().filter_map(|medium| medium["alt"].as_str()).collect();
    assert_eq!(alts, ALTS);
    for (medium, scene) in media.iter().zip(scenes) {
        assert_eq!(
            (medium["width"].as_u64(), medium["height"].as_u64()),
            (Some(scene.width as u64), Some(scene.height as u64))
        );
        assert!(medium["blurhash"].as_str().is_some_and(|hash| hash.len() >= 6), "{medium}");
    }
    assert_eq!(shown["url"], media[0]["urls"]["large"]);
    assert_eq!(shown["thumbnail_urls"], media[0]["urls"]);

    let alone = bert.photo(photo).await;
    assert_eq!(alone["status"], "ready");
    assert_eq!(alone["media"], shown["media"]);
    assert_eq!(bert.profile(anna).await["photo_count"], 1);
    let listed = bert.get(&format!("/users/@{}/photos", anna.username)).await.expect(200);
    assert_eq!(listed["photos"], json!([shown]));
    shown
}

/// Fetches three pictures in three sizes, each as JPEG and as WebP.
async fn fetch_every_rendition(app: &App, shown: &Value, scenes: &[Pixels; 3]) {
    let mut fetched = 0;
    for (medium, scene) in shown["media"].as_array().unwrap().iter().zip(scenes) {
        for (size, longest) in SIZES {
            let url = medium["urls"][size].as_str().unwrap();
            for webp in [false, true] {
                fetch(app, url, webp).await.check(scene, longest, webp);
                fetched += 1;
            }
        }
    }
    assert_eq!(fetched, 18);
}

async fn like_it(anna: &Person<'_>, bert: &Person<'_>, photo: &str) {
    // The follow is in Anna's inbox already.
    let inbox = anna.until_inbox(1).await;
    assert_eq!(inbox["notifications"][0]["type"], "follow");

    bert.like(photo, 1).await;
    bert.like(photo, 1).await;
    eventually("the feed shows the like", async || {
        let shown = bert.feed().await.remove(0);
        same((shown["likes_count"].clone(), shown["liked_by_user"].clone()), &(json!(1), json!(true)))
    })
    .await;
    assert_eq!(anna.photo(photo).await["liked_by_user"], false);
    let likers = anna.get(&format!("/photos/{photo}/likes")).await.expect(200);
    assert_eq!(likers["users"][0]["username"], bert.username);

    let inbox = anna.until_inbox(2).await;
    let row = &inbox["notifications"][0];
    assert_eq!((row["type"].clone(), row["photo_id"].clone()), (json!("like"), json!(photo)));
    let likers_card = &likers["users"][0];
    assert_eq!(
        (likers_card["followed_by_you"].clone(), row["actors"].as_array().unwrap().len()),
        (json!(false), 1)
    );
    for name in ["user_id", "username", "profile_pic"] {
        assert_eq!(row["actors"][0][name], likers_card[name], "{row}");
    }
    assert_eq!(row["photo_thumbnail"], anna.photo(photo).await["thumbnail_urls"]["small"]);
    assert_eq!((row["actor_count"].clone(), row["read"].clone()), (json!(1), json!(false)));
    assert!(row["message"].as_str().is_some_and(|text| text.contains(&bert.username)), "{row}");
    assert_eq!(inbox["unread_count"], 2);
    let read = anna.request(Method::POST, "/notifications/read").send().await.expect(200);
    assert_eq!(read["unread_count"], 0);

    let path = format!("/photos/{photo}/like");
    for _ in 0..2 {
        let state = bert.delete(&path).await.expect(200);
        assert_eq!(state["liked_by_user"], false);
        bert.until_likes(photo, 0).await;
    }
    // What is taken back leaves the inbox. A repeated like is back as it was, and nothing new.
    anna.until_inbox(1).await;
    bert.like(photo, 1).await;
    let inbox = anna.until_inbox(2).await;
    let row = &inbox["notifications"][0];
    assert_eq!((row["actor_count"].clone(), row["read"].clone()), (json!(1), json!(true)));
    assert_eq!(inbox["unread_count"], 0);
}

async fn delete_it(anna: &Person<'_>, bert: &Person<'_>, photo: &str, shown: &Value) {
    let (app, id) = (anna.app, photo.parse().unwrap());
    let was = app.behind.photo(photo).await;
    assert_eq!(app.behind.kept(&was).await.len(), 3 * 7);

    let path = format!("/photos/{photo}");
    anna.delete(&path).await.expect(204);
    for person in [anna, bert] {
        person.get(&path).await.refused(404, "photo_not_found");
    }
    bert.request(Method::POST, &format!("{path}/like")).send().await.refused(404, "photo_not_found");
    bert.until_feed(&[]).await;
    anna.until_inbox(1).await;
    eventually("every object of the photo is gone", async || {
        same(app.behind.kept(&was).await, &Vec::new()).map(drop)
    })
    .await;
    for name in [
        ItemKey::Photo(id),
        ItemKey::Timeline(anna.id, id),
        ItemKey::Like(bert.id, id),
        ItemKey::Liker(id, bert.id),
    ] {
        eventually(&format!("{name:?} is gone"), async || {
            same(app.behind.has(&name).await, &false).map(drop)
        })
        .await;
    }
    for medium in shown["media"].as_array().unwrap() {
        for (size, _) in SIZES {
            let url = medium["urls"][size].as_str().unwrap();
            eventually("the CDN has forgotten the picture", async || {
                same(status(app, url).await, &404).map(drop)
            })
            .await;
        }
    }
    eventually("the photo is not counted", async || {
        same(bert.profile(anna).await["photo_count"].clone(), &json!(0)).map(drop)
    })
    .await;
    anna.delete(&path).await.refused(404, "photo_not_found");
}
