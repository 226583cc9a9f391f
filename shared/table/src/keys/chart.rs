//! The table's chart, as ARCHITECTURE.md has it.

use domain::device::DeviceId;
use domain::id::follower_hash;
use domain::inbox::{Once, RowId, Subject};
use domain::mail_link::{LinkDigest, Purpose};
use domain::visibility::Tie;
use domain::{CollectionId, CommentId, CommentPath, PhotoId, UserId};

use super::{ItemKey, RawKey, sort};

/// One line of the table's chart: item, partition key, sort key.
pub type ChartRow = (&'static str, String, String);

/// Every kind of item with its keys as this code makes them: the chart in ARCHITECTURE.md.
pub fn chart() -> Vec<ChartRow> {
    let collection = CollectionId::floor(domain::Timestamp(0));
    let (user, photo) = (UserId::floor(domain::Timestamp(0)), PhotoId::floor(domain::Timestamp(0)));
    let comment = CommentPath::new(photo, CommentId::floor(domain::Timestamp(0)));
    let reply = comment.reply(comment.comment);
    let Some(link) = LinkDigest::parse(&"0".repeat(64)) else { return Vec::new() };
    let Some(device) = DeviceId::parse(&"0".repeat(64)) else { return Vec::new() };
    let row = RowId { opened: domain::Timestamp(0), subject: Subject::Follow };
    let kinds = [
        ("user", ItemKey::User(user)),
        ("credential", ItemKey::Credential(user)),
        ("author head", ItemKey::Head(user)),
        ("name claim", ItemKey::NameClaim("<folded>".into())),
        ("e-mail claim", ItemKey::EmailClaim("<hmac>".into())),
        ("e-mail address", ItemKey::Address(user)),
        ("mailed link", ItemKey::MailLink(user, Purpose::Proof, link)),
        ("password change", ItemKey::PasswordChange(user, domain::Timestamp(0))),
        ("session", ItemKey::Session(user, "<session>".into())),
        ("device claim", ItemKey::DeviceClaim(device)),
        ("verifying key", ItemKey::VerifyingKey(0)),
        ("signing key", ItemKey::SigningKey(0)),
        ("following edge", ItemKey::Following(user, user)),
        ("follower edge", ItemKey::Follower(user, user)),
        ("what one says about another", ItemKey::Pair(user, user)),
        ("circle", ItemKey::Circle(user)),
        ("beyond a circle", ItemKey::Beyond(user, Tie::Blocks, user)),
        ("packed followings", ItemKey::Followings(user)),
        ("follow request", ItemKey::Request(user, user)),
        ("requested edge", ItemKey::Requested(user, user)),
        ("photo", ItemKey::Photo(photo)),
        ("attempt", ItemKey::Attempt(photo, 0)),
        ("long texts of a photo", ItemKey::PhotoTexts(photo)),
        ("original", ItemKey::Original(user, "<sha256>".into())),
        ("profile picture", ItemKey::ProfilePicture(user)),
        ("turn at a profile picture", ItemKey::PictureTurn(user)),
        ("author timeline", ItemKey::Timeline(user, photo)),
        ("feed entry", ItemKey::FeedEntry(user, photo)),
        ("feed chunk", ItemKey::FeedChunk(user, 0, photo)),
        ("feed author", ItemKey::FeedAuthor(user, user)),
        ("feed state", ItemKey::FeedState(user)),
        ("like", ItemKey::Like(user, photo)),
        ("liker", ItemKey::Liker(photo, user)),
        ("saved photo", ItemKey::Saved(user, photo)),
        ("collection", ItemKey::Collection(user, collection)),
        ("comment", ItemKey::Comment(user, comment)),
        ("reply", ItemKey::Comment(user, reply)),
        ("comment in a thread", ItemKey::Threaded(comment)),
        ("reply to a comment", ItemKey::Threaded(reply)),
        ("top comments", ItemKey::TopComments(photo)),
        ("removal of a comment", ItemKey::Removal(user, comment)),
        ("like of a comment", ItemKey::CommentLike(user, comment)),
        ("liker of a comment", ItemKey::CommentLiker(comment, user)),
        ("notification", ItemKey::InboxRow(user, domain::Timestamp(1_111_111_111_111), row)),
        ("place of a notification", ItemKey::InboxPlace(user, row)),
        ("notified actor", ItemKey::InboxMarker(user, Once::within(row), user)),
        ("inbox state", ItemKey::InboxState(user)),
        ("due notification", ItemKey::Due(0, 0, user, row)),
        ("end of quiet hours", ItemKey::QuietEnd(0, 0, user)),
        ("notification settings", ItemKey::NotificationSettings(user)),
        ("open socket", ItemKey::LiveSocket(user, "<connection>".into())),
        ("watcher of a photo", ItemKey::Watcher(photo, "<connection>".into())),
        ("state of a photo's watchers", ItemKey::WatchState(photo)),
        ("uses of a quota", ItemKey::Rate(user, "<quota>#<window>".into())),
        ("idempotency", ItemKey::Idempotency(user, "<key>".into())),
        ("daily mail", ItemKey::Digest(0, 0, user)),
        ("processing", ItemKey::Processing(0, 0, photo)),
    ];
    let hash = sort::hash(user.home(), follower_hash(user));
    let readable = |text: String| {
        text.replace("PROOF#", "<purpose>#")
            .replace(&"0".repeat(64), "<sha256>")
            .replace("C#0000000000000#", "C#<mark>#")
            .replace(&format!("{hash}#"), "<home>#<hash>#")
            .replace(&user.padded(), "<id>")
            .replace(&"1".repeat(13), "<told>")
            .replace(&row.opened.0.to_string().repeat(13), "<ms>")
            .replace("DUE#0000000000#0", "DUE#<minute>#<shard>")
            .replace("0000000000#0", "<hour>#<shard>")
            .replace("DIGEST#00#0", "DIGEST#<hour>#<shard>")
            .replace("#000000", "#<day>")
    };
    kinds
        .into_iter()
        .map(|(item, key)| {
            let RawKey { pk, sk } = key.raw();
            let sk = if let ItemKey::Attempt(..) = key { "<n>".to_owned() } else { readable(sk) };
            (item, readable(pk), sk)
        })
        .collect()
}
