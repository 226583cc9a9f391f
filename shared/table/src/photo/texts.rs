//! The texts of a photo, which are in its item or beside it.
//!
//! Each like writes the whole item of its photo, because the counter is in it. Each list reads it. Texts that
//! would make the item larger than [`ITEM_BYTES`] are an item of their own in the photo's partition, all of
//! them. The photo's item says how many bytes they have. Both items are written in one transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::PhotoId;
use domain::comment::Commenting;
use domain::photo::Photo;
use domain::text::{AltText, Caption, Location, Tag};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{back_off, number, text};
use crate::keys::ItemKey;
use crate::{Error, Result, Table};

/// Bytes of a ready photo's item at most. A write of it is 3 WRU, 6 in a transaction.
const ITEM_BYTES: usize = 3 * 1024;
/// Bytes that an item has without media and texts, with every counter at its largest and three pins.
const BARE_BYTES: usize = 452;
/// Bytes of one medium without its alternative text, once it is rendered.
const MEDIUM_BYTES: usize = 262;
/// Bytes that 0.5 RRU read.
const BLOCK: usize = 4 * 1024;

/// The attribute that says how many bytes of texts are beside a photo's item.
pub(super) const BESIDE: &str = "texts_beside";
/// The attribute that counts the edits of a photo's texts.
pub(super) const EDITS: &str = "edits";

/// A photo as its item has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct PhotoItem {
    /// The photo, without its texts when they are beside it.
    #[serde(flatten)]
    pub(super) photo: Photo,
    /// Bytes of the texts beside it; none when they are in the item.
    #[serde(default, rename = "texts_beside", skip_serializing_if = "Option::is_none")]
    pub(super) beside: Option<usize>,
    /// How often its texts were edited; none when they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) edits: Option<u64>,
}

/// The texts of a photo as the item beside it has them.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Texts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caption: Option<Caption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Location>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
    /// The alternative text of each medium.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alts: Vec<Option<AltText>>,
}

impl PhotoItem {
    /// Returns the photo. Its texts are missing where they are beside it.
    pub fn photo(&self) -> &Photo {
        &self.photo
    }

    /// Returns the photo with all its texts; `None` when it is gone meanwhile. Reads nothing, or for long texts
    /// 0.5 RRU for each 4 KiB in one round trip, and twice more while they are being edited.
    pub async fn whole(self, table: &Table) -> Result<Option<Photo>> {
        let id = self.photo.id;
        let mut item = self;
        for consistent in [false, true, true] {
            if let Some(photo) = complete(table, item, consistent).await? {
                return Ok(Some(photo));
            }
            match table.get_latest(&ItemKey::Photo(id)).await? {
                Some(latest) => item = latest,
                None => return Ok(None),
            }
        }
        Err(Error::busy("GetItem", "the photo's texts were edited again and again"))
    }

    /// Returns the item of a whole photo, and the texts that go beside it.
    pub(super) fn new(mut photo: Photo, edits: Option<u64>) -> (Self, Option<Texts>) {
        let texts = Texts::take(&mut photo);
        let bytes = texts.bytes();
        if bytes > room(photo.media.len()) {
            return (Self { photo, beside: Some(bytes), edits }, Some(texts));
        }
        texts.give(&mut photo);
        (Self { photo, beside: None, edits }, None)
    }
}

impl Texts {
    fn take(photo: &mut Photo) -> Self {
        Self {
            caption: photo.caption.take(),
            place: photo.place.take(),
            tags: std::mem::take(&mut photo.tags),
            alts: photo.media.iter_mut().map(|medium| medium.alt.take()).collect(),
        }
    }

    /// Gives them to their photo.
    pub(super) fn give(self, photo: &mut Photo) {
        let Self { caption, place, tags, alts } = self;
        (photo.caption, photo.place, photo.tags) = (caption, place, tags);
        for (medium, alt) in photo.media.iter_mut().zip(alts) {
            medium.alt = alt;
        }
    }

    /// Returns how many bytes they add to the item they are in, by the rules of the service's sizes.
    fn bytes(&self) -> usize {
        let attribute = |name: &str, text: &str| name.len() + text.len();
        let caption = self.caption.as_ref().map_or(0, |text| attribute("caption", text.as_str()));
        let place = self.place.as_ref().map_or(0, |text| attribute("place", text.as_str()));
        let tags: usize = self.tags.iter().map(|tag| 1 + tag.as_str().len()).sum();
        let tags = if tags > 0 { "tags".len() + 3 + tags } else { 0 };
        let alts = self.alts.iter().flatten().map(|text| 1 + attribute("alt", text.as_str()));
        caption + place + tags + alts.sum::<usize>()
    }
}

/// Returns how many bytes of texts the item of a photo has room for.
fn room(media: usize) -> usize {
    ITEM_BYTES.saturating_sub(BARE_BYTES + media * MEDIUM_BYTES)
}

/// The assignments of an update.
pub(super) struct Assignments {
    pub(super) expression: String,
    pub(super) values: HashMap<String, AttributeValue>,
}

/// Returns the assignments that give an item the texts and settings of `item`. It must have as many media.
pub(super) fn assignments(item: &PhotoItem) -> Result<Assignments> {
    let photo = &item.photo;
    let optional = |value: Option<&str>| value.map(text);
    let is_set = |set: bool| set.then_some(AttributeValue::Bool(true));
    let tags = AttributeValue::L(photo.tags.iter().map(|tag| text(tag.as_str())).collect());
    let commenting = match photo.commenting {
        Commenting::Everyone => None,
        other => Some(to_attribute_value(other).map_err(Error::unreadable)?),
    };
    let mut attributes = vec![
        ("caption".to_owned(), optional(photo.caption.as_ref().map(Caption::as_str))),
        ("place".to_owned(), optional(photo.place.as_ref().map(Location::as_str))),
        ("tags".to_owned(), (!photo.tags.is_empty()).then_some(tags)),
        (BESIDE.to_owned(), item.beside.map(bytes_value).transpose()?),
        (EDITS.to_owned(), item.edits.map(number)),
        ("commenting".to_owned(), commenting),
        ("hides_likes".to_owned(), is_set(photo.hides_likes)),
        ("muted".to_owned(), is_set(photo.muted)),
    ];
    for (index, medium) in photo.media.iter().enumerate() {
        attributes.push((format!("media[{index}].alt"), optional(medium.alt.as_ref().map(AltText::as_str))));
    }
    let (mut set, mut remove, mut values) = (Vec::new(), Vec::new(), HashMap::new());
    for (index, (path, value)) in attributes.into_iter().enumerate() {
        match value {
            Some(value) => {
                set.push(format!("{path} = :text{index}"));
                values.insert(format!(":text{index}"), value);
            }
            None => remove.push(path),
        }
    }
    let clause = |verb: &str, parts: &[String]| {
        if parts.is_empty() { String::new() } else { format!("{verb} {} ", parts.join(", ")) }
    };
    let expression = format!("{}{}", clause("SET", &set), clause("REMOVE", &remove));
    Ok(Assignments { expression: expression.trim().to_owned(), values })
}

fn bytes_value(bytes: usize) -> Result<AttributeValue> {
    Ok(number(i64::try_from(bytes).map_err(Error::unreadable)?))
}

/// The read units that the long texts of one page may take. It ends a page that would take more.
///
/// The texts of an ordinary photo are in its item and take nothing.
#[derive(Debug)]
pub struct TextBudget {
    blocks: usize,
    untouched: bool,
    end: Option<PhotoId>,
}

impl TextBudget {
    /// Returns the budget of a page: 16 RRU, which are at least the texts of two photos.
    pub fn of_page() -> Self {
        Self { blocks: 32, untouched: true, end: None }
    }

    /// Returns whether the page ends before this photo, whose texts would exceed the budget.
    pub fn ends_before(&self, photo: PhotoId) -> bool {
        self.end == Some(photo)
    }

    /// Takes the reading of so many bytes, and returns whether the budget bears it. It always bears the
    /// first.
    fn take(&mut self, photo: PhotoId, bytes: usize) -> bool {
        let blocks = bytes.div_ceil(BLOCK).max(1);
        if self.end.is_none() && (self.untouched || blocks <= self.blocks) {
            self.untouched = false;
            self.blocks = self.blocks.saturating_sub(blocks);
            return true;
        }
        self.end.get_or_insert(photo);
        false
    }
}

/// Reads one photo as its item has it, eventually consistent. 0.5 RRU.
pub async fn get_item(table: &Table, id: PhotoId) -> Result<Option<PhotoItem>> {
    table.get(&ItemKey::Photo(id)).await
}

/// Completes a photo with the texts beside it; `None` when they are no longer there, or not yet.
pub(super) async fn complete(table: &Table, item: PhotoItem, consistent: bool) -> Result<Option<Photo>> {
    let PhotoItem { mut photo, beside, .. } = item;
    if beside.is_none() {
        return Ok(Some(photo));
    }
    let texts: Option<Texts> = table.read(&ItemKey::PhotoTexts(photo.id), consistent).await?;
    Ok(texts.map(|texts| {
        texts.give(&mut photo);
        photo
    }))
}

/// Reads the photos of a page, given in its order, with all their texts. Those that do not exist are left
/// out, and so are those whose long texts the budget does not bear.
///
/// 0.5 RRU each, one round trip for each 100; for long texts one round trip more, and what they take of the
/// budget.
pub async fn get_page(
    table: &Table,
    ids: &[PhotoId],
    budget: &mut TextBudget,
) -> Result<HashMap<PhotoId, Photo>> {
    // An edit moves texts between two reads. Another attempt finds where they are.
    const ATTEMPTS: u32 = 3;
    let mut items = read_items(table, ids).await?;
    let mut photos = HashMap::with_capacity(items.len());
    let mut flagged = Vec::new();
    for id in ids {
        match items.remove(id) {
            Some(PhotoItem { photo, beside: None, .. }) => {
                photos.insert(*id, photo);
            }
            Some(PhotoItem { photo, beside: Some(bytes), .. }) if budget.take(*id, bytes) => {
                flagged.push(photo);
            }
            _ => {}
        }
    }
    for attempt in 0..ATTEMPTS {
        if flagged.is_empty() {
            return Ok(photos);
        }
        if attempt > 0 {
            back_off(attempt - 1).await;
            let ids: Vec<PhotoId> = flagged.drain(..).map(|photo| photo.id).collect();
            for (id, item) in read_items(table, &ids).await? {
                if item.beside.is_some() {
                    flagged.push(item.photo);
                } else {
                    photos.insert(id, item.photo);
                }
            }
        }
        let keys: Vec<ItemKey> = flagged.iter().map(|photo| ItemKey::PhotoTexts(photo.id)).collect();
        let mut texts: HashMap<ItemKey, Texts> = table.batch_get(&keys).await?.into_iter().collect();
        flagged.retain_mut(|photo| match texts.remove(&ItemKey::PhotoTexts(photo.id)) {
            Some(texts) => {
                texts.give(photo);
                photos.insert(photo.id, photo.clone());
                false
            }
            None => true,
        });
    }
    if flagged.is_empty() {
        return Ok(photos);
    }
    Err(Error::busy("BatchGetItem", "the texts of a photo were edited again and again"))
}

async fn read_items(table: &Table, ids: &[PhotoId]) -> Result<HashMap<PhotoId, PhotoItem>> {
    let keys: Vec<ItemKey> = ids.iter().copied().map(ItemKey::Photo).collect();
    let found = table.batch_get::<PhotoItem>(&keys).await?;
    Ok(found.into_iter().map(|(_, item)| (item.photo.id, item)).collect())
}
