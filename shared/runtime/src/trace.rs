//! The X-Ray trace header, passed on through queues and topics.
//!
//! Lambda puts the header into every invocation. A message over SNS or SQS loses it unless the sender adds
//! it. Senders put [`current`] into the message attribute [`ATTRIBUTE`]. The queue adapter runs each record's
//! work under the header it finds there, so that messages sent by that work carry it too.

use std::future::Future;

/// The name of the message attribute that carries the header.
pub const ATTRIBUTE: &str = "trace";

tokio::task_local! {
    static HEADER: Option<String>;
}

/// Returns the trace header of the current work: the record's own, or else the invocation's.
pub fn current() -> Option<String> {
    HEADER.try_with(Clone::clone).ok().flatten()
}

/// Runs `work` under this header; `None` keeps the one around it.
pub async fn scope<T>(header: Option<String>, work: impl Future<Output = T>) -> T {
    HEADER.scope(header.or_else(current), work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_inner_header_wins_and_absence_inherits() {
        assert_eq!(current(), None);
        let seen = scope(Some("Root=1-a".to_owned()), async {
            let own = scope(Some("Root=1-b".to_owned()), async { current() }).await;
            let inherited = scope(None, async { current() }).await;
            (own, inherited)
        })
        .await;
        assert_eq!(seen, (Some("Root=1-b".to_owned()), Some("Root=1-a".to_owned())));
    }
}
