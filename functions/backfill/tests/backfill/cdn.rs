//! Invalidations that are sent to CloudFront.

use aws_sdk_cloudfront::config::{BehaviorVersion, Credentials, Region};
use backfill::{Cdn, Distribution};
use domain::media::MediumId;
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

fn medium(index: usize) -> MediumId {
    MediumId { author: UserId::try_from(7).unwrap(), photo: PhotoId::try_from(9).unwrap(), index }
}

#[tokio::test]
async fn when_media_are_forgotten_then_each_has_an_invalidation_of_its_own() {
    let answer = "<Invalidation><Id>I1</Id><Status>InProgress</Status><CreateTime>2026-11-22T12:00:00Z</CreateTime>\
                  <InvalidationBatch><Paths><Quantity>0</Quantity></Paths><CallerReference>x</CallerReference>\
                  </InvalidationBatch></Invalidation>";
    let wire = Wiretap::new(move |_| (201, answer.to_owned()));
    for media in [vec![medium(0), medium(1)], vec![medium(1)]] {
        distribution(&wire).forget(&media).await.unwrap();
    }
    let [first, second, again] = wire.heard().try_into().unwrap();
    assert_eq!(second, again, "the service takes the same for the same");
    assert_eq!(first.method, "POST");
    assert!(first.uri.ends_with("/2020-05-31/distribution/E2EXAMPLE/invalidation"), "{}", first.uri);
    for part in [
        "<Path>/photos/large/7/9/0.jpg</Path>",
        "<Path>/photos/medium/7/9/0.webp</Path>",
        "<Path>/photos/small/7/9/0.webp</Path>",
        "<Quantity>6</Quantity>",
        "<CallerReference>medium-deleted-9-0</CallerReference>",
    ] {
        assert!(first.body.contains(part), "{part}: {}", first.body);
        let part = part.replace("9/0.", "9/1.").replace("9-0", "9-1");
        assert!(second.body.contains(&part), "{part}: {}", second.body);
    }
}

#[tokio::test]
async fn when_the_cdn_refuses_then_that_is_an_error() {
    let wire = Wiretap::new(|_| {
        (403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>".to_owned())
    });
    assert!(distribution(&wire).forget(&[medium(0)]).await.is_err());
}
