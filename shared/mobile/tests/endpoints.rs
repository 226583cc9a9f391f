//! The endpoints of apps, against a fake SNS.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use domain::Fault;
use domain::FaultKind;
use domain::device::{AppPlatform, AppToken};
use mobile::{Application, EndpointError, Endpoints, Message, NoApplication, Published};
use serde_json::json;
use testkit::MobilePush;

fn token() -> AppToken {
    AppToken::parse(AppPlatform::Ios, &"0a".repeat(32)).unwrap()
}

#[test]
fn applications_are_arns_or_none() {
    assert_eq!("none".parse::<Application>().unwrap().arn(), None);
    assert_eq!(MobilePush::APNS.parse::<Application>().unwrap().arn(), Some(MobilePush::APNS));
    for bad in ["", "arn:aws:sns:eu-central-1:123456789012:topic", "lambdagram"] {
        assert_eq!(bad.parse::<Application>(), Err(NoApplication), "{bad}");
    }
}

#[tokio::test]
async fn when_a_token_is_known_then_its_endpoint_is_returned() {
    let sns = MobilePush::default();
    let endpoints = Endpoints::new(sns.client());
    let first = endpoints.ensure(MobilePush::APNS, &token()).await.unwrap();
    assert_eq!(endpoints.ensure(MobilePush::APNS, &token()).await.unwrap(), first);
    assert_eq!(sns.endpoints(), [(first, token().expose().to_owned(), true)]);
    assert_eq!(sns.asked(), ["CreatePlatformEndpoint", "GetEndpointAttributes"].repeat(2));
}

#[tokio::test]
async fn when_an_endpoint_is_disabled_then_it_is_enabled_again() {
    let sns = MobilePush::default();
    let endpoints = Endpoints::new(sns.client());
    let first = endpoints.ensure(MobilePush::APNS, &token()).await.unwrap();
    sns.disable(&first);
    sns.asked();
    assert_eq!(endpoints.ensure(MobilePush::APNS, &token()).await.unwrap(), first);
    assert_eq!(sns.asked(), ["CreatePlatformEndpoint", "GetEndpointAttributes", "SetEndpointAttributes"]);
    assert_eq!(sns.endpoints(), [(first.clone(), token().expose().to_owned(), true)]);
    endpoints.delete(&first).await.unwrap();
    endpoints.delete(&first).await.unwrap();
    assert!(sns.endpoints().is_empty());
}

#[tokio::test]
async fn when_sns_fails_then_the_error_says_whether_to_ask_again() {
    let sns = MobilePush::default();
    let endpoints = Endpoints::new(sns.client());
    for (status, code, kind) in [
        (500, "InternalError", FaultKind::Temporary),
        (400, "Throttled", FaultKind::Temporary),
        (403, "AuthorizationError", FaultKind::Permanent),
    ] {
        sns.fail_action("GetEndpointAttributes", status, code);
        assert_eq!(endpoints.ensure(MobilePush::APNS, &token()).await.unwrap_err().kind(), kind, "{code}");
    }
    let refused = AppToken::parse(AppPlatform::Android, &"refused:".repeat(4)).unwrap();
    let error = endpoints.ensure(MobilePush::FCM, &refused).await.unwrap_err();
    assert!(matches!(error, EndpointError::Token), "{error:?}");
}

#[tokio::test]
async fn when_a_message_is_published_then_its_answer_says_what_became_of_it() {
    let sns = MobilePush::default();
    let endpoints = Endpoints::new(sns.client());
    let endpoint = endpoints.ensure(MobilePush::APNS, &token()).await.unwrap();
    let publish = async || {
        let message = Message {
            default: "said".to_owned(),
            payloads: vec![("APNS", json!({ "aps": {} }))],
            attributes: vec![("AWS.SNS.MOBILE.APNS.PRIORITY", "10".to_owned())],
        };
        endpoints.publish(&endpoint, message).await
    };
    assert_eq!(publish().await, Published::Accepted);
    let published = sns.published();
    let said: serde_json::Value = serde_json::from_str(&published[0]["Message"]).unwrap();
    assert_eq!(said, json!({ "default": "said", "APNS": "{\"aps\":{}}" }));
    assert_eq!(published[0]["MessageStructure"], "json");
    for (status, code, meaning) in [
        (400, "Throttled", Published::Later),
        (500, "InternalError", Published::Later),
        (404, "NotFound", Published::Gone),
        (400, "InvalidParameter", Published::Refused),
        (400, "PlatformApplicationDisabled", Published::Refused),
    ] {
        sns.fail_action("Publish", status, code);
        assert_eq!(publish().await, meaning, "{code}");
    }
    sns.disable(&endpoint);
    assert_eq!(publish().await, Published::Gone);
    sns.delete(&endpoint);
    assert_eq!(publish().await, Published::Gone);
}
