//! `search-index`: keeps the index of names in line with profiles.
//!
//! - **Trigger**: the table's stream, filtered to profiles. It is the second of the two readers that a shard of a stream
//!   should have; `derive` is the first.
//! - **Access patterns**: nothing for a change that no search shows, such as most follows. Otherwise the entries that
//!   come, change or go (1 WRU each, at most nine of each), and the lists of the prefixes of somebody's names (1 RRU
//!   each, 4 WRU for one that changes). Only the lists of one and two characters are read for who has less than eight
//!   followers.
//! - **Emits**: nothing.
//! - **Redelivery**: a record says how somebody was and is. From any record on, doing them again in their order ends in
//!   the same index.
//! - **Failures**: the answer names the first record that failed. Lambda retries from there, and after the last try
//!   sends the batch's position in the stream to the dead-letter queue. Searches then show somebody as they were, until
//!   their next change.

use runtime::stream::{Failed, Record};
use runtime::{Aws, metrics};
use table::{Table, search};

runtime::config! {
    /// Settings of `search-index`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
    }
}

/// Handles changes of profiles.
pub struct SearchIndexHandler {
    table: Table,
}

impl SearchIndexHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name))
    }

    /// Creates the handler for the index in `table`.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    async fn reindex(&self, record: &Record) -> Result<(), table::Error> {
        let (before, after) = (search::listed(record.old.as_ref())?, search::listed(record.new.as_ref())?);
        if search::reindex(&self.table, before.as_ref(), after.as_ref()).await? {
            metrics::count("people_indexed", 1);
        }
        Ok(())
    }
}

impl runtime::stream::Handler for SearchIndexHandler {
    async fn handle(&self, records: Vec<Record>) -> Result<(), Failed> {
        for record in &records {
            self.reindex(record).await.map_err(|error| Failed::at(record, error))?;
        }
        Ok(())
    }
}
