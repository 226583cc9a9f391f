use domain::inbox::Subject;
use domain::media::MediumPlace;
use serde_json::json;

use super::*;

fn user(number: u64) -> UserId {
    UserId::try_from(number).unwrap()
}

fn photo(number: u64) -> PhotoId {
    PhotoId::try_from(number).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a value for each event")]
fn messages_look_like_this() {
    let followers = HashRange::ALL;
    let comment: CommentPath = "1.7.8".parse().unwrap();
    let stored_at = Some(MediumPlace { photo: photo(8), index: 1 });
    let blob_ref = |index, stored_at| BlobRef { index, sha256: "0f".repeat(32), stored_at };
    let blob_refs = || vec![blob_ref(0, None), blob_ref(2, stored_at)];
    let events = [
        Event::PhotoReady { photo_id: photo(1), author_id: user(2), followers },
        Event::PhotoDeleted {
            photo_id: photo(1),
            author_id: user(2),
            secret: AddressSecret::from(0xa1),
            media: 3,
            blob_refs: blob_refs(),
            followers,
        },
        Event::PhotoFailed {
            photo_id: photo(1),
            author_id: user(2),
            secret: AddressSecret::from(0xa1),
            media: 3,
            blob_refs: blob_refs(),
        },
        Event::LikeAdded {
            photo_id: photo(1),
            author_id: user(2),
            user_id: user(3),
            username: "ann".into(),
            at: Timestamp(5),
        },
        Event::LikeRemoved { photo_id: photo(1), user_id: user(3) },
        Event::FollowAdded {
            follower_id: user(3),
            follower_name: "ann".into(),
            followee_id: user(2),
            at: Timestamp(5),
        },
        Event::FollowRemoved { follower_id: user(3), followee_id: user(2) },
        Event::RequestAdded {
            asker_id: user(3),
            asker_name: "ann".into(),
            user_id: user(2),
            at: Timestamp(5),
        },
        Event::RequestRemoved { asker_id: user(3), user_id: user(2) },
        Event::RequestAccepted { user_id: user(2), asker_id: user(3) },
        Event::ReaderReturned { user_id: user(3), mark: 9 },
        Event::CommentAdded {
            comment,
            author_id: user(2),
            user_id: user(3),
            username: "ann".into(),
            answers: Some(user(4)),
        },
        Event::CommentRemoved {
            comment,
            author_id: user(2),
            user_id: user(3),
            answers: Some(user(4)),
            told: vec![user(5)],
        },
        Event::MentionAdded {
            comment,
            author_id: user(2),
            user_id: user(3),
            username: "ann".into(),
            mentioned_id: user(5),
        },
        Event::CommentLikeAdded {
            comment,
            author_id: user(2),
            writer_id: user(4),
            user_id: user(3),
            username: "ann".into(),
            at: Timestamp(5),
        },
        Event::CommentLikeRemoved { comment, user_id: user(3) },
        Event::PictureRemoved { user_id: user(3) },
        Event::AudienceChanged {
            user_id: user(3),
            mark: 9,
            part: AudiencePart::Photos { before: Some(photo(1)) },
        },
        Event::AudienceChanged {
            user_id: user(3),
            mark: 10,
            part: AudiencePart::Requests { after: Some(user(2)) },
        },
        Event::LinkAdded {
            user_id: user(3),
            purpose: Purpose::Reset,
            link: LinkDigest::parse(&"0f".repeat(32)).unwrap(),
        },
        Event::PasswordChanged { user_id: user(3), at: Timestamp(7) },
        Event::SessionAdded {
            user_id: user(3),
            session_id: SessionId::parse(&format!("01a20be5800{}", "0f".repeat(16))).unwrap(),
        },
        Event::DigestDue { user_id: user(3), hour: 17 },
        Event::NotificationTold {
            recipient_id: user(2),
            row: RowId { opened: Timestamp(5), subject: Subject::Like(photo(1)) },
            state: 3,
            told_at: Timestamp(6),
        },
        Event::QuietEnded { recipient_id: user(2), ended_at: Timestamp(60_000) },
    ];
    for event in &events {
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(json["type"], event.kind());
        assert_eq!(&serde_json::from_value::<Event>(json).unwrap(), event);
    }
    insta::assert_json_snapshot!(events);
}

#[test]
fn fields_that_an_older_message_lacks_have_a_default() {
    let json = r#"{"type":"photo.ready","photo_id":"1","author_id":"2"}"#;
    let event: Event = serde_json::from_str(json).unwrap();
    assert_eq!(
        event,
        Event::PhotoReady { photo_id: photo(1), author_id: user(2), followers: HashRange::ALL }
    );
    let secret = AddressSecret::from(0xa1);
    let json =
        json!({"type": "photo.deleted", "photo_id": "1", "author_id": "2", "secret": secret, "media": 1});
    let event: Event = serde_json::from_value(json).unwrap();
    assert!(matches!(event, Event::PhotoDeleted { blob_refs, .. } if blob_refs.is_empty()));
    let json = r#"{"type":"audience.changed","user_id":"1","mark":2}"#;
    let event: Event = serde_json::from_str(json).unwrap();
    let part = AudiencePart::Photos { before: None };
    assert_eq!(event, Event::AudienceChanged { user_id: user(1), mark: 2, part });
    let json = r#"{"type":"comment.removed","comment":"1.7","author_id":"2","user_id":"3"}"#;
    let event: Event = serde_json::from_str(json).unwrap();
    assert!(matches!(event, Event::CommentRemoved { answers: None, told, .. } if told.is_empty()));
}

#[test]
fn a_range_is_split_into_parts_of_2500_followers_at_most_100() {
    let parts = |followers| HashRange::ALL.parts_for(followers).len();
    assert_eq!([parts(-1), parts(0), parts(2_500), parts(3_750), parts(3_751)], [1, 1, 1, 1, 2]);
    assert_eq!([parts(100_000), parts(100_000_000)], [40, 100]);
}

#[test]
fn large_parts_are_split_again_until_each_is_small_enough() {
    for followers in [1, 10_000, 3_000_000, 100_000_000] {
        let mut open = vec![HashRange::ALL];
        let mut covered = 0;
        while let Some(range) = open.pop() {
            match range.parts_for(followers)[..] {
                [part] => {
                    assert_eq!(part, range);
                    let width = i64::from(part.last - part.first) + 1;
                    assert!(followers * width / 65_536 <= HashRange::PART * 3 / 2);
                    covered += width;
                }
                ref parts => open.extend(parts),
            }
        }
        assert_eq!(covered, 65_536, "{followers}");
    }
}

#[test]
fn the_parts_of_a_range_are_adjacent_and_cover_it() {
    for (range, parts) in
        [(HashRange::ALL, 7), (HashRange { first: 10, last: 12 }, 40), (HashRange { first: 5, last: 5 }, 3)]
    {
        let split = range.split(parts);
        assert_eq!(split.first().unwrap().first, range.first);
        assert_eq!(split.last().unwrap().last, range.last);
        assert!(split.windows(2).all(|pair| pair[0].last + 1 == pair[1].first));
        assert!(split.len() <= parts as usize);
    }
}
