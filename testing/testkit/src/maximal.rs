//! A photo that is as large as the rules allow. Budgets are measured with it.

use api::Caller;
use domain::PhotoId;
use domain::media::{AddressSecret, MediumPlace, PerceptualHash};
use domain::photo::{ContentType, MAX_MEDIA, MAX_UPLOAD_BYTES, Medium, Photo, Rendered};
use domain::text::{AltText, Caption, Location, MAX_TAGS, Tag};

/// A character of four bytes.
const WIDE: &str = "\u{1F305}";
/// A letter of four bytes.
const WIDE_LETTER: &str = "\u{10428}";

/// Returns a draft with as many media as may be, and with every text as long as may be.
pub fn draft(id: PhotoId, secret: AddressSecret, author: &Caller) -> Photo {
    let medium = Medium {
        content_type: ContentType::Jpeg,
        size: MAX_UPLOAD_BYTES,
        alt: AltText::parse(&WIDE.repeat(1_000)).expect("an alternative text"),
        rendered: None,
    };
    let tags: Vec<String> =
        (10..10 + MAX_TAGS).map(|number| format!("{}{number}", WIDE_LETTER.repeat(98))).collect();
    Photo {
        audience_since: 9_999_999_999_999,
        caption: Caption::parse(&WIDE.repeat(2_200)).expect("a caption"),
        place: Location::parse(&WIDE.repeat(100)).expect("a location"),
        tags: Tag::parse_all(tags.iter().map(String::as_str)).expect("tags"),
        ..Photo::draft(id, author.user_id, &author.username, secret, vec![medium; MAX_MEDIA])
    }
}

/// Returns the result of rendering a medium with every fact as long as may be.
pub fn rendered() -> Rendered {
    let last = PhotoId::try_from(i64::MAX as u64).expect("an id");
    Rendered {
        width: 65_535,
        height: 65_535,
        blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned(),
        sha256: "f".repeat(64),
        phash: PerceptualHash(u64::MAX),
        stored_at: Some(MediumPlace { photo: last, index: MAX_MEDIA - 1 }),
        similar_to: Some(last),
    }
}
