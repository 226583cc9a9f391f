//! People with an account each, and what they do through the app's API.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use api::Caller;
use domain::UserId;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::behind::Behind;
use crate::cloud::Cloud;
use crate::pictures::Picture;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// How long background work may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Asks until the answer is `Ok`. The last `Err` says what was seen instead.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<T, String>) -> T {
    eventually_within(PATIENCE, what, ask).await
}

/// The same, with a patience of its own.
pub(crate) async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    ask: impl AsyncFn() -> Result<T, String>,
) -> T {
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(value) => return value,
            Err(seen) if began.elapsed() > patience => {
                panic!("after {} s still not: {what}; last seen: {seen}", patience.as_secs())
            }
            Err(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
        }
    }
}

/// Returns `Ok` when `found` equals `wanted`; for use in [`eventually`].
pub(crate) fn same<T: PartialEq + Debug>(found: T, wanted: &T) -> Result<T, String> {
    if found == *wanted { Ok(found) } else { Err(format!("{found:?}")) }
}

/// Returns text that no other test and no earlier run has.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}_{:012x}", getrandom::u64().unwrap() >> 16)
}

/// An HTTP answer of the API or of another service.
#[derive(Debug)]
pub(crate) struct Answer {
    asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body: JSON, or the text as a string.
    pub(crate) body: Value,
}

impl Answer {
    /// Returns the body, and asserts this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.body);
        self.body
    }

    /// Asserts that the answer is the problem with this code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let found = (self.status, self.body["code"].as_str().unwrap_or_default());
        assert_eq!(found, (status, code), "{} answered {}", self.asked, self.body);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.asked);
        assert_eq!(self.body["status"], status, "{}", self.asked);
        assert!(
            self.body["request_id"].as_str().is_some_and(|id| !id.is_empty()),
            "{}: {}",
            self.asked,
            self.body
        );
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A request that is being built.
pub(crate) struct Request {
    asked: String,
    builder: RequestBuilder,
}

impl Request {
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        Self { builder: self.builder.json(body), ..self }
    }

    pub(crate) fn text(self, body: impl Into<String>) -> Self {
        Self { builder: self.builder.header("content-type", "application/json").body(body.into()), ..self }
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.builder.send().await.unwrap_or_else(|error| panic!("{}: {error:?}", self.asked));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_else(|error| panic!("{}: {error:?}", self.asked));
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { asked: self.asked, status, headers, body }
    }
}

/// The deployed application.
pub(crate) struct App {
    pub(crate) cloud: Cloud,
    pub(crate) behind: Behind,
    pub(crate) http: reqwest::Client,
}

impl App {
    /// Returns the application under test.
    pub(crate) fn new() -> Self {
        Self::on(Cloud::under_test())
    }

    pub(crate) fn on(cloud: Cloud) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self { behind: Behind::new(&cloud), cloud, http }
    }

    /// Starts a request of the API, to a path below `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let url = format!("{}api/v1{path}", self.cloud.api_url);
        Request { asked: format!("{method} {path}"), builder: self.http.request(method, url) }
    }

    /// Starts a plain request of any address.
    pub(crate) fn fetch(&self, method: Method, url: &str) -> Request {
        Request { asked: format!("{method} {url}"), builder: self.http.request(method, url) }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    /// Registers somebody new, whose name begins with `name`.
    pub(crate) async fn register(&self, name: &str) -> Person<'_> {
        let username = unique(name);
        let email = format!("{username}@example.org");
        let body = json!({ "username": username, "email": email, "password": PASSWORD, "full_name": name });
        let session = self.post("/auth/register", &body).await.expect(201);
        assert_eq!(session["username"], username);
        Person::of(self, email, &session)
    }

    /// Posts a file to S3 by a signed form, as a browser would.
    pub(crate) async fn post_form(&self, upload: &Value, bytes: &[u8]) -> Answer {
        let fields = upload["fields"].as_object().expect("fields of a form");
        let field = |value: &Value| value.as_str().expect("a text field").to_owned();
        let form =
            fields.iter().fold(Form::new(), |form, (name, value)| form.text(name.clone(), field(value)));
        let form = form.part("file", Part::bytes(bytes.to_vec()).file_name("picture"));
        let url = upload["url"].as_str().expect("where to post");
        let builder = self.http.post(url).multipart(form);
        Request { asked: format!("POST {url} (form)"), builder }.send().await
    }
}

/// A person with an account.
pub(crate) struct Person<'a> {
    pub(crate) app: &'a App,
    pub(crate) id: UserId,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl<'a> Person<'a> {
    /// Returns the owner of a session.
    pub(crate) fn of(app: &'a App, email: String, session: &Value) -> Self {
        let text = |field: &str| {
            session[field].as_str().unwrap_or_else(|| panic!("no {field} in {session}")).to_owned()
        };
        assert_eq!(session["expires_in"], 900);
        Self {
            app,
            id: text("user_id").parse().expect("a user id"),
            username: text("username"),
            email,
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }

    /// Proves the address by the mail that came to it.
    pub(crate) async fn prove(&self) {
        let token = self.app.token_mailed(&self.email, "prove", 0).await;
        self.app.post("/auth/email", &json!({ "token": token })).await.expect(204);
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller { user_id: self.id, username: self.username.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        self.app.request(method, path).token(&self.access_token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }

    /// Follows somebody and waits until it is counted.
    pub(crate) async fn follow(&self, other: &Person<'_>) {
        let path = format!("/users/{}/follow", other.id);
        let state = self.request(Method::POST, &path).send().await.expect(200);
        assert_eq!(state["following"], true);
        self.until_counted(other, 1).await;
    }

    /// Unfollows somebody and waits until it is counted.
    pub(crate) async fn unfollow(&self, other: &Person<'_>) {
        let state = self.delete(&format!("/users/{}/follow", other.id)).await.expect(200);
        assert_eq!(state["following"], false);
        self.until_counted(other, 0).await;
    }

    async fn until_counted(&self, followee: &Person<'_>, followers: u64) {
        eventually("the follower is counted", async || {
            let profile = self.profile(followee).await;
            let found = (profile["follower_count"].clone(), profile["followed_by_you"].clone());
            same(found, &(json!(followers), json!(followers > 0)))
        })
        .await;
    }

    pub(crate) async fn profile(&self, of: &Person<'_>) -> Value {
        self.get(&format!("/users/{}", of.id)).await.expect(200)
    }

    /// Creates a draft photo; returns its id, and a form for each medium.
    pub(crate) async fn create_upload(&self, caption: &str, pictures: &[Picture]) -> (String, Vec<Value>) {
        let created = self.post("/photos", &upload_request(caption, pictures)).await.expect(201);
        created_upload(&created)
    }

    /// Posts a photo and waits until it is ready; returns its id.
    pub(crate) async fn post_photo(&self, caption: &str, pictures: &[Picture]) -> String {
        let (photo, uploads) = self.create_upload(caption, pictures).await;
        assert_eq!(uploads.len(), pictures.len());
        for (upload, picture) in uploads.iter().zip(pictures) {
            self.app.post_form(upload, &picture.bytes).await.expect(204);
        }
        self.until(&photo, "ready").await;
        photo
    }

    /// Waits until one's own photo has a status; returns the photo.
    pub(crate) async fn until(&self, photo: &str, status: &str) -> Value {
        eventually(&format!("the photo is {status}"), async || {
            let shown = self.photo(photo).await;
            if shown["status"] == status { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await
    }

    pub(crate) async fn photo(&self, photo: &str) -> Value {
        self.get(&format!("/photos/{photo}")).await.expect(200)
    }

    /// Likes a photo and waits until the photo has that many likes.
    pub(crate) async fn like(&self, photo: &str, likes: u64) {
        let state = self.request(Method::POST, &format!("/photos/{photo}/like")).send().await.expect(200);
        assert_eq!(state["liked_by_user"], true);
        self.until_likes(photo, likes).await;
    }

    pub(crate) async fn until_likes(&self, photo: &str, likes: u64) {
        eventually("the likes are counted", async || {
            same(self.photo(photo).await["likes_count"].clone(), &json!(likes)).map(drop)
        })
        .await;
    }

    /// Returns the photos on the first page of the feed.
    pub(crate) async fn feed(&self) -> Vec<Value> {
        self.get("/feed").await.expect(200)["photos"].as_array().expect("photos").clone()
    }

    /// Waits until the feed has exactly these photos in this order; returns the photos.
    pub(crate) async fn until_feed(&self, photos: &[&str]) -> Vec<Value> {
        eventually("the feed has the right photos", async || {
            let feed = self.feed().await;
            let ids: Vec<&str> = feed.iter().filter_map(|photo| photo["photo_id"].as_str()).collect();
            same(ids, &photos.to_vec()).map(drop)?;
            Ok(feed)
        })
        .await
    }

    /// Waits until the inbox has this many rows; returns the page.
    pub(crate) async fn until_inbox(&self, rows: usize) -> Value {
        eventually("the inbox has the right rows", async || {
            let page = self.get("/notifications").await.expect(200);
            if page["notifications"].as_array().is_some_and(|found| found.len() == rows) {
                Ok(page)
            } else {
                Err(page.to_string())
            }
        })
        .await
    }
}

/// Returns the request that creates a draft of these pictures.
pub(crate) fn upload_request(caption: &str, pictures: &[Picture]) -> Value {
    let media: Vec<Value> = pictures
        .iter()
        .map(|picture| json!({ "content_type": picture.content_type, "size": picture.bytes.len(), "alt": picture.alt }))
        .collect();
    json!({ "caption": caption, "media": media })
}

/// Reads the answer to that request; returns the photo's id, and a form for each medium.
pub(crate) fn created_upload(created: &Value) -> (String, Vec<Value>) {
    assert_eq!(created["status"], "processing");
    let id = created["photo_id"].as_str().expect("a photo id").to_owned();
    (id, created["uploads"].as_array().expect("uploads").clone())
}
