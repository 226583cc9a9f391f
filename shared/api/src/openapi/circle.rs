//! The routes by which people say what they want to see of each other.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Post};

use super::route::{Route, Tag};
use crate::wire::{BellState, MuteRequest, UserPage};

const BAD_PAGE: &[&str] = &["bad_count", "bad_cursor"];
const NO_USER: &[&str] = &["user_not_found"];

/// Returns the routes.
pub(super) fn all() -> Vec<Route> {
    [blocks(), mutes(), close_friends(), bells(), followers()].into_iter().flatten().collect()
}

fn list(path: &'static str, id: &'static str, summary: &'static str) -> Route {
    Route::new(Get, path, Tag::Users, id)
        .summary(summary)
        .paged()
        .gives::<UserPage>(200, "A page of people.")
        .refuses(400, BAD_PAGE)
}

fn blocks() -> Vec<Route> {
    let path = "/api/v1/users/{user_id}/block";
    let block = Route::new(Post, path, Tag::Users, "block")
        .summary("Block somebody")
        .description(
            "Each of the two sees nothing of the other from now on, as if they were not there. Both follows end. \
             It is possible with people who are hidden, too.",
        )
        .gives_nothing("They are blocked, now or before.")
        .refuses(400, &["cannot_block_self"])
        .refuses(404, NO_USER)
        .refuses(429, &["too_many_blocks"]);
    let unblock = Route::new(Delete, path, Tag::Users, "unblock")
        .summary("Block somebody no more")
        .description("Follows that the block ended stay ended.")
        .gives_nothing("They are not blocked.")
        .refuses(400, &["cannot_block_self"])
        .refuses(404, NO_USER);
    let blocks = list("/api/v1/users/me/blocks", "listBlocks", "Whom one blocks, by age of their account");
    vec![block, unblock, blocks]
}

fn mutes() -> Vec<Route> {
    let path = "/api/v1/users/{user_id}/mute";
    let mute = Route::new(Post, path, Tag::Users, "mute")
        .summary("Mute somebody")
        .description("What is muted does not come by itself. Nobody is told, and their profile shows it all.")
        .may_take::<MuteRequest>(json!({ "posts": true, "stories": false }))
        .gives_nothing("Of them this is muted, and nothing else.")
        .refuses(400, &["bad_json", "cannot_mute_self"])
        .refuses(404, NO_USER)
        .refuses(429, &["too_many_mutes"]);
    let unmute = Route::new(Delete, path, Tag::Users, "unmute")
        .summary("Mute nothing of somebody")
        .gives_nothing("Nothing of them is muted.")
        .refuses(400, &["cannot_mute_self"])
        .refuses(404, NO_USER);
    let mutes = list("/api/v1/users/me/mutes", "listMutes", "Whom one mutes, by age of their account");
    vec![mute, unmute, mutes]
}

fn close_friends() -> Vec<Route> {
    let path = "/api/v1/users/{user_id}/close-friend";
    let befriend = Route::new(Post, path, Tag::Users, "addCloseFriend")
        .summary("Count somebody among one's close friends")
        .description("Nobody but oneself sees it.")
        .gives_nothing("They are a close friend, now or before.")
        .refuses(400, &["cannot_befriend_self"])
        .refuses(404, NO_USER)
        .refuses(429, &["too_many_close_friends"]);
    let unfriend = Route::new(Delete, path, Tag::Users, "removeCloseFriend")
        .summary("Count somebody among one's close friends no more")
        .gives_nothing("They are no close friend.")
        .refuses(400, &["cannot_befriend_self"])
        .refuses(404, NO_USER);
    let path = "/api/v1/users/me/close-friends";
    let friends = list(path, "listCloseFriends", "One's close friends, by age of their account");
    vec![befriend, unfriend, friends]
}

fn bells() -> Vec<Route> {
    let path = "/api/v1/users/{user_id}/bell";
    let ring = Route::new(Post, path, Tag::Users, "switchBellOn")
        .summary("Be told of each photo of somebody whom one follows")
        .description(
            "Nobody but oneself sees it. It ends with the follow: who follows again switches it on again.",
        )
        .gives::<BellState>(200, "It is on, now or before.")
        .refuses(400, &["cannot_ring_for_self"])
        .refuses(404, NO_USER)
        .refuses(409, &["not_following"])
        .refuses(429, &["too_many_bells"]);
    let silence = Route::new(Delete, path, Tag::Users, "switchBellOff")
        .summary("Be told of each photo of somebody no more")
        .description("What was told before stays.")
        .gives::<BellState>(200, "It is off.")
        .refuses(400, &["cannot_ring_for_self"])
        .refuses(404, NO_USER);
    vec![ring, silence]
}

fn followers() -> Vec<Route> {
    let path = "/api/v1/users/me/followers/{user_id}";
    let remove = Route::new(Delete, path, Tag::Users, "removeFollower")
        .summary("Remove a follower")
        .description("They are not told. They may follow again, or ask to, if the account is private.")
        .gives_nothing("They do not follow.")
        .refuses(404, NO_USER)
        .refuses(429, &["too_many_removals"]);
    let path = "/api/v1/users/me/requests";
    let requests = list(path, "listRequests", "Who asks to follow oneself, by age of their account");
    let path = "/api/v1/users/me/requests/{user_id}/accept";
    let accept = Route::new(Post, path, Tag::Users, "acceptRequest")
        .summary("Let somebody follow who asks to")
        .gives_nothing("They follow within seconds.")
        .refuses(404, &["user_not_found", "no_request"])
        .refuses(429, &["too_many_answers"]);
    let path = "/api/v1/users/me/requests/{user_id}/decline";
    let decline = Route::new(Post, path, Tag::Users, "declineRequest")
        .summary("Decline somebody's request to follow")
        .description("They are not told. They may ask again.")
        .gives_nothing("The request goes within seconds.")
        .refuses(404, &["user_not_found", "no_request"])
        .refuses(429, &["too_many_answers"]);
    vec![remove, requests, accept, decline]
}
