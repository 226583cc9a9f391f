//! Signed upload forms. Whoever holds one may upload exactly what its policy allows, and nothing else.
//!
//! A form is used, not a signed URL, because only a form's policy bounds the size of the upload.
//! See <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>.

use std::collections::BTreeMap;

use api::wire::Upload;
use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use domain::photo::ContentType;
use serde_json::{Value, json};

use crate::credentials::system_time;

/// A form is accepted for this long.
const LIFETIME_MS: i64 = 60 * 60 * 1000;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The bucket that uploads go to.
#[derive(Clone, Debug)]
pub struct Bucket {
    name: String,
    region: String,
    url: String,
}

impl Bucket {
    /// Returns a bucket in AWS, whose name is part of the host name.
    pub fn hosted(name: &str, region: &str) -> Self {
        let url = format!("https://{name}.s3.{region}.amazonaws.com/");
        Self { name: name.to_owned(), region: region.to_owned(), url }
    }

    /// Returns a bucket behind one host for all buckets, as in a local cloud: its name is in the path.
    pub fn by_path(name: &str, region: &str, endpoint: &str) -> Self {
        let url = format!("{}/{name}", endpoint.trim_end_matches('/'));
        Self { name: name.to_owned(), region: region.to_owned(), url }
    }

    /// Returns a form to upload at most `size` bytes of this type as the object `key`.
    pub(crate) fn form(
        &self,
        credentials: &Credentials,
        now: Timestamp,
        key: &str,
        content_type: ContentType,
        size: u64,
    ) -> Upload {
        let now = Timestamp(now.seconds() * 1000);
        // The signature writes 2026-11-22T12:00:00Z as 20261122T120000Z.
        let moment = now.to_string().replace(".000", "").replace(['-', ':'], "");
        let day = moment.split('T').next().unwrap_or_default();
        let scope = format!("{}/{day}/{}/s3/aws4_request", credentials.access_key_id(), self.region);
        let mut fields: BTreeMap<String, String> = [
            ("key", key),
            ("Content-Type", content_type.as_str()),
            ("x-amz-algorithm", ALGORITHM),
            ("x-amz-credential", &scope),
            ("x-amz-date", &moment),
        ]
        .into_iter()
        .chain(credentials.session_token().map(|token| ("x-amz-security-token", token)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        // Every field is a condition, because S3 refuses a form with a field that its policy does not name.
        let mut conditions: Vec<Value> = fields.iter().map(|(name, value)| json!({ name: value })).collect();
        conditions.push(json!({ "bucket": self.name }));
        conditions.push(json!(["content-length-range", 1, size]));
        let policy = json!({ "expiration": now.plus_ms(LIFETIME_MS).to_string(), "conditions": conditions });
        let policy = STANDARD.encode(policy.to_string());
        let signing_key =
            generate_signing_key(credentials.secret_access_key(), system_time(now), &self.region, "s3");
        fields.insert("x-amz-signature".to_owned(), calculate_signature(signing_key, policy.as_bytes()));
        fields.insert("policy".to_owned(), policy);
        Upload { url: self.url.clone(), fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_348_800_123);

    #[test]
    fn a_policy_names_bucket_key_type_size_and_the_hour() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".into()), None, "test");
        let bucket = Bucket::hosted("uploads", "eu-central-1");
        let upload = bucket.form(&credentials, NOW, "incoming/1/2/0", ContentType::Png, 1234);
        assert_eq!(upload.url, "https://uploads.s3.eu-central-1.amazonaws.com/");
        let policy: Value =
            serde_json::from_slice(&STANDARD.decode(&upload.fields["policy"]).unwrap()).unwrap();
        assert_eq!(policy["expiration"], "2026-11-22T13:00:00.000Z");
        let expected = json!([
            { "Content-Type": "image/png" },
            { "key": "incoming/1/2/0" },
            { "x-amz-algorithm": "AWS4-HMAC-SHA256" },
            { "x-amz-credential": "AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request" },
            { "x-amz-date": "20261122T120000Z" },
            { "x-amz-security-token": "token" },
            { "bucket": "uploads" },
            ["content-length-range", 1, 1234],
        ]);
        assert_eq!(policy["conditions"], expected);
        assert!(!upload.fields.values().any(|value| value.contains("secret")));
    }

    #[test]
    fn a_local_cloud_has_the_bucket_in_the_path() {
        let bucket = Bucket::by_path("uploads", "eu-central-1", "http://127.0.0.1:4566/");
        assert_eq!(bucket.url, "http://127.0.0.1:4566/uploads");
    }

    /// Checks the signature that AWS's documentation gives for its example policy.
    #[test]
    fn the_documented_example_has_the_documented_signature() {
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        let day = system_time(Timestamp(1_451_347_200_000));
        let key = generate_signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", day, "us-east-1", "s3");
        let signature = calculate_signature(key, policy.as_bytes());
        assert_eq!(signature, "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }
}
