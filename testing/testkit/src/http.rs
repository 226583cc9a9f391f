//! Requests to a handler, on the path that API Gateway's events take.
//!
//! ```no_run
//! # async fn example(like: impl runtime::http::Handler, ada: api::Caller) {
//! use testkit::http::{Request, call};
//!
//! let clock = testkit::ManualClock::new();
//! let request = Request::to("POST /api/v1/photos/{photo_id}/like").path("photo_id", 7).by(&ada, &clock);
//! let answer = call(&like, &clock, request).await;
//! assert_eq!((answer.status, answer.code()), (404, "photo_not_found"));
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt::Display;

use api::Caller;
use domain::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use runtime::http::Handler;
use serde::Serialize;
use serde_json::{Value, json};

pub use crate::events::fixture as event;
use crate::tokens::{token_for, verifier};

/// A request under construction.
#[derive(Clone, Debug)]
pub struct Request {
    route: String,
    path: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    cookies: Vec<String>,
    body: Option<String>,
}

impl Request {
    /// Starts a request to a route as the template declares it, such as `GET /api/v1/photos/{photo_id}`.
    pub fn to(route: &str) -> Self {
        assert!(route.contains(" /"), "a route is a method and a path: {route}");
        let headers = [("accept", "*/*"), ("host", HOST), ("user-agent", "testkit")];
        Self {
            route: route.to_owned(),
            path: BTreeMap::new(),
            query: Vec::new(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            cookies: Vec::new(),
            body: None,
        }
    }

    /// Sends the request as a page of the web client that has its session in cookies.
    pub fn from_page(self) -> Self {
        self.header("x-session", "cookie").header("sec-fetch-site", "same-origin")
    }

    /// Sends a cookie, which need not have a name.
    pub fn cookie(mut self, cookie: &str) -> Self {
        self.cookies.push(cookie.to_owned());
        self
    }

    /// Sets the value of a `{name}` in the route.
    pub fn path(mut self, name: &str, value: impl Display) -> Self {
        assert!(self.route.contains(&format!("{{{name}}}")), "{} has no {{{name}}}", self.route);
        self.path.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Display) -> Self {
        self.headers.insert(name.to_lowercase(), value.to_string());
        self
    }

    /// Sets the bearer token.
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Sets a valid token of `caller`.
    pub fn by(self, caller: &Caller, clock: &dyn Clock) -> Self {
        let token = token_for(caller, clock.now());
        self.token(&token)
    }

    /// Sends the request through the distribution, by the viewer with this address.
    pub fn viewer(self, address: &str) -> Self {
        self.header("x-viewer-address", address).header("x-origin-secret", ORIGIN_SECRET)
    }

    /// Sets a JSON body.
    pub fn json(self, body: &impl Serialize) -> Self {
        let text = serde_json::to_string(body).expect("JSON");
        self.body(&text)
    }

    /// Sets a body of any text, declared as JSON.
    pub fn body(mut self, text: &str) -> Self {
        self.body = Some(text.to_owned());
        self.header("content-type", "application/json").header("content-length", text.len())
    }

    /// Returns the event that API Gateway would send for the request.
    pub fn event(&self) -> Value {
        let (method, template) = self.route.split_once(' ').expect("a method and a path");
        let mut path = template.to_owned();
        for (name, value) in &self.path {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        assert!(!path.contains('{'), "{} wants all its parameters", self.route);
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route,
            "rawPath": path,
            "rawQueryString": query.join("&"),
            "headers": self.headers,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "domainName": HOST,
                "domainPrefix": "a1b2c3d4e5",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "testkit"
                },
                "requestId": "LV7fzho-PHcEJPw=",
                "routeKey": self.route,
                "stage": "$default",
                "time": "22/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1_795_348_800_000_i64
            },
            "isBase64Encoded": false
        });
        // API Gateway leaves out what is empty.
        if !self.query.is_empty() {
            event["queryStringParameters"] =
                self.query.iter().cloned().collect::<BTreeMap<_, _>>().into_iter().collect();
        }
        if !self.path.is_empty() {
            event["pathParameters"] = json!(self.path);
        }
        if !self.cookies.is_empty() {
            event["cookies"] = json!(self.cookies);
        }
        if let Some(body) = &self.body {
            event["body"] = json!(body);
        }
        event
    }
}

/// The secret with which [`Request::viewer`] proves that a request comes through the distribution.
pub const ORIGIN_SECRET: &str = "the origin's secret in tests";
const HOST: &str = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";

impl From<Request> for Value {
    fn from(request: Request) -> Self {
        request.event()
    }
}

/// The answer of a handler.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The cookies to set, each as the value of a `Set-Cookie` header.
    pub cookies: Vec<String>,
    /// The body, or null if there is none.
    pub json: Value,
}

impl Answer {
    /// Returns the problem's code, or an empty text if the answer is no problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Returns a header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the cookies as a browser sends them back: name and value alone.
    pub fn cookie_pairs(&self) -> Vec<String> {
        self.cookies.iter().filter_map(|cookie| cookie.split(';').next().map(str::to_owned)).collect()
    }
}

/// Sends a [`Request`] or a [`fixture`](event) to a handler; returns its answer. Tokens are those
/// of [`crate::token_for`].
pub async fn call(handler: &impl Handler, clock: &dyn Clock, request: impl Into<Value>) -> Answer {
    let request = serde_json::from_value(request.into()).expect("an event of API Gateway");
    let response = runtime::http::answer(handler, Some(&verifier()), clock, request).await;
    // The response goes through the JSON text that Lambda would send.
    let response = serde_json::to_value(response).expect("an answer for API Gateway");
    let headers = serde_json::from_value(response["headers"].clone()).expect("headers");
    let json =
        response["body"].as_str().map_or(Value::Null, |text| serde_json::from_str(text).expect("JSON"));
    let status = response["statusCode"].as_u64().and_then(|status| status.try_into().ok()).expect("a status");
    let cookies = serde_json::from_value(response["cookies"].clone()).expect("cookies");
    Answer { status, headers, cookies, json }
}

#[cfg(test)]
mod tests {
    use api::{Call, Problem, Reply};
    use domain::UserId;

    use super::*;
    use crate::{ManualClock, forged_token_for};

    struct Whoami;
    impl Handler for Whoami {
        async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
            let caller = call.caller()?;
            Reply::ok(&json!({
                "name": caller.username, "id": call.path("id"), "q": call.query("q"), "route": call.route(),
                "body": String::from_utf8_lossy(call.body()),
            }))
        }
    }

    #[tokio::test]
    async fn a_request_arrives_as_it_was_built() {
        let clock = ManualClock::new();
        let ada = Caller { user_id: UserId::try_from(1).unwrap(), username: "ada".to_owned() };
        let request = Request::to("PUT /things/{id}").path("id", "@ada").query("q", "a&b=c ü,").json(&[1]);

        let answer = call(&Whoami, &clock, request.clone().by(&ada, &clock)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        let expected = json!({ "name": "ada", "id": "@ada", "q": "a&b=c ü,", "route": "PUT /things/{id}", "body": "[1]" });
        assert_eq!(answer.json, expected);

        assert_eq!(call(&Whoami, &clock, request.clone()).await.code(), "token_missing");
        let forged = request.clone().token(&forged_token_for(&ada, clock.now()));
        assert_eq!(call(&Whoami, &clock, forged).await.code(), "token_invalid");
        let good = request.by(&ada, &clock);
        clock.advance_days(1);
        assert_eq!(call(&Whoami, &clock, good).await.code(), "token_expired");
    }
}
