//! Opaque positions in lists.
//!
//! A cursor names the last item seen and never an offset. It stays valid when that item is deleted,
//! or when items are added before it.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::PhotoId;
use crate::text::Invalid;

const MAX_LEN: usize = 200;

/// A list that pages. Its tag is part of the cursor, so that a list refuses the cursors of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The personal feed; positions are [`FeedPosition`].
    Feed,
    /// An author's photos; positions are photo ids.
    Timeline,
    /// Somebody's followers; positions are user ids.
    Followers,
    /// Whom somebody follows; positions are user ids.
    Following,
    /// Who liked a photo; positions are user ids.
    Likers,
    /// The inbox; positions are row ids.
    Inbox,
}

impl List {
    fn tag(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Timeline => "timeline",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Likers => "likers",
            Self::Inbox => "inbox",
        }
    }

    /// Returns the cursor that names `position`.
    pub fn cursor(self, position: &impl Display) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{position}", self.tag()))
    }

    /// Returns the position that a cursor names.
    ///
    /// A text that this list never gave out is [`Invalid`] with code `bad_cursor`.
    pub fn position<P: FromStr>(self, cursor: &str) -> Result<P, Invalid> {
        let bad = || Invalid::new("bad_cursor", "This cursor was not given out by this list.");
        if cursor.len() > MAX_LEN {
            return Err(bad());
        }
        let text = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let text = String::from_utf8(text).map_err(|_| bad())?;
        let (tag, position) = text.split_once(':').ok_or_else(bad)?;
        if tag != self.tag() {
            return Err(bad());
        }
        position.parse().map_err(|_| bad())
    }
}

/// A reader's position in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPosition {
    /// How the next page is made.
    pub mode: FeedMode,
    /// The last photo seen; the next page is older.
    pub after: PhotoId,
}

/// The source of a page of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedMode {
    /// The entries that fan-out wrote.
    Pushed,
    /// The newest photos of everyone the reader follows.
    Pulled,
}

impl Display for FeedPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mode = match self.mode {
            FeedMode::Pushed => "pushed",
            FeedMode::Pulled => "pulled",
        };
        write!(f, "{mode}:{}", self.after)
    }
}

impl FromStr for FeedPosition {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = || Invalid::new("bad_cursor", "This is not a position in a feed.");
        let (mode, after) = text.split_once(':').ok_or_else(bad)?;
        let mode = match mode {
            "pushed" => FeedMode::Pushed,
            "pulled" => FeedMode::Pulled,
            _ => return Err(bad()),
        };
        Ok(Self { mode, after: after.parse().map_err(|_| bad())? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::UserId;

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = List::Followers.cursor(&UserId::try_from(7).unwrap());
        assert_eq!(List::Followers.position::<UserId>(&cursor).unwrap().get(), 7);
        assert_eq!(List::Following.position::<UserId>(&cursor).unwrap_err().code, "bad_cursor");
    }

    proptest! {
        #[test]
        fn positions_round_trip(number in 0..=i64::MAX as u64, pushed: bool) {
            let mode = if pushed { FeedMode::Pushed } else { FeedMode::Pulled };
            let position = FeedPosition { mode, after: PhotoId::try_from(number).unwrap() };
            prop_assert_eq!(List::Feed.position::<FeedPosition>(&List::Feed.cursor(&position)).unwrap(), position);
        }

        #[test]
        fn anything_else_is_a_bad_cursor(text in "\\PC{0,300}") {
            if let Err(invalid) = List::Feed.position::<FeedPosition>(&text) {
                prop_assert_eq!(invalid.code, "bad_cursor");
            }
        }
    }
}
