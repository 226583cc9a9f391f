//! Devices to which notifications are pushed: browsers that hold a subscription at a push service, and apps that hold
//! a token of the push service of their platform.
//!
//! Whoever knows a subscription can push to it, and a token names a device for years. So both are secrets, and no
//! `Debug` writes them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::account::hex;
use crate::clock::Timestamp;
use crate::language::Language;
use crate::text::Invalid;

/// Most devices of an account.
pub const MAX_DEVICES: usize = 20;

/// Most characters of an endpoint.
const MAX_ENDPOINT: usize = 1_024;
/// Bytes of a public key: an uncompressed point of P-256.
const PUBLIC_KEY: usize = 65;
/// Bytes of the secret that authenticates messages.
const AUTH: usize = 16;
/// Characters of a token of iOS, in hexadecimal. Those of today have 64, or 160.
const IOS_TOKEN: RangeInclusive<usize> = 64..=200;
/// Characters of a token of Android. Those of today have about 160.
const ANDROID_TOKEN: RangeInclusive<usize> = 20..=1_024;
/// The push services of browsers. One that begins with a dot stands for every name that ends so.
const SERVICES: [&str; 4] =
    ["fcm.googleapis.com", ".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com"];

/// Names a device: the SHA-256 of its endpoint, or of platform and token, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(String);

impl DeviceId {
    /// Parses the text of an id; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 64 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The origins of push services beside those of browsers, such as one that stands in on a developer's machine.
///
/// They may speak plain HTTP, and may be at a private address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraOrigins(Vec<String>);

impl ExtraOrigins {
    /// Returns whether an endpoint has one of these origins.
    pub fn include(&self, endpoint: &Endpoint) -> bool {
        self.0.iter().any(|origin| origin == endpoint.origin())
    }

    fn begin(&self, text: &str) -> bool {
        let rests = self.0.iter().filter_map(|origin| text.strip_prefix(origin.as_str()));
        rests.into_iter().any(|rest| rest.starts_with('/'))
    }
}

/// An origin is no `http://host:port` or `https://host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of origins")]
pub struct NotOrigins;

/// Reads a list with commas, or `none`.
impl FromStr for ExtraOrigins {
    type Err = NotOrigins;

    fn from_str(text: &str) -> Result<Self, NotOrigins> {
        if text == "none" {
            return Ok(Self::default());
        }
        let origins = text.split(',').map(|origin| {
            let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
            let host = host.filter(|host| !host.is_empty() && host.bytes().all(is_name));
            host.map(|_| origin.to_owned()).ok_or(NotOrigins)
        });
        Ok(Self(origins.collect::<Result<_, _>>()?))
    }
}

/// Where a push service takes messages for one browser.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Parses an endpoint of a push service of browsers, or of `extra`.
    ///
    /// The host is a name of the list, and never an address: the port is 443, and there are no credentials. No
    /// other host can be reached through an account's device.
    pub fn parse(text: &str, extra: &ExtraOrigins) -> Result<Self, Invalid> {
        if text.len() > MAX_ENDPOINT {
            let detail = format!("An endpoint may have at most {MAX_ENDPOINT} characters.");
            return Err(Invalid::new("endpoint_too_long", detail));
        }
        // Of what is allowed in a URL, and without a fragment. `@` and `\` could move the end of the host.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>@\\^`{|}".contains(&byte);
        let is_served = text.strip_prefix("https://").is_some_and(|rest| {
            let Some((host, _)) = rest.split_once('/') else { return false };
            is_service(host.strip_suffix(":443").unwrap_or(host))
        });
        if !text.bytes().all(is_plain) || !(is_served || extra.begin(text)) {
            let detail = "The endpoint must be an https URL of a push service of browsers.";
            return Err(Invalid::new("endpoint_not_allowed", detail));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the name of the device that it reaches.
    pub fn device(&self) -> DeviceId {
        DeviceId(hex(&Sha256::digest(self.0.as_bytes())))
    }

    /// Returns its origin, which is no secret.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |scheme| scheme + 3);
        let end = self.0.get(host..).and_then(|rest| rest.find('/')).map_or(self.0.len(), |end| host + end);
        self.0.get(..end).unwrap_or_default()
    }

    /// Returns its text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Returns whether a host is a push service of browsers.
fn is_service(host: &str) -> bool {
    SERVICES.iter().any(|service| match service.strip_prefix('.') {
        None => host == *service,
        Some(_) => host.strip_suffix(service).is_some_and(|name| {
            let is_name =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
            !name.is_empty() && name.bytes().all(is_name)
        }),
    })
}

/// Writes the origin alone.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}/…)", self.origin())
    }
}

/// What a browser gives out so that it can be pushed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Where to send.
    pub endpoint: Endpoint,
    /// The browser's public key, an uncompressed point.
    pub p256dh: [u8; PUBLIC_KEY],
    /// The secret that authenticates messages.
    pub auth: [u8; AUTH],
}

impl Subscription {
    /// Parses the parts that a browser gives out, keys in base64url. Whether the key is on the curve is not
    /// looked at.
    pub fn parse(endpoint: &str, p256dh: &str, auth: &str, extra: &ExtraOrigins) -> Result<Self, Invalid> {
        let endpoint = Endpoint::parse(endpoint, extra)?;
        let (p256dh, auth) = keys(p256dh, auth).ok_or_else(bad_keys)?;
        Ok(Self { endpoint, p256dh, auth })
    }
}

/// Returns the error of keys that no browser gives out.
pub fn bad_keys() -> Invalid {
    let detail = "`p256dh` must be an uncompressed point of P-256, and `auth` 16 bytes, both in base64url.";
    Invalid::new("subscription_keys_invalid", detail)
}

fn keys(p256dh: &str, auth: &str) -> Option<([u8; PUBLIC_KEY], [u8; AUTH])> {
    // Browsers write no padding; some libraries do.
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let (p256dh, auth) = (bytes(p256dh)?.try_into().ok()?, bytes(auth)?.try_into().ok()?);
    Some((p256dh, auth))
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The form in which a subscription is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    endpoint: String,
    p256dh: String,
    auth: String,
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let endpoint = self.endpoint.0.clone();
        let (p256dh, auth) = (URL_SAFE_NO_PAD.encode(self.p256dh), URL_SAFE_NO_PAD.encode(self.auth));
        Stored { endpoint, p256dh, auth }.serialize(serializer)
    }
}

/// Reads what was parsed before it was stored.
impl<'de> Deserialize<'de> for Subscription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { endpoint, p256dh, auth } = Stored::deserialize(deserializer)?;
        let (p256dh, auth) = keys(&p256dh, &auth).ok_or_else(|| serde::de::Error::custom("not a key"))?;
        Ok(Self { endpoint: Endpoint(endpoint), p256dh, auth })
    }
}

/// What an app runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppPlatform {
    /// iOS, whose devices are reached through APNs.
    Ios,
    /// Android, whose devices are reached through FCM.
    Android,
}

/// What the push service of a platform knows an app on a device by.
#[derive(Clone, PartialEq, Eq)]
pub struct AppToken {
    platform: AppPlatform,
    text: String,
}

impl AppToken {
    /// Parses the token that an app gives out; `None` when it cannot be one of the platform.
    pub fn parse(platform: AppPlatform, text: &str) -> Option<Self> {
        let (length, is_part): (_, fn(u8) -> bool) = match platform {
            AppPlatform::Ios => (IOS_TOKEN, |byte| byte.is_ascii_hexdigit()),
            AppPlatform::Android => {
                (ANDROID_TOKEN, |byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte))
            }
        };
        if !length.contains(&text.len()) || !text.bytes().all(is_part) {
            return None;
        }
        let text = match platform {
            // Apps write the same bytes in either case.
            AppPlatform::Ios => text.to_ascii_lowercase(),
            AppPlatform::Android => text.to_owned(),
        };
        Some(Self { platform, text })
    }

    /// Returns the platform.
    pub fn platform(&self) -> AppPlatform {
        self.platform
    }

    /// Returns the name of the device that it reaches.
    pub fn device(&self) -> DeviceId {
        let platform = match self.platform {
            AppPlatform::Ios => "ios",
            AppPlatform::Android => "android",
        };
        DeviceId(hex(&Sha256::digest(format!("{platform}:{}", self.text))))
    }

    /// Returns its text.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// Writes the platform alone.
impl fmt::Debug for AppToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppToken({:?}, …)", self.platform)
    }
}

/// An app on a device. Its token is with the service that reaches it, and not with us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// What it runs on.
    pub platform: AppPlatform,
    /// What that service calls it.
    pub endpoint: String,
}

/// How a device is reached. Each is stored as one attribute, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A browser, by its subscription.
    #[serde(rename = "subscription")]
    Web(Subscription),
    /// An app.
    #[serde(rename = "app")]
    App(App),
}

/// A device of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// How it is reached.
    #[serde(flatten)]
    pub target: Target,
    /// The language of what it shows.
    pub language: Language,
    /// When it was registered.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn extra() -> ExtraOrigins {
        "http://127.0.0.1:4569,https://push.test".parse().unwrap()
    }

    #[test]
    fn endpoints_of_push_services_are_taken_and_no_others() {
        for good in [
            "https://fcm.googleapis.com/fcm/send/abc:APA91b",
            "https://fcm.googleapis.com:443/fcm/send/abc",
            "https://updates.push.services.mozilla.com/wpush/v2/gAAAA_-=",
            "https://web.push.apple.com/QGuQyavXutnMH",
            "https://db5p.notify.windows.com/w/?token=BQYAA%2bx",
            "http://127.0.0.1:4569/push/1",
            "https://push.test/1",
        ] {
            assert_eq!(Endpoint::parse(good, &extra()).unwrap().expose(), good);
        }
        for bad in [
            "",
            "https://",
            "http://fcm.googleapis.com/fcm/send/abc",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com:8443/a",
            "https://fcm.googleapis.com.evil.test/a",
            "https://evil.test/fcm.googleapis.com/",
            "https://evilfcm.googleapis.com/a",
            "https://.push.apple.com/a",
            "https://push.apple.com/a",
            "https://evil.test:1@web.push.apple.com/a",
            "https://evil.test\\.web.push.apple.com/a",
            "https://evil.test?.push.apple.com/a",
            "https://evil.test#.push.apple.com/a",
            "https://user@fcm.googleapis.com/a",
            "https://fcm.googleapis.com/a#b",
            "https://fcm.googleapis.com/a b",
            "https://fcm.googleapis.com/\u{fc}",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/a",
            "http://127.0.0.1:4569",
            "http://127.0.0.1:45690/a",
            "http://127.0.0.1:4569@evil.test/a",
            "http://127.0.0.1:4566/a",
            "https://push.test.evil.test/a",
        ] {
            assert_eq!(Endpoint::parse(bad, &extra()).unwrap_err().code, "endpoint_not_allowed", "{bad}");
        }
        assert!(Endpoint::parse("http://127.0.0.1:4569/push/1", &ExtraOrigins::default()).is_err());
        let long = format!("https://fcm.googleapis.com/{}", "a".repeat(1_000));
        assert_eq!(Endpoint::parse(&long, &extra()).unwrap_err().code, "endpoint_too_long");
    }

    #[test]
    fn an_origin_ends_before_the_path() {
        let origin = |text| Endpoint::parse(text, &extra()).unwrap().origin().to_owned();
        assert_eq!(origin("https://web.push.apple.com/a/b?c=/d"), "https://web.push.apple.com");
        assert_eq!(origin("http://127.0.0.1:4569/1"), "http://127.0.0.1:4569");
    }

    #[test]
    fn lists_of_origins_are_read_and_anything_else_is_refused() {
        assert_eq!("none".parse::<ExtraOrigins>(), Ok(ExtraOrigins::default()));
        for bad in ["", "none,", "push.test", "https://", "https://push.test/a", "http://a,ftp://b"] {
            assert_eq!(bad.parse::<ExtraOrigins>(), Err(NotOrigins), "{bad}");
        }
    }

    #[test]
    fn keys_have_their_length_and_nothing_is_written_of_them() {
        let (point, auth) = (URL_SAFE_NO_PAD.encode([4; 65]), URL_SAFE_NO_PAD.encode([7; 16]));
        let endpoint = "https://web.push.apple.com/secret";
        let parse = |p256dh: &str, auth: &str| Subscription::parse(endpoint, p256dh, auth, &extra());
        let subscription = parse(&point, &auth).unwrap();
        assert_eq!(parse(&format!("{point}="), &format!("{auth}==")).unwrap(), subscription);
        for (p256dh, auth) in [("", ""), (&*point, ""), (&*auth, &*auth), (&point[1..], &auth), ("+/", &auth)]
        {
            assert_eq!(parse(p256dh, auth).unwrap_err().code, "subscription_keys_invalid");
        }
        let written = format!("{subscription:?}");
        assert_eq!(written, "Subscription { endpoint: Endpoint(https://web.push.apple.com/…), .. }");
        let json = serde_json::to_value(&subscription).unwrap();
        assert_eq!(serde_json::from_value::<Subscription>(json).unwrap(), subscription);
        let id = subscription.endpoint.device();
        assert_eq!(DeviceId::parse(id.as_str()), Some(id));
        assert_eq!(DeviceId::parse("x"), None);
    }
    #[test]
    fn tokens_are_those_of_their_platform_and_are_not_written() {
        use AppPlatform::{Android, Ios};
        let hex = |length: usize| "aF".repeat(length / 2);
        let android = "dXNlcg_1:APA91bE-x".repeat(10);
        for (platform, good) in
            [(Ios, hex(64)), (Ios, hex(200)), (Android, android.clone()), (Android, "a".repeat(1_024))]
        {
            let token = AppToken::parse(platform, &good).unwrap();
            assert_eq!(DeviceId::parse(token.device().as_str()), Some(token.device()));
            assert_eq!(format!("{token:?}"), format!("AppToken({platform:?}, …)"));
        }
        for (platform, bad) in [
            (Ios, String::new()),
            (Ios, hex(62)),
            (Ios, hex(202)),
            (Ios, "g".repeat(64)),
            (Ios, android),
            (Android, "a".repeat(19)),
            (Android, "a".repeat(1_025)),
            (Android, format!("{} ", "a".repeat(30))),
            (Android, "ä".repeat(30)),
        ] {
            assert_eq!(AppToken::parse(platform, &bad), None, "{bad}");
        }
        let device = |platform, text: &str| AppToken::parse(platform, text).unwrap().device();
        assert_eq!(device(Ios, &hex(64)), device(Ios, &hex(64).to_ascii_uppercase()));
        assert_ne!(device(Ios, &hex(64)), device(Android, &hex(64)));
        assert_ne!(device(Android, &hex(64)), device(Android, &hex(64).to_ascii_uppercase()));
    }

    #[test]
    fn browsers_stored_before_there_were_apps_are_read_and_written_alike() {
        let (point, auth) = (URL_SAFE_NO_PAD.encode([4; 65]), URL_SAFE_NO_PAD.encode([7; 16]));
        let endpoint = "https://web.push.apple.com/secret";
        let stored = json!({
            "subscription": { "endpoint": endpoint, "p256dh": point, "auth": auth },
            "language": "de",
            "created_at": 1_770_000_000_000_i64,
        });
        let device: Device = serde_json::from_value(stored.clone()).unwrap();
        let subscription = Subscription::parse(endpoint, &point, &auth, &extra()).unwrap();
        assert_eq!(device.target, Target::Web(subscription));
        assert_eq!(serde_json::to_value(&device).unwrap(), stored);
        let app = json!({
            "app": { "platform": "ios", "endpoint": "arn:1" },
            "language": "en",
            "created_at": 1_770_000_000_000_i64,
        });
        let device: Device = serde_json::from_value(app.clone()).unwrap();
        assert_eq!(serde_json::to_value(&device).unwrap(), app);
    }
}
