//! Tests of signing and verifying against a connector that stands for the key service.

use std::sync::{Arc, Mutex};

use api::Caller;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Timestamp, UserId};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{DerSignature, Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};

use super::*;

const KEY_ID: &str = "arn:aws:kms:eu-central-1:123456789012:key/1";

/// A key service with one key of this kind.
#[derive(Clone, Debug)]
struct KeyService {
    key: SigningKey,
    kind: &'static str,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl KeyService {
    fn with(kind: &'static str) -> Self {
        Self { key: SigningKey::from_slice(&[9; 32]).unwrap(), kind, asked: Arc::default() }
    }

    fn client(&self) -> aws_sdk_kms::Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }
}

impl HttpConnector for KeyService {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let answer = match request.headers().get("x-amz-target").unwrap() {
            "TrentService.Sign" => {
                let digest = STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
                let signature: Signature = self.key.sign_prehash(&digest).unwrap();
                let der: DerSignature = signature.to_der();
                json!({ "KeyId": KEY_ID, "Signature": STANDARD.encode(der.as_bytes()), "SigningAlgorithm": "ECDSA_SHA_256" })
            }
            "TrentService.GetPublicKey" => {
                let der = self.key.verifying_key().to_public_key_der().unwrap();
                json!({ "KeyId": KEY_ID, "KeySpec": self.kind, "KeyUsage": "SIGN_VERIFY", "PublicKey": STANDARD.encode(der.as_bytes()) })
            }
            other => panic!("{other}"),
        };
        self.asked.lock().unwrap().push(asked);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            200.try_into().unwrap(),
            SdkBody::from(answer.to_string()),
        )))
    }
}

#[tokio::test]
async fn the_fetched_public_key_verifies_what_the_key_service_signs() {
    let service = KeyService::with("ECC_NIST_P256");
    let ada = Caller { user_id: UserId::try_from(42).unwrap(), username: "ada".to_owned() };
    let now = Timestamp(1_790_000_000_000);
    let token = Issuer::new(KmsSigner::new(service.client(), KEY_ID)).issue(&ada, now).await.unwrap().token;
    let verifier = Verifier::fetch(&service.client(), KEY_ID).await.unwrap();
    assert_eq!(verifier.verify(&token, now), Ok(ada));

    let asked = service.asked.lock().unwrap();
    assert_eq!(asked[0]["KeyId"], KEY_ID);
    assert_eq!(
        (&asked[0]["MessageType"], &asked[0]["SigningAlgorithm"]),
        (&json!("DIGEST"), &json!("ECDSA_SHA_256"))
    );
    assert_eq!(asked[1]["KeyId"], KEY_ID);
}

#[tokio::test]
async fn the_error_of_another_kind_of_key_names_the_kind() {
    let error = Verifier::fetch(&KeyService::with("RSA_2048").client(), KEY_ID).await.unwrap_err();
    assert_eq!(error.to_string(), "not a P-256 public key: RSA_2048");
}
