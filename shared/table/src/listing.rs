//! A photo among its author's: the derived edge, the counter that counts it, and the author's head.

use std::fmt;

use domain::media::PerceptualHash;
use domain::{PhotoId, UserId};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calls::{Range, stored};
use crate::edges::{Edge, Order, settle};
use crate::keys::{ItemKey, partition, sort};
use crate::{Result, Table, head};

/// Photos whose hashes are read at once: what one page of a query holds many times over.
const HASHES: usize = 1_000;

/// Puts a photo into its author's timeline and counts it, with what its media look like; or takes it out, when there is
/// nothing `listed`. Then renews the head. OutOfOrder from the stream a photo that is gone is not put in, and one that is there
/// not taken out.
///
/// 4 WRU for the edge and the counter, 6 out of order, 1 for the head, 2 RRU.
pub async fn derive(
    table: &Table,
    author: UserId,
    photo: PhotoId,
    listed: Option<&[PerceptualHash]>,
    order: Order,
) -> Result<()> {
    settle(table, vec![edge(author, photo, listed)?], order).await?;
    head::renew(table, author, photo, listed.is_some()).await
}

fn edge(author: UserId, photo: PhotoId, listed: Option<&[PerceptualHash]>) -> Result<Edge> {
    let key = ItemKey::Timeline(author, photo);
    let item = listed.map(|hashes| stored(&key, Listed { hashes: hashes.to_vec() })).transpose()?;
    // Ready is the last state of a photo: from then on it is there, or it was deleted.
    Ok(Edge { key, item, source: ItemKey::Photo(photo), counters: vec![(ItemKey::User(author), "photos")] })
}

/// What the media of an author's newest photos look like, newest first, perhaps a moment ago. 0.5 RRU for each 4 KiB, which
/// are some 50 photos.
pub async fn hashes(table: &Table, author: UserId) -> Result<Vec<(PhotoId, PerceptualHash)>> {
    let range = Range {
        pk: partition::timeline(author),
        from: "0".to_owned(),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: true,
        limit: HASHES,
        consistent: false,
    };
    let page = table.query::<Listed>(range).await?;
    let hashes = page.items.into_iter().flat_map(|(key, listed)| match key {
        ItemKey::Timeline(_, photo) => listed.hashes.into_iter().map(|hash| (photo, hash)).collect(),
        _ => Vec::new(),
    });
    Ok(hashes.collect())
}

/// A place in the timeline.
#[derive(Serialize, Deserialize)]
struct Listed {
    /// Eight bytes for each medium.
    #[serde(
        default,
        rename = "looks",
        serialize_with = "to_bytes",
        deserialize_with = "from_bytes",
        skip_serializing_if = "Vec::is_empty"
    )]
    hashes: Vec<PerceptualHash>,
}

fn to_bytes<S: Serializer>(hashes: &[PerceptualHash], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0.to_be_bytes()).collect();
    serializer.serialize_bytes(&bytes)
}

fn from_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PerceptualHash>, D::Error> {
    deserializer.deserialize_byte_buf(HashBytes)
}

struct HashBytes;

impl Visitor<'_> for HashBytes {
    type Value = Vec<PerceptualHash>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("eight bytes for each medium")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(bytes.as_chunks::<8>().0.iter().map(|hash| PerceptualHash(u64::from_be_bytes(*hash))).collect())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
        self.visit_bytes(&bytes)
    }
}
