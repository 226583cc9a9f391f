//! A reader of the engine's stream.

use std::sync::{Mutex, PoisonError};

use aws_lambda_events::dynamodb::EventRecord;
use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use serde_json::json;

/// The position of reading: the sequence number of the last record read.
pub(crate) struct Cursor {
    pub(crate) database: Database,
    table: &'static str,
    last: Mutex<u128>,
}

impl Cursor {
    pub(crate) fn new(database: Database, table: &'static str) -> Self {
        Self { database, table, last: Mutex::new(0) }
    }

    /// Returns all records that are not read yet, by sequence number.
    pub(crate) fn drain(&self) -> Vec<EventRecord> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let request = ListStreamsRequest { table_name: Some(self.table.to_owned()), ..Default::default() };
        let streams = self.database.list_streams(request).expect("the engine's streams").streams;
        let mut records = Vec::new();
        for arn in streams.into_iter().map(|stream| stream.stream_arn) {
            let request = DescribeStreamRequest { stream_arn: arn.clone(), ..Default::default() };
            let description = self.database.describe_stream(request).expect("the stream").stream_description;
            for shard in description.shards {
                self.read(&arn, shard.shard_id, *last, &mut records);
            }
        }
        records.sort_by_key(|(number, _)| *number);
        *last = records.last().map_or(*last, |(number, _)| *number);
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// Reads the records of one shard after `last`.
    fn read(&self, arn: &str, shard_id: String, last: u128, records: &mut Vec<(u128, EventRecord)>) {
        let (kind, sequence_number) = if last == 0 {
            ("TRIM_HORIZON", None)
        } else {
            ("AFTER_SEQUENCE_NUMBER", Some(last.to_string()))
        };
        let request = GetShardIteratorRequest {
            stream_arn: arn.to_owned(),
            shard_id,
            shard_iterator_type: kind.to_owned(),
            sequence_number,
        };
        let mut next = self.database.get_shard_iterator(request).expect("an iterator").shard_iterator;
        while let Some(shard_iterator) = next {
            let request = GetRecordsRequest { shard_iterator, limit: None };
            let page = self.database.get_records(request).expect("records");
            if page.records.is_empty() {
                return;
            }
            for record in page.records {
                let number = record.dynamodb.sequence_number.parse().expect("the engine counts its records");
                // The record goes through the JSON text that Lambda would send, so that tests
                // read what functions read.
                let mut event = json!(record);
                event["eventSourceARN"] = json!(arn);
                records.push((number, serde_json::from_value(event).expect("a stream record")));
            }
            next = page.next_shard_iterator;
        }
    }
}
