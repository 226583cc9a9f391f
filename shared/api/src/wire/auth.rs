//! Accounts and sessions.

use domain::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Opens an account.
#[derive(Deserialize, ToSchema)]
pub struct RegisterRequest {
    /// 1 to 30 letters, digits, dots and underscores; unique without regard to case.
    #[schema(example = "john_doe")]
    pub username: String,
    /// Unique without regard to case and to the spelling of its domain (IDNA); never shown.
    pub email: String,
    /// 10 to 128 characters, in NFC (RFC 8265); not common, and more than a name or an address.
    pub password: String,
    /// Shown beside the user name; at most 100 characters in one line, at least one of them visible.
    pub full_name: Option<String>,
}

/// Opens a session.
#[derive(Deserialize, ToSchema)]
pub struct LoginRequest {
    /// User name or e-mail address.
    pub login: String,
    /// The password.
    pub password: String,
}

/// Presents a refresh token: to rotate it, or to end its session.
#[derive(Deserialize, ToSchema)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: String,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Whose session it is.
    #[schema(value_type = String, example = "1184467440737095516")]
    pub user_id: UserId,
    /// Their user name.
    pub username: String,
    /// Bearer token for every other call.
    pub access_token: String,
    /// Opens the next session once; using it again after a minute ends the whole session.
    pub refresh_token: String,
    /// Seconds the access token lives.
    pub expires_in: i64,
}
