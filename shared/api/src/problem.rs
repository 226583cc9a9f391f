//! Errors as `application/problem+json` (RFC 9457), each with a stable `code`.

use std::error::Error;
use std::sync::Arc;

use domain::{Fault, FaultKind};
use serde_json::{Value, json};

/// An error response. Only the named constructors make one.
///
/// Its cause is kept as the source. It is for the log and is never shown to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    status: u16,
    code: &'static str,
    detail: String,
    retry_after: Option<i64>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None, source: None }
    }

    /// Returns a problem with status 400: the request breaks a rule.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(400, code, detail)
    }

    /// Returns a problem with status 401: no valid token identifies the caller.
    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(401, code, detail)
    }

    /// Returns a problem with status 403: the caller is known, but may not do this.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(403, code, detail)
    }

    /// Returns a problem with status 404: the resource does not exist, or the caller may not know of it.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(404, code, detail)
    }

    /// Returns a problem with status 404: there is no photo of that id that the caller may see.
    pub fn no_photo() -> Self {
        Self::not_found("photo_not_found", "There is no such photo.")
    }

    /// Returns a problem with status 404: there is no user of that id or name.
    pub fn no_user() -> Self {
        Self::not_found("user_not_found", "There is no such user.")
    }

    /// Returns a problem with status 404: nobody of that id or name asks to follow the caller.
    pub fn no_request() -> Self {
        Self::not_found("no_request", "There is no such request.")
    }

    /// Returns a problem with status 409: the request conflicts with what is stored.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(409, code, detail)
    }

    /// Returns a problem with status 410: what the request names is no more.
    pub fn gone(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(410, code, detail)
    }

    /// Returns a problem with status 413: the body is too large.
    pub fn too_large(max: usize) -> Self {
        Self::new(413, "body_too_large", format!("A body may have at most {max} bytes."))
    }

    /// Returns a problem with status 422: the request is understood, but contradicts an earlier one.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(422, code, detail)
    }

    /// Returns a problem with status 429: there were too many requests. The client may retry after `seconds`.
    pub fn rate_limited(code: &'static str, detail: impl Into<String>, seconds: i64) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(429, code, detail) }
    }

    /// Returns a problem with status 503: a dependency throttles or is unavailable. The client may retry.
    pub fn unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        let problem = Self::new(503, "temporarily_unavailable", "Please try again in a moment.");
        Self { retry_after: Some(1), source: Some(Arc::new(source)), ..problem }
    }

    /// Returns a problem with status 500: the fault is ours.
    pub fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        let problem = Self::new(500, "internal", "Something went wrong on our side.");
        Self { source: Some(Arc::new(source)), ..problem }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the stable name of the error.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Returns one sentence for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns the seconds for the `Retry-After` header.
    pub fn retry_after(&self) -> Option<i64> {
        self.retry_after
    }

    /// Returns the cause, for the log.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    /// Returns the body of the response.
    pub fn body(&self, request_id: &str) -> Value {
        let title = http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        json!({
            "type": "about:blank",
            "title": title.unwrap_or("Error"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        })
    }
}

impl<F: Fault> From<F> for Problem {
    fn from(fault: F) -> Self {
        match fault.kind() {
            FaultKind::Invalid(invalid) => Self::bad_request(invalid.code, invalid.detail),
            FaultKind::Temporary => Self::unavailable(fault),
            FaultKind::Permanent => Self::internal(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_never_part_of_the_body() {
        let problem = Problem::internal(std::io::Error::other("table lambdagram-prod is on fire"));
        let body = problem.body("req-1");
        assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(500), Some("internal")));
        assert_eq!(body["title"], "Internal Server Error");
        assert_eq!(body["request_id"], "req-1");
        assert!(!body.to_string().contains("fire"));
        assert!(problem.source().unwrap().to_string().contains("fire"));
    }
}
