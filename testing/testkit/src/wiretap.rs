//! A fake AWS service. It records its client's requests, and the test answers them.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

type Answers = dyn Fn(&Heard) -> (u16, String) + Send + Sync;

/// A request as it left the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The method, such as `POST`.
    pub method: String,
    /// Scheme, host, path and query.
    pub uri: String,
    /// The body's text.
    pub body: String,
}

/// An HTTP client for the client of any AWS service. Clones share the requests they recorded.
#[derive(Clone)]
pub struct Wiretap {
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Answers>,
}

impl Wiretap {
    /// Creates a service that answers every request with the status and body that `answer` returns.
    pub fn new(answer: impl Fn(&Heard) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self { heard: Arc::default(), answers: Arc::new(answer) }
    }

    /// Returns the requests so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Wiretap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wiretap")
    }
}

impl HttpClient for Wiretap {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wiretap {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let heard = Heard {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            body: String::from_utf8_lossy(body).into_owned(),
        };
        let (status, body) = (self.answers)(&heard);
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        let response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
        HttpConnectorFuture::ready(Ok(response))
    }
}
