//! Registering and logging in.

use domain::quota;
use futures::future::join_all;
use reqwest::Method;
use runtime::http::Viewer;
use serde_json::{Value, json};

use crate::world::{Answer, App, PASSWORD, Person, unique};

fn application(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password": PASSWORD })
}

async fn log_in(app: &App, login: &str, password: &str) -> Answer {
    app.post("/auth/login", &json!({ "login": login, "password": password })).await
}

#[tokio::test]
async fn when_user_registers_then_should_be_able_to_login() {
    let app = App::new();
    let anna = app.register("Anna").await;
    anna.prove().await;
    let logins =
        [anna.username.clone(), anna.username.to_uppercase(), anna.email.clone(), anna.email.to_uppercase()];
    for login in logins {
        let session = log_in(&app, &login, PASSWORD).await.expect(200);
        let again = Person::of(&app, anna.email.clone(), &session);
        assert_eq!((again.id, &again.username), (anna.id, &anna.username));
        let me = again.get("/users/me").await.expect(200);
        assert_eq!(
            (me["username"].as_str(), me["full_name"].as_str()),
            (Some(anna.username.as_str()), Some("Anna"))
        );
        assert!(me.get("email").is_none() && me["email_verified"] == true, "{me}");
    }
}

#[tokio::test]
async fn when_name_address_or_password_is_wrong_then_login_should_say_the_same() {
    let app = App::new();
    let anna = app.register("anna").await;
    let nobody = unique("nobody");
    let wrong = log_in(&app, &anna.username, "wrong horse battery").await;
    wrong.refused(401, "bad_credentials");
    for (login, password) in [
        (anna.email.as_str(), "wrong"),
        (&nobody, PASSWORD),
        (&format!("{nobody}@example.org"), PASSWORD),
        ("", ""),
    ] {
        let answer = log_in(&app, login, password).await;
        answer.refused(401, "bad_credentials");
        assert_eq!(answer.body["detail"], wrong.body["detail"]);
    }
}

#[tokio::test]
async fn when_an_application_breaks_a_rule_then_it_should_be_refused_by_name() {
    let app = App::new();
    let name = unique("anna");
    let email = format!("{name}@example.org");
    let full_name = "x".repeat(101);
    for (field, value, code) in [
        ("username", json!("two words"), "username_invalid"),
        ("username", json!("x".repeat(31)), "username_invalid"),
        ("username", json!("Admin"), "username_reserved"),
        ("email", json!("nowhere"), "email_invalid"),
        ("password", json!("short"), "password_too_short"),
        ("password", json!("x".repeat(129)), "password_too_long"),
        ("full_name", json!(full_name), "full_name_too_long"),
        ("password", json!(12_345_678), "bad_json"),
        ("username", Value::Null, "bad_json"),
    ] {
        let mut body = application(&name, &email);
        body[field] = value;
        app.post("/auth/register", &body).await.refused(400, code);
    }
    // The refused application claimed neither name nor address.
    app.post("/auth/register", &application(&name, &email)).await.expect(201);
}

#[tokio::test]
async fn when_twenty_want_one_name_at_once_then_one_should_get_it() {
    let app = App::new();
    let name = unique("wanted");
    let emails: Vec<String> = (0..20).map(|number| format!("{name}.{number}@example.org")).collect();
    let answers = join_all(emails.iter().enumerate().map(async |(number, email)| {
        // Names that differ only in case are one name.
        let name = if number % 2 == 0 { name.clone() } else { name.to_uppercase() };
        app.post("/auth/register", &application(&name, email)).await
    }))
    .await;
    let winners: Vec<usize> = (0..20).filter(|number| answers[*number].status == 201).collect();
    let &[winner] = winners.as_slice() else { panic!("{} have the name: {answers:?}", winners.len()) };
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "username_taken");
    }
    let session = log_in(&app, &name, PASSWORD).await.expect(200);
    assert_eq!(session["user_id"], answers[winner].body["user_id"]);
    // The others have no account, and their addresses are still free.
    for (number, email) in emails.iter().enumerate().filter(|(number, _)| *number != winner).take(3) {
        log_in(&app, email, PASSWORD).await.refused(401, "bad_credentials");
        app.post("/auth/register", &application(&format!("{name}_{number}"), email)).await.expect(201);
    }
}

#[tokio::test]
async fn when_a_registration_is_repeated_then_it_should_open_the_same_account() {
    let app = App::new();
    let name = unique("anna");
    let body = application(&name, &format!("{name}@example.org"));
    let register = async |body: &Value| {
        app.request(Method::POST, "/auth/register").header("idempotency-key", "one").json(body).send().await
    };
    let first = register(&body).await.expect(201);
    let second = register(&body).await.expect(201);
    assert_eq!(first["user_id"], second["user_id"]);
    // The key opens nobody else's account.
    let mut guess = body.clone();
    guess["password"] = json!("wrong horse battery");
    register(&guess).await.refused(409, "username_taken");
    // Without a key, a repetition is a second attempt.
    app.post("/auth/register", &body).await.refused(409, "username_taken");
}

#[tokio::test]
async fn when_an_address_registers_too_often_then_only_it_should_wait() {
    let app = App::new();
    let register = async |base: &str| {
        let username = unique("anna");
        let email = format!("{username}@example.org");
        let body = json!({ "username": username, "email": email, "password": PASSWORD });
        // Whoever names an address without the distribution's secret is not believed.
        let request = app.fetch(Method::POST, &format!("{base}/api/v1/auth/register"));
        request.header("x-viewer-address", "203.0.113.9").json(&body).send().await
    };
    let (cdn, direct) = (app.cloud.cdn_url.clone(), app.cloud.api_url.trim_end_matches('/').to_owned());
    let viewer = Viewer::Address("127.0.0.1".parse().unwrap());
    app.behind.use_up(&quota::REGISTRATIONS, viewer.owner(), 1).await;
    let last = register(&cdn).await;
    let refused = register(&cdn).await;
    // Every browser test registers from this address.
    app.behind.free_up(&quota::REGISTRATIONS, viewer.owner(), 1).await;
    last.expect(201);
    refused.refused(429, "too_many_registrations");
    let wait = refused.header("retry-after").parse::<u64>();
    assert!(wait.is_ok_and(|seconds| (1..=3_600).contains(&seconds)), "{refused:?}");
    register(&direct).await.expect(201);
}
