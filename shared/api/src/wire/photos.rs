//! Photos, their media, the feed.

use std::collections::BTreeMap;

use domain::comment::Commenting;
use domain::cursor::List;
use domain::media::{Encoding, MediumAddress, Size};
use domain::photo::{Photo, State};
use domain::visibility::Audience;
use domain::{PhotoId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notifications::Actor;
use super::users::profile_pic;

/// A draft photo of one to ten media.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct CreatePhotoRequest {
    /// At most 2,200 characters.
    pub caption: Option<String>,
    /// Where it was taken; at most 100 characters.
    pub location: Option<String>,
    /// At most 30, with or without `#`.
    #[serde(default, deserialize_with = "super::list")]
    #[schema(value_type = Option<Vec<String>>)]
    pub tags: Vec<String>,
    /// What will be uploaded, in order.
    pub media: Vec<MediumRequest>,
}

/// One picture that will be uploaded.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct MediumRequest {
    /// `image/` with `jpeg`, `png`, `webp`, `gif`, `avif`, `heic`, `tiff` or `bmp`, or another name of these
    /// that browsers send, such as `image/jpg` or `image/heif`. It has no parameters. The bytes decide what
    /// the file is.
    pub content_type: String,
    /// Bytes, at most 50 MiB.
    pub size: u64,
    /// What is to be seen; at most 1,000 characters.
    pub alt: Option<String>,
}

/// Where and how to upload one picture: a form with `fields`, then the bytes as `file`, posted to `url`.
#[derive(Serialize, ToSchema)]
pub struct Upload {
    /// Where to post.
    pub url: String,
    /// Form fields to send before the file, as they are. `Content-Type` is one of them: whatever a browser
    /// writes beside the file itself does not count.
    pub fields: BTreeMap<String, String>,
}

/// A photo that waits for its uploads; or, when its request is repeated, the photo as it is by now.
#[derive(Serialize, ToSchema)]
pub struct CreatedPhoto {
    /// Names the photo.
    #[schema(value_type = String)]
    pub photo_id: PhotoId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// The first picture, once the photo is ready.
    pub url: String,
    /// The first picture in every size, once the photo is ready.
    pub thumbnail_urls: RenditionUrls,
    /// When it was created (RFC 3339).
    pub created_at: String,
    /// How far it is: `processing`, unless the request is repeated later.
    pub status: StatusView,
    /// Why it failed, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// One upload for each medium, in order, while it is `processing`; none afterwards.
    pub uploads: Vec<Upload>,
}

/// One picture in every size: JPEG, or WebP for clients that accept `image/webp`.
#[derive(Serialize, ToSchema)]
pub struct RenditionUrls {
    /// Longest side 150 pixels.
    pub small: String,
    /// Longest side 640 pixels.
    pub medium: String,
    /// Longest side 1080 pixels.
    pub large: String,
}

impl RenditionUrls {
    /// Returns the URLs of one medium's renditions under `cdn`.
    pub fn new(cdn: &str, address: MediumAddress) -> Self {
        let url = |size| format!("{cdn}/{}", address.key(size, Encoding::Jpeg));
        Self { small: url(Size::Small), medium: url(Size::Medium), large: url(Size::Large) }
    }
}

/// How far a photo is.
#[derive(Serialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum StatusView {
    /// Waiting for uploads or renditions.
    Processing,
    /// To be seen by everyone.
    Ready,
    /// A medium could not be processed.
    Failed,
}

impl From<State> for StatusView {
    fn from(state: State) -> Self {
        match state {
            State::Processing => Self::Processing,
            State::Ready => Self::Ready,
            State::Failed => Self::Failed,
        }
    }
}

/// For whom a photo is.
#[derive(Serialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AudienceView {
    /// For everyone.
    Everyone,
    /// For the author's followers: the account is private.
    Followers,
}

impl From<Audience> for AudienceView {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Everyone => Self::Everyone,
            Audience::Followers => Self::Followers,
        }
    }
}

/// Who may comment on a photo, of those who see it. Its author always may.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CommentingView {
    /// Everyone.
    Everyone,
    /// The author's followers.
    Followers,
    /// Nobody. Comments that are there stay.
    Off,
}

impl From<Commenting> for CommentingView {
    fn from(commenting: Commenting) -> Self {
        match commenting {
            Commenting::Everyone => Self::Everyone,
            Commenting::Followers => Self::Followers,
            Commenting::Off => Self::Off,
        }
    }
}

impl From<CommentingView> for Commenting {
    fn from(view: CommentingView) -> Self {
        match view {
            CommentingView::Everyone => Self::Everyone,
            CommentingView::Followers => Self::Followers,
            CommentingView::Off => Self::Off,
        }
    }
}

/// A photo in a list.
#[derive(Serialize, ToSchema)]
pub struct PhotoCard {
    /// Names the photo.
    #[schema(value_type = String)]
    pub photo_id: PhotoId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their user name.
    pub username: String,
    /// Where their picture is, 150 pixels square; nothing is there while they have none.
    pub profile_pic: String,
    /// For whom it is.
    pub audience: AudienceView,
    /// The first picture, large.
    pub url: String,
    /// The first picture in every size.
    pub thumbnail_urls: RenditionUrls,
    /// Text under the photo.
    #[schema(required)]
    pub caption: Option<String>,
    /// When it was created (RFC 3339).
    pub created_at: String,
    /// How many people like it; null where its author keeps that to themselves.
    #[schema(required)]
    pub likes_count: Option<i64>,
    /// Whether the number of likes is for its author alone.
    pub hide_like_count: bool,
    /// How many comments it has, replies included.
    pub comments_count: i64,
    /// Who may comment on it.
    pub comments: CommentingView,
    /// Whether the caller likes it.
    pub liked_by_user: bool,
    /// Whether the caller saved it.
    pub saved_by_user: bool,
    /// Its media, in the author's order.
    pub media: Vec<MediumView>,
    /// Folded tags.
    pub tags: Vec<String>,
    /// Where it was taken.
    #[schema(required)]
    pub location: Option<String>,
}

/// One picture of a photo. Sizes and placeholder are null until it is rendered.
#[derive(Serialize, ToSchema)]
pub struct MediumView {
    /// Pixels across, as shown.
    #[schema(required)]
    pub width: Option<u32>,
    /// Pixels down, as shown.
    #[schema(required)]
    pub height: Option<u32>,
    /// What is to be seen.
    #[schema(required)]
    pub alt: Option<String>,
    /// Placeholder, see <https://blurha.sh>.
    #[schema(required)]
    pub blurhash: Option<String>,
    /// Where its renditions are.
    pub urls: RenditionUrls,
    /// An earlier photo of the author's that looks like this one, perhaps gone by now. Said of single photos,
    /// to their author alone, and only when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub similar_to: Option<PhotoId>,
}

/// One photo with its state.
#[derive(Serialize, ToSchema)]
pub struct PhotoView {
    /// The photo.
    #[serde(flatten)]
    pub card: PhotoCard,
    /// How far it is.
    pub status: StatusView,
    /// Why it failed, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// Whether its author is told nothing of what happens under it. Said to the author alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications_muted: Option<bool>,
}

/// Why a photo failed.
#[derive(Serialize, ToSchema)]
pub struct FailureView {
    /// Stable name, for example `image_corrupt`.
    pub code: String,
    /// One sentence for people.
    pub detail: String,
}

/// Changes to one's own photo; absent and null fields stay, empty text removes.
#[derive(Deserialize, ToSchema)]
pub struct UpdatePhotoRequest {
    /// At most 2,200 characters.
    pub caption: Option<String>,
    /// Where it was taken; at most 100 characters.
    pub location: Option<String>,
    /// At most 30; replaces all.
    pub tags: Option<Vec<String>>,
    /// Changes to some of its media.
    #[serde(default, deserialize_with = "super::list")]
    #[schema(value_type = Option<Vec<UpdateMediumRequest>>)]
    pub media: Vec<UpdateMediumRequest>,
    /// Who may comment on it.
    pub comments: Option<CommentingView>,
    /// Whether the number of likes is for oneself alone.
    pub hide_like_count: Option<bool>,
    /// Whether oneself is told nothing of likes, comments, replies and mentions under it. What one was told stays.
    pub notifications_muted: Option<bool>,
}

/// Changes to one medium of one's own photo; an absent or null field stays, empty text removes.
#[derive(Deserialize, ToSchema)]
pub struct UpdateMediumRequest {
    /// Its place in the photo, from 0; named once.
    pub index: usize,
    /// What is to be seen; at most 1,000 characters.
    pub alt: Option<String>,
}

/// A page of the feed, newest first. It may be short, or even empty, and still go on at its cursor.
#[derive(Serialize, ToSchema)]
pub struct FeedPage {
    /// The photos.
    pub photos: Vec<PhotoCard>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
    /// Whether the reader has seen everything: the photos of 30 days, and at least the newest 200.
    pub caught_up: bool,
}

/// Whether a feed has photos that are newer than one.
#[derive(Serialize, ToSchema)]
pub struct NewerPhotos {
    /// Whether it has.
    pub newer: bool,
    /// Who posted them, at most three people, newest first. It may be empty although there are newer ones.
    pub actors: Vec<Actor>,
}

/// A page of somebody's photos, newest first.
#[derive(Serialize, ToSchema)]
pub struct PhotoPage {
    /// The photos.
    pub photos: Vec<PhotoCard>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// What liking or unliking a photo led to.
#[derive(Serialize, ToSchema)]
pub struct LikeState {
    /// Names the photo.
    #[schema(value_type = String)]
    pub photo_id: PhotoId,
    /// How many people like it; null where its author keeps that to themselves.
    #[schema(required)]
    pub likes_count: Option<i64>,
    /// Whether the caller likes it now.
    pub liked_by_user: bool,
}

/// What the caller did with a photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Whether they like it.
    pub liked: bool,
    /// Whether they saved it.
    pub saved: bool,
}

impl LikeState {
    /// Says to `viewer` that they like `photo` now, or not, and that so many people do.
    pub fn new(photo: &Photo, likes: i64, liked_by_user: bool, viewer: UserId) -> Self {
        Self { photo_id: photo.id, likes_count: shown_likes(photo, likes, viewer), liked_by_user }
    }
}

/// Returns the number of likes, if it is shown to `viewer`.
fn shown_likes(photo: &Photo, likes: i64, viewer: UserId) -> Option<i64> {
    photo.shows_likes_to(viewer).then_some(likes)
}

impl FeedPage {
    /// A page that goes on at `next`.
    pub fn new(photos: Vec<PhotoCard>, next: Option<PhotoId>) -> Self {
        let next_cursor = next.map(|last| List::Feed.cursor(&last));
        let has_more = next_cursor.is_some();
        Self { photos, has_more, caught_up: !has_more, next_cursor }
    }
}

impl PhotoPage {
    /// A page that goes on after `next`.
    pub fn new(photos: Vec<PhotoCard>, next: Option<PhotoId>) -> Self {
        let next_cursor = next.map(|last| List::Timeline.cursor(&last));
        Self { photos, has_more: next_cursor.is_some(), next_cursor }
    }
}

impl PhotoCard {
    /// Shows `photo` to `viewer`, who marked it so, with pictures under `cdn`.
    pub fn new(photo: &Photo, cdn: &str, Marks { liked, saved }: Marks, viewer: UserId) -> Self {
        let urls = |index| RenditionUrls::new(cdn, photo.address(index));
        let first = urls(0);
        let media = photo.media.iter().enumerate().map(|(index, medium)| {
            let rendered = medium.rendered.as_ref();
            MediumView {
                width: rendered.map(|facts| facts.width),
                height: rendered.map(|facts| facts.height),
                alt: medium.alt.as_ref().map(|alt| alt.as_str().to_owned()),
                blurhash: rendered.map(|facts| facts.blurhash.clone()),
                urls: urls(index),
                similar_to: None,
            }
        });
        Self {
            photo_id: photo.id,
            user_id: photo.author,
            username: photo.author_name.clone(),
            profile_pic: profile_pic(cdn, photo.author),
            audience: photo.audience.into(),
            url: first.large.clone(),
            thumbnail_urls: first,
            caption: photo.caption.as_ref().map(|caption| caption.as_str().to_owned()),
            created_at: photo.id.created_at().to_string(),
            // The count lags behind the caller's own like. A caller who likes the photo is shown at least 1.
            likes_count: shown_likes(photo, photo.likes.max(i64::from(liked)), viewer),
            hide_like_count: photo.hides_likes,
            comments_count: photo.comments,
            comments: photo.commenting.into(),
            liked_by_user: liked,
            saved_by_user: saved,
            media: media.collect(),
            tags: photo.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            location: photo.place.as_ref().map(|place| place.as_str().to_owned()),
        }
    }
}

impl PhotoView {
    /// Shows `photo` with its state to `viewer`.
    pub fn new(photo: &Photo, cdn: &str, marks: Marks, viewer: UserId) -> Self {
        let mut card = PhotoCard::new(photo, cdn, marks, viewer);
        let is_own = photo.author == viewer;
        if is_own {
            for (shown, medium) in card.media.iter_mut().zip(&photo.media) {
                shown.similar_to = medium.rendered.as_ref().and_then(|facts| facts.similar_to);
            }
        }
        let notifications_muted = is_own.then_some(photo.muted);
        Self { card, status: photo.state.into(), failure: FailureView::of(photo), notifications_muted }
    }
}

impl FailureView {
    fn of(photo: &Photo) -> Option<Self> {
        let failure = photo.failure.as_ref()?;
        Some(Self { code: failure.code.clone(), detail: failure.detail.clone() })
    }
}

impl CreatedPhoto {
    /// Shows `photo` as it is, with pictures under `cdn` and where its media go.
    pub fn new(photo: &Photo, cdn: &str, uploads: Vec<Upload>) -> Self {
        let thumbnail_urls = RenditionUrls::new(cdn, photo.address(0));
        Self {
            photo_id: photo.id,
            user_id: photo.author,
            url: thumbnail_urls.large.clone(),
            thumbnail_urls,
            created_at: photo.id.created_at().to_string(),
            status: photo.state.into(),
            failure: FailureView::of(photo),
            uploads,
        }
    }
}
