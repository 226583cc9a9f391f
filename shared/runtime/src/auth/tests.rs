use api::Caller;
use base64::Engine;
use domain::{Timestamp, UserId};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

struct Local(SigningKey);

impl Local {
    fn new(byte: u8) -> Self {
        Self(SigningKey::from_slice(&[byte; 32]).unwrap())
    }

    fn verifier(&self) -> Verifier {
        Verifier::from_public_key_der(self.0.verifying_key().to_public_key_der().unwrap().as_bytes()).unwrap()
    }

    /// Returns a correctly signed token with any header and claims.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature.to_bytes()))
    }
}

impl Signer for Local {
    fn sign<'a>(&'a self, digest: &'a [u8; 32]) -> Signing<'a> {
        Box::pin(
            async move { self.0.sign_prehash(digest).map_err(|error| SignError::new(error.to_string())) },
        )
    }
}

fn caller() -> Caller {
    Caller { user_id: UserId::try_from(42).unwrap(), username: "ada".to_owned() }
}

fn claims() -> Value {
    json!({ "sub": "42", "name": "ada", "iat": NOW.seconds(), "exp": NOW.seconds() + 900, "iss": ISSUER })
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT" })
}

#[tokio::test]
async fn a_token_is_valid_for_fifteen_minutes() {
    let (verifier, issuer) = (Local::new(7).verifier(), Issuer::new(Local::new(7)));
    let AccessToken { token, expires_in } = issuer.issue(&caller(), NOW).await.unwrap();
    assert_eq!(expires_in, 900);
    assert_eq!(verifier.verify(&token, NOW), Ok(caller()));
    assert_eq!(verifier.verify(&token, NOW.plus_ms(899_999)), Ok(caller()));
    assert_eq!(verifier.verify(&token, NOW.plus_ms(900_000)), Err(TokenError::Expired));
    // Another machine's clock may be up to five seconds behind the issuer's.
    assert_eq!(verifier.verify(&token, NOW.plus_ms(-5_000)), Ok(caller()));
    assert_eq!(verifier.verify(&token, NOW.plus_ms(-6_000)), Err(TokenError::Invalid));
}

#[test]
fn a_token_signed_with_another_key_is_refused() {
    let token = Local::new(8).token(&header(), &claims());
    assert_eq!(Local::new(8).verifier().verify(&token, NOW), Ok(caller()));
    assert_eq!(Local::new(7).verifier().verify(&token, NOW), Err(TokenError::Invalid));
}

#[test]
fn a_token_with_another_algorithm_is_refused() {
    let key = Local::new(7);
    let headers = [
        json!({ "alg": "none" }),
        json!({ "alg": "None" }),
        json!({ "alg": "es256" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "ES384" }),
        json!({ "alg": ["ES256"] }),
        json!({}),
        json!({ "alg": "ES256", "crit": ["b64"], "b64": false }),
    ];
    for header in headers {
        assert_eq!(
            key.verifier().verify(&key.token(&header, &claims()), NOW),
            Err(TokenError::Invalid),
            "{header}"
        );
    }
    let unsigned = format!("{}.{}.", BASE64.encode(r#"{"alg":"none"}"#), BASE64.encode(claims().to_string()));
    assert_eq!(key.verifier().verify(&unsigned, NOW), Err(TokenError::Invalid));
}

#[test]
fn a_token_with_missing_or_foreign_claims_is_refused() {
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
        assert_eq!(key.verifier().verify(&token, NOW), Err(TokenError::Invalid), "{name} {value}");
    }
}

#[tokio::test]
async fn a_token_with_any_byte_changed_is_refused() {
    let token = Issuer::new(Local::new(7)).issue(&caller(), NOW).await.unwrap().token;
    let verifier = Local::new(7).verifier();
    for index in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(verifier.verify(&forged, NOW), Err(TokenError::Invalid), "{index}");
    }
}

#[test]
fn a_text_that_is_no_token_is_refused() {
    let verifier = Local::new(7).verifier();
    let long = format!("{}.e30.{}", "a".repeat(4000), "a".repeat(86));
    for text in ["", ".", "..", "...", "a.b.c", "a.b.c.d", "ä.ö.ü", long.as_str()] {
        assert_eq!(verifier.verify(text, NOW), Err(TokenError::Invalid), "{text}");
    }
}

#[test]
fn another_kind_of_key_is_refused() {
    assert!(Verifier::from_public_key_der(b"not a key").is_err());
}
