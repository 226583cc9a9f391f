//! Upkeep of the table engine's change stream, which it keeps in the same SQLite file as the items.
//!
//! The engine finds the next sequence number and the records after a position by a scan over all records ever
//! written, so each write would cost more than the one before. Two indexes make both a seek, and records
//! older than a day are dropped, as in the cloud.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

/// How long the cloud keeps a stream record.
pub const RETENTION: Duration = Duration::from_hours(24);

/// The stream of one database file, seen from beside the engine.
pub struct StreamLog {
    file: Connection,
}

impl StreamLog {
    /// Opens the stream of a file that the engine has opened before, and makes its indexes.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let file = Connection::open(path)?;
        file.busy_timeout(Duration::from_secs(30))?;
        file.execute_batch(
            "CREATE INDEX IF NOT EXISTS lambdagram_stream_by_table
                 ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
             CREATE INDEX IF NOT EXISTS lambdagram_stream_by_shard
                 ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));
             CREATE INDEX IF NOT EXISTS lambdagram_stream_by_age
                 ON _stream_records (created_at);",
        )?;
        Ok(Self { file })
    }

    /// Drops the records made before `horizon` (seconds since the Unix epoch); says how many there were.
    ///
    /// The newest record of all stays: the engine numbers the next one after it.
    pub fn trim(&self, horizon: i64) -> rusqlite::Result<usize> {
        self.file.execute(
            "DELETE FROM _stream_records
             WHERE created_at < ?1 AND id < (SELECT MAX(id) FROM _stream_records)",
            params![horizon],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::StreamLog;
    use rusqlite::Connection;

    /// The engine's own two statements (dynoxide-rs 3.2): if they change, the indexes no longer serve them.
    const NEXT: &str = "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1";
    const AFTER: &str = "SELECT event_name FROM _stream_records WHERE table_name = ?1 AND shard_id = ?2 \
         AND CAST(sequence_number AS INTEGER) > ?3 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT ?4";

    struct File(std::path::PathBuf);

    impl File {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lambdagram-{name}-{}.sqlite", std::process::id()));
            drop(dynoxide::Database::new(path.to_str().unwrap()).unwrap());
            Self(path)
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
            }
        }
    }

    fn plan(connection: &Connection, sql: &str, parameters: usize) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let values = vec!["1"; parameters];
        let rows =
            statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    fn add(connection: &Connection, sequence: i64, created_at: i64) {
        connection
            .execute(
                "INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                 VALUES ('t', 'INSERT', '{}', ?1, 's', ?2)",
                rusqlite::params![sequence.to_string(), created_at],
            )
            .unwrap();
    }

    #[test]
    fn the_engines_statements_seek_instead_of_scanning() {
        let file = File::new("seek");
        let log = StreamLog::open(&file.0).unwrap();
        assert!(plan(&log.file, NEXT, 1).contains("lambdagram_stream_by_table"));
        let after = plan(&log.file, AFTER, 4);
        assert!(after.contains("lambdagram_stream_by_shard") && !after.contains("TEMP B-TREE"), "{after}");
    }

    #[test]
    fn trimming_drops_old_records_but_never_the_last() {
        let file = File::new("trim");
        let log = StreamLog::open(&file.0).unwrap();
        for sequence in 1..=5 {
            add(&log.file, sequence, sequence * 10);
        }
        assert_eq!(log.trim(31).unwrap(), 3);
        assert_eq!(log.trim(1_000).unwrap(), 1);
        let last: i64 = log.file.query_row(NEXT, ["t"], |row| row.get(0)).unwrap();
        assert_eq!(last, 6);
    }
}
