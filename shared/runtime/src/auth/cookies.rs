//! Sessions whose tokens are in cookies, for pages of the web client's own origin.
//!
//! A page asks for it with `X-Session: cookie`, a header that no form can send and that the API's CORS rules
//! do not allow. Its tokens are never in the body of an answer, so no script can read them. A request with
//! cookies is believed only if the browser says that it comes from the same origin: anything else may have
//! been forged by another site.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use api::wire::Session;
use api::{Call, Problem, Reply};

use super::LIFETIME_SECONDS;
use crate::metrics;

/// The header with which a page asks for a session in cookies.
const MODE: &str = "x-session";
/// Days for which a browser keeps the refresh token. Each refresh begins them anew.
const REFRESH_DAYS: i64 = 30;

/// The cookies of sessions, and the origin whose pages may use them.
#[derive(Clone, Debug)]
pub struct SessionCookies {
    access: &'static str,
    refresh: &'static str,
    is_secure: bool,
    /// Scheme and authority of the web client's address, in lower case.
    origin: String,
}

impl SessionCookies {
    /// Returns the cookies for the web client at this address.
    ///
    /// Over TLS they are `Secure` and have names with the prefix `__Host-`, which no other host can set. A
    /// local cloud has no TLS. There they are plain, because `WebKit` drops such cookies over http.
    pub fn new(web_url: &str) -> Self {
        let (scheme, rest) = web_url.split_once("://").unwrap_or(("https", web_url));
        let authority = rest.split('/').next().unwrap_or_default();
        let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
        let is_secure = !scheme.eq_ignore_ascii_case("http");
        let (access, refresh) =
            if is_secure { ("__Host-access", "__Host-refresh") } else { ("access", "refresh") };
        Self { access, refresh, is_secure, origin }
    }

    /// Returns the access token that a request carries in a cookie. One that may be forged carries none, and
    /// is counted.
    pub(crate) fn access_token<'h>(&self, header: impl Fn(&str) -> Option<&'h str>) -> Option<&'h str> {
        let token = value(header("cookie")?, self.access)?;
        if self.is_trusted(&header) {
            Some(token)
        } else {
            metrics::count("cookies_refused", 1);
            None
        }
    }

    /// Returns the access token that the handshake of a socket carries in a cookie. One that may be forged carries
    /// none, and is counted.
    ///
    /// A page cannot set `X-Session` here. It cannot set `Origin` either, which every browser sends with a
    /// handshake, and that has to be the web client's.
    pub(crate) fn socket_token<'h>(&self, header: impl Fn(&str) -> Option<&'h str>) -> Option<&'h str> {
        let token = value(header("cookie")?, self.access)?;
        if header("origin").is_some_and(|origin| origin.eq_ignore_ascii_case(&self.origin)) {
            Some(token)
        } else {
            metrics::count("cookies_refused", 1);
            None
        }
    }

    /// Returns whether the client wants a session in cookies, for a request that opens one.
    ///
    /// # Errors
    /// It wants one, and the request does not come from the web client's own origin.
    pub fn are_wanted(&self, call: &Call) -> Result<bool, Problem> {
        if !asks(&|name: &str| call.header(name)) {
            return Ok(false);
        }
        if self.is_trusted(&|name: &str| call.header(name)) {
            return Ok(true);
        }
        metrics::count("cookies_refused", 1);
        let detail = "A session in cookies is for pages of the web client's own origin.";
        Err(Problem::forbidden("not_same_origin", detail))
    }

    /// Returns the refresh token that the request carries in a cookie; `None` if the client has its session
    /// not in cookies.
    ///
    /// # Errors
    /// The cookie is missing, or the request may be forged.
    pub fn refresh_token<'c>(&self, call: &'c Call) -> Option<Result<&'c str, Problem>> {
        let header = |name: &str| call.header(name);
        if !asks(&header) {
            return None;
        }
        let token = header("cookie").and_then(|cookies| value(cookies, self.refresh));
        let is_trusted = self.is_trusted(&header);
        if token.is_some() && !is_trusted {
            metrics::count("cookies_refused", 1);
        }
        let missing = || Problem::unauthorized("token_missing", "Send the refresh token.");
        Some(token.filter(|_| is_trusted).ok_or_else(missing))
    }

    /// Returns whether a request to end a session asks to clear its cookies, and may.
    pub fn may_clear(&self, call: &Call) -> bool {
        let header = |name: &str| call.header(name);
        asks(&header) && self.is_trusted(&header)
    }

    /// Returns the reply with a session: its tokens in cookies if they are wanted there, or else in the body.
    pub fn deliver(
        &self,
        wanted: bool,
        mut session: Session,
        reply: impl FnOnce(&Session) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        if !wanted {
            return reply(&session);
        }
        let access = session.access_token.take().unwrap_or_default();
        let refresh = session.refresh_token.take().unwrap_or_default();
        let cookies = [
            self.cookie(self.access, access, Duration::seconds(LIFETIME_SECONDS)),
            self.cookie(self.refresh, refresh, Duration::days(REFRESH_DAYS)),
        ];
        Ok(reply(&session)?.with_cookies(cookies))
    }

    /// Returns the cookies that clear both.
    pub fn cleared(&self) -> [String; 2] {
        [self.access, self.refresh].map(|name| self.cookie(name, String::new(), Duration::ZERO))
    }

    fn cookie(&self, name: &'static str, value: String, age: Duration) -> String {
        Cookie::build((name, value))
            .path("/")
            .max_age(age)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.is_secure)
            .build()
            .to_string()
    }

    /// Returns whether a request that carries cookies comes from a page of the same origin.
    ///
    /// `Sec-Fetch-Site` says so, and no page can set it. A browser without it may still say the page's
    /// `Origin`, which is the web client's or that of the very host that was asked.
    fn is_trusted<'h>(&self, header: &impl Fn(&str) -> Option<&'h str>) -> bool {
        if !asks(header) {
            return false;
        }
        match header("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => header("origin").is_some_and(|origin| {
                let origin = origin.to_ascii_lowercase();
                origin == self.origin || self.is_own(&origin, header("host").unwrap_or_default())
            }),
        }
    }

    fn is_own(&self, origin: &str, host: &str) -> bool {
        let authority = match origin.split_once("://") {
            Some(("https", authority)) => authority,
            Some(("http", authority)) if !self.is_secure => authority,
            _ => return false,
        };
        !host.is_empty() && authority.eq_ignore_ascii_case(host)
    }
}

fn asks<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> bool {
    header(MODE) == Some("cookie")
}

/// Returns the value of the first cookie of this name.
fn value<'h>(cookies: &'h str, name: &str) -> Option<&'h str> {
    Cookie::split_parse(cookies).filter_map(Result::ok).find(|cookie| cookie.name() == name)?.value_raw()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use api::Parts;

    use super::*;

    const WEB: &str = "https://d111111abcdef8.cloudfront.net";
    const HOST: &str = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
    const COOKIES: &str = "a=b; __Host-access=at; __Host-refresh=rt";

    fn call(headers: &[(&str, &str)]) -> Call {
        let headers: HashMap<String, String> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Call::new(Parts { headers, ..Parts::default() }, Err(Problem::unauthorized("token_missing", "")))
    }

    fn access(web: &str, headers: &[(&str, &str)]) -> Option<String> {
        let call = call(headers);
        SessionCookies::new(web).access_token(|name| call.header(name)).map(str::to_owned)
    }

    #[test]
    fn a_cookie_opens_a_socket_for_pages_of_the_web_client_alone() {
        let token = |web: &str, headers: &[(&str, &str)]| {
            let call = call(headers);
            SessionCookies::new(web).socket_token(|name| call.header(name)).map(str::to_owned)
        };
        let cookies = ("cookie", COOKIES);
        assert_eq!(token(WEB, &[cookies, ("origin", WEB)]).as_deref(), Some("at"));
        assert_eq!(token(&format!("{WEB}/"), &[cookies, ("origin", WEB)]).as_deref(), Some("at"));
        for origin in ["https://evil.example", "http://d111111abcdef8.cloudfront.net", "null", ""] {
            assert_eq!(token(WEB, &[cookies, ("origin", origin)]), None, "{origin}");
        }
        assert_eq!(token(WEB, &[cookies]), None);
        assert_eq!(token(WEB, &[cookies, ("x-session", "cookie"), ("sec-fetch-site", "same-origin")]), None);
        assert_eq!(token(WEB, &[("origin", WEB)]), None);
    }

    #[test]
    fn a_cookie_counts_only_with_the_header_and_from_the_same_origin() {
        let with = |more: &[(&str, &str)]| {
            let base = [("host", HOST), ("cookie", COOKIES)];
            access(WEB, &base.iter().chain(more).copied().collect::<Vec<_>>()).is_some()
        };
        let (asks, same) = (("x-session", "cookie"), ("sec-fetch-site", "same-origin"));
        assert!(with(&[asks, same]));
        assert!(with(&[asks, ("origin", WEB)]));
        assert!(with(&[asks, ("origin", "HTTPS://D111111ABCDEF8.cloudfront.net")]));
        assert!(with(&[asks, ("origin", &format!("https://{HOST}"))]), "the very host that was asked");
        for refused in [
            &[same] as &[_],
            &[asks],
            &[("x-session", "Cookie"), same],
            &[("x-session", ""), same],
            &[asks, ("sec-fetch-site", "same-site")],
            &[asks, ("sec-fetch-site", "none")],
            &[asks, ("sec-fetch-site", "")],
            // What the browser says of the site is worth more than the origin.
            &[asks, ("sec-fetch-site", "cross-site"), ("origin", WEB)],
            &[asks, ("origin", "null")],
            &[asks, ("origin", "")],
            &[asks, ("origin", "https://evil.example")],
            &[asks, ("origin", &format!("{WEB}.evil.example"))],
            &[asks, ("origin", &format!("{WEB}:8443"))],
            &[asks, ("origin", "http://d111111abcdef8.cloudfront.net")],
            &[asks, ("origin", &format!("http://{HOST}"))],
        ] {
            assert!(!with(refused), "{refused:?}");
        }
    }

    #[test]
    fn names_and_secure_follow_the_scheme_of_the_web_clients_address() {
        let asked = [("x-session", "cookie"), ("sec-fetch-site", "same-origin")];
        let with = |cookies| [asked[0], asked[1], ("cookie", cookies)];
        assert_eq!(access(WEB, &with("__Host-access=at")).as_deref(), Some("at"));
        assert_eq!(access(WEB, &with("access=at; __host-access=x")), None);
        let local = "http://127.0.0.1:4580/";
        assert_eq!(access(local, &with(" b=c;access=at ")).as_deref(), Some("at"));
        assert_eq!(access(local, &with("__Host-access=at")), None);
        assert_eq!(
            SessionCookies::new(WEB).cleared(),
            [
                "__Host-access=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0",
                "__Host-refresh=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0",
            ]
        );
        assert_eq!(
            SessionCookies::new(local).cookie("access", "at".to_owned(), Duration::minutes(15)),
            "access=at; HttpOnly; SameSite=Strict; Path=/; Max-Age=900"
        );
    }

    #[test]
    fn what_is_no_cookie_is_passed_over() {
        let asked = [("x-session", "cookie"), ("sec-fetch-site", "same-origin")];
        for cookies in ["", ";", "=", "__Host-access", ";;=;\u{0};", "é=1", "__Host-access\u{7f}=x"] {
            assert_eq!(access(WEB, &[asked[0], asked[1], ("cookie", cookies)]), None, "{cookies:?}");
        }
        let long = format!("{};__Host-access=at", "x=y;".repeat(2_000));
        assert_eq!(access(WEB, &[asked[0], asked[1], ("cookie", &long)]).as_deref(), Some("at"));
    }

    #[test]
    fn a_session_in_cookies_is_opened_for_the_same_origin_alone() {
        let cookies = SessionCookies::new(WEB);
        assert!(!cookies.are_wanted(&call(&[("sec-fetch-site", "cross-site")])).unwrap());
        let asks = ("x-session", "cookie");
        assert!(cookies.are_wanted(&call(&[asks, ("sec-fetch-site", "same-origin")])).unwrap());
        let refused = cookies.are_wanted(&call(&[asks, ("sec-fetch-site", "cross-site")])).unwrap_err();
        assert_eq!((refused.status(), refused.code()), (403, "not_same_origin"));
        assert!(cookies.are_wanted(&call(&[asks])).is_err());
    }

    #[test]
    fn a_refresh_token_is_taken_from_the_cookie_where_the_session_is_in_cookies() {
        let cookies = SessionCookies::new(WEB);
        let (asks, same, sent) =
            (("x-session", "cookie"), ("sec-fetch-site", "same-origin"), ("cookie", COOKIES));
        let code = |headers: &[(&str, &str)]| {
            let call = call(headers);
            cookies
                .refresh_token(&call)
                .map(|token| token.map(str::to_owned).map_err(|problem| (problem.status(), problem.code())))
        };
        assert_eq!(code(&[asks, same, sent]), Some(Ok("rt".to_owned())));
        assert_eq!(code(&[asks, same]), Some(Err((401, "token_missing"))));
        assert_eq!(code(&[asks, sent]), Some(Err((401, "token_missing"))));
        assert_eq!(code(&[same, sent]), None, "an app that sends cookies too");
    }
}
