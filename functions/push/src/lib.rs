//! `push`: pushes rows of inboxes that were told to the devices of their owners, and after quiet hours how much is unread.
//!
//! - **Trigger**: SQS `push`, subscribed to `notification.told` and `notification.quiet_ended`; from itself for a
//!   device whose service asks to wait.
//! - **Access patterns**: the recipient's devices (1 RRU for 4 KiB of sessions). Where there are any, settings, row,
//!   inbox, circle and photo beside each other, the row after its place (4.5 RRU). A photo that is private takes one
//!   more round trip (2 RRU). In quiet hours their end is noted (1 WRU), which `gather` says. At the end settings and
//!   inbox (1.5 RRU). A device that is gone is removed (1 WRU).
//!   An app is one call of SNS, and one more where its endpoint is gone.
//! - **Emits**: a message to its own queue for a device whose service asks to wait. It comes after that time.
//! - **Redelivery**: everything is sent again, with the same state: devices show a state once. Of a row that was told
//!   again meanwhile nothing is sent, because the later telling says it all. Whether hours are quiet is looked at each
//!   time: at an end that is within others the later end is noted.
//! - **Failures**: a service that cannot be reached is asked again for that device alone, until the row was told an
//!   hour ago. If table or key service fail, the message comes back, and after its last try goes to the dead-letter
//!   queue.
//!
//! Endpoints and keys are in no log. Each message to a browser has the same length, and its text can be read by the
//! browser alone. What is sent to an app can be read by SNS, Apple and Google.

mod apps;
mod channel;
mod encryption;
mod resolver;
mod service;
mod texts;
mod web;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::device::{ExtraOrigins, MAX_DEVICES, Target};
use domain::inbox::{Row, RowId, Subject};
use domain::language::Language;
use domain::media::{Encoding, Size};
use domain::notification_settings::Settings;
use domain::photo::Photo;
use domain::{Clock, Timestamp, UserId};
use messages::push::{Occasion, Push};
use mobile::Endpoints;
use runtime::Aws;
use runtime::metrics;
use runtime::queue::{Queue, SendError, Sender};
use sha2::{Digest, Sha256};
use table::device::{self, Registered};
use table::inbox::{self, Telling, due};
use table::sight::Viewer;
use table::{Table, notification_settings, photo};
use vapid::{VapidError, VapidKey};

pub use apps::Apps;
pub use channel::Sent;
use channel::{Channel, Notice};
pub use encryption::{LENGTH, encrypt};
pub use resolver::{PublicAddresses, is_public};
pub use service::{Message, Services};
use texts::Text;
pub use web::WebPush;

runtime::config! {
    /// Settings of `push`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// Base URL of pictures, and the address by which push services know this network.
        pub cdn_url: String,
        /// Origins of push services beside those of browsers.
        pub push_origins: ExtraOrigins,
        /// URL of this function's own queue.
        pub push_queue_url: String,
        /// The KMS key by which push services know this network.
        pub vapid_key_id: String,
    }
}

/// Milliseconds after which a telling is pushed no more.
const MAX_AGE_MS: i64 = 60 * 60 * 1_000;

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The key service failed.
    #[error(transparent)]
    Vapid(#[from] VapidError),
    /// The queue failed.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// What is pushed, in any language.
struct News {
    said: Said,
    /// Devices show each state of a tag once.
    state: u64,
    unread: u64,
    tag: String,
    url: String,
    icon: Option<String>,
}

/// What it is about.
enum Said {
    Row(RowId, Row),
    /// How much is unread after quiet hours.
    Unread,
}

impl News {
    fn kind(&self) -> &'static str {
        match self.said {
            Said::Row(id, _) => id.subject.kind(),
            Said::Unread => "quiet_hours",
        }
    }

    /// Returns whether it concerns the safety of the account, which does not wait for the end of quiet hours.
    fn is_security(&self) -> bool {
        matches!(self.said, Said::Row(id, _) if id.subject.is_security())
    }

    fn text(&self, language: Language) -> Text {
        match &self.said {
            Said::Row(id, row) => Text::new(id.subject, row, language),
            Said::Unread => Text::unread(self.unread, language),
        }
    }
}

/// Pushes rows to devices.
pub struct PushHandler<Q> {
    table: Table,
    web: WebPush,
    apps: Apps,
    again: Q,
    clock: Arc<dyn Clock>,
    cdn_url: String,
}

impl PushHandler<Queue> {
    /// Connects to the table, the key service, SNS and the queue.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let services = Services::new(config.push_origins.clone());
        let vapid = VapidKey::connect(aws, &config.vapid_key_id);
        Self::new(
            Table::new(aws.dynamodb(), &config.table_name),
            WebPush::new(services, vapid, (aws.clock(), aws.random()), &config.cdn_url),
            Apps::new(Endpoints::connect(aws)),
            Queue::connect(aws, &config.push_queue_url),
            aws.clock(),
            &config.cdn_url,
        )
    }
}

impl<Q: Sender> PushHandler<Q> {
    /// Creates the handler for rows in `table`, which reaches browsers by `web` and apps by `apps`, and sends to the
    /// queue `again` what is to be sent later. Pictures are under `cdn_url`.
    pub fn new(
        table: Table,
        web: WebPush,
        apps: Apps,
        again: Q,
        clock: Arc<dyn Clock>,
        cdn_url: &str,
    ) -> Self {
        Self { table, web, apps, again, clock, cdn_url: cdn_url.to_owned() }
    }

    async fn push(&self, push: &Push) -> Result<(), Error> {
        let now = self.clock.now();
        if now.0.saturating_sub(push.occasion.at().0) >= MAX_AGE_MS {
            metrics::count("pushes_too_late", 1);
            return Ok(());
        }
        let mut devices = device::list_latest(&self.table, push.recipient_id, now).await?;
        devices.truncate(MAX_DEVICES);
        devices.retain(|one| push.device.as_ref().is_none_or(|device| *device == one.id));
        if let Occasion::Told { row: RowId { subject: Subject::Session(at), .. }, .. } = push.occasion {
            // The session of which it tells has no need to hear of itself.
            devices.retain(|one| one.session.opened_at() != at);
        }
        if devices.is_empty() {
            return Ok(());
        }
        let me = push.recipient_id;
        let found = match push.occasion {
            Occasion::Told { row, state, .. } => self.told(me, row, state).await?,
            Occasion::QuietEnded { ended_at } => self.unread(me, ended_at).await?,
        };
        let Some((settings, news)) = found else {
            metrics::count("pushes_not_wanted", 1);
            return Ok(());
        };
        let quiet = settings.quiet_hours().filter(|_| !news.is_security());
        if let Some(end) = quiet.and_then(|hours| hours.end(now)) {
            due::note_quiet_end(&self.table, me, end).await?;
            metrics::count("pushes_in_quiet_hours", 1);
            return Ok(());
        }
        // All of them, before any error is reported: one device waits for no other.
        let sending = devices.iter().map(|device| self.send(push, &news, device));
        futures::future::join_all(sending).await.into_iter().collect()
    }

    /// Returns what there is to be said of a row; `None` for what is switched off, gone, told again, hidden or muted.
    async fn told(&self, me: UserId, id: RowId, state: u64) -> Result<Option<(Settings, News)>, Error> {
        let subject = id.subject;
        let photo = async {
            match subject.photo() {
                Some(id) => photo::get(&self.table, id).await,
                None => Ok(None),
            }
        };
        let (settings, telling, viewer, photo) = futures::try_join!(
            notification_settings::get(&self.table, me),
            inbox::telling_latest(&self.table, me, id),
            Viewer::get(&self.table, me),
            photo,
        )?;
        let telling = telling.filter(|telling| telling.state == state && settings.pushes(subject.kind()));
        let Some(Telling { mut row, unread, .. }) = telling else { return Ok(None) };
        if subject.photo().is_some() && !viewer.sees_photo(&self.table, photo.as_ref()).await? {
            return Ok(None);
        }
        // What follows may have been muted since the row was told.
        if photo.as_ref().is_some_and(|photo| photo.is_muted_for(me)) {
            return Ok(None);
        }
        let actors: Vec<UserId> = row.actors.iter().map(|actor| actor.user_id).collect();
        for left_out in viewer.left_out(&self.table, &actors).await? {
            row.leave_out(left_out);
        }
        if row.actor_count == 0 {
            return Ok(None);
        }
        let icon = photo.as_ref().map(|photo| self.icon(photo));
        let (url, tag) = (url(subject, &row), tag(me, &id.to_string()));
        Ok(Some((settings, News { said: Said::Row(id, row), state, unread, tag, url, icon })))
    }

    /// Returns what there is to be said at the end of quiet hours; `None` where all is read.
    async fn unread(&self, me: UserId, ended_at: Timestamp) -> Result<Option<(Settings, News)>, Error> {
        let (settings, inbox) = futures::try_join!(
            notification_settings::get(&self.table, me),
            inbox::state_latest(&self.table, me),
        )?;
        // The end is the state: it grows with each.
        let state = u64::try_from(ended_at.0).unwrap_or(0);
        let (url, tag) = ("/activity".to_owned(), tag(me, "quiet hours"));
        let news = News { said: Said::Unread, state, unread: inbox.unread, tag, url, icon: None };
        Ok((inbox.unread > 0).then_some((settings, news)))
    }

    fn icon(&self, photo: &Photo) -> String {
        format!("{}/{}", self.cdn_url, photo.address(0).key(Size::Small, Encoding::Jpeg))
    }

    async fn send(&self, push: &Push, news: &News, registered: &Registered) -> Result<(), Error> {
        let Registered { id, session, device } = registered;
        let Text { title, body } = news.text(device.language);
        let row = match news.said {
            Said::Row(id, _) => Some(id),
            Said::Unread => None,
        };
        let since = push.occasion.at();
        let age = || self.clock.now().0.saturating_sub(since.0).max(0);
        let notice = Notice {
            row,
            tag: &news.tag,
            state: news.state,
            kind: news.kind(),
            title,
            body,
            url: &news.url,
            icon: news.icon.as_deref(),
            unread: news.unread,
            at: since.to_string(),
            ttl: (MAX_AGE_MS - age()).max(0) / 1_000,
        };
        let sent = match &device.target {
            Target::Web(subscription) => self.web.send(&notice, subscription).await?,
            Target::App(app) => self.apps.send(&notice, app).await?,
        };
        match sent {
            Sent::Accepted => {
                metrics::count("pushes_sent", 1);
                metrics::sample("push_age", age());
            }
            Sent::Gone => {
                device::remove(&self.table, push.recipient_id, session, id).await?;
                metrics::count("push_devices_gone", 1);
            }
            Sent::Later(seconds) => {
                let again = Push { device: Some(id.clone()), ..push.clone() };
                self.again.send_later(&again, seconds).await?;
                metrics::count("pushes_postponed", 1);
            }
            Sent::Refused => metrics::count("pushes_refused", 1),
        }
        Ok(())
    }
}

/// Returns what a device knows a row by, or what else is said, in 32 characters: what comes later takes the place of
/// what came before. A push service learns nothing from it.
fn tag(recipient: UserId, about: &str) -> String {
    let digest = Sha256::digest(format!("{recipient} {about}"));
    URL_SAFE_NO_PAD.encode(digest.get(..24).unwrap_or_default())
}

/// Returns the page of the web client that a row leads to.
fn url(subject: Subject, row: &Row) -> String {
    match (subject.photo(), subject, &row.actors[..]) {
        (Some(photo), _, _) => format!("/p/{photo}"),
        (None, Subject::Request, _) => "/activity/requests".to_owned(),
        (None, Subject::Session(_) | Subject::Password(_), _) => "/settings/sessions".to_owned(),
        (None, _, [only]) if row.actor_count == 1 => format!("/@{}", only.username),
        (None, _, _) => "/activity".to_owned(),
    }
}

impl<Q: Sender> runtime::sqs::Handler for PushHandler<Q> {
    type Message = Push;
    type Error = Error;

    async fn handle(&self, push: Push) -> Result<(), Error> {
        self.push(&push).await
    }
}
