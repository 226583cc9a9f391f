//! Keys of an inbox, read.

use domain::inbox::{Once, RowId, Subject};
use domain::{Timestamp, UserId};

use super::{ItemKey, SETTINGS, id, sort};

/// Reads a sort key of a user's inbox.
pub(super) fn parse(user: UserId, sk: &str) -> Option<ItemKey> {
    if let Some(listed) = sk.strip_prefix(sort::ROW) {
        let (place, row) = listed.split_once('-')?;
        return Some(ItemKey::InboxRow(user, Timestamp(place.parse().ok()?), row.parse().ok()?));
    }
    if let Some(place) = sk.strip_prefix(sort::PLACE) {
        let (subject, opened) = place.rsplit_once('#')?;
        let opened = Timestamp(opened.parse().ok()?);
        return Some(ItemKey::InboxPlace(user, RowId { opened, subject: subject_of(subject.split('#'))? }));
    }
    if sk == SETTINGS {
        return Some(ItemKey::NotificationSettings(user));
    }
    let Some(about) = sk.strip_prefix(sort::MARKER) else { return Some(ItemKey::InboxState(user)) };
    let (about, actor) = about.rsplit_once('#')?;
    let (about, opened) = match about.split_once('#') {
        Some(("COMMENT" | "REPLY", _)) => {
            let (subject, opened) = about.rsplit_once('#')?;
            (subject, opened.parse().ok()?)
        }
        _ => (about, 0),
    };
    let subject = subject_of(about.split('#'))?;
    Some(ItemKey::InboxMarker(user, Once::within(RowId { opened: Timestamp(opened), subject }), id(actor)?))
}

/// Reads a subject as [`sort::subject`] writes it.
fn subject_of<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Subject> {
    let subject = match (parts.next()?, parts.next()) {
        ("LIKE", Some(photo)) => Subject::Like(id(photo)?),
        ("COMMENT", Some(photo)) => Subject::Comment(id(photo)?),
        ("REPLY", Some(path)) => Subject::Reply(path.parse().ok()?),
        ("MENTION", Some(path)) => Subject::Mention(path.parse().ok()?),
        ("COMMENT_LIKE", Some(path)) => Subject::CommentLike(path.parse().ok()?),
        ("FOLLOW", None) => Subject::Follow,
        ("REQUEST", None) => Subject::Request,
        ("ACCEPTANCE", None) => Subject::Acceptance,
        ("SESSION", Some(at)) => Subject::Session(Timestamp(at.parse().ok()?)),
        ("PASSWORD", Some(at)) => Subject::Password(Timestamp(at.parse().ok()?)),
        _ => return None,
    };
    parts.next().is_none().then_some(subject)
}
