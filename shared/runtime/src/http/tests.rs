use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use domain::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::auth::tests::Local;
use crate::log::capture::Lines;

/// A clock before every expiry in these tests.
struct Now;
impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000_000)
    }
}

/// A handler that returns the request.
struct Echo;
impl Handler for Echo {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.path("what") {
            "fire" => Err(Problem::internal(std::io::Error::other("table lambdagram-prod is on fire"))),
            "busy" => Err(Problem::unavailable(std::io::Error::other("throttled"))),
            "panic" => panic!("a bug"),
            "long-problem" => Err(Problem::bad_request("too_long", "long ".repeat(600))),
            "kept" => Ok(Reply::ok(&"the same again, ".repeat(100))?.validated()),
            "cookies" => {
                Ok(Reply::no_content().with_cookies(["a=1", "b=2"].map(|pair| format!("{pair}; Path=/"))))
            }
            "private" => call.caller().and_then(|caller| Reply::ok(&caller.username)),
            "nothing" => {
                tokio::time::sleep(Duration::ZERO).await;
                Ok(Reply::no_content())
            }
            what => Reply::created(&json!({
                "route": call.route(),
                "what": what,
                "q": call.query("q"),
                "agent": call.header("user-agent"),
                "body": String::from_utf8_lossy(call.body()),
            })),
        }
    }
}

/// Returns a request as API Gateway sends it.
fn request(what: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /api/v1/echo/{what}",
        "rawPath": format!("/api/v1/echo/{what}"),
        "rawQueryString": "q=a%2Cb+c&q=second&empty",
        "headers": {
            "accept": "*/*",
            "content-length": "11",
            "content-type": "application/json",
            "host": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-6921d5e0-1de4d666d4dd26aced652b6c",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https"
        },
        "queryStringParameters": { "q": "a,b c,second", "empty": "" },
        "pathParameters": { "what": what },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": "POST",
                "path": format!("/api/v1/echo/{what}"),
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0"
            },
            "requestId": "LV7fzho-PHcEJPw=",
            "routeKey": "POST /api/v1/echo/{what}",
            "stage": "$default",
            "time": "22/Nov/2026:15:08:21 +0000",
            "timeEpoch": 1_790_000_000_000_i64
        },
        "body": "{\"a\":\"one\"}",
        "isBase64Encoded": false
    })
}

/// Returns status, headers and JSON of the response, through the text that Lambda would send.
async fn ask(request: Value) -> (u64, Value, Value) {
    let response = answer(&Echo, None, &Now, serde_json::from_value(request).unwrap()).await;
    let response = serde_json::to_value(response).unwrap();
    let body = response["body"].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    (response["statusCode"].as_u64().unwrap(), response["headers"].clone(), body)
}

#[tokio::test]
async fn a_handler_sees_the_request_decoded() {
    let (status, headers, body) = ask(request("caf%C3%A9")).await;
    assert_eq!(status, 201);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let expected = json!({
        "route": "POST /api/v1/echo/{what}",
        "what": "café",
        "q": "a,b c",
        "agent": "curl/8.5.0",
        "body": "{\"a\":\"one\"}"
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_control_character_in_a_header_fails_nothing_and_is_not_logged() {
    let (lines, guard) = Lines::capture();
    for odd in [
        "\u{7f}",
        "\u{1}",
        "\u{0}",
        "a\nb",
        "\r\nx-injected: 1",
        "\u{9b}",
        "caf\u{e9}",
        "\u{fffd}",
        "日本",
        "",
    ] {
        let value = format!("secret{odd}value");
        for name in ["user-agent", "x-anything", "accept", "cookie", "idempotency-key"] {
            let mut request = request("x");
            request["headers"][name] = json!(value);
            let (status, headers, body) = ask(request).await;
            assert_eq!(status, 201, "{name}: {value:?}");
            let agent = if name == "user-agent" { value.as_str() } else { "curl/8.5.0" };
            assert_eq!(body["agent"], agent);
            assert!(headers.get("x-injected").is_none());
        }
        // A token with such a character identifies nobody.
        for authorization in [format!("Bearer {value}"), value.clone()] {
            let mut request = request("private");
            request["headers"]["authorization"] = json!(authorization);
            let request = serde_json::from_value(request).unwrap();
            let response = answer(&Echo, Some(&Local::new(7).verifier()), &Now, request).await;
            assert_eq!(response.status_code, 401, "{authorization:?}");
        }
    }
    let mut fire = request("fire");
    fire["headers"]["user-agent"] = json!("secret\u{7f}value");
    assert_eq!(ask(fire).await.0, 500);
    drop(guard);
    let logged = lines.json();
    assert_eq!(logged.last().unwrap()["code"], "internal");
    assert!(logged.iter().all(|line| !line.to_string().contains("secret")), "{logged:?}");
}

/// API Gateway leaves out what a request does not have.
#[tokio::test]
async fn an_event_may_lack_what_the_request_has_not() {
    let mut bare = request("x");
    let fields = bare.as_object_mut().unwrap();
    for name in ["headers", "body", "queryStringParameters", "rawQueryString", "isBase64Encoded"] {
        fields.remove(name);
    }
    assert_eq!(ask(bare.clone()).await.0, 201);
    for name in ["headers", "body", "pathParameters", "rawQueryString"] {
        bare[name] = Value::Null;
    }
    assert_eq!(ask(bare).await.0, 201);
}

#[tokio::test]
async fn an_encoded_body_is_decoded() {
    let mut encoded = request("x");
    encoded["body"] = json!("eyJhIjoi4oKsIn0=");
    encoded["isBase64Encoded"] = json!(true);
    assert_eq!(ask(encoded.clone()).await.2["body"], "{\"a\":\"€\"}");
    encoded["body"] = json!("%%%");
    let (status, _, problem) = ask(encoded).await;
    assert_eq!((status, &problem["code"]), (400, &json!("bad_body")));
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let mut large = request("x");
    large["body"] = json!("a".repeat(MAX_BODY));
    assert_eq!(ask(large.clone()).await.0, 201);
    large["body"] = json!("a".repeat(MAX_BODY + 1));
    let (status, headers, problem) = ask(large.clone()).await;
    assert_eq!((status, &problem["code"]), (413, &json!("body_too_large")));
    assert_eq!(headers["content-type"], "application/problem+json");
    large["isBase64Encoded"] = json!(true);
    large["body"] = json!("A".repeat(MAX_BODY * 4 / 3 + 8));
    assert_eq!(ask(large).await.0, 413);
}

#[tokio::test]
async fn an_undeclared_route_is_not_found() {
    let mut other = request("x");
    other["routeKey"] = json!("$default");
    let (status, _, problem) = ask(other).await;
    assert_eq!((status, &problem["code"]), (404, &json!("route_not_found")));
    assert_eq!(problem["request_id"], "LV7fzho-PHcEJPw=");
}

#[tokio::test]
async fn no_content_has_no_body_and_no_type() {
    let (status, headers, body) = ask(request("nothing")).await;
    assert_eq!((status, body), (204, Value::Null));
    assert!(headers.get("content-type").is_none());
}

#[tokio::test]
async fn a_cause_is_logged_once_and_never_sent_to_the_client() {
    let (lines, guard) = Lines::capture();
    let (status, _, problem) = ask(request("fire")).await;
    drop(guard);
    assert_eq!((status, &problem["code"]), (500, &json!("internal")));
    assert!(!problem.to_string().contains("fire"));
    let [line] = lines.json().try_into().unwrap();
    assert_eq!(line["error"], "table lambdagram-prod is on fire");
    assert_eq!(line["spans"][0]["request_id"], "LV7fzho-PHcEJPw=");
    assert!(!line.to_string().contains("one"), "a body is never logged");
}

#[tokio::test]
async fn a_throttle_is_a_503_with_retry_after_and_a_panic_is_a_500() {
    let (status, headers, problem) = ask(request("busy")).await;
    assert_eq!((status, &problem["code"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(ask(request("panic")).await.0, 500);
}

#[tokio::test]
async fn only_a_valid_token_identifies_the_caller() {
    use crate::auth::Issuer;

    let verifier = Local::new(7).verifier();
    let ada = api::Caller { user_id: domain::UserId::try_from(42).unwrap(), username: "ada".to_owned() };
    let issuer = Issuer::new(Local::new(7));
    let good = issuer.issue(&ada, &crate::auth::tests::session(), Now.now()).await.unwrap().token;
    let old =
        issuer.issue(&ada, &crate::auth::tests::session(), Now.now().plus_days(-1)).await.unwrap().token;

    for (authorization, status, code) in [
        (Some(format!("Bearer {good}")), 200, Value::Null),
        (Some(format!("bearer {good}")), 200, Value::Null),
        (None, 401, json!("token_missing")),
        (Some("Basic YTpi".to_owned()), 401, json!("token_missing")),
        (Some(format!("Bearer {old}")), 401, json!("token_expired")),
        (Some(format!("Bearer {good}x")), 401, json!("token_invalid")),
    ] {
        let mut request = request("private");
        if let Some(authorization) = &authorization {
            request["headers"]["authorization"] = json!(authorization);
        }
        let response = answer(&Echo, Some(&verifier), &Now, serde_json::from_value(request).unwrap()).await;
        let response = serde_json::to_value(response).unwrap();
        assert_eq!(response["statusCode"], status, "{authorization:?}");
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        match body {
            Value::String(name) => assert_eq!(name, "ada"),
            problem => {
                assert_eq!(problem["code"], code);
                assert_eq!(response["headers"]["www-authenticate"], "Bearer");
            }
        }
    }
    // A function without a verifier identifies no caller.
    assert_eq!(ask(request("private")).await.2["code"], "token_missing");
}

/// Returns the answer as Lambda would send it, and its body as a client reads it.
async fn raw(request: Value) -> (Value, String) {
    let response = answer(&Echo, None, &Now, serde_json::from_value(request).unwrap()).await;
    let response: Value = serde_json::from_str(&serde_json::to_string(&response).unwrap()).unwrap();
    let body = response["body"].as_str().unwrap_or_default();
    let bytes = if response["isBase64Encoded"] == true {
        base64::engine::general_purpose::STANDARD.decode(body).unwrap()
    } else {
        body.as_bytes().to_vec()
    };
    let mut text = String::new();
    match response["headers"]["content-encoding"].as_str() {
        Some("br") => brotli::Decompressor::new(&*bytes, 4096).read_to_string(&mut text).unwrap(),
        Some("gzip") => flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap(),
        Some(other) => panic!("{other}"),
        None => (&*bytes).read_to_string(&mut text).unwrap(),
    };
    (response, text)
}

#[tokio::test]
async fn an_answer_above_a_kilobyte_is_compressed_as_the_client_accepts_it() {
    for (accept, coding) in [
        (Some("gzip, deflate, br"), Some("br")),
        (Some("gzip;q=1.0, br;q=0"), Some("gzip")),
        (Some("br;q=0, gzip;q=0"), None),
        (Some("identity"), None),
        (Some("secret\u{1}value"), None),
        (None, None),
    ] {
        let mut long = request("x");
        long["body"] = json!("a photo by the sea. ".repeat(200));
        if let Some(accept) = accept {
            long["headers"]["Accept-Encoding"] = json!(accept);
        }
        let (response, text) = raw(long).await;
        assert_eq!(response["headers"]["content-encoding"].as_str(), coding, "{accept:?}");
        assert_eq!(response["isBase64Encoded"], coding.is_some());
        assert_eq!(response["headers"]["vary"], "accept-encoding");
        assert_eq!(response["headers"]["content-type"], "application/json");
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["body"], "a photo by the sea. ".repeat(200));
        let sent = response["body"].as_str().unwrap().len();
        assert_eq!(sent < 400, coding.is_some(), "{sent} characters");
    }
    let mut short = request("x");
    short["headers"]["accept-encoding"] = json!("br");
    let (response, text) = raw(short).await;
    assert_eq!(
        (&response["isBase64Encoded"], &response["headers"]["vary"]),
        (&json!(false), &json!("accept-encoding"))
    );
    assert!(text.contains("curl") && response["headers"].get("content-encoding").is_none());
}

#[tokio::test]
async fn a_long_problem_is_compressed_too() {
    let mut long = request("long-problem");
    long["headers"]["accept-encoding"] = json!("br");
    let (response, text) = raw(long).await;
    assert_eq!(
        (&response["statusCode"], &response["headers"]["content-encoding"]),
        (&json!(400), &json!("br"))
    );
    assert_eq!(response["headers"]["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&problem["code"], problem["detail"].as_str().unwrap().len()), (&json!("too_long"), 3_000));
}

#[tokio::test]
async fn a_validator_is_the_same_however_the_answer_is_compressed() {
    let kept = |headers: &[(&str, &str)]| {
        let mut kept = request("kept");
        for (name, value) in headers {
            kept["headers"][name] = json!(value);
        }
        raw(kept)
    };
    let (plain, _) = kept(&[]).await;
    let etag = plain["headers"]["etag"].as_str().unwrap();
    assert!(etag.starts_with("W/\"") && etag.ends_with('"'), "{etag}");
    for coding in ["br", "gzip"] {
        let (compressed, _) = kept(&[("accept-encoding", coding)]).await;
        assert_eq!(compressed["headers"]["content-encoding"], coding);
        assert_eq!(compressed["headers"]["etag"], etag);
        assert_eq!(compressed["headers"]["cache-control"], "private, no-cache");
        let (same, _) = kept(&[("accept-encoding", coding), ("If-None-Match", etag)]).await;
        assert_eq!(same["statusCode"], 304);
        assert!(same["body"].is_null() && same["headers"].get("content-encoding").is_none());
        let about = ["etag", "cache-control", "vary"];
        assert!(about.iter().all(|name| same["headers"][name] == compressed["headers"][name]), "{same}");
    }
    for other in ["", "\"x\"", "W/", "secret\u{1}value"] {
        assert_eq!(kept(&[("if-none-match", other)]).await.0["statusCode"], 200, "{other:?}");
    }
}

#[tokio::test]
async fn cookies_identify_a_page_of_the_same_origin_and_are_never_logged() {
    use crate::auth::Issuer;

    let ada = api::Caller { user_id: domain::UserId::try_from(42).unwrap(), username: "ada".to_owned() };
    let issuer = Issuer::new(Local::new(7));
    let token = issuer.issue(&ada, &crate::auth::tests::session(), Now.now()).await.unwrap().token;
    let verifier = Local::new(7).verifier();
    let asked = async |cookie: &str, headers: &[(&str, &str)]| {
        let mut request = request("private");
        for (name, value) in headers {
            request["headers"][name] = json!(value);
        }
        // API Gateway takes the cookies out of the headers.
        request["cookies"] = json!(["theme=dark", format!("__Host-access={cookie}")]);
        let request = serde_json::from_value(request).unwrap();
        let answered = answer(&Echo, Some(&verifier), &Now, request);
        let (response, counted) = metrics::counted(answered).await;
        let response = serde_json::to_value(response).unwrap();
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        let code = body["code"].as_str().or(body.as_str()).unwrap().to_owned();
        (code, counted.get("cookies_refused").copied().unwrap_or_default())
    };
    let (lines, guard) = Lines::capture();
    let (asks, same) = (("x-session", "cookie"), ("sec-fetch-site", "same-origin"));
    assert_eq!(asked(&token, &[asks, same]).await, ("ada".to_owned(), 0));
    let web = ("origin", "https://d111111abcdef8.cloudfront.net");
    assert_eq!(asked(&token, &[asks, web]).await, ("ada".to_owned(), 0));
    for forged in [&[asks, ("sec-fetch-site", "cross-site")] as &[_], &[same], &[asks], &[]] {
        assert_eq!(asked(&token, forged).await, ("token_missing".to_owned(), 1), "{forged:?}");
    }
    assert_eq!(asked("x", &[asks, same]).await, ("token_invalid".to_owned(), 0));
    // A header says who asks, also when it says nobody.
    let bearer = ("authorization", "Basic YTpi");
    assert_eq!(asked(&token, &[asks, same, bearer]).await, ("token_missing".to_owned(), 0));
    drop(guard);
    assert!(lines.json().iter().all(|line| !line.to_string().contains(&token)));
}

#[tokio::test]
async fn cookies_to_set_stand_beside_the_headers() {
    let (response, _) = raw(request("cookies")).await;
    assert_eq!(response["cookies"], json!(["a=1; Path=/", "b=2; Path=/"]));
}
