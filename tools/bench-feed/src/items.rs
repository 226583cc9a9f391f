//! Items as the functions store them.
//!
//! Items that are private to `table` are defined here again. A test compares them
//! with what the functions store.

use domain::feed::{DeliveryMode, Entry, HEAD_LEN, entry_expiry};
use domain::media::{AddressSecret, PerceptualHash};
use domain::photo::{ContentType, Medium, Photo, Rendered, State};
use domain::user::User;
use domain::{PhotoId, Timestamp, UserId};
use serde::Serialize;
use serde_dynamo::{AttributeValue, Item, to_item};
use table::follow::Follow;
use table::followings::NEWEST;
use table::keys::{ItemKey, PK, SK};
use table::original::Original;
use table::reader::Reader;

use crate::Result;
use crate::population::Person;

fn stored(name: &ItemKey, value: impl Serialize) -> Result<Item> {
    let mut item: Item = to_item(value)?;
    let key = name.raw();
    item.insert(PK.to_owned(), AttributeValue::S(key.pk));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk));
    Ok(item)
}

#[derive(Serialize)]
struct Counted {
    #[serde(flatten)]
    user: User,
    /// Each edge changed the counters of its two ends once.
    version: i64,
}

/// Returns a profile with its counters.
pub(crate) fn user(person: &Person, followers: usize, following: usize) -> Result<Item> {
    let (followers, following) = (i64::try_from(followers)?, i64::try_from(following)?);
    let photos = i64::try_from(person.photos.len())?;
    let user = User { followers, following, photos, ..User::new(person.id, person.name.clone(), None) };
    stored(&ItemKey::User(person.id), Counted { user, version: followers + following + photos })
}

/// Returns the edge that an actor wrote, and the edge derived from it.
pub(crate) fn follow(follower: &Person, followee: UserId, at: Timestamp) -> Result<[Item; 2]> {
    #[derive(Serialize)]
    struct Derived {
        at: Timestamp,
    }
    let edge = Follow { username: follower.name.as_str().to_owned(), at, accepted_at: None };
    Ok([
        stored(&ItemKey::Following(follower.id, followee), edge)?,
        stored(&ItemKey::Follower(followee, follower.id), Derived { at })?,
    ])
}

/// Returns whom somebody follows, packed: the newest that one item holds.
pub(crate) fn followings(follower: UserId, followees: &[UserId]) -> Result<Item> {
    #[derive(Serialize)]
    struct Packed {
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        cut: bool,
        version: u64,
    }
    let left_out = followees.len().saturating_sub(NEWEST);
    let mut item = stored(&ItemKey::Followings(follower), Packed { cut: left_out > 0, version: 1 })?;
    let newest = followees.iter().skip(left_out).flat_map(|followee| followee.get().to_be_bytes());
    item.insert("newest".to_owned(), AttributeValue::B(newest.collect()));
    Ok(item)
}

/// Returns the state of a reader whose snapshot, taken at `mark`, was empty: what they follow was pushed
/// since.
pub(crate) fn reader(
    reader: UserId,
    active_on: i64,
    mark: Timestamp,
    celebrities: Vec<UserId>,
) -> Result<Item> {
    let state = Reader { active_on, snapshot: Some(mark.0), celebrities, ..Reader::default() };
    stored(&ItemKey::FeedState(reader), state)
}

/// Returns the entry of a pushed photo.
pub(crate) fn entry(reader: UserId, entry: Entry) -> Result<Item> {
    #[derive(Serialize)]
    struct StoredEntry {
        author: UserId,
        expires_at: i64,
    }
    let expires_at = entry_expiry(entry.photo).seconds();
    stored(&ItemKey::FeedEntry(reader, entry.photo), StoredEntry { author: entry.author, expires_at })
}

/// Returns a draft photo of one medium.
pub(crate) fn created(id: PhotoId, author: UserId, author_name: &str) -> Photo {
    let medium = Medium { content_type: ContentType::Jpeg, size: 2_000_000, alt: None, rendered: None };
    Photo::draft(id, author, author_name, AddressSecret::from(u128::from(id.get())), vec![medium])
}

/// Returns what rendering a medium finds out. Every picture differs.
pub(crate) fn rendered(photo: PhotoId) -> Rendered {
    Rendered {
        width: 1080,
        height: 810,
        blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned(),
        sha256: format!("{:064x}", photo.get()),
        phash: PerceptualHash(photo.get()),
        stored_at: None,
        similar_to: None,
    }
}

/// Returns a ready photo, its item in the author's timeline, and its original.
pub(crate) fn photo(author: &Person, id: PhotoId) -> Result<[Item; 3]> {
    #[derive(Serialize)]
    struct Listed {}
    let mut photo = created(id, author.id, author.name.as_str());
    for medium in &mut photo.media {
        medium.rendered = Some(rendered(id));
    }
    photo.state = State::Ready;
    photo.pending = 0;
    let hashes: Vec<u8> = photo.perceptual_hashes().iter().flat_map(|hash| hash.0.to_be_bytes()).collect();
    let mut listed = stored(&ItemKey::Timeline(author.id, id), Listed {})?;
    listed.insert("looks".to_owned(), AttributeValue::B(hashes));
    let facts = rendered(id);
    let original = Original::new(&photo, 0, &facts);
    let original = stored(&ItemKey::Original(author.id, facts.sha256), original)?;
    Ok([stored(&ItemKey::Photo(id), photo)?, listed, original])
}

/// Returns the head of an author's newest photos, all of which are in every feed.
pub(crate) fn head(author: &Person, mode: DeliveryMode) -> Result<Item> {
    #[derive(Serialize)]
    struct Head {
        photos: Vec<PhotoId>,
        complete: bool,
        version: usize,
        #[serde(rename = "standing", skip_serializing_if = "Option::is_none")]
        mode: Option<DeliveryMode>,
    }
    let head = Head {
        photos: author.photos.iter().rev().take(HEAD_LEN).copied().collect(),
        complete: author.photos.len() <= HEAD_LEN,
        // Each photo updated the head once.
        version: author.photos.len(),
        mode: (mode != DeliveryMode::Ordinary).then_some(mode),
    };
    stored(&ItemKey::Head(author.id), head)
}
