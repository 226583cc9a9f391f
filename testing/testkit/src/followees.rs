//! Thousands of followees with their photos, as items that are stored at once.

use std::cmp::Reverse;
use std::collections::HashMap;

use domain::clock::DAY_MS;
use domain::media::AddressSecret;
use domain::photo::{ContentType, Medium, Photo, State};
use domain::{PhotoId, Timestamp, UserId};
use serde_dynamo::{AttributeValue, Item, to_item};
use table::keys::ItemKey;

/// Somebody's followees with their photos, each's newest first. They have no accounts.
#[derive(Clone, Debug)]
pub struct Followees {
    now: Timestamp,
    all: Vec<(UserId, Vec<PhotoId>)>,
}

impl Followees {
    /// Creates followees with one photo each, which is between 40 days and a year old.
    pub fn quiet(count: u32, now: Timestamp) -> Self {
        Self::new(count, now, |number| vec![DAY_MS * (40 + i64::from(number) % 300)])
    }

    /// Creates followees with three photos each in the last month.
    pub fn busy(count: u32, now: Timestamp) -> Self {
        let within = |number: u32| 1_000 * (i64::from(number) * 7 % 5_000);
        Self::new(count, now, |number| (0..3).map(|photo| DAY_MS * 9 * photo + within(number)).collect())
    }

    /// Creates followees, each with as many photos as `posted` gives milliseconds before `now`.
    fn new(count: u32, now: Timestamp, posted: impl Fn(u32) -> Vec<i64>) -> Self {
        let id = |at: Timestamp, number: u32| PhotoId::floor(at).get() + u64::from(number);
        let followees = (0..count).map(|number| {
            let user = UserId::try_from(id(now.plus_days(-300), number)).expect("an id");
            let photos = posted(number)
                .into_iter()
                .map(|ago| PhotoId::try_from(id(Timestamp(now.0 - ago), number)).expect("an id"));
            (user, photos.collect())
        });
        Self { now, all: followees.collect() }
    }

    /// Returns all their photos, newest first.
    pub fn photos(&self) -> Vec<PhotoId> {
        let mut photos: Vec<PhotoId> = self.all.iter().flat_map(|(_, photos)| photos.clone()).collect();
        photos.sort_unstable_by_key(|photo| Reverse(*photo));
        photos
    }

    /// Returns the items that say that `reader` follows them, their heads, and the newest `shown` of their
    /// photos. As `celebrities` their newest photos are not pushed yet.
    pub fn items(&self, reader: UserId, shown: usize, celebrities: bool) -> Vec<Item> {
        let oldest = self.photos().into_iter().take(shown).next_back();
        let mut items = Vec::new();
        for (author, photos) in &self.all {
            items.push(keyed(&ItemKey::Following(reader, *author), edge(self.now)));
            items.push(keyed(&ItemKey::Head(*author), head(photos, celebrities)));
            for photo in photos.iter().filter(|photo| Some(**photo) >= oldest) {
                let item: Item = to_item(ready(*photo, *author)).expect("an item");
                items.push(keyed(&ItemKey::Photo(*photo), item.into_inner()));
            }
        }
        items
    }
}

type Attributes = HashMap<String, AttributeValue>;

fn keyed(key: &ItemKey, mut item: Attributes) -> Item {
    let key = key.raw();
    item.extend([("pk".to_owned(), AttributeValue::S(key.pk)), ("sk".to_owned(), AttributeValue::S(key.sk))]);
    item.into()
}

fn edge(at: Timestamp) -> Attributes {
    let username = ("username".to_owned(), AttributeValue::S("reader".to_owned()));
    HashMap::from([username, ("at".to_owned(), AttributeValue::N(at.0.to_string()))])
}

fn head(photos: &[PhotoId], celebrity: bool) -> Attributes {
    let list = photos.iter().take(20).map(|photo| AttributeValue::S(photo.to_string())).collect();
    let mut head = HashMap::from([
        ("photos".to_owned(), AttributeValue::L(list)),
        ("complete".to_owned(), AttributeValue::Bool(photos.len() <= 20)),
        ("version".to_owned(), AttributeValue::N("1".to_owned())),
    ]);
    if celebrity {
        let unpushed = photos.iter().take(1).map(ToString::to_string).collect();
        head.insert("standing".to_owned(), AttributeValue::S("celebrity".to_owned()));
        head.insert("unpushed".to_owned(), AttributeValue::Ss(unpushed));
    }
    head
}

fn ready(id: PhotoId, author: UserId) -> Photo {
    let medium = Medium { content_type: ContentType::Jpeg, size: 1, alt: None, rendered: None };
    let draft = Photo::draft(id, author, "author", AddressSecret::from(1), vec![medium]);
    Photo { state: State::Ready, pending: 0, ..draft }
}
