//! The JSON of requests and responses. Its field names are the contract with clients.

mod auth;
mod notifications;
mod photos;
mod users;

pub use auth::{LoginRequest, RefreshRequest, RegisterRequest, Session};
pub use notifications::{Actor, MarkedRead, Notification, Notifications};
pub use photos::{
    CreatePhotoRequest, CreatedPhoto, FailureView, FeedPage, LikeState, MediumRequest, MediumView, PhotoCard,
    PhotoPage, PhotoView, RenditionUrls, StatusView, UpdatePhotoRequest, Upload,
};
pub use users::{FollowState, Profile, UpdateProfileRequest, UserCard, UserPage};
