//! `search-build`: counts who is popular: the words of their names, and the lists in which somebody is missing.
//!
//! - **Trigger**: a schedule, whose event may be anything. The function runs on the task adapter, which returns its
//!   errors to Lambda.
//! - **Access patterns**: everybody, the most popular first, at most a million: one query for each step and shard
//!   (140 RRU), and 0.5 RRU for each 4 KiB of people. Then each list that has ten people or more (1 RRU); of one in which
//!   somebody is missing their profiles (1 RRU each) and a write (4 WRU). The words are one object in their bucket.
//! - **Emits**: nothing.
//! - **Redelivery**: everything is counted again.
//! - **Failures**: the run fails as `SearchNotBuilt`, and Lambda repeats it twice, before the event goes to the
//!   dead-letter queue. The words of the last run stay, and so do the lists, which `search-index` keeps in line with
//!   changes.
//!
//! A list loses people when they are renamed or lose followers, and `search-index` does not know who comes next.

use std::cmp::Reverse;

use domain::UserId;
use domain::search::{LISTED, LISTED_STEP, LONGEST_LISTED, Listed, TOP_STEP, prefix};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::task::TaskError;
use runtime::{Aws, metrics};
use search_words::{StoreError, Unreadable, Weight, WordStore, WordsBuilder};
use serde::{Deserialize, Serialize};
use table::search::SHARDS;
use table::{Table, search};

/// Most people who are counted. Their names and words take some hundred megabytes of memory.
const MOST: usize = 1_000_000;
/// Shards that are read at once.
const AT_ONCE: usize = 8;
/// Lists that are compared at once.
const LISTS: usize = 100;

runtime::config! {
    /// Settings of `search-build`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The bucket of the words of names.
        pub search_bucket: String,
    }
}

/// Counts who is popular.
pub struct SearchBuildHandler {
    table: Table,
    store: WordStore,
    most: usize,
}

/// The schedule's event.
#[derive(Debug, Deserialize)]
pub struct Input {}

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Built {
    /// People who were counted.
    pub people: usize,
    /// Words of their names.
    pub words: usize,
    /// Lists in which somebody was missing.
    pub lists: usize,
}

/// A run failed.
#[derive(Debug, thiserror::Error)]
pub enum NotBuilt {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The bucket failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The words cannot be written down.
    #[error(transparent)]
    Words(#[from] Unreadable),
}

impl TaskError for NotBuilt {
    fn name(&self) -> &'static str {
        "SearchNotBuilt"
    }
}

impl SearchBuildHandler {
    /// Connects to the table and the bucket.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let store = WordStore::connect(aws, &config.search_bucket);
        Self::new(Table::new(aws.dynamodb(), &config.table_name), store, MOST)
    }

    /// Creates the handler of who is in `table`, of whom the `most` most popular are counted. Words go into `store`.
    pub fn new(table: Table, store: WordStore, most: usize) -> Self {
        Self { table, store, most }
    }

    /// Reads the most popular people, step by step.
    async fn people(&self) -> Result<Vec<Listed>, table::Error> {
        let mut people = Vec::new();
        for step in (0..=TOP_STEP).rev() {
            let left = self.most.saturating_sub(people.len());
            if left == 0 {
                break;
            }
            let shards = stream::iter(0..SHARDS).map(|shard| self.of_shard(step, shard, left));
            let found: Vec<Vec<Listed>> = shards.buffered(AT_ONCE).try_collect().await?;
            people.extend(found.into_iter().flatten().take(left));
        }
        Ok(people)
    }

    async fn of_shard(&self, step: u8, shard: u8, most: usize) -> Result<Vec<Listed>, table::Error> {
        let mut people: Vec<Listed> = Vec::new();
        loop {
            let after = people.last().map(|person| person.id);
            let page = search::popular(&self.table, step, shard, after).await?;
            people.extend(page.items);
            if !page.more || people.len() >= most {
                return Ok(people);
            }
        }
    }

    async fn build(&self) -> Result<Built, NotBuilt> {
        let people = self.people().await?;
        let mut words = WordsBuilder::default();
        for person in &people {
            // Of 2^k to 2^(k+1) - 1 followers the step says k + 1.
            let popularity = 1_u64.checked_shl(u32::from(person.step)).unwrap_or(u64::MAX);
            let listed = u64::from(person.step >= LISTED_STEP);
            words.add(person.words(), Weight { popularity, listed });
        }
        let counted = words.len();
        self.store.put(words.build()?).await?;
        let mut changed = 0;
        for lists in top_lists(&people).chunks(LISTS) {
            changed += search::complete_lists(&self.table, lists).await?;
        }
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        metrics::count("people_counted", count(people.len()));
        metrics::count("lists_completed", count(changed));
        Ok(Built { people: people.len(), words: counted, lists: changed })
    }
}

/// Returns the prefixes that half a list of people share or more, and the most popular of these people.
fn top_lists(people: &[Listed]) -> Vec<(String, Vec<UserId>)> {
    let mut texts: Vec<(String, &Listed)> = people
        .iter()
        .flat_map(|person| person.rotations().into_iter().map(move |text| (text, person)))
        .collect();
    texts.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    (1..=LONGEST_LISTED).flat_map(|length| top_lists_of(&texts, length)).collect()
}

/// Returns the same of prefixes of one length. Texts are sorted, so that each prefix is one run of them.
fn top_lists_of(texts: &[(String, &Listed)], length: usize) -> Vec<(String, Vec<UserId>)> {
    let runs = texts.chunk_by(|(one, _), (other, _)| prefix(one, length) == prefix(other, length));
    let lists = runs.filter_map(|run| {
        let prefix = prefix(&run.first()?.0, length)?;
        let people = run.iter().map(|(_, person)| *person);
        let mut people: Vec<&Listed> = people.filter(|person| person.is_listed(length)).collect();
        people.sort_unstable_by_key(|person| (Reverse(person.step), person.id));
        people.dedup_by_key(|person| person.id);
        let ids = people.iter().take(LISTED).map(|person| person.id);
        (people.len() >= LISTED / 2).then(|| (prefix.to_owned(), ids.collect()))
    });
    lists.collect()
}

impl runtime::task::Handler for SearchBuildHandler {
    type Input = Input;
    type Output = Built;
    type Error = NotBuilt;

    async fn handle(&self, _: Input) -> Result<Built, NotBuilt> {
        self.build().await
    }
}
