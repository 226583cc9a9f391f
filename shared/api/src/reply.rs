//! Successful responses.

use serde::Serialize;

use crate::Problem;

/// The status, JSON body and cookies of a successful response.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    body: Option<String>,
    cookies: Vec<String>,
    is_validated: bool,
}

impl Reply {
    fn json(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { status, body: Some(body), cookies: Vec::new(), is_validated: false })
    }

    /// Returns a reply with status 200 and `body`.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(200, body)
    }

    /// Returns a reply with status 201 and `body`.
    pub fn created(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(201, body)
    }

    /// Returns a reply with status 202 and no body.
    pub fn accepted() -> Self {
        Self::empty(202)
    }

    /// Returns a reply with status 204 and no body.
    pub fn no_content() -> Self {
        Self::empty(204)
    }

    fn empty(status: u16) -> Self {
        Self { status, body: None, cookies: Vec::new(), is_validated: false }
    }

    /// Returns the reply with cookies to set, each as the value of a `Set-Cookie` header.
    pub fn with_cookies(self, cookies: impl IntoIterator<Item = String>) -> Self {
        Self { cookies: cookies.into_iter().collect(), ..self }
    }

    /// Returns the reply as one that the client may keep, and has to validate before each use. The response
    /// has an `ETag`; a request that names it is answered 304.
    pub fn validated(self) -> Self {
        Self { is_validated: true, ..self }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the cookies to set.
    pub fn cookies(&self) -> &[String] {
        &self.cookies
    }

    /// Returns whether the client may keep the response and validate it.
    pub fn is_validated(&self) -> bool {
        self.is_validated
    }

    /// Returns the JSON text, if any.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}
