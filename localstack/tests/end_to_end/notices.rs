//! What people are told of their own accounts: of logins and of changed passwords.

use domain::{Clock, UserId};
use reqwest::Method;
use runtime::SystemClock;
use serde_json::{Value, json};

use crate::pushes::{Browser, said};
use crate::world::{App, PASSWORD, PATIENCE, Person, eventually_within};

/// Waits for the only row of an inbox and the only message to a browser, and returns both.
async fn told(anna: &Person<'_>, browser: &Browser<'_>) -> (Value, Value) {
    let row = anna.until_inbox(1).await["notifications"][0].clone();
    assert_eq!((&row["actors"][0]["user_id"], &row["photo_thumbnail"]), (&json!(anna.id), &Value::Null));
    (row, said(&browser.until_pushed(1).await[0]))
}

/// Waits until a login is none that may repeat the registration.
async fn until_it_is_old(account: UserId) {
    eventually_within(2 * PATIENCE, "the account is a minute old", async || {
        let now = SystemClock.now();
        if now > account.created_at().plus_ms(61_000) { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn when_somebody_logs_in_then_the_account_should_hear_of_it_on_its_devices() {
    let app = App::new();
    let anna = app.register("anna").await;
    let browser = Browser::subscribe(&anna).await;
    browser.register(&anna, "en").await;
    until_it_is_old(anna.id).await;
    let login = json!({ "login": anna.username, "password": PASSWORD });
    let session = app.post("/auth/login", &login).await.expect(200);
    let (row, pushed) = told(&anna, &browser).await;
    assert_eq!((&row["type"], &row["message"]), (&json!("session"), &json!("New login to your account")));
    assert_eq!((&pushed["kind"], &pushed["url"]), (&json!("session"), &json!("/settings/sessions")));
    assert_eq!(pushed["title"], "New login to your account");
    // It stays true when the session has ended.
    let body = json!({ "refresh_token": session["refresh_token"] });
    app.request(Method::DELETE, "/auth/session").json(&body).send().await.expect(204);
    anna.until_inbox(1).await;
}

#[tokio::test]
async fn when_a_password_is_changed_then_the_account_should_hear_of_it() {
    let app = App::new();
    let anna = app.register("anna").await;
    let browser = Browser::subscribe(&anna).await;
    browser.register(&anna, "de").await;
    let change = json!({ "current": PASSWORD, "new": "a wholly new horse" });
    anna.post("/users/me/password", &change).await.expect(204);
    let (row, pushed) = told(&anna, &browser).await;
    assert_eq!((&row["type"], &row["message"]), (&json!("password"), &json!("Your password was changed")));
    assert_eq!(
        (&pushed["kind"], &pushed["title"]),
        (&json!("password"), &json!("Dein Passwort wurde geändert"))
    );
}
