//! Accounts and sessions.

use domain::UserId;
use domain::session::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Opens an account.
#[derive(Deserialize, ToSchema)]
pub struct RegisterRequest {
    /// 1 to 30 letters, digits, dots and underscores; unique without regard to case.
    #[schema(example = "john_doe")]
    pub username: String,
    /// Gets a mail that proves it. Compared without regard to case and to the spelling of its domain (IDNA);
    /// never shown.
    pub email: String,
    /// 10 to 128 characters, in NFC (RFC 8265); not common, and more than a name or an address.
    pub password: String,
    /// Shown beside the user name; at most 100 characters in one line, at least one of them visible.
    pub full_name: Option<String>,
}

/// Opens a session.
#[derive(Deserialize, ToSchema)]
pub struct LoginRequest {
    /// User name, or e-mail address once it is proved.
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
    /// Bearer token for every other call. Absent if the session is in cookies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub access_token: Option<String>,
    /// Opens the next session once; using it again after a minute ends the whole session. Absent if the
    /// session is in cookies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub refresh_token: Option<String>,
    /// Seconds the access token lives.
    pub expires_in: i64,
}

/// Changes the password.
#[derive(Deserialize, ToSchema)]
pub struct ChangePasswordRequest {
    /// The present password.
    pub current: String,
    /// The next one: 10 to 128 characters, not common, and more than a name.
    pub new: String,
}

/// Proves an e-mail address.
#[derive(Deserialize, ToSchema)]
pub struct ProveEmailRequest {
    /// What stands after `#` in the mailed link.
    pub token: String,
}

/// Asks for a link that sets a new password.
#[derive(Deserialize, ToSchema)]
pub struct ResetRequest {
    /// User name or proved e-mail address.
    pub login: String,
}

/// Sets a new password.
#[derive(Deserialize, ToSchema)]
pub struct FinishResetRequest {
    /// What stands after `#` in the mailed link.
    pub token: String,
    /// The new password: 10 to 128 characters, not common, and more than a name.
    pub password: String,
}

/// A session in the list of one's own.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Names the session.
    #[schema(value_type = String)]
    pub session_id: SessionId,
    /// What the client called itself when it used the session last (`User-Agent`, cut); null if it did not.
    #[schema(required)]
    pub device: Option<String>,
    /// City and country of the address from which it was used last; null where they are not known.
    #[schema(required)]
    pub place: Option<String>,
    /// When it was opened or refreshed last (RFC 3339).
    pub last_used_at: String,
    /// When it was opened (RFC 3339).
    pub created_at: String,
    /// Whether this request is made in it.
    pub current: bool,
}

/// One's own sessions.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// Those opened last, 100 at most, newest first.
    pub sessions: Vec<SessionView>,
}
