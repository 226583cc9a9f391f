//! What S3 says of uploads: to `intake`, and from there through the uploads queue to `thumbnail`.

use domain::UserId;
use domain::media::UploadKey;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::Grouped;

const CREATED: &str = "ObjectCreated:";

/// A notification of S3, as far as it is read: records of objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    #[serde(default, rename = "Records")]
    records: Vec<Record>,
}

/// What happened to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event: String,
    s3: Place,
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    bucket: Bucket,
    object: Object,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Object {
    /// Its key, encoded like a form: `+` for a space, `%XX` for the rest.
    key: String,
}

/// A message of the uploads queue: a notification about one upload. Its group is whose upload it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upload {
    #[serde(flatten)]
    notification: Notification,
    #[serde(skip)]
    owner: UserId,
}

/// A notification that is not about an upload. The key is left out: whoever could write it could write anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnUpload {
    /// No records.
    #[error("a notification without records")]
    NoRecords,
    /// Another bucket, or a key that no upload has.
    #[error("a notification about an object that is no upload")]
    OtherObject,
}

impl Notification {
    /// Returns a message for each upload it is about, with nothing in it but event, bucket and key. Other
    /// events than creation are about none.
    ///
    /// # Errors
    /// One of its objects is no upload.
    pub fn split(self) -> Result<Vec<Upload>, NotAnUpload> {
        let message = |record: Record| {
            let owner = record.upload()?.owner();
            Ok(Upload { notification: Self { records: vec![record] }, owner })
        };
        self.created()?.map(message).collect()
    }

    /// Returns the uploads it is about, all in `bucket`. Other events than creation are about none.
    ///
    /// # Errors
    /// One of its objects is no upload, or in another bucket.
    pub fn uploads(self, bucket: &str) -> Result<Vec<UploadKey>, NotAnUpload> {
        let upload = |record: Record| {
            if record.s3.bucket.name == bucket { record.upload() } else { Err(NotAnUpload::OtherObject) }
        };
        self.created()?.map(upload).collect()
    }

    fn created(self) -> Result<impl Iterator<Item = Record>, NotAnUpload> {
        if self.records.is_empty() {
            return Err(NotAnUpload::NoRecords);
        }
        let is_created = |record: &Record| record.event.trim_start_matches("s3:").starts_with(CREATED);
        Ok(self.records.into_iter().filter(is_created))
    }
}

impl Record {
    fn upload(&self) -> Result<UploadKey, NotAnUpload> {
        decoded(&self.s3.object.key).and_then(|key| UploadKey::parse(&key)).ok_or(NotAnUpload::OtherObject)
    }
}

impl Grouped for Upload {
    fn group(&self) -> String {
        self.owner.to_string()
    }
}

fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(event: &str, bucket: &str, key: &str) -> Value {
        json!({
            "eventVersion": "2.1",
            "eventName": event,
            "requestParameters": { "sourceIPAddress": "192.0.2.1" },
            "s3": { "bucket": { "name": bucket, "arn": "arn" }, "object": { "key": key, "size": 7 } },
        })
    }

    fn notification(records: &[Value]) -> Notification {
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    #[test]
    fn keys_are_decoded_once() {
        assert_eq!(decoded("incoming/1/2/0").as_deref(), Some("incoming/1/2/0"));
        assert_eq!(decoded("incoming%2F1%2F2%2F0").as_deref(), Some("incoming/1/2/0"));
        assert_eq!(decoded("a+b%2Bc%252F%C3%A4").as_deref(), Some("a b+c%2Fä"));
        assert_eq!(decoded("%FF"), None);
    }

    #[test]
    fn a_message_is_its_owners_and_holds_event_bucket_and_key() {
        let keys = ["incoming/1/2/0", "incoming%2F3%2F4%2F1"];
        let records = keys.map(|key| record("ObjectCreated:Post", "uploads", key));
        let messages = notification(&records).split().unwrap();
        assert_eq!(messages.iter().map(Grouped::group).collect::<Vec<_>>(), ["1", "3"]);
        for (message, key) in messages.iter().zip(keys) {
            let s3 = json!({ "bucket": { "name": "uploads" }, "object": { "key": key } });
            let expected = json!({ "Records": [{ "eventName": "ObjectCreated:Post", "s3": s3 }] });
            assert_eq!(serde_json::to_value(message).unwrap(), expected);
        }
    }

    #[test]
    fn a_message_tells_of_the_same_upload_as_the_notification() {
        let whole = notification(&[record("s3:ObjectCreated:Put", "uploads", "%69ncoming/1/2/0")]);
        let [message] = &whole.clone().split().unwrap()[..] else { panic!("one message") };
        let passed_on: Notification = serde_json::from_value(serde_json::to_value(message).unwrap()).unwrap();
        let uploads = passed_on.uploads("uploads").unwrap();
        assert_eq!(uploads, whole.uploads("uploads").unwrap());
        assert_eq!(uploads, [UploadKey::parse("incoming/1/2/0").unwrap()]);
    }

    #[test]
    fn other_events_than_creation_are_about_no_upload() {
        let removed = notification(&[record("ObjectRemoved:Delete", "uploads", "incoming/1/2/0")]);
        assert_eq!(removed.clone().split(), Ok(vec![]));
        assert_eq!(removed.uploads("uploads"), Ok(vec![]));
    }

    #[test]
    fn what_is_not_about_an_upload_is_refused() {
        for text in [r#"{"Records": []}"#, r#"{"Event": "s3:TestEvent"}"#, "{}"] {
            let empty: Notification = serde_json::from_str(text).unwrap();
            assert_eq!(empty.clone().split(), Err(NotAnUpload::NoRecords));
            assert_eq!(empty.uploads("uploads"), Err(NotAnUpload::NoRecords));
        }
        let good = record("ObjectCreated:Post", "uploads", "incoming/1/2/0");
        for key in ["incoming/1/2", "photos/large/1/2/0.jpg", "incoming/1/2/%FF"] {
            let other = notification(&[good.clone(), record("ObjectCreated:Post", "uploads", key)]);
            assert_eq!(other.clone().split(), Err(NotAnUpload::OtherObject), "{key}");
            assert_eq!(other.uploads("uploads"), Err(NotAnUpload::OtherObject), "{key}");
        }
        let elsewhere = notification(&[record("ObjectCreated:Post", "photos", "incoming/1/2/0")]);
        assert_eq!(elsewhere.uploads("uploads"), Err(NotAnUpload::OtherObject));
    }
}
