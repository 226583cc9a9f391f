//! `device`: registers devices to which notifications are pushed, and keeps what is pushed.
//!
//! - **Trigger**: `POST` and `GET /api/v1/devices`, `DELETE /api/v1/devices/{device_id}`, `GET` and `PATCH
//!   /api/v1/users/me/notification-settings`, `POST /api/v1/auth/unsubscribe/{token}`.
//! - **Access patterns**: registering takes a quota (1 WRU), then reads the claim of the device beside the
//!   caller's sessions (2 RRU), and writes claim and session in one transaction (4 WRU); nothing where it is
//!   registered so already. The list is one query (1 RRU for 4 KiB of sessions). Removing reads the claim (1 RRU)
//!   and writes the session (1 WRU). Settings are one read (0.5 RRU); a change is a quota beside a read, and one
//!   write (1 RRU + 2 WRU). Where the daily mail is switched on or off, by a change or by a mail's token, settings
//!   and subscription are one transaction (4 or 6 WRU).
//! - **Emits**: nothing.
//! - **Redelivery**: registering twice is once. A device is named by its endpoint.
//! - **Failures**: the caller gets a problem and asks again. A device that moves leaves its account before it
//!   arrives at the next one, so that no failure leaves it with two.
//!
//! A device is an attribute of the session that registered it, and so ends with that, however it ends. Endpoints
//! and keys of subscriptions are secrets: they are in no log and no answer.

use std::sync::Arc;

use api::wire::{
    DeviceView, Devices, NotificationSettings, NotificationSettingsRequest, PlatformView,
    RegisterDeviceRequest,
};
use api::{Call, Problem, Reply};
use domain::account::EmailSecret;
use domain::device::{Device, DeviceId, ExtraOrigins, Subscription, bad_keys};
use domain::language::Language;
use domain::notification_settings::parse_kind;
use domain::quiet_hours::QuietHours;
use domain::session::SessionId;
use domain::{Clock, quota};
use p256::PublicKey;
use runtime::Aws;
use runtime::http::over_quota;
use table::device::{self, Registered};
use table::guard::Quotas;
use table::{Table, notification_settings};
use tokens::OpenSessions;
use vapid::VapidKey;

runtime::config! {
    /// Settings of `device`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Address of the web client.
        pub cdn_url: String,
        /// Origins of push services beside those of browsers.
        pub push_origins: ExtraOrigins,
        /// The KMS key by which push services know this network.
        pub vapid_key_id: String,
        /// The secret that authenticates who unsubscribes from a mail.
        pub email_secret: EmailSecret,
    }
}

/// Handles devices and the settings of notifications.
pub struct DeviceHandler {
    table: Table,
    quotas: Quotas,
    sessions: OpenSessions,
    origins: ExtraOrigins,
    vapid: VapidKey,
    secret: EmailSecret,
    clock: Arc<dyn Clock>,
}

impl DeviceHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let vapid = VapidKey::connect(aws, &config.vapid_key_id);
        let (origins, secret) = (config.push_origins.clone(), config.email_secret.clone());
        Self::new(table, config.quota_scale, origins, vapid, secret, aws.clock())
    }

    /// Creates the handler for devices in `table`, with limits multiplied by `quota_scale`, which takes endpoints
    /// at push services of browsers and at `origins`, and tokens of mails under `secret`.
    pub fn new(
        table: Table,
        quota_scale: u32,
        origins: ExtraOrigins,
        vapid: VapidKey,
        secret: EmailSecret,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, sessions, origins, vapid, secret, clock }
    }

    async fn register(&self, call: &Call) -> Result<Reply, Problem> {
        let (me, session, now) = (call.caller()?.user_id, call.session()?, self.clock.now());
        let request: RegisterDeviceRequest = call.json()?;
        let subscription = self.subscription(&request)?;
        let language = request.language.as_deref().and_then(Language::of_tag);
        let language = language.unwrap_or_else(|| Language::preferred(call.header("accept-language")));
        let taking = async { Ok(self.quotas.take(&quota::DEVICES, me, &[1], now).await?) };
        let (taken, ()) = futures::try_join!(taking, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        let device = Device { subscription, language, created_at: now };
        let registered = device::register(&self.table, me, session, device, now).await?;
        Reply::created(&view(registered.ok_or_else(tokens::session_ended)?, session))
    }

    fn subscription(&self, request: &RegisterDeviceRequest) -> Result<Subscription, Problem> {
        if request.platform != "web" {
            return Err(Problem::bad_request("platform_unknown", "The platform must be `web`."));
        }
        let Some(given) = &request.subscription else {
            let detail = "A browser is registered by its subscription.";
            return Err(Problem::bad_request("subscription_missing", detail));
        };
        let subscription =
            Subscription::parse(&given.endpoint, &given.keys.p256dh, &given.keys.auth, &self.origins)?;
        // A point that is not on the curve could never be encrypted to.
        PublicKey::from_sec1_bytes(&subscription.p256dh).map_err(|_| bad_keys())?;
        Ok(subscription)
    }

    async fn list(&self, call: &Call) -> Result<Reply, Problem> {
        let (me, session) = (call.caller()?.user_id, call.session()?);
        let listing =
            async { device::list_latest(&self.table, me, self.clock.now()).await.map_err(Problem::from) };
        let key = async { self.vapid.public().await.map_err(Problem::unavailable) };
        let (devices, key) = futures::try_join!(listing, key)?;
        let devices = devices.into_iter().map(|registered| view(registered, session)).collect();
        Reply::ok(&Devices { devices, web_push_key: key.to_owned() })
    }

    async fn remove(&self, call: &Call) -> Result<Reply, Problem> {
        let none = || Problem::not_found("device_not_found", "There is no such device of yours.");
        let id = DeviceId::parse(call.path("device_id")).ok_or_else(none)?;
        self.sessions.check(call).await?;
        if device::forget(&self.table, call.caller()?.user_id, &id).await? {
            Ok(Reply::no_content())
        } else {
            Err(none())
        }
    }

    async fn change_settings(&self, call: &Call) -> Result<Reply, Problem> {
        let me = call.caller()?.user_id;
        let request: NotificationSettingsRequest = call.json()?;
        let changes = request
            .kinds
            .unwrap_or_default()
            .into_iter()
            .map(|(kind, change)| Ok((parse_kind(&kind)?, change.push)))
            .collect::<Result<Vec<_>, Problem>>()?;
        let parse =
            |given: &api::wire::QuietHours| QuietHours::parse(&given.from, &given.to, &given.time_zone);
        let quiet_hours =
            request.quiet_hours.map(|given| given.as_ref().map(parse).transpose()).transpose()?;
        let now = self.clock.now();
        let taking = async { Ok(self.quotas.take(&quota::SETTINGS, me, &[1], now).await?) };
        let (taken, ()) = futures::try_join!(taking, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        let settings = notification_settings::change(&self.table, me, |settings| {
            for (kind, push) in &changes {
                if let Some(push) = push {
                    settings.set_pushed(kind, *push);
                }
            }
            if let Some(wanted) = request.digest {
                settings.set_digest(wanted, now);
            }
            if let Some(hours) = &quiet_hours {
                settings.set_quiet_hours(hours.clone());
            }
        });
        Reply::ok(&NotificationSettings::new(&settings.await?))
    }

    /// Ends the daily mail of whoever holds a token of one: they have read the mailbox.
    async fn unsubscribe(&self, call: &Call) -> Result<Reply, Problem> {
        let Some(user) = self.secret.unsubscribed(call.path("token")) else {
            return Err(Problem::bad_request("token_invalid", "This is not the token of a mail."));
        };
        let now = self.clock.now();
        notification_settings::change(&self.table, user, |settings| settings.set_digest(false, now)).await?;
        Ok(Reply::no_content())
    }
}

/// Returns how a device is shown in a request that is made in `current`.
fn view(registered: Registered, current: &SessionId) -> DeviceView {
    let Registered { id, session, device } = registered;
    DeviceView {
        device_id: id,
        platform: PlatformView::Web,
        language: device.language,
        created_at: device.created_at.to_string(),
        current: session == *current,
    }
}

impl runtime::http::Handler for DeviceHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.route() {
            "POST /api/v1/devices" => self.register(call).await,
            "GET /api/v1/devices" => self.list(call).await,
            "DELETE /api/v1/devices/{device_id}" => self.remove(call).await,
            "GET /api/v1/users/me/notification-settings" => {
                let settings = notification_settings::get(&self.table, call.caller()?.user_id).await?;
                Reply::ok(&NotificationSettings::new(&settings))
            }
            "PATCH /api/v1/users/me/notification-settings" => self.change_settings(call).await,
            "POST /api/v1/auth/unsubscribe/{token}" => self.unsubscribe(call).await,
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
