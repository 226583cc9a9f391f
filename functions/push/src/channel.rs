//! A way on which devices are reached: what is sent on it, and what becomes of that.

use std::future::Future;

use domain::inbox::RowId;
use serde::Serialize;

use crate::Error;

/// What a device is told, in its language. A browser gets it as it is.
#[derive(Serialize)]
pub(crate) struct Notice<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) row: Option<RowId>,
    /// What comes later with the same tag takes its place.
    pub(crate) tag: &'a str,
    /// Devices show each state of a tag once.
    pub(crate) state: u64,
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) body: String,
    pub(crate) url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) icon: Option<&'a str>,
    pub(crate) unread: u64,
    pub(crate) at: String,
    /// Seconds for which it is kept for a device that is not there.
    #[serde(skip)]
    pub(crate) ttl: i64,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The service takes it to the device.
    Accepted,
    /// There is no such device any more.
    Gone,
    /// The service takes it after so many seconds, or cannot be reached until then.
    Later(u32),
    /// The service does not take it, now or later.
    Refused,
}

/// A way on which devices are reached.
pub(crate) trait Channel {
    /// What is known of a device on it.
    type Target;

    /// Sends a notice to a device. An error is one of our own services.
    fn send(
        &self,
        notice: &Notice<'_>,
        to: &Self::Target,
    ) -> impl Future<Output = Result<Sent, Error>> + Send;
}
