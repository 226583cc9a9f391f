use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, KeysAndAttributes, Put, PutRequest, TransactWriteItem, WriteRequest,
};

use super::*;
use crate::START;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Puts an item if it does not exist.
async fn insert(engine: &Engine, pk: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    let put = engine.client().put_item().table_name(engine.table_name()).item("pk", s(pk)).item("sk", s("x"));
    put.condition_expression("attribute_not_exists(pk)").send().await?;
    Ok(())
}

async fn exists(engine: &Engine, pk: &str) -> bool {
    let get = engine.client().get_item().table_name(engine.table_name()).key("pk", s(pk)).key("sk", s("x"));
    get.send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn usage_is_what_the_calls_consume() {
    let engine = Engine::start().await;
    assert_eq!(engine.usage(), Usage::default(), "the table's creation is not counted");
    insert(&engine, "a").await.unwrap();
    assert!(exists(&engine, "a").await);
    let usage = engine.usage();
    assert_eq!((usage.requests, usage.attempts, usage.round_trips), (2, 2, 2));
    assert_eq!((usage.read_units, usage.write_units), (0.5, 1.0));
    assert_eq!((usage.requests_of("PutItem"), usage.writes()), (1, 1));

    engine.reset_usage();
    futures::join!(exists(&engine, "a"), exists(&engine, "b"));
    assert_eq!((engine.usage().requests, engine.usage().round_trips), (2, 1), "side by side is one trip");
}

#[tokio::test]
async fn transactions_and_batches_report_their_capacity() {
    let engine = Engine::start().await;
    let put =
        Put::builder().table_name(engine.table_name()).item("pk", s("a")).item("sk", s("x")).build().unwrap();
    let delete = Delete::builder()
        .table_name(engine.table_name())
        .key("pk", s("b"))
        .key("sk", s("x"))
        .build()
        .unwrap();
    let items =
        [TransactWriteItem::builder().put(put).build(), TransactWriteItem::builder().delete(delete).build()];
    engine.client().transact_write_items().set_transact_items(Some(items.to_vec())).send().await.unwrap();
    assert!((engine.usage().write_units - 4.0).abs() < f64::EPSILON, "two units an item");
}

#[tokio::test]
async fn the_stream_has_every_change_once_and_in_order() {
    let clock = ManualClock::new();
    let engine = Engine::start_at(&clock).await;
    insert(&engine, "a").await.unwrap();
    insert(&engine, "b").await.unwrap();
    let records = engine.stream().await;
    assert_eq!(records.iter().map(|record| &record.event_name).collect::<Vec<_>>(), ["INSERT", "INSERT"]);
    assert_eq!(records[0].change.approximate_creation_date_time.timestamp_millis(), START.0);
    assert!(records[0].change.old_image.is_empty() && !records[0].change.new_image.is_empty());
    assert!(engine.stream().await.is_empty());

    engine
        .client()
        .delete_item()
        .table_name(engine.table_name())
        .key("pk", s("a"))
        .key("sk", s("x"))
        .send()
        .await
        .unwrap();
    let [record] = engine.stream().await.try_into().unwrap();
    assert_eq!(record.event_name, "REMOVE");
    assert!(!record.change.keys.is_empty() && !record.change.old_image.is_empty());
}

#[tokio::test]
async fn a_long_stream_is_read_to_its_end() {
    let engine = Engine::start().await;
    for chunk in (0..1100).collect::<Vec<_>>().chunks(25) {
        let writes: Vec<WriteRequest> = chunk
            .iter()
            .map(|n| {
                PutRequest::builder().item("pk", s(&format!("{n:04}"))).item("sk", s("x")).build().unwrap()
            })
            .map(|put| WriteRequest::builder().put_request(put).build())
            .collect();
        engine.client().batch_write_item().request_items(engine.table_name(), writes).send().await.unwrap();
    }
    assert_eq!(engine.stream().await.len(), 1100);
}

#[tokio::test]
async fn throttles_are_retried_until_the_attempts_are_used_up() {
    let engine = Engine::start().await;
    for (name, fault) in [("a", Fault::Throttled), ("b", Fault::RateLimited), ("c", Fault::Unavailable)] {
        engine.reset_usage();
        engine.fail_next("PutItem", ATTEMPTS - 1, fault);
        insert(&engine, name).await.unwrap();
        assert_eq!(engine.usage().operations["PutItem"].attempts, 3, "{fault:?}");
    }
    engine.fail_next("PutItem", ATTEMPTS, Fault::Throttled);
    let error = insert(&engine, "d").await.unwrap_err();
    assert!(matches!(error, aws_sdk_dynamodb::Error::ProvisionedThroughputExceededException(_)), "{error:?}");
    assert!(!exists(&engine, "d").await);
    insert(&engine, "d").await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_retried_and_a_crash_is_not() {
    let engine = Engine::start().await;
    engine.fail_next("PutItem", 1, Fault::LostAnswer);
    let error = insert(&engine, "a").await.unwrap_err();
    assert!(
        matches!(error, aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)),
        "done before: {error:?}"
    );

    engine.reset_usage();
    engine.fail_next("PutItem", 1, Fault::Crash);
    insert(&engine, "b").await.unwrap_err();
    assert_eq!(engine.usage().attempts, 1);
    assert!(exists(&engine, "b").await);
}

#[tokio::test]
async fn a_conflict_cancels_a_transaction_with_its_reasons() {
    let engine = Engine::start().await;
    engine.fail_next("TransactWriteItems", 1, Fault::Conflict);
    let put = |pk: &str| {
        let put = Put::builder()
            .table_name(engine.table_name())
            .item("pk", s(pk))
            .item("sk", s("x"))
            .build()
            .unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let transaction =
        engine.client().transact_write_items().transact_items(put("a")).transact_items(put("b"));
    let error = transaction.send().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(cancelled) =
        error
    else {
        panic!("not cancelled");
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    assert!(!exists(&engine, "a").await);
}

#[tokio::test]
async fn a_batch_comes_back_unprocessed() {
    let engine = Engine::start().await;
    engine.fail_next("BatchWriteItem", 1, Fault::Unprocessed);
    let put = PutRequest::builder().item("pk", s("a")).item("sk", s("x")).build().unwrap();
    let write = WriteRequest::builder().put_request(put).build();
    let batch = engine.client().batch_write_item().request_items(engine.table_name(), vec![write]);
    let left = batch.send().await.unwrap().unprocessed_items.unwrap();
    assert_eq!(left[engine.table_name()].len(), 1);
    assert!(!exists(&engine, "a").await);

    engine.fail_next("BatchGetItem", 1, Fault::Unprocessed);
    let key = std::collections::HashMap::from([("pk".to_owned(), s("a")), ("sk".to_owned(), s("x"))]);
    let keys = KeysAndAttributes::builder().keys(key).build().unwrap();
    let batch = engine.client().batch_get_item().request_items(engine.table_name(), keys);
    let left = batch.send().await.unwrap().unprocessed_keys.unwrap();
    assert_eq!(left[engine.table_name()].keys().len(), 1);
}

#[tokio::test]
async fn a_rule_fails_its_requests_until_the_engine_is_healed() {
    let engine = Engine::start().await;
    engine.fail_when(|asked| (asked.writes() && asked.touches("hot")).then_some(Fault::Throttled));
    insert(&engine, "hot").await.unwrap_err();
    insert(&engine, "cold").await.unwrap();
    assert!(!exists(&engine, "hot").await, "reading is no writing");
    let put = |pk: &str| {
        let item = Put::builder().table_name(engine.table_name()).item("pk", s(pk)).item("sk", s("y"));
        TransactWriteItem::builder().put(item.build().unwrap()).build()
    };
    let mixed = engine.client().transact_write_items().transact_items(put("cold")).transact_items(put("hot"));
    mixed.send().await.unwrap_err();
    engine.heal();
    insert(&engine, "hot").await.unwrap();
}

#[tokio::test]
async fn after_a_crash_nothing_more_happens() {
    let engine = Engine::start().await;
    engine.fail_next("PutItem", 1, Fault::Crash);
    let work = async {
        let first = insert(&engine, "a").await;
        insert(&engine, "b").await.unwrap();
        first
    };
    assert!(engine.until_crash(work).await.is_none());
    assert!(exists(&engine, "a").await && !exists(&engine, "b").await);
    assert!(engine.until_crash(insert(&engine, "b")).await.unwrap().is_ok());
}
