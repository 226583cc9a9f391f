//! The JSON of requests and responses. Its field names are the contract with clients.

mod auth;
mod comments;
mod devices;
mod notifications;
mod photos;
mod saved;
mod search;
mod users;

use serde::{Deserialize, Deserializer};

pub use auth::{
    ChangePasswordRequest, FinishResetRequest, LoginRequest, ProveEmailRequest, RefreshRequest,
    RegisterRequest, ResetRequest, Session, SessionView, Sessions,
};
pub use comments::{CommentLikeState, CommentPage, CommentView, CreateCommentRequest, MentionView};
pub use devices::{
    DeviceView, Devices, KindSettings, KindSettingsRequest, NotificationSettings,
    NotificationSettingsRequest, PlatformView, QuietHours, RegisterDeviceRequest, SubscriptionKeys,
    SubscriptionRequest,
};
pub use notifications::{Actor, MarkReadRequest, MarkedRead, Notification, Notifications};
pub use photos::{
    AudienceView, CommentingView, CreatePhotoRequest, CreatedPhoto, FailureView, FeedPage, LikeState, Marks,
    MediumRequest, MediumView, NewerPhotos, PhotoCard, PhotoPage, PhotoView, RenditionUrls, StatusView,
    UpdateMediumRequest, UpdatePhotoRequest, Upload,
};
pub use saved::{CollectionRequest, CollectionView, Collections, SaveRequest, SavedPage};
pub use search::SearchPage;
pub use users::{
    BellState, CreatePictureRequest, CreatedPicture, FollowState, MuteRequest, Muted, PictureStatus,
    PictureView, Profile, Regard, UpdateProfileRequest, UserCard, UserPage,
};

/// Reads a list that may be `null`, which is as an empty one. A field with `#[serde(default)]` may be absent
/// too.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Every field that a request may leave out may be null instead, and means the same. Of quiet hours alone null
    /// says that there are none.
    #[test]
    fn null_is_as_absent_in_every_request() {
        let read = |given: Value| -> Value {
            let request: CreatePhotoRequest = serde_json::from_value(given).unwrap();
            serde_json::to_value(request).unwrap()
        };
        let nulls = json!({ "caption": null, "location": null, "tags": null, "media": [] });
        assert_eq!(read(nulls), read(json!({ "media": [] })));
        assert_eq!(read(json!({ "media": [] })), read(json!({ "tags": [], "media": [] })));
        let medium = json!({ "content_type": "image/png", "size": 1 });
        let mut with_null = medium.clone();
        with_null["alt"] = Value::Null;
        assert_eq!(read(json!({ "media": [with_null] })), read(json!({ "media": [medium] })));

        let edit = json!({ "caption": null, "location": null, "tags": null, "media": null });
        let edit: UpdatePhotoRequest = serde_json::from_value(edit).unwrap();
        assert!(edit.caption.is_none() && edit.location.is_none() && edit.tags.is_none());
        assert!(edit.media.is_empty());
        let medium: UpdateMediumRequest = serde_json::from_value(json!({ "index": 0, "alt": null })).unwrap();
        assert!(medium.alt.is_none());
        let profile = json!({ "full_name": null, "bio": null });
        let profile: UpdateProfileRequest = serde_json::from_value(profile).unwrap();
        assert!(profile.full_name.is_none() && profile.bio.is_none());
        let account = json!({ "username": "a", "email": "b", "password": "c", "full_name": null });
        assert!(serde_json::from_value::<RegisterRequest>(account).unwrap().full_name.is_none());
        let settings = |given: Value| serde_json::from_value::<NotificationSettingsRequest>(given).unwrap();
        let given = settings(json!({ "kinds": null, "digest": null, "quiet_hours": null }));
        assert!(
            given.kinds.is_none()
                && given.digest.is_none()
                && given.quiet_hours.is_some_and(|hours| hours.is_none())
        );
        assert!(settings(json!({})).quiet_hours.is_none());
        // What must be there is missing when it is null.
        assert!(serde_json::from_value::<CreatePhotoRequest>(json!({ "media": null })).is_err());
        assert!(serde_json::from_value::<RefreshRequest>(json!({ "refresh_token": null })).is_err());
    }
}
