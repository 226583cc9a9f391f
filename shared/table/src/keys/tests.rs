//! Tests of keys.

use proptest::prelude::*;

use super::*;

fn user() -> impl Strategy<Value = UserId> {
    (0..=i64::MAX as u64).prop_map(|number| UserId::try_from(number).unwrap())
}

fn photo() -> impl Strategy<Value = PhotoId> {
    (0..=i64::MAX as u64).prop_map(|number| PhotoId::try_from(number).unwrap())
}

fn path() -> impl Strategy<Value = CommentPath> {
    let comment = || (0..=i64::MAX as u64).prop_map(|number| CommentId::try_from(number).unwrap());
    (photo(), comment(), prop::option::of(comment())).prop_map(|(photo, comment, reply)| CommentPath {
        photo,
        comment,
        reply,
    })
}

fn home() -> impl Strategy<Value = Home> {
    prop::sample::select(&Home::ALL[..])
}

fn key() -> impl Strategy<Value = ItemKey> {
    let subject = || {
        prop_oneof![
            photo().prop_map(Subject::Like),
            photo().prop_map(Subject::Comment),
            path().prop_map(Subject::Reply),
            path().prop_map(Subject::Mention),
            path().prop_map(Subject::CommentLike),
            Just(Subject::Follow),
            Just(Subject::Request),
            Just(Subject::Acceptance),
            (0_i64..9_999_999_999_999).prop_map(|at| Subject::Session(Timestamp(at))),
            (0_i64..9_999_999_999_999).prop_map(|at| Subject::Password(Timestamp(at))),
        ]
    };
    let row = move || {
        (subject(), 0_i64..9_999_999_999_999)
            .prop_map(|(subject, opened)| RowId { opened: Timestamp(opened), subject })
    };
    prop_oneof![
        user().prop_map(ItemKey::User),
        user().prop_map(ItemKey::Credential),
        user().prop_map(ItemKey::Head),
        "[a-z0-9._]{1,30}".prop_map(ItemKey::NameClaim),
        "[0-9a-f]{64}".prop_map(ItemKey::EmailClaim),
        user().prop_map(ItemKey::Address),
        (user(), prop::sample::select(&Purpose::ALL[..]), "[0-9a-f]{64}")
            .prop_map(|(a, b, c)| { ItemKey::MailLink(a, b, LinkDigest::parse(&c).unwrap()) }),
        (user(), 0_i64..9_999_999_999_999)
            .prop_map(|(user, at)| ItemKey::PasswordChange(user, Timestamp(at))),
        (user(), "[0-9a-f]{43}").prop_map(|(a, b)| ItemKey::Session(a, b)),
        "[0-9a-f]{64}".prop_map(|a| ItemKey::DeviceClaim(DeviceId::parse(&a).unwrap())),
        (0_i64..999_999).prop_map(ItemKey::VerifyingKey),
        (0_i64..999_999).prop_map(ItemKey::SigningKey),
        (user(), user()).prop_map(|(a, b)| ItemKey::Following(a, b)),
        (user(), user()).prop_map(|(a, b)| ItemKey::Follower(a, b)),
        (user(), user()).prop_map(|(a, b)| ItemKey::Pair(a, b)),
        user().prop_map(ItemKey::Circle),
        (user(), prop::sample::select(&Tie::ALL[..]), user()).prop_map(|(a, b, c)| ItemKey::Beyond(a, b, c)),
        user().prop_map(ItemKey::Followings),
        (user(), user()).prop_map(|(a, b)| ItemKey::Request(a, b)),
        (user(), user()).prop_map(|(a, b)| ItemKey::Requested(a, b)),
        photo().prop_map(ItemKey::Photo),
        (photo(), 0_usize..10).prop_map(|(a, b)| ItemKey::Attempt(a, b)),
        photo().prop_map(ItemKey::PhotoTexts),
        (user(), "[0-9a-f]{64}").prop_map(|(a, b)| ItemKey::Original(a, b)),
        user().prop_map(ItemKey::ProfilePicture),
        user().prop_map(ItemKey::PictureTurn),
        (user(), photo()).prop_map(|(a, b)| ItemKey::Timeline(a, b)),
        (user(), photo()).prop_map(|(a, b)| ItemKey::FeedEntry(a, b)),
        (user(), 0_i64..9_999_999_999_999, photo()).prop_map(|(a, b, c)| ItemKey::FeedChunk(a, b, c)),
        (user(), user()).prop_map(|(a, b)| ItemKey::FeedAuthor(a, b)),
        user().prop_map(ItemKey::FeedState),
        (user(), photo()).prop_map(|(a, b)| ItemKey::Like(a, b)),
        (photo(), user()).prop_map(|(a, b)| ItemKey::Liker(a, b)),
        (user(), photo()).prop_map(|(a, b)| ItemKey::Saved(a, b)),
        (user(), photo()).prop_map(|(a, b)| ItemKey::Collection(a, CollectionId::try_from(b.get()).unwrap())),
        (user(), path()).prop_map(|(a, b)| ItemKey::Comment(a, b)),
        path().prop_map(ItemKey::Threaded),
        photo().prop_map(ItemKey::TopComments),
        (user(), path()).prop_map(|(a, b)| ItemKey::Removal(a, b)),
        (user(), path()).prop_map(|(a, b)| ItemKey::CommentLike(a, b)),
        (path(), user()).prop_map(|(a, b)| ItemKey::CommentLiker(a, b)),
        (user(), 0_i64..9_999_999_999_999, row()).prop_map(|(a, b, c)| ItemKey::InboxRow(a, Timestamp(b), c)),
        (user(), row()).prop_map(|(a, b)| ItemKey::InboxPlace(a, b)),
        (user(), row(), user()).prop_map(|(a, b, c)| ItemKey::InboxMarker(a, Once::within(b), c)),
        user().prop_map(ItemKey::InboxState),
        (0_i64..9_999_999_999, 0_u8..16, user(), row()).prop_map(|(a, b, c, d)| ItemKey::Due(a, b, c, d)),
        (0_i64..9_999_999_999, 0_u8..16, user()).prop_map(|(a, b, c)| ItemKey::QuietEnd(a, b, c)),
        (user(), "[A-Za-z0-9_=-]{1,20}").prop_map(|(user, connection)| ItemKey::LiveSocket(user, connection)),
        user().prop_map(ItemKey::NotificationSettings),
        (user(), "[a-z-]{1,20}#[0-9]{1,10}").prop_map(|(a, b)| ItemKey::Rate(a, b)),
        (user(), "[!-~]{1,128}").prop_map(|(a, b)| ItemKey::Idempotency(a, b)),
        (0_u8..24, 0_u8..16, user()).prop_map(|(a, b, c)| ItemKey::Digest(a, b, c)),
        (0_i64..9_999_999_999, 0_u8..4, photo()).prop_map(|(a, b, c)| ItemKey::Processing(a, b, c)),
    ]
}

proptest! {
    #[test]
    fn keys_round_trip(key in key()) {
        let RawKey { pk, sk } = key.raw();
        prop_assert_eq!(ItemKey::parse(&pk, &sk), Some(key));
    }

    #[test]
    fn different_items_have_different_keys(a in key(), b in key()) {
        prop_assert_eq!(a == b, a.raw() == b.raw());
    }

    #[test]
    fn a_feed_ends_with_its_entries_and_the_state(user in user(), photo in photo(), mark in 0_i64..9_999_999_999_999) {
        let sorts = |key: ItemKey| key.raw().sk;
        prop_assert!(sorts(ItemKey::FeedState(user)) > sorts(ItemKey::FeedEntry(user, photo)));
        let others = [ItemKey::FeedChunk(user, mark, photo), ItemKey::FeedAuthor(user, user)];
        prop_assert!(others.into_iter().all(|key| *sorts(key) < *sort::ENTRY));
    }

    #[test]
    fn the_rows_of_a_comment_are_not_among_those_of_another(a in path(), b in path(), actor in user()) {
        let range = |path| {
            let from = sort::row_place(Subject::CommentLike(path), Timestamp(0));
            let to = sort::row_place(Subject::CommentLike(path), Timestamp(9_999_999_999_999));
            (from, to)
        };
        // A comment and one of its replies, too.
        for (path, other) in [(a, b), (a.top(), a.top().reply(b.comment)), (a.top().reply(b.comment), a.top())] {
            let (from, to) = range(path);
            let row = |path| {
                let row = RowId { opened: Timestamp(1), subject: Subject::CommentLike(path) };
                ItemKey::InboxPlace(actor, row).raw().sk
            };
            let within = |sk: String| from <= sk && sk <= to;
            prop_assert!(within(row(path)));
            prop_assert_eq!(within(row(other)), path == other);
        }
    }

    #[test]
    fn an_item_has_the_home_of_the_first_id_in_its_key(key in key()) {
        let RawKey { pk, sk } = key.raw();
        let (_, rest) = pk.split_once('#').unwrap();
        // An hour has ten digits, an id nineteen.
        let id = [rest, &sk].into_iter().find_map(|text| text.split('#').next().filter(|id| id.len() == 19));
        match key {
            ItemKey::NameClaim(_)
            | ItemKey::EmailClaim(_)
            | ItemKey::DeviceClaim(_)
            | ItemKey::VerifyingKey(_)
            | ItemKey::SigningKey(_) => {
                prop_assert_eq!(key.home(), None);
            }
            _ => prop_assert_eq!(key.home(), Some(self::id::<UserId>(id.unwrap()).unwrap().home())),
        }
    }

    #[test]
    fn what_is_derived_has_the_home_of_what_it_is_about(
        actor in user(),
        user in user(),
        photo in photo(),
        opened in 0_i64..9_999_999_999_999,
    ) {
        let row = RowId { opened: Timestamp(opened), subject: Subject::Like(photo) };
        let of_user = [
            ItemKey::Follower(user, actor),
            ItemKey::Timeline(user, photo),
            ItemKey::Head(user),
            ItemKey::FeedEntry(user, photo),
            ItemKey::FeedChunk(user, opened, photo),
            ItemKey::FeedAuthor(user, actor),
            ItemKey::InboxRow(user, Timestamp(opened), row),
            ItemKey::InboxPlace(user, row),
            ItemKey::InboxMarker(user, Once::within(row), actor),
        ];
        prop_assert!(of_user.iter().all(|key| key.home() == ItemKey::User(user).home()));
        let of_photo = [ItemKey::Liker(photo, actor), ItemKey::Processing(1, 2, photo)];
        prop_assert!(of_photo.iter().all(|key| key.home() == ItemKey::Photo(photo).home()));
    }

    #[test]
    fn followers_sort_by_home_then_hash_then_id(of in user(), a in user(), b in user()) {
        let key = |follower| ItemKey::Follower(of, follower).raw();
        let order = |follower: UserId| (follower.home(), follower_hash(follower), follower);
        prop_assert_eq!(key(a).cmp(&key(b)), order(a).cmp(&order(b)));
    }

    #[test]
    fn a_hash_bounds_followers_of_its_home(follower in user(), home in home(), hash: u16) {
        let before = (follower.home(), follower_hash(follower)) < (home, hash);
        prop_assert_eq!(sort::follower(follower) < sort::hash(home, hash), before);
        prop_assert_ne!(sort::follower(follower), sort::hash(home, hash));
    }

    #[test]
    fn foreign_keys_are_refused(pk in "\\PC{0,40}", sk in "\\PC{0,40}") {
        prop_assert_eq!(ItemKey::parse(&pk, &sk), None);
    }
}
