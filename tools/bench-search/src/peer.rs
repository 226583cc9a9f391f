//! The same people in `SQLite`'s full-text index of trigrams.

use std::collections::HashMap;

use domain::UserId;
use domain::search::{Listed, Query};
use domain::user::User;
use rusqlite::Connection;

use crate::Result;
use crate::truth::COMPARED;

/// An index in memory.
pub struct Trigrams {
    connection: Connection,
    ids: HashMap<i64, UserId>,
}

impl Trigrams {
    /// Indexes everybody by their folded names.
    pub fn new(people: &[User]) -> Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "CREATE TABLE people (number INTEGER PRIMARY KEY, followers INTEGER);
             CREATE VIRTUAL TABLE names USING fts5 (words, tokenize = 'trigram');",
        )?;
        let transaction = connection.transaction()?;
        let mut ids = HashMap::with_capacity(people.len());
        {
            let mut add = transaction.prepare("INSERT INTO people VALUES (?1, ?2)")?;
            let mut index = transaction.prepare("INSERT INTO names (rowid, words) VALUES (?1, ?2)")?;
            for (number, user) in (0_i64..).zip(people) {
                let names = Listed::from(user).rotations().first().cloned().unwrap_or_default();
                add.execute((number, user.followers))?;
                index.execute((number, format!(" {names}")))?;
                ids.insert(number, user.id);
            }
        }
        transaction.commit()?;
        Ok(Self { connection, ids })
    }

    /// Returns ten people: the most followed of those whose names hold every word of a query where a word begins. Where
    /// there are none, those who have most of its trigrams.
    pub fn search(&self, query: &Query) -> Result<Vec<UserId>> {
        let phrases: Vec<String> = query.as_str().split(' ').map(|word| format!("\" {word}\"")).collect();
        let exact = self.matching(&phrases.join(" AND "), "followers DESC")?;
        if !exact.is_empty() {
            return Ok(exact);
        }
        let letters: Vec<char> = query.as_str().chars().collect();
        let trigrams: Vec<String> =
            letters.windows(3).map(|three| format!("\"{}\"", three.iter().collect::<String>())).collect();
        if trigrams.is_empty() { Ok(Vec::new()) } else { self.matching(&trigrams.join(" OR "), "rank") }
    }

    fn matching(&self, wanted: &str, order: &str) -> Result<Vec<UserId>> {
        let mut search = self.connection.prepare_cached(&format!(
            "SELECT names.rowid FROM names JOIN people ON number = names.rowid WHERE names MATCH ?1 ORDER BY {order} LIMIT {COMPARED}"
        ))?;
        let numbers = search.query_map((wanted,), |row| row.get::<_, i64>(0))?;
        let numbers = numbers.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(numbers.iter().filter_map(|number| self.ids.get(number).copied()).collect())
    }
}
