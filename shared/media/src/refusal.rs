//! Why a file was not turned into renditions.

use std::error::Error;
use std::io;

use image::ImageError;
use image::error::{DecodingError, ImageFormatHint};

use crate::limits::Limits;

/// The reason a file is not processed. It is final: the same bytes are refused again, so nobody should retry.
///
/// `Display` is a sentence for the person who uploaded the file. `Debug` has the codec's own words as well,
/// for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No bytes at all.
    #[error("The file is empty.")]
    Empty,
    /// Not a format we decode. Holds the name of what it seems to be.
    #[error("{0} is not supported: send a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP picture.")]
    Unsupported(&'static str),
    /// Over a limit on bytes, sides, pixels or memory; says which.
    #[error("The picture is too large: {0}.")]
    TooLarge(String),
    /// A JPEG with more scans than any camera or editor writes.
    #[error("The picture has too many scans: {limit} are allowed.")]
    TooManyScans {
        /// The limit it went over.
        limit: u32,
    },
    /// A format we decode, but broken.
    #[error("The file is damaged: {what}.")]
    Corrupt {
        /// What is wrong with it, in words for its owner.
        what: &'static str,
        /// What the codec said, for logs.
        cause: Option<String>,
    },
    /// A picture over which decoders died twice, because they took too much memory or time.
    #[error("The picture is too hard to decode.")]
    TooHard,
    /// One of our own steps failed after decoding. The fault is ours and not the file's: worth an alarm.
    #[error("The picture could not be processed.")]
    Unprocessable {
        /// The step that failed.
        step: &'static str,
        /// What it said, for logs.
        cause: Option<String>,
    },
}

impl Refusal {
    /// The stable name that clients and stored failures use.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "image_empty",
            Self::Unsupported(_) => "image_unsupported",
            Self::TooLarge(_) => "image_too_large",
            Self::TooManyScans { .. } => "image_too_many_scans",
            Self::Corrupt { .. } => "image_corrupt",
            Self::TooHard => "image_too_hard",
            Self::Unprocessable { .. } => "image_unprocessable",
        }
    }

    /// A sentence for the person who uploaded the file.
    pub fn detail(&self) -> String {
        self.to_string()
    }

    /// A damaged file, found damaged by us.
    pub(crate) fn corrupt(what: &'static str) -> Self {
        Self::Corrupt { what, cause: None }
    }

    /// A file that ends before its picture does, usually an interrupted upload.
    pub(crate) fn cut_off() -> Self {
        Self::corrupt("it ends before the picture does")
    }

    /// A file that contradicts itself, so that what was checked may not be what is decoded.
    pub(crate) fn disagrees() -> Self {
        Self::corrupt("it declares different dimensions in different places")
    }

    /// A container without anything to show.
    pub(crate) fn no_picture() -> Self {
        Self::corrupt("it holds no picture")
    }

    /// A damaged file, found damaged by a codec.
    pub(crate) fn undecodable(cause: impl std::fmt::Display) -> Self {
        Self::Corrupt { what: "it cannot be decoded", cause: Some(cause.to_string()) }
    }

    /// A failure of one of our own steps.
    pub(crate) fn failed(step: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Unprocessable { step, cause: Some(cause.to_string()) }
    }

    /// A picture whose decoder would hold more than it may.
    pub(crate) fn too_much_memory() -> Self {
        let most = Limits::default().memory / 1_000_000;
        Self::TooLarge(format!("decoding it takes more than the {most} MB that are allowed"))
    }
}

/// Every error of a decoder is about the file. A refusal that passed through a decoder is returned unchanged.
impl From<ImageError> for Refusal {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Decoding(error) => {
                let own = error.source().and_then(|source| source.downcast_ref::<Self>());
                own.cloned().unwrap_or_else(|| Self::undecodable(error))
            }
            ImageError::Limits(_) => Self::too_much_memory(),
            ImageError::Unsupported(_) => Self::Unsupported("This kind of picture"),
            ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::cut_off(),
            error => Self::undecodable(error),
        }
    }
}

impl From<Refusal> for ImageError {
    fn from(refusal: Refusal) -> Self {
        Self::Decoding(DecodingError::new(ImageFormatHint::Unknown, refusal))
    }
}

#[cfg(test)]
mod tests {
    use image::error::{LimitError, LimitErrorKind};

    use super::*;

    #[test]
    fn a_refusal_goes_through_a_decoder_unchanged() {
        for refusal in [Refusal::cut_off(), Refusal::Unsupported("A palette"), Refusal::undecodable("marker")]
        {
            assert_eq!(Refusal::from(ImageError::from(refusal.clone())), refusal);
        }
    }

    #[test]
    fn the_errors_of_decoders_are_refusals_of_the_file() {
        let end = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(Refusal::from(ImageError::IoError(end)), Refusal::cut_off());
        let limit = LimitError::from_kind(LimitErrorKind::InsufficientMemory);
        let refusal = Refusal::from(ImageError::Limits(limit));
        assert!(refusal.code() == "image_too_large" && refusal.detail().contains("720"), "{refusal:?}");
        let broken = DecodingError::new(ImageFormatHint::Unknown, "a bad marker");
        assert_eq!(Refusal::from(ImageError::Decoding(broken)).code(), "image_corrupt");
    }
}
