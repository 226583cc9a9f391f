//! Pages of comments and replies.

use serde_json::{Value, json};

use crate::stage::{LIKE, LIST, REPLIES, Stage, texts};

/// Reads a list to its end; returns the texts of each page.
async fn pages(stage: &Stage, order: &str, count: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut request = stage.request(LIST, &stage.ann, None).query("order", order).query("count", count);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
        }
        let page = stage.send(request).await.json;
        pages.push(texts(&page).into_iter().map(str::to_owned).collect());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(page["has_more"], cursor.is_some());
        if cursor.is_none() || pages.len() > 20 {
            return pages;
        }
    }
}

#[tokio::test]
async fn when_comments_are_listed_then_every_one_is_shown_once_newest_first() {
    let stage = Stage::new().await;
    for number in 0..5 {
        stage.written(&stage.bob, &number.to_string(), None).await;
    }
    stage.world.derive().await;
    assert_eq!(pages(&stage, "newest", "2").await, [vec!["4", "3"], vec!["2", "1"], vec!["0"]]);
    let bad = stage.request(LIST, &stage.ann, None).query("order", "best");
    assert_eq!(stage.send(bad).await.code(), "bad_order");
}

#[tokio::test]
async fn when_comments_are_liked_then_the_top_ones_are_first_and_the_newest_follow() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(stage.written(&stage.bob, &number.to_string(), None).await);
    }
    stage.world.derive().await;
    for (who, id) in [(&stage.ann, &ids[1]), (&stage.bob, &ids[1]), (&stage.ann, &ids[3])] {
        assert_eq!(stage.ask(LIKE, who, id).await.status, 200);
    }
    stage.world.derive().await;
    for count in ["1", "2", "3", "50"] {
        let all: Vec<String> = pages(&stage, "top", count).await.concat();
        assert_eq!(all, ["1", "3", "4", "2", "0"], "{count} a page");
    }
}

#[tokio::test]
async fn when_nothing_is_derived_yet_then_the_writer_reads_their_own() {
    let stage = Stage::new().await;
    let id = stage.written(&stage.ann, "first", None).await;
    stage.world.derive().await;
    stage.written(&stage.bob, "mine", None).await;
    stage.written(&stage.bob, "reply", Some(&id)).await;
    for order in ["newest", "top"] {
        assert_eq!(texts(&stage.list(&stage.bob, &[("order", order)]).await), ["mine", "first"], "{order}");
        assert_eq!(texts(&stage.list(&stage.ann, &[("order", order)]).await), ["first"], "{order}");
    }
    let replies = |page: &Value| texts(page).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(replies(&stage.ask(REPLIES, &stage.bob, &id).await.json), ["reply"]);
    assert!(replies(&stage.ask(REPLIES, &stage.ann, &id).await.json).is_empty());
    stage.world.derive().await;
    assert_eq!(replies(&stage.ask(REPLIES, &stage.ann, &id).await.json), ["reply"]);
}

#[tokio::test]
async fn when_a_block_hides_a_writer_then_their_comments_are_left_out_both_ways() {
    let stage = Stage::new().await;
    let eve = stage.world.person("eve").await;
    let of_eve = stage.written(&eve, "of eve", None).await;
    let of_bob = stage.written(&stage.bob, "of bob", None).await;
    stage.world.derive().await;
    stage.block(&eve, &stage.bob).await;
    assert_eq!(texts(&stage.list(&stage.bob, &[]).await), ["of bob"]);
    assert_eq!(texts(&stage.list(&eve, &[]).await), ["of eve"]);
    assert_eq!(texts(&stage.list(&stage.ann, &[]).await), ["of bob", "of eve"]);
    // Counts have them.
    assert_eq!(stage.photo().await.comments, 2);
    for (who, comment) in [(&stage.bob, &of_eve), (&eve, &of_bob)] {
        for answer in [
            stage.ask(LIKE, who, comment).await,
            stage.ask(REPLIES, who, comment).await,
            stage.create(who, "Hi", Some(comment)).await,
        ] {
            assert_eq!((answer.status, answer.code()), (404, "comment_not_found"));
        }
    }
}

#[tokio::test]
async fn when_the_photo_is_hidden_then_it_answers_as_one_that_is_absent() {
    let stage = Stage::new().await;
    stage.written(&stage.bob, "Hi", None).await;
    stage.world.derive().await;
    stage.block(&stage.ann, &stage.bob).await;
    let absent = domain::PhotoId::try_from(1).unwrap();
    let mut answers = Vec::new();
    for photo in [stage.photo, absent] {
        stage.world.engine.reset_usage();
        let request = testkit::http::Request::to(LIST).path("photo_id", photo);
        let answer = stage.send(request.by(&stage.bob, &stage.world.clock)).await;
        answers.push((answer.status, answer.code().to_owned(), stage.world.engine.usage().round_trips));
    }
    assert_eq!(answers[0], (404, "photo_not_found".to_owned(), 2));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(stage.create(&stage.bob, "Hi", None).await.json["code"], json!("photo_not_found"));
}
