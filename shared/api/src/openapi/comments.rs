//! The routes of comments.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Post};

use super::route::{Route, Tag};
use super::routes::BAD_PAGE;
use crate::wire::{CommentLikeState, CommentPage, CommentView, CreateCommentRequest};

const NO_COMMENT: &[&str] = &["photo_not_found", "comment_not_found"];

/// Returns the routes.
pub(super) fn all() -> Vec<Route> {
    let path = "/api/v1/photos/{photo_id}/comments";
    let one = "/api/v1/photos/{photo_id}/comments/{comment_id}";
    let like = "/api/v1/photos/{photo_id}/comments/{comment_id}/like";
    let pin = "/api/v1/photos/{photo_id}/comments/{comment_id}/pin";
    let create = Route::new(Post, path, Tag::Photos, "createComment")
        .summary("Comment on a photo, or reply to a comment")
        .description(
            "Whoever is mentioned as `@name` is linked, and told if they may see the photo. A reply to a reply is \
             under the same comment.",
        )
        .repeatable("The same key with the same body makes one comment, however often it is sent within 24 hours.")
        .takes::<CreateCommentRequest>(json!({ "text": "What a light, @jane_doe!" }))
        .gives::<CommentView>(201, "The comment.")
        .refuses(400, &["bad_json", "bad_idempotency_key", "comment_empty", "comment_too_long"])
        .refuses(403, &["comments_off", "comments_for_followers"])
        .refuses(404, NO_COMMENT)
        .refuses(422, &["idempotency_key_reused"])
        .refuses(429, &["too_many_comments"]);
    let list = Route::new(Get, path, Tag::Photos, "listComments")
        .summary("The comments on a photo, after its pinned ones")
        .description(
            "The order is `newest`, or `top`: the most liked and answered ones first, then the newest. The caller's \
             own newest comments are among the first page, however recent they are. Comments of people who block the \
             caller, or whom they block, are left out.",
        )
        .may_choose("order", "`newest` or `top`; `newest` when absent.", ["newest", "top"])
        .paged()
        .gives::<CommentPage>(200, "A page of comments.")
        .refuses(400, &["bad_count", "bad_cursor", "bad_order"])
        .refuses(404, &["photo_not_found"]);
    let replies = Route::new(
        Get,
        "/api/v1/photos/{photo_id}/comments/{comment_id}/replies",
        Tag::Photos,
        "listReplies",
    )
    .summary("The replies to a comment, oldest first")
    .paged()
    .gives::<CommentPage>(200, "A page of replies.")
    .refuses(400, BAD_PAGE)
    .refuses(404, NO_COMMENT);
    let delete = Route::new(Delete, one, Tag::Photos, "deleteComment")
        .summary("Remove one's own comment, or one on one's own photo")
        .gives_nothing("It is gone, and its replies with it; others follow within seconds.")
        .refuses(403, &["not_your_comment"])
        .refuses(404, NO_COMMENT);
    let add_like = Route::new(Post, like, Tag::Photos, "likeComment")
        .summary("Like a comment")
        .description("Liking a comment that one likes already changes nothing.")
        .gives::<CommentLikeState>(200, "It is liked.")
        .refuses(404, NO_COMMENT)
        .refuses(429, &["too_many_likes"]);
    let remove_like = Route::new(Delete, like, Tag::Photos, "unlikeComment")
        .summary("Like a comment no more")
        .description("Not liking a comment that one does not like changes nothing.")
        .gives::<CommentLikeState>(200, "It is not liked.")
        .refuses(404, NO_COMMENT);
    let add_pin = Route::new(Post, pin, Tag::Photos, "pinComment")
        .summary("Pin a comment on one's own photo")
        .gives_nothing("It is among the first from now on.")
        .refuses(400, &["cannot_pin_reply"])
        .refuses(403, &["not_your_photo"])
        .refuses(404, NO_COMMENT)
        .refuses(409, &["too_many_pins"]);
    let remove_pin = Route::new(Delete, pin, Tag::Photos, "unpinComment")
        .summary("Take a pin away")
        .gives_nothing("It is pinned no more.")
        .refuses(403, &["not_your_photo"])
        .refuses(404, NO_COMMENT);
    vec![create, list, replies, delete, add_like, remove_like, add_pin, remove_pin]
}
