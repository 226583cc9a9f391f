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
async fn when_a_file_is_posted_twice_then_one_copy_should_serve_both_photos() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let first = anna.post_photo("First", &[picture()]).await;
    until_counted(&anna, 1).await;
    let second = anna.post_photo("Second", &[picture()]).await;
    let berts = bert.post_photo("Bert's", &[picture()]).await;
    until_counted(&anna, 2).await;
    for (person, photo, objects) in [(&anna, &first, 7), (&anna, &second, 0), (&bert, &berts, 7)] {
        assert_eq!(app.behind.kept(person.id, photo).await.len(), objects);
    }

    let shown = anna.photo(&second).await;
    assert_eq!(shown["media"][0]["urls"], anna.photo(&first).await["media"][0]["urls"]);
    assert_eq!(shown["media"][0]["similar_to"], first);
    for seen in [bert.photo(&second).await, bert.photo(&berts).await] {
        assert_eq!(seen["media"][0].get("similar_to"), None);
    }

    anna.delete(&format!("/photos/{first}")).await.expect(204);
    until_counted(&anna, 1).await;
    app.behind.until_handled("backfill").await;
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
    eventually("the copy is gone, from the CDN too", async || {
        same(app.behind.kept(anna.id, &first).await, &Vec::new()).map(drop)?;
        for url in &urls {
            if status(&app, url).await == 200 {
                return Err(format!("{url} is still served"));
            }
        }
        Ok(())
    })
    .await;
    assert_eq!(app.behind.kept(bert.id, &berts).await.len(), 7);
}

fn url<'a>(photo: &'a Value, size: &str) -> Option<&'a str> {
    photo["media"][0]["urls"][size].as_str()
}
