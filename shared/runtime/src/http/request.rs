//! Converting an API Gateway event to a [`Call`].

use std::collections::HashMap;

use api::{Call, Parts, Problem};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Clock;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{MAX_BODY, unknown_route};
use crate::auth::{TokenError, Verified, Verifier};

/// What is read of an event of API Gateway (HTTP API, payload 2.0).
///
/// Headers are plain text. Crate `http` refuses values with control characters, and with one such value the
/// whole event. API Gateway lets them through.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    route_key: Option<String>,
    raw_query_string: Option<String>,
    headers: Option<HashMap<String, String>>,
    /// What was sent as `Cookie`, which is then not among the headers.
    cookies: Option<Vec<String>>,
    path_parameters: Option<HashMap<String, String>>,
    #[serde(default, rename = "requestContext")]
    context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    request_id: Option<String>,
}

impl Request {
    /// Returns the id under which API Gateway logs the request; empty if there is none.
    pub(super) fn id(&self) -> String {
        self.context.request_id.clone().unwrap_or_default()
    }

    /// Returns the route as the template declares it; empty if there is none.
    pub(super) fn route(&self) -> String {
        self.route_key.clone().unwrap_or_default()
    }

    /// Returns a header, by its lower-case name; empty if there is none.
    pub(super) fn header(&self, name: &str) -> String {
        let headers = self.headers.iter().flatten();
        let mut found =
            headers.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        found.next().cloned().unwrap_or_default()
    }
}

/// Returns the call that a request makes, or the problem of a request that is none.
pub(super) async fn call(
    request: Request,
    verifier: Option<&Verifier>,
    clock: &dyn Clock,
) -> Result<Call, Problem> {
    // API Gateway's name for a request that matched no declared route.
    let route = request
        .route_key
        .as_deref()
        .filter(|route| *route != "$default")
        .ok_or_else(unknown_route)?
        .to_owned();
    let mut headers: HashMap<String, String> = request
        .headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    if let Some(cookies) = request.cookies.filter(|cookies| !cookies.is_empty()) {
        headers.insert("cookie".to_owned(), cookies.join("; "));
    }
    let verified = match verifier {
        Some(verifier) => verifier.caller(|name| headers.get(name).map(String::as_str), clock.now()).await,
        None => Err(TokenError::Missing),
    };
    let mut query = HashMap::new();
    // The raw text is parsed, because API Gateway's parsed map joins repeated parameters with commas.
    for (name, value) in form_urlencoded::parse(request.raw_query_string.unwrap_or_default().as_bytes()) {
        query.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    // Gateways differ in whether these are still encoded. No valid value in our paths has a per cent sign,
    // so decoding once more changes nothing.
    let path = request
        .path_parameters
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, percent_decode_str(&value).decode_utf8_lossy().into_owned()))
        .collect();
    let body = body(request.body.unwrap_or_default(), request.is_base64_encoded)?;
    let (caller, session) = match verified {
        Ok(Verified { caller, session }) => (Ok(caller), Some(session)),
        Err(error) => (Err(error.into()), None),
    };
    Ok(Call::new(Parts { route, path, query, headers, body }, caller).in_session(session))
}

fn body(text: String, is_base64: bool) -> Result<Vec<u8>, Problem> {
    // Three bytes are four characters. A body that is too long when encoded is refused without decoding it.
    let longest = if is_base64 { MAX_BODY.div_ceil(3) * 4 } else { MAX_BODY };
    if text.len() > longest {
        return Err(Problem::too_large(MAX_BODY));
    }
    let body = if is_base64 {
        STANDARD.decode(text).map_err(|_| Problem::bad_request("bad_body", "The body cannot be decoded."))?
    } else {
        text.into_bytes()
    };
    if body.len() > MAX_BODY { Err(Problem::too_large(MAX_BODY)) } else { Ok(body) }
}
