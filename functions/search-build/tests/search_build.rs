//! Runs of the count, on the real table engine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use domain::Timestamp;
use runtime::task::answer;
use search_build::{Built, SearchBuildHandler};
use search_words::{HeldWords, WordStore};
use table::search;
use testkit::{ATTEMPTS, Fault, Objects, World, fixture};

struct Stage {
    world: World,
    objects: Objects,
}

impl Stage {
    async fn new() -> Self {
        Self { world: World::new().await, objects: Objects::start().await }
    }

    async fn person(&self, name: &str, followers: i64) -> Caller {
        let who = self.world.person(name).await;
        self.world.set_followers(&who, followers).await;
        who
    }

    fn store(&self) -> WordStore {
        WordStore::new(self.objects.client(), "search")
    }

    async fn run(&self, most: usize) -> Result<Built, String> {
        let handler = SearchBuildHandler::new(self.world.table.clone(), self.store(), most);
        let event = fixture("search-build", "quarterly", &[]);
        answer(&handler, event).await.map_err(|failed| failed.error_type)
    }

    async fn meant(&self, query: &str) -> Option<String> {
        let held = HeldWords::new(self.store());
        held.renew(Timestamp(0)).await;
        held.get()?.correct(query).map(|correction| correction.query)
    }

    async fn list(&self, prefix: &str) -> Vec<String> {
        let list = search::top(&self.world.table, prefix).await.unwrap();
        list.0.into_iter().map(|person| person.username).collect()
    }
}

#[tokio::test]
async fn when_names_are_counted_then_their_words_forgive_errors() {
    let stage = Stage::new().await;
    assert_eq!(stage.run(10).await, Ok(Built { people: 0, words: 0, lists: 0 }));
    assert_eq!(stage.meant("jonahtan").await, None);
    let jonathan = stage.person("jonathan", 3).await;
    stage.world.rename(&jonathan, "Jonathan Fox").await;
    stage.person("maria", 70).await;
    stage.world.index().await;
    assert_eq!(stage.run(10).await, Ok(Built { people: 2, words: 3, lists: 0 }));
    assert_eq!(stage.meant("jonahtan").await.as_deref(), Some("jonathan"));
    // The most popular alone, where there are more.
    assert_eq!(stage.run(1).await, Ok(Built { people: 1, words: 1, lists: 0 }));
    assert_eq!((stage.meant("jonahtan").await, stage.meant("mraia").await.as_deref()), (None, Some("maria")));
}

#[tokio::test]
async fn when_a_full_list_loses_somebody_then_who_comes_next_is_put_in() {
    let stage = Stage::new().await;
    let mut people = Vec::new();
    for number in 0..23 {
        people.push(stage.person(&format!("anna{number}"), 8 << number).await);
    }
    stage.world.index().await;
    assert_eq!(stage.list("anna").await.len(), 20);
    let (built, before) = (stage.run(100).await.unwrap(), stage.list("anna").await);
    assert_eq!((built.people, built.lists), (23, 0));
    // The most popular loses all followers.
    stage.world.set_followers(&people[22], 0).await;
    stage.world.index().await;
    assert_eq!(stage.list("anna").await, before[1..]);
    // Of the shortest prefixes everybody may be in the list.
    assert_eq!(stage.run(100).await.unwrap().lists, 4);
    let after = stage.list("anna").await;
    assert_eq!((&after[..19], &*after[19]), (&before[1..], "anna2"));
    assert_eq!(stage.run(100).await.unwrap().lists, 0);
}

#[tokio::test]
async fn when_somebody_is_renamed_during_a_run_then_the_old_name_is_not_put_back() {
    let stage = Stage::new().await;
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(stage.person(&format!("x{number}"), 8 << number).await);
    }
    for who in &people {
        stage.world.rename(who, "Anna").await;
    }
    stage.world.index().await;
    // The profile is changed, and the index does not know yet: the run reads it, and the list stays as it is.
    let ids: Vec<_> = people.iter().map(|who| who.user_id).collect();
    stage.world.rename(&people[3], "Berta").await;
    let lists = [("anna".to_owned(), ids)];
    assert_eq!(search::complete_lists(&stage.world.table, &lists).await.unwrap(), 0);
    stage.world.index().await;
    assert_eq!(search::complete_lists(&stage.world.table, &lists).await.unwrap(), 0);
    let list = stage.list("anna").await;
    assert!(list.len() == 11 && !list.contains(&"x3".to_owned()));
}

#[tokio::test]
async fn when_table_or_bucket_fail_then_the_run_fails_and_the_words_stay() {
    let stage = Stage::new().await;
    stage.person("maria", 70).await;
    stage.world.index().await;
    stage.run(10).await.unwrap();
    stage.world.engine.fail_next("Query", 8 * ATTEMPTS, Fault::Throttled);
    assert_eq!(stage.run(10).await, Err("SearchNotBuilt".to_owned()));
    assert_eq!(stage.meant("mraia").await.as_deref(), Some("maria"));
}
