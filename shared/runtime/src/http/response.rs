//! Responses: headers, validators, and compressed bodies.

use api::{Problem, Reply};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse as Response;
use sha2::{Digest, Sha256};

use super::compression::{Coding, SMALL};
use super::request::Request;

/// What a request says about the form of its response.
pub(super) struct Conditions {
    coding: Option<Coding>,
    if_none_match: String,
}

impl Conditions {
    /// Reads them from a request.
    pub(super) fn of(request: &Request) -> Self {
        let coding = Coding::negotiated(&request.header("accept-encoding"));
        Self { coding, if_none_match: request.header("if-none-match") }
    }

    /// Returns the response of a reply: 304 without a body if the client has what a validated reply says.
    pub(super) fn reply(&self, reply: &Reply) -> Response {
        let mut response = match reply.body().filter(|_| reply.is_validated()) {
            Some(body) => self.validated(reply.status(), body),
            None => self.response(reply.status(), "application/json", reply.body()),
        };
        response.cookies = reply.cookies().to_vec();
        response
    }

    /// Returns the response of a problem.
    pub(super) fn problem(&self, problem: &Problem, request_id: &str) -> Response {
        let body = problem.body(request_id).to_string();
        let mut response = self.response(problem.status(), "application/problem+json", Some(&body));
        if let Some(seconds) = problem.retry_after() {
            response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if problem.status() == 401 {
            response.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    fn validated(&self, status: u16, body: &str) -> Response {
        let etag = etag(body);
        let mut response = if matches(&self.if_none_match, &etag) {
            self.response(304, "", None)
        } else {
            self.response(status, "application/json", Some(body))
        };
        if let Ok(etag) = HeaderValue::try_from(etag) {
            response.headers.insert(ETAG, etag);
        }
        // A cache of the client may keep it, and has to ask before it shows it.
        response.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }

    fn response(&self, status: u16, content_type: &'static str, body: Option<&str>) -> Response {
        // Responses are personal. No cache on the way may keep one, and no browser may guess another type. The
        // body of any may be compressed.
        let always: [(HeaderName, &str); 3] =
            [(CACHE_CONTROL, "no-store"), (VARY, "accept-encoding"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
        let mut headers: HeaderMap =
            always.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        let mut response = Response::default();
        response.status_code = i64::from(status);
        if let Some(body) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            match self.compressed(body) {
                Some((coding, bytes)) => {
                    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
                    response.body = Some(Body::Binary(bytes));
                    response.is_base64_encoded = true;
                }
                None => response.body = Some(Body::Text(body.to_owned())),
            }
        }
        response.headers = headers;
        response
    }

    /// Returns a body as the client accepts it compressed, if that makes it smaller.
    fn compressed(&self, body: &str) -> Option<(Coding, Vec<u8>)> {
        let coding = self.coding.filter(|_| body.len() > SMALL)?;
        let bytes = coding.compress(body.as_bytes()).ok()?;
        (bytes.len() < body.len()).then_some((coding, bytes))
    }
}

/// Returns the validator of a body. It is weak, because it is the same however the body is compressed.
fn etag(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    let short = digest.get(..16).unwrap_or_default();
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(short))
}

/// Returns whether an `If-None-Match` header names a validator, by the weak comparison (RFC 9110, 13.1.2).
fn matches(if_none_match: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    if_none_match.trim() == "*" || if_none_match.split(',').any(|tag| opaque(tag) == opaque(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_are_compared_weakly() {
        let tag = etag("{}");
        let strong = tag.trim_start_matches("W/");
        for named in [tag.as_str(), strong, "*", " * ", &format!("\"a\", {tag}"), &format!("{strong},\"b\"")]
        {
            assert!(matches(named, &tag), "{named}");
        }
        for other in ["", "\"\"", "W/", "a", strong.trim_matches('"'), &etag("{ }"), "**"] {
            assert!(!matches(other, &tag), "{other}");
        }
    }
}
