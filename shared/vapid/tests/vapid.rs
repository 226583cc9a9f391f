//! Tokens for push services, signed by a fake key service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Fault, FaultKind, Timestamp};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use testkit::KeyService;
use vapid::VapidKey;

const NOW: Timestamp = Timestamp(1_795_348_800_000);

#[tokio::test]
async fn when_a_token_is_signed_then_its_public_half_verifies_it() {
    let service = KeyService::default();
    let key = VapidKey::new(service.client(), KeyService::SIGNING_KEY_ID);
    let header = key.authorization("https://push.test", "https://network.test", NOW).await.unwrap();
    let (token, public) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(public, key.public().await.unwrap());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let verifier = VerifyingKey::from_sec1_bytes(&URL_SAFE_NO_PAD.decode(public).unwrap()).unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    verifier.verify(signed.as_bytes(), &signature).unwrap();
    let parts: Vec<_> = signed.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    assert_eq!(parts[0], br#"{"alg":"ES256","typ":"JWT"}"#);
    let claims: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
    assert_eq!(claims["aud"], "https://push.test");
    assert_eq!(claims["sub"], "https://network.test");
    assert_eq!(claims["exp"], NOW.seconds() + 13 * 3_600);
}

#[tokio::test]
async fn when_an_origin_is_sent_to_again_then_its_token_is_kept_for_12_hours() {
    let service = KeyService::default();
    let key = VapidKey::new(service.client(), KeyService::SIGNING_KEY_ID);
    let token = async |origin, now| key.authorization(origin, "https://network.test", now).await.unwrap();
    let first = token("https://one.test", NOW).await;
    let hours = |hours: i64| NOW.plus_ms(hours * 3_600_000);
    assert_eq!(token("https://one.test", hours(12).plus_ms(-1_000)).await, first);
    assert_ne!(token("https://two.test", NOW).await, first);
    assert_eq!(service.asked(), ["Sign", "GetPublicKey", "Sign"]);
    assert_ne!(token("https://one.test", hours(12)).await, first);
    assert_eq!(service.asked(), ["Sign"]);
}

#[tokio::test]
async fn when_the_key_service_fails_then_it_is_asked_again_later() {
    let service = KeyService::default();
    let key = VapidKey::new(service.client(), KeyService::SIGNING_KEY_ID);
    service.fail_next(1);
    let error = key.authorization("https://push.test", "https://network.test", NOW).await.unwrap_err();
    assert_eq!(error.kind(), FaultKind::Temporary);
    assert!(key.authorization("https://push.test", "https://network.test", NOW).await.is_ok());
}
