//! Apps on iOS and Android: a message through SNS, in the form of each platform's push service.

use domain::device::{App, AppPlatform};
use mobile::{Endpoints, Message, Published};
use runtime::failure::Chain;
use runtime::metrics;
use serde_json::{Value, json};

use crate::Error;
use crate::channel::{Channel, Notice, Sent};

/// Seconds after which SNS is asked again.
const LATER: u32 = 60;

/// The way to apps.
pub struct Apps {
    endpoints: Endpoints,
}

impl Apps {
    /// Returns the way to apps that have `endpoints`.
    pub fn new(endpoints: Endpoints) -> Self {
        Self { endpoints }
    }

    /// Deletes the endpoint of a device that is gone.
    async fn forget(&self, app: &App) {
        if let Err(error) = self.endpoints.delete(&app.endpoint).await {
            // The device is removed all the same, so nothing is sent to the endpoint any more.
            tracing::warn!(error = %Chain(&error), "an endpoint is left at SNS");
        }
    }
}

impl Channel for Apps {
    type Target = App;

    async fn send(&self, notice: &Notice<'_>, to: &App) -> Result<Sent, Error> {
        Ok(match self.endpoints.publish(&to.endpoint, message(notice, to.platform)).await {
            Published::Accepted => {
                metrics::count("app_pushes_sent", 1);
                Sent::Accepted
            }
            Published::Gone => {
                self.forget(to).await;
                Sent::Gone
            }
            Published::Later => Sent::Later(LATER),
            Published::Refused => {
                metrics::count("app_pushes_refused", 1);
                Sent::Refused
            }
        })
    }
}

fn message(notice: &Notice<'_>, platform: AppPlatform) -> Message {
    let default = notice.body.clone();
    match platform {
        AppPlatform::Ios => {
            let (payload, ttl) = (apns(notice), notice.ttl.to_string());
            // The application is of one of the two, and SNS takes what is for it.
            let payloads = vec![("APNS", payload.clone()), ("APNS_SANDBOX", payload)];
            let attributes = vec![
                ("AWS.SNS.MOBILE.APNS.PUSH_TYPE", "alert".to_owned()),
                ("AWS.SNS.MOBILE.APNS.PRIORITY", "10".to_owned()),
                ("AWS.SNS.MOBILE.APNS.COLLAPSE_ID", notice.tag.to_owned()),
                ("AWS.SNS.MOBILE.APNS.TTL", ttl.clone()),
                ("AWS.SNS.MOBILE.APNS_SANDBOX.TTL", ttl),
            ];
            Message { default, payloads, attributes }
        }
        AppPlatform::Android => {
            Message { default, payloads: vec![("GCM", fcm(notice))], attributes: Vec::new() }
        }
    }
}

/// Returns the payload of APNs: what iOS shows, and beside it what the app reads.
fn apns(notice: &Notice<'_>) -> Value {
    let payload = json!({
        "aps": {
            "alert": { "title": notice.title, "body": notice.body },
            "badge": notice.unread,
            "sound": "default",
            "thread-id": notice.kind,
        },
        "state": notice.state,
        "kind": notice.kind,
        "url": notice.url,
        "at": notice.at,
    });
    with_row(payload, notice)
}

/// Returns the fields with the name of the row, if it is one that is told of.
fn with_row(mut fields: Value, notice: &Notice<'_>) -> Value {
    if let Some((fields, row)) = fields.as_object_mut().zip(notice.row) {
        fields.insert("row".to_owned(), json!(row));
    }
    fields
}

/// Returns the message of FCM v1, in the envelope by which SNS knows it. `data` has texts alone.
fn fcm(notice: &Notice<'_>) -> Value {
    let data = json!({
        "state": notice.state.to_string(),
        "kind": notice.kind,
        "url": notice.url,
        "unread": notice.unread.to_string(),
        "at": notice.at,
    });
    let data = with_row(data, notice);
    json!({
        "fcmV1Message": {
            "message": {
                "notification": { "title": notice.title, "body": notice.body },
                "data": data,
                "android": {
                    "collapse_key": notice.tag,
                    "priority": "high",
                    "ttl": format!("{}s", notice.ttl),
                    "notification": { "tag": notice.tag },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use domain::inbox::{RowId, Subject};
    use domain::{PhotoId, Timestamp, UserId};

    use super::*;

    /// Bytes of a payload that APNs and FCM take.
    const LONGEST: usize = 4_096;

    fn notice(body: String, row: Option<RowId>) -> Notice<'static> {
        Notice {
            row,
            tag: "IdOO4d8t3oJrUVSXUSh9fLNXHYoxx0eu",
            state: 3,
            kind: "like",
            title: "New likes",
            body,
            url: "/p/1",
            icon: Some("https://network.test/photos/1"),
            unread: 7,
            at: "2026-12-01T08:00:00.000Z".to_owned(),
            ttl: 3_600,
        }
    }

    fn payloads(notice: &Notice<'_>) -> String {
        let shown = [AppPlatform::Ios, AppPlatform::Android].map(|platform| {
            let Message { default, payloads, attributes } = message(notice, platform);
            let payloads = payloads.iter().map(|(name, payload)| format!("{name}: {payload:#}\n"));
            let attributes = attributes.iter().map(|(name, value)| format!("{name}: {value}\n"));
            format!("default: {default}\n{}{}", payloads.collect::<String>(), attributes.collect::<String>())
        });
        shown.join("\n")
    }

    #[test]
    fn payloads_look_like_this() {
        let photo = PhotoId::try_from(1).unwrap();
        let row = RowId::of(Subject::Like(photo), UserId::try_from(1).unwrap(), Timestamp(1_790_000_000_000));
        insta::assert_snapshot!("row", payloads(&notice("bob and ann like your photo".into(), Some(row))));
        insta::assert_snapshot!("no_row", payloads(&notice("7 unread notifications".into(), None)));
    }

    #[test]
    fn the_longest_text_fits_into_a_payload() {
        let said = notice("„".repeat(400), None);
        for payload in [apns(&said), fcm(&said)] {
            assert!(payload.to_string().len() <= LONGEST, "{payload}");
        }
    }
}
