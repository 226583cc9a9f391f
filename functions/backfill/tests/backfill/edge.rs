//! What leaves for CloudFront.

use aws_sdk_cloudfront::config::{BehaviorVersion, Credentials, Region};
use backfill::{Distribution, Edge};
use domain::{PhotoId, UserId};
use testkit::Wiretap;

fn distribution(wire: &Wiretap) -> Distribution {
    let config = aws_sdk_cloudfront::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(wire.clone())
        .build();
    Distribution::new(aws_sdk_cloudfront::Client::from_conf(config), "E2EXAMPLE")
}

#[tokio::test]
async fn when_a_photo_is_forgotten_then_every_rendition_is_invalidated_under_one_reference() {
    let answer = "<Invalidation><Id>I1</Id><Status>InProgress</Status><CreateTime>2026-11-22T12:00:00Z</CreateTime>\
                  <InvalidationBatch><Paths><Quantity>0</Quantity></Paths><CallerReference>x</CallerReference>\
                  </InvalidationBatch></Invalidation>";
    let wire = Wiretap::new(move |_| (201, answer.to_owned()));
    let (author, photo) = (UserId::try_from(7).unwrap(), PhotoId::try_from(9).unwrap());
    for _ in 0..2 {
        distribution(&wire).forget(author, photo, 2).await.unwrap();
    }
    let [first, second] = wire.heard().try_into().unwrap();
    assert_eq!(first, second, "the service takes the same for the same");
    assert_eq!(first.method, "POST");
    assert!(first.uri.ends_with("/2020-05-31/distribution/E2EXAMPLE/invalidation"), "{}", first.uri);
    for part in [
        "<Path>/photos/large/7/9/0.jpg</Path>",
        "<Path>/photos/medium/7/9/0.webp</Path>",
        "<Path>/photos/small/7/9/1.webp</Path>",
        "<Quantity>12</Quantity>",
        "<CallerReference>photo-deleted-9</CallerReference>",
    ] {
        assert!(first.body.contains(part), "{part}: {}", first.body);
    }
}

#[tokio::test]
async fn when_the_edge_refuses_then_that_is_an_error() {
    let wire = Wiretap::new(|_| {
        (403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>".to_owned())
    });
    let (author, photo) = (UserId::try_from(7).unwrap(), PhotoId::try_from(9).unwrap());
    assert!(distribution(&wire).forget(author, photo, 2).await.is_err());
}
