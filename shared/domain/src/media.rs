//! Object keys of uploads, originals and renditions, and the perceptual hash that finds similar pictures.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::{PhotoId, UserId};
use crate::profile_picture::PictureUpload;
use crate::random::{Randomness, draw};

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

    /// Returns its name in keys and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Medium => "medium",
            Self::Small => "small",
        }
    }

    /// Returns the longest side in pixels. A smaller picture is never enlarged.
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
    /// Progressive JPEG, which every client reads.
    Jpeg,
    /// WebP, for clients that accept it.
    WebP,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::WebP];

    /// Returns the extension in keys.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// Returns the media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// One medium of one photo. The keys of its upload and of its original are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediumId {
    /// Whose it is.
    pub author: UserId,
    /// The photo it belongs to.
    pub photo: PhotoId,
    /// Its index in the photo, from 0.
    pub index: usize,
}

impl MediumId {
    /// Returns its place among its author's media.
    pub fn place(self) -> MediumPlace {
        MediumPlace { photo: self.photo, index: self.index }
    }

    /// Returns the key under which the client uploads it: `incoming/<user>/<photo>/<n>`.
    pub fn upload_key(self) -> String {
        format!("incoming/{}/{}/{}", self.author, self.photo, self.index)
    }

    /// Parses an upload's key, already URL-decoded; `None` when the key is no upload's.
    pub fn from_upload_key(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("incoming/")?.split('/');
        let author = parts.next()?.parse().ok()?;
        let photo = parts.next()?.parse().ok()?;
        let index = parts.next()?.parse().ok()?;
        let id = Self { author, photo, index };
        (parts.next().is_none() && id.upload_key() == key).then_some(id)
    }

    /// Returns the key of the unchanged original.
    pub fn original_key(self) -> String {
        format!("photos/original/{}/{}/{}", self.author, self.photo, self.index)
    }
}

/// What an upload is, by its key. All keys below `incoming/` are parsed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKey {
    /// A medium of a photo: `incoming/<user>/<photo>/<n>`.
    Medium(MediumId),
    /// A profile picture: `incoming/<user>/picture/<id>`.
    Picture(PictureUpload),
}

impl UploadKey {
    /// Parses a key, already URL-decoded; `None` when the key is no upload's.
    pub fn parse(key: &str) -> Option<Self> {
        let medium = MediumId::from_upload_key(key).map(Self::Medium);
        medium.or_else(|| PictureUpload::from_upload_key(key).map(Self::Picture))
    }

    /// Returns whose upload it is. The form that was signed for them fixes the key.
    pub fn owner(self) -> UserId {
        match self {
            Self::Medium(id) => id.author,
            Self::Picture(upload) => upload.user,
        }
    }
}

/// The secret in the addresses of a photo's pictures: 128 random bits, written as 32 hexadecimal digits.
///
/// Whoever knows it may see the pictures, so it is never logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AddressSecret(u128);

impl AddressSecret {
    /// Draws a new secret.
    pub fn draw(randomness: &dyn Randomness) -> Self {
        Self(u128::from_le_bytes(draw(randomness)))
    }
}

impl From<u128> for AddressSecret {
    fn from(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for AddressSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressSecret(..)")
    }
}

impl Serialize for AddressSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for AddressSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let bits = u128::from_str_radix(&text, 16).ok().filter(|_| digits);
        // The error repeats nothing of it.
        bits.map(Self).ok_or_else(|| de::Error::custom("not a secret of an address"))
    }
}

/// Where the renditions of one medium are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediumAddress {
    /// The secret of its photo.
    pub secret: AddressSecret,
    /// Its index in the photo, from 0.
    pub index: usize,
}

impl MediumAddress {
    /// Returns the key of a rendition: `photos/<size>/<secret>/<n>.<ext>`.
    pub fn key(self, size: Size, encoding: Encoding) -> String {
        let Self { secret, index } = self;
        format!("photos/{}/{:032x}/{index}.{}", size.name(), secret.0, encoding.extension())
    }

    /// Returns every rendition of the medium, with its encoding and its key.
    pub fn renditions(self) -> impl Iterator<Item = (Encoding, String)> {
        Size::ALL.into_iter().flat_map(move |size| {
            Encoding::ALL.into_iter().map(move |encoding| (encoding, self.key(size, encoding)))
        })
    }

    /// Returns the key of every rendition of the medium.
    pub fn keys(self) -> impl Iterator<Item = String> {
        self.renditions().map(|(_, key)| key)
    }
}

/// The place of a medium, and of its original, among all of its author's. Written `<photo>/<n>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumPlace {
    /// The photo it belongs to.
    pub photo: PhotoId,
    /// Its index in the photo, from 0.
    pub index: usize,
}

impl MediumPlace {
    /// Returns the medium at this place among `author`'s.
    pub fn of(self, author: UserId) -> MediumId {
        MediumId { author, photo: self.photo, index: self.index }
    }
}

impl fmt::Display for MediumPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.photo, self.index)
    }
}

/// The text is no place of a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form <photo>/<number>")]
pub struct NotAPlace;

impl FromStr for MediumPlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (photo, index) = text.split_once('/').ok_or(NotAPlace)?;
        let place = Self {
            photo: photo.parse().map_err(|_| NotAPlace)?,
            index: index.parse().map_err(|_| NotAPlace)?,
        };
        Some(place).filter(|place| place.to_string() == text).ok_or(NotAPlace)
    }
}

impl Serialize for MediumPlace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MediumPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A 64-bit perceptual hash of a picture. Similar pictures differ in few bits.
/// Written as 16 hexadecimal digits.
///
/// It is a hint and never an identity: nothing is merged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PerceptualHash(pub u64);

impl PerceptualHash {
    /// Most bits in which two pictures differ that are taken for the same motif. Measured, see
    /// `docs/adr/0018-one-copy-of-the-same-bytes.md`.
    pub const NEAR: u32 = 10;

    /// Returns in how many bits the two differ: 0 for equal pictures, about 32 for unrelated ones.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Returns the owner of the nearest picture within [`Self::NEAR`] bits; the first of equally near ones.
    pub fn nearest<T>(self, pictures: impl IntoIterator<Item = (T, Self)>) -> Option<T> {
        let distances = pictures.into_iter().map(|(of, picture)| (of, self.distance(picture)));
        let near = distances.filter(|(_, distance)| *distance <= Self::NEAR);
        near.min_by_key(|(_, distance)| *distance).map(|(of, _)| of)
    }
}

impl From<u64> for PerceptualHash {
    fn from(bits: u64) -> Self {
        Self(bits)
    }
}

impl From<PerceptualHash> for u64 {
    fn from(hash: PerceptualHash) -> Self {
        hash.0
    }
}

impl Serialize for PerceptualHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for PerceptualHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_round_trip(photo in 0..=i64::MAX as u64, index in 0_usize..10) {
            let place = MediumPlace { photo: PhotoId::try_from(photo).unwrap(), index };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
            let json = serde_json::to_string(&place).unwrap();
            prop_assert_eq!(serde_json::from_str::<MediumPlace>(&json).unwrap(), place);
        }

        #[test]
        fn perceptual_hashes_round_trip(bits in any::<u64>()) {
            let json = serde_json::to_string(&PerceptualHash(bits)).unwrap();
            prop_assert_eq!(json.len(), 18);
            prop_assert_eq!(serde_json::from_str::<PerceptualHash>(&json).unwrap(), PerceptualHash(bits));
        }

        #[test]
        fn secrets_round_trip_and_are_not_shown(bits in any::<u128>()) {
            let secret = AddressSecret::from(bits);
            let json = serde_json::to_string(&secret).unwrap();
            prop_assert_eq!(json.len(), 34);
            prop_assert_eq!(serde_json::from_str::<AddressSecret>(&json).unwrap(), secret);
            prop_assert_eq!(format!("{:?}", MediumAddress { secret, index: 0 }), "MediumAddress { secret: AddressSecret(..), index: 0 }");
        }

        #[test]
        fn upload_keys_round_trip(author in 0..=i64::MAX as u64, photo in 0..=i64::MAX as u64, index in 0_usize..10) {
            let id = MediumId {
                author: UserId::try_from(author).unwrap(),
                photo: PhotoId::try_from(photo).unwrap(),
                index,
            };
            prop_assert_eq!(MediumId::from_upload_key(&id.upload_key()), Some(id));
            let upload = UploadKey::parse(&id.upload_key());
            prop_assert_eq!(upload, Some(UploadKey::Medium(id)));
            prop_assert_eq!(upload.map(UploadKey::owner), Some(id.author));
        }
    }

    #[test]
    fn an_address_is_made_of_its_secret_alone_and_every_rendition_has_its_own() {
        let address = MediumAddress { secret: AddressSecret::from(0xa1), index: 3 };
        let first = address.key(Size::Large, Encoding::Jpeg);
        assert_eq!(first, "photos/large/000000000000000000000000000000a1/3.jpg");
        let mut keys: Vec<String> = address.keys().collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 6);
    }

    #[test]
    fn every_bit_of_a_secret_is_drawn() {
        struct Ones;
        impl Randomness for Ones {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(u8::MAX);
            }
        }
        assert_eq!(AddressSecret::draw(&Ones), AddressSecret::from(u128::MAX));
    }

    #[test]
    fn other_texts_are_no_secrets_and_are_not_repeated() {
        for text in
            ["", "secret", "+a1", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef0"]
        {
            let error = serde_json::from_value::<AddressSecret>(text.into()).unwrap_err().to_string();
            assert!(error.starts_with("not a secret of an address"), "{error}");
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
            assert_eq!(UploadKey::parse(key), None, "{key:?}");
        }
    }

    #[test]
    fn other_texts_are_no_places() {
        for text in ["", "1", "1/", "/1", "1/2/3", "01/2", "1/+2", "1/02", "x/1"] {
            assert_eq!(text.parse::<MediumPlace>(), Err(NotAPlace), "{text:?}");
        }
    }

    #[test]
    fn the_nearest_picture_is_found_and_far_ones_are_not() {
        let [same, near, far] =
            [0, (1 << PerceptualHash::NEAR) - 1, (1 << (PerceptualHash::NEAR + 1)) - 1].map(PerceptualHash);
        let nearest = |pictures: &[(char, PerceptualHash)]| same.nearest(pictures.iter().copied());
        assert_eq!(nearest(&[('f', far), ('n', near), ('s', same), ('t', same)]), Some('s'));
        assert_eq!(nearest(&[('f', far), ('n', near)]), Some('n'));
        assert_eq!(nearest(&[('f', far)]), None);
        assert_eq!(nearest(&[]), None);
    }
}
