//! Searches through the handler, on the real table engine.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::time::Duration;

use api::Caller;
use domain::quota;
use search::SearchHandler;
use search_words::{Weight, WordStore, WordsBuilder};
use serde_json::json;
use testkit::http::{Answer, Request, call};
use testkit::{Fault, Objects, SeededRandom, World, hide};

const SEARCH: &str = "GET /api/v1/search";

struct Stage {
    world: World,
    words: WordStore,
    handler: SearchHandler,
    objects: Objects,
}

impl Stage {
    async fn new() -> Self {
        let (world, objects) = (World::new().await, Objects::start().await);
        let words = WordStore::new(objects.client(), "search");
        let chance = (world.clock.shared(), SeededRandom::default().shared());
        let handler = SearchHandler::new(world.table.clone(), words.clone(), 1, "https://cdn.test", chance);
        Self { world, words, handler, objects }
    }

    /// Registers somebody with a full name and so many followers, who are in the index then.
    async fn person(&self, name: &str, full_name: &str, followers: i64) -> Caller {
        let who = self.world.person(name).await;
        if !full_name.is_empty() {
            self.world.rename(&who, full_name).await;
        }
        self.world.set_followers(&who, followers).await;
        self.world.index().await;
        who
    }

    async fn know(&self, words: &[(&str, u64, u64)]) {
        let mut builder = WordsBuilder::default();
        for (word, popularity, listed) in words {
            builder.add([(*word).to_owned()], Weight { popularity: *popularity, listed: *listed });
        }
        self.words.put(builder.build().unwrap()).await.unwrap();
    }

    async fn ask(&self, by: &Caller, query: &[(&str, &str)]) -> Answer {
        let request =
            query.iter().fold(Request::to(SEARCH), |request, (name, value)| request.query(name, value));
        call(&self.handler, &self.world.clock, request.by(by, &self.world.clock)).await
    }

    /// Returns the user names that a search finds.
    async fn found(&self, by: &Caller, query: &str) -> Vec<String> {
        let answer = self.ask(by, &[("q", query)]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json);
        names(&answer)
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let users = answer.json["users"].as_array().unwrap().iter();
    users.map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn when_a_word_of_a_name_is_typed_then_its_people_are_found() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    let maria = stage.person("m.lopez", "María del Carmen López", 3).await;
    for typed in ["m.lo", "mlopez", "Maria", "CARMEN", "lop", "maria del c", "lopez maria", "@m.lopez"] {
        assert_eq!(stage.found(&me, typed).await, ["m.lopez"], "{typed}");
    }
    for typed in ["opez", "maria x", "zz"] {
        assert!(stage.found(&me, typed).await.is_empty(), "{typed}");
    }
    let answer = stage.ask(&me, &[("q", "lopez"), ("type", "users")]).await;
    let card = json!({
        "user_id": maria.user_id.to_string(), "username": "m.lopez", "full_name": "María del Carmen López",
        "profile_pic": answer.json["users"][0]["profile_pic"], "private": false, "followed_by_you": false,
    });
    assert_eq!(
        answer.json,
        json!({ "users": [card], "corrected": null, "next_cursor": null, "has_more": false })
    );
}

#[tokio::test]
async fn when_names_have_accents_or_other_scripts_then_they_are_found_without() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    for (name, full_name, typed) in [
        ("nguyen", "Ngọc Ánh", "ngoc anh"),
        ("turk", "Işıl İpek", "isil ip"),
        ("thai", "กมลวรรณ", "กมล"),
        ("tibet", "བསྟན་འཛིན", "བསྟན"),
        ("tanaka", "田中太郎", "太郎"),
        ("soren", "Søren", "soren"),
    ] {
        stage.person(name, full_name, 0).await;
        assert_eq!(stage.found(&me, typed).await, [name], "{typed}");
        assert_eq!(stage.found(&me, full_name).await, [name], "{full_name}");
    }
}

#[tokio::test]
async fn when_several_are_found_then_exact_followed_and_popular_ones_come_first() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    stage.person("anna", "", 0).await;
    let friend = stage.person("anna_b", "", 2).await;
    stage.person("anna_c", "", 1_000_000).await;
    stage.person("anna_d", "", 100).await;
    stage.world.follow(&me, &friend).await;
    stage.world.derive().await;
    let answer = stage.ask(&me, &[("q", "anna")]).await;
    assert_eq!(names(&answer), ["anna", "anna_b", "anna_c", "anna_d"]);
    assert_eq!(answer.json["users"][1]["followed_by_you"], json!(true));
    // The shortest prefixes have lists of everybody.
    assert_eq!(stage.found(&me, "a").await, ["anna_b", "anna_c", "anna_d", "anna"]);
}

#[tokio::test]
async fn when_somebody_is_renamed_private_or_blocked_then_searches_know() {
    let stage = Stage::new().await;
    let (me, ann) = (stage.person("me", "", 0).await, stage.person("ann92", "Ann Lee", 50).await);
    assert_eq!(stage.found(&me, "lee").await, ["ann92"]);
    stage.world.rename(&ann, "Ann Fox").await;
    stage.world.switch(&ann, true).await;
    stage.world.index().await;
    assert!(stage.found(&me, "lee").await.is_empty());
    let answer = stage.ask(&me, &[("q", "fox")]).await;
    assert_eq!(
        (names(&answer), &answer.json["users"][0]["private"]),
        (vec!["ann92".to_owned()], &json!(true))
    );
    hide(&stage.world.table, &ann, &me).await;
    for typed in ["fox", "ann92", "an"] {
        assert!(stage.found(&me, typed).await.is_empty(), "{typed}");
    }
}

#[tokio::test]
async fn when_a_name_is_mistyped_then_the_likely_one_is_found() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    stage.person("maria_l", "Maria", 40).await;
    stage.person("mraia", "", 0).await;
    assert!(stage.found(&me, "marua").await.is_empty());
    stage.know(&[("maria", 64, 1), ("marial", 64, 1)]).await;
    stage.world.clock.advance(Duration::from_mins(5));
    // Words are renewed beside a search, for the next one.
    stage.found(&me, "x").await;
    let answer = stage.ask(&me, &[("q", "marua")]).await;
    assert_eq!((names(&answer), &answer.json["corrected"]), (vec!["maria_l".to_owned()], &json!("maria")));
    // An exact name comes first.
    assert_eq!(stage.found(&me, "mraia").await, ["mraia", "maria_l"]);
    assert_eq!(stage.found(&me, "maria").await, ["maria_l"]);
}

#[tokio::test]
async fn when_the_likely_name_is_popular_then_its_list_is_read() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    for number in 0..15 {
        stage.person(&format!("jonathan{number}"), "", 8 << number).await;
    }
    stage.know(&[("jonathan", 9_000, 15)]).await;
    stage.world.engine.reset_usage();
    let found = stage.found(&me, "jonahtan").await;
    assert_eq!((found.len(), &*found[0]), (15, "jonathan14"));
    let usage = stage.world.engine.usage();
    assert!(usage.round_trips == 1 && usage.read_units <= 2.0, "{usage:?}");
}

#[tokio::test]
async fn when_many_are_found_then_pages_show_each_of_them_once() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    let mut all: Vec<String> = Vec::new();
    for number in 0..34_i64 {
        let name = format!("anna{number}");
        // Every one of them has two texts that begin with "ann".
        stage.person(&name, "Ann", if number < 21 { 8 << number } else { 0 }).await;
        all.push(name);
    }
    let (mut found, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut query = vec![("q", "ann")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = stage.ask(&me, &query).await;
        assert!(answer.json["users"].as_array().unwrap().len() <= 32);
        found.extend(names(&answer));
        pages += 1;
        assert_eq!(answer.json["has_more"], json!(answer.json["next_cursor"].is_string()));
        cursor = answer.json["next_cursor"].as_str().map(ToOwned::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert!(found[..20].iter().all(|name| name.trim_start_matches("anna").parse::<i64>().unwrap() < 21));
    assert!(pages > 1, "{pages}");
    found.sort_unstable();
    all.sort_unstable();
    assert_eq!(found, all);
}

#[tokio::test]
async fn a_search_stays_within_its_budget_with_the_longest_names() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    let long = "\u{1f600}".repeat(10) + &"あ".repeat(90);
    for number in 0..21_i64 {
        let name = format!("anna.{number:02}.{}", "x".repeat(22));
        stage
            .person(&name, &format!("Anna {}", long.chars().take(95).collect::<String>()), 8 << (number % 30))
            .await;
    }
    for (typed, kept) in [("an", false), ("an", true), ("anna", false), ("anna0", false), ("zzz", false)] {
        stage.world.engine.reset_usage();
        stage.found(&me, typed).await;
        let usage = stage.world.engine.usage();
        // The circle and the packed followings, 0.5 RRU each, beside 1 RRU of the search.
        let most = if kept { 1.5 } else { 2.0 };
        assert!(
            usage.round_trips == 1 && usage.read_units <= most && usage.write_units <= 1.0,
            "{typed} {usage:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_search_is_refused() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    let long = "a".repeat(101);
    for (query, code) in [
        (vec![], "query_empty"),
        (vec![("q", "")], "query_empty"),
        (vec![("q", " #!")], "query_empty"),
        (vec![("q", &*long)], "query_too_long"),
        (vec![("q", "a"), ("type", "photos")], "bad_type"),
        (vec![("q", "a"), ("cursor", "x")], "bad_cursor"),
    ] {
        let answer = stage.ask(&me, &query).await;
        assert_eq!((answer.status, answer.json["code"].as_str().unwrap()), (400, code), "{query:?}");
    }
}

#[tokio::test]
async fn when_one_searches_too_much_then_it_is_refused() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    stage.world.use_up(&quota::SEARCHES, me.user_id, &[3_000]).await;
    let mut refused = 0;
    for _ in 0..100 {
        let answer = stage.ask(&me, &[("q", "a")]).await;
        if answer.status == 429 {
            assert_eq!(answer.json["code"], json!("too_many_searches"));
            refused += 1;
        }
    }
    assert!((2..=30).contains(&refused), "{refused}");
}

#[tokio::test]
async fn when_the_words_cannot_be_read_then_searches_go_on() {
    let stage = Stage::new().await;
    let me = stage.person("me", "", 0).await;
    stage.person("maria", "", 0).await;
    stage.know(&[("maria", 64, 1)]).await;
    assert_eq!(stage.found(&me, "mraia").await, ["maria"]);
    stage
        .objects
        .client()
        .put_object()
        .bucket("search")
        .key("search/words.fst")
        .body(b"half"[..].to_vec().into())
        .send()
        .await
        .unwrap();
    stage.world.clock.advance(Duration::from_mins(6));
    for _ in 0..2 {
        assert_eq!(stage.found(&me, "mraia").await, ["maria"]);
    }
    stage.world.engine.fail_next("Query", 1, Fault::Throttled);
    assert_eq!(stage.found(&me, "maria").await, ["maria"]);
}
