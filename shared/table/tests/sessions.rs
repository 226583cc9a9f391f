//! Sessions on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::ops::Deref;

use domain::account::UserName;
use domain::device::{Device, ExtraOrigins, Subscription, Target};
use domain::language::Language;
use domain::session::{GRACE_MS, Nonce, RefreshToken, Seen, SessionId};
use domain::{Clock, Timestamp, UserId};
use table::device::{self, Registered};
use table::session::{self, Opened, Owner, Rotation};

struct World(testkit::World);

impl Deref for World {
    type Target = testkit::World;

    fn deref(&self) -> &testkit::World {
        &self.0
    }
}

impl World {
    async fn new() -> Self {
        Self(testkit::World::new().await)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Opens a session and returns its first token.
    async fn open(&self, owner: &Owner, seen: Seen) -> RefreshToken {
        let opened = Opened::new(owner, seen, self.now(), &self.random);
        session::open(&self.table, &opened).await.unwrap();
        opened.token
    }

    async fn rotate(&self, token: &RefreshToken, nonce: &Nonce, now: Timestamp) -> Rotation {
        session::rotate(&self.table, token, nonce, &maximal(), now).await.unwrap()
    }

    async fn listed(&self, owner: &Owner, now: Timestamp) -> Vec<SessionId> {
        let listed = session::list_latest(&self.table, owner.user, now).await.unwrap();
        listed.into_iter().map(|listed| listed.id).collect()
    }
}

fn owner(id: u64, name: &str) -> Owner {
    Owner { user: UserId::try_from(id).unwrap(), username: UserName::parse(name).unwrap() }
}

/// The longest that is kept of a request.
fn maximal() -> Seen {
    Seen::new(Some(&"x".repeat(1_000)), Some(&"\u{1f5fc}".repeat(1_000)))
}

#[tokio::test]
async fn a_refresh_token_has_one_successor_and_its_late_use_ends_the_session() {
    let world = World::new().await;
    let ann = owner(1, "ann");
    let first = world.open(&ann, Seen::default()).await;
    let (nonce, other) = (Nonce::draw(&world.random), Nonce::draw(&world.random));
    let Rotation::Done(of, second) = world.rotate(&first, &nonce, world.now()).await else { panic!() };
    assert_eq!((&of, &second), (&ann, &first.successor(&nonce)));
    // The SDK retries after a lost response with the same nonce, a client with another.
    for nonce in [&nonce, &other] {
        let again = world.rotate(&first, nonce, world.now()).await;
        assert_eq!(again, Rotation::Done(ann.clone(), second.clone()));
    }
    assert_eq!(world.rotate(&first, &other, world.now().plus_ms(60_000)).await, Rotation::Reused);
    assert_eq!(world.rotate(&second, &other, world.now()).await, Rotation::Unknown);
}

#[tokio::test]
async fn an_expired_session_is_unknown_even_while_it_is_still_stored() {
    let world = World::new().await;
    let token = world.open(&owner(1, "ann"), Seen::default()).await;
    let (nonce, late) = (Nonce::draw(&world.random), world.now().plus_days(31));
    assert_eq!(world.rotate(&token, &nonce, late).await, Rotation::Unknown);
}

#[tokio::test]
async fn a_session_ends_after_a_year_however_much_it_is_used() {
    let world = World::new().await;
    let mut token = world.open(&owner(1, "ann"), Seen::default()).await;
    for days in (20..365).step_by(20) {
        let rotated = world.rotate(&token, &Nonce::draw(&world.random), world.now().plus_days(days)).await;
        let Rotation::Done(_, next) = rotated else { panic!("{days}: {rotated:?}") };
        token = next;
    }
    let nonce = Nonce::draw(&world.random);
    assert_eq!(world.rotate(&token, &nonce, world.now().plus_days(365)).await, Rotation::Unknown);
}

#[tokio::test]
async fn sessions_are_listed_by_user_newest_first_and_the_others_end() {
    let world = World::new().await;
    let (ann, bob) = (owner(1, "ann"), owner(2, "bob"));
    let kept = world.open(&ann, Seen::default()).await;
    let bobs = world.open(&bob, Seen::default()).await;
    for _ in 0..120 {
        world.clock.advance(std::time::Duration::from_millis(1));
        world.open(&ann, Seen::default()).await;
    }
    let listed = world.listed(&ann, world.now()).await;
    assert_eq!(listed.len(), 100);
    assert!(listed.is_sorted_by(|one, other| one > other) && !listed.contains(kept.session()));
    session::end_others(&world.table, ann.user, kept.session()).await.unwrap();
    assert_eq!(world.listed(&ann, world.now()).await, [kept.session().clone()]);
    assert_eq!(world.listed(&bob, world.now()).await, [bobs.session().clone()]);
    assert!(!session::end(&world.table, ann.user, bobs.session()).await.unwrap(), "only one's own");
    let later = world.now().plus_days(30);
    assert!(world.listed(&ann, later).await.is_empty(), "what has expired is not listed");
}

#[tokio::test]
async fn the_largest_session_costs_one_write_unit_and_its_list_one_query() {
    let world = World::new().await;
    let ann = owner(u64::try_from(i64::MAX).unwrap(), &"n".repeat(30));
    let mut token = None;
    for _ in 0..6 {
        token = Some(world.open(&ann, maximal()).await);
    }
    world.engine.reset_usage();
    world.rotate(&token.unwrap(), &Nonce::draw(&world.random), world.now()).await;
    let usage = world.engine.usage();
    assert!(usage.write_units <= 1.0, "{usage:?}");
    world.engine.reset_usage();
    assert_eq!(world.listed(&ann, world.now()).await.len(), 6);
    let usage = world.engine.usage();
    assert!(usage.round_trips == 1 && usage.read_units <= 2.0, "{usage:?}");
}

#[tokio::test]
async fn a_device_stays_while_its_session_is_refreshed_and_ends_with_it() {
    let world = World::new().await;
    let ann = owner(1, "ann");
    let first = world.open(&ann, Seen::default()).await;
    let extra = ExtraOrigins::default();
    let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    let subscription =
        Subscription::parse("https://web.push.apple.com/1", key, "BTBZMqHH6r4Tts7J_aSIgg", &extra).unwrap();
    let id = subscription.endpoint.device();
    let target = Target::Web(subscription);
    let device = Device { target, language: Language::De, created_at: world.now() };
    let wanted = Registered { id, session: first.session().clone(), device };
    let registered = device::register(&world.table, ann.user, wanted.clone(), world.now()).await.unwrap();
    assert_eq!(registered, Some(wanted));
    let nonce = Nonce::draw(&world.random);
    let Rotation::Done(_, second) = world.rotate(&first, &nonce, world.now()).await else { panic!() };
    let devices = async || device::list_latest(&world.table, ann.user, world.now()).await.unwrap().len();
    assert_eq!((world.listed(&ann, world.now()).await.len(), devices().await), (1, 1));
    // A token that is used late ends the session, and so its device.
    let late = world.now().plus_ms(GRACE_MS);
    assert_eq!(world.rotate(&first, &nonce, late).await, Rotation::Reused);
    assert_eq!((devices().await, session::close(&world.table, &second).await.unwrap()), (0, false));
}
