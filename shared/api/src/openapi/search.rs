//! The route of searches.

use utoipa::openapi::path::HttpMethod::Get;

use super::route::{Route, Tag};
use crate::wire::SearchPage;

/// Returns the routes.
pub(super) fn all() -> Vec<Route> {
    let search = Route::new(Get, "/api/v1/search", Tag::Search, "search")
        .summary("People whose names have words that begin so")
        .description(
            "Case, accents and punctuation are no differences, and one typing error is forgiven. A page has at most 32 \
             people. It may have few, or none, and be followed by more.",
        )
        .asks("q", "What was typed, at most 100 characters: the beginnings of words of a user name or full name.", "mar")
        .may_ask("type", "What to find: `all` or `users`.", "all")
        .may_ask("cursor", "Where to go on: `next_cursor` of the page before.", "c2VhcmNoOm1hcmlhIzE")
        .gives::<SearchPage>(200, "Who is found.")
        .refuses(400, &["query_empty", "query_too_long", "bad_type", "bad_cursor"])
        .refuses(429, &["too_many_searches"]);
    vec![search]
}
