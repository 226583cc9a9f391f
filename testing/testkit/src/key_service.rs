//! A fake key service with one key to decrypt by (RSA) and one to sign by (P-256). The client's requests and the arithmetic are real.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::{Oaep, PrivateKey};
use serde_json::{Value, json};
use sha2::Sha256;

/// The private half. It is for tests alone, and the same in every test.
fn private() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::from_pkcs8_pem(include_str!("address-key.pem")).expect("a key"))
}

/// The key service. Clones are the same service.
#[derive(Clone, Debug, Default)]
pub struct KeyService(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    asked: Vec<String>,
    failures: usize,
}

impl KeyService {
    /// The key to sign by.
    pub const SIGNING_KEY_ID: &str = "arn:aws:kms:eu-central-1:123456789012:key/3";
    /// The key to decrypt by.
    pub const KEY_ID: &str = "arn:aws:kms:eu-central-1:123456789012:key/2";

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a client of the service.
    pub fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Client::from_conf(config.build())
    }

    /// Removes and returns the operations that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().asked)
    }

    /// Makes the next `times` requests fail.
    pub fn fail_next(&self, times: usize) {
        self.state().failures = times;
    }

    fn decrypt(ciphertext: &str) -> (u16, Value) {
        let ciphertext = STANDARD.decode(ciphertext).expect("base64");
        match private().decrypt(Oaep::<Sha256>::new(), &ciphertext) {
            Ok(plain) => (200, json!({ "KeyId": Self::KEY_ID, "Plaintext": STANDARD.encode(plain) })),
            Err(_) => (400, json!({ "__type": "InvalidCiphertextException" })),
        }
    }

    fn answer_signing(operation: &str, asked: &Value) -> (u16, Value) {
        let key = SigningKey::from_slice(&[7; 32]).expect("a key");
        match operation {
            "GetPublicKey" => {
                let der = key.verifying_key().to_public_key_der().expect("a public key");
                (200, json!({ "KeyId": Self::SIGNING_KEY_ID, "PublicKey": STANDARD.encode(der.as_bytes()) }))
            }
            "Sign" => {
                assert_eq!(
                    (&asked["SigningAlgorithm"], &asked["MessageType"]),
                    (&json!("ECDSA_SHA_256"), &json!("RAW"))
                );
                let message = STANDARD.decode(asked["Message"].as_str().expect("a text")).expect("base64");
                let signature: Signature = key.sign(&message);
                (
                    200,
                    json!({ "KeyId": Self::SIGNING_KEY_ID, "Signature": STANDARD.encode(signature.to_der()) }),
                )
            }
            other => panic!("the key service is asked for {other}"),
        }
    }

    fn answer(&self, operation: &str, asked: &Value) -> (u16, Value) {
        let mut state = self.state();
        state.asked.push(operation.to_owned());
        if state.failures > 0 {
            state.failures -= 1;
            return (500, json!({ "__type": "KMSInternalException" }));
        }
        if asked["KeyId"] == Self::SIGNING_KEY_ID {
            return Self::answer_signing(operation, asked);
        }
        assert_eq!(asked["KeyId"], Self::KEY_ID);
        match operation {
            "GetPublicKey" => {
                let der = private().to_public_key().to_public_key_der().expect("a public key");
                (200, json!({ "KeyId": Self::KEY_ID, "PublicKey": STANDARD.encode(der.as_bytes()) }))
            }
            "Decrypt" => {
                assert_eq!(asked["EncryptionAlgorithm"], "RSAES_OAEP_SHA_256");
                Self::decrypt(asked["CiphertextBlob"].as_str().expect("a text"))
            }
            other => panic!("the key service is asked for {other}"),
        }
    }
}

impl HttpConnector for KeyService {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("JSON");
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let (status, answer) = self.answer(operation.trim_start_matches("TrentService."), &asked);
        let body = SdkBody::from(answer.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().expect("a status"), body)))
    }
}
