//! The keys of access tokens on the real table engine, with a connector that stands for the key service.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::sync::{Arc, Mutex};

use api::{Caller, InSession};
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::session::SessionId;
use domain::{Clock, Timestamp, UserId};
use futures::future::join_all;
use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use runtime::auth::{Issuer, TokenError, Verified, Verifier};
use serde_json::{Value, json};
use table::{Table, token_key};
use testkit::{Engine, Fault, ManualClock};
use tokens::{KmsSigningKeys, TablePublicKeys};

const KEY_ID: &str = "arn:aws:kms:eu-central-1:123456789012:key/1";
const CONTEXT: &str = "purpose=access-tokens";

/// A key service that "encrypts" by naming the pair and its context.
#[derive(Clone, Debug, Default)]
struct KeyService {
    pairs: Arc<Mutex<Vec<SigningKey>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl KeyService {
    fn client(&self) -> aws_sdk_kms::Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        aws_sdk_kms::Client::from_conf(config.build())
    }

    /// Returns what it was asked since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn generate(&self) -> Value {
        let mut pairs = self.pairs.lock().unwrap();
        let key = SigningKey::from_slice(&[u8::try_from(pairs.len()).unwrap() + 1; 32]).unwrap();
        let public = key.verifying_key().to_public_key_der().unwrap();
        let wrapped = format!("{}/{CONTEXT}", pairs.len());
        pairs.push(key);
        json!({
            "KeyId": KEY_ID,
            "KeyPairSpec": "ECC_NIST_P256",
            "PublicKey": STANDARD.encode(public.as_bytes()),
            "PrivateKeyCiphertextBlob": STANDARD.encode(wrapped),
        })
    }

    fn decrypt(&self, wrapped: &str, context: &str) -> Value {
        let wrapped = String::from_utf8(STANDARD.decode(wrapped).unwrap()).unwrap();
        let (pair, wanted) = wrapped.split_once('/').unwrap();
        assert_eq!(context, wanted);
        let pair = self.pairs.lock().unwrap()[pair.parse::<usize>().unwrap()].clone();
        json!({ "KeyId": KEY_ID, "Plaintext": STANDARD.encode(pair.to_pkcs8_der().unwrap().as_bytes()) })
    }
}

impl HttpConnector for KeyService {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let operation = request.headers().get("x-amz-target").unwrap().trim_start_matches("TrentService.");
        self.asked.lock().unwrap().push(operation.to_owned());
        assert_eq!(asked["KeyId"], KEY_ID);
        let context = format!("purpose={}", asked["EncryptionContext"]["purpose"].as_str().unwrap());
        let answer = match operation {
            "GenerateDataKeyPairWithoutPlaintext" => self.generate(),
            "Decrypt" => self.decrypt(asked["CiphertextBlob"].as_str().unwrap(), &context),
            other => panic!("{other}"),
        };
        let body = SdkBody::from(answer.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
    }
}

struct World {
    engine: Engine,
    table: Table,
    service: KeyService,
    clock: ManualClock,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let table = Table::new(engine.client(), engine.table_name());
        Self { engine, table, service: KeyService::default(), clock: ManualClock::new() }
    }

    /// Returns the issuer of another process.
    fn issuer(&self) -> Issuer {
        Issuer::new(KmsSigningKeys::new(self.table.clone(), self.service.client(), KEY_ID))
    }

    /// Returns the verifier of another process.
    fn verifier(&self) -> Verifier {
        Verifier::new(Arc::new(TablePublicKeys::new(self.table.clone())), testkit::session_cookies())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn session() -> SessionId {
    testkit::session_id()
}

/// Returns what a token says that was issued at `issued_at`. Tokens hold whole seconds.
fn verified_of(issued_at: Timestamp) -> Verified {
    let issued_at = Timestamp(issued_at.seconds() * 1000);
    Verified { caller: ada(), session: InSession { id: session(), issued_at } }
}

fn ada() -> Caller {
    Caller { user_id: UserId::try_from(42).unwrap(), username: "ada".to_owned() }
}

#[tokio::test]
async fn the_first_token_of_a_day_has_a_pair_made_and_no_other_calls_the_key_service() {
    let world = World::new().await;
    let (issuer, verifier) = (world.issuer(), world.verifier());
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(issuer.issue(&ada(), &session(), world.now()).await.unwrap().token);
    }
    assert_eq!(world.service.asked(), ["GenerateDataKeyPairWithoutPlaintext", "Decrypt"]);
    // Another process unwraps the same pair.
    tokens.push(world.issuer().issue(&ada(), &session(), world.now()).await.unwrap().token);
    assert_eq!(world.service.asked(), ["Decrypt"]);
    world.engine.reset_usage();
    for token in &tokens {
        assert_eq!(verifier.verify(token, world.now()).await, Ok(verified_of(world.now())));
    }
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.read_units), (1, 1.0), "the public key is read once: {usage:?}");
}

#[tokio::test]
async fn of_many_processes_that_begin_a_day_one_decides_its_pair() {
    let world = World::new().await;
    let issuers: Vec<Issuer> = (0..10).map(|_| world.issuer()).collect();
    let (caller, session) = (ada(), session());
    let tokens = join_all(issuers.iter().map(|issuer| issuer.issue(&caller, &session, world.now()))).await;
    let verifier = world.verifier();
    for token in tokens {
        assert_eq!(verifier.verify(&token.unwrap().token, world.now()).await, Ok(verified_of(world.now())));
    }
    let unwrapped = world.service.asked().iter().filter(|asked| *asked == "Decrypt").count();
    assert_eq!(unwrapped, 10);
}

#[tokio::test]
async fn a_day_has_a_pair_of_its_own_and_yesterdays_tokens_stay_valid() {
    let world = World::new().await;
    let (issuer, verifier) = (world.issuer(), world.verifier());
    let midnight = Timestamp((world.now().day() + 1) * 24 * 60 * 60 * 1000);
    let old = issuer.issue(&ada(), &session(), midnight.plus_ms(-1)).await.unwrap().token;
    let new = issuer.issue(&ada(), &session(), midnight).await.unwrap().token;
    assert_eq!(world.service.pairs.lock().unwrap().len(), 2);
    let later = midnight.plus_ms(10 * 60_000);
    for (token, issued_at) in [(&old, midnight.plus_ms(-1)), (&new, midnight)] {
        let verified = Ok(verified_of(issued_at));
        assert_eq!(verifier.verify(token, later).await, verified);
        assert_eq!(world.verifier().verify(token, later).await, verified, "in a new process");
    }
    let public = async |at: Timestamp| token_key::public_latest(&world.table, at.day()).await.unwrap();
    assert_ne!(public(midnight.plus_ms(-1)).await, public(midnight).await);
}

#[tokio::test]
async fn a_key_that_cannot_be_read_now_is_read_by_the_next_token() {
    let world = World::new().await;
    let token = world.issuer().issue(&ada(), &session(), world.now()).await.unwrap().token;
    let verifier = world.verifier();
    for _ in 0..2 {
        world.engine.fail_next("GetItem", testkit::ATTEMPTS, Fault::Throttled);
        verifier.prepare(world.now()).await;
    }
    world.engine.fail_next("GetItem", testkit::ATTEMPTS, Fault::Throttled);
    assert_eq!(verifier.verify(&token, world.now()).await, Err(TokenError::Unavailable));
    assert_eq!(verifier.verify(&token, world.now()).await, Ok(verified_of(world.now())));
}
