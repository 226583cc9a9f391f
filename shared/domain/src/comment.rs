//! Comments and replies to them: where they are, what they say, whom they mention.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::account::UserName;
use crate::clock::Timestamp;
use crate::id::{CommentId, NotAnId, PhotoId, UserId};
use crate::text::CommentText;

/// Most mentions in one comment that link to somebody. What follows them is text.
pub const MAX_MENTIONS: usize = 20;
/// Most comments that are pinned under a photo.
pub const MAX_PINS: usize = 3;

/// Where a comment is: under a photo, or under a comment of that photo, to which it replies.
///
/// As text `<photo>.<comment>` or `<photo>.<comment>.<reply>`. Below its photo it is named by the rest
/// ([`Self::name`]), so that whoever has the name of a reply knows the comment it is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommentPath {
    /// The photo.
    pub photo: PhotoId,
    /// The comment on the photo.
    pub comment: CommentId,
    /// The reply to that comment, if it is one.
    pub reply: Option<CommentId>,
}

impl CommentPath {
    /// Returns the path of a comment on `photo`.
    pub fn new(photo: PhotoId, comment: CommentId) -> Self {
        Self { photo, comment, reply: None }
    }

    /// Returns the path of a reply to this comment. A reply to a reply is under the same comment.
    pub fn reply(self, reply: CommentId) -> Self {
        Self { reply: Some(reply), ..self }
    }

    /// Returns the comment on the photo: this one, or the one that this one is under.
    pub fn top(self) -> Self {
        Self { reply: None, ..self }
    }

    /// Returns the comment that this reply is under; `None` for a comment on the photo.
    pub fn parent(self) -> Option<Self> {
        self.reply.map(|_| self.top())
    }

    /// Returns its own id.
    pub fn id(self) -> CommentId {
        self.reply.unwrap_or(self.comment)
    }

    /// Returns when it was written.
    pub fn written_at(self) -> Timestamp {
        self.id().created_at()
    }

    /// Returns its name below the photo.
    pub fn name(self) -> String {
        match self.reply {
            None => self.comment.to_string(),
            Some(reply) => format!("{}.{reply}", self.comment),
        }
    }

    /// Reads a name below `photo`.
    pub fn named(photo: PhotoId, name: &str) -> Result<Self, NotAnId> {
        match name.split_once('.') {
            None => Ok(Self::new(photo, name.parse()?)),
            Some((comment, reply)) => Ok(Self::new(photo, comment.parse()?).reply(reply.parse()?)),
        }
    }
}

impl fmt::Display for CommentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.photo, self.name())
    }
}

impl FromStr for CommentPath {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (photo, name) = text.split_once('.').ok_or(NotAnId)?;
        Self::named(photo.parse()?, name)
    }
}

impl Serialize for CommentPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CommentPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What its writer states: the attributes of the actor's edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Whose photo it is on.
    pub author: UserId,
    /// The writer's user name. Names never change.
    pub username: String,
    /// What it says.
    pub text: CommentText,
    /// Whom it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// Who wrote what it replies to, if it is a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<UserId>,
    /// Whom of the mentioned to tell, each once: who may see the photo, and is not the writer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<UserId>,
}

/// A comment in its thread: the attributes of the derived edge, and its counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threaded {
    /// Who wrote it.
    pub by: UserId,
    /// Their user name.
    pub username: String,
    /// What it says.
    pub text: CommentText,
    /// Whom it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// How many people like it.
    #[serde(default)]
    pub likes: i64,
    /// How many replies it has.
    #[serde(default)]
    pub replies: i64,
}

impl Threaded {
    /// Returns the entry of a comment that `user` wrote, which nobody likes or has answered yet.
    pub fn new(user: UserId, comment: &Comment) -> Self {
        let Comment { username, text, mentions, .. } = comment.clone();
        Self { by: user, username, text, mentions, likes: 0, replies: 0 }
    }
}

/// Somebody who is mentioned in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Who.
    pub user: UserId,
    /// Their user name as it was written, without `@`.
    pub username: String,
    /// The place of `@` in the text, in Unicode scalar values.
    pub start: usize,
    /// How many scalar values it has, `@` included.
    pub length: usize,
}

/// A name in a text that may be somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name as it was written, without `@`.
    pub name: UserName,
    /// The place of `@` in the text, in Unicode scalar values.
    pub start: usize,
}

impl Named {
    /// Returns the mention of `user`, whose name it is.
    pub fn of(&self, user: UserId) -> Mention {
        let username = self.name.as_str().to_owned();
        // A user name is ASCII.
        let length = 1 + username.len();
        Mention { user, username, start: self.start, length }
    }
}

/// Returns the names that a text mentions as `@name`, in its order, at most [`MAX_MENTIONS`].
///
/// A mention begins where a word does: `ann@example.org` and `/@ann` have none. A dot at its end is the
/// sentence's. What no user name can be is text.
pub fn names_in(text: &str) -> Vec<Named> {
    let is_of_name =
        |character: char| character.is_ascii_alphanumeric() || character == '.' || character == '_';
    let goes_on = |character: char| character.is_alphanumeric() || matches!(character, '_' | '@');
    let (mut named, mut before) = (Vec::new(), None);
    let mut rest = text.char_indices().enumerate();
    while let Some((start, (offset, character))) = rest.next() {
        let begins = !before.is_some_and(|before: char| goes_on(before) || matches!(before, '.' | '/' | '#'));
        before = Some(character);
        if character != '@' || !begins {
            continue;
        }
        let after = text.get(offset + 1..).unwrap_or_default();
        let run = after.find(|character| !is_of_name(character)).unwrap_or(after.len());
        let (run, behind) = after.split_at(run);
        let name = run.trim_end_matches('.');
        if !behind.starts_with(goes_on) {
            named.extend(UserName::parse(name).ok().map(|name| Named { name, start }));
        }
        if named.len() == MAX_MENTIONS {
            break;
        }
        for _ in 0..run.len() {
            before = rest.next().map(|(_, (_, character))| character);
        }
    }
    named
}

/// Who may comment on a photo, of those who see it. Its author always may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Commenting {
    /// Everyone.
    #[default]
    Everyone,
    /// The author's followers.
    Followers,
    /// Nobody. Comments that are there stay.
    Off,
}

impl Commenting {
    /// Returns whether everyone may.
    pub fn is_everyone(&self) -> bool {
        *self == Self::Everyone
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(String, usize)> {
        names_in(text).into_iter().map(|named| (named.name.as_str().to_owned(), named.start)).collect()
    }

    #[test]
    fn a_mention_begins_where_a_word_does_and_leaves_the_sentence_its_dot() {
        for (text, right) in [
            ("@ann", vec![("ann", 0)]),
            ("hi @Ann_1, and (@b.c)!", vec![("Ann_1", 3), ("b.c", 16)]),
            ("ask @ann.", vec![("ann", 4)]),
            ("ask @ann...", vec![("ann", 4)]),
            ("🌅🌅 @ann", vec![("ann", 3)]),
            ("@ann @ann", vec![("ann", 0), ("ann", 5)]),
            ("é\n@ann", vec![("ann", 2)]),
        ] {
            let right: Vec<(String, usize)> =
                right.into_iter().map(|(name, at)| (name.to_owned(), at)).collect();
            assert_eq!(found(text), right, "{text:?}");
        }
    }

    #[test]
    fn addresses_and_what_is_no_name_are_text() {
        for text in [
            "ann@example.org",
            "https://example.org/@ann",
            "@ann@example.org",
            "@annä",
            "@",
            "@ ann",
            "@.ann",
            "@a..b",
            "@___",
            "@@ann",
            "#@ann",
            &format!("@{}", "a".repeat(31)),
        ] {
            assert!(found(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn the_first_twenty_mentions_count() {
        let names: Vec<String> = (0..30).map(|number| format!("@n{number}")).collect();
        let found = found(&names.join(" "));
        assert_eq!(found.len(), MAX_MENTIONS);
        assert_eq!(found.last().map(|(name, _)| name.as_str()), Some("n19"));
    }

    #[test]
    fn a_path_is_named_below_its_photo() {
        let (photo, comment) = (PhotoId::try_from(7).unwrap(), CommentId::try_from(8).unwrap());
        let path = CommentPath::new(photo, comment);
        let reply = path.reply(CommentId::try_from(9).unwrap());
        assert_eq!((path.name().as_str(), path.to_string().as_str()), ("8", "7.8"));
        assert_eq!((reply.name().as_str(), reply.to_string().as_str()), ("8.9", "7.8.9"));
        assert_eq!((path.parent(), reply.parent(), reply.top()), (None, Some(path), path));
        assert_eq!((reply.id().get(), path.id().get()), (9, 8));
        for path in [path, reply] {
            assert_eq!(path.to_string().parse(), Ok(path));
            assert_eq!(CommentPath::named(photo, &path.name()), Ok(path));
        }
        for bad in ["", "8.", ".8", "8.9.9", "08", "8.x"] {
            assert!(CommentPath::named(photo, bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_mention_is_in_the_text_where_it_says(text in "([@a-c. 🌅é\n/]|@ann){0,40}") {
            for named in names_in(&text) {
                let mention = named.of(UserId::try_from(1).unwrap());
                let there: String = text.chars().skip(mention.start).take(mention.length).collect();
                prop_assert_eq!(there, format!("@{}", mention.username));
            }
        }
    }
}
