//! At rest, every counter equals the number of its edges.
//!
//! The test also checks the demo world, or any other cloud that is running:
//! `LAMBDAGRAM_STATE=.local cargo nextest run -p localstack --no-capture counter`.

use std::collections::BTreeMap;

use table::keys::ItemKey;

use crate::behind::{Item, key};
use crate::world::{App, eventually};

/// A counter, named by the item that holds it and its attribute there.
type Counter = (ItemKey, &'static str);

/// Each counter's value, and the values that the derived edges and the actors' edges give.
#[derive(Default)]
struct Count {
    said: BTreeMap<Counter, i64>,
    derived: BTreeMap<Counter, i64>,
    acted: BTreeMap<Counter, i64>,
}

impl Count {
    fn of(items: &[Item]) -> Self {
        let mut count = Self::default();
        for item in items {
            let (pk, sk) = key(item);
            let name =
                ItemKey::parse(&pk, &sk).unwrap_or_else(|| panic!("an item of no known kind: {pk} {sk}"));
            count.add(&name, item);
        }
        count
    }

    fn add(&mut self, name: &ItemKey, item: &Item) {
        let derived = &mut self.derived;
        let acted = &mut self.acted;
        match name {
            ItemKey::User(_) => {
                for counter in ["followers", "following", "photos"] {
                    self.said.insert((name.clone(), counter), number(item, counter));
                }
            }
            ItemKey::Photo(_) => {
                self.said.insert((name.clone(), "likes"), number(item, "likes"));
                if item.get("state").and_then(|state| state.as_s().ok()).is_some_and(|state| state == "ready")
                {
                    let author = item["author"].as_s().unwrap().parse().unwrap();
                    *acted.entry((ItemKey::User(author), "photos")).or_default() += 1;
                }
            }
            ItemKey::Follower(followee, follower) => {
                *derived.entry((ItemKey::User(*followee), "followers")).or_default() += 1;
                *derived.entry((ItemKey::User(*follower), "following")).or_default() += 1;
            }
            ItemKey::Following(follower, followee) => {
                *acted.entry((ItemKey::User(*followee), "followers")).or_default() += 1;
                *acted.entry((ItemKey::User(*follower), "following")).or_default() += 1;
            }
            ItemKey::Timeline(author, _) => {
                *derived.entry((ItemKey::User(*author), "photos")).or_default() += 1;
            }
            ItemKey::Liker(photo, _) => *derived.entry((ItemKey::Photo(*photo), "likes")).or_default() += 1,
            ItemKey::Like(_, photo) => *acted.entry((ItemKey::Photo(*photo), "likes")).or_default() += 1,
            _ => {}
        }
    }

    /// Returns the counters that are wrong, with their value and the right ones.
    fn drifted(&self) -> Vec<String> {
        let found =
            |counts: &BTreeMap<Counter, i64>, counter: &Counter| counts.get(counter).copied().unwrap_or(0);
        let differs = |(counter, said): (&Counter, &i64)| {
            let (derived, acted) = (found(&self.derived, counter), found(&self.acted, counter));
            let right = *said == derived && *said == acted;
            (!right)
                .then(|| format!("{counter:?} says {said}; derived edges {derived}, actors' edges {acted}"))
        };
        self.said.iter().filter_map(differs).collect()
    }
}

fn number(item: &Item, attribute: &str) -> i64 {
    item.get(attribute).map_or(0, |value| value.as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn when_everything_is_at_rest_then_every_counter_should_equal_its_edges() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    // The table may hold items from before. This makes sure that there is something to count.
    bert.follow(&anna).await;
    // Others may be active, and edges change while everything is read.
    let counters = eventually("every counter equals its edges", async || {
        let count = Count::of(&app.behind.every_item().await);
        let drifted = count.drifted();
        let said = format!("{} counters, {} drifted", count.said.len(), drifted.len());
        println!("{said}");
        if drifted.is_empty() { Ok(count.said.len()) } else { Err(format!("{said}: {drifted:#?}")) }
    })
    .await;
    assert!(counters >= 6, "{counters}");
}
