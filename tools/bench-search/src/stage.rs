//! The real functions over the table engine.

use api::Caller;
use domain::UserId;
use domain::search::Listed;
use domain::user::User;
use runtime::task::Handler as _;
use search::SearchHandler;
use search_build::SearchBuildHandler;
use search_words::WordStore;
use serde::Serialize;
use serde_dynamo::{AttributeValue, Item, to_item};
use table::keys::{ItemKey, PK, SK};
use table::search::popularity;
use testkit::http::{Request, call};
use testkit::{Objects, SeededRandom, World};

use crate::Result;

const SEARCH: &str = "GET /api/v1/search";
const BUCKET: &str = "search";
/// Items that are imported at once.
const IMPORTED: usize = 50_000;

/// A table with everybody in it.
pub(crate) struct Stage {
    world: World,
    objects: Objects,
    handler: SearchHandler,
    searcher: Caller,
    people: usize,
    /// Entries of the index.
    pub(crate) entries: usize,
}

/// What `search-build` made.
pub(crate) struct Built {
    /// Words, and their bytes.
    pub(crate) words: (usize, usize),
    /// Lists that were completed.
    pub(crate) lists: usize,
}

fn stored(key: &ItemKey, value: impl Serialize) -> Result<Item> {
    let mut item: Item = to_item(value)?;
    let key = key.raw();
    item.insert(PK.to_owned(), AttributeValue::S(key.pk));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk));
    Ok(item)
}

impl Stage {
    /// Imports everybody, as `search-index` leaves them but for the lists.
    pub(crate) async fn new(people: &[User]) -> Result<Self> {
        let (world, objects) = (World::new().await, Objects::start().await);
        let mut entries = 0;
        let mut items = Vec::with_capacity(IMPORTED);
        for user in people {
            let listed = Listed::from(user);
            items.push(stored(&ItemKey::User(user.id), user)?);
            items.push(stored(&popularity(&listed), &listed)?);
            for text in listed.rotations() {
                items.push(stored(&ItemKey::Token(text, user.id), &listed)?);
                entries += 1;
            }
            if items.len() >= IMPORTED {
                world.engine.import(std::mem::take(&mut items));
            }
        }
        world.engine.import(items);
        let searcher = world.person("searcher").await;
        let store = WordStore::new(objects.client(), BUCKET);
        let chance = (world.clock.shared(), SeededRandom::new(1).shared());
        let handler = SearchHandler::new(world.table.clone(), store, u32::MAX, "https://cdn.test", chance);
        Ok(Self { world, objects, handler, searcher, people: people.len(), entries })
    }

    /// Has everybody counted.
    pub(crate) async fn build(&self) -> Result<Built> {
        let store = WordStore::new(self.objects.client(), BUCKET);
        let handler = SearchBuildHandler::new(self.world.table.clone(), store, self.people);
        let input = serde_json::from_str("{}")?;
        let built = handler.handle(input).await?;
        let bytes = self.objects.get(BUCKET, "search/words.fst").map_or(0, |object| object.bytes.len());
        Ok(Built { words: (built.words, bytes), lists: built.lists })
    }

    /// Searches; returns who is found, and the read units of it.
    pub(crate) async fn search(&self, typed: &str) -> Result<(Vec<UserId>, f64)> {
        self.world.engine.reset_usage();
        let request = Request::to(SEARCH).query("q", typed).by(&self.searcher, &self.world.clock);
        let answer = call(&self.handler, &self.world.clock, request).await;
        if answer.status != 200 {
            return Err(format!("a search for {typed:?} is answered with {}", answer.status).into());
        }
        let users = answer.json.get("users").and_then(|users| users.as_array()).into_iter().flatten();
        let ids = users.filter_map(|user| user.get("user_id")?.as_str()?.parse().ok());
        Ok((ids.collect(), self.world.engine.usage().read_units))
    }
}
