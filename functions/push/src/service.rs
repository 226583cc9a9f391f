//! Push services of browsers: how they are asked, and what their answers mean (RFC 8030).

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use domain::device::{Endpoint, ExtraOrigins};

use crate::channel::Sent;
use crate::resolver::PublicAddresses;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Seconds after which a service is asked again that did not say when.
const LATER: u32 = 60;
/// Most seconds for which a queue holds a message back.
const LATEST: u32 = 900;

/// A message for one browser.
pub struct Message {
    /// The encrypted text.
    pub body: Vec<u8>,
    /// What proves from whom it is.
    pub authorization: String,
    /// What the service replaces it by, if a newer one comes before it is delivered: 32 characters of base64url.
    pub topic: String,
    /// Seconds for which the service keeps it for a browser that is not there.
    pub ttl: i64,
}

/// Sends messages. Redirects are not followed: the allow-list is of hosts that are asked.
#[derive(Debug)]
pub struct Services {
    origins: ExtraOrigins,
    public: Connector,
    extra: Connector,
}

impl Services {
    /// Returns services of browsers at public addresses, and those of `origins` at any.
    pub fn new(origins: ExtraOrigins) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
        let builder = Connector::builder()
            .connector_settings(settings)
            .tls_provider(Provider::Rustls(CryptoMode::Ring));
        let extra = builder.clone().build();
        Self { origins, public: builder.build_with_resolver(PublicAddresses), extra }
    }

    /// Sends a message to a browser's endpoint. A service that cannot be reached is asked later.
    pub async fn send(&self, to: &Endpoint, message: Message) -> Sent {
        let Some(request) = request(to, message) else { return Sent::Refused };
        let connector = if self.origins.include(to) { &self.extra } else { &self.public };
        match connector.call(request).await {
            Ok(answer) => meaning(&answer),
            Err(error) => {
                // The error may quote the address, so the log has its kind and the origin alone.
                tracing::warn!(
                    origin = to.origin(),
                    timeout = error.is_timeout(),
                    "a push service cannot be reached"
                );
                Sent::Later(LATER)
            }
        }
    }
}

/// Returns the request; `None` where the endpoint or a header is not fit for one.
fn request(to: &Endpoint, message: Message) -> Option<HttpRequest> {
    let Message { body, authorization, topic, ttl } = message;
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST").ok()?;
    request.set_uri(to.expose()).ok()?;
    for (name, value) in [
        ("authorization", authorization),
        ("content-encoding", "aes128gcm".to_owned()),
        ("content-type", "application/octet-stream".to_owned()),
        ("topic", topic),
        ("ttl", ttl.to_string()),
        // Every message is shown to somebody.
        ("urgency", "high".to_owned()),
    ] {
        request.headers_mut().try_insert(name, value).ok()?;
    }
    Some(request)
}

fn meaning(answer: &HttpResponse) -> Sent {
    let status = answer.status().as_u16();
    match status {
        200..=299 => Sent::Accepted,
        404 | 410 => Sent::Gone,
        429 | 500..=599 => {
            // A date, which is the other form, is as good as no answer: the wait is a minute then.
            let seconds = answer.headers().get("retry-after").and_then(|text| text.trim().parse().ok());
            Sent::Later(seconds.unwrap_or(LATER).clamp(1, LATEST))
        }
        _ => {
            tracing::warn!(status, "a push service refuses a message");
            Sent::Refused
        }
    }
}
