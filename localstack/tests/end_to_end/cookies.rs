//! Sessions of a page: its tokens in cookies, on the origin that serves pictures, API and web client.

use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{Answer, App, PASSWORD, Request, unique};

/// A page of the web client, which has cookies as a browser does.
struct Page<'a> {
    app: &'a App,
    cookies: Vec<String>,
}

impl<'a> Page<'a> {
    fn new(app: &'a App) -> Self {
        Self { app, cookies: Vec::new() }
    }

    /// Starts a request through the CDN with the page's cookies, from a page of another site or of its own.
    fn sent(&self, method: Method, path: &str, site: &str) -> Request {
        let url = format!("{}/api/v1{path}", self.app.cloud.cdn_url);
        let request =
            self.app.fetch(method, &url).header("x-session", "cookie").header("sec-fetch-site", site);
        if self.cookies.is_empty() { request } else { request.header("cookie", &self.cookies.join("; ")) }
    }

    fn request(&self, method: Method, path: &str) -> Request {
        self.sent(method, path, "same-origin")
    }

    /// Takes the cookies of an answer, each on a line of its own.
    fn take(&mut self, answer: &Answer) {
        let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines.len(), 2, "{answer:?}");
        for (line, name) in lines.iter().zip(["access=", "refresh="]) {
            assert!(
                line.starts_with(name) && line.contains("; HttpOnly; SameSite=Strict; Path=/;"),
                "{line}"
            );
            assert!(!line.contains("Secure"), "the local cloud has no TLS");
        }
        let kept = lines.iter().filter(|line| !line.ends_with("Max-Age=0"));
        self.cookies = kept.map(|line| line.split(';').next().unwrap().to_owned()).collect();
    }

    async fn log_in(&mut self, login: &str) -> Value {
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self.request(Method::POST, "/auth/login").json(&body).send().await;
        self.take(&answer);
        answer.expect(200)
    }
}

#[tokio::test]
async fn when_a_page_logs_in_then_it_acts_and_logs_out_by_cookies_alone() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("High tide", &[small()]).await;
    let mut page = Page::new(&app);
    let session = page.log_in(&bert.username).await;
    assert_eq!(
        session,
        json!({ "user_id": bert.id, "username": bert.username, "expires_in": 900 }),
        "no script can read a token"
    );
    let like = format!("/photos/{photo}/like");
    let state = page.request(Method::POST, &like).send().await.expect(200);
    assert_eq!(state["liked_by_user"], true);
    anna.until_likes(&photo, 1).await;

    // From another site, from a form, and without cookies nobody asks.
    page.sent(Method::DELETE, &like, "cross-site").send().await.refused(401, "token_missing");
    let url = format!("{}/api/v1{like}", app.cloud.cdn_url);
    let form = app.fetch(Method::DELETE, &url).header("cookie", &page.cookies.join("; "));
    form.header("sec-fetch-site", "same-origin").send().await.refused(401, "token_missing");
    Page::new(&app).request(Method::DELETE, &like).send().await.refused(401, "token_missing");
    assert_eq!(anna.photo(&photo).await["likes_count"], 1);

    let gone = page.cookies.clone();
    let answer = page.request(Method::DELETE, "/auth/session").send().await;
    page.take(&answer);
    answer.expect(204);
    assert!(page.cookies.is_empty(), "both are cleared");
    page.cookies = gone;
    page.request(Method::POST, "/auth/refresh").send().await.refused(401, "token_invalid");
}

#[tokio::test]
async fn when_two_tabs_refresh_at_once_then_both_go_on() {
    let app = App::new();
    let anna = app.register("anna").await;
    let mut page = Page::new(&app);
    page.log_in(&anna.username).await;
    let tabs = (0..2).map(|_| page.request(Method::POST, "/auth/refresh").send());
    let answers = futures::future::join_all(tabs).await;
    let mut pages = Vec::new();
    for answer in answers {
        let mut tab = Page::new(&app);
        tab.take(&answer);
        assert_eq!(answer.expect(200)["user_id"], json!(anna.id));
        pages.push(tab);
    }
    assert_eq!(pages[0].cookies[1], pages[1].cookies[1], "one successor");
    for tab in &pages {
        tab.request(Method::GET, "/feed").send().await.expect(200);
    }
    pages[0].request(Method::POST, "/auth/refresh").send().await.expect(200);
}

#[tokio::test]
async fn when_a_page_registers_from_another_site_then_no_session_opens() {
    let app = App::new();
    let name = unique("anna");
    let body = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
    // Past the CDN, because another test uses up what may be registered from this address.
    let register = |origin: &str| {
        let request = app.request(Method::POST, "/auth/register").header("x-session", "cookie");
        request.header("origin", origin).json(&body).send()
    };
    let answer = register("https://evil.example").await;
    answer.refused(403, "not_same_origin");
    assert!(answer.headers.get("set-cookie").is_none());
    let mut page = Page::new(&app);
    let answer = register(&app.cloud.cdn_url).await;
    page.take(&answer);
    answer.expect(201);
    page.request(Method::GET, "/users/me").send().await.expect(200);
}

#[tokio::test]
async fn when_a_photo_is_asked_for_again_then_it_is_compressed_or_not_sent_at_all() {
    let app = App::new();
    let anna = app.register("anna").await;
    let caption = "The sea is in, and everybody is out of it. ".repeat(40);
    let photo = anna.post_photo(&caption, &[small()]).await;
    let url = format!("{}/api/v1/photos/{photo}", app.cloud.cdn_url);
    let get = || app.fetch(Method::GET, &url).token(&anna.access_token);
    let plain = get().send().await;
    let etag = plain.header("etag").to_owned();
    assert_eq!((plain.status, plain.header("cache-control")), (200, "private, no-cache"));
    for coding in ["br", "gzip"] {
        let answer = get().header("accept-encoding", coding).send().await;
        assert_eq!((answer.header("content-encoding"), answer.header("etag")), (coding, etag.as_str()));
        let length: usize = answer.header("content-length").parse().unwrap();
        assert!(length < plain.body.to_string().len() / 2, "{length}");
    }
    let again = get().header("if-none-match", &etag).send().await;
    assert_eq!((again.status, &again.body), (304, &json!("")));
}
