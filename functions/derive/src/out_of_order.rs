//! Changes that are derived out of the stream's order, because an item they write to kept refusing.

use messages::Grouped;
use runtime::queue::{SendError, Sender};
use runtime::topic::{Publisher, Unpublished};
use serde::{Deserialize, Serialize};
use table::Order;
use table::change::Change;

use crate::DeriveHandler;
use crate::group::Step;

/// Most changes in one message. Likes of one photo then fill two transactions.
const CHANGES: usize = 98;
/// Most bytes of the changes in one message, unless a single change has more. Ten messages are one request to
/// the queue, which takes 256 KiB. A comment has up to 12 KB, and a like 130 bytes.
const BYTES: usize = 24 * 1024;

/// A message of changes. New fields always have a default, so that messages in flight survive a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfOrder {
    /// The changes, in the order of the stream.
    pub changes: Vec<Change>,
}

impl Grouped for OutOfOrder {
    /// The busy item, whoever made it busy.
    fn group(&self) -> String {
        let item = self.changes.first().and_then(|change| change.touches().into_iter().next());
        item.map_or_else(|| "none".to_owned(), |item| item.raw().pk)
    }
}

/// Returns the messages that carry all steps. A message holds steps of one busy item only.
pub(crate) fn messages(items: &[Vec<Step>]) -> Vec<OutOfOrder> {
    let mut messages: Vec<OutOfOrder> = Vec::new();
    for steps in items {
        let mut room = 0;
        for Step { change, .. } in steps {
            // A change always has a wire form. One that had none would be sent alone, and fail there.
            let bytes = serde_json::to_vec(change).map_or(BYTES, |json| json.len() + 1);
            match messages.last_mut() {
                Some(message) if bytes <= room && message.changes.len() < CHANGES => {
                    message.changes.push(change.clone());
                }
                _ => {
                    messages.push(OutOfOrder { changes: vec![change.clone()] });
                    room = BYTES;
                }
            }
            room = room.saturating_sub(bytes);
        }
    }
    messages
}

/// The reason why a message comes again.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Not all of it is derived.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// It is derived, but not published.
    #[error(transparent)]
    Unpublished(#[from] Unpublished),
    /// It is derived, but open clients are not told.
    #[error(transparent)]
    Unsent(#[from] SendError),
}

impl<P: Publisher, O: Sender> runtime::sqs::Handler for DeriveHandler<P, O> {
    type Message = OutOfOrder;
    type Error = NotDone;
    /// Messages are handled one at a time, because those of a batch are often about the same item and would
    /// conflict.
    const CONCURRENCY: usize = 1;

    async fn handle(&self, OutOfOrder { changes }: OutOfOrder) -> Result<(), NotDone> {
        let gone = table::apply(&self.table, &changes, Order::OutOfOrder).await?;
        let published = || changes.iter().filter(|change| !change.went_along(&gone));
        let events: Vec<_> = published().flat_map(Change::events).collect();
        if !events.is_empty() {
            self.publisher.publish(&events).await?;
        }
        self.send_likes(published()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::comment::{Comment, MAX_MENTIONS, Mention};
    use domain::mail_link::{LinkDigest, Purpose};
    use domain::media::{AddressSecret, MediumPlace, PerceptualHash};
    use domain::photo::BlobRef;
    use domain::session::SessionId;
    use domain::text::CommentText;
    use domain::{CommentId, CommentPath, PhotoId, Relation, Timestamp, UserId};
    use serde_json::json;
    use table::change::{Remains, Removal};
    use table::comment::CommentLike;
    use table::follow::Follow;
    use table::like::Like;
    use table::relations::Said;

    use super::*;

    const SQS_LIMIT: usize = 256 * 1024;

    fn user(number: u64) -> UserId {
        UserId::try_from(number).unwrap()
    }

    fn photo(number: u64) -> PhotoId {
        PhotoId::try_from(number).unwrap()
    }

    #[test]
    fn ten_full_messages_are_one_request_to_the_queue() {
        let last = u64::try_from(i64::MAX).unwrap();
        let like = Like { author: user(last), username: "x".repeat(30), at: Timestamp(i64::MAX) };
        let liked = Change::Said(Said::Like(user(last), photo(last), like));
        let place = MediumPlace { photo: photo(last), index: 9 };
        let blob_ref = BlobRef { index: 9, sha256: "f".repeat(64), stored_at: Some(place) };
        let blob_refs = vec![blob_ref; 10];
        let secret = AddressSecret::from(u128::MAX);
        let deleted =
            Change::Deleted(Remains { photo: photo(last), author: user(last), secret, media: 10, blob_refs });
        // Two bytes in UTF-8 and in JSON are the most that a character has of what is escaped; an emoji has four.
        let mention = Mention { user: user(last), username: "x".repeat(30), start: 2_170, length: 31 };
        let comment = Comment {
            author: user(last),
            username: "x".repeat(30),
            text: CommentText::parse(&"🌅".repeat(2_200)).unwrap().unwrap(),
            mentions: vec![mention; MAX_MENTIONS],
            answers: Some(user(last)),
            told: vec![user(last); MAX_MENTIONS],
        };
        let comment_id = CommentId::try_from(last).unwrap();
        let path = CommentPath::new(photo(last), comment_id).reply(comment_id);
        let said = Change::Said(Said::Comment(user(last), path, Box::new(comment)));
        for (change, in_a_message) in [(liked, CHANGES), (deleted, 17), (said, 2)] {
            let steps = (0..in_a_message * 10).map(|place| Step { place, change: change.clone() }).collect();
            let messages = messages(&[steps]);
            let bytes = json!(change).to_string().len();
            assert_eq!(messages.len(), 10, "{bytes} bytes a change");
            let size: usize = messages.iter().map(|message| json!(message).to_string().len()).sum();
            assert!(size < SQS_LIMIT, "{size}");
        }
    }

    #[test]
    fn items_do_not_share_a_message() {
        let unliked = Change::TakenBack(Relation::Like(user(1), photo(1)));
        let step = |place| Step { place, change: unliked.clone() };
        let sizes = |counts: &[usize]| {
            let items: Vec<Vec<Step>> = counts.iter().map(|count| (0..*count).map(step).collect()).collect();
            messages(&items).iter().map(|message| message.changes.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[1, 99]), [1, 98, 1]);
        assert!(sizes(&[]).is_empty());
    }

    /// Pins the wire form of messages, because the next version reads messages that this one sent.
    #[test]
    fn every_change_has_its_wire_form() {
        let session = SessionId::parse(&"0".repeat(43)).unwrap();
        let at = Timestamp(1_795_348_800_000);
        let like = Like { author: user(3), username: "ann".to_owned(), at };
        let follow = Follow { username: "ann".to_owned(), at, accepted_at: None };
        let place = MediumPlace { photo: photo(5), index: 6 };
        let blob_refs = vec![BlobRef { index: 1, sha256: "0f".to_owned(), stored_at: Some(place) }];
        let secret = AddressSecret::from(0xa1);
        let remains = Remains { photo: photo(2), author: user(3), secret, media: 4, blob_refs };
        let link = LinkDigest::parse(&"0f".repeat(32)).unwrap();
        let held = json!([{"index": 1, "sha256": "0f", "stored_at": "5/6"}]);
        let changes = [
            (
                Change::Said(Said::Like(user(1), photo(2), like)),
                json!({"said": {"like": ["1", "2", {"author": "3", "username": "ann", "at": at.0}]}}),
            ),
            (
                Change::TakenBack(Relation::Like(user(1), photo(2))),
                json!({"taken_back": {"like": ["1", "2"]}}),
            ),
            (
                Change::Said(Said::Request(user(1), user(2), follow.clone())),
                json!({"said": {"request": ["1", "2", {"username": "ann", "at": at.0}]}}),
            ),
            (
                Change::Said(Said::Follow(
                    user(1),
                    user(2),
                    Follow { accepted_at: Some(at), ..follow.clone() },
                )),
                json!({"said": {"follow": ["1", "2", {"username": "ann", "at": at.0, "accepted_at": at.0}]}}),
            ),
            (
                Change::Said(Said::Follow(user(1), user(2), follow)),
                json!({"said": {"follow": ["1", "2", {"username": "ann", "at": at.0}]}}),
            ),
            (
                Change::TakenBack(Relation::Follow(user(1), user(2))),
                json!({"taken_back": {"follow": ["1", "2"]}}),
            ),
            (Change::Paired { by: user(1), about: user(2) }, json!({"paired": {"by": "1", "about": "2"}})),
            (Change::Drafted { photo: photo(2) }, json!({"drafted": {"photo": "2"}})),
            (
                Change::Ready {
                    photo: photo(2),
                    author: user(3),
                    hashes: vec![PerceptualHash(0xab)],
                    audience_since: 7,
                },
                json!({"ready": {
                    "photo": "2", "author": "3", "hashes": ["00000000000000ab"], "audience_since": 7
                }}),
            ),
            (
                Change::Switched { user: user(1), mark: at.0 },
                json!({"switched": {"user": "1", "mark": at.0}}),
            ),
            (
                Change::Failed(remains.clone()),
                json!({"failed": {"photo": "2", "author": "3", "secret": secret, "media": 4, "blob_refs": held}}),
            ),
            (
                Change::Deleted(remains),
                json!({"deleted": {"photo": "2", "author": "3", "secret": secret, "media": 4, "blob_refs": held}}),
            ),
            (
                Change::Returned { reader: user(1), mark: at.0 },
                json!({"returned": {"reader": "1", "mark": at.0}}),
            ),
            (
                Change::Linked { user: user(1), purpose: Purpose::Proof, link: link.clone() },
                json!({"linked": {"user": "1", "purpose": "proof", "link": link}}),
            ),
            (
                Change::PasswordChanged { user: user(1), at },
                json!({"password_changed": {"user": "1", "at": at.0}}),
            ),
            (
                Change::LoggedIn { user: user(1), session: session.clone() },
                json!({"logged_in": {"user": "1", "session": session}}),
            ),
        ];
        assert_wire(changes);
    }

    #[test]
    fn every_change_of_comments_has_its_wire_form() {
        let at = Timestamp(1_795_348_800_000);
        let path: CommentPath = "2.7".parse().unwrap();
        let mention = Mention { user: user(4), username: "bob".into(), start: 3, length: 4 };
        let comment = Comment {
            author: user(3),
            username: "ann".into(),
            text: CommentText::parse("Hi @bob").unwrap().unwrap(),
            mentions: vec![mention],
            answers: Some(user(5)),
            told: vec![user(4)],
        };
        let comment_like = CommentLike { author: user(3), writer: user(4), username: "ann".into(), at };
        assert_wire([
            (
                Change::Said(Said::Comment(user(1), path, Box::new(comment))),
                json!({"said": {"comment": ["1", "2.7", {
                    "author": "3", "username": "ann", "text": "Hi @bob",
                    "mentions": [{"user": "4", "username": "bob", "start": 3, "length": 4}],
                    "answers": "5", "told": ["4"],
                }]}}),
            ),
            (
                Change::Said(Said::CommentLike(user(1), path, comment_like)),
                json!({"said": {"comment_like": ["1", "2.7", {
                    "author": "3", "writer": "4", "username": "ann", "at": at.0,
                }]}}),
            ),
            (
                Change::Uncommented {
                    user: user(1),
                    comment: path.reply(path.comment),
                    author: user(3),
                    answers: Some(user(5)),
                    told: vec![user(4)],
                },
                json!({"uncommented": {
                    "user": "1", "comment": "2.7.7", "author": "3", "answers": "5", "told": ["4"],
                }}),
            ),
            (
                Change::Removed(Removal { comment: path, writer: user(4) }),
                json!({"removed": {"comment": "2.7", "writer": "4"}}),
            ),
        ]);
    }

    fn assert_wire<const N: usize>(changes: [(Change, serde_json::Value); N]) {
        for (change, wire) in changes {
            let deferred = OutOfOrder { changes: vec![change] };
            let message = json!({ "changes": [wire] });
            assert_eq!(json!(deferred), message);
            assert_eq!(serde_json::from_value::<OutOfOrder>(message).unwrap(), deferred);
        }
    }

    #[test]
    fn a_field_missing_from_an_older_message_has_a_default() {
        let secret = AddressSecret::from(0xa1);
        let older = json!({"changes": [
            {"ready": {"photo": "2", "author": "3"}},
            {"deleted": {"photo": "2", "author": "3", "secret": secret, "media": 4}},
            {"uncommented": {"user": "1", "comment": "2.7", "author": "3"}},
        ]});
        let OutOfOrder { changes } = serde_json::from_value(older).unwrap();
        let remains = Remains { photo: photo(2), author: user(3), secret, media: 4, blob_refs: Vec::new() };
        let wanted = [
            Change::Ready { photo: photo(2), author: user(3), hashes: Vec::new(), audience_since: 0 },
            Change::Deleted(remains),
            Change::Uncommented {
                user: user(1),
                comment: "2.7".parse().unwrap(),
                author: user(3),
                answers: None,
                told: Vec::new(),
            },
        ];
        assert_eq!(changes, wanted);
    }
}
