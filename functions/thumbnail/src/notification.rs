//! What S3 says into the queue.

use aws_lambda_events::s3::S3EventRecord;
use domain::media::MediumId;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// What S3 sends once when the notification is set up.
const TEST: &str = "s3:TestEvent";
const CREATED: &str = "ObjectCreated:";

/// A message of the uploads queue: records of created objects, or S3's test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Notification {
    #[serde(default)]
    records: Vec<S3EventRecord>,
    #[serde(default)]
    event: Option<String>,
}

/// A notification that is not about an upload. The key is left out: whoever could write it could write anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnUpload {
    /// Neither records nor S3's test.
    #[error("a message without records")]
    NoRecords,
    /// Another bucket, or a key that no upload has.
    #[error("a notification about an object that is no upload")]
    OtherObject,
}

impl Notification {
    /// The uploads it tells of, all in `bucket`. S3's test and other events than creation tell of none.
    pub(crate) fn uploads(&self, bucket: &str) -> Result<Vec<MediumId>, NotAnUpload> {
        if self.records.is_empty() && self.event.as_deref() != Some(TEST) {
            return Err(NotAnUpload::NoRecords);
        }
        let created = self.records.iter().filter(|record| {
            record
                .event_name
                .as_deref()
                .is_some_and(|name| name.trim_start_matches("s3:").starts_with(CREATED))
        });
        created.map(|record| upload(record, bucket)).collect()
    }
}

fn upload(record: &S3EventRecord, bucket: &str) -> Result<MediumId, NotAnUpload> {
    let key = record.s3.object.key.as_deref().filter(|_| record.s3.bucket.name.as_deref() == Some(bucket));
    key.and_then(decoded).and_then(|key| MediumId::from_upload_key(&key)).ok_or(NotAnUpload::OtherObject)
}

/// Keys in notifications are encoded like a form: `+` for a space, `%XX` for the rest.
fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_once() {
        assert_eq!(decoded("incoming/1/2/0").as_deref(), Some("incoming/1/2/0"));
        assert_eq!(decoded("incoming%2F1%2F2%2F0").as_deref(), Some("incoming/1/2/0"));
        assert_eq!(decoded("a+b%2Bc%252F%C3%A4").as_deref(), Some("a b+c%2Fä"));
        assert_eq!(decoded("%FF"), None);
    }

    #[test]
    fn a_message_without_records_is_refused_unless_it_is_the_test() {
        let read = |text: &str| serde_json::from_str::<Notification>(text).unwrap().uploads("uploads");
        assert_eq!(read(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"uploads"}"#), Ok(vec![]));
        assert_eq!(read(r#"{"Event":"other"}"#), Err(NotAnUpload::NoRecords));
        assert_eq!(read("{}"), Err(NotAnUpload::NoRecords));
    }
}
