//! What follows when an account is made private or public.

use domain::UserId;
use messages::{AudiencePart, Event};
use runtime::queue::Sender;
use table::{privacy, request, timeline};

use crate::{BackfillHandler, Error};

/// Photos of one message: the newest of these follow first.
const PHOTOS: usize = 200;
/// Requests of one message. They are accepted one after the other, because each transaction checks the account.
const REQUESTS: usize = 100;

impl<Q: Sender> BackfillHandler<Q> {
    /// Carries a switch to a part of the user's photos, and sends the rest on in a message of its own. After the
    /// photos of an account that is public now, its pending requests become follows. The last message removes
    /// the mark of the switch.
    ///
    /// Costs 1 RRU for the account, 1 for each 4 KiB of the list, and what [`privacy::set_audience`] and
    /// [`request::accept_if_public`] do. A switch with a later one after it does nothing: that has its own
    /// messages, and photos keep the later of two.
    pub(crate) async fn carry_switch(
        &self,
        user: UserId,
        mark: i64,
        part: AudiencePart,
    ) -> Result<(), Error> {
        let table = &self.table;
        let account = privacy::get_latest(table, user).await?;
        let Some(account) = account.filter(|account| account.rebuild == Some(mark)) else { return Ok(()) };
        let next = match part {
            AudiencePart::Photos { before } => {
                let page = timeline::page_latest(table, user, before, PHOTOS).await?;
                privacy::set_audience(table, &page.items, account.audience(), mark).await?;
                let before = page.items.last().copied().filter(|_| page.more);
                let requests = (!account.private).then_some(AudiencePart::Requests { after: None });
                before.map(|last| AudiencePart::Photos { before: Some(last) }).or(requests)
            }
            AudiencePart::Requests { after } => {
                let page = request::pending_latest(table, user, after, REQUESTS).await?;
                for asker in &page.items {
                    request::accept_if_public(table, *asker, user).await?;
                }
                let after = page.items.last().copied().filter(|_| page.more);
                after.map(|last| AudiencePart::Requests { after: Some(last) })
            }
        };
        match next {
            Some(part) => {
                Ok(self.queue.send(&[Event::AudienceChanged { user_id: user, mark, part }]).await?)
            }
            None => Ok(privacy::mark_done(table, user, mark).await?),
        }
    }
}
