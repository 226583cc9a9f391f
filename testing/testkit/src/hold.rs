//! A request that is held, so that a test decides what overtakes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::Semaphore;

/// One request of one client, held until it is released. Clones are the same hold.
#[derive(Clone, Debug)]
pub struct Hold {
    place: usize,
    operation: Option<&'static str>,
    seen: Arc<AtomicUsize>,
    reached: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Hold {
    /// Holds the request that has `place` others before it, counting those of `operation`, or all.
    pub(crate) fn new(operation: Option<&'static str>, place: usize) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { place, operation, seen: Arc::default(), reached: closed(), released: closed() }
    }

    /// Waits until the request has arrived at the hold.
    pub async fn reached(&self) {
        self.reached.acquire().await.expect("never closed").forget();
    }

    /// Releases the request.
    pub fn release(&self) {
        self.released.add_permits(1);
    }

    fn holds(&self, request: &HttpRequest) -> bool {
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let counts = self.operation.is_none_or(|operation| target == Some(operation));
        counts && self.seen.fetch_add(1, Ordering::SeqCst) == self.place
    }
}

/// An HTTP client that holds one request.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) client: SharedHttpClient,
    pub(crate) hold: Hold,
}

impl HttpClient for Held {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(Line { connector, hold: self.hold.clone() })
    }
}

#[derive(Debug)]
struct Line {
    connector: SharedHttpConnector,
    hold: Hold,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if !self.hold.holds(&request) {
            return self.connector.call(request);
        }
        let (connector, hold) = (self.connector.clone(), self.hold.clone());
        HttpConnectorFuture::new(async move {
            hold.reached.add_permits(1);
            hold.released.acquire().await.expect("never closed").forget();
            connector.call(request).await
        })
    }
}
