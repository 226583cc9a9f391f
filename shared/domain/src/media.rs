//! Where pictures lie: object keys of uploads, originals and renditions.

use crate::id::{PhotoId, UserId};

/// A rendition's size, by its longest side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// 1080 pixels: feed and photo page.
    Large,
    /// 640 pixels: grids.
    Medium,
    /// 150 pixels: notifications and comments.
    Small,
}

impl Size {
    /// Every size, largest first.
    pub const ALL: [Self; 3] = [Self::Large, Self::Medium, Self::Small];

    /// Its name in keys and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Medium => "medium",
            Self::Small => "small",
        }
    }

    /// Longest side in pixels; a smaller picture is never enlarged.
    pub fn side(self) -> u32 {
        match self {
            Self::Large => 1080,
            Self::Medium => 640,
            Self::Small => 150,
        }
    }
}

/// A rendition's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// Progressive JPEG, which everyone reads.
    Jpeg,
    /// WebP, for those who accept it.
    WebP,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::WebP];

    /// Extension in keys.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// Media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// One medium of one photo: what every object key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediumId {
    /// Whose it is.
    pub author: UserId,
    /// The photo it belongs to.
    pub photo: PhotoId,
    /// Its place in the photo, from 0.
    pub index: usize,
}

impl MediumId {
    /// Where the client uploads it: `incoming/<user>/<photo>/<n>`.
    pub fn upload_key(self) -> String {
        format!("incoming/{}/{}/{}", self.author, self.photo, self.index)
    }

    /// Reads an upload's key (already URL-decoded); `None` for a key that is no upload's.
    pub fn from_upload_key(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("incoming/")?.split('/');
        let author = parts.next()?.parse().ok()?;
        let photo = parts.next()?.parse().ok()?;
        let index = parts.next()?.parse().ok()?;
        let id = Self { author, photo, index };
        (parts.next().is_none() && id.upload_key() == key).then_some(id)
    }

    /// Where the untouched original is kept.
    pub fn original_key(self) -> String {
        format!("photos/original/{}/{}/{}", self.author, self.photo, self.index)
    }

    /// Where a rendition lies: `photos/<size>/<user>/<photo>/<n>.<ext>`.
    pub fn rendition_key(self, size: Size, encoding: Encoding) -> String {
        let Self { author, photo, index } = self;
        format!("photos/{}/{author}/{photo}/{index}.{}", size.name(), encoding.extension())
    }

    /// Every object that rendering this medium stores.
    pub fn stored_keys(self) -> impl Iterator<Item = String> {
        let renditions = Size::ALL.into_iter().flat_map(move |size| {
            Encoding::ALL.into_iter().map(move |encoding| self.rendition_key(size, encoding))
        });
        renditions.chain([self.original_key()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn upload_keys_round_trip(author in 0..=i64::MAX as u64, photo in 0..=i64::MAX as u64, index in 0_usize..10) {
            let id = MediumId {
                author: UserId::try_from(author).unwrap(),
                photo: PhotoId::try_from(photo).unwrap(),
                index,
            };
            prop_assert_eq!(MediumId::from_upload_key(&id.upload_key()), Some(id));
            prop_assert_eq!(id.stored_keys().count(), 7);
        }
    }

    #[test]
    fn other_keys_are_no_uploads() {
        for key in [
            "",
            "incoming/",
            "incoming/1/2",
            "incoming/1/2/3/4",
            "incoming/01/2/3",
            "photos/large/1/2/0.jpg",
            "incoming/1/2/+3",
        ] {
            assert_eq!(MediumId::from_upload_key(key), None, "{key:?}");
        }
    }
}
