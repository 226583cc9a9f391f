//! Every route of the API. A test of the repository holds them against the template.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Patch, Post};

use super::route::{Route, Tag};
use super::{circle, comments, devices, search};
use crate::wire::{
    ChangePasswordRequest, CollectionRequest, CollectionView, Collections, CreatePhotoRequest,
    CreatePictureRequest, CreatedPhoto, CreatedPicture, FeedPage, FinishResetRequest, FollowState, LikeState,
    LoginRequest, MarkReadRequest, MarkedRead, NewerPhotos, Notifications, PhotoPage, PhotoView, Profile,
    ProveEmailRequest, RefreshRequest, RegisterRequest, ResetRequest, SaveRequest, SavedPage, Session,
    Sessions, UpdatePhotoRequest, UpdateProfileRequest, UserPage,
};

const IN_COOKIES: &str = "The tokens go into cookies that no script can read, and not into the body.";
pub(super) const BAD_PAGE: &[&str] = &["bad_count", "bad_cursor"];
const NO_USER: &[&str] = &["user_not_found"];
const NO_PHOTO: &[&str] = &["photo_not_found"];

/// Returns every route.
pub(super) fn all() -> Vec<Route> {
    [
        auth(),
        mailed(),
        sessions(),
        users(),
        follows(),
        circle::all(),
        photos(),
        likes(),
        comments::all(),
        saved(),
        feed_and_inbox(),
        devices::all(),
        search::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn auth() -> Vec<Route> {
    let token =
        json!({ "refresh_token": "5d41402abc4b2a76b9719d911017c592.2c26b46b68ffc68ff99b453c1d304134…" });
    let register = Route::new(Post, "/api/v1/auth/register", Tag::Auth, "register")
        .summary("Open an account and a session")
        .description(
            "The address gets a mail with a link that proves it. Whether it has an account already is told to its owner \
             alone, in that mail.",
        )
        .public()
        .for_pages(IN_COOKIES)
        .repeatable(
            "With any key, a registration that was made before is answered with a session of its account.",
        )
        .takes::<RegisterRequest>(json!({
            "username": "john_doe", "email": "john@example.org", "password": "correct horse battery",
            "full_name": "John Doe",
        }))
        .gives::<Session>(201, "The account is open.")
        .refuses(
            400,
            &[
                "bad_json",
                "bad_idempotency_key",
                "username_invalid",
                "username_reserved",
                "email_invalid",
                "password_too_short",
                "password_too_long",
                "password_common",
                "password_is_name",
                "full_name_too_long",
                "full_name_invisible",
            ],
        )
        .refuses(403, &["not_same_origin"])
        .refuses(409, &["username_taken"])
        .refuses(429, &["too_many_registrations"]);
    let login = Route::new(Post, "/api/v1/auth/login", Tag::Auth, "login")
        .summary("Open a session")
        .public()
        .for_pages(IN_COOKIES)
        .takes::<LoginRequest>(json!({ "login": "john_doe", "password": "correct horse battery" }))
        .gives::<Session>(200, "The session is open.")
        .refuses(400, &["bad_json"])
        .refuses(401, &["bad_credentials"])
        .refuses(403, &["not_same_origin"])
        .refuses(429, &["too_many_attempts"]);
    let refresh = Route::new(Post, "/api/v1/auth/refresh", Tag::Auth, "refresh")
        .summary("Go on with a session")
        .description(
            "A refresh token works once; the answer holds the next. Presenting it again within a minute gives the same \
             next one, because an answer may be lost. Presenting it later, or when the next one was used, ends the \
             session: it was stolen, or will have been.",
        )
        .public()
        .for_pages("The refresh token is in a cookie and not in the body, and so are the next ones.")
        .may_take::<RefreshRequest>(token.clone())
        .gives::<Session>(200, "The session goes on with these tokens.")
        .refuses(400, &["bad_json"])
        .refuses(401, &["token_missing", "token_invalid", "token_reused"]);
    let logout = Route::new(Delete, "/api/v1/auth/session", Tag::Auth, "endSession")
        .summary("End a session")
        .description(
            "Its access tokens change nothing any more, a minute later at the latest. They read until they run out, \
             after 15 minutes at most.",
        )
        .public()
        .for_pages("The refresh token is in a cookie and not in the body. Both cookies are cleared.")
        .may_take::<RefreshRequest>(token)
        .gives_nothing("The session has ended, now or before.")
        .refuses(400, &["bad_json"])
        .refuses(401, &["token_missing", "token_invalid"]);
    vec![register, login, refresh, logout]
}

fn mailed() -> Vec<Route> {
    let token = "1184467440737095516.2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let prove = Route::new(Post, "/api/v1/auth/email", Tag::Auth, "proveEmail")
        .summary("Prove an e-mail address by a mailed link")
        .description("From now on it logs in, and gets mails. Of several accounts with one address the first to prove it has it.")
        .public()
        .takes::<ProveEmailRequest>(json!({ "token": token }))
        .gives_nothing("The address is the account's, now or before.")
        .refuses(400, &["bad_json", "token_invalid"])
        .refuses(410, &["token_invalid"])
        .refuses(429, &["too_many_attempts"]);
    let proof = Route::new(Post, "/api/v1/users/me/email/proof", Tag::Auth, "sendProof")
        .summary("Have the proof of one's address mailed again")
        .description("Links that were mailed before work on. Nothing is sent for an address that is proved.")
        .accepts("It will be sent.")
        .refuses(429, &["too_many_proofs"]);
    let reset = Route::new(Post, "/api/v1/auth/reset", Tag::Auth, "requestReset")
        .summary("Ask for a link that sets a new password")
        .description(
            "The answer is always the same. The link goes to the account's address, if that is proved.",
        )
        .public()
        .takes::<ResetRequest>(json!({ "login": "john_doe" }))
        .accepts("If there is such an account, a link will be sent.")
        .refuses(400, &["bad_json"])
        .refuses(429, &["too_many_resets"]);
    let finish = Route::new(Post, "/api/v1/auth/reset/finish", Tag::Auth, "finishReset")
        .summary("Set a new password by a mailed link")
        .description("All sessions of the account end. A link works once, within an hour.")
        .public()
        .takes::<FinishResetRequest>(json!({ "token": token, "password": "a staple for the battery" }))
        .gives_nothing("The password is set, and all sessions have ended.")
        .refuses(
            400,
            &[
                "bad_json",
                "token_invalid",
                "password_too_short",
                "password_too_long",
                "password_common",
                "password_is_name",
            ],
        )
        .refuses(410, &["token_invalid"])
        .refuses(429, &["too_many_attempts"]);
    vec![prove, proof, reset, finish]
}

fn sessions() -> Vec<Route> {
    let path = "/api/v1/users/me/sessions";
    let list = Route::new(Get, path, Tag::Auth, "listSessions")
        .summary("One's own open sessions")
        .gives::<Sessions>(200, "The sessions, newest first.");
    let end = Route::new(Delete, "/api/v1/users/me/sessions/{session_id}", Tag::Auth, "endOneSession")
        .summary("End one of one's own sessions")
        .description(
            "It cannot be refreshed from now on. Its access token changes nothing any more, a minute later at the \
             latest, and runs out by itself, after 15 minutes at most.",
        )
        .gives_nothing("The session has ended.")
        .refuses(404, &["session_not_found"]);
    let end_others = Route::new(Delete, path, Tag::Auth, "endOtherSessions")
        .summary("End all of one's own sessions but this one")
        .gives_nothing("The others have ended.");
    let password = Route::new(Post, "/api/v1/users/me/password", Tag::Auth, "changePassword")
        .summary("Change one's password")
        .description("All other sessions end. Checks of the present password count as logins.")
        .takes::<ChangePasswordRequest>(json!({
            "current": "correct horse battery", "new": "a staple for the battery",
        }))
        .gives_nothing("The password is changed, and the other sessions have ended.")
        .refuses(
            400,
            &["bad_json", "password_too_short", "password_too_long", "password_common", "password_is_name"],
        )
        .refuses(403, &["wrong_password"])
        .refuses(409, &["password_changed"])
        .refuses(429, &["too_many_attempts"]);
    vec![list, end, end_others, password]
}

fn users() -> Vec<Route> {
    let me = Route::new(Get, "/api/v1/users/me", Tag::Users, "getMe")
        .summary("One's own profile")
        .gives::<Profile>(200, "The profile.")
        .refuses(404, NO_USER);
    let edit = Route::new(Patch, "/api/v1/users/me", Tag::Users, "updateMe")
        .summary("Change one's own profile")
        .takes::<UpdateProfileRequest>(json!({ "full_name": "John Doe", "bio": "Chasing light 🌅" }))
        .gives::<Profile>(200, "The profile as it is now.")
        .refuses(400, &["bad_json", "full_name_too_long", "full_name_invisible", "bio_too_long"])
        .refuses(404, NO_USER);
    let picture = "/api/v1/users/me/picture";
    let new_picture = Route::new(Post, picture, Tag::Users, "createPicture")
        .summary("Begin to change one's profile picture")
        .description(
            "Answers where to upload it, as for a photo. It is shown square, the middle of what is not. \
             One's own profile says how far it is. The upload that was begun last counts; until it is ready the \
             picture from before is shown. The address of the picture stays, and caches keep it for minutes.",
        )
        .takes::<CreatePictureRequest>(json!({ "content_type": "image/jpeg", "size": 204_331 }))
        .gives::<CreatedPicture>(201, "The picture waits for its upload.")
        .refuses(400, &["bad_json", "content_type_unsupported", "picture_empty", "picture_too_large"])
        .refuses(429, &["too_many_pictures"]);
    let no_picture = Route::new(Delete, picture, Tag::Users, "deletePicture")
        .summary("Remove one's profile picture")
        .gives_nothing("There is none from now on; caches follow within minutes.");
    let user = Route::new(Get, "/api/v1/users/{user_id}", Tag::Users, "getUser")
        .summary("Somebody's profile")
        .gives::<Profile>(200, "The profile.")
        .refuses(404, NO_USER);
    let by_name = Route::new(Get, "/api/v1/users/by-name/{username}", Tag::Users, "getUserByName")
        .summary("The profile of whoever has a user name")
        .gives::<Profile>(200, "The profile.")
        .refuses(404, NO_USER);
    let photos = Route::new(Get, "/api/v1/users/{user_id}/photos", Tag::Users, "listUserPhotos")
        .summary("Somebody's photos, newest first")
        .paged()
        .gives::<PhotoPage>(200, "A page of photos.")
        .refuses(400, BAD_PAGE)
        .refuses(404, NO_USER);
    vec![me, edit, new_picture, no_picture, user, by_name, photos]
}

fn follows() -> Vec<Route> {
    let path = "/api/v1/users/{user_id}/follow";
    let follow = Route::new(Post, path, Tag::Users, "follow")
        .summary("Follow somebody")
        .description("Following somebody whom one follows already changes nothing.")
        .gives::<FollowState>(200, "They are followed.")
        .refuses(400, &["cannot_follow_self"])
        .refuses(404, NO_USER)
        .refuses(429, &["too_many_follows", "too_many_followees"]);
    let unfollow = Route::new(Delete, path, Tag::Users, "unfollow")
        .summary("Follow somebody no more")
        .description("Not following somebody whom one does not follow changes nothing.")
        .gives::<FollowState>(200, "They are not followed.")
        .refuses(400, &["cannot_follow_self"])
        .refuses(404, NO_USER);
    let followers = Route::new(Get, "/api/v1/users/{user_id}/followers", Tag::Users, "listFollowers")
        .summary("Somebody's followers, in no order that means anything")
        .paged()
        .gives::<UserPage>(200, "A page of people.")
        .refuses(400, BAD_PAGE)
        .refuses(404, NO_USER);
    let following = Route::new(Get, "/api/v1/users/{user_id}/following", Tag::Users, "listFollowing")
        .summary("Whom somebody follows, by age of their account")
        .paged()
        .gives::<UserPage>(200, "A page of people.")
        .refuses(400, BAD_PAGE)
        .refuses(404, NO_USER);
    vec![follow, unfollow, followers, following]
}

fn photos() -> Vec<Route> {
    let path = "/api/v1/photos/{photo_id}";
    let create = Route::new(Post, "/api/v1/photos", Tag::Photos, "createPhoto")
        .summary("Create a draft photo and its uploads")
        .description(
            "Answers where to upload each medium: post a form with `fields` as they are and then the bytes as `file` to \
             `url`. When all have arrived and are rendered the photo is `ready` and everyone sees it.",
        )
        .repeatable(
            "The same key with the same body makes one photo, however often it is sent within 24 hours. The answer \
             tells how far the photo is by then; uploads are for a photo that is still `processing`.",
        )
        .takes::<CreatePhotoRequest>(json!({
            "caption": "Beautiful sunset 🌅", "location": "San Francisco, CA", "tags": ["#sunset", "#nature"],
            "media": [{ "content_type": "image/jpeg", "size": 2_104_331, "alt": "The sun over the bay" }],
        }))
        .gives::<CreatedPhoto>(201, "The photo waits for its uploads.")
        .refuses(400, PHOTO_RULES)
        .refuses(422, &["idempotency_key_reused"])
        .refuses(429, &["upload_limit_reached"]);
    let get = Route::new(Get, path, Tag::Photos, "getPhoto")
        .summary("One photo")
        .description("Its author sees it from the beginning, everyone else when it is `ready`.")
        .gives::<PhotoView>(200, "The photo.")
        .validated()
        .refuses(404, NO_PHOTO);
    let edit = Route::new(Patch, path, Tag::Photos, "updatePhoto")
        .summary(
            "Change the texts of one's own photo, how it may be answered, and whether one is told of that",
        )
        .takes::<UpdatePhotoRequest>(json!({
            "caption": "Sunset over the bay", "tags": ["sunset"],
            "media": [{ "index": 0, "alt": "The sun sets behind the bridge" }],
            "comments": "followers", "hide_like_count": true, "notifications_muted": true,
        }))
        .gives::<PhotoView>(200, "The photo as it is now.")
        .refuses(400, EDIT_RULES)
        .refuses(403, &["not_your_photo"])
        .refuses(404, NO_PHOTO);
    let delete = Route::new(Delete, path, Tag::Photos, "deletePhoto")
        .summary("Delete one's own photo with its media")
        .gives_nothing("The photo is gone; feeds and pictures follow within seconds.")
        .refuses(403, &["not_your_photo"])
        .refuses(404, NO_PHOTO)
        .refuses(429, &["too_many_deletions"]);
    vec![create, get, edit, delete]
}

const EDIT_RULES: &[&str] = &[
    "bad_json",
    "caption_too_long",
    "location_too_long",
    "tag_invalid",
    "tag_too_long",
    "too_many_tags",
    "medium_invalid",
    "alt_too_long",
];

const PHOTO_RULES: &[&str] = &[
    "bad_json",
    "bad_idempotency_key",
    "caption_too_long",
    "location_too_long",
    "tag_invalid",
    "tag_too_long",
    "too_many_tags",
    "media_missing",
    "too_many_media",
    "media_empty",
    "media_too_large",
    "content_type_unsupported",
    "alt_too_long",
];

fn likes() -> Vec<Route> {
    let path = "/api/v1/photos/{photo_id}/like";
    let like = Route::new(Post, path, Tag::Photos, "like")
        .summary("Like a photo")
        .description("Liking what one likes already changes nothing.")
        .gives::<LikeState>(200, "The photo is liked.")
        .refuses(404, NO_PHOTO)
        .refuses(429, &["too_many_likes"]);
    let unlike = Route::new(Delete, path, Tag::Photos, "unlike")
        .summary("Like a photo no more")
        .description("Not liking what one does not like changes nothing.")
        .gives::<LikeState>(200, "The photo is not liked.")
        .refuses(404, NO_PHOTO);
    let likers = Route::new(Get, "/api/v1/photos/{photo_id}/likes", Tag::Photos, "listLikers")
        .summary("Who likes a photo, by age of their account")
        .paged()
        .gives::<UserPage>(200, "A page of people.")
        .refuses(400, BAD_PAGE)
        .refuses(404, NO_PHOTO);
    vec![like, unlike, likers]
}

fn saved() -> Vec<Route> {
    const NO_COLLECTION: &[&str] = &["collection_not_found"];
    const NAME_RULES: &[&str] =
        &["bad_json", "collection_name_missing", "collection_name_too_long", "collection_name_invisible"];
    let (photo, all) = ("/api/v1/photos/{photo_id}/save", "/api/v1/users/me/collections");
    let one = "/api/v1/users/me/collections/{collection_id}";
    let into = json!({ "collection": "1184467440737095518" });
    let save = Route::new(Post, photo, Tag::Saved, "save")
        .summary("Save a photo for oneself")
        .description(
            "Saving what one saved already changes nothing, but puts it into the collection that is named.",
        )
        .may_take::<SaveRequest>(into.clone())
        .gives_nothing("The photo is saved.")
        .refuses(400, &["bad_json"])
        .refuses(404, &["photo_not_found", "collection_not_found"])
        .refuses(429, &["too_many_saves"]);
    let unsave = Route::new(Delete, photo, Tag::Saved, "unsave")
        .summary("Save a photo no more, or take it out of a collection")
        .may_take::<SaveRequest>(into)
        .gives_nothing("It is saved no more; or it is in that collection no more.")
        .refuses(400, &["bad_json"])
        .refuses(404, &["photo_not_found", "collection_not_found"]);
    let list = Route::new(Get, "/api/v1/users/me/saved", Tag::Saved, "listSaved")
        .summary("One's saved photos, newest first")
        .description("Photos that are deleted or hidden are left out.")
        .may_ask("collection", "A collection, whose photos alone are listed.", "1184467440737095518")
        .paged()
        .gives::<SavedPage>(200, "A page of photos.")
        .refuses(400, BAD_PAGE)
        .refuses(404, NO_COLLECTION);
    let collections = Route::new(Get, all, Tag::Saved, "listCollections")
        .summary("One's collections, oldest first")
        .gives::<Collections>(200, "All of them.");
    let create = Route::new(Post, all, Tag::Saved, "createCollection")
        .summary("Make a collection")
        .takes::<CollectionRequest>(json!({ "name": "By the sea" }))
        .gives::<CollectionView>(201, "The collection.")
        .refuses(400, NAME_RULES)
        .refuses(409, &["collections_full"])
        .refuses(429, &["too_many_collections"]);
    let rename = Route::new(Patch, one, Tag::Saved, "renameCollection")
        .summary("Rename a collection")
        .takes::<CollectionRequest>(json!({ "name": "Lakes" }))
        .gives::<CollectionView>(200, "The collection as it is now.")
        .refuses(400, NAME_RULES)
        .refuses(404, NO_COLLECTION)
        .refuses(429, &["too_many_collections"]);
    let delete = Route::new(Delete, one, Tag::Saved, "deleteCollection")
        .summary("Delete a collection; its photos stay saved")
        .gives_nothing("It is gone.")
        .refuses(404, NO_COLLECTION);
    vec![save, unsave, list, collections, create, rename, delete]
}

fn feed_and_inbox() -> Vec<Route> {
    let feed = Route::new(Get, "/api/v1/feed", Tag::Feed, "getFeed")
        .summary("Photos of those whom one follows, newest first")
        .paged()
        .gives::<FeedPage>(200, "A page of the feed.")
        .refuses(400, BAD_PAGE);
    let newer = Route::new(Get, "/api/v1/feed/newer", Tag::Feed, "getNewer")
        .summary("Whether the feed has photos newer than one")
        .description(
            "It costs little and may be asked every minute. Asking is not being here: a reader who has not asked for \
             the feed for a week is told that there is something newer, and the feed then says what.",
        )
        .asks("than", "The newest photo that is shown.", "1184467440737095517")
        .gives::<NewerPhotos>(200, "Whether there are newer photos.")
        .refuses(400, &["bad_than"]);
    let inbox = Route::new(Get, "/api/v1/notifications", Tag::Notifications, "listNotifications")
        .summary("What happened to oneself, newest first")
        .description(
            "Those who did the same thing within a day share a row: likes of one's photos and comments, comments, \
             replies and mentions, follows, requests to follow, and acceptances of one's own. Each photo of somebody of \
             whom one has a bell on has a row of its own. A comment is told of once, as a mention before a reply before a comment. The first of a row is told at once; what comes then is gathered \
             for a minute, then for five, then for an hour. A row that is told moves to the top. What was told since \
             the first page comes beside later pages. Rows are kept for 90 days. Whoever takes back what they did leaves \
             their row, and a deleted photo or comment takes its rows along.",
        )
        .paged()
        .gives::<Notifications>(200, "A page of the inbox.")
        .refuses(400, BAD_PAGE);
    let read = Route::new(Post, "/api/v1/notifications/read", Tag::Notifications, "markNotificationsRead")
        .summary("Mark everything up to a moment as read")
        .description("What happens between reading and marking stays unread if the moment is that of the newest row seen.")
        .may_take::<MarkReadRequest>(json!({ "up_to": "2026-11-22T12:00:00.000Z" }))
        .gives::<MarkedRead>(200, "It is marked.")
        .refuses(400, &["bad_json", "bad_up_to"]);
    vec![feed, newer, inbox, read]
}
