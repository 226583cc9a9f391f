//! An HTTP request as a handler sees it.

use std::collections::HashMap;

use domain::cursor::List;
use domain::session::SessionId;
use domain::{Timestamp, UserId};
use serde::de::DeserializeOwned;

use crate::Problem;

/// Entries in a page of a list when the client does not ask for a number.
pub(crate) const DEFAULT_COUNT: usize = 20;
/// Most entries in a page of a list.
pub(crate) const MAX_COUNT: usize = 50;
const MAX_IDEMPOTENCY_KEY: usize = 128;

/// The user who sent a request, proven by their access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Their id.
    pub user_id: UserId,
    /// Their user name.
    pub username: String,
}

/// The session in which a request is made, as its access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InSession {
    /// The session.
    pub id: SessionId,
    /// When the token was issued. The session was open then.
    pub issued_at: Timestamp,
}

/// The parts of a [`Call`].
#[derive(Debug, Default)]
pub struct Parts {
    /// The route as the template declares it, for example `POST /api/v1/photos/{photo_id}/like`.
    pub route: String,
    /// Path parameters by name, percent-decoded.
    pub path: HashMap<String, String>,
    /// Query parameters by name, decoded; the first value of each.
    pub query: HashMap<String, String>,
    /// Headers by lower-case name.
    pub headers: HashMap<String, String>,
    /// The body, decoded from base64 where the gateway encoded it.
    pub body: Vec<u8>,
}

/// An HTTP request.
#[derive(Debug)]
pub struct Call {
    parts: Parts,
    caller: Result<Caller, Problem>,
    session: Option<InSession>,
}

impl Call {
    /// Returns a call by `caller`. The problem of a missing or bad token is reported only if
    /// [`Self::caller`] is called.
    pub fn new(parts: Parts, caller: Result<Caller, Problem>) -> Self {
        Self { parts, caller, session: None }
    }

    /// Returns the call as one of this session of the caller's.
    pub fn in_session(self, session: Option<InSession>) -> Self {
        Self { session, ..self }
    }

    /// Returns the route, for example `GET /api/v1/feed`.
    pub fn route(&self) -> &str {
        &self.parts.route
    }

    /// Returns the caller, or a problem with status 401 when no valid token proves who it is.
    pub fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().map_err(Problem::clone)
    }

    /// Returns the id of the session of the caller's token, or a problem with status 401 when there is none.
    pub fn session(&self) -> Result<&SessionId, Problem> {
        self.made_in().map(|session| &session.id)
    }

    /// Returns the session of the caller's token and when that was issued, or a problem with status 401 when
    /// there is none.
    pub fn made_in(&self) -> Result<&InSession, Problem> {
        let missing = || Problem::unauthorized("token_invalid", "The access token names no session.");
        self.caller().and_then(|_| self.session.as_ref().ok_or_else(missing))
    }

    /// Returns the path parameter `name`; empty when the route has none of that name.
    pub fn path(&self, name: &str) -> &str {
        self.parts.path.get(name).map_or("", String::as_str)
    }

    /// Returns the query parameter `name`.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.parts.query.get(name).map(String::as_str)
    }

    /// Returns a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).map(String::as_str)
    }

    /// Returns the body parsed as a JSON object, or a problem with code `bad_json` that names the fault.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // An array would be read as an object's fields in order, which is no part of the contract.
        if self.parts.body.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
            return Err(Problem::bad_request("bad_json", "The body is not a JSON object."));
        }
        serde_json::from_slice(&self.parts.body).map_err(|error| {
            Problem::bad_request("bad_json", format!("The body is not the expected JSON: {error}."))
        })
    }

    /// Returns the body parsed as [`Self::json`], or the default of its type when there is none.
    pub fn json_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.parts.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    /// The raw body, for a digest of it.
    pub fn body(&self) -> &[u8] {
        &self.parts.body
    }

    /// Returns how many entries of a list are wanted: the query parameter `count`, 1 to 50, 20 when absent.
    pub fn count(&self) -> Result<usize, Problem> {
        let Some(text) = self.query("count") else { return Ok(DEFAULT_COUNT) };
        // Digits without a sign and leading zeros, so that each number has one text.
        let written = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|count| written && (1..=MAX_COUNT).contains(count)).ok_or_else(|| {
            Problem::bad_request("bad_count", format!("count is a number from 1 to {MAX_COUNT}."))
        })
    }

    /// Returns the position from which `list` continues: the query parameter `cursor`.
    pub fn position<P: std::str::FromStr>(&self, list: List) -> Result<Option<P>, Problem> {
        self.query("cursor").map(|cursor| list.position(cursor)).transpose().map_err(Problem::from)
    }

    /// Returns the `Idempotency-Key` header: 1 to 128 visible ASCII characters.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let Some(key) = self.header("idempotency-key") else { return Ok(None) };
        let fits =
            (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            return Err(Problem::bad_request(
                "bad_idempotency_key",
                format!("An Idempotency-Key has 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters."),
            ));
        }
        Ok(Some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(query: &[(&str, &str)], headers: &[(&str, &str)], body: &str) -> Call {
        let owned =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let parts = Parts {
            query: owned(query),
            headers: owned(headers),
            body: body.as_bytes().to_vec(),
            ..Parts::default()
        };
        Call::new(parts, Err(Problem::unauthorized("token_missing", "Send a bearer token.")))
    }

    #[test]
    fn a_count_is_from_1_to_50_and_20_when_absent() {
        assert_eq!(call(&[], &[], "").count().unwrap(), 20);
        assert_eq!(call(&[("count", "50")], &[], "").count().unwrap(), 50);
        for bad in ["0", "51", "-1", "+5", "05", " 5", "5 ", "٥", "5.0", "x", "", &"1".repeat(100_000)] {
            assert_eq!(call(&[("count", bad)], &[], "").count().unwrap_err().code(), "bad_count");
        }
    }

    #[test]
    fn bad_json_bad_cursors_and_missing_tokens_are_refused() {
        let problem = call(&[], &[], "{").json::<HashMap<String, String>>().unwrap_err();
        assert_eq!((problem.status(), problem.code()), (400, "bad_json"));
        let problem = call(&[], &[], " [1]").json::<Vec<u8>>().unwrap_err();
        assert_eq!(problem.detail(), "The body is not a JSON object.");
        let call = call(&[("cursor", "x!")], &[], "");
        assert_eq!(call.position::<UserId>(List::Followers).unwrap_err().code(), "bad_cursor");
        assert_eq!(call.caller().unwrap_err().status(), 401);
    }

    #[test]
    fn idempotency_keys_are_visible_ascii() {
        assert_eq!(call(&[], &[("idempotency-key", "a-1")], "").idempotency_key().unwrap(), Some("a-1"));
        for bad in ["", "a b", "ä", &"x".repeat(129)] {
            let problem = call(&[], &[("idempotency-key", bad)], "").idempotency_key().unwrap_err();
            assert_eq!(problem.code(), "bad_idempotency_key");
        }
    }
}
