//! Where the words are kept: one object, which is replaced as a whole.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use domain::Timestamp;
use runtime::Aws;
use runtime::metrics;

use crate::Words;

const KEY: &str = "search/words.fst";
/// Milliseconds after which a process looks whether there are newer words.
const FRESH_MS: i64 = 5 * 60 * 1_000;
/// The same while it has none: a new stack has its first within minutes.
const MISSING_MS: i64 = 10 * 1_000;

/// The store does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed")]
pub struct StoreError {
    operation: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

fn failed<E: std::error::Error + Send + Sync + 'static>(operation: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError { operation, source: Box::new(error) }
}

/// The bucket of the words.
#[derive(Clone, Debug)]
pub struct WordStore {
    s3: Client,
    bucket: String,
}

impl WordStore {
    /// Connects to the bucket.
    pub fn connect(aws: &Aws, bucket: &str) -> Self {
        let config = aws_sdk_s3::config::Builder::from(aws.sdk_config()).force_path_style(aws.path_style());
        Self::new(Client::from_conf(config.build()), bucket)
    }

    /// Returns the store in this bucket.
    pub fn new(s3: Client, bucket: &str) -> Self {
        Self { s3, bucket: bucket.to_owned() }
    }

    /// Replaces the words.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<(), StoreError> {
        let body = ByteStream::from(bytes);
        let put = self.s3.put_object().bucket(&self.bucket).key(KEY).body(body);
        put.send().await.map(drop).map_err(failed("PutObject"))
    }

    /// Returns the words unless they have this tag, and their tag; `None` where there are no others.
    async fn get(&self, known: Option<&str>) -> Result<Option<(Option<String>, Vec<u8>)>, StoreError> {
        let request = self.s3.get_object().bucket(&self.bucket).key(KEY);
        let answer = match request.set_if_none_match(known.map(ToOwned::to_owned)).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 304) => {
                return Ok(None);
            }
            Err(error) => return Err(failed("GetObject")(error)),
        };
        let bytes = answer.body.collect().await.map_err(failed("GetObject"))?;
        Ok(Some((answer.e_tag, bytes.to_vec())))
    }
}

/// What a process knows of the words.
#[derive(Debug, Default)]
struct Known {
    words: Option<Arc<Words>>,
    tag: Option<String>,
    looked_at: Option<Timestamp>,
}

/// The words that a process holds, renewed every five minutes. Where there are none, or they cannot be read, the last
/// good ones stay.
#[derive(Debug)]
pub struct HeldWords {
    store: WordStore,
    known: RwLock<Known>,
}

impl HeldWords {
    /// Returns the words of a store, none at first.
    pub fn new(store: WordStore) -> Self {
        Self { store, known: RwLock::default() }
    }

    /// Returns the words that are held.
    pub fn get(&self) -> Option<Arc<Words>> {
        self.known().words.clone()
    }

    /// Returns whether nobody has looked for words yet.
    pub fn is_new(&self) -> bool {
        self.known().looked_at.is_none()
    }

    /// Looks for newer words, if nobody did for five minutes; while there are none, for ten seconds. A failure is logged
    /// and counted.
    pub async fn renew(&self, now: Timestamp) {
        let tag = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let wait = if known.words.is_some() { FRESH_MS } else { MISSING_MS };
            if known.looked_at.is_some_and(|at| now < at.plus_ms(wait)) {
                return;
            }
            known.looked_at = Some(now);
            known.tag.clone()
        };
        let read = match self.store.get(tag.as_deref()).await {
            Ok(None) => return,
            Ok(Some((tag, bytes))) => {
                Words::read(bytes).map(|words| (tag, words)).map_err(Box::<dyn std::error::Error>::from)
            }
            Err(error) => Err(error.into()),
        };
        match read {
            Ok((tag, words)) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                known.words = Some(Arc::new(words));
                known.tag = tag;
            }
            Err(error) => {
                metrics::count("search_words_unreadable", 1);
                tracing::error!(error = %runtime::failure::Chain(error.as_ref()), "words cannot be renewed");
            }
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use testkit::Objects;

    use super::*;
    use crate::{Weight, WordsBuilder};

    fn bytes(word: &str) -> Vec<u8> {
        let mut builder = WordsBuilder::default();
        builder.add([word.to_owned()], Weight { popularity: 9, listed: 0 });
        builder.build().unwrap()
    }

    fn meant(held: &HeldWords, query: &str) -> Option<String> {
        held.get()?.correct(query).map(|correction| correction.query)
    }

    #[tokio::test]
    async fn words_are_renewed_after_five_minutes_and_good_ones_stay() {
        let objects = Objects::start().await;
        let store = WordStore::new(objects.client(), "words");
        let held = HeldWords::new(store.clone());
        assert!(held.is_new());
        held.renew(Timestamp(0)).await;
        assert!(!held.is_new() && held.get().is_none());
        store.put(bytes("maria")).await.unwrap();
        held.renew(Timestamp(MISSING_MS - 1)).await;
        assert!(held.get().is_none());
        held.renew(Timestamp(MISSING_MS)).await;
        store.put(bytes("lopez")).await.unwrap();
        held.renew(Timestamp(FRESH_MS)).await;
        assert_eq!(meant(&held, "mraia").as_deref(), Some("maria"));
        let half = bytes("jonathan");
        store.put(half[..half.len() / 2].to_vec()).await.unwrap();
        held.renew(Timestamp(2 * FRESH_MS)).await;
        assert_eq!(meant(&held, "mraia").as_deref(), Some("maria"));
        store.put(bytes("jonathan")).await.unwrap();
        held.renew(Timestamp(3 * FRESH_MS)).await;
        assert_eq!((meant(&held, "mraia"), meant(&held, "jonahtan").as_deref()), (None, Some("jonathan")));
        held.renew(Timestamp(4 * FRESH_MS)).await;
        assert!(held.get().is_some());
    }
}
