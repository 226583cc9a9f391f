//! Derivations from the stream, on the real table engine.

#![allow(unreachable_pub, reason = "a test has no other users")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod comments;
mod crash;
mod hot;
mod interleavings;
mod out_of_order;
mod stage;
mod watch;

use std::collections::BTreeSet;

use derive::OutOfOrder;
use domain::mail_link::{LinkDigest, Purpose};
use domain::media::{MediumPlace, PerceptualHash};
use domain::photo::{BlobRef, Rendered};
use domain::session::SessionId;
use domain::{Relation, Timestamp};
use messages::{Event, HashRange};
use serde_json::Value;
use stage::{Stage, deliver, deliver_event, told, work};
use table::change::Change;
use table::original::Share;
use table::{head, processing, timeline};
use testkit::{ATTEMPTS, Fault, World, fixture};

#[tokio::test]
async fn when_a_like_comes_again_from_an_earlier_position_then_it_counts_once() {
    let stage = Stage::new().await;
    let (ann, bob) = (stage.world.person("ann").await, stage.world.person("bob").await);
    let photo = stage.world.post(&ann).await;
    stage.drain().await;
    stage.published.take();
    stage.world.like(&bob, &ann, photo).await;
    let records = stage.world.engine.stream().await;
    for _ in 0..3 {
        assert_eq!(stage.deliver(&records).await, None);
        stage.assert_exact(&[&ann, &bob], &[photo]).await;
        assert_eq!(stage.likes(photo).await, 1);
        // The event is published each time, because a worker may die between deriving and publishing.
        let [Event::LikeAdded { author_id, user_id, .. }] = stage.published.take()[..] else { panic!() };
        assert_eq!((author_id, user_id), (ann.user_id, bob.user_id));
    }
}

#[tokio::test]
async fn when_a_batch_likes_unlikes_and_likes_a_photo_then_it_counts_once() {
    let stage = Stage::new().await;
    let (ann, bob, eve) =
        (stage.world.person("ann").await, stage.world.person("bob").await, stage.world.person("eve").await);
    let photo = stage.world.post(&ann).await;
    stage.drain().await;
    stage.world.like(&bob, &ann, photo).await;
    stage.world.like(&eve, &ann, photo).await;
    stage.world.unlike(&bob, photo).await;
    stage.world.like(&bob, &ann, photo).await;
    stage.world.unlike(&eve, photo).await;
    let records = stage.world.engine.stream().await;
    assert_eq!(stage.deliver(&records).await, None);
    assert_eq!(stage.likes(photo).await, 1);
    // The records come one at a time, from different positions. The count may be off in between,
    // but not at the end.
    for start in [0, 2, 1, 4] {
        for record in &records[start..] {
            assert_eq!(stage.deliver(std::slice::from_ref(record)).await, None);
            assert!(stage.likes(photo).await >= 0);
        }
        assert_eq!(stage.likes(photo).await, 1);
        stage.assert_exact(&[&ann, &bob, &eve], &[photo]).await;
    }
}

#[tokio::test]
async fn when_a_photo_comes_and_goes_then_timeline_count_and_marker_follow() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let waiting = async |photo: domain::PhotoId| {
        let hour = processing::hour(photo.created_at());
        let mut found = Vec::new();
        for shard in 0..processing::SHARDS {
            found.extend(processing::waiting(&world.table, hour, shard).await.unwrap());
        }
        found.contains(&photo)
    };
    let listed = async || timeline::page(&world.table, ann.user_id, None, 10).await.unwrap().items;
    // Of the account nothing is derived here.
    world.engine.stream().await;
    let mut history = Vec::new();
    let mut step = async || {
        history.extend(world.engine.stream().await);
        assert_eq!(stage.deliver(&history).await, None);
        stage.assert_exact(&[&ann], &[]).await;
        stage.published.take()
    };

    let photo = world.draft(&ann, 2).await;
    assert!(step().await.is_empty());
    assert!(waiting(photo.id).await && listed().await.is_empty());

    world.finish(&photo).await;
    let ready = Event::PhotoReady { photo_id: photo.id, author_id: ann.user_id, followers: HashRange::ALL };
    assert_eq!(step().await, std::slice::from_ref(&ready));
    assert!(!waiting(photo.id).await);
    assert_eq!(listed().await, [photo.id]);
    assert_eq!(head::of(&world.table, &[ann.user_id]).await.unwrap().sources[0].photos, [photo.id]);

    world.delete(&ann, photo.id).await;
    let deleted = Event::PhotoDeleted {
        photo_id: photo.id,
        author_id: ann.user_id,
        secret: photo.secret,
        media: 2,
        blob_refs: [0, 1].map(|index| BlobRef { index, sha256: "00".to_owned(), stored_at: None }).into(),
        followers: HashRange::ALL,
    };
    assert_eq!(step().await, [ready, deleted]);
    assert!(!waiting(photo.id).await && listed().await.is_empty());
    assert!(head::of(&world.table, &[ann.user_id]).await.unwrap().sources[0].photos.is_empty());
}

#[tokio::test]
async fn when_a_photo_fails_then_its_marker_goes_and_its_blobs_are_published() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await;
    let photo = stage.world.draft(&ann, 2).await;
    let place = MediumPlace { photo: photo.id, index: 9 };
    let facts = Rendered {
        width: 4,
        height: 3,
        blurhash: "LEHV6nWB2yk8".to_owned(),
        sha256: "0f".to_owned(),
        phash: PerceptualHash(0),
        stored_at: Some(place),
        similar_to: None,
    };
    table::photo::finish_medium(&stage.world.table, &photo, 1, &facts, Share::Alone).await.unwrap();
    stage.drain().await;
    stage.published.take();
    let failure =
        domain::photo::Failure { code: "image_corrupt".into(), detail: "It cannot be read.".into() };
    table::photo::fail(&stage.world.table, photo.id, &failure).await.unwrap();
    stage.drain().await;
    for shard in 0..processing::SHARDS {
        let hour = processing::hour(photo.id.created_at());
        assert!(processing::waiting(&stage.world.table, hour, shard).await.unwrap().is_empty());
    }
    let failed = Event::PhotoFailed {
        photo_id: photo.id,
        author_id: ann.user_id,
        secret: photo.secret,
        media: 2,
        blob_refs: vec![BlobRef { index: 1, sha256: "0f".to_owned(), stored_at: Some(place) }],
    };
    assert_eq!(stage.published.take(), [failed]);
    stage.assert_exact(&[&ann], &[]).await;
}

#[tokio::test]
async fn when_a_reader_returns_then_it_is_published_with_its_mark() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await;
    stage.drain().await;
    stage.published.take();
    let mark = domain::Clock::now(&stage.world.clock);
    // A second request beside the first, and later visits, are not returns.
    table::reader::mark_returned(&stage.world.table, ann.user_id, mark).await.unwrap();
    table::reader::mark_returned(&stage.world.table, ann.user_id, mark.plus_ms(5)).await.unwrap();
    table::reader::touch(&stage.world.table, ann.user_id, mark.plus_days(1)).await.unwrap();
    let rebuilt = table::reader::Rebuilt::default();
    table::reader::mark_rebuilt(&stage.world.table, ann.user_id, mark.0, &rebuilt).await.unwrap();
    stage.drain().await;
    assert_eq!(stage.published.take(), [Event::ReaderReturned { user_id: ann.user_id, mark: mark.0 }]);
}

#[tokio::test]
async fn when_a_record_cannot_be_read_then_it_fails_and_the_others_are_derived() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let photo = world.post(&ann).await;
    stage.drain().await;
    stage.published.take();
    world.like(&bob, &ann, photo).await;
    world.like(&eve, &ann, photo).await;
    world.follow(&bob, &ann).await;
    let mut records = world.engine.stream().await;
    let poison = &mut records[1].change;
    poison.new_image = poison.keys.clone();
    let number = poison.sequence_number.clone();

    assert_eq!(stage.deliver(&records).await, number);
    assert_eq!((stage.likes(photo).await, world.profile(&ann).await.followers), (1, 1));
    let kinds: Vec<_> = stage.published.take().iter().map(Event::kind).collect();
    assert_eq!(kinds, ["like.added", "follow.added"]);
    // Lambda starts again at the record, and splits the batch until the record is alone.
    assert_eq!(stage.deliver(&records[1..]).await, number);
    assert_eq!(stage.deliver(&records[1..2]).await, number);
    assert_eq!(stage.deliver(&records[2..]).await, None);
    assert_eq!((stage.likes(photo).await, world.profile(&ann).await.followers), (1, 1));
}

#[tokio::test]
async fn when_a_group_fails_then_its_first_record_fails_and_others_are_derived() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    stage.drain().await;
    stage.published.take();
    world.like(&bob, &ann, photo).await;
    let new = world.draft(&bob, 1).await;
    world.finish(&new).await;
    world.like(&ann, &bob, new.id).await;
    let records = world.engine.stream().await;
    let drafted = records.iter().find(|record| record.change.new_image.get("pending").is_some()).unwrap();
    let number = drafted.change.sequence_number.clone();

    // Only the author's head is written by PutItem. A change that is neither derived nor sent to the queue
    // has failed.
    world.engine.fail_next("PutItem", ATTEMPTS, Fault::Throttled);
    stage.outbox.fail_next(1);
    assert_eq!(stage.deliver(&records).await, number);
    assert_eq!((stage.likes(photo).await, stage.likes(new.id).await), (1, 1));
    let kinds: Vec<_> = stage.published.take().iter().map(Event::kind).collect();
    assert_eq!(kinds, ["like.added", "like.added"], "what was not derived is not published");

    assert_eq!(deliver(&stage.worker(), &records).await, None);
    stage.assert_exact(&[&ann, &bob], &[photo, new.id]).await;
    let kinds: Vec<_> = stage.published.take().iter().map(Event::kind).collect();
    assert_eq!(kinds, ["like.added", "photo.ready", "like.added"]);
}

#[tokio::test]
async fn when_an_event_is_not_published_then_its_record_fails_and_comes_again() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 4).await);
    let photo = world.post(&ann).await;
    stage.drain().await;
    stage.published.take();
    for fan in &fans {
        world.like(fan, &ann, photo).await;
    }
    let records = world.engine.stream().await;
    stage.published.refuse_from(2);
    let failed = stage.deliver(&records).await;
    assert_eq!(failed, records[2].change.sequence_number);
    assert_eq!(stage.likes(photo).await, 4, "deriving came first");
    assert_eq!(stage.published.take().len(), 2);
    assert_eq!(stage.deliver(&records[2..]).await, None);
    assert_eq!(stage.published.take().len(), 2);
    assert_eq!(stage.likes(photo).await, 4);
}

#[tokio::test]
async fn when_transactions_conflict_or_are_throttled_then_they_are_retried() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    stage.drain().await;
    world.like(&bob, &ann, photo).await;
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    world.engine.fail_next("TransactWriteItems", ATTEMPTS, Fault::Throttled);
    stage.drain().await;
    assert_eq!(stage.likes(photo).await, 1);
}

#[tokio::test]
async fn when_the_liked_photo_is_gone_then_nothing_is_left_to_count() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    world.like(&bob, &ann, photo).await;
    world.delete(&ann, photo).await;
    world.unlike(&bob, photo).await;
    stage.drain().await;
    assert!(table::like::likers(&world.table, photo, None, 10).await.unwrap().items.is_empty());
    stage.assert_exact(&[&ann, &bob], &[]).await;
}

#[tokio::test]
async fn when_a_liked_photo_is_deleted_then_only_its_deletion_is_published() {
    const FANS: usize = 120;
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, fans) = (world.person("ann").await, world.people("fan", FANS).await);
    let (photo, other) = (world.post(&ann).await, world.post(&ann).await);
    for fan in &fans {
        world.like(fan, &ann, photo).await;
    }
    world.like(&fans[0], &ann, other).await;
    stage.drain().await;
    stage.published.take();
    world.delete(&ann, photo).await;
    // As `backfill` does of `photo.deleted`. Somebody takes back another like meanwhile.
    while table::like::forget_some(&world.table, photo).await.unwrap() {}
    world.unlike(&fans[0], other).await;
    let records = world.engine.stream().await;
    // A batch that comes again publishes again, and no more.
    for _ in 0..2 {
        assert_eq!(stage.deliver(&records).await, None);
        let published: Vec<String> = stage.published.take().iter().map(told).collect();
        let unliked = format!("like.removed {} {other}", fans[0].user_id);
        assert_eq!(published, [format!("photo.deleted {photo}"), unliked]);
    }
    assert_eq!(stage.likes(other).await, 0);
}

#[tokio::test]
async fn when_likes_of_a_deleted_photo_come_by_queue_then_none_is_published() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (photo, other) = (world.post(&ann).await, world.post(&ann).await);
    world.like(&bob, &ann, photo).await;
    world.like(&bob, &ann, other).await;
    stage.drain().await;
    world.delete(&ann, photo).await;
    stage.drain().await;
    stage.published.take();
    let gone = |photo| Change::TakenBack(Relation::Like(bob.user_id, photo));
    world.unlike(&bob, photo).await;
    world.unlike(&bob, other).await;
    let message = OutOfOrder { changes: vec![gone(photo), gone(other)] };
    assert_eq!(work(&stage.worker, &stage.outbox, &[message]).await, 0);
    let published: Vec<String> = stage.published.take().iter().map(told).collect();
    assert_eq!(published, [format!("like.removed {} {other}", bob.user_id)]);
}

#[tokio::test]
async fn a_batch_of_likes_stays_within_its_budget() {
    const LIKES: u32 = 99;
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, fans) = (world.person("ann").await, world.people("fan", LIKES as usize).await);
    let photo = world.post(&ann).await;
    stage.drain().await;
    for fan in &fans {
        world.like(fan, &ann, photo).await;
    }
    let records = world.engine.stream().await;
    world.engine.reset_usage();
    assert_eq!(stage.deliver(&records).await, None);
    let usage = world.engine.usage();
    assert_eq!(usage.requests, 2, "one transaction, and one look at whether the photo is watched");
    // Two units for each like, and two for the counter of the whole batch.
    assert!(usage.write_units <= 2.0 * f64::from(LIKES) + 2.0, "{usage:?}");
    assert!(usage.read_units <= 1.0, "{usage:?}");
    assert_eq!(stage.likes(photo).await, i64::from(LIKES));
}

/// Returns the events of a real stream record, whose keys contain these ids.
async fn real_event(stage: &Stage, case: &str, values: &[(&str, &str)]) -> Vec<Event> {
    let event: Value = fixture("derive", case, values);
    assert_eq!(deliver_event(&stage.worker, serde_json::from_value(event).unwrap()).await, None, "{case}");
    stage.published.take()
}

#[tokio::test]
async fn when_the_stream_sends_real_events_then_they_are_derived_and_published() {
    let stage = Stage::with(World::new().await);
    let (ann, bob) = (stage.world.person("ann").await, stage.world.person("bob").await);
    let photo = stage.world.post(&bob).await;
    stage.world.engine.stream().await;
    let (ann_key, bob_key) = (ann.user_id.padded(), bob.user_id.padded());
    let (photo_key, photo_id, bob_id) = (photo.padded(), photo.to_string(), bob.user_id.to_string());

    let values = [("photo", photo_key.as_str()), ("photo_id", &photo_id), ("author_id", &bob_id)];
    let ready = real_event(&stage, "photo-ready", &values).await;
    assert_eq!(ready[0].kind(), "photo.ready");
    assert_eq!(stage.world.profile(&bob).await.photos, 1);

    let values = [("user", ann_key.as_str()), ("photo", &photo_key), ("author_id", &bob_id)];
    let liked = real_event(&stage, "liked", &values).await;
    assert!(matches!(&liked[..], [Event::LikeAdded { username, .. }] if username == "ann"), "{liked:?}");
    assert_eq!(stage.likes(photo).await, 1);

    let values = [("follower", ann_key.as_str()), ("followee", &bob_key)];
    let removed = Event::FollowRemoved { follower_id: ann.user_id, followee_id: bob.user_id };
    assert_eq!(real_event(&stage, "unfollowed", &values).await, [removed]);
    assert_eq!(stage.world.profile(&bob).await.followers, 0);

    // Of a pair nothing is published. What follows goes by what is said at present.
    assert!(stage.world.block(&ann, &bob).await);
    let values = [("user", ann_key.as_str()), ("other", &bob_key)];
    assert!(real_event(&stage, "blocked", &values).await.is_empty());
    let circle = table::circle::get(&stage.world.table, bob.user_id).await.unwrap();
    assert!(circle.blocked_by.contains(&ann.user_id));

    let returned = Event::ReaderReturned { user_id: ann.user_id, mark: 1_795_348_800_000 };
    assert_eq!(real_event(&stage, "reader-returned", &[("reader", &ann_key)]).await, [returned]);

    let removed = Event::PictureRemoved { user_id: ann.user_id };
    assert_eq!(real_event(&stage, "picture-removed", &[("user", &ann_key)]).await, [removed]);
    let link = "0f".repeat(32);
    let (purpose, digest) = (Purpose::Reset, LinkDigest::parse(&link).unwrap());
    let linked = Event::LinkAdded { user_id: ann.user_id, purpose, link: digest };
    assert_eq!(real_event(&stage, "link-added", &[("user", &ann_key), ("link", &link)]).await, [linked]);
    let changed = Event::PasswordChanged { user_id: ann.user_id, at: Timestamp(1_795_348_800_000) };
    assert_eq!(real_event(&stage, "password-changed", &[("user", &ann_key)]).await, [changed]);
    // Of the session of a registration nothing is published.
    for (minutes, is_login) in [(0, false), (1, true)] {
        let opened = ann.user_id.created_at().plus_ms(minutes * 60_000);
        let session_id = SessionId::draw(opened, &stage.world.random);
        let values = [("user", ann_key.as_str()), ("session", session_id.as_str())];
        let found = real_event(&stage, "session-added", &values).await;
        let login = Event::SessionAdded { user_id: ann.user_id, session_id };
        assert_eq!(found, Vec::from_iter(is_login.then_some(login)));
    }
}

#[tokio::test]
async fn when_one_batch_follows_both_ways_then_both_counters_move() {
    let stage = Stage::new().await;
    let people = stage.world.people("person", 3).await;
    stage.drain().await;
    for (who, whom) in [(0, 1), (1, 2), (2, 0), (1, 0)] {
        stage.world.follow(&people[who], &people[whom]).await;
    }
    stage.drain().await;
    stage.assert_exact(&[&people[0], &people[1], &people[2]], &[]).await;
    let first = stage.world.profile(&people[0]).await;
    assert_eq!((first.followers, first.following), (2, 1));
}

#[tokio::test]
async fn when_somebody_is_blocked_then_follows_end_and_later_ones_are_not_told() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&ann, &bob).await;
    world.follow(&bob, &ann).await;
    stage.drain().await;
    stage.published.take();
    world.block(&ann, &bob).await;
    stage.drain().await;
    let mut published: Vec<String> = stage.published.take().iter().map(told).collect();
    published.sort();
    let (a, b) = (ann.user_id, bob.user_id);
    assert_eq!(published, [format!("follow.removed {a} {b}"), format!("follow.removed {b} {a}")]);
    stage.assert_exact(&[&ann, &bob], &[]).await;

    // A follow that passed its handler before the block was there.
    world.follow(&bob, &ann).await;
    stage.drain().await;
    let published: Vec<String> = stage.published.take().iter().map(told).collect();
    assert_eq!(published, [format!("follow.removed {b} {a}")], "it is ended, and was never told");
    stage.assert_exact(&[&ann, &bob], &[]).await;
    assert_eq!((world.profile(&ann).await.followers, world.profile(&bob).await.following), (0, 0));

    // After an unblock they may follow again, and the block's record comes again in vain.
    world.unblock(&ann, &bob).await;
    world.follow(&bob, &ann).await;
    stage.drain().await;
    let again = OutOfOrder { changes: vec![Change::Paired { by: a, about: b }] };
    assert_eq!(work(&stage.worker, &stage.outbox, &[again]).await, 0);
    stage.drain().await;
    assert_eq!(world.profile(&ann).await.followers, 1);
    stage.assert_exact(&[&ann, &bob], &[]).await;
}

/// Delivers all that is new and returns what is published of it, as lines of text.
async fn drained(stage: &Stage) -> Vec<String> {
    stage.drain().await;
    stage.published.take().iter().map(told).collect()
}

#[tokio::test]
async fn when_a_request_is_made_and_accepted_then_both_are_told() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let (a, b, e) = (ann.user_id, bob.user_id, eve.user_id);
    world.switch(&ann, true).await;
    drained(&stage).await;
    for asker in [&bob, &eve] {
        assert!(world.ask(asker, &ann).await);
    }
    let name = |event: &Event| match event {
        Event::RequestAdded { asker_name, .. } => asker_name.clone(),
        other => panic!("{other:?}"),
    };
    stage.drain().await;
    let asked = stage.published.take();
    assert_eq!(
        asked.iter().map(told).collect::<Vec<_>>(),
        [format!("request.added {b} {a}"), format!("request.added {e} {a}")]
    );
    assert_eq!(asked.iter().map(name).collect::<Vec<_>>(), ["bob", "eve"]);

    // What is declined is told as gone, and so is what is withdrawn.
    assert!(world.answer(&ann, &eve, false).await);
    assert_eq!(drained(&stage).await, [format!("request.removed {e} {a}")]);
    assert!(world.ask(&eve, &ann).await);
    table::request::withdraw(&world.table, e, a).await.unwrap();
    let withdrawn = [format!("request.added {e} {a}"), format!("request.removed {e} {a}")];
    assert_eq!(drained(&stage).await, withdrawn);
    assert!(world.answer(&ann, &bob, true).await);
    let answered = world.engine.stream().await;
    assert_eq!(stage.deliver(&answered).await, None);
    let accepted: BTreeSet<String> = [
        format!("request.removed {b} {a}"),
        format!("follow.added {b} {a}"),
        format!("request.accepted {a} {b}"),
    ]
    .into();
    // The follow is in the stream, and says so each time it comes.
    let records = world.engine.stream().await;
    for _ in 0..2 {
        assert_eq!(stage.deliver(&records).await, None);
        assert_eq!(stage.published.take().iter().map(told).collect::<BTreeSet<_>>(), accepted);
    }
    stage.assert_exact(&[&ann, &bob, &eve], &[]).await;
    // A follow without a request is told as one.
    world.follow(&ann, &bob).await;
    assert_eq!(drained(&stage).await, [format!("follow.added {a} {b}")]);
}

#[tokio::test]
async fn when_an_account_is_public_by_then_a_request_is_told_as_accepted() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    drained(&stage).await;
    let (a, b) = (ann.user_id, bob.user_id);
    assert!(world.ask(&bob, &ann).await);
    let wanted: BTreeSet<String> = [
        format!("request.added {b} {a}"),
        format!("request.removed {b} {a}"),
        format!("follow.added {b} {a}"),
        format!("request.accepted {a} {b}"),
    ]
    .into();
    let published = drained(&stage).await;
    assert_eq!((published.len(), published.into_iter().collect::<BTreeSet<_>>()), (4, wanted));
}

#[tokio::test]
async fn when_a_request_is_made_under_a_block_then_it_is_ended_and_not_told() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.switch(&ann, true).await;
    world.block(&ann, &bob).await;
    drained(&stage).await;
    assert!(world.ask(&bob, &ann).await);
    // That it is gone may be told.
    assert_eq!(drained(&stage).await, [format!("request.removed {} {}", bob.user_id, ann.user_id)]);
    assert_eq!(world.profile(&ann).await.requests, 0);
    assert!(!table::request::exists(&world.table, bob.user_id, ann.user_id).await.unwrap());
}

#[tokio::test]
async fn a_block_and_a_follow_stay_within_their_budgets() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    stage.drain().await;
    world.follow(&bob, &ann).await;
    let records = world.engine.stream().await;
    world.engine.reset_usage();
    assert_eq!(stage.deliver(&records).await, None);
    let usage = world.engine.usage();
    // Both pairs, edge and counters, and the packed followings with a look before and after.
    assert!(usage.round_trips <= 5 && usage.read_units <= 6.0 && usage.write_units <= 7.0, "{usage:?}");

    world.engine.stream().await;
    world.block(&ann, &bob).await;
    let records = world.engine.stream().await;
    world.engine.reset_usage();
    assert_eq!(stage.deliver(&records).await, None);
    let usage = world.engine.usage();
    // Two circles, and the one follow that the block names.
    assert!(usage.round_trips <= 6 && usage.read_units <= 13.0 && usage.write_units <= 4.0, "{usage:?}");
}
