//! What a search finds.

use serde::Serialize;
use utoipa::ToSchema;

use super::UserCard;

/// A page of what a search finds.
#[derive(Serialize, ToSchema)]
pub struct SearchPage {
    /// People, best first: who is named exactly so, whom the caller follows, who is popular.
    pub users: Vec<UserCard>,
    /// The folded text that was probably meant, whose people are found too; null where nothing looks like a typing
    /// error.
    #[schema(required)]
    pub corrected: Option<String>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}
