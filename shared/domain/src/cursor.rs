//! Opaque positions in lists.
//!
//! A cursor names the last item seen and never an offset. It stays valid when that item is deleted,
//! or when items are added before it.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::text::Invalid;

const MAX_LEN: usize = 200;

/// A list that pages. Its tag is part of the cursor, so that a list refuses the cursors of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The personal feed; positions are photo ids.
    Feed,
    /// An author's photos; positions are photo ids.
    Timeline,
    /// Somebody's followers; positions are user ids.
    Followers,
    /// Whom somebody follows; positions are user ids.
    Following,
    /// Who liked a photo; positions are user ids.
    Likers,
    /// The comments of a photo, newest first; positions are comment ids.
    Comments,
    /// The comments of a photo, top first; positions are those of `table::comment`.
    TopComments,
    /// The replies to a comment, oldest first; positions are comment ids.
    Replies,
    /// The inbox; positions are `inbox::Position`s.
    Inbox,
    /// One's saved photos; positions are photo ids.
    Saved,
    /// Whom somebody blocks; positions are user ids.
    Blocks,
    /// Whom somebody mutes; positions are user ids.
    Mutes,
    /// Somebody's close friends; positions are user ids.
    CloseFriends,
    /// Who asks to follow somebody; positions are user ids.
    Requests,
    /// Who is found by a search; positions are those of `table::search`.
    Search,
}

impl List {
    fn tag(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Timeline => "timeline",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Likers => "likers",
            Self::Comments => "comments",
            Self::TopComments => "top-comments",
            Self::Replies => "replies",
            Self::Inbox => "inbox",
            Self::Saved => "saved",
            Self::Blocks => "blocks",
            Self::Mutes => "mutes",
            Self::CloseFriends => "close-friends",
            Self::Requests => "requests",
            Self::Search => "search",
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{PhotoId, UserId};

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = List::Followers.cursor(&UserId::try_from(7).unwrap());
        assert_eq!(List::Followers.position::<UserId>(&cursor).unwrap().get(), 7);
        assert_eq!(List::Following.position::<UserId>(&cursor).unwrap_err().code, "bad_cursor");
    }

    proptest! {
        #[test]
        fn positions_round_trip(number in 0..=i64::MAX as u64) {
            let position = PhotoId::try_from(number).unwrap();
            prop_assert_eq!(List::Feed.position::<PhotoId>(&List::Feed.cursor(&position)).unwrap(), position);
        }

        #[test]
        fn anything_else_is_a_bad_cursor(text in "\\PC{0,300}") {
            if let Err(invalid) = List::Feed.position::<PhotoId>(&text) {
                prop_assert_eq!(invalid.code, "bad_cursor");
            }
        }
    }
}
