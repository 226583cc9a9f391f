//! A successful answer.

use serde::Serialize;

use crate::Problem;

/// Status and JSON body of a successful answer.
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

    /// 200 with `body`.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(200, body)
    }

    /// 201 with `body`.
    pub fn created(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(201, body)
    }

    /// 204 without a body.
    pub fn no_content() -> Self {
        Self { status: 204, body: None }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The JSON text, if any.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}
