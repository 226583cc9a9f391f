//! Partition and sort keys: the only place that makes or reads one.

use domain::device::DeviceId;
use domain::id::follower_hash;
use domain::inbox::{Once, RowId, Subject};
use domain::mail_link::{LinkDigest, Purpose};
use domain::visibility::Tie;
use domain::{CollectionId, CommentId, CommentPath, Home, PhotoId, Timestamp, UserId};

mod chart;
mod inbox;
mod names;
pub(crate) mod partition;
pub(crate) mod sort;

pub use chart::{ChartRow, chart};

/// Name of the partition key attribute.
pub const PK: &str = "pk";
/// Name of the sort key attribute.
pub const SK: &str = "sk";
/// Name of the TTL attribute, in seconds since the epoch.
pub const EXPIRES_AT: &str = "expires_at";

/// The key of one item as the table stores it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl RawKey {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

/// The typed key of an item: what it is, and whose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKey {
    /// A user's profile and counters.
    User(UserId),
    /// A user's password hash.
    Credential(UserId),
    /// An author's newest photos.
    Head(UserId),
    /// The claim of a folded user name.
    NameClaim(String),
    /// The claim of a proved e-mail address, by its digest.
    EmailClaim(String),
    /// A user's e-mail address, sealed.
    Address(UserId),
    /// A link that was mailed to a user, or is to be.
    MailLink(UserId, Purpose, LinkDigest),
    /// A user changed their password at a moment, and is to be told by mail.
    PasswordChange(UserId, Timestamp),
    /// A session of a user, by its id.
    Session(UserId, String),
    /// Who has a device by now.
    DeviceClaim(DeviceId),
    /// The public key that verifies the access tokens of a day.
    VerifyingKey(i64),
    /// The private key that signs the access tokens of a day, wrapped by the key service.
    SigningKey(i64),
    /// The first follows the second: the actor's edge.
    Following(UserId, UserId),
    /// The first is followed by the second: the derived edge.
    Follower(UserId, UserId),
    /// What the first says about the second: the actor's item.
    Pair(UserId, UserId),
    /// Whether the second hears of each photo of the first: the derived edge.
    Bell(UserId, UserId),
    /// Whom a viewer blocks and mutes, and who blocks them.
    Circle(UserId),
    /// What the circle of the first has no room to say of the second.
    Beyond(UserId, Tie, UserId),
    /// Whom a user follows, packed.
    Followings(UserId),
    /// The first asks to follow the second: the actor's edge.
    Request(UserId, UserId),
    /// The first is asked by the second: the derived edge.
    Requested(UserId, UserId),
    /// A photo.
    Photo(PhotoId),
    /// The attempts to render a medium of a photo, by its index.
    Attempt(PhotoId, usize),
    /// The texts of a photo that are too long for its item.
    PhotoTexts(PhotoId),
    /// Bytes that a user has uploaded, by their SHA-256 in hexadecimal.
    Original(UserId, String),
    /// The newest upload of a user's profile picture.
    ProfilePicture(UserId),
    /// Whose turn it is to change what is stored of a user's profile picture.
    PictureTurn(UserId),
    /// A photo among its author's.
    Timeline(UserId, PhotoId),
    /// A pushed photo in a reader's feed.
    FeedEntry(UserId, PhotoId),
    /// A part of the snapshot that was taken of a reader's feed for a mark, by the oldest photo in it.
    FeedChunk(UserId, i64, PhotoId),
    /// The photos of an author whom the reader followed after the snapshot was taken.
    FeedAuthor(UserId, UserId),
    /// A reader's activity.
    FeedState(UserId),
    /// The user likes the photo: the actor's edge.
    Like(UserId, PhotoId),
    /// The photo is liked by the user: the derived edge.
    Liker(PhotoId, UserId),
    /// A photo that the user saved.
    Saved(UserId, PhotoId),
    /// A collection of the user's saved photos.
    Collection(UserId, CollectionId),
    /// A comment or reply of the user: the actor's edge.
    Comment(UserId, CommentPath),
    /// A comment in its photo's thread, or a reply among those to its comment: the derived edge.
    Threaded(CommentPath),
    /// The comments of a photo that come first when the top ones do.
    TopComments(PhotoId),
    /// The first, whose photo it is, removes a comment of somebody else.
    Removal(UserId, CommentPath),
    /// The user likes the comment: the actor's edge.
    CommentLike(UserId, CommentPath),
    /// The comment is liked by the user: the derived edge.
    CommentLiker(CommentPath, UserId),
    /// A row of an inbox, by when it was last told.
    InboxRow(UserId, Timestamp, RowId),
    /// Where a row of an inbox is, and how it is told.
    InboxPlace(UserId, RowId),
    /// Remembers when an actor came into the recipient's notifications about a subject, or into one row of them,
    /// and whether they still are.
    InboxMarker(UserId, Once, UserId),
    /// How far an inbox is read, and how many rows are not.
    InboxState(UserId),
    /// A row of the user's inbox is told again, in its minute and shard.
    Due(i64, u8, UserId, RowId),
    /// The end of somebody's quiet hours, in a shard of a minute.
    QuietEnd(i64, u8, UserId),
    /// An open socket of a user, by the id that API Gateway gave it.
    LiveSocket(UserId, String),
    /// A socket that watches a photo, by the id that API Gateway gave it.
    Watcher(PhotoId, String),
    /// Until when a photo may be watched, and the second in which its watchers are told.
    WatchState(PhotoId),
    /// What somebody wants to be told of.
    NotificationSettings(UserId),
    /// The uses of a quota by an owner in one window.
    Rate(UserId, String),
    /// What a user's idempotency key made.
    Idempotency(UserId, String),
    /// Somebody who gets the daily mail at an hour of the day, in one of the hour's shards.
    Digest(u8, u8, UserId),
    /// A photo that waits to be processed, in its hour and shard.
    Processing(i64, u8, PhotoId),
    /// Somebody in the index of names, under one text of their names.
    Token(String, UserId),
    /// The most popular people of a home whose names have a word with this prefix.
    TopList(Home, String),
    /// Somebody as popular as a step says, in one of its shards.
    Popular(u8, u8, UserId),
}

const PROFILE: &str = "PROFILE";
const CREDENTIAL: &str = "CREDENTIAL";
const HEAD: &str = "HEAD";
const CIRCLE: &str = "CIRCLE";
/// Sorts before every followed user's edge.
const FOLLOWINGS: &str = "FOLLOWINGS";
const CLAIM: &str = "CLAIM";
const ADDRESS: &str = "ADDRESS";
const KEY: &str = "KEY";
const PHOTO: &str = "PHOTO";
const TEXTS: &str = "TEXTS";
const PICTURE: &str = "PICTURE";
const TURN: &str = "TURN";
const SETTINGS: &str = "SETTINGS";
const QUIET: &str = "QUIET";
const IDEM: &str = "IDEM";
/// Sorts after the comments of its partition.
const TOP: &str = "TOP";
/// Sorts after every other key of its partition, so that a descending query meets it first.
const STATE: &str = "~STATE";

impl ItemKey {
    /// The key as the table stores it.
    pub fn raw(&self) -> RawKey {
        match self {
            Self::User(user) => RawKey::new(partition::user(*user), PROFILE),
            // A partition of its own: rights go by partition, and hardly any function may touch a password
            // hash.
            Self::Credential(user) => RawKey::new(format!("CREDENTIAL#{}", user.padded()), CREDENTIAL),
            Self::Head(user) => RawKey::new(partition::user(*user), HEAD),
            Self::NameClaim(folded) => RawKey::new(format!("NAME#{folded}"), CLAIM),
            Self::EmailClaim(digest) => RawKey::new(format!("EMAIL#{digest}"), CLAIM),
            // A partition of its own: one function writes addresses, and another one reads them.
            Self::Address(user) => RawKey::new(format!("ADDRESS#{}", user.padded()), ADDRESS),
            Self::MailLink(user, purpose, digest) => {
                let of_purpose = sort::links(*purpose);
                RawKey::new(partition::links(*user), format!("{of_purpose}{}", digest.as_str()))
            }
            Self::PasswordChange(user, at) => {
                RawKey::new(partition::links(*user), format!("{}{:013}", sort::PASSWORD_CHANGE, at.0))
            }
            Self::Session(user, session) => RawKey::new(partition::sessions(*user), session),
            Self::DeviceClaim(device) => RawKey::new(format!("DEVICE#{}", device.as_str()), CLAIM),
            // Two partitions: every function verifies, and hardly any may sign.
            Self::VerifyingKey(day) => RawKey::new(format!("VERIFYING#{day:06}"), KEY),
            Self::SigningKey(day) => RawKey::new(format!("SIGNING#{day:06}"), KEY),
            Self::Following(user, followee) => {
                RawKey::new(partition::user(*user), format!("{}{}", sort::FOLLOWS, followee.padded()))
            }
            Self::Follower(user, follower) => {
                RawKey::new(partition::followers(*user), sort::follower(*follower))
            }
            Self::Pair(user, other) => RawKey::new(partition::pairs(*user), other.padded()),
            // As followers sort, so that a fan-out walks it by the same ranges.
            Self::Bell(author, listener) => RawKey::new(partition::bells(*author), sort::follower(*listener)),
            Self::Circle(user) => RawKey::new(partition::user(*user), CIRCLE),
            Self::Beyond(user, tie, other) => {
                RawKey::new(partition::beyond(*user), format!("{}{}", sort::tie(*tie), other.padded()))
            }
            Self::Followings(user) => RawKey::new(partition::user(*user), FOLLOWINGS),
            Self::Request(user, other) => {
                RawKey::new(partition::user(*user), format!("{}{}", sort::REQUESTS, other.padded()))
            }
            Self::Requested(user, other) => RawKey::new(partition::requested(*user), other.padded()),
            Self::Photo(photo) => RawKey::new(partition::photo(*photo), PHOTO),
            Self::Attempt(photo, index) => {
                RawKey::new(format!("ATTEMPTS#{}", photo.padded()), index.to_string())
            }
            Self::PhotoTexts(photo) => RawKey::new(partition::photo(*photo), TEXTS),
            Self::Original(user, sha256) => RawKey::new(format!("ORIGINALS#{}", user.padded()), sha256),
            Self::ProfilePicture(user) => RawKey::new(format!("PICTURE#{}", user.padded()), PICTURE),
            Self::PictureTurn(user) => RawKey::new(format!("PICTURE#{}", user.padded()), TURN),
            Self::Timeline(user, photo) => RawKey::new(partition::timeline(*user), photo.padded()),
            Self::FeedEntry(user, photo) => RawKey::new(partition::feed(*user), sort::entry(*photo)),
            Self::FeedChunk(user, mark, oldest) => {
                RawKey::new(partition::feed(*user), sort::chunk(*mark, *oldest))
            }
            Self::FeedAuthor(user, author) => {
                RawKey::new(partition::feed(*user), format!("{}{}", sort::AUTHOR, author.padded()))
            }
            Self::FeedState(user) => RawKey::new(partition::feed(*user), STATE),
            Self::Like(user, photo) => RawKey::new(partition::likes(*user), photo.padded()),
            // A partition of its own, as a hot photo's likers are many.
            Self::Liker(photo, user) => RawKey::new(partition::likers(*photo), user.padded()),
            Self::Saved(user, photo) => RawKey::new(partition::saved(*user), photo.padded()),
            Self::Collection(user, collection) => {
                RawKey::new(partition::saved(*user), format!("{}{}", sort::COLLECTION, collection.padded()))
            }
            Self::Comment(user, path) => RawKey::new(partition::comments(*user), sort::comment(*path)),
            Self::Threaded(path) => Self::threaded(*path),
            Self::TopComments(photo) => RawKey::new(partition::thread(*photo), TOP),
            Self::Removal(author, path) => {
                RawKey::new(format!("REMOVALS#{}", author.padded()), sort::path(*path))
            }
            Self::CommentLike(user, path) => {
                RawKey::new(partition::likes(*user), format!("{}{}", sort::OF_COMMENT, sort::path(*path)))
            }
            Self::CommentLiker(path, user) => RawKey::new(partition::comment_likers(*path), user.padded()),
            Self::InboxRow(user, place, row) => {
                RawKey::new(partition::inbox(*user), format!("{}-{row}", sort::place(*place)))
            }
            Self::InboxPlace(user, row) => {
                RawKey::new(partition::inbox(*user), sort::row_place(row.subject, row.opened))
            }
            Self::InboxMarker(user, once, actor) => RawKey::new(
                partition::inbox(*user),
                format!("{}{}", sort::markers_within(*once), actor.padded()),
            ),
            Self::InboxState(user) => RawKey::new(partition::inbox(*user), STATE),
            Self::Due(minute, shard, user, row) => {
                RawKey::new(partition::due(*minute, *shard), format!("{}#{row}", user.padded()))
            }
            Self::QuietEnd(minute, shard, user) => {
                RawKey::new(partition::due(*minute, *shard), format!("{}#{QUIET}", user.padded()))
            }
            Self::LiveSocket(user, connection) => RawKey::new(partition::live(*user), connection),
            Self::Watcher(photo, connection) => RawKey::new(partition::watchers(*photo), connection),
            Self::WatchState(photo) => RawKey::new(partition::watchers(*photo), STATE),
            Self::NotificationSettings(user) => RawKey::new(partition::inbox(*user), SETTINGS),
            Self::Rate(user, window) => RawKey::new(format!("RATE#{}", user.padded()), window),
            Self::Idempotency(user, key) => RawKey::new(format!("IDEM#{}#{key}", user.padded()), IDEM),
            Self::Digest(hour, shard, user) => RawKey::new(partition::digests(*hour, *shard), user.padded()),
            Self::Processing(hour, shard, photo) => {
                RawKey::new(partition::processing(*hour, *shard), photo.padded())
            }
            Self::Token(text, user) => names::token(text, *user),
            Self::TopList(home, prefix) => names::top_list(*home, prefix),
            Self::Popular(step, shard, user) => RawKey::new(partition::popular(*step, *shard), user.padded()),
        }
    }

    /// A hot photo's comments are many, so that they are in no partition of something else. Replies are apart, so that
    /// a page of a thread is one query.
    fn threaded(path: CommentPath) -> RawKey {
        match path.reply {
            None => RawKey::new(partition::thread(path.photo), path.comment.padded()),
            Some(reply) => RawKey::new(
                partition::replies(path.photo),
                format!("{}#{}", path.comment.padded(), reply.padded()),
            ),
        }
    }

    /// Returns the home region of the item: that of the first id in its key.
    ///
    /// An item is written in its home and nowhere else. The first id in a derived item's key is the id of
    /// what the item is about. So a follower edge has the home of the followee, whoever follows.
    ///
    /// `None` for claims and keys of tokens: their keys have no id, and they are never derived. The id in the
    /// key of a quota may be a digest of a typed name or an address. Its home is then arbitrary, but always
    /// the same.
    pub fn home(&self) -> Option<Home> {
        match self {
            Self::User(user)
            | Self::Credential(user)
            | Self::Address(user)
            | Self::MailLink(user, _, _)
            | Self::PasswordChange(user, _)
            | Self::Session(user, _)
            | Self::Head(user)
            | Self::Following(user, _)
            | Self::Follower(user, _)
            | Self::Pair(user, _)
            | Self::Bell(user, _)
            | Self::Circle(user)
            | Self::Beyond(user, _, _)
            | Self::Followings(user)
            | Self::Request(user, _)
            | Self::Requested(user, _)
            | Self::Original(user, _)
            | Self::ProfilePicture(user)
            | Self::PictureTurn(user)
            | Self::Timeline(user, _)
            | Self::FeedEntry(user, _)
            | Self::FeedChunk(user, _, _)
            | Self::FeedAuthor(user, _)
            | Self::FeedState(user)
            | Self::Like(user, _)
            | Self::Saved(user, _)
            | Self::Collection(user, _)
            | Self::Comment(user, _)
            | Self::Removal(user, _)
            | Self::CommentLike(user, _)
            | Self::InboxRow(user, _, _)
            | Self::InboxPlace(user, _)
            | Self::InboxMarker(user, _, _)
            | Self::InboxState(user)
            | Self::Due(_, _, user, _)
            | Self::QuietEnd(_, _, user)
            | Self::LiveSocket(user, _)
            | Self::NotificationSettings(user)
            | Self::Rate(user, _)
            | Self::Digest(_, _, user)
            | Self::Token(_, user)
            | Self::Popular(_, _, user)
            | Self::Idempotency(user, _) => Some(user.home()),
            Self::Photo(photo)
            | Self::Attempt(photo, _)
            | Self::PhotoTexts(photo)
            | Self::Liker(photo, _)
            | Self::Watcher(photo, _)
            | Self::WatchState(photo)
            | Self::TopComments(photo)
            | Self::Processing(_, _, photo) => Some(photo.home()),
            Self::Threaded(path) | Self::CommentLiker(path, _) => Some(path.photo.home()),
            Self::TopList(home, _) => Some(*home),
            Self::NameClaim(_)
            | Self::EmailClaim(_)
            | Self::DeviceClaim(_)
            | Self::VerifyingKey(_)
            | Self::SigningKey(_) => None,
        }
    }

    /// Reads a key; `None` for a key this table never makes.
    pub fn parse(pk: &str, sk: &str) -> Option<Self> {
        let (kind, rest) = pk.split_once('#')?;
        let key = match kind {
            "USER" => {
                let user = id(rest)?;
                match sk {
                    PROFILE => Self::User(user),
                    HEAD => Self::Head(user),
                    CIRCLE => Self::Circle(user),
                    FOLLOWINGS => Self::Followings(user),
                    _ => match sk.strip_prefix(sort::FOLLOWS) {
                        Some(followee) => Self::Following(user, id(followee)?),
                        None => Self::Request(user, id(sk.strip_prefix(sort::REQUESTS)?)?),
                    },
                }
            }
            "CREDENTIAL" => Self::Credential(id(rest)?),
            "NAME" => Self::NameClaim(rest.to_owned()),
            "EMAIL" => Self::EmailClaim(rest.to_owned()),
            "DEVICE" => Self::DeviceClaim(DeviceId::parse(rest)?),
            "ADDRESS" => Self::Address(id(rest)?),
            "LINKS" => Self::parse_link(id(rest)?, sk)?,
            "SESSION" => Self::Session(id(rest)?, sk.to_owned()),
            "VERIFYING" => Self::VerifyingKey(rest.parse().ok()?),
            "SIGNING" => Self::SigningKey(rest.parse().ok()?),
            "FOLLOWERS" => Self::Follower(id(rest)?, id(sk.rsplit_once('#')?.1)?),
            "PAIRS" => Self::Pair(id(rest)?, id(sk)?),
            "BELLS" => Self::Bell(id(rest)?, id(sk.rsplit_once('#')?.1)?),
            "BEYOND" => {
                let mut ties = Tie::ALL.into_iter();
                let (tie, other) = ties.find_map(|tie| Some((tie, sk.strip_prefix(sort::tie(tie))?)))?;
                Self::Beyond(id(rest)?, tie, id(other)?)
            }
            "REQUESTED" => Self::Requested(id(rest)?, id(sk)?),
            "PHOTO" => {
                let photo = id(rest)?;
                if sk == TEXTS { Self::PhotoTexts(photo) } else { Self::Photo(photo) }
            }
            "ATTEMPTS" => Self::Attempt(id(rest)?, sk.parse().ok()?),
            "LIKERS" => Self::Liker(id(rest)?, id(sk)?),
            "ORIGINALS" => Self::Original(id(rest)?, sk.to_owned()),
            "PICTURE" => {
                let user = id(rest)?;
                if sk == TURN { Self::PictureTurn(user) } else { Self::ProfilePicture(user) }
            }
            "TIMELINE" => Self::Timeline(id(rest)?, id(sk)?),
            "FEED" => {
                let user = id(rest)?;
                match sk.split_once('#') {
                    Some(("P", photo)) => Self::FeedEntry(user, id(photo)?),
                    Some(("A", author)) => Self::FeedAuthor(user, id(author)?),
                    Some(("C", chunk)) => {
                        let (mark, oldest) = chunk.split_once('#')?;
                        Self::FeedChunk(user, mark.parse().ok()?, id(oldest)?)
                    }
                    _ => Self::FeedState(user),
                }
            }
            "LIKES" => match sk.strip_prefix(sort::OF_COMMENT) {
                Some(path) => Self::CommentLike(id(rest)?, comment(path)?),
                None => Self::Like(id(rest)?, id(sk)?),
            },
            "SAVED" => {
                let user = id(rest)?;
                match sk.strip_prefix(sort::COLLECTION) {
                    Some(collection) => Self::Collection(user, id(collection)?),
                    None => Self::Saved(user, id(sk)?),
                }
            }
            "COMMENTS" => {
                Self::Comment(id(rest)?, comment(&sk.replacen("#C#", "#", 1).replacen("#R#", "#", 1))?)
            }
            "THREAD" if sk == TOP => Self::TopComments(id(rest)?),
            "THREAD" => Self::Threaded(CommentPath::new(id(rest)?, id(sk)?)),
            "REPLIES" => Self::Threaded(comment(&format!("{rest}#{sk}"))?),
            "REMOVALS" => Self::Removal(id(rest)?, comment(sk)?),
            "COMMENT" => Self::CommentLiker(comment(rest)?, id(sk)?),
            "INBOX" => inbox::parse(id(rest)?, sk)?,
            "LIVE" => Self::LiveSocket(id(rest)?, sk.to_owned()),
            "WATCHERS" if sk == STATE => Self::WatchState(id(rest)?),
            "WATCHERS" => Self::Watcher(id(rest)?, sk.to_owned()),
            "DUE" => Self::parse_due(rest, sk)?,
            "RATE" => Self::Rate(id(rest)?, sk.to_owned()),
            "IDEM" => {
                let (user, key) = rest.split_once('#')?;
                Self::Idempotency(id(user)?, key.to_owned())
            }
            "DIGEST" => {
                let (hour, shard) = rest.split_once('#')?;
                Self::Digest(hour.parse().ok()?, shard.parse().ok()?, id(sk)?)
            }
            "PROCESSING" => {
                let (hour, shard) = rest.split_once('#')?;
                Self::Processing(hour.parse().ok()?, shard.parse().ok()?, id(sk)?)
            }
            "TOKENS" | "PREFIX" | "POPULAR" => names::parse(kind, rest, sk)?,
            _ => return None,
        };
        let raw = key.raw();
        (raw.pk == pk && raw.sk == sk).then_some(key)
    }

    fn parse_due(minute: &str, sk: &str) -> Option<Self> {
        let (minute, shard) = minute.split_once('#')?;
        let (minute, shard) = (minute.parse().ok()?, shard.parse().ok()?);
        Some(match sk.split_once('#')? {
            (user, QUIET) => Self::QuietEnd(minute, shard, id(user)?),
            (user, row) => Self::Due(minute, shard, id(user)?, row.parse().ok()?),
        })
    }

    fn parse_link(user: UserId, sk: &str) -> Option<Self> {
        if let Some(at) = sk.strip_prefix(sort::PASSWORD_CHANGE) {
            return Some(Self::PasswordChange(user, Timestamp(at.parse().ok()?)));
        }
        let mut purposes = Purpose::ALL.into_iter();
        let of_purpose = purposes.find_map(|purpose| Some((purpose, sk.strip_prefix(sort::links(purpose))?)));
        of_purpose
            .and_then(|(purpose, digest)| Some(Self::MailLink(user, purpose, LinkDigest::parse(digest)?)))
    }
}

/// Reads an id that is padded with zeros.
fn id<T: TryFrom<u64>>(padded: &str) -> Option<T> {
    padded.parse::<u64>().ok().and_then(|number| T::try_from(number).ok())
}

/// Reads the path of a comment as [`sort::path`] writes it.
fn comment(padded: &str) -> Option<CommentPath> {
    let (photo, rest) = padded.split_once('#')?;
    let photo = id(photo)?;
    Some(match rest.split_once('#') {
        None => CommentPath::new(photo, id(rest)?),
        Some((top, reply)) => CommentPath::new(photo, id(top)?).reply(id(reply)?),
    })
}

/// The number of the table's layout, which are the keys and attributes of its items.
///
/// It rises by one with a change after which new code misreads stored items, or old code misreads new ones.
/// A new attribute with a default is no such change. Nothing is deployed, so nothing is migrated: the local
/// cloud keeps the number beside its table, and refuses a table of another layout.
///
/// Layout 2: ids carry a home region, and followers sort by it.
/// Layout 3: long texts of a photo are beside its item.
/// Layout 4: a photo has a secret, and its renditions are stored under that.
/// Layout 5: e-mail addresses are sealed, and claimed under a keyed digest when they are proved.
/// Layout 6: likers and attempts have partitions of their own; people say things about each other.
/// Layout 7: rows of an inbox are listed by when they were told, and the inbox counts those that are not read.
pub const LAYOUT: u32 = 7;

#[cfg(test)]
mod tests;
