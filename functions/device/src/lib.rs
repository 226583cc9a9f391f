//! `device`: registers devices to which notifications are pushed, and keeps what is pushed.
//!
//! - **Trigger**: `POST` and `GET /api/v1/devices`, `DELETE /api/v1/devices/{device_id}`, `GET` and `PATCH
//!   /api/v1/users/me/notification-settings`, `POST /api/v1/auth/unsubscribe/{token}`.
//! - **Access patterns**: registering takes a quota (1 WRU), then reads the claim of the device beside the
//!   caller's sessions (2 RRU), and writes claim and session in one transaction (4 WRU); nothing where it is
//!   registered so already. The list is one query (1 RRU for 4 KiB of sessions). Removing reads the claim (1 RRU)
//!   and writes the session (1 WRU). Settings are one read (0.5 RRU); a change is a quota beside a read, and one
//!   write (1 RRU + 2 WRU). Where the daily mail is switched on or off, by a change or by a mail's token, settings
//!   and subscription are one transaction (4 or 6 WRU). For an app SNS is asked twice before its device is written
//!   (three times where SNS had disabled it), and once when it is removed.
//! - **Emits**: nothing.
//! - **Redelivery**: registering twice is once. A device is named by its endpoint, or by its token.
//! - **Failures**: the caller gets a problem and asks again. A device that moves leaves its account before it
//!   arrives at the next one, so that no failure leaves it with two. An endpoint at SNS without a device is left
//!   behind where a process dies in between. Nothing is sent to it.
//!
//! A device is an attribute of the session that registered it, and so ends with that, however it ends. Endpoints
//! and keys of subscriptions, and tokens of apps, are secrets: they are in no log and no answer.

use std::sync::Arc;

use api::wire::{
    DeviceView, Devices, NotificationSettings, NotificationSettingsRequest, PlatformView,
    RegisterDeviceRequest,
};
use api::{Call, Problem, Reply};
use domain::account::EmailSecret;
use domain::device::{
    App, AppPlatform, AppToken, Device, DeviceId, ExtraOrigins, Subscription, Target, bad_keys,
};
use domain::language::Language;
use domain::notification_settings::parse_kind;
use domain::quiet_hours::QuietHours;
use domain::session::SessionId;
use domain::{Clock, quota};
use mobile::{Application, EndpointError, Endpoints};
use p256::PublicKey;
use runtime::Aws;
use runtime::failure::Chain;
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
        /// The SNS application that reaches iOS, or `none`.
        pub apns_application_arn: Application,
        /// The SNS application that reaches Android, or `none`.
        pub fcm_application_arn: Application,
        /// The secret that authenticates who unsubscribes from a mail.
        pub email_secret: EmailSecret,
    }
}

/// How apps are reached.
pub struct Apps {
    /// The endpoints at SNS.
    pub endpoints: Endpoints,
    /// The application of iOS.
    pub ios: Application,
    /// The application of Android.
    pub android: Application,
}

impl Apps {
    /// Returns the ARN of a platform's application, where the stack has one.
    fn application(&self, platform: AppPlatform) -> Option<&str> {
        match platform {
            AppPlatform::Ios => self.ios.arn(),
            AppPlatform::Android => self.android.arn(),
        }
    }
}

/// A request that is parsed: what is to be registered.
enum Wanted<'a> {
    Web(Subscription),
    /// The token, and the application in which it gets an endpoint.
    App(AppToken, &'a str),
}

/// Handles devices and the settings of notifications.
pub struct DeviceHandler {
    table: Table,
    quotas: Quotas,
    sessions: OpenSessions,
    origins: ExtraOrigins,
    vapid: VapidKey,
    apps: Apps,
    secret: EmailSecret,
    clock: Arc<dyn Clock>,
}

impl DeviceHandler {
    /// Connects to the table, the key service and SNS.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let vapid = VapidKey::connect(aws, &config.vapid_key_id);
        let apps = Apps {
            endpoints: Endpoints::connect(aws),
            ios: config.apns_application_arn.clone(),
            android: config.fcm_application_arn.clone(),
        };
        let (origins, secret) = (config.push_origins.clone(), config.email_secret.clone());
        Self::new(table, config.quota_scale, origins, vapid, apps, secret, aws.clock())
    }

    /// Creates the handler for devices in `table`, with limits multiplied by `quota_scale`, which takes endpoints
    /// at push services of browsers and at `origins`, tokens of `apps`, and tokens of mails under `secret`.
    pub fn new(
        table: Table,
        quota_scale: u32,
        origins: ExtraOrigins,
        vapid: VapidKey,
        apps: Apps,
        secret: EmailSecret,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, sessions, origins, vapid, apps, secret, clock }
    }

    async fn register(&self, call: &Call) -> Result<Reply, Problem> {
        let (me, session, now) = (call.caller()?.user_id, call.session()?, self.clock.now());
        let request: RegisterDeviceRequest = call.json()?;
        let wanted = self.wanted(&request)?;
        let language = request.language.as_deref().and_then(Language::of_tag);
        let language = language.unwrap_or_else(|| Language::preferred(call.header("accept-language")));
        let taking = async { Ok(self.quotas.take(&quota::DEVICES, me, &[1], now).await?) };
        let (taken, ()) = futures::try_join!(taking, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        let (id, target) = self.reached(wanted).await?;
        let device = Device { target, language, created_at: now };
        let registered = Registered { id, session: session.clone(), device };
        let registered = device::register(&self.table, me, registered, now).await?;
        Reply::created(&view(registered.ok_or_else(tokens::session_ended)?, session))
    }

    fn wanted(&self, request: &RegisterDeviceRequest) -> Result<Wanted<'_>, Problem> {
        let platform = match request.platform.as_str() {
            "web" => return Ok(Wanted::Web(self.subscription(request)?)),
            "ios" => AppPlatform::Ios,
            "android" => AppPlatform::Android,
            _ => {
                let detail = "The platform must be `web`, `ios` or `android`.";
                return Err(Problem::bad_request("platform_unknown", detail));
            }
        };
        let token = request.token.as_deref().and_then(|text| AppToken::parse(platform, text));
        let token = token.ok_or_else(bad_token)?;
        let application = self.apps.application(platform).ok_or_else(|| {
            Problem::unprocessable("platform_unavailable", "Nothing is pushed to that platform here.")
        })?;
        Ok(Wanted::App(token, application))
    }

    /// Returns the name of a device, and how it is reached. SNS learns the token of an app.
    async fn reached(&self, wanted: Wanted<'_>) -> Result<(DeviceId, Target), Problem> {
        match wanted {
            Wanted::Web(subscription) => Ok((subscription.endpoint.device(), Target::Web(subscription))),
            Wanted::App(token, application) => {
                let endpoint =
                    self.apps.endpoints.ensure(application, &token).await.map_err(|error| match error {
                        EndpointError::Token => bad_token(),
                        error => Problem::from(error),
                    })?;
                Ok((token.device(), Target::App(App { platform: token.platform(), endpoint })))
            }
        }
    }

    fn subscription(&self, request: &RegisterDeviceRequest) -> Result<Subscription, Problem> {
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
        let device = device::forget(&self.table, call.caller()?.user_id, &id).await?.ok_or_else(none)?;
        if let Target::App(app) = device.target
            && let Err(error) = self.apps.endpoints.delete(&app.endpoint).await
        {
            // The device is removed, so nothing is sent to the endpoint. It is found again with its token.
            tracing::warn!(error = %Chain(&error), "an endpoint is left at SNS");
        }
        Ok(Reply::no_content())
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

fn bad_token() -> Problem {
    let detail = "`token` must be what APNs or FCM gave to the app.";
    Problem::unprocessable("device_token_invalid", detail)
}

/// Returns how a device is shown in a request that is made in `current`.
fn view(registered: Registered, current: &SessionId) -> DeviceView {
    let Registered { id, session, device } = registered;
    let platform = match device.target {
        Target::Web(_) => PlatformView::Web,
        Target::App(App { platform: AppPlatform::Ios, .. }) => PlatformView::Ios,
        Target::App(App { platform: AppPlatform::Android, .. }) => PlatformView::Android,
    };
    DeviceView {
        device_id: id,
        platform,
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
