//! Search of people: the index of names, the lists of the most popular under a prefix, and who is popular.
//!
//! All of it is derived from profiles, in the stream's order ([`reindex`]). An entry holds all that a result shows, so
//! that a search reads no profile.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use domain::search::{Listed, Query, TopList};
use domain::user::User;
use domain::{Home, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off, stored};
use crate::keys::{ItemKey, partition};
use crate::{Error, Item, Page, Result, Table, change};

/// Shards of the people of one step.
pub const SHARDS: u8 = 8;
/// Entries of the index in a page: less than 4 KiB of the longest.
pub const PAGE: usize = 12;
/// People of a step that are read at once.
const POPULAR_PAGE: usize = 2_000;
/// Lists that are written at once.
const LISTS_AT_ONCE: usize = 8;
/// Times that a list is written which others write too.
const RACES: u32 = 8;
/// Sorts after every text that begins with what is before it.
const END: char = '\u{10ffff}';

/// A list of the most popular as it is stored: tuples, because names of attributes would take half of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    people: Vec<(UserId, String, Option<String>, bool, u8)>,
    /// Counts the changes, so that a write on top of an older state is refused.
    version: u64,
}

impl Stored {
    fn new(list: TopList, version: u64) -> Self {
        let people = list.0.into_iter();
        let people = people.map(|Listed { id, username, full_name, private, step }| {
            (id, username, full_name, private, step)
        });
        Self { people: people.collect(), version }
    }

    fn list(self) -> TopList {
        let people = self.people.into_iter();
        let people = people.map(|(id, username, full_name, private, step)| Listed {
            id,
            username,
            full_name,
            private,
            step,
        });
        TopList(people.collect())
    }
}

/// Reads the most popular people whose names have a word with this prefix, eventually consistent. 0.5 RRU.
pub async fn top(table: &Table, prefix: &str) -> Result<TopList> {
    let stored: Option<Stored> = table.get(&ItemKey::TopList(Home::LOCAL, prefix.to_owned())).await?;
    Ok(stored.unwrap_or_default().list())
}

/// A place in the index of names: the entry that was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text of the entry.
    pub text: String,
    /// Whose it is.
    pub user: UserId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.text, self.user)
    }
}

/// A text names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NoPlace> {
        let (text, user) = text.rsplit_once('#').ok_or(NoPlace)?;
        Ok(Self { text: text.to_owned(), user: user.parse().map_err(|_| NoPlace)? })
    }
}

/// A page of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// Whose entries they are.
    pub people: Vec<Listed>,
    /// After which place the index goes on; none at its end.
    pub next: Option<Place>,
}

/// Reads entries of the index that begin with a query, by their texts after a place, at most [`PAGE`]. Eventually
/// consistent, 0.5 RRU.
///
/// Somebody of whom several texts begin so is there once, with the first of them. A page may therefore have few
/// entries, or none, and be followed by more.
///
/// A query that is shorter than what divides the index finds those alone who have it as a word.
pub async fn entries(table: &Table, query: &Query, after: Option<&Place>) -> Result<Entries> {
    let text = query.as_str();
    let from = match after {
        // Nothing sorts between an id and what follows it but what begins with that id.
        Some(Place { text, user }) => format!("{text}#{}{END}", user.padded()),
        None => text.to_owned(),
    };
    let range = Range {
        pk: partition::tokens(text),
        from,
        to: format!("{text}{END}"),
        newest_first: false,
        limit: PAGE,
        consistent: false,
    };
    let page = table.query::<Listed>(range).await?;
    let last = page.items.last().and_then(|(key, _)| match key {
        ItemKey::Token(text, user) if page.more => Some(Place { text: text.clone(), user: *user }),
        _ => None,
    });
    let firsts = page.items.into_iter().filter(|(key, person)| {
        let texts = person.rotations().into_iter();
        let first = texts.filter(|other| other.starts_with(text)).min();
        first.is_none_or(|first| matches!(key, ItemKey::Token(text, _) if *text == first))
    });
    Ok(Entries { people: firsts.map(|(_, person)| person).collect(), next: last })
}

/// Reads people of a step, from one of its shards, after one of them. 0.5 RRU for each 4 KiB.
pub async fn popular(table: &Table, step: u8, shard: u8, after: Option<UserId>) -> Result<Page<Listed>> {
    let range = Range {
        pk: partition::popular(step, shard),
        from: after.map_or_else(|| "0".to_owned(), |user| format!("{}:", user.padded())),
        to: ":".to_owned(),
        newest_first: false,
        limit: POPULAR_PAGE,
        consistent: false,
    };
    let page = table.query::<Listed>(range).await?;
    Ok(Page { items: page.items.into_iter().map(|(_, person)| person).collect(), more: page.more })
}

/// Returns where somebody is among the popular.
pub fn popularity(person: &Listed) -> ItemKey {
    // The low bits of an id are random.
    let shard = u8::try_from(person.id.get() % u64::from(SHARDS)).unwrap_or(0);
    ItemKey::Popular(person.step, shard, person.id)
}

/// Returns how a profile in an image of the stream is listed; `None` where there is no image.
pub fn listed(image: Option<&serde_dynamo::Item>) -> Result<Option<Listed>> {
    let user: Option<User> = image.map(change::parse).transpose()?;
    Ok(user.as_ref().map(Listed::from))
}

/// Brings the index in line with a change of somebody, from how they were to how they are. `None` is somebody who was
/// not there yet, or is not any more. Returns whether a search shows the change.
///
/// 1 WRU for each entry that comes, changes or goes, at most nine of each; of a list 1 RRU, and 4 WRU where it
/// changes. Nothing where a search would show the same. The changes of one person must come in their order, and may
/// be repeated from any of them on.
///
/// # Errors
/// [`Error::Busy`] when a list kept changing.
pub async fn reindex(table: &Table, before: Option<&Listed>, after: Option<&Listed>) -> Result<bool> {
    let Some(id) = after.or(before).map(|person| person.id).filter(|_| before != after) else {
        return Ok(false);
    };
    let entries = |person: Option<&Listed>| -> Result<HashMap<ItemKey, Item>> {
        let Some(person) = person else { return Ok(HashMap::new()) };
        let texts = person.rotations().into_iter().map(|text| ItemKey::Token(text, person.id));
        texts.chain([popularity(person)]).map(|key| Ok((key.clone(), stored(&key, person)?))).collect()
    };
    let (old, new) = (entries(before)?, entries(after)?);
    let gone: Vec<ItemKey> = old.into_keys().filter(|key| !new.contains_key(key)).collect();
    // What is new comes first: who is renamed is found under either name meanwhile, and always under one.
    table.put_all(new.into_values().collect()).await?;
    table.delete_all(&gone).await?;
    // Who is to be in each list where they were, or are.
    let listing = |person: Option<&Listed>| person.map(Listed::prefixes).unwrap_or_default();
    let mut lists: HashMap<ItemKey, Option<&Listed>> = HashMap::new();
    for (prefixes, person) in [(listing(before), None), (listing(after), after)] {
        lists.extend(prefixes.into_iter().map(|prefix| (ItemKey::TopList(id.home(), prefix), person)));
    }
    let keys: Vec<ItemKey> = lists.keys().cloned().collect();
    let mut known: HashMap<ItemKey, Stored> =
        table.batch_get_latest::<Stored>(&keys).await?.into_iter().collect();
    let changes = lists.into_iter().filter_map(|(key, person)| {
        let before = known.remove(&key).unwrap_or_default();
        let list = before.clone().list();
        (list.with(id, person) != list).then(|| (key, person.cloned(), before))
    });
    stream::iter(changes.collect::<Vec<_>>())
        .map(|(key, person, before)| put_in_list(table, key, id, person, before))
        .buffer_unordered(LISTS_AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(true)
}

/// Brings a list in line with somebody, on top of how it was `before`.
async fn put_in_list(
    table: &Table,
    key: ItemKey,
    id: UserId,
    person: Option<Listed>,
    mut before: Stored,
) -> Result<()> {
    for race in 0..RACES {
        let version = before.version;
        let list = before.list();
        let after = list.with(id, person.as_ref());
        if after == list || table.put_version(&key, Stored::new(after, version + 1), version).await? {
            return Ok(());
        }
        back_off(race).await;
        before = table.get_latest(&key).await?.unwrap_or_default();
    }
    Err(Error::busy("PutItem", "a list of popular people kept changing"))
}

/// Puts people into the lists of prefixes in which they are missing: those whom somebody left, and who come next. Returns
/// how many lists were changed.
///
/// 1 RRU for each list, 1 RRU for each missing person, and 4 WRU for each list that changes. Whoever is added is read
/// after the list is, and the list is written on top of what was read. So a name that changes meanwhile is not put back.
/// A list that changes meanwhile is left as it is until the next time.
pub async fn complete_lists(table: &Table, counted: &[(String, Vec<UserId>)]) -> Result<usize> {
    let key = |prefix: &str| ItemKey::TopList(Home::LOCAL, prefix.to_owned());
    let keys: Vec<ItemKey> = counted.iter().map(|(prefix, _)| key(prefix)).collect();
    let known: HashMap<ItemKey, Stored> =
        table.batch_get_latest::<Stored>(&keys).await?.into_iter().collect();
    let mut lacking = Vec::new();
    for (prefix, people) in counted {
        let stored = known.get(&key(prefix)).cloned().unwrap_or_default();
        let (version, list) = (stored.version, stored.list());
        let is_missing = |id: &&UserId| list.0.iter().all(|listed| listed.id != **id);
        let missing: Vec<UserId> = people.iter().filter(is_missing).copied().collect();
        if !missing.is_empty() {
            lacking.push((prefix, version, list, missing));
        }
    }
    let ids: Vec<ItemKey> =
        lacking.iter().flat_map(|(.., missing)| missing).map(|id| ItemKey::User(*id)).collect();
    let users = table.batch_get_latest::<User>(&ids).await?.into_iter();
    let users: HashMap<UserId, Listed> = users.map(|(_, user)| (user.id, Listed::from(&user))).collect();
    let changes = lacking.into_iter().filter_map(|(prefix, version, list, missing)| {
        let people =
            missing.iter().filter_map(|id| users.get(id)).filter(|person| person.prefixes().contains(prefix));
        let after = people.fold(list.clone(), |list, person| list.with(person.id, Some(person)));
        (after != list).then(|| (key(prefix), Stored::new(after, version + 1), version))
    });
    let changed = stream::iter(changes.collect::<Vec<_>>())
        .map(|(key, after, version)| async move { table.put_version(&key, after, version).await })
        .buffer_unordered(LISTS_AT_ONCE)
        .try_filter(|changed| std::future::ready(*changed))
        .try_collect::<Vec<_>>()
        .await?;
    Ok(changed.len())
}

/// Returns the people of a list and of a page of entries who match a query, each once, without those of `seen`.
pub fn found(
    query: &Query,
    people: impl IntoIterator<Item = Listed>,
    seen: &mut BTreeSet<UserId>,
) -> Vec<Listed> {
    people.into_iter().filter(|person| query.matches(person) && seen.insert(person.id)).collect()
}
