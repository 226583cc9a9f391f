//! `search`: finds people by what somebody types of their names.
//!
//! - **Trigger**: `GET /api/v1/search`, once a keystroke.
//! - **Access patterns**: one round trip: the list of the most popular of the prefix beside a page of the index (at most
//!   1 RRU), beside what the searcher's view is filtered by and whom they follow (1 RRU). A list of one or two characters
//!   is kept for a minute. A query with a typing error reads the index for it, and the list or the index for what it was
//!   meant to be (at most 1 RRU). A searcher who follows more than their packed followings hold costs 0.5 RRU more for
//!   each result whom these do not name. One search in ten counts ten uses of a quota (1 WRU). The words of names come
//!   from their bucket, once for a process and every five minutes.
//! - **Emits**: nothing.
//! - **Redelivery**: a search changes nothing.
//! - **Failures**: the caller gets a problem and asks again. Without words, errors are not forgiven, and everything else
//!   works.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use api::wire::{SearchPage, UserCard};
use api::{Call, Caller, Problem, Reply};
use domain::cursor::List;
use domain::search::{LISTED, Query, TopList};
use domain::{Clock, Randomness, Timestamp, UserId, quota};
use futures::future::{OptionFuture, try_join_all};
use lru::LruCache;
use runtime::Aws;
use runtime::http::over_quota;
use search_words::{Correction, HeldWords, WordStore};
use table::guard::Quotas;
use table::search::{self, Entries, Place};
use table::sight::Viewer;
use table::{Table, follow, followings};

runtime::config! {
    /// Settings of `search`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Address of the web client, below which renditions are, without a trailing slash.
        pub cdn_url: String,
        /// The bucket of the words of names.
        pub search_bucket: String,
    }
}

/// Longest prefix whose list is kept, in characters: everybody types these first.
const KEPT_CHARS: usize = 2;
/// Lists that are kept.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_999);
/// Milliseconds for which a list is kept.
const KEPT_MS: i64 = 60 * 1_000;
/// Of so many searches one counts for all, because counting would cost more than searching.
const COUNTED: u8 = 10;

/// A list, and when it was read.
type Kept = (Timestamp, TopList);

/// Handles searches.
pub struct SearchHandler {
    table: Table,
    quotas: Quotas,
    words: HeldWords,
    kept: Mutex<LruCache<String, Kept>>,
    cdn_url: String,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
}

/// What is read for a page.
struct Sources {
    /// The list of the most popular.
    list: Option<Query>,
    /// Parts of the index, each after a place.
    entries: Vec<(Query, Option<Place>)>,
}

impl Sources {
    /// Returns what answers a query that may have been meant to be another one, after a place of an earlier page.
    fn of(query: &Query, meant: Option<Correction>, after: Option<Place>) -> Self {
        let Some(Correction { query: corrected, listed }) = meant else {
            return Self { list: Some(query.clone()), entries: vec![(query.clone(), after)] };
        };
        let corrected = Query::corrected(corrected);
        let most = u64::try_from(LISTED / 2).unwrap_or(0);
        let is_listed = listed >= most && !corrected.as_str().contains(' ');
        let list = is_listed.then(|| corrected.clone());
        let entries = match after {
            Some(place) if place.text.starts_with(corrected.as_str()) => vec![(corrected, Some(place))],
            Some(place) => vec![(query.clone(), Some(place))],
            None if is_listed => vec![(query.clone(), None)],
            None => vec![(query.clone(), None), (corrected, None)],
        };
        Self { list, entries }
    }
}

impl SearchHandler {
    /// Connects to the table and the bucket.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let words = WordStore::connect(aws, &config.search_bucket);
        Self::new(table, words, config.quota_scale, &config.cdn_url, (aws.clock(), aws.random()))
    }

    /// Creates the handler for people in `table`, with the words of `store`, limits multiplied by `quota_scale`, and
    /// pictures under `cdn_url`.
    pub fn new(
        table: Table,
        store: WordStore,
        quota_scale: u32,
        cdn_url: &str,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Randomness>),
    ) -> Self {
        Self {
            quotas: Quotas::new(table.clone(), quota_scale),
            words: HeldWords::new(store),
            kept: Mutex::new(LruCache::new(KEPT)),
            cdn_url: cdn_url.to_owned(),
            table,
            clock,
            random,
        }
    }

    async fn search(&self, caller: &Caller, call: &Call) -> Result<SearchPage, Problem> {
        let query = Query::parse(call.query("q").unwrap_or_default())?;
        if !matches!(call.query("type"), None | Some("all" | "users")) {
            return Err(Problem::bad_request("bad_type", "type is `all` or `users`."));
        }
        let after: Option<Place> = call.position(List::Search)?;
        let now = self.clock.now();
        if self.words.is_new() {
            self.words.renew(now).await;
        }
        let meant = self.words.get().and_then(|words| words.correct(query.as_str()));
        let corrected = meant.as_ref().map(|meant| meant.query.clone());
        let sources = Sources::of(&query, meant, after.clone());
        // Renewed words are for the searches after this one.
        let ((), page) =
            futures::join!(self.words.renew(now), self.page(caller, &query, sources, after.is_some()));
        Ok(SearchPage { corrected, ..page? })
    }

    async fn page(
        &self,
        caller: &Caller,
        query: &Query,
        Sources { list, entries }: Sources,
        is_later: bool,
    ) -> Result<SearchPage, Problem> {
        let (table, me, now) = (&self.table, caller.user_id, self.clock.now());
        let reading =
            try_join_all(entries.iter().map(|(query, after)| search::entries(table, query, after.as_ref())));
        let top = OptionFuture::from(list.as_ref().map(|query| self.top(query.listed_prefix(), now)));
        let (viewer, followings, top, pages, ()) = futures::try_join!(
            async { Ok(Viewer::get(table, me).await?) },
            async { Ok(followings::get(table, me).await?) },
            async { Ok(top.await.transpose()?.unwrap_or_default()) },
            async { Ok(reading.await?) },
            self.count(me, now),
        )?;
        let mut seen = BTreeSet::new();
        let mut people = list.map(|list| search::found(&list, top.0, &mut seen)).unwrap_or_default();
        if is_later {
            // They were on the first page.
            people.clear();
        }
        let mut next_place = None;
        for ((query, _), Entries { people: page, next }) in entries.iter().zip(pages) {
            next_place = next_place.or(next);
            people.extend(search::found(query, page, &mut seen));
        }
        let ids: Vec<UserId> = people.iter().map(|person| person.id).collect();
        let unsure: Vec<UserId> = ids.iter().filter(|id| followings.holds(**id).is_none()).copied().collect();
        let (hidden, followed) = futures::try_join!(
            viewer.hidden_among(table, &ids),
            follow::followed_among(table, me, &unsure),
        )?;
        let is_followed = |id| followings.holds(id).unwrap_or_else(|| followed.contains(&id));
        people.retain(|person| !hidden.contains(&person.id));
        query.rank(&mut people, is_followed);
        let users = people.into_iter().map(|person| {
            let followed = is_followed(person.id);
            UserCard::listed(person, &self.cdn_url, followed)
        });
        let next_cursor = next_place.map(|place| List::Search.cursor(&place));
        Ok(SearchPage {
            users: users.collect(),
            corrected: None,
            has_more: next_cursor.is_some(),
            next_cursor,
        })
    }

    /// Reads the list of a prefix, or returns the one that is kept.
    async fn top(&self, prefix: &str, now: Timestamp) -> Result<TopList, table::Error> {
        if prefix.chars().nth(KEPT_CHARS).is_some() {
            return search::top(&self.table, prefix).await;
        }
        let fresh = |(at, list): &Kept| (now < at.plus_ms(KEPT_MS)).then(|| list.clone());
        if let Some(list) = self.kept().get(prefix).and_then(fresh) {
            return Ok(list);
        }
        let list = search::top(&self.table, prefix).await?;
        self.kept().put(prefix.to_owned(), (now, list.clone()));
        Ok(list)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, LruCache<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a search, for one in ten.
    async fn count(&self, me: UserId, now: Timestamp) -> Result<(), Problem> {
        let [draw] = domain::random::draw(&*self.random);
        if draw % COUNTED == 0 {
            let taken = self.quotas.take(&quota::SEARCHES, me, &[i64::from(COUNTED)], now).await?;
            taken.map_err(over_quota)?;
        }
        Ok(())
    }
}

impl runtime::http::Handler for SearchHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        match call.route() {
            "GET /api/v1/search" => Reply::ok(&self.search(caller, call).await?),
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
