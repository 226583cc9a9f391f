//! Trigger events, read from the repository's `events/` or built from a test's own values.

use std::path::Path;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::sqs::SqsEvent;
use serde::Serialize;
use serde_json::{Value, json};

/// Returns the event `events/<function>/<case>.json` with every `{{name}}` replaced.
///
/// A value is escaped and put into the text inside the quotes around its placeholder.
pub fn fixture(function: &str, case: &str, values: &[(&str, &str)]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events")
        .join(function)
        .join(format!("{case}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let filled = fill(&text, values);
    serde_json::from_str(&filled).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        let placeholder = format!("{{{{{name}}}}}");
        assert!(filled.contains(&placeholder), "the event has no {placeholder}");
        let quoted = Value::from(*value).to_string();
        let escaped =
            quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("a JSON string");
        filled = filled.replace(&placeholder, escaped);
    }
    if let Some((_, rest)) = filled.split_once("{{") {
        panic!("the event wants a value for {{{{{}", rest.lines().next().unwrap_or_default());
    }
    filled
}

/// Returns a batch of queue messages with these bodies and the ids `message-0`, `message-1` and so on.
pub fn sqs_event<T: Serialize>(bodies: &[T]) -> SqsEvent {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(place, body)| {
            json!({
                "messageId": format!("message-{place}"),
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": serde_json::to_string(body).expect("JSON"),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795348800000",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1795348800010"
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
                "awsRegion": "eu-central-1"
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).expect("a batch of messages")
}

/// Returns a batch of stream records.
pub fn stream_event(records: Vec<EventRecord>) -> Event {
    let mut event = Event::default();
    event.records = records;
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_quotes_escaped() {
        assert_eq!(fill(r#"{"a":"{{a}}"}"#, &[("a", r#"say "x""#)]), r#"{"a":"say \"x\""}"#);
    }

    #[test]
    #[should_panic(expected = "the event wants a value for {{b}}")]
    fn a_forgotten_value_is_named() {
        fill("{{a}} {{b}}", &[("a", "1")]);
    }

    #[test]
    fn bodies_are_json_text() {
        let event = sqs_event(&[json!({ "type": "photo.ready" }), json!("x")]);
        assert_eq!(event.records[0].body.as_deref(), Some(r#"{"type":"photo.ready"}"#));
        assert_eq!(event.records[1].message_id.as_deref(), Some("message-1"));
    }
}
