//! Mails: proofs of addresses, notices, links for new passwords, and the daily mail. The local cloud keeps what it sends.

use std::collections::BTreeSet;

use domain::Clock;
use messages::Event;
use reqwest::Method;
use runtime::SystemClock;
use serde_json::{Value, json};

use crate::world::{App, PASSWORD, Person, eventually, unique};

const NEW: &str = "a staple for the battery";

/// A mail as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl App {
    /// Returns the mails to an address, oldest first.
    pub(crate) async fn mails(&self, to: &str) -> Vec<Mail> {
        let url = format!("{}/_lambdagram/mails", self.cloud.endpoint);
        let found = self.fetch(Method::GET, &url).send().await.expect(200);
        let is_to = |mail: &Value| mail["to"][0].as_str().is_some_and(|found| found.eq_ignore_ascii_case(to));
        let text = |mail: &Value, field: &str| mail[field].as_str().unwrap_or_default().to_owned();
        let mail = |mail: &Value| Mail {
            subject: text(mail, "subject"),
            text: text(mail, "text"),
            html: text(mail, "html"),
        };
        found.as_array().expect("mails").iter().filter(|mail| is_to(mail)).map(mail).collect()
    }

    /// Waits for as many mails to an address.
    pub(crate) async fn until_mails(&self, to: &str, count: usize) -> Vec<Mail> {
        eventually("the mails are sent", async || {
            let mails = self.mails(to).await;
            if mails.len() == count { Ok(mails) } else { Err(format!("{mails:?}")) }
        })
        .await
    }

    /// Waits for a mail with a link to a page; returns the token of the link in the mail of this number among
    /// them.
    pub(crate) async fn token_mailed(&self, to: &str, page: &str, number: usize) -> String {
        let link = format!("{}/{page}#", self.cloud.cdn_url);
        eventually("the link is mailed", async || {
            let mails = self.mails(to).await;
            let tokens = mails.iter().filter_map(|mail| mail.text.split_once(&link));
            let tokens: Vec<&str> = tokens.filter_map(|(_, rest)| rest.split_whitespace().next()).collect();
            tokens.get(number).map(|token| (*token).to_owned()).ok_or_else(|| format!("{mails:?}"))
        })
        .await
    }
}

async fn log_in(app: &App, login: &str, password: &str) -> u16 {
    app.post("/auth/login", &json!({ "login": login, "password": password })).await.status
}

#[tokio::test]
async fn when_an_address_is_proved_then_it_should_log_in() {
    let app = App::new();
    let anna = app.register("anna").await;
    assert_eq!(anna.get("/users/me").await.expect(200)["email_verified"], false);
    assert_eq!(log_in(&app, &anna.email, PASSWORD).await, 401);

    let [mail] = &app.until_mails(&anna.email, 1).await[..] else { panic!("one mail") };
    assert_eq!(mail.subject, "Confirm your e-mail address");
    let token = app.token_mailed(&anna.email, "prove", 0).await;
    assert!(mail.html.contains(&token));
    app.post("/auth/email", &json!({ "token": token })).await.expect(204);
    assert_eq!(log_in(&app, &anna.email, PASSWORD).await, 200);
    assert_eq!(anna.get("/users/me").await.expect(200)["email_verified"], true);
    // Others do not see it.
    let bert = app.register("bert").await;
    assert!(bert.profile(&anna).await.get("email_verified").is_none());
    app.post("/auth/email", &json!({ "token": token })).await.expect(204);
    app.post("/auth/email", &json!({ "token": "x" })).await.refused(400, "token_invalid");
    let other = token.replace(&anna.id.to_string(), &bert.id.to_string());
    app.post("/auth/email", &json!({ "token": other })).await.refused(410, "token_invalid");
}

#[tokio::test]
async fn when_the_proof_is_asked_for_again_then_both_links_should_work() {
    let app = App::new();
    let anna = app.register("anna").await;
    let first = app.token_mailed(&anna.email, "prove", 0).await;
    anna.post("/users/me/email/proof", &json!({})).await.expect(202);
    let second = app.token_mailed(&anna.email, "prove", 1).await;
    for token in [first, second] {
        app.post("/auth/email", &json!({ "token": token })).await.expect(204);
    }
}

#[tokio::test]
async fn when_an_address_has_an_account_then_only_its_owner_should_learn_it() {
    let app = App::new();
    let anna = app.register("anna").await;
    anna.prove().await;
    let name = unique("eve");
    let body = json!({ "username": name, "email": anna.email.to_uppercase(), "password": PASSWORD });
    let answer = app.post("/auth/register", &body).await.expect(201);
    assert_eq!(answer.as_object().unwrap().len(), 5);
    let eve = Person::of(&app, anna.email.clone(), &answer);
    let mails = app.until_mails(&anna.email, 2).await;
    let notice = &mails[1];
    assert_eq!(notice.subject, "Somebody registered with your e-mail address");
    assert!(!notice.text.contains("://") && !notice.text.contains(&name), "{notice:?}");
    // The address is still Anna's.
    let session = app.post("/auth/login", &json!({ "login": anna.email, "password": PASSWORD })).await;
    assert_eq!(session.expect(200)["user_id"], json!(anna.id));
    assert_eq!(eve.get("/users/me").await.expect(200)["email_verified"], false);
}

#[tokio::test]
async fn when_two_register_with_one_address_then_the_first_proof_should_have_it() {
    let app = App::new();
    let anna = app.register("anna").await;
    let body = json!({ "username": unique("eve"), "email": anna.email, "password": NEW });
    let eve = Person::of(&app, anna.email.clone(), &app.post("/auth/register", &body).await.expect(201));
    app.until_mails(&anna.email, 2).await;
    let mut tokens = Vec::new();
    for number in 0..2 {
        tokens.push(app.token_mailed(&anna.email, "prove", number).await);
    }
    tokens.sort_by_key(|token| !token.starts_with(&eve.id.to_string()));
    app.post("/auth/email", &json!({ "token": tokens[0] })).await.expect(204);
    app.post("/auth/email", &json!({ "token": tokens[1] })).await.refused(410, "token_invalid");
    assert_eq!(log_in(&app, &anna.email, PASSWORD).await, 401);
    assert_eq!(log_in(&app, &anna.email, NEW).await, 200);
}

#[tokio::test]
async fn when_a_password_is_reset_then_old_sessions_and_the_old_one_should_end() {
    let app = App::new();
    let anna = app.register("anna").await;
    anna.prove().await;
    let refresh = json!({ "refresh_token": anna.refresh_token });
    // The same answer for everybody.
    for login in [&anna.email, &unique("nobody"), &format!("{}@example.org", unique("nobody"))] {
        let answer = app.post("/auth/reset", &json!({ "login": login })).await;
        assert_eq!((answer.status, &answer.body), (202, &Value::String(String::new())));
    }
    let token = app.token_mailed(&anna.email, "reset", 0).await;
    let finish = async |password: &str| {
        app.post("/auth/reset/finish", &json!({ "token": token, "password": password })).await
    };
    finish("too short").await.refused(400, "password_too_short");
    finish(NEW).await.expect(204);
    app.post("/auth/refresh", &refresh).await.refused(401, "token_invalid");
    assert_eq!(log_in(&app, &anna.username, PASSWORD).await, 401);
    for login in [&anna.username, &anna.email] {
        assert_eq!(log_in(&app, login, NEW).await, 200);
    }
    finish("yet another battery").await.refused(410, "token_invalid");
    assert_eq!(log_in(&app, &anna.username, NEW).await, 200);
}

#[tokio::test]
async fn when_a_password_is_changed_then_its_owner_should_be_told() {
    let app = App::new();
    let anna = app.register("anna").await;
    anna.prove().await;
    anna.post("/users/me/password", &json!({ "current": PASSWORD, "new": NEW })).await.expect(204);
    let mails = app.until_mails(&anna.email, 2).await;
    assert_eq!(mails[1].subject, "Your password was changed");
    assert!(mails[1].text.contains(&format!("{}/forgot\n", app.cloud.cdn_url)), "{mails:?}");
}

#[tokio::test]
async fn when_the_daily_mail_is_wanted_then_it_should_come_until_its_token_ends_it() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    anna.prove().await;
    let settings = async |digest: bool| {
        let found = anna.get("/users/me/notification-settings").await.expect(200);
        assert_eq!(found["digest"], digest);
    };
    settings(false).await;
    let before = SystemClock.now().hour_of_day();
    anna.patch("/users/me/notification-settings", &json!({ "digest": true })).await.expect(200);
    settings(true).await;
    bert.follow(&anna).await;
    anna.until_inbox(1).await;
    // Its hour, whatever it was when the request was handled: who gets none at an hour gets no mail of it.
    let hours = BTreeSet::from([before, SystemClock.now().hour_of_day()]);
    let hours: Vec<Event> =
        hours.into_iter().map(|hour| Event::DigestDue { user_id: anna.id, hour }).collect();
    app.behind.flood("mail", &hours).await;
    let mails = app.until_mails(&anna.email, 2).await;
    assert_eq!(mails[1].subject, "What is new on lambdagram");
    assert!(mails[1].text.contains("- New followers: 1\n"), "{mails:?}");

    let token = app.token_mailed(&anna.email, "unsubscribe", 0).await;
    app.post(&format!("/auth/unsubscribe/{token}x"), &json!({})).await.refused(400, "token_invalid");
    for _ in 0..2 {
        app.post(&format!("/auth/unsubscribe/{token}"), &json!({})).await.expect(204);
    }
    settings(false).await;
    app.behind.flood("mail", &hours).await;
    app.behind.until_handled("mail").await;
    assert_eq!(app.mails(&anna.email).await.len(), 2);
}

#[tokio::test]
async fn when_an_address_is_not_proved_then_it_should_get_no_reset() {
    let app = App::new();
    let anna = app.register("anna").await;
    app.until_mails(&anna.email, 1).await;
    app.post("/auth/reset", &json!({ "login": anna.username })).await.expect(202);
    // A proof that is asked for afterwards is sent, and no other mail before it.
    anna.post("/users/me/email/proof", &json!({})).await.expect(202);
    let mails = app.until_mails(&anna.email, 2).await;
    assert!(mails.iter().all(|mail| mail.subject == "Confirm your e-mail address"), "{mails:?}");
}

#[tokio::test]
async fn when_somebody_registers_then_no_log_or_item_should_hold_the_address() {
    let app = App::new();
    let anna = app.register("anna").await;
    anna.prove().await;
    let items = app.behind.items_about(anna.id).await;
    assert!(!items.is_empty());
    let address = anna.email.to_lowercase();
    assert!(!format!("{items:?}").to_lowercase().contains(&address));
    let logs = app.cloud.function_logs().to_lowercase();
    assert!(logs.contains("mails_sent") && !logs.contains(&address));
}
