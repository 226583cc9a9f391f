//! Tables in which something is wrong.

use std::collections::BTreeSet;

use domain::inbox::{Actor, Once, RowId, Subject};
use domain::{Clock, UserId};
use messages::repair::Repair;
use proptest::prelude::*;
use serde_json::json;
use table::inbox;
use table::keys::ItemKey;

use crate::stage::{Small, verify, verify_by};

#[tokio::test]
async fn every_kind_of_drifted_counter_is_reported_with_its_edges() {
    let small = Small::new().await;
    small.set(ItemKey::User(small.ada.user_id), "followers", 5).await;
    small.set(ItemKey::User(small.bob.user_id), "following", -1).await;
    small.set(ItemKey::User(small.ada.user_id), "photos", 0).await;
    small.set(ItemKey::Photo(small.second), "likes", 3).await;

    let said = verify(&small.world).await;
    let (ada, bob) = (small.ada.user_id, small.bob.user_id);
    assert_eq!(
        said.findings(),
        [
            format!("followers of user {ada}: 5 stored, 2 edges"),
            format!("photos of user {ada}: 0 stored, 2 edges"),
            format!("likes of photo {}: 3 stored, 2 edges", small.second),
            format!("following of user {bob}: -1 stored, 1 edges"),
        ]
    );
    assert_eq!(said.last_line(), "16 counters, 4 drifted");
    assert_eq!((said.report.exit_code(), said.report.mismatched, said.report.undecided), (1, 0, 0));
    assert_eq!(
        said.repairs,
        [json!({ "recount": {
            "users": [ada.to_string()],
            "photos": [small.second.to_string()],
            "following": [{ "user_id": bob.to_string(), "edges": 1, "version": 1 }],
        } })]
    );
}

#[tokio::test]
async fn a_counter_that_was_never_written_is_a_drift_too() {
    let small = Small::new().await;
    small.write(ItemKey::Photo(small.first), "REMOVE likes SET nothing = :value", 0).await;
    let said = verify(&small.world).await;
    assert_eq!(said.findings(), [format!("likes of photo {}: 0 stored, 1 edges", small.first)]);
    assert_eq!(said.last_line(), "16 counters, 1 drifted");
}

#[tokio::test]
async fn every_kind_of_mismatched_edge_is_reported() {
    let small = Small::new().await;
    let (ada, bob, cy) = (small.ada.user_id, small.bob.user_id, small.cy.user_id);
    let (first, second) = (small.first, small.second);
    // A source edge without its derived edge, and counters that do not include it.
    small.remove(ItemKey::Follower(ada, bob)).await;
    small.set(ItemKey::User(ada), "followers", 1).await;
    small.set(ItemKey::User(bob), "following", 0).await;
    small.remove(ItemKey::Liker(second, cy)).await;
    small.set(ItemKey::Photo(second), "likes", 1).await;
    small.remove(ItemKey::Timeline(ada, first)).await;
    small.set(ItemKey::User(ada), "photos", 1).await;
    // A derived edge without its source edge, and counters that include it.
    small.remove(ItemKey::Following(cy, ada)).await;
    small.remove(ItemKey::Like(bob, first)).await;

    let said = verify(&small.world).await;
    assert_eq!(
        said.findings(),
        [
            format!("user {cy} follows user {ada}: derived from nothing"),
            format!("user {bob} follows user {ada}: not derived"),
            format!("user {bob} likes photo {first}: derived from nothing"),
            format!("user {cy} likes photo {second}: not derived"),
            format!("photo {first} in the timeline of user {ada}: not derived"),
            format!("packed followings of user {cy}: wrong about user {ada}"),
        ]
    );
    assert_eq!(said.last_line(), "16 counters, 0 drifted", "counters equal their edges, such as they are");
    assert_eq!((said.report.exit_code(), said.report.mismatched, said.report.listed), (1, 5, 1));
    let resettle = json!([
        { "follow": [cy, ada] },
        { "follow": [bob, ada] },
        { "like": [bob, first] },
        { "like": [cy, second] },
        { "timeline": [ada, first] },
    ]);
    assert_eq!(said.repairs[0]["resettle"], resettle);
}

#[tokio::test]
async fn circles_that_differ_from_pairs_are_reported_from_either_side() {
    let small = Small::new().await;
    let (ada, bob, cy) = (&small.ada, &small.bob, &small.cy);
    small.world.block(ada, bob).await;
    small.world.block(cy, ada).await;
    small.world.derive().await;
    assert_eq!(verify(&small.world).await.findings(), [""; 0]);
    // Bob's circle does not know of the block any more; Ada's does.
    small.write(ItemKey::Circle(bob.user_id), "REMOVE blocked_by SET nothing = :value", 0).await;
    // A block was taken back, and both circles still have it.
    small.remove(ItemKey::Pair(cy.user_id, ada.user_id)).await;
    let said = verify(&small.world).await;
    let two = |one: UserId, other: UserId| (one.min(other), one.max(other));
    let mut wanted = vec![two(ada.user_id, bob.user_id), two(ada.user_id, cy.user_id)];
    wanted.sort_unstable();
    let words = |(one, other): &(UserId, UserId)| {
        format!("circles or bells of user {one} and user {other}: not what they say about each other")
    };
    let mut found = said.findings().to_vec();
    found.sort_unstable();
    assert_eq!(found, wanted.iter().map(words).collect::<Vec<_>>(), "each once");
    assert_eq!((said.report.exit_code(), said.report.listed, said.report.mismatched), (1, 2, 0));
    let repair: Repair = serde_json::from_value(said.repairs[0].clone()).unwrap();
    let mut pairs = repair.pairs;
    pairs.sort_unstable();
    assert_eq!(pairs, wanted);
}

#[tokio::test]
async fn edges_of_bells_that_differ_from_what_is_said_are_reported_once() {
    let small = Small::new().await;
    let (ada, bob, cy) = (&small.ada, &small.bob, &small.cy);
    for who in [bob, cy] {
        small.world.ring(who, ada).await;
    }
    small.world.ring(ada, cy).await;
    small.world.derive().await;
    small.world.silence(ada, cy).await;
    small.world.derive().await;
    assert_eq!(verify(&small.world).await.findings(), [""; 0], "one that is off counts as none");
    small.remove(ItemKey::Bell(ada.user_id, bob.user_id)).await;
    small.remove(ItemKey::Pair(cy.user_id, ada.user_id)).await;
    let said = verify(&small.world).await;
    assert_eq!((said.report.exit_code(), said.report.listed), (1, 2), "{:?}", said.lines);
    let repair: Repair = serde_json::from_value(said.repairs[0].clone()).unwrap();
    let two = |who: UserId| (ada.user_id.min(who), ada.user_id.max(who));
    assert_eq!(BTreeSet::from_iter(repair.pairs), BTreeSet::from([two(bob.user_id), two(cy.user_id)]));
}

#[tokio::test]
async fn packed_followings_that_differ_from_edges_are_reported() {
    let small = Small::new().await;
    let (ada, bob, cy) = (small.ada.user_id, small.bob.user_id, small.cy.user_id);
    // Bob's are Ada's now, and Cy's are gone.
    let other = small.bytes(ItemKey::Followings(ada), "newest").await.unwrap();
    small.set_bytes(ItemKey::Followings(bob), "newest", other).await;
    small.remove(ItemKey::Followings(cy)).await;
    let said = verify(&small.world).await;
    let words = |user, other| format!("packed followings of user {user}: wrong about user {other}");
    assert_eq!(said.findings(), [words(bob, ada), words(bob, cy), words(cy, ada)]);
    assert_eq!((said.report.exit_code(), said.report.listed, said.report.mismatched), (1, 3, 0));
    let resettle = json!([{ "follow": [bob, ada] }, { "follow": [bob, cy] }, { "follow": [cy, ada] }]);
    assert_eq!(said.repairs, [json!({ "resettle": resettle })]);

    // Whom a list that was cut does not name is left to the edges; whom it names wrongly is found.
    small.set_bytes(ItemKey::Followings(bob), "newest", Vec::new()).await;
    small.set_flag(ItemKey::Followings(bob), "cut").await;
    assert_eq!(verify(&small.world).await.findings(), [words(cy, ada)]);
}

#[tokio::test]
async fn lists_in_transit_are_wrong_only_until_they_arrive() {
    let small = Small::new().await;
    small.world.block(&small.ada, &small.cy).await;
    small.world.follow(&small.bob, &small.cy).await;
    assert_eq!(verify(&small.world).await.report.listed, 2);
    // Everything arrives between the scan and the first check.
    let (client, hold) = small.world.engine.held_client("Query", 0);
    let arrives = async {
        hold.reached().await;
        small.world.derive().await;
        hold.release();
    };
    let (said, ()) = futures::join!(verify_by(&client, &small.world), arrives);
    assert_eq!(said.report.exit_code(), 0, "{:?}", said.lines);
}

#[tokio::test]
async fn counters_and_edges_of_comments_are_reported() {
    let small = Small::new().await;
    let (ada, cy) = (small.ada.user_id, small.cy.user_id);
    let path = small.world.comment(&small.bob, &small.ada, small.first, None).await;
    let reply = small.world.comment(&small.cy, &small.ada, small.first, Some(path)).await;
    let lost = small.world.comment(&small.cy, &small.ada, small.first, None).await;
    small.world.like_comment(&small.ada, &small.ada, &small.bob, path).await;
    small.world.derive().await;
    assert_eq!(verify(&small.world).await.report.exit_code(), 0);
    small.set(ItemKey::Photo(small.first), "comments", 5).await;
    small.set(ItemKey::Threaded(path), "replies", 0).await;
    small.set(ItemKey::Threaded(path), "likes", -1).await;
    small.remove(ItemKey::Threaded(lost)).await;
    small.remove(ItemKey::CommentLike(ada, path)).await;
    small.remove(ItemKey::Comment(cy, reply)).await;

    let said = verify(&small.world).await;
    assert_eq!(
        said.findings(),
        [
            format!("comments of photo {}: 5 stored, 2 edges", small.first),
            format!("replies of comment {path}: 0 stored, 1 edges"),
            format!("likes of comment {path}: -1 stored, 1 edges"),
            format!("comment {lost} of user {cy}: not derived"),
            format!("comment {reply} of user {cy}: derived from nothing"),
            format!("user {ada} likes comment {path}: derived from nothing"),
        ]
    );
    assert_eq!(said.repairs[0]["recount"]["comments"], json!([path.to_string()]));
    assert_eq!(said.repairs[0]["resettle"].as_array().map(Vec::len), Some(3));
    assert_eq!(said.report.exit_code(), 1);
}

#[tokio::test]
async fn a_deleted_photo_that_is_still_listed_is_reported() {
    let small = Small::new().await;
    small.remove(ItemKey::Photo(small.first)).await;
    let said = verify(&small.world).await;
    let listing = format!("photo {} in the timeline of user {}", small.first, small.ada.user_id);
    assert_eq!(said.findings(), [format!("{listing}: derived from nothing")]);
}

#[tokio::test]
async fn unknown_keys_are_counted_and_left_alone() {
    let small = Small::new().await;
    let table = small.world.engine.table_name();
    let put = small.world.engine.client().put_item().table_name(table);
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    put.item("pk", text("FOLLOWERS#1")).item("sk", text("0000#2")).send().await.unwrap();
    let said = verify(&small.world).await;
    assert_eq!((said.report.strange, said.last_line()), (1, "16 counters, 0 drifted"));
}

#[tokio::test]
async fn edges_in_transit_are_mismatched_only_until_they_arrive() {
    let small = Small::new().await;
    small.world.unlike(&small.bob, small.first).await;
    small.world.unfollow(&small.bob, &small.ada).await;
    small.world.follow(&small.cy, &small.bob).await;
    small.world.post(&small.cy).await;
    let late = verify(&small.world).await;
    assert_eq!((late.report.drifted, late.report.mismatched), (0, 4), "{:?}", late.lines);

    // One segment is read after everything has arrived, the others before.
    let (client, hold) = small.world.engine.held_client("Scan", 0);
    let arrives = async {
        hold.reached().await;
        small.world.derive().await;
        hold.release();
    };
    let (said, ()) = futures::join!(verify_by(&client, &small.world), arrives);
    assert_eq!(said.report.exit_code(), 0, "{:?}", said.lines);
}

#[tokio::test]
async fn a_counter_that_changes_while_it_is_counted_is_counted_again() {
    let small = Small::new().await;
    small.set(ItemKey::Photo(small.second), "likes", 7).await;
    let (client, hold) = small.world.engine.held_client("Query", 0);
    let writer = async {
        hold.reached().await;
        small.world.unlike(&small.bob, small.second).await;
        small.world.derive().await;
        hold.release();
    };
    let (said, ()) = futures::join!(verify_by(&client, &small.world), writer);
    assert_eq!(said.findings(), [format!("likes of photo {}: 6 stored, 1 edges", small.second)]);
}

#[tokio::test]
async fn a_counter_that_always_changes_is_undecided() {
    let small = Small::new().await;
    small.set(ItemKey::Photo(small.second), "likes", 7).await;
    let writer = async {
        loop {
            small.write(ItemKey::Photo(small.second), "ADD version :value", 1).await;
        }
    };
    let said = tokio::select! {
        said = verify(&small.world) => said,
        () = writer => unreachable!("it never ends"),
    };
    assert_eq!((said.report.drifted, said.report.undecided, said.report.exit_code()), (0, 1, 2));
    assert_eq!(said.last_line(), "16 counters, 0 drifted");
    assert!(said.repairs.is_empty());
}

#[tokio::test]
async fn following_is_counted_by_a_second_scan() {
    let small = Small::new().await;
    let cy = small.cy.user_id;
    // The unfollow is not derived, so Cy's own edges are one fewer than the derived ones.
    // The counter is wrong as well.
    small.world.unfollow(&small.cy, &small.ada).await;
    small.set(ItemKey::User(cy), "following", 3).await;
    let said = verify(&small.world).await;
    assert_eq!(said.findings().last().unwrap(), &format!("following of user {cy}: 3 stored, 1 edges"));

    // The counter changes while the second scan reads.
    let (client, hold) = small.world.engine.held_client("Scan", 3);
    let writer = async {
        hold.reached().await;
        small.write(ItemKey::User(cy), "ADD version :value", 1).await;
        hold.release();
    };
    let (said, ()) = futures::join!(verify_by(&client, &small.world), writer);
    assert_eq!((said.report.drifted, said.report.undecided), (0, 1), "{:?}", said.lines);
}

#[tokio::test]
async fn orphaned_uncounted_edges_are_found_at_both_ends() {
    let small = Small::new().await;
    let lost: Vec<UserId> = (1..=20).map(|number| UserId::try_from(number).unwrap()).collect();
    let items = lost.iter().map(|user| {
        let edge = ItemKey::Follower(small.ada.user_id, *user);
        [ItemKey::User(*user).raw(), edge.raw()]
    });
    small.store(items.flatten()).await;
    let said = verify(&small.world).await;
    assert_eq!(said.report.mismatched, 20);
    assert_eq!(said.report.drifted, 21, "one is followed by as many, and as many follow one");
    assert_eq!(said.findings()[0], format!("followers of user {}: 2 stored, 22 edges", small.ada.user_id));
    let repair: Repair = serde_json::from_value(said.repairs[0].clone()).unwrap();
    let following: Vec<UserId> = repair.recount.following.iter().map(|one| one.user_id).collect();
    assert_eq!(following, lost, "which no single item could tell");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn exactly_the_changed_counters_are_found(off in prop::collection::vec(-2_i64..=2, 4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let small = Small::new().await;
            let counters = [
                (ItemKey::User(small.ada.user_id), "followers"),
                (ItemKey::User(small.bob.user_id), "following"),
                (ItemKey::User(small.ada.user_id), "photos"),
                (ItemKey::Photo(small.first), "likes"),
            ];
            for ((item, counter), off) in counters.into_iter().zip(&off) {
                small.write(item, &format!("ADD {counter} :value"), *off).await;
            }
            let drifted = off.iter().filter(|off| **off != 0).count();
            let said = verify(&small.world).await;
            assert_eq!(said.last_line(), format!("16 counters, {drifted} drifted"));
            assert_eq!(said.report.exit_code(), u8::from(drifted > 0));
        });
    }
}

#[tokio::test]
async fn a_wrong_number_of_unread_rows_is_reported_and_repaired() {
    let small = Small::new().await;
    let (ada, now) = (small.ada.user_id, small.world.clock.now());
    for (photo, fan) in [(small.first, &small.bob), (small.second, &small.bob), (small.second, &small.cy)] {
        let actor = Actor { at: now, user_id: fan.user_id, username: fan.username.clone() };
        let once = Once::Ever(Subject::Like(photo));
        inbox::align(&small.world.table, ada, once, fan.user_id, Some(&actor), now).await.unwrap();
    }
    assert_eq!(verify(&small.world).await.last_line(), "17 counters, 0 drifted");
    small.set(ItemKey::InboxState(ada), "unread", 5).await;
    let said = verify(&small.world).await;
    assert_eq!(said.findings(), [format!("unread rows of user {ada}: 5 stored, 2 rows")]);
    assert_eq!(said.last_line(), "17 counters, 1 drifted");
    assert_eq!(said.repairs, [json!({ "recount": { "inboxes": [ada.to_string()] } })]);
    assert_eq!(inbox::recount(&small.world.table, ada, now).await.unwrap().unread, 2);
    assert_eq!(verify(&small.world).await.findings(), [""; 0]);
    // Rows of which no state knows.
    small.remove(ItemKey::InboxState(ada)).await;
    assert_eq!(
        verify(&small.world).await.findings(),
        [format!("unread rows of user {ada}: 0 stored, 2 rows")]
    );
}

#[tokio::test]
async fn unread_rows_that_have_expired_are_no_drift() {
    let small = Small::new().await;
    let (ada, now) = (small.ada.user_id, small.world.clock.now());
    let actor = Actor { at: now, user_id: small.bob.user_id, username: small.bob.username.clone() };
    let once = Once::Ever(Subject::Like(small.first));
    inbox::align(&small.world.table, ada, once, actor.user_id, Some(&actor), now).await.unwrap();
    let row = RowId::of(once.subject(), ada, now);
    small.remove(ItemKey::InboxRow(ada, now, row)).await;
    assert_eq!(verify(&small.world).await.report.drifted, 1);
    small.world.clock.advance_days(90);
    assert_eq!(verify(&small.world).await.findings(), [""; 0]);
}
