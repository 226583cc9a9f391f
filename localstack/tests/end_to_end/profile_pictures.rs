//! Profile pictures, from the upload to the edge and back.

use domain::profile_picture::{PictureUpload, rendition_keys};
use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::{Picture, Pixels, gigapixel_png};
use crate::renditions::{fetch, status};
use crate::world::{App, Person, eventually, same};

/// Sizes by name, with the sides of a rendition of it.
const SIZES: [(&str, usize); 3] = [("large", 640), ("medium", 320), ("small", 150)];

/// Uploads a picture of oneself; returns the key of the upload.
async fn upload(person: &Person<'_>, picture: &Picture) -> PictureUpload {
    let body = json!({ "content_type": picture.content_type, "size": picture.bytes.len() });
    let created = person.post("/users/me/picture", &body).await.expect(201);
    person.app.post_form(&created["upload"], &picture.bytes).await.expect(204);
    let key = created["upload"]["fields"]["key"].as_str().unwrap();
    PictureUpload::from_upload_key(key).unwrap()
}

async fn until(person: &Person<'_>, wanted: &str) -> Value {
    eventually(&format!("the picture is {wanted}"), async || {
        let picture = person.get("/users/me").await.expect(200)["picture"].clone();
        if picture["status"] == wanted { Ok(picture) } else { Err(picture.to_string()) }
    })
    .await
}

/// The address of a size, made as clients make it: of the small one that every card has.
fn url(small: &str, size: &str) -> String {
    small.replace("/small/", &format!("/{size}/"))
}

#[tokio::test]
async fn when_a_profile_picture_is_uploaded_then_it_is_served_square_until_removed() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    let shown = bert.profile(&anna).await;
    let small = shown["profile_pic"].as_str().unwrap().to_owned();
    assert_eq!(small, format!("{}/photos/profile/small/{}.jpg", app.cloud.cdn_url, anna.id));
    assert!(shown.get("picture").is_none());
    assert_eq!(until(&anna, "none").await, json!({ "status": "none" }));
    assert_eq!(status(&app, &small).await, 404);

    let picture = Pixels::striped(900, 700);
    let upload_key = upload(&anna, &Picture::jpeg(picture.phone_jpeg(6))).await.upload_key();
    until(&anna, "ready").await;
    for (size, side) in SIZES {
        for webp in [false, true] {
            let rendition = eventually("the edge has forgotten that there was none", async || {
                same(status(&app, &url(&small, size)).await, &200).map(drop)?;
                Ok(fetch(&app, &url(&small, size), webp).await)
            })
            .await;
            assert_eq!(rendition.content_type, if webp { "image/webp" } else { "image/jpeg" });
            assert_eq!(
                (rendition.cache_control.as_str(), rendition.vary.as_str()),
                ("public, max-age=300", "Accept")
            );
            assert_eq!(rendition.sides(webp), (side, side), "{size}");
        }
    }
    let followees = bert.get(&format!("/users/{}/following", bert.id)).await.expect(200);
    assert_eq!(followees["users"][0]["profile_pic"], small);
    assert_eq!(followees["users"][0]["followed_by_you"], true);
    eventually("the upload is gone", async || {
        same(app.behind.upload_objects(&upload_key).await, &Vec::new()).map(drop)
    })
    .await;

    // A picture that cannot be shown fails by name, and the former one stays.
    upload(&anna, &Picture::png(gigapixel_png())).await;
    assert_eq!(until(&anna, "failed").await["failure"]["code"], "image_too_large");
    assert_eq!(status(&app, &small).await, 200);

    anna.delete("/users/me/picture").await.expect(204);
    anna.delete("/users/me/picture").await.expect(204);
    until(&anna, "none").await;
    for (size, _) in SIZES {
        eventually("the picture's address is dead", async || {
            same(app.fetch(Method::GET, &url(&small, size)).send().await.status, &404).map(drop)
        })
        .await;
    }
    for key in rendition_keys(anna.id) {
        assert_eq!(app.behind.photo_objects(&key).await, Vec::<String>::new());
    }
}
