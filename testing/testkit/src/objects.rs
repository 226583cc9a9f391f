//! An object store in the test's own process: S3's interface, with signatures
//! and upload policies, over a map.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use futures::TryStreamExt;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopySource, DeleteObjectInput, DeleteObjectOutput, ETagCondition,
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::engine::ATTEMPTS;

const REGION: &str = "eu-central-1";

/// An object store. Every bucket exists and is empty at first. Each test starts its own store.
pub struct Objects {
    shelf: Arc<Shelf>,
    client: Client,
    endpoint: String,
    server: JoinHandle<()>,
}

/// A request that is held inside the store. Dropping this releases it.
pub struct Held {
    arrived: oneshot::Receiver<()>,
    _gone: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the request has arrived and is held.
    pub async fn arrived(&mut self) {
        (&mut self.arrived).await.expect("the store is running");
    }
}

/// The store's side of a [`Held`].
struct Hold {
    operation: &'static str,
    arrived: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// An object as it was stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The media type.
    pub content_type: Option<String>,
    /// The `Cache-Control` header.
    pub cache_control: Option<String>,
    /// The storage class, such as `STANDARD_IA`.
    pub storage_class: Option<String>,
    /// The metadata that the writer attached.
    pub metadata: BTreeMap<String, String>,
}

impl Objects {
    /// Starts an object store.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
        let shelf = Arc::<Shelf>::default();
        let mut builder = S3ServiceBuilder::new(Interface(shelf.clone()));
        builder.set_auth(SimpleAuth::from_single(
            credentials().access_key_id(),
            credentials().secret_access_key(),
        ));
        let server = tokio::spawn(serve(listener, builder.build()));
        let retries = RetryConfig::standard()
            .with_max_attempts(u32::try_from(ATTEMPTS).expect("a small number"))
            .with_initial_backoff(Duration::from_millis(1));
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials())
            .endpoint_url(&endpoint)
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(retries)
            .build();
        Self { shelf, client: Client::from_conf(config), endpoint, server }
    }

    /// Returns a client of the store.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns the store's address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the region that the store accepts signatures for.
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// Returns credentials that the store accepts.
    pub fn credentials(&self) -> Credentials {
        credentials()
    }

    /// Stores an object directly, without a request.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        let object = Object { bytes: bytes.into(), ..Object::default() };
        self.shelf.objects().insert((bucket.to_owned(), key.to_owned()), object);
    }

    /// Returns an object, if it exists.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Object> {
        self.shelf.objects().get(&(bucket.to_owned(), key.to_owned())).cloned()
    }

    /// Removes an object directly, without a request.
    pub fn remove(&self, bucket: &str, key: &str) {
        self.shelf.objects().remove(&(bucket.to_owned(), key.to_owned()));
    }

    /// Returns the keys in a bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.shelf.objects().keys().filter(|(of, _)| of == bucket).map(|(_, key)| key.clone()).collect()
    }

    /// Returns how many requests of `operation` (such as `PutObject`) have arrived so far.
    pub fn requests_of(&self, operation: &'static str) -> usize {
        self.shelf.requests().get(operation).copied().unwrap_or(0)
    }

    /// Makes the next `times` requests of `operation` (such as `PutObject`) fail with an internal error,
    /// without effect. The client retries: [`ATTEMPTS`] of them make a call fail.
    pub fn fail_next(&self, operation: &'static str, times: usize) {
        *self.shelf.faults().entry(operation).or_default() += times;
    }

    /// Holds the next request of `operation` until the returned value is dropped.
    pub fn hold_next(&self, operation: &'static str) -> Held {
        let (arrive, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.shelf.holds().push(Hold { operation, arrived: arrive, released });
        Held { arrived, _gone: release }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn credentials() -> Credentials {
    Credentials::new("AKIDTESTKIT", "a secret of the tests", None, None, "testkit")
}

async fn serve(listener: TcpListener, service: S3Service) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone()));
    }
}

#[derive(Default)]
struct Shelf {
    objects: Mutex<BTreeMap<(String, String), Object>>,
    faults: Mutex<HashMap<&'static str, usize>>,
    holds: Mutex<Vec<Hold>>,
    requests: Mutex<HashMap<&'static str, usize>>,
}

impl Shelf {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<(String, String), Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, HashMap<&'static str, usize>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, HashMap<&'static str, usize>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the request, and applies the hold or fault that a test planned for the operation.
    async fn enter(&self, operation: &'static str) -> S3Result<()> {
        *self.requests().entry(operation).or_default() += 1;
        let hold = {
            let mut holds = self.holds();
            let found = holds.iter().position(|hold| hold.operation == operation);
            found.map(|place| holds.remove(place))
        };
        if let Some(hold) = hold {
            let _ = hold.arrived.send(());
            let _ = hold.released.await;
        }
        match self.faults().get_mut(operation) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Err(s3_error!(InternalError, "planned by the test"))
            }
            _ => Ok(()),
        }
    }
}

/// The part of S3's interface that functions use.
struct Interface(Arc<Shelf>);

#[async_trait::async_trait]
impl S3 for Interface {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.0.enter("PutObject").await?;
        let input = request.input;
        let mut bytes = Vec::new();
        if let Some(mut body) = input.body {
            while let Some(chunk) = body.try_next().await.map_err(|_| s3_error!(IncompleteBody))? {
                bytes.extend_from_slice(&chunk);
            }
        }
        let object = Object {
            bytes,
            content_type: input.content_type,
            cache_control: input.cache_control,
            storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        };
        let mut objects = self.0.objects();
        match (objects.entry((input.bucket, input.key)), input.if_none_match) {
            (Entry::Occupied(_), Some(ETagCondition::Any)) => Err(s3_error!(PreconditionFailed)),
            (_, Some(ETagCondition::ETag(_))) => Err(s3_error!(NotImplemented)),
            (entry, _) => {
                entry.insert_entry(object);
                Ok(S3Response::new(PutObjectOutput::default()))
            }
        }
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.0.enter("HeadObject").await?;
        let found = self.0.objects().get(&(request.input.bucket, request.input.key)).cloned();
        let object = found.ok_or_else(|| s3_error!(NoSuchKey))?;
        let output = HeadObjectOutput {
            content_length: i64::try_from(object.bytes.len()).ok(),
            metadata: Some(object.metadata.into_iter().collect()),
            ..HeadObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.0.enter("GetObject").await?;
        let found = self.0.objects().get(&(request.input.bucket, request.input.key)).cloned();
        let object = found.ok_or_else(|| s3_error!(NoSuchKey))?;
        let output = GetObjectOutput {
            content_length: i64::try_from(object.bytes.len()).ok(),
            body: Some(StreamingBlob::from(Body::from(Bytes::from(object.bytes)))),
            ..GetObjectOutput::default()
        };
        Ok(S3Response::new(output))
    }

    /// Copies as `x-amz-metadata-directive: REPLACE` says: with the headers of the request.
    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        self.0.enter("CopyObject").await?;
        let input = request.input;
        let CopySource::Bucket { bucket, key, .. } = input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        let mut objects = self.0.objects();
        let source = objects.get(&(bucket.into(), key.into())).ok_or_else(|| s3_error!(NoSuchKey))?;
        let object = Object {
            bytes: source.bytes.clone(),
            content_type: input.content_type,
            cache_control: input.cache_control,
            storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        };
        objects.insert((input.bucket, input.key), object);
        Ok(S3Response::new(CopyObjectOutput::default()))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.enter("DeleteObject").await?;
        self.0.objects().remove(&(request.input.bucket, request.input.key));
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }
}
