//! Browsers: an encrypted message to the push service of each.

use std::sync::Arc;

use domain::device::Subscription;
use domain::{Clock, Randomness};
use vapid::VapidKey;

use crate::channel::{Channel, Notice, Sent};
use crate::service::{Message, Services};
use crate::{Error, encrypt};

/// The way to browsers.
pub struct WebPush {
    services: Services,
    vapid: VapidKey,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
    contact: String,
}

impl WebPush {
    /// Returns the way to browsers at `services`, which know by `vapid` who sends, and by the URL `contact` whom to
    /// ask about it.
    pub fn new(
        services: Services,
        vapid: VapidKey,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Randomness>),
        contact: &str,
    ) -> Self {
        Self { services, vapid, clock, random, contact: contact.to_owned() }
    }
}

impl Channel for WebPush {
    type Target = Subscription;

    async fn send(&self, notice: &Notice<'_>, to: &Subscription) -> Result<Sent, Error> {
        let text = serde_json::to_vec(notice).unwrap_or_default();
        let Ok(body) = encrypt(&text, to, &*self.random) else { return Ok(Sent::Refused) };
        let (origin, now) = (to.endpoint.origin(), self.clock.now());
        let authorization = self.vapid.authorization(origin, &self.contact, now).await?;
        let message = Message { body, authorization, topic: notice.tag.to_owned(), ttl: notice.ttl };
        Ok(self.services.send(&to.endpoint, message).await)
    }
}
