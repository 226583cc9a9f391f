//! The same file posted more than once.

use serde_json::{Value, json};

use crate::pictures::{Picture, Pixels};
use crate::renditions::{SIZES, fetch, status};
use crate::world::{App, Person, eventually, same};

fn picture() -> Picture {
    Picture::jpeg(Pixels::striped(320, 200).with_corners().jpeg())
}

async fn until_counted(person: &Person<'_>, photos: u64) {
    eventually("the photos are counted", async || {
        same(person.profile(person).await["photo_count"].clone(), &json!(photos)).map(drop)
    })
    .await;
}

#[tokio::test]
async fn when_a_file_is_posted_twice_then_each_photo_should_have_its_own_addresses() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let first = anna.post_photo("First", &[picture()]).await;
    until_counted(&anna, 1).await;
    let second = anna.post_photo("Second", &[picture()]).await;
    let berts = bert.post_photo("Bert's", &[picture()]).await;
    until_counted(&anna, 2).await;
    let (stored, copy) = (app.behind.photo(&first).await, app.behind.photo(&second).await);
    for (photo, objects) in [(&stored, 7), (&copy, 6), (&app.behind.photo(&berts).await, 7)] {
        assert_eq!(app.behind.kept(photo).await.len(), objects, "the original is stored once");
    }

    let (earlier, shown) = (anna.photo(&first).await, anna.photo(&second).await);
    for (size, _) in SIZES {
        assert_ne!(url(&shown, size), url(&earlier, size));
        assert!(url(&shown, size).is_some_and(|url| !url.contains(&first) && !url.contains(&second)));
    }
    assert_eq!(shown["media"][0]["similar_to"], first);
    for seen in [bert.photo(&second).await, bert.photo(&berts).await] {
        assert_eq!(seen["media"][0].get("similar_to"), None);
    }

    // The addresses of the first are served from the edge when it is deleted.
    for (size, _) in SIZES {
        assert_eq!(status(&app, url(&earlier, size).unwrap()).await, 200);
    }
    anna.delete(&format!("/photos/{first}")).await.expect(204);
    until_counted(&anna, 1).await;
    until_dead(&app, &earlier).await;
    assert_eq!(app.behind.kept(&stored).await.len(), 1, "the original, for the second");
    let shown = anna.photo(&second).await;
    let urls: Vec<&str> = SIZES.iter().filter_map(|(size, _)| url(&shown, size)).collect();
    assert_eq!(urls.len(), 3);
    for (url, (_, longest)) in urls.iter().zip(SIZES) {
        for webp in [false, true] {
            let scene = Pixels::striped(320, 200).with_corners();
            fetch(&app, url, webp).await.check(&scene, longest, webp);
        }
    }

    anna.delete(&format!("/photos/{second}")).await.expect(204);
    until_dead(&app, &shown).await;
    eventually("the original is gone with the last photo", async || {
        same(app.behind.kept(&stored).await, &Vec::new()).map(drop)
    })
    .await;
    assert_eq!(app.behind.kept(&app.behind.photo(&berts).await).await.len(), 7);
}

/// Waits until no address of a deleted photo is served any more: at most as long as the edge may take.
async fn until_dead(app: &App, photo: &Value) {
    eventually("the photo's addresses are dead", async || {
        for (size, _) in SIZES {
            same(status(app, url(photo, size).unwrap()).await, &404).map(drop)?;
        }
        Ok(())
    })
    .await;
}

fn url<'a>(photo: &'a Value, size: &str) -> Option<&'a str> {
    photo["media"][0]["urls"][size].as_str()
}
