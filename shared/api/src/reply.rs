//! Successful responses.

use serde::Serialize;

use crate::Problem;

/// The status and JSON body of a successful response.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    body: Option<String>,
}

impl Reply {
    fn json(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { status, body: Some(body) })
    }

    /// Returns a reply with status 200 and `body`.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(200, body)
    }

    /// Returns a reply with status 201 and `body`.
    pub fn created(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(201, body)
    }

    /// Returns a reply with status 204 and no body.
    pub fn no_content() -> Self {
        Self { status: 204, body: None }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the JSON text, if any.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}
