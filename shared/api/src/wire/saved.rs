//! Saved photos and their collections.

use domain::cursor::List;
use domain::{CollectionId, PhotoId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PhotoCard;

/// Where a photo is saved to, or taken out of.
#[derive(Deserialize, Default, ToSchema)]
pub struct SaveRequest {
    /// A collection of one's own. Without it, the photo is saved, or saved no more, as such.
    pub collection: Option<String>,
}

/// A page of one's saved photos, newest first. It may be short and still go on at its cursor.
#[derive(Serialize, ToSchema)]
pub struct SavedPage {
    /// The photos.
    pub photos: Vec<PhotoCard>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

impl SavedPage {
    /// A page that goes on after `next`.
    pub fn new(photos: Vec<PhotoCard>, next: Option<PhotoId>) -> Self {
        let next_cursor = next.map(|last| List::Saved.cursor(&last));
        Self { photos, has_more: next_cursor.is_some(), next_cursor }
    }
}

/// A collection to be made, or its new name.
#[derive(Deserialize, ToSchema)]
pub struct CollectionRequest {
    /// At most 50 characters in one line, at least one of them visible.
    pub name: String,
}

/// A collection of one's saved photos.
#[derive(Serialize, ToSchema)]
pub struct CollectionView {
    /// Names the collection.
    #[schema(value_type = String)]
    pub collection_id: CollectionId,
    /// Its name.
    pub name: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
}

impl CollectionView {
    /// Shows a collection.
    pub fn new(id: CollectionId, name: String) -> Self {
        Self { collection_id: id, name, created_at: id.created_at().to_string() }
    }
}

/// One's collections, oldest first.
#[derive(Serialize, ToSchema)]
pub struct Collections {
    /// All of them.
    pub collections: Vec<CollectionView>,
}
