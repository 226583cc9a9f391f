//! Repairs that an operator asks for.

use domain::Relation;
use messages::repair::{Following, Recount, Repair};
use messages::{Event, HashRange};
use runtime::metrics;
use runtime::queue::Sender;
use serde::Serialize;
use table::Order;
use table::agreement::{self, Settled};
use table::change::Change;
use table::counters::{self, Count};
use table::inbox;

use crate::{Failed, Failures, Queues, SweepHandler};

/// The result of a repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Counters whose edges were counted.
    pub recounted: u64,
    /// Counters that were wrong and have been corrected.
    pub drifted: u64,
    /// Counters that changed after a scan counted their edges. They were left as they are.
    pub stale: u64,
    /// Edges that now agree with the actors' edges. Photos that exist and are not ready are not included.
    pub resettled: u64,
    /// Pairs from which all is derived again.
    pub pairs: u64,
}

impl<Q: Sender> SweepHandler<Q> {
    pub(crate) async fn repair(&self, repair: Repair) -> Result<Repaired, Failed> {
        let Repair { recount, resettle, pairs } = repair;
        let Recount { users, photos, comments, inboxes, following } = recount;
        let (mut done, mut failures) = (Repaired::default(), Failures::default());

        // A scan's count is valid until the counter changes. It is set first, because all
        // other steps change counters.
        let steps = following.into_iter().map(|Following { user_id, edges, version }| {
            counters::set_following(&self.table, user_id, edges, version)
        });
        let set = |set: bool| if set { done.drifted += 1 } else { done.stale += 1 };
        failures.gather(steps, set).await;

        let table = &self.table;
        let steps = resettle.into_iter().map(|relation| async move {
            Ok::<_, table::Error>((relation, agreement::resettle(table, relation).await?))
        });
        let mut events = Vec::new();
        let settled = |(relation, settled)| {
            done.resettled += u64::from(settled != Settled::Open);
            events.extend(event(relation, settled));
        };
        failures.gather(steps, settled).await;

        let steps = pairs.into_iter().map(|(one, other)| async move {
            let said = [(one, other), (other, one)]
                .map(|(by, about)| [Change::Paired { by, about }, Change::Bell { by, about }]);
            table::apply(table, said.as_flattened(), Order::OutOfOrder).await
        });
        failures.gather(steps, |_| done.pairs += 1).await;

        // Messages are sent after settling, because their receivers read the edges. They are sent before
        // counting, which may use up all the time there is.
        let (photos_ready, follows): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| matches!(event, Event::PhotoReady { .. }));
        let Queues { fanout, backfill } = &self.queues;
        failures.gather([backfill.send(&follows)], |()| ()).await;
        failures.gather([fanout.send(&photos_ready)], |()| ()).await;

        let mut counted = |count: Count| {
            done.recounted += 1;
            done.drifted += u64::from(count.stored != count.edges);
        };
        let steps = users.into_iter().map(|user| counters::recount_user(&self.table, user));
        failures.gather(steps, |counts| counts.into_iter().for_each(&mut counted)).await;
        let steps = photos.into_iter().map(|photo| counters::recount_photo(&self.table, photo));
        failures.gather(steps, |counts| counts.into_iter().for_each(&mut counted)).await;
        let steps = comments.into_iter().map(|comment| counters::recount_comment(&self.table, comment));
        failures.gather(steps, |counts| counts.into_iter().for_each(&mut counted)).await;

        let now = self.clock.now();
        let steps = inboxes.into_iter().map(|user| async move {
            let before = inbox::state_latest(&self.table, user).await?;
            let after = inbox::recount(&self.table, user, now).await?;
            Ok::<_, table::Error>(before.unread != after.unread)
        });
        let recounted = |drifted| {
            done.recounted += 1;
            done.drifted += u64::from(drifted);
        };
        failures.gather(steps, recounted).await;

        metrics::count("counters_recounted", done.recounted);
        metrics::count("counters_drifted", done.drifted);
        metrics::count("edges_resettled", done.resettled);
        tracing::info!(
            recounted = done.recounted,
            drifted = done.drifted,
            stale = done.stale,
            resettled = done.resettled,
            pairs = done.pairs,
            "repaired"
        );
        failures.or(done)
    }
}

/// Returns the event to send for a settled relation, whether it was mismatched or not. An operator may ask
/// again because the first run sent nothing.
///
/// Likes, comments and requests have no event, because no function reads their edges. Neither has a photo that is gone,
/// because its entries are not shown and expire.
fn event(relation: Relation, settled: Settled) -> Option<Event> {
    match (relation, settled) {
        (Relation::Follow(follower_id, followee_id), _) => {
            Some(Event::FollowRemoved { follower_id, followee_id })
        }
        (Relation::Timeline(author_id, photo_id), Settled::There) => {
            Some(Event::PhotoReady { photo_id, author_id, followers: HashRange::ALL })
        }
        (
            Relation::Timeline(..)
            | Relation::Like(..)
            | Relation::Request(..)
            | Relation::Comment(..)
            | Relation::CommentLike(..),
            _,
        ) => None,
    }
}
