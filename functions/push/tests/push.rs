//! Pushing through the handler, on the real table engine, to a push service on loopback.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod apps;
mod browser;
mod service;

use std::time::Duration;

use api::Caller;
use browser::Browser;
use domain::device::{App, AppPlatform, AppToken, Device, DeviceId, ExtraOrigins, Subscription, Target};
use domain::inbox::{Actor, Once, RowId, Subject};
use domain::language::Language;
use domain::quiet_hours::QuietHours;
use domain::{Clock, PhotoId, Timestamp};
use messages::push::{Occasion, Push};
use mobile::Endpoints;
use push::{Apps, PushHandler, Services, WebPush};
use runtime::sqs::Handler;
use serde_json::{Value, json};
use service::{Received, Service};
use table::device::Registered;
use table::inbox::due::{self, Due};
use testkit::{ATTEMPTS, Fault, KeyService, MobilePush, OldSession, Outbox, World};
use vapid::VapidKey;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const CDN: &str = "https://network.test";

struct Stage {
    world: World,
    service: Service,
    keys: KeyService,
    sns: MobilePush,
    again: Outbox,
    ann: Caller,
    bob: Caller,
    photo: PhotoId,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let photo = world.post(&ann).await;
        let (keys, sns, again) = (KeyService::default(), MobilePush::default(), Outbox::default());
        Self { service: Service::start().await, world, keys, sns, again, ann, bob, photo }
    }

    fn origins(&self) -> ExtraOrigins {
        self.service.origin().parse().unwrap()
    }

    async fn push(&self, push: Push) -> std::collections::BTreeMap<&'static str, u64> {
        let (answer, counters) = runtime::metrics::counted(Box::pin(self.try_push(push))).await;
        answer.unwrap();
        counters
    }

    fn handler(&self) -> PushHandler<Outbox> {
        let sources = (self.world.clock.shared(), self.world.random.shared());
        let vapid = VapidKey::new(self.keys.client(), KeyService::SIGNING_KEY_ID);
        PushHandler::new(
            self.world.table.clone(),
            WebPush::new(Services::new(self.origins()), vapid, sources, CDN),
            Apps::new(Endpoints::new(self.sns.client())),
            self.again.clone(),
            self.world.clock.shared(),
            CDN,
        )
    }

    async fn try_push(&self, push: Push) -> Result<(), push::Error> {
        self.handler().handle(push).await
    }

    /// Registers a browser of `ann` in a session of its own.
    async fn device(&self, path: &str, browser: &Browser, language: Language) -> OldSession {
        let endpoint = format!("{}/{path}", self.service.origin());
        let subscription =
            Subscription::parse(&endpoint, &browser.p256dh(), &browser.auth(), &self.origins()).unwrap();
        self.register(subscription.endpoint.device(), Target::Web(subscription), language).await
    }

    /// Registers an app of `ann` in a session of its own, and returns its endpoint.
    async fn app(&self, platform: AppPlatform, language: Language) -> String {
        let application = match platform {
            AppPlatform::Ios => MobilePush::APNS,
            AppPlatform::Android => MobilePush::FCM,
        };
        let token = AppToken::parse(platform, &"0a".repeat(32)).unwrap();
        let endpoint = Endpoints::new(self.sns.client()).ensure(application, &token).await.unwrap();
        let target = Target::App(App { platform, endpoint: endpoint.clone() });
        self.register(token.device(), target, language).await;
        endpoint
    }

    async fn register(&self, id: DeviceId, target: Target, language: Language) -> OldSession {
        let session = OldSession::open(&self.world.table, &self.world.clock, &self.ann).await;
        let now = self.world.clock.now();
        let device = Device { target, language, created_at: now };
        let device = Registered { id, session: session.id.clone(), device };
        let me = self.ann.user_id;
        table::device::register(&self.world.table, me, device, now).await.unwrap().unwrap();
        session
    }

    async fn devices(&self) -> Vec<DeviceId> {
        let now = self.world.clock.now();
        let devices = table::device::list_latest(&self.world.table, self.ann.user_id, now).await.unwrap();
        devices.into_iter().map(|registered| registered.id).collect()
    }

    /// Has `who` like the photo, and returns the telling of it.
    async fn liked(&self, who: &Caller) -> Push {
        let now = self.world.clock.now();
        self.told(Subject::Like(self.photo), who, now).await
    }

    async fn told(&self, subject: Subject, who: &Caller, at: Timestamp) -> Push {
        let (me, table) = (self.ann.user_id, &self.world.table);
        let actor = Actor { at, user_id: who.user_id, username: who.username.clone() };
        table::inbox::align(table, me, Once::Ever(subject), who.user_id, Some(&actor), at).await.unwrap();
        let row = RowId::of(subject, me, at);
        let telling = table::inbox::telling_latest(table, me, row).await.unwrap().unwrap();
        let occasion = Occasion::Told { row, state: telling.state, told_at: at };
        Push { recipient_id: me, occasion, device: None }
    }
}

/// Returns row, state and moment of a telling.
fn telling(push: &Push) -> (RowId, u64, Timestamp) {
    let Occasion::Told { row, state, told_at } = push.occasion else { panic!("{push:?}") };
    (row, state, told_at)
}

fn text(received: &Received, browser: &Browser) -> Value {
    serde_json::from_slice(&browser.read(&received.body).unwrap()).unwrap()
}

#[tokio::test]
async fn when_a_row_is_told_then_each_device_reads_it_in_its_language() {
    let stage = Stage::new().await;
    let (phone, desk) = (Browser::new(3), Browser::new(4));
    stage.device("phone", &phone, Language::De).await;
    stage.device("desk", &desk, Language::En).await;
    let push = stage.liked(&stage.bob).await;
    let counters = stage.push(push.clone()).await;
    assert_eq!(counters["pushes_sent"], 2);
    let mut received = stage.service.take();
    received.sort_by(|one, other| one.path.cmp(&other.path));
    let (english, german) = (text(&received[0], &desk), text(&received[1], &phone));
    assert_eq!((&english["title"], &english["body"]), (&json!("New like"), &json!("bob likes your photo")));
    assert_eq!(german["body"], "bob mag dein Foto");
    let (row, state, told_at) = telling(&push);
    assert_eq!(english["row"], row.to_string());
    assert_eq!((&english["state"], &english["kind"]), (&json!(state), &json!("like")));
    assert_eq!(english["url"], format!("/p/{}", stage.photo));
    assert_eq!((&english["unread"], &english["at"]), (&json!(1), &json!(told_at.to_string())));
    assert!(english["icon"].as_str().unwrap().starts_with("https://network.test/photos/"), "{english}");
    let tag = english["tag"].as_str().unwrap();
    assert_eq!((tag.len(), german["tag"].as_str()), (32, Some(tag)));
    for one in &received {
        assert_eq!((one.method.as_str(), one.body.len()), ("POST", 2_048));
        let header = |name: &str| one.headers[name].as_str();
        assert_eq!((header("topic"), header("urgency")), (tag, "high"));
        assert_eq!((header("content-encoding"), header("ttl")), ("aes128gcm", "3600"));
        assert!(header("authorization").starts_with("vapid t=ey"));
    }
    assert_eq!(stage.keys.asked(), ["Sign", "GetPublicKey"], "one token for the origin");
}

#[tokio::test]
async fn when_a_message_is_delivered_again_then_devices_get_the_same_state() {
    let stage = Stage::new().await;
    let browser = Browser::new(3);
    stage.device("phone", &browser, Language::En).await;
    let push = stage.liked(&stage.bob).await;
    stage.push(push.clone()).await;
    stage.push(push).await;
    let [one, two] = &stage.service.take()[..] else { panic!("two messages") };
    assert_eq!(text(one, &browser), text(two, &browser));
    assert_eq!(one.headers["topic"], two.headers["topic"]);
}

#[tokio::test]
async fn when_a_row_was_told_again_then_only_the_later_telling_is_pushed() {
    let stage = Stage::new().await;
    let browser = Browser::new(3);
    stage.device("phone", &browser, Language::En).await;
    let push = stage.liked(&stage.bob).await;
    let (row, state, told_at) = telling(&push);
    let overtaken = Push { occasion: Occasion::Told { row, state: state - 1, told_at }, ..push.clone() };
    assert_eq!(stage.push(overtaken).await["pushes_not_wanted"], 1);
    assert!(stage.service.take().is_empty());
}

#[tokio::test]
async fn when_a_row_is_gone_switched_off_or_hidden_then_nothing_is_pushed() {
    let stage = Stage::new().await;
    let browser = Browser::new(3);
    stage.device("phone", &browser, Language::En).await;
    let push = stage.liked(&stage.bob).await;
    let me = stage.ann.user_id;
    let switch = async |on| {
        let table = &stage.world.table;
        table::notification_settings::change(table, me, |all| all.set_pushed("like", on)).await.unwrap();
    };
    switch(false).await;
    assert_eq!(stage.push(push.clone()).await["pushes_not_wanted"], 1);
    switch(true).await;
    testkit::hide(&stage.world.table, &stage.ann, &stage.bob).await;
    assert_eq!(stage.push(push.clone()).await["pushes_not_wanted"], 1);
    let cat = stage.world.person("cat").await;
    let push = stage.liked(&cat).await;
    assert_eq!(stage.push(push.clone()).await["pushes_sent"], 1);
    // Bob is left out of what Ann sees.
    assert_eq!(text(&stage.service.take()[0], &browser)["body"], "cat likes your photo");
    stage.world.delete(&stage.ann, stage.photo).await;
    assert_eq!(stage.push(push.clone()).await["pushes_not_wanted"], 1);
    let (_, state, told_at) = telling(&push);
    let row = RowId::of(Subject::Follow, me, told_at);
    let gone = Push { occasion: Occasion::Told { row, state, told_at }, ..push };
    assert_eq!(stage.push(gone).await["pushes_not_wanted"], 1);
    assert!(stage.service.take().is_empty());
}

#[tokio::test]
async fn when_actor_or_photo_were_muted_since_the_telling_then_they_are_left_out() {
    let stage = Stage::new().await;
    let browser = Browser::new(3);
    stage.device("phone", &browser, Language::En).await;
    let push = stage.liked(&stage.bob).await;
    stage.world.mute(&stage.ann, &stage.bob, true).await;
    assert_eq!(stage.push(push).await["pushes_not_wanted"], 1);
    let cat = stage.world.person("cat").await;
    let push = stage.liked(&cat).await;
    assert_eq!(stage.push(push.clone()).await["pushes_sent"], 1);
    assert_eq!(text(&stage.service.take()[0], &browser)["body"], "cat likes your photo");
    for (muted, counter) in [(true, "pushes_not_wanted"), (false, "pushes_sent")] {
        stage.world.mute_photo(&stage.ann, stage.photo, muted).await;
        assert_eq!(stage.push(push.clone()).await[counter], 1);
    }
    assert_eq!(stage.service.take().len(), 1);
}

impl Stage {
    /// Gives `ann` quiet hours (UTC), if any.
    async fn quiet(&self, hours: Option<(&str, &str)>) {
        let hours = hours.map(|(from, to)| QuietHours::parse(from, to, "UTC").unwrap());
        let (table, me) = (&self.world.table, self.ann.user_id);
        table::notification_settings::change(table, me, |all| all.set_quiet_hours(hours.clone()))
            .await
            .unwrap();
    }

    /// Advances to the next such time of day (UTC), which is at least a minute away.
    fn wait_until(&self, hour: i64) {
        let now = self.world.clock.now();
        let at = (hour * HOUR_MS - now.0).rem_euclid(24 * HOUR_MS);
        self.world.clock.advance(Duration::from_millis(u64::try_from(at).unwrap()));
    }

    /// Returns the ends of quiet hours that are noted for this minute.
    async fn ends(&self) -> Vec<Push> {
        let (minute, me) = (due::minute(self.world.clock.now()), self.ann.user_id);
        let shard = u8::try_from(me.get() % u64::from(due::SHARDS)).unwrap();
        let noted = due::read(&self.world.table, minute, shard, 10).await.unwrap().items;
        let ends = noted.iter().filter(|due| **due == Due::QuietEnd(me));
        let occasion = Occasion::QuietEnded { ended_at: due::begins(minute) };
        ends.map(|_| Push { recipient_id: me, occasion, device: None }).collect()
    }
}

#[tokio::test]
async fn when_hours_are_quiet_then_nothing_is_pushed_until_one_summary_after_them() {
    let stage = Stage::new().await;
    let (phone, desk) = (Browser::new(3), Browser::new(4));
    stage.device("phone", &phone, Language::De).await;
    stage.quiet(Some(("22:00", "07:00"))).await;
    stage.wait_until(22);
    let cat = stage.world.person("cat").await;
    let first = stage.liked(&stage.bob).await;
    assert_eq!(stage.push(first.clone()).await["pushes_in_quiet_hours"], 1);
    stage.world.engine.reset_usage();
    assert_eq!(stage.push(first).await["pushes_in_quiet_hours"], 1);
    let usage = stage.world.engine.usage();
    assert!(usage.read_units <= 5.5 && usage.write_units <= 1.0 && usage.round_trips <= 4, "{usage:?}");
    let second = stage.told(Subject::Follow, &cat, stage.world.clock.now()).await;
    assert_eq!(stage.push(second).await["pushes_in_quiet_hours"], 1);
    assert!(stage.service.take().is_empty());
    stage.wait_until(7);
    let [end] = &stage.ends().await[..] else { panic!("one end is noted") };
    // Sessions end in a night; this device registers in the morning.
    stage.device("desk", &desk, Language::En).await;
    for _ in 0..2 {
        stage.world.engine.reset_usage();
        assert!(stage.push(end.clone()).await["pushes_sent"] >= 1);
        let usage = stage.world.engine.usage();
        assert!(usage.read_units <= 2.5 && usage.writes() == 0 && usage.round_trips <= 2, "{usage:?}");
    }
    let received = stage.service.take();
    let read = |path: &str, browser: &Browser| -> Vec<Value> {
        received.iter().filter(|one| one.path == path).map(|one| text(one, browser)).collect()
    };
    let (english, german) = (read("/desk", &desk), read("/phone", &phone));
    assert_eq!((&english[0], english.len(), german.len()), (&english[1], 2, 2), "devices show a state once");
    let said = ["title", "body", "url", "kind", "unread", "state"].map(|name| english[0][name].clone());
    let Occasion::QuietEnded { ended_at } = end.occasion else { panic!("{end:?}") };
    assert_eq!(
        json!(said),
        json!(["Quiet hours are over", "2 unread notifications", "/activity", "quiet_hours", 2, ended_at.0])
    );
    assert_eq!(german[0]["body"], "2 ungelesene Mitteilungen");
    assert_eq!((english[0].get("row"), english[0]["tag"].as_str().unwrap().len()), (None, 32));
}

#[tokio::test]
async fn when_the_account_is_at_stake_then_other_devices_hear_even_in_quiet_hours() {
    let stage = Stage::new().await;
    let (old, new) = (Browser::new(3), Browser::new(4));
    stage.device("old", &old, Language::En).await;
    stage.quiet(Some(("22:00", "07:00"))).await;
    stage.wait_until(22);
    let login = stage.device("new", &new, Language::De).await.id.opened_at();
    let push = stage.told(Subject::Session(login), &stage.ann, login).await;
    assert_eq!(stage.push(push).await["pushes_sent"], 1);
    let received = stage.service.take();
    let said = ["kind", "title", "url"].map(|name| text(&received[0], &old)[name].clone());
    assert_eq!(json!(said), json!(["session", "New login to your account", "/settings/sessions"]));
    let now = stage.world.clock.now();
    let push = stage.told(Subject::Password(now), &stage.ann, now).await;
    assert_eq!(stage.push(push.clone()).await["pushes_sent"], 2);
    let (table, me) = (&stage.world.table, stage.ann.user_id);
    table::notification_settings::change(table, me, |all| all.set_pushed("password", false)).await.unwrap();
    assert_eq!(stage.push(push).await["pushes_not_wanted"], 1);
    assert!(stage.ends().await.is_empty());
}

#[tokio::test]
async fn when_all_is_read_at_the_end_of_quiet_hours_then_nothing_is_pushed() {
    let stage = Stage::new().await;
    stage.device("phone", &Browser::new(3), Language::En).await;
    stage.quiet(Some(("22:00", "07:00"))).await;
    stage.wait_until(22);
    let push = stage.liked(&stage.bob).await;
    stage.push(push).await;
    let (table, me, now) = (&stage.world.table, stage.ann.user_id, stage.world.clock.now());
    let state = table::inbox::state_latest(table, me).await.unwrap();
    table::inbox::mark_read(table, me, state, None, now).await.unwrap();
    stage.wait_until(7);
    let [end] = &stage.ends().await[..] else { panic!("one end is noted") };
    assert_eq!(stage.push(end.clone()).await["pushes_not_wanted"], 1);
    assert!(stage.service.take().is_empty());
}

#[tokio::test]
async fn when_quiet_hours_were_changed_then_their_end_is_decided_anew() {
    let stage = Stage::new().await;
    let browser = Browser::new(3);
    stage.device("phone", &browser, Language::En).await;
    stage.quiet(Some(("22:00", "07:00"))).await;
    stage.wait_until(22);
    let push = stage.liked(&stage.bob).await;
    stage.push(push).await;
    stage.quiet(Some(("21:00", "09:00"))).await;
    stage.wait_until(7);
    let [end] = &stage.ends().await[..] else { panic!("one end is noted") };
    assert_eq!(stage.push(end.clone()).await["pushes_in_quiet_hours"], 1);
    // Whoever ends them hears at the end that is noted.
    stage.quiet(None).await;
    stage.wait_until(9);
    let [end] = &stage.ends().await[..] else { panic!("the later end is noted") };
    assert_eq!(stage.push(end.clone()).await["pushes_sent"], 1);
    assert_eq!(text(&stage.service.take()[0], &browser)["body"], "1 unread notification");
}

#[tokio::test]
async fn when_the_end_of_quiet_hours_cannot_be_noted_then_the_message_comes_back() {
    let stage = Stage::new().await;
    stage.device("phone", &Browser::new(3), Language::En).await;
    stage.quiet(Some(("22:00", "07:00"))).await;
    stage.wait_until(22);
    let push = stage.liked(&stage.bob).await;
    stage.world.engine.fail_next("PutItem", ATTEMPTS, Fault::Unavailable);
    assert!(matches!(stage.try_push(push.clone()).await, Err(push::Error::Table(_))));
    stage.push(push).await;
    stage.wait_until(7);
    assert_eq!(stage.ends().await.len(), 1);
    assert!(stage.service.take().is_empty());
}

#[tokio::test]
async fn when_a_row_was_told_an_hour_ago_then_it_is_pushed_no_more() {
    let stage = Stage::new().await;
    stage.device("phone", &Browser::new(3), Language::En).await;
    let push = stage.liked(&stage.bob).await;
    stage.world.clock.advance(Duration::from_secs(3_599));
    stage.push(push.clone()).await;
    assert_eq!(stage.service.take()[0].headers["ttl"], "1");
    stage.world.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.push(push).await["pushes_too_late"], 1);
    assert!(stage.service.take().is_empty());
}

#[tokio::test]
async fn when_a_session_has_ended_then_nothing_is_pushed_to_its_device() {
    let stage = Stage::new().await;
    let session = stage.device("phone", &Browser::new(3), Language::En).await;
    let push = stage.liked(&stage.bob).await;
    session.end(&stage.world.table).await;
    assert!(stage.push(push).await.is_empty());
    assert!(stage.service.take().is_empty());
}

#[tokio::test]
async fn when_a_subscription_is_gone_then_its_device_is_removed() {
    let stage = Stage::new().await;
    for (path, status) in [("a", 404), ("b", 410), ("c", 201)] {
        stage.device(path, &Browser::new(3), Language::En).await;
        stage.service.answer(path, status, None);
    }
    let push = stage.liked(&stage.bob).await;
    let counters = stage.push(push).await;
    assert_eq!((counters["push_devices_gone"], counters["pushes_sent"]), (2, 1));
    assert_eq!(stage.devices().await.len(), 1);
}

#[tokio::test]
async fn when_a_service_asks_to_wait_then_that_device_alone_is_sent_to_later() {
    let stage = Stage::new().await;
    stage.device("calm", &Browser::new(4), Language::En).await;
    for (path, status, after) in [
        ("a", 429, Some("120")),
        ("b", 503, Some("100000")),
        ("c", 429, Some("Wed, 21 Oct 2026 07:28:00 GMT")),
        ("d", 500, None),
    ] {
        stage.device(path, &Browser::new(3), Language::En).await;
        stage.service.answer(path, status, after);
    }
    let push = stage.liked(&stage.bob).await;
    assert_eq!(stage.push(push).await["pushes_postponed"], 4);
    assert_eq!(stage.service.take().len(), 5);
    let mut delays = stage.again.take_delays();
    delays.sort_unstable();
    assert_eq!(delays, [60, 60, 120, 900]);
    let again: Vec<Push> = stage.again.take();
    stage.service.answer("a", 201, None);
    for push in again {
        stage.push(push).await;
    }
    let mut paths: Vec<String> = stage.service.take().into_iter().map(|one| one.path).collect();
    paths.sort();
    assert_eq!(paths, ["/a", "/b", "/c", "/d"]);
    assert_eq!(stage.devices().await.len(), 5);
}

#[tokio::test]
async fn when_a_service_refuses_or_redirects_then_it_is_not_asked_again() {
    let stage = Stage::new().await;
    for (path, status) in [("a", 400), ("b", 403), ("c", 413), ("d", 302)] {
        stage.device(path, &Browser::new(3), Language::En).await;
        stage.service.answer(path, status, None);
    }
    let push = stage.liked(&stage.bob).await;
    assert_eq!(stage.push(push).await["pushes_refused"], 4);
    assert_eq!((stage.service.take().len(), stage.devices().await.len()), (4, 4));
    assert!(stage.again.take::<Push>().is_empty());
}

#[tokio::test]
async fn when_a_service_cannot_be_reached_then_the_device_is_sent_to_later() {
    let stage = Stage::new().await;
    stage.device("phone", &Browser::new(3), Language::En).await;
    stage.service.stop().await;
    let push = stage.liked(&stage.bob).await;
    assert_eq!(stage.push(push).await["pushes_postponed"], 1);
    assert_eq!((stage.again.take_delays(), stage.devices().await.len()), (vec![60], 1));
}

#[tokio::test]
async fn when_key_service_or_queue_fail_then_the_message_comes_back() {
    let stage = Stage::new().await;
    stage.device("phone", &Browser::new(3), Language::En).await;
    let push = stage.liked(&stage.bob).await;
    stage.keys.fail_next(1);
    assert!(matches!(stage.try_push(push.clone()).await, Err(push::Error::Vapid(_))));
    stage.service.answer("phone", 503, None);
    stage.again.fail_next(1);
    assert!(matches!(stage.try_push(push).await, Err(push::Error::Send(_))));
}

#[tokio::test]
async fn when_nobody_has_a_device_then_a_telling_costs_one_read() {
    let stage = Stage::new().await;
    let push = stage.liked(&stage.bob).await;
    stage.world.engine.reset_usage();
    stage.push(push.clone()).await;
    let usage = stage.world.engine.usage();
    assert_eq!(usage.requests, 1);
    assert!(usage.read_units <= 1.0, "{usage:?}");
    stage.device("phone", &Browser::new(3), Language::En).await;
    stage.world.engine.reset_usage();
    stage.push(push).await;
    let usage = stage.world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (3, 0));
    assert!(usage.read_units <= 5.5, "{usage:?}");
}

#[tokio::test]
async fn when_a_host_resolves_to_loopback_then_it_is_not_connected_to() {
    let service = Service::start().await;
    let port = service.origin().rsplit_once(':').unwrap().1.to_owned();
    let message = || push::Message { body: vec![1], authorization: "a".into(), topic: "b".into(), ttl: 1 };
    // The name is let in as an origin of these services alone, and asked of others.
    let local: ExtraOrigins = format!("http://localhost:{port}").parse().unwrap();
    let browser = Browser::new(3);
    let endpoint = format!("http://localhost:{port}/a");
    let to = Subscription::parse(&endpoint, &browser.p256dh(), &browser.auth(), &local).unwrap().endpoint;
    assert_eq!(Services::new(ExtraOrigins::default()).send(&to, message()).await, push::Sent::Later(60));
    assert_eq!(service.connections(), 0);
    assert_eq!(Services::new(local).send(&to, message()).await, push::Sent::Accepted);
    assert_eq!(service.take().len(), 1);
}

#[tokio::test]
async fn when_the_recorded_event_arrives_then_it_is_handled() {
    let stage = Stage::new().await;
    let handler = stage.handler();
    for name in ["told", "quiet-ended"] {
        let event = serde_json::from_value(testkit::fixture("push", name, &[])).unwrap();
        assert!(runtime::sqs::answer(&handler, event).await.batch_item_failures.is_empty(), "{name}");
    }
}
