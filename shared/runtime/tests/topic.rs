//! The requests that publishing sends to SNS.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use domain::UserId;
use messages::Event;
use runtime::topic::{Publisher, Topic};
use testkit::Wiretap;

const ARN: &str = "arn:aws:sns:eu-central-1:123456789012:events";

fn topic(wire: &Wiretap) -> Topic {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(wire.clone())
        .build();
    Topic::new(aws_sdk_sns::Client::from_conf(config), ARN)
}

fn events(count: u64) -> Vec<Event> {
    (0..count).map(|id| Event::ReaderReturned { user_id: UserId::try_from(id).unwrap(), mark: 1 }).collect()
}

fn answer(failed: &str) -> String {
    format!(
        "<PublishBatchResponse><PublishBatchResult><Successful/>{failed}</PublishBatchResult></PublishBatchResponse>"
    )
}

#[tokio::test]
async fn many_events_are_published_ten_at_a_time_with_type_and_trace() {
    let wire = Wiretap::new(|_| (200, answer("<Failed/>")));
    let publish = async { topic(&wire).publish(&events(23)).await };
    runtime::trace::scope(Some("Root=1-a".to_owned()), publish).await.unwrap();
    let bodies: Vec<String> = wire.heard().into_iter().map(|heard| heard.body).collect();
    assert_eq!(bodies.len(), 3);
    let entries = |body: &str| (1..=11).filter(|n| body.contains(&format!("member.{n}.Id="))).count();
    let mut sizes: Vec<usize> = bodies.iter().map(|body| entries(body)).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [3, 10, 10]);
    for part in [
        "Action=PublishBatch",
        "Name=type",
        "StringValue=reader.returned",
        "Name=trace",
        "Root%3D1-a",
        "member.1.MessageGroupId=",
    ] {
        assert!(bodies[0].contains(part), "{part}: {}", bodies[0]);
    }
}

#[tokio::test]
async fn when_entries_are_refused_then_the_first_of_them_is_named() {
    let wire = Wiretap::new(|heard| {
        let refused = |id: u32| {
            format!(
                "<member><Id>{id}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>"
            )
        };
        let failed = if heard.body.contains("member.1.Id=10") {
            format!("<Failed>{}{}</Failed>", refused(14), refused(12))
        } else {
            "<Failed/>".to_owned()
        };
        (200, answer(&failed))
    });
    let unpublished = topic(&wire).publish(&events(20)).await.unwrap_err();
    assert_eq!(unpublished.place, 12);
}

#[tokio::test]
async fn when_the_topic_cannot_be_reached_then_the_whole_batch_is_unpublished() {
    let wire = Wiretap::new(|_| {
        (403, "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>".to_owned())
    });
    assert_eq!(topic(&wire).publish(&events(3)).await.unwrap_err().place, 0);
}
