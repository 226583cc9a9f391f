//! A validated request for a new photo.

use api::Caller;
use api::wire::{CreatePhotoRequest, MediumRequest};
use domain::media::AddressSecret;
use domain::photo::{ContentType, MAX_MEDIA, MAX_UPLOAD_BYTES, Medium, Photo};
use domain::text::{AltText, Caption, Location, Tag};
use domain::{Invalid, PhotoId};
use table::privacy::Privacy;

/// A request for a photo that satisfies every rule.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    caption: Option<Caption>,
    place: Option<Location>,
    tags: Vec<Tag>,
    media: Vec<Medium>,
}

impl Draft {
    /// Checks every field; returns the first broken rule as the error.
    pub(crate) fn parse(request: &CreatePhotoRequest) -> Result<Self, Invalid> {
        let caption = optional(request.caption.as_deref(), Caption::parse)?;
        let place = optional(request.location.as_deref(), Location::parse)?;
        let tags = Tag::parse_all(request.tags.iter().map(String::as_str))?;
        if request.media.is_empty() {
            return Err(Invalid::new("media_missing", "A photo has at least one medium."));
        }
        if request.media.len() > MAX_MEDIA {
            return Err(Invalid::new("too_many_media", format!("A photo has at most {MAX_MEDIA} media.")));
        }
        let media = request.media.iter().map(medium).collect::<Result<_, _>>()?;
        Ok(Self { caption, place, tags, media })
    }

    /// Returns the bytes that all uploads together may have.
    pub(crate) fn bytes(&self) -> i64 {
        let bytes: u64 = self.media.iter().map(|medium| medium.size).sum();
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// Returns the photo with this id and this secret in its first state, for whom the account shows photos.
    pub(crate) fn photo(
        &self,
        id: PhotoId,
        secret: AddressSecret,
        author: &Caller,
        privacy: &Privacy,
    ) -> Photo {
        Photo {
            audience: privacy.audience(),
            audience_since: privacy.switched,
            caption: self.caption.clone(),
            place: self.place.clone(),
            tags: self.tags.clone(),
            ..Photo::draft(id, author.user_id, &author.username, secret, self.media.clone())
        }
    }
}

fn optional<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<Option<T>, Invalid>,
) -> Result<Option<T>, Invalid> {
    text.map_or(Ok(None), parse)
}

/// Parses the type of an upload.
pub(crate) fn content_type(text: &str) -> Result<ContentType, Invalid> {
    ContentType::parse(text).ok_or_else(|| {
        Invalid::new(
            "content_type_unsupported",
            "A medium is image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic, image/tiff or \
             image/bmp, without parameters.",
        )
    })
}

fn medium(request: &MediumRequest) -> Result<Medium, Invalid> {
    let content_type = content_type(&request.content_type)?;
    match request.size {
        0 => Err(Invalid::new("media_empty", "A medium has at least one byte.")),
        1..=MAX_UPLOAD_BYTES => {
            let alt = optional(request.alt.as_deref(), AltText::parse)?;
            Ok(Medium { content_type, size: request.size, alt, rendered: None })
        }
        _ => Err(Invalid::new("media_too_large", format!("A medium has at most {MAX_UPLOAD_BYTES} bytes."))),
    }
}
