//! Access patterns on the real engine: paging, batching, conditions, races.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use domain::account::{EmailDigest, UserName};
use domain::feed::{Entry, HEAD_LEN};
use domain::id::follower_hash;
use domain::inbox::{Actor, Once, RowId, Subject};
use domain::media::{AddressSecret, MediumPlace, PerceptualHash};
use domain::photo::{ContentType, Failure, Medium, Photo, Rendered, State};
use domain::session::Seen;
use domain::user::User;
use domain::{Clock, Home, PhotoId, Relation, Timestamp, UserId, quota};
use futures::future::join_all;
use table::guard::{self, Idempotency, Quotas};
use table::inbox::Aligned;
use table::original::{MOST_REFS, Share};
use table::photo::{Creation, Finish};
use table::relations::EdgeState;
use table::session::{Opened, Owner};
use table::user::Registration;
use table::{Order, Table, feed, follow, head, inbox, like, original, photo, reader, timeline, user};
use testkit::{Engine, Fault, ManualClock, SeededRandom, store_account};

struct World {
    engine: Engine,
    table: Table,
    clock: ManualClock,
    random: SeededRandom,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let table = Table::new(engine.client(), engine.table_name());
        Self { engine, table, clock: ManualClock::new(), random: SeededRandom::default() }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn register(&self, name: &str, email: &str) -> (UserId, Registration) {
        let id = self.new_id(Home::LOCAL);
        (id, self.register_as(id, name, email).await)
    }

    fn new_id(&self, home: Home) -> UserId {
        UserId::generate(home, &self.clock, &self.random)
    }

    async fn register_as(&self, id: UserId, name: &str, email: &str) -> Registration {
        let username = UserName::parse(name).unwrap();
        let user = User::new(id, username.clone(), None);
        let opened = Opened::new(&Owner { user: id, username }, Seen::default(), self.now(), &self.random);
        store_account(&self.table, &user, &EmailDigest::new(email), "hash", &opened).await
    }

    async fn user(&self, name: &str) -> UserId {
        self.user_of(Home::LOCAL, name).await
    }

    async fn user_of(&self, home: Home, name: &str) -> UserId {
        let id = self.new_id(home);
        assert_eq!(self.register_as(id, name, &format!("digest-{name}")).await, Registration::Done);
        id
    }

    fn unstored(&self, author: UserId, media: usize) -> Photo {
        let medium = Medium { content_type: ContentType::Jpeg, size: 1, alt: None, rendered: None };
        let id = PhotoId::generate(author, &self.clock, &self.random);
        Photo::draft(id, author, "ann", AddressSecret::draw(&self.random), vec![medium; media])
    }

    async fn draft(&self, author: UserId, media: usize) -> Photo {
        let draft = self.unstored(author, media);
        assert_eq!(photo::create(&self.table, &draft, None).await.unwrap(), Creation::Done);
        draft
    }
}

fn facts() -> Rendered {
    Rendered {
        width: 4,
        height: 3,
        blurhash: "b".into(),
        sha256: "s".into(),
        phash: PerceptualHash(7),
        stored_at: None,
        similar_to: None,
    }
}

#[tokio::test]
async fn of_twenty_registrations_of_a_name_at_once_one_succeeds() {
    let world = World::new().await;
    let names = ["Ann", "ann", "ANN"];
    let tries = (0..20).map(|number| {
        let world = &world;
        async move { world.register(names[number % 3], &format!("digest-{number}")).await }
    });
    let outcomes = join_all(tries).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|(_, outcome)| *outcome == Registration::Done);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(_, outcome)| *outcome == Registration::UsernameTaken));
    assert_eq!(user::by_name(&world.table, "ann").await.unwrap(), Some(won[0].0));
    for (id, _) in lost {
        assert_eq!(user::get(&world.table, id).await.unwrap(), None, "nothing half-done");
    }
    assert_eq!(world.register("bob", "digest-0").await.1, Registration::Done);
}

#[tokio::test]
async fn ten_media_that_finish_together_and_twice_make_the_photo_ready_once() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let draft = world.draft(ann, 10).await;
    let (table, draft, facts) = (&world.table, &draft, &facts());
    let finishes = (0..20).map(|turn| photo::finish_medium(table, draft, turn % 10, facts, Share::Alone));
    let outcomes: Vec<Finish> = join_all(finishes).await.into_iter().map(Result::unwrap).collect();
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(Finish::Ready), count(Finish::Waiting), count(Finish::Already)), (1, 9, 10));
    let photo = photo::get_latest(table, draft.id).await.unwrap().unwrap();
    assert_eq!((photo.state, photo.pending), (State::Ready, 0));
    assert!(photo.media.iter().all(|medium| medium.rendered.is_some()));
}

async fn finish(world: &World, photo: &Photo, index: usize, facts: &Rendered, share: Share) -> Finish {
    photo::finish_medium(&world.table, photo, index, facts, share).await.unwrap()
}

fn place(photo: &Photo, index: usize) -> MediumPlace {
    MediumPlace { photo: photo.id, index }
}

/// Releases the reference of a medium to the copy at `at`.
async fn release(world: &World, photo: &Photo, index: usize, at: MediumPlace) -> bool {
    let medium = place(photo, index).of(photo.author);
    original::release(&world.table, medium, &facts().sha256, at).await.unwrap()
}

#[tokio::test]
async fn a_copy_is_stored_once_joined_by_others_and_released_by_the_last() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let (first, other) = (world.draft(ann, 2).await, world.draft(ann, 1).await);
    let (at, table) = (place(&first, 0), &world.table);
    let read = async || original::get_latest(table, ann, &facts().sha256).await.unwrap();
    let joined = Rendered { stored_at: Some(at), ..facts() };

    assert_eq!(finish(&world, &other, 0, &joined, Share::Joined).await, Finish::Moved, "nothing to join");
    assert_eq!(finish(&world, &first, 0, &facts(), Share::First).await, Finish::Waiting);
    assert_eq!(finish(&world, &first, 1, &facts(), Share::First).await, Finish::Moved, "not the first");
    let elsewhere = Rendered { stored_at: Some(place(&other, 0)), ..facts() };
    assert_eq!(finish(&world, &first, 1, &elsewhere, Share::Joined).await, Finish::Moved);
    assert_eq!(photo::get_latest(table, first.id).await.unwrap().unwrap().pending, 1);
    let original = read().await.unwrap();
    assert_eq!((original.facts("s"), original.source), (facts(), first.address(0)));
    for _ in 0..2 {
        let again = finish(&world, &first, 0, &facts(), Share::First).await;
        assert_eq!((again, read().await.unwrap()), (Finish::Already, original.clone()));
    }
    assert_eq!(finish(&world, &first, 1, &joined, Share::Joined).await, Finish::Ready);
    assert_eq!(finish(&world, &other, 0, &joined, Share::Joined).await, Finish::Ready);
    let stored = photo::get_latest(table, first.id).await.unwrap().unwrap();
    let stored_at = |index: usize| stored.media[index].rendered.as_ref().unwrap().stored_at;
    assert_eq!((stored_at(0), stored_at(1)), (None, Some(at)));
    let original = read().await.unwrap();
    assert_eq!((original.refs.len(), original.source), (3, other.address(0)), "of the newest");

    for (photo, index) in [(&first, 0), (&other, 0), (&other, 0)] {
        assert!(!release(&world, photo, index, at).await);
    }
    assert_eq!(read().await.unwrap().refs, [place(&first, 1)].into());
    for _ in 0..2 {
        assert!(release(&world, &first, 1, at).await);
        assert_eq!(read().await, None);
    }
}

#[tokio::test]
async fn a_copy_that_is_being_released_can_be_joined_until_it_is_deleted() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let (first, next) = (world.draft(ann, 1).await, world.draft(ann, 1).await);
    let at = place(&first, 0);
    assert_eq!(finish(&world, &first, 0, &facts(), Share::First).await, Finish::Ready);
    // The last reference is removed, but the deletion of the copy comes too late.
    let (client, hold) = world.engine.held_client("DeleteItem", 0);
    let slow = Table::new(client, world.engine.table_name());
    let medium = at.of(ann);
    let releasing = original::release(&slow, medium, "s", at);
    let joining = async {
        hold.reached().await;
        let joined = Rendered { stored_at: Some(at), ..facts() };
        assert_eq!(finish(&world, &next, 0, &joined, Share::Joined).await, Finish::Ready);
        hold.release();
    };
    let (released, ()) = futures::join!(releasing, joining);
    assert!(!released.unwrap());
    let original = original::get_latest(&world.table, ann, "s").await.unwrap().unwrap();
    assert_eq!(original.refs, [place(&next, 0)].into());
}

#[tokio::test]
async fn a_copy_takes_a_limited_number_of_media_and_its_cost_does_not_grow() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let mut at = None;
    for number in 0..=MOST_REFS / 10 {
        let photo = world.draft(ann, 10).await;
        let at = *at.get_or_insert(place(&photo, 0));
        for index in 0..10 {
            let joined = Rendered { stored_at: Some(at), sha256: "f".repeat(64), ..facts() };
            let first = Rendered { stored_at: None, ..joined.clone() };
            world.engine.reset_usage();
            let outcome = if number + index == 0 {
                finish(&world, &photo, 0, &first, Share::First).await
            } else {
                finish(&world, &photo, index, &joined, Share::Joined).await
            };
            assert_eq!(outcome == Finish::Moved, number * 10 + index >= MOST_REFS, "{number} {index}");
            let usage = world.engine.usage();
            // The photo grows by its media. That is not the copy's cost.
            assert!(usage.write_units <= 2.0 + 2.0 * 3.0, "{usage:?}");
        }
    }
    let original = original::get(&world.table, ann, &"f".repeat(64)).await.unwrap().unwrap();
    assert_eq!((original.refs.len(), original.has_room()), (MOST_REFS, false));
    assert_eq!(original::get(&world.table, world.user("bob").await, &"f".repeat(64)).await.unwrap(), None);
}

#[tokio::test]
async fn recording_a_medium_is_retried_after_conflicts() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let draft = world.draft(ann, 1).await;
    world.engine.fail_next("TransactWriteItems", 3, Fault::Conflict);
    assert_eq!(finish(&world, &draft, 0, &facts(), Share::First).await, Finish::Ready);
}

#[tokio::test]
async fn the_perceptual_hashes_of_photos_are_listed_newest_first() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let listed = [vec![PerceptualHash(1)], vec![PerceptualHash(2), PerceptualHash(u64::MAX)], vec![]];
    let mut photos = Vec::new();
    for hashes in &listed {
        world.clock.advance(std::time::Duration::from_secs(1));
        let photo = PhotoId::generate(ann, &world.clock, &world.random);
        table::settle(&world.table, vec![EdgeState::timeline(ann, photo, Some(hashes))], Order::InOrder)
            .await
            .unwrap();
        photos.push(photo);
    }
    let hashes = timeline::hashes(&world.table, ann).await.unwrap();
    let last = (photos[1], PerceptualHash(u64::MAX));
    assert_eq!(hashes, [(photos[1], PerceptualHash(2)), last, (photos[0], PerceptualHash(1))]);
}

#[tokio::test]
async fn a_failed_photo_stays_failed_and_a_deleted_one_stays_gone() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let draft = world.draft(ann, 2).await;
    let failure = Failure { code: "image_corrupt".into(), detail: "No.".into() };
    assert!(photo::fail(&world.table, draft.id, &failure).await.unwrap());
    assert!(!photo::fail(&world.table, draft.id, &failure).await.unwrap());
    assert_eq!(finish(&world, &draft, 0, &facts(), Share::First).await, Finish::Already);
    assert!(
        !photo::delete(&world.table, draft.id, UserId::try_from(1).unwrap()).await.unwrap(),
        "not theirs"
    );
    assert!(photo::delete(&world.table, draft.id, ann).await.unwrap());
    assert_eq!(finish(&world, &draft, 1, &facts(), Share::First).await, Finish::Gone);
    assert!(!photo::fail(&world.table, draft.id, &failure).await.unwrap());
    assert_eq!(photo::get_latest(&world.table, draft.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_makes_one_photo_and_is_remembered_for_a_day() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let key = |request: &str, photo| Idempotency::new("key", request.to_owned(), photo, world.now());
    let earlier = async || guard::earlier_latest(&world.table, ann, "key", world.now()).await.unwrap();
    let (first, second) = (world.unstored(ann, 1), world.unstored(ann, 1));
    let made = key("a", first.id);
    assert_eq!(photo::create(&world.table, &first, Some(&made)).await.unwrap(), Creation::Done);
    let again = photo::create(&world.table, &second, Some(&key("a", second.id))).await.unwrap();
    assert_eq!(again, Creation::Raced);
    assert_eq!(photo::create(&world.table, &first, None).await.unwrap(), Creation::Raced, "the id is taken");
    assert_eq!(earlier().await.map(|made| made.made), Some(first.id.to_string()));
    assert_eq!(photo::get(&world.table, second.id).await.unwrap(), None);
    // A day later the key may be used again, though TTL has not deleted it yet.
    world.clock.advance_days(1);
    assert_eq!(earlier().await, None);
    let third = world.unstored(ann, 1);
    let made = key("b", third.id);
    assert_eq!(photo::create(&world.table, &third, Some(&made)).await.unwrap(), Creation::Done);
}

#[tokio::test]
async fn every_quota_admits_its_limit_in_a_window_however_many_ask_at_once() {
    let world = World::new().await;
    for quota in quota::ALL {
        let quotas = Quotas::new(world.table.clone(), 3);
        let owner = world.new_id(Home::LOCAL);
        let limits: Vec<i64> = quota.measures.iter().map(|measure| measure.limit * 3).collect();
        // All but ten of the first measure, and as much of the others.
        let mut most: Vec<i64> = limits.iter().map(|limit| limit - 10).collect();
        let one: Vec<i64> = limits.iter().map(|_| 1).collect();
        most[0] = limits[0] - 10;
        world.engine.reset_usage();
        assert!(quotas.take(&quota, owner, &most, world.now()).await.unwrap().is_ok());
        let usage = world.engine.usage();
        assert_eq!((usage.round_trips, usage.write_units, usage.read_units), (1, 1.0, 0.0), "{usage:?}");
        let takes = (0..20).map(|_| quotas.take(&quota, owner, &one, world.now()));
        let taken: Vec<_> = join_all(takes).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 10, "{}", quota.name);
        let exceeded = taken.into_iter().find_map(Result::err).unwrap();
        assert!((1..=quota.seconds).contains(&exceeded.seconds));
        let next = world.now().plus_ms(exceeded.seconds * 1000);
        assert!(quotas.take(&quota, owner, &limits, next).await.unwrap().is_ok());
        assert!(quotas.take(&quota, owner, &one, next).await.unwrap().is_err());
    }
}

#[tokio::test]
async fn what_is_given_back_may_be_taken_again() {
    let world = World::new().await;
    let (quotas, owner) = (Quotas::new(world.table.clone(), 1), world.new_id(Home::LOCAL));
    let take = async |amounts| quotas.take(&quota::LOGINS, owner, amounts, world.now()).await.unwrap();
    let attempt = take(&[10, 10]).await.unwrap();
    assert!(take(&[1, 1]).await.is_err());
    quotas.give_back(&attempt, quota::WRONG_PASSWORDS).await.unwrap();
    assert!(take(&[1, 1]).await.is_ok());
    assert!(take(&[1, 1]).await.is_err());
}

#[tokio::test]
async fn exact_counts_survive_repetition_faults_and_lost_answers() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let photo = world.draft(ann, 1).await.id;
    let liker = |number: u64| UserId::try_from(number).unwrap();
    let likes: Vec<EdgeState> = (1..=250)
        .map(|number| EdgeState::since(Relation::Like(liker(number), photo), Some(world.now())))
        .collect();
    let counted = || async {
        let count = photo::get_latest(&world.table, photo).await.unwrap().unwrap().likes;
        let edges = like::likers(&world.table, photo, None, 1000).await.unwrap().items.len();
        assert_eq!(usize::try_from(count).unwrap(), edges);
        edges
    };
    world.engine.fail_next("TransactWriteItems", 1, Fault::Throttled);
    world.engine.fail_next("TransactWriteItems", 1, Fault::LostAnswer);
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    table::settle(&world.table, likes.clone(), Order::InOrder).await.unwrap();
    assert_eq!(counted().await, 250);
    table::settle(&world.table, likes[100..].to_vec(), Order::InOrder).await.unwrap();
    assert_eq!(counted().await, 250);
    // Liked, unliked, liked: the last state counts.
    let gone = |number: u64| EdgeState::since(Relation::Like(liker(number), photo), None);
    let mixed = [gone(1), likes[0].clone(), gone(2), gone(3), likes[2].clone(), gone(900)];
    table::settle(&world.table, mixed.to_vec(), Order::InOrder).await.unwrap();
    assert_eq!(counted().await, 249);
    table::settle(&world.table, mixed.to_vec(), Order::InOrder).await.unwrap();
    assert_eq!(counted().await, 249);
    // The counted item is gone, and no edge is stored.
    assert!(photo::delete(&world.table, photo, ann).await.unwrap());
    table::settle(
        &world.table,
        vec![EdgeState::since(Relation::Like(liker(901), photo), Some(world.now()))],
        Order::InOrder,
    )
    .await
    .unwrap();
    let left = like::likers(&world.table, photo, None, 1000).await.unwrap().items;
    assert!(!left.contains(&liker(901)));
}

#[tokio::test]
async fn a_like_derived_costs_two_units_and_its_share_of_the_counter() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let photo = world.draft(ann, 1).await.id;
    let since = Some(world.now());
    let likes: Vec<_> = (1..=99)
        .map(|number| EdgeState::since(Relation::Like(UserId::try_from(number).unwrap(), photo), since))
        .collect();
    world.engine.reset_usage();
    table::settle(&world.table, likes.clone(), Order::InOrder).await.unwrap();
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.write_units), (1, 2.0 * 100.0), "{usage:?}");
}

#[tokio::test]
async fn followers_page_by_home_and_hash_and_count_on_both_sides() {
    let world = World::new().await;
    let star = world.user("star").await;
    let mut fans = Vec::new();
    for number in 0..60 {
        fans.push(world.user_of(Home::ALL[number % 8], &format!("fan{number}")).await);
    }
    let changes: Vec<_> =
        fans.iter().map(|fan| EdgeState::since(Relation::Follow(*fan, star), Some(world.now()))).collect();
    table::settle(&world.table, changes.clone(), Order::InOrder).await.unwrap();
    table::settle(&world.table, changes.clone(), Order::InOrder).await.unwrap();
    assert_eq!(user::get(&world.table, star).await.unwrap().unwrap().followers, 60);
    assert!(user::get_all(&world.table, &fans).await.unwrap().values().all(|fan| fan.following == 1));
    let (mut seen, mut after) = (Vec::<UserId>::new(), None);
    loop {
        let page = follow::followers(&world.table, star, after, 7).await.unwrap();
        seen.extend(&page.items);
        if !page.more {
            break;
        }
        after = page.items.last().copied();
    }
    fans.sort_by_key(|fan| (fan.home(), follower_hash(*fan), *fan));
    assert_eq!(seen, fans);
}

#[tokio::test]
async fn a_range_of_hashes_is_one_query_and_holds_one_home() {
    let world = World::new().await;
    let star = world.user("star").await;
    let mut changes = Vec::new();
    for number in 0..120 {
        let follower = world.user_of(Home::ALL[number % 3], &format!("fan{number}")).await;
        changes.push(EdgeState::since(Relation::Follow(follower, star), Some(world.now())));
    }
    table::settle(&world.table, changes, Order::InOrder).await.unwrap();
    let all = follow::followers(&world.table, star, None, 1_000).await.unwrap().items;
    let walk = async |home, first, last, after| {
        let mut pages = follow::FollowerPages::new(star, home, first, last, after);
        world.engine.reset_usage();
        let page = pages.next(&world.table).await.unwrap().unwrap();
        assert_eq!(world.engine.usage().requests, 1);
        assert!(pages.is_done() && pages.next(&world.table).await.unwrap().is_none());
        page
    };
    for home in Home::ALL {
        let here: Vec<UserId> = all.iter().copied().filter(|fan| fan.home() == home).collect();
        let cuts = [(0, 0), (1, 0x7fff), (0x8000, 0x8000), (0x8001, u16::MAX)];
        let mut parts = Vec::new();
        for (first, last) in cuts {
            parts.extend(walk(home, first, last, None).await);
        }
        assert_eq!(parts, here, "ranges that touch hold everybody of {home:?} once");
        if let [first, rest @ ..] = &here[..] {
            assert_eq!(walk(home, 0, u16::MAX, Some(*first)).await, rest, "behind somebody");
            let hash = follower_hash(*first);
            assert_eq!(walk(home, hash, hash, None).await[0], *first, "both ends are in the range");
        }
    }
}

#[tokio::test]
async fn a_head_includes_every_photo_however_many_are_derived_at_once() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let photos: Vec<PhotoId> =
        (0..HEAD_LEN + 10).map(|_| PhotoId::generate(ann, &world.clock, &world.random)).collect();
    for chunk in photos.chunks(5) {
        join_all(chunk.iter().map(|photo| {
            table::settle(&world.table, vec![EdgeState::timeline(ann, *photo, Some(&[]))], Order::InOrder)
        }))
        .await
        .into_iter()
        .for_each(|settled| drop(settled.unwrap()));
    }
    let mut newest = photos.clone();
    newest.sort_unstable_by(|a, b| b.cmp(a));
    let heads = head::of(&world.table, &[ann, UserId::try_from(5).unwrap()]).await.unwrap().sources;
    assert_eq!((&heads[0].photos[..], heads[0].complete), (&newest[..HEAD_LEN], false));
    assert_eq!((heads[1].photos.len(), heads[1].complete), (0, true));
    assert_eq!(user::get(&world.table, ann).await.unwrap().unwrap().photos, 30);
    let older = timeline::page(&world.table, ann, Some(newest[HEAD_LEN - 1]), 100).await.unwrap();
    assert_eq!((older.items, older.more), (newest[HEAD_LEN..].to_vec(), false));
    table::settle(&world.table, vec![EdgeState::timeline(ann, newest[0], None)], Order::InOrder)
        .await
        .unwrap();
    assert_eq!(head::of(&world.table, &[ann]).await.unwrap().sources[0].photos[0], newest[1]);
    assert_eq!(user::get(&world.table, ann).await.unwrap().unwrap().photos, 29);
}

#[tokio::test]
async fn an_author_is_removed_from_a_feed_of_hundreds_of_entries() {
    let world = World::new().await;
    let (reader, ann, bob) = (world.user("r").await, world.user("ann").await, world.user("bob").await);
    let entry = |author| Entry { photo: PhotoId::generate(author, &world.clock, &world.random), author };
    let entries: Vec<Entry> = (0..260).map(|number| entry(if number % 2 == 0 { ann } else { bob })).collect();
    feed::push(&world.table, &[reader], &entries, world.now()).await.unwrap();
    feed::withdraw_author(&world.table, reader, ann).await.unwrap();
    let (state, page) = feed::open(&world.table, reader, 500, world.now()).await.unwrap();
    assert_eq!((state, page.items.len(), page.more), (None, 130, false));
    assert!(page.items.iter().all(|entry| entry.author == bob));
    let readers: Vec<UserId> = (1..=130).map(|number| UserId::try_from(number).unwrap()).collect();
    feed::push(&world.table, &readers, &entries[..1], world.now()).await.unwrap();
    assert_eq!(feed::holding(&world.table, &readers, entries[0].photo).await.unwrap().len(), 130);
    assert_eq!(
        reader::active_among(&world.table, &readers, world.now()).await.unwrap(),
        reader::Active::default()
    );
}

#[tokio::test]
async fn an_inbox_counts_each_actor_once() {
    let world = World::new().await;
    let ann = world.user("ann").await;
    let photo = world.draft(ann, 1).await.id;
    let subject = Subject::Like(photo);
    let row = RowId::of(subject, ann, world.now());
    let actors: Vec<Actor> = (1..=6)
        .map(|number| Actor {
            at: world.now().plus_ms(number),
            user_id: UserId::try_from(number.unsigned_abs()).unwrap(),
            username: format!("user{number}"),
        })
        .collect();
    // All actors are recorded at once, and each twice.
    let twice = actors.iter().chain(actors.iter().rev());
    let aligned = twice.map(|actor| {
        inbox::align(&world.table, ann, Once::Ever(subject), actor.user_id, Some(actor), world.now())
    });
    let added = join_all(aligned)
        .await
        .into_iter()
        .filter(|aligned| aligned.as_ref().unwrap().aligned == Aligned::Added);
    assert_eq!(added.count(), 6);
    let page = inbox::page(&world.table, ann, None, 20, world.now()).await.unwrap();
    let [listed] = &page.items[..] else { panic!("one row: {page:?}") };
    assert_eq!((listed.id, listed.row.actor_count, listed.place), (row, 6, world.now()));
    assert_eq!(listed.row.message(subject), "user6 and 5 others liked your photo");
    let state = inbox::state_latest(&world.table, ann).await.unwrap();
    assert_eq!((state.unread, state.read_to), (1, Timestamp(0)));
    let read = inbox::mark_read(&world.table, ann, state, None, world.now()).await.unwrap();
    assert_eq!((read.unread, read.read_to), (0, listed.place));
    assert_eq!(inbox::state(&world.table, ann, world.now()).await.unwrap(), read);
    let late = world.now().plus_days(91);
    assert_eq!(inbox::page(&world.table, ann, None, 20, late).await.unwrap().items, []);
}
