//! Many people act on one item at the same time, and every act is counted exactly.

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::pictures::small;
use crate::world::{App, eventually, same};

#[tokio::test]
async fn when_a_crowd_likes_and_follows_at_once_then_each_should_count_once() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.post_photo("", &[small()]).await;
    let crowd = join_all((0..12).map(|_| app.register("fan"))).await;
    let (like, follow) = (format!("/photos/{photo}/like"), format!("/users/{}/follow", anna.id));
    // Impatient people press twice, and a third of them take it back at once.
    join_all(crowd.iter().enumerate().map(async |(number, fan)| {
        let press = |path: &str| fan.request(Method::POST, path).send();
        let answers = futures::join!(press(&like), press(&like), press(&follow), press(&follow));
        for answer in <[_; 4]>::from(answers) {
            answer.expect(200);
        }
        if number % 3 == 0 {
            fan.delete(&like).await.expect(200);
            fan.delete(&follow).await.expect(200);
        }
    }))
    .await;
    anna.until_likes(&photo, 8).await;
    eventually("everybody's follow is counted on both sides", async || {
        let mut counts = vec![anna.profile(&anna).await["follower_count"].clone()];
        for fan in &crowd {
            counts.push(fan.profile(fan).await["following_count"].clone());
        }
        let each = (0..12).map(|number| json!(u64::from(number % 3 != 0)));
        same(counts, &[json!(8)].into_iter().chain(each).collect::<Vec<_>>()).map(drop)
    })
    .await;
    for (number, fan) in crowd.iter().enumerate() {
        assert_eq!(fan.photo(&photo).await["liked_by_user"], number % 3 != 0);
    }
    // There is one row of likes and one of follows. An actor who took it back in time may be
    // missing; none is there twice.
    eventually("the inbox names everybody once", async || {
        let inbox = anna.until_inbox(2).await;
        let told = |row: usize| inbox["notifications"][row]["actor_count"].as_u64().unwrap_or_default();
        let right = |actors: u64| (8..=12).contains(&actors);
        if right(told(0)) && right(told(1)) { Ok(()) } else { Err(inbox.to_string()) }
    })
    .await;
}
