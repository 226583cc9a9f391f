//! Devices to which notifications are pushed, and what is pushed.

use std::collections::BTreeMap;

use domain::device::DeviceId;
use domain::inbox::KINDS;
use domain::language::Language;
use domain::notification_settings::Settings;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The keys of a subscription, in base64url.
#[derive(Deserialize, ToSchema)]
pub struct SubscriptionKeys {
    /// The browser's public key: an uncompressed point of P-256.
    pub p256dh: String,
    /// The secret that authenticates messages: 16 bytes.
    pub auth: String,
}

/// A subscription as a browser's `PushSubscription.toJSON()` gives it.
#[derive(Deserialize, ToSchema)]
pub struct SubscriptionRequest {
    /// Where the push service takes messages.
    pub endpoint: String,
    /// Its keys.
    pub keys: SubscriptionKeys,
}

/// A device to be registered.
#[derive(Deserialize, ToSchema)]
pub struct RegisterDeviceRequest {
    /// `web`, `ios` or `android`.
    pub platform: String,
    /// The browser's subscription, on `web`.
    pub subscription: Option<SubscriptionRequest>,
    /// What the app got from its platform: on `ios` the device token of APNs in hexadecimal, of 64 to 200 characters; on
    /// `android` the registration token of FCM, of at most 1,024.
    pub token: Option<String>,
    /// The language of what the device shows, as a language tag. Without it, or where it is none of those there
    /// are, `Accept-Language` decides.
    pub language: Option<String>,
}

/// What a device runs on.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlatformView {
    /// A browser.
    Web,
    /// An app on iOS.
    Ios,
    /// An app on Android.
    Android,
}

/// A device of one's own.
#[derive(Serialize, ToSchema)]
pub struct DeviceView {
    /// Names the device.
    #[schema(value_type = String)]
    pub device_id: DeviceId,
    /// What it runs on.
    pub platform: PlatformView,
    /// The language of what it shows: `en` or `de`.
    #[schema(value_type = String)]
    pub language: Language,
    /// When it was registered (RFC 3339).
    pub created_at: String,
    /// Whether it was registered in the session of this request.
    pub current: bool,
}

/// One's devices, newest first.
#[derive(Serialize, ToSchema)]
pub struct Devices {
    /// All of them.
    pub devices: Vec<DeviceView>,
    /// The `applicationServerKey` with which a browser subscribes, in base64url.
    pub web_push_key: String,
}

/// How one is told of a kind of notification.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct KindSettings {
    /// Whether it is pushed to one's devices.
    pub push: bool,
}

/// Hours of the day in which nothing is pushed. How much is unread is pushed once after them.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct QuietHours {
    /// The time of day at which they begin, as in `22:00`.
    pub from: String,
    /// The time of day at which they end. Where it is not later, on the day after.
    pub to: String,
    /// The name of a time zone in the database of IANA, as in `Europe/Berlin`.
    pub time_zone: String,
}

/// What one wants to be told of.
#[derive(Serialize, ToSchema)]
pub struct NotificationSettings {
    /// By kind of notification.
    pub kinds: BTreeMap<&'static str, KindSettings>,
    /// Whether a mail says once a day what is new. It goes to a proved address alone.
    pub digest: bool,
    /// When nothing is pushed; null where that is never.
    #[schema(required)]
    pub quiet_hours: Option<QuietHours>,
}

impl NotificationSettings {
    /// Shows settings.
    pub fn new(settings: &Settings) -> Self {
        let kinds = KINDS.into_iter().map(|kind| (kind, KindSettings { push: settings.pushes(kind) }));
        let quiet_hours = settings.quiet_hours().map(|hours| QuietHours {
            from: hours.from(),
            to: hours.to(),
            time_zone: hours.time_zone().to_owned(),
        });
        Self { kinds: kinds.collect(), digest: settings.digest_hour().is_some(), quiet_hours }
    }
}

/// A change of how one is told of a kind of notification.
#[derive(Deserialize, ToSchema)]
pub struct KindSettingsRequest {
    /// Whether it is pushed to one's devices. As it was, when absent.
    pub push: Option<bool>,
}

/// A change of settings. What it does not name stays as it was.
#[derive(Deserialize, ToSchema)]
pub struct NotificationSettingsRequest {
    /// By kind of notification.
    pub kinds: Option<BTreeMap<String, KindSettingsRequest>>,
    /// Whether a mail says once a day what is new: at the hour at which it is first asked for.
    pub digest: Option<bool>,
    /// When nothing is pushed. Null ends them: here null is not as absent.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<QuietHours>)]
    pub quiet_hours: Option<Option<QuietHours>>,
}

/// Reads a field that is there, so that null is not as absent.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
