//! Mails from messages, on the real table engine, with connectors that stand for the key service and SES.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region};
use domain::account::{EmailDigest, EmailSecret, UserName};
use domain::inbox::{Actor, Once, Subject as Inboxed};
use domain::language::Language;
use domain::mail_link::{LinkDigest, LinkToken, Purpose};
use domain::session::Seen;
use domain::user::User;
use domain::{Clock, Home, Randomness, UserId};
use mail::{MailHandler, Mailer};
use messages::Event;
use runtime::metrics::counted;
use runtime::sqs::answer;
use sealing::{Opener, Sealer};
use serde_json::{Value, json};
use table::address::{self, Address};
use table::guard::Quotas;
use table::mail_link::{self, MailLink};
use table::session::{Opened, Owner};
use table::user::{self, NewAccount};
use table::{inbox, notification_settings};
use testkit::{Fault, KeyService, Wiretap, fixture, sqs_event};

const WEB: &str = "https://web.example.org/";

/// What SES answers to the next sendings: a status and an error code each.
type Refusals = Arc<std::sync::Mutex<Vec<(u16, &'static str)>>>;

struct World {
    inner: testkit::World,
    keys: KeyService,
    ses: Wiretap,
    refusals: Refusals,
    sealer: Sealer,
    handler: MailHandler,
    tokens: AtomicUsize,
}

impl World {
    async fn new() -> Self {
        let (inner, keys) = (testkit::World::new().await, KeyService::default());
        let refusals = Refusals::default();
        let answers = refusals.clone();
        let ses = Wiretap::new(move |_| match answers.lock().unwrap().pop() {
            Some((status, code)) => {
                (status, format!("{{\"__type\":\"{code}\",\"message\":\"ann@example.org\"}}"))
            }
            None => (200, r#"{"MessageId":"1"}"#.to_owned()),
        });
        let config = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(ses.clone());
        let mailer =
            Mailer::new(aws_sdk_sesv2::Client::from_conf(config.build()), "no-reply@example.org", "mails");
        let handler = MailHandler::new(
            inner.table.clone(),
            Quotas::new(inner.table.clone(), 1),
            Opener::new(keys.client()),
            mailer,
            inner.clock.shared(),
            WEB,
            secret(),
        );
        let sealer = Sealer::new(keys.client(), KeyService::KEY_ID, Arc::new(inner.random.clone()));
        Self { inner, keys, ses, refusals, sealer, handler, tokens: AtomicUsize::new(0) }
    }

    /// Registers somebody; returns who, and the event of the link that proves the address.
    async fn register(&self, name: &str, email: &str, language: Language) -> (UserId, Event) {
        let id = UserId::generate(Home::LOCAL, &self.inner.clock, &self.inner.random);
        let username = UserName::parse(name).unwrap();
        let user = User::new(id, username.clone(), None);
        let owner = Owner { user: id, username };
        let session = Opened::new(&owner, Seen::default(), self.inner.clock.now(), &self.inner.random);
        let email_digest = EmailDigest::new(email.to_lowercase());
        let sealed = self.sealer.seal(email).await.unwrap();
        let address = Address { sealed, email: email_digest, language };
        let proof = self.link(id, Purpose::Proof).await;
        let account =
            NewAccount { user: &user, hash: "hash", address: &address, proof: &proof, session: &session };
        user::register(&self.inner.table, &account).await.unwrap();
        (id, event(&proof))
    }

    async fn link(&self, user: UserId, purpose: Purpose) -> MailLink {
        let number = self.tokens.fetch_add(1, Ordering::SeqCst);
        let token = LinkToken::draw(user, &Numbered(number));
        let sealed = self.sealer.seal(&token.expose()).await.unwrap();
        MailLink { user, purpose, digest: token.digest(), token: sealed, at: self.inner.clock.now() }
    }

    /// Stores a link that was asked for; returns its event.
    async fn asked(&self, user: UserId, purpose: Purpose) -> Event {
        let link = self.link(user, purpose).await;
        mail_link::create(&self.inner.table, &link).await.unwrap();
        event(&link)
    }

    async fn prove(&self, event: &Event) {
        let Event::LinkAdded { user_id, link, .. } = event else { panic!("{event:?}") };
        let address = address::get_latest(&self.inner.table, *user_id).await.unwrap().unwrap();
        let now = self.inner.clock.now();
        let proof = address::prove(&self.inner.table, *user_id, link, &address.email, now).await.unwrap();
        assert_eq!(proof, address::Proof::Done);
    }

    async fn deliver(&self, events: &[Event]) -> usize {
        answer(&self.handler, sqs_event(events)).await.batch_item_failures.len()
    }

    /// Delivers one event, which must not fail; returns the mails that it sends, and what is counted.
    async fn sent(&self, event: &Event) -> (Vec<Mail>, String) {
        let before = self.ses.heard().len();
        let (failed, metrics) = counted(self.deliver(std::slice::from_ref(event))).await;
        assert_eq!(failed, 0);
        let metrics: Vec<String> = metrics.keys().map(ToString::to_string).collect();
        (self.ses.heard()[before..].iter().map(|heard| Mail::of(&heard.body)).collect(), metrics.join(" "))
    }

    async fn one(&self, event: &Event) -> Mail {
        let (mails, _) = self.sent(event).await;
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        mail.clone()
    }
}

/// Bytes that tell tokens apart.
struct Numbered(usize);
impl Randomness for Numbered {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(u8::try_from(self.0).unwrap());
    }
}

fn secret() -> EmailSecret {
    "a secret of the stack".parse().unwrap()
}

fn event(link: &MailLink) -> Event {
    Event::LinkAdded { user_id: link.user, purpose: link.purpose, link: link.digest.clone() }
}

fn token(user: UserId, number: usize) -> String {
    LinkToken::draw(user, &Numbered(number)).expose()
}

/// A mail as SES gets it.
#[derive(Clone, Debug, PartialEq)]
struct Mail {
    to: String,
    subject: String,
    text: String,
    html: String,
}

impl Mail {
    fn of(body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["FromEmailAddress"], "no-reply@example.org");
        assert_eq!(body["ConfigurationSetName"], "mails");
        let message = &body["Content"]["Simple"];
        assert_eq!(message["Headers"][0]["Name"], "Auto-Submitted");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            to: text(&body["Destination"]["ToAddresses"][0]),
            subject: text(&message["Subject"]["Data"]),
            text: text(&message["Body"]["Text"]["Data"]),
            html: text(&message["Body"]["Html"]["Data"]),
        }
    }
}

#[tokio::test]
async fn when_somebody_registers_then_the_address_gets_the_proof() {
    let world = World::new().await;
    let (ann, _) = world.register("ann", "Ann@Example.org", Language::En).await;
    let digest = LinkToken::parse(&token(ann, 0)).unwrap().digest();
    let values =
        [("user_id", ann.to_string()), ("purpose", "proof".to_owned()), ("link", digest.as_str().to_owned())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let delivered = serde_json::from_value(fixture("mail", "link-added", &values)).unwrap();
    assert!(answer(&world.handler, delivered).await.batch_item_failures.is_empty());
    let heard = world.ses.heard();
    assert!(heard[0].uri.ends_with("/v2/email/outbound-emails"), "{}", heard[0].uri);
    let mail = Mail::of(&heard[0].body);
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("Ann@Example.org", "Confirm your e-mail address"));
    let link = format!("https://web.example.org/prove#{}", token(ann, 0));
    assert!(mail.text.contains(&format!("\n\n{link}\n\n")) && mail.html.contains(&link), "{mail:?}");
    assert!(!mail.text.contains(" ann"), "nothing that somebody chose");
    assert_eq!(world.keys.asked(), ["GetPublicKey", "Decrypt", "Decrypt"]);
}

#[tokio::test]
async fn when_the_registrant_reads_german_then_the_mail_is_german() {
    let world = World::new().await;
    let (_, proof) = world.register("ann", "ann@example.org", Language::De).await;
    assert_eq!(world.one(&proof).await.subject, "Bestätige deine E-Mail-Adresse");
}

#[tokio::test]
async fn when_a_message_comes_again_then_nothing_is_sent_again() {
    let world = World::new().await;
    let (_, proof) = world.register("ann", "ann@example.org", Language::En).await;
    world.one(&proof).await;
    let (again, counted) = world.sent(&proof).await;
    assert_eq!((again, counted.contains("links_done")), (vec![], true));
}

#[tokio::test]
async fn when_the_mark_fails_after_sending_then_the_same_link_is_sent_again() {
    let world = World::new().await;
    let (_, proof) = world.register("ann", "ann@example.org", Language::En).await;
    // The quota is taken by the first update, the mark is the second one.
    let mut updates = 0;
    world.inner.engine.fail_when(move |asked| {
        updates += usize::from(asked.operation() == "UpdateItem");
        (updates >= 2).then_some(Fault::Throttled)
    });
    assert_eq!(world.deliver(std::slice::from_ref(&proof)).await, 1);
    world.inner.engine.heal();
    let first = Mail::of(&world.ses.heard()[0].body);
    assert_eq!(world.one(&proof).await, first);
}

#[tokio::test]
async fn when_the_address_is_anothers_then_its_owner_is_told_and_nothing_moves() {
    let world = World::new().await;
    let (ann, first) = world.register("ann", "Ann@example.org", Language::De).await;
    world.prove(&first).await;
    let (_, second) = world.register("eve", "ann@EXAMPLE.org", Language::En).await;
    let mail = world.one(&second).await;
    // As the owner wrote the address, in the owner's language, and without a link.
    assert_eq!(mail.to, "Ann@example.org");
    assert_eq!(mail.subject, "Jemand hat sich mit deiner E-Mail-Adresse registriert");
    assert!(!mail.text.contains("web.example.org") && !mail.html.contains("href"), "{mail:?}");
    let owner = address::owner_latest(&world.inner.table, &EmailDigest::new("ann@example.org")).await;
    assert_eq!(owner.unwrap(), Some(ann));
}

#[tokio::test]
async fn when_the_address_is_proved_then_no_more_proofs_are_sent() {
    let world = World::new().await;
    let (ann, first) = world.register("ann", "ann@example.org", Language::En).await;
    let second = world.asked(ann, Purpose::Proof).await;
    world.prove(&first).await;
    for event in [first, second] {
        assert_eq!(world.sent(&event).await.0, []);
    }
}

#[tokio::test]
async fn when_a_reset_is_asked_for_then_only_a_proved_address_gets_it() {
    let world = World::new().await;
    let (ann, proof) = world.register("ann", "ann@example.org", Language::En).await;
    let early = world.asked(ann, Purpose::Reset).await;
    let (none, counted) = world.sent(&early).await;
    assert_eq!((none, counted.contains("links_not_wanted")), (vec![], true));
    world.prove(&proof).await;
    let mail = world.one(&world.asked(ann, Purpose::Reset).await).await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ann@example.org", "Set a new password"));
    assert!(mail.text.contains(&format!("https://web.example.org/reset#{}", token(ann, 2))), "{mail:?}");
    // Somebody who registered with the address is not its owner.
    let (eve, _) = world.register("eve", "ann@example.org", Language::En).await;
    let theirs = world.asked(eve, Purpose::Reset).await;
    assert_eq!(world.sent(&theirs).await.0, []);
}

#[tokio::test]
async fn when_the_link_is_nobodys_or_has_expired_then_nothing_is_sent() {
    let world = World::new().await;
    let nobody = world.asked(domain::quota::stand_in("nobody"), Purpose::Reset).await;
    let (none, counted) = world.sent(&nobody).await;
    assert_eq!((none, counted.contains("links_of_nobody")), (vec![], true));
    let (ann, proof) = world.register("ann", "ann@example.org", Language::En).await;
    let never = Event::LinkAdded {
        user_id: ann,
        purpose: Purpose::Proof,
        link: LinkDigest::parse(&"0".repeat(64)).unwrap(),
    };
    assert_eq!(world.sent(&never).await.0, []);
    world.inner.clock.advance(Duration::from_hours(24));
    assert_eq!(world.sent(&proof).await.0, []);
    assert_eq!(world.keys.asked(), ["GetPublicKey"], "nothing was opened");
}

#[tokio::test]
async fn when_many_register_with_one_address_then_it_is_not_flooded() {
    let world = World::new().await;
    let mut sent = 0;
    for number in 0..10 {
        let (_, proof) = world.register(&format!("eve{number}"), "ann@example.org", Language::En).await;
        sent += world.sent(&proof).await.0.len();
    }
    assert_eq!(sent, 6);
    // Another address gets its mail, and this one again in the next hour.
    let (_, other) = world.register("bob", "bob@example.org", Language::En).await;
    world.one(&other).await;
    world.inner.clock.advance(Duration::from_hours(1));
    let (_, later) = world.register("carl", "ann@example.org", Language::En).await;
    world.one(&later).await;
}

#[tokio::test]
async fn when_many_resets_are_asked_for_then_the_owner_gets_three_an_hour() {
    let world = World::new().await;
    let (ann, proof) = world.register("ann", "ann@example.org", Language::En).await;
    world.prove(&proof).await;
    let mut sent = 0;
    for _ in 0..5 {
        let event = world.asked(ann, Purpose::Reset).await;
        sent += world.sent(&event).await.0.len();
    }
    assert_eq!(sent, 3);
}

impl World {
    /// Changes the password of somebody whose hash is known; returns the event.
    async fn change_password(&self, user: UserId, from: &str, to: &str) -> Event {
        let at = self.inner.clock.now();
        assert!(user::change_password(&self.inner.table, user, from, to, at).await.unwrap());
        Event::PasswordChanged { user_id: user, at }
    }
}

#[tokio::test]
async fn when_a_password_is_changed_then_the_proved_address_is_told_once() {
    let world = World::new().await;
    let (ann, proof) = world.register("ann", "ann@example.org", Language::En).await;
    let unproved = world.change_password(ann, "hash", "second").await;
    let (none, counted) = world.sent(&unproved).await;
    assert_eq!((none, counted.contains("password_changes_without_address")), (vec![], true));
    world.prove(&proof).await;
    world.inner.clock.advance(Duration::from_secs(1));

    let Event::PasswordChanged { at, .. } = world.change_password(ann, "second", "third").await else {
        panic!()
    };
    let values = [("user_id", ann.to_string()), ("at", at.0.to_string())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let delivered = serde_json::from_value(fixture("mail", "password-changed", &values)).unwrap();
    assert!(answer(&world.handler, delivered).await.batch_item_failures.is_empty());
    let mail = Mail::of(&world.ses.heard().last().unwrap().body);
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ann@example.org", "Your password was changed"));
    assert!(mail.text.contains("\n\nhttps://web.example.org/forgot\n\n"), "{mail:?}");
    assert!(mail.html.contains("href=\"https://web.example.org/forgot\""), "{mail:?}");
    let (again, counted) = world.sent(&Event::PasswordChanged { user_id: ann, at }).await;
    assert_eq!((again, counted.contains("password_changes_done")), (vec![], true));
}

#[tokio::test]
async fn when_links_are_asked_for_first_then_a_changed_password_is_told_all_the_same() {
    let world = World::new().await;
    let (ann, proof) = world.register("ann", "ann@example.org", Language::En).await;
    world.prove(&proof).await;
    for _ in 0..5 {
        let event = world.asked(ann, Purpose::Reset).await;
        world.sent(&event).await;
    }
    let mut sent = 0;
    for change in 0..7 {
        let hash = |number: i32| if number == 0 { "hash".to_owned() } else { number.to_string() };
        let event = world.change_password(ann, &hash(change), &hash(change + 1)).await;
        world.inner.clock.advance(Duration::from_millis(1));
        sent += world.sent(&event).await.0.len();
    }
    assert_eq!(sent, 5);
}

impl World {
    /// Has somebody get the daily mail at this hour; returns its event.
    async fn subscribe(&self, user: UserId) -> Event {
        let now = self.inner.clock.now();
        let settings = notification_settings::change(&self.inner.table, user, |settings| {
            settings.set_digest(true, now);
        });
        Event::DigestDue { user_id: user, hour: settings.await.unwrap().digest_hour().unwrap() }
    }

    /// Tells somebody of new followers.
    async fn followed(&self, user: UserId, followers: u64) {
        for number in 1..=followers {
            let follower = UserId::try_from(number).unwrap();
            let edge = Actor { at: self.inner.clock.now(), user_id: follower, username: "bob".to_owned() };
            let (table, once) = (&self.inner.table, Once::Ever(Inboxed::Follow));
            inbox::align(table, user, once, follower, Some(&edge), edge.at).await.unwrap();
        }
    }
}

#[tokio::test]
async fn when_the_daily_mail_is_due_then_it_counts_what_is_new_once_a_day() {
    let world = World::new().await;
    let (ann, proof) = world.register("ann", "ann@example.org", Language::En).await;
    let due = world.subscribe(ann).await;
    let Event::DigestDue { hour, .. } = due else { panic!() };
    let none = async |counter: &str| {
        let (mails, counted) = world.sent(&due).await;
        assert_eq!((mails, counted.contains(counter)), (vec![], true), "{counted}");
    };
    none("digests_without_news").await;
    world.followed(ann, 3).await;
    none("digests_without_address").await;
    world.prove(&proof).await;

    let values = [("user_id", ann.to_string()), ("hour", hour.to_string())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let delivered = serde_json::from_value(fixture("mail", "digest-due", &values)).unwrap();
    assert!(answer(&world.handler, delivered).await.batch_item_failures.is_empty());
    let body = world.ses.heard().last().unwrap().body.clone();
    let mail = Mail::of(&body);
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ann@example.org", "What is new on lambdagram"));
    assert!(mail.text.contains("- New followers: 3\n") && !mail.text.contains("bob"), "{mail:?}");
    let headers = &serde_json::from_str::<Value>(&body).unwrap()["Content"]["Simple"]["Headers"];
    let token = secret().unsubscription(ann);
    let url = format!("<https://web.example.org/api/v1/auth/unsubscribe/{token}>");
    assert_eq!((&headers[1]["Name"], &headers[1]["Value"]), (&json!("List-Unsubscribe"), &json!(url)));
    let one_click = (&json!("List-Unsubscribe-Post"), &json!("List-Unsubscribe=One-Click"));
    assert_eq!((&headers[2]["Name"], &headers[2]["Value"]), one_click);

    none("digests_done").await;
    world.inner.clock.advance(Duration::from_hours(24));
    world.one(&due).await;
    // Who has looked knows, and who wants no mail gets none.
    world.inner.clock.advance(Duration::from_hours(24));
    let state = inbox::state_latest(&world.inner.table, ann).await.unwrap();
    let now = world.inner.clock.now();
    inbox::mark_read(&world.inner.table, ann, state, None, now).await.unwrap();
    none("digests_without_news").await;
    world.inner.clock.advance(Duration::from_hours(24));
    world.followed(ann, 5).await;
    let now = world.inner.clock.now();
    notification_settings::change(&world.inner.table, ann, |settings| settings.set_digest(false, now))
        .await
        .unwrap();
    none("digests_done").await;
}

#[tokio::test]
async fn when_ses_refuses_the_address_then_it_is_done_and_counted() {
    let world = World::new().await;
    let (_, proof) = world.register("ann", "anné@example.org", Language::En).await;
    world.refusals.lock().unwrap().push((400, "BadRequestException"));
    let (_, counted) = world.sent(&proof).await;
    assert!(counted.contains("mails_refused"), "{counted}");
    assert_eq!(world.sent(&proof).await.0, []);
}

#[tokio::test]
async fn when_ses_throttles_or_is_not_set_up_then_the_message_comes_again() {
    let world = World::new().await;
    let (_, proof) = world.register("ann", "ann@example.org", Language::En).await;
    let codes = [
        (429, "TooManyRequestsException"),
        (400, "MessageRejected"),
        (400, "MailFromDomainNotVerifiedException"),
        (404, "NotFoundException"),
        (500, "InternalServiceError"),
    ];
    for code in codes {
        world.refusals.lock().unwrap().push(code);
        assert_eq!(world.deliver(std::slice::from_ref(&proof)).await, 1, "{code:?}");
    }
    world.one(&proof).await;
}

#[tokio::test]
async fn when_a_dependency_fails_then_the_message_returns_and_errors_name_nobody() {
    let world = World::new().await;
    let (_, proof) = world.register("ann", "ann@example.org", Language::En).await;
    world.keys.fail_next(1);
    assert_eq!(world.deliver(std::slice::from_ref(&proof)).await, 1);
    world.inner.engine.fail_next("GetItem", 2 * testkit::ATTEMPTS, Fault::Throttled);
    assert_eq!(world.deliver(std::slice::from_ref(&proof)).await, 1);
    world.refusals.lock().unwrap().push((400, "MessageRejected"));
    let refused = runtime::sqs::Handler::handle(&world.handler, proof.clone()).await.unwrap_err();
    let shown = format!("{refused:?} {}", runtime::failure::Chain(&refused));
    assert!(shown.contains("MessageRejected") && !shown.contains("ann@example.org"), "{shown}");
    world.one(&proof).await;
}

#[tokio::test]
async fn when_the_event_is_not_for_mail_then_it_fails() {
    let world = World::new().await;
    let other = Event::ReaderReturned { user_id: domain::quota::stand_in("x"), mark: 1 };
    assert_eq!(world.deliver(&[other]).await, 1);
}
