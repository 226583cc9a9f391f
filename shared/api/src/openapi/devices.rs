//! The routes of devices and of the settings of notifications.

use serde_json::json;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Patch, Post};

use super::route::{Route, Tag};
use crate::wire::{
    DeviceView, Devices, NotificationSettings, NotificationSettingsRequest, RegisterDeviceRequest,
};

/// Returns the routes.
pub(super) fn all() -> Vec<Route> {
    let devices = "/api/v1/devices";
    let settings = "/api/v1/users/me/notification-settings";
    let register = Route::new(Post, devices, Tag::Notifications, "registerDevice")
        .summary("Have notifications pushed to a device")
        .description(
            "The device is tied to the session of the request, and gone with it. One that somebody else had leaves \
             them, and registering one again changes nothing but its session and language. An account has at most 20: where there would be more, the oldest leaves. \
             An app registers its token at each start, as tokens change, and those of apps that were away are forgotten.",
        )
        .takes::<RegisterDeviceRequest>(json!({
            "platform": "web",
            "subscription": {
                "endpoint": "https://fcm.googleapis.com/fcm/send/dXNlcg:APA91bE",
                "keys": {
                    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
                },
            },
            "language": "de-AT",
        }))
        .gives::<DeviceView>(201, "It is registered.")
        .refuses(
            400,
            &[
                "bad_json",
                "platform_unknown",
                "subscription_missing",
                "endpoint_not_allowed",
                "endpoint_too_long",
                "subscription_keys_invalid",
            ],
        )
        .refuses(422, &["device_token_invalid", "platform_unavailable"])
        .refuses(429, &["too_many_devices"]);
    let list = Route::new(Get, devices, Tag::Notifications, "listDevices")
        .summary("One's own devices, and the key with which a browser subscribes")
        .gives::<Devices>(200, "The devices, newest first.");
    let remove = Route::new(Delete, "/api/v1/devices/{device_id}", Tag::Notifications, "removeDevice")
        .summary("Have nothing more pushed to one of one's devices")
        .gives_nothing("It is registered no more.")
        .refuses(404, &["device_not_found"]);
    let get = Route::new(Get, settings, Tag::Notifications, "getNotificationSettings")
        .summary("What one wants to be told of")
        .gives::<NotificationSettings>(200, "The settings.");
    let change = Route::new(Patch, settings, Tag::Notifications, "updateNotificationSettings")
        .summary("Change what one wants to be told of")
        .description(
            "What is switched off, or comes in quiet hours, is in the list of notifications all the same. `quiet_hours` is \
             given as a whole, and null ends them.",
        )
        .takes::<NotificationSettingsRequest>(
            json!({
                "kinds": { "like": { "push": false } },
                "digest": true,
                "quiet_hours": { "from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin" },
            }),
        )
        .gives::<NotificationSettings>(200, "The settings as they are now.")
        .refuses(400, &["bad_json", "kind_unknown", "time_invalid", "time_zone_unknown", "quiet_hours_empty"])
        .refuses(429, &["too_many_settings"]);
    let unsubscribe = Route::new(
        Post,
        "/api/v1/auth/unsubscribe/{token}",
        Tag::Notifications,
        "unsubscribe",
    )
    .summary("Get no daily mail any more, by the token of one")
    .description(
        "Mail programs send it for their user (RFC 8058), with a form as body, which is not read. The token does nothing \
         else, and does not expire.",
    )
    .public()
    .gives_nothing("No daily mail is sent any more, now or before.")
    .refuses(400, &["token_invalid"]);
    vec![register, list, remove, get, change, unsubscribe]
}
