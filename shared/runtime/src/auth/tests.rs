use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use api::{Caller, InSession};
use base64::Engine;
use domain::session::SessionId;
use domain::{Timestamp, UserId};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Keys in the process: the same pair every day.
#[derive(Clone)]
pub(crate) struct Local(SigningKey);

impl Local {
    pub(crate) fn new(byte: u8) -> Self {
        Self(SigningKey::from_slice(&[byte; 32]).unwrap())
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(Arc::new(self.clone()), cookies())
    }

    fn public(&self) -> Vec<u8> {
        self.0.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec()
    }

    /// Returns a correctly signed token with any header and claims.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature.to_bytes()))
    }
}

impl SigningKeys for Local {
    fn at(&self, now: Timestamp) -> Unwrapping<'_> {
        Box::pin(async move { Ok(Arc::new(DayKey::new(now.day(), self.0.clone()))) })
    }
}

impl PublicKeys for Local {
    fn of_day(&self, _day: i64) -> Finding<'_> {
        Box::pin(async move { Ok(Some(self.public())) })
    }
}

/// A key of one day, and how often it was asked for.
struct OneDay {
    day: i64,
    key: Local,
    asked: AtomicU32,
}

impl PublicKeys for OneDay {
    fn of_day(&self, day: i64) -> Finding<'_> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok((day == self.day).then(|| self.key.public())) })
    }
}

fn caller() -> Caller {
    Caller { user_id: UserId::try_from(42).unwrap(), username: "ada".to_owned() }
}

pub(crate) fn cookies() -> SessionCookies {
    SessionCookies::new("https://d111111abcdef8.cloudfront.net")
}

pub(crate) fn session() -> SessionId {
    SessionId::parse(&"0123456789a".repeat(4)[..43]).unwrap()
}

/// Returns what a token says that was issued at `issued_at`. Tokens hold whole seconds.
fn verified_of(issued_at: Timestamp) -> Verified {
    let issued_at = Timestamp(issued_at.seconds() * 1000);
    Verified { caller: caller(), session: InSession { id: session(), issued_at } }
}

fn verified() -> Verified {
    verified_of(NOW)
}

fn claims() -> Value {
    json!({ "sid": session(), "sub": "42", "name": "ada", "iat": NOW.seconds(), "exp": NOW.seconds() + 900, "iss": ISSUER })
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT", "kid": NOW.day().to_string() })
}

#[tokio::test]
async fn a_token_is_valid_for_fifteen_minutes() {
    let (verifier, issuer) = (Local::new(7).verifier(), Issuer::new(Local::new(7)));
    let AccessToken { token, expires_in } = issuer.issue(&caller(), &session(), NOW).await.unwrap();
    assert_eq!(expires_in, 900);
    assert_eq!(verifier.verify(&token, NOW).await, Ok(verified()));
    assert_eq!(verifier.verify(&token, NOW.plus_ms(899_999)).await, Ok(verified()));
    assert_eq!(verifier.verify(&token, NOW.plus_ms(900_000)).await, Err(TokenError::Expired));
    // Another machine's clock may be up to five seconds behind the issuer's.
    assert_eq!(verifier.verify(&token, NOW.plus_ms(-5_000)).await, Ok(verified()));
    assert_eq!(verifier.verify(&token, NOW.plus_ms(-6_000)).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_token_signed_with_another_key_is_refused() {
    let token = Local::new(8).token(&header(), &claims());
    assert_eq!(Local::new(8).verifier().verify(&token, NOW).await, Ok(verified()));
    assert_eq!(Local::new(7).verifier().verify(&token, NOW).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_token_with_another_algorithm_is_refused() {
    let key = Local::new(7);
    let headers = [
        json!({ "alg": "none" }),
        json!({ "alg": "None" }),
        json!({ "alg": "es256" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "ES384" }),
        json!({ "alg": ["ES256"] }),
        json!({ "alg": null }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "kid": null }),
        json!({ "kid": NOW.day() }),
        json!({ "kid": "" }),
        json!({ "kid": "x" }),
        json!({ "kid": format!("+{}", NOW.day()) }),
        json!({ "kid": (NOW.day() + 2).to_string() }),
    ];
    for changes in headers {
        let mut header = header();
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        assert_eq!(
            key.verifier().verify(&key.token(&header, &claims()), NOW).await,
            Err(TokenError::Invalid),
            "{header}"
        );
    }
    let unsigned = format!("{}.{}.", BASE64.encode(r#"{"alg":"none"}"#), BASE64.encode(claims().to_string()));
    assert_eq!(key.verifier().verify(&unsigned, NOW).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_token_with_missing_or_foreign_claims_is_refused() {
    let key = Local::new(7);
    for (name, value) in [
        ("iss", json!("elsewhere")),
        ("iss", Value::Null),
        ("sub", json!("not a number")),
        ("sub", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("1790000900")),
        ("iat", json!(NOW.seconds() + 3600)),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        let token = key.token(&header(), &claims);
        assert_eq!(key.verifier().verify(&token, NOW).await, Err(TokenError::Invalid), "{name} {value}");
    }
}

#[tokio::test]
async fn a_token_with_any_byte_changed_is_refused() {
    let token = Issuer::new(Local::new(7)).issue(&caller(), &session(), NOW).await.unwrap().token;
    let verifier = Local::new(7).verifier();
    for index in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        // A changed day may be one whose tokens have all expired.
        assert!(verifier.verify(&forged, NOW).await.is_err(), "{index}");
    }
}

#[tokio::test]
async fn a_text_that_is_no_token_is_refused() {
    let verifier = Local::new(7).verifier();
    let long = format!("{}.e30.{}", "a".repeat(4000), "a".repeat(86));
    for text in ["", ".", "..", "...", "a.b.c", "a.b.c.d", "ä.ö.ü", long.as_str()] {
        assert_eq!(verifier.verify(text, NOW).await, Err(TokenError::Invalid), "{text}");
    }
}

#[tokio::test]
async fn a_key_is_read_once_and_an_absent_one_once_a_second() {
    let key = Local::new(7);
    let keys = Arc::new(OneDay { day: NOW.day(), key: key.clone(), asked: AtomicU32::new(0) });
    let verifier = Verifier::new(keys.clone(), cookies());
    let asked = || keys.asked.load(Ordering::SeqCst);
    verifier.prepare(NOW).await;
    for _ in 0..3 {
        assert_eq!(verifier.verify(&key.token(&header(), &claims()), NOW).await, Ok(verified()));
    }
    assert_eq!(asked(), 1);
    let mut tomorrow = header();
    tomorrow["kid"] = json!((NOW.day() + 1).to_string());
    for ms in [0, 500, 999] {
        let refused = verifier.verify(&key.token(&tomorrow, &claims()), NOW.plus_ms(ms)).await;
        assert_eq!((refused, asked()), (Err(TokenError::Invalid), 2));
    }
    let _refused = verifier.verify(&key.token(&tomorrow, &claims()), NOW.plus_ms(1_000)).await;
    assert_eq!(asked(), 3);
    // Days of which no token can be valid are not asked for.
    for (day, error) in [(-2, TokenError::Expired), (-9_999, TokenError::Expired), (2, TokenError::Invalid)] {
        tomorrow["kid"] = json!((NOW.day() + day).to_string());
        assert_eq!(verifier.verify(&key.token(&tomorrow, &claims()), NOW).await, Err(error), "{day}");
    }
    assert_eq!(asked(), 3);
}

#[tokio::test]
async fn a_token_of_yesterdays_last_minute_is_valid_today() {
    let midnight = Timestamp((NOW.day() + 1) * DAY_MS);
    let issued = midnight.plus_ms(-1);
    let key = Local::new(7);
    let keys = OneDay { day: issued.day(), key: key.clone(), asked: AtomicU32::new(0) };
    let token = Issuer::new(key).issue(&caller(), &session(), issued).await.unwrap().token;
    let verifier = Verifier::new(Arc::new(keys), cookies());
    let verified = verifier.verify(&token, midnight.plus_ms(14 * 60_000)).await;
    assert_eq!(verified, Ok(verified_of(issued)));
    assert_eq!(verifier.verify(&token, midnight.plus_ms(15 * 60_000)).await, Err(TokenError::Expired));
}

/// Keys that cannot be read, or are none.
struct Broken(Option<&'static [u8]>);

impl PublicKeys for Broken {
    fn of_day(&self, _day: i64) -> Finding<'_> {
        Box::pin(async move {
            match self.0 {
                Some(der) => Ok(Some(der.to_vec())),
                None => Err(KeyError::Fetch("the table throttles".into())),
            }
        })
    }
}

#[tokio::test]
async fn without_a_key_that_can_be_used_nothing_is_valid_or_invalid() {
    let token = Local::new(7).token(&header(), &claims());
    for keys in [Broken(None), Broken(Some(b"not a key"))] {
        let refused = Verifier::new(Arc::new(keys), cookies()).verify(&token, NOW).await;
        assert_eq!(refused, Err(TokenError::Unavailable));
        assert_eq!(api::Problem::from(TokenError::Unavailable).status(), 503);
    }
}
