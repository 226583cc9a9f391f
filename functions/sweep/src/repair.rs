//! What an operator wants to have put right.

use domain::Relation;
use messages::repair::{Following, Recount, Repair};
use messages::{Event, HashRange};
use runtime::metrics;
use runtime::queue::Sender;
use serde::Serialize;
use table::agreement::{self, Settled};
use table::counters::{self, Count};

use crate::{Failed, Failures, Queues, SweepHandler};

/// What one repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Counters whose edges were counted.
    pub recounted: u64,
    /// Of these, counters that were wrong and are right now.
    pub drifted: u64,
    /// Counters that have moved since a scan counted them, and were left as they are.
    pub stale: u64,
    /// Edges that are as their actors say. Of photos that are there and not ready nothing is said.
    pub resettled: u64,
}

impl<Q: Sender> SweepHandler<Q> {
    pub(crate) async fn repair(&self, repair: Repair) -> Result<Repaired, Failed> {
        let Repair { recount: Recount { users, photos, following }, resettle } = repair;
        let (mut done, mut failures) = (Repaired::default(), Failures::default());

        // What a scan counted holds until something moves: first, because everything else moves counters.
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

        // Only now: whoever is told goes by the edges. And before anything is counted, which may take all the time there is.
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
        failures.gather(steps, |count| count.into_iter().for_each(&mut counted)).await;

        metrics::count("counters_recounted", done.recounted);
        metrics::count("counters_drifted", done.drifted);
        metrics::count("edges_resettled", done.resettled);
        tracing::info!(
            recounted = done.recounted,
            drifted = done.drifted,
            stale = done.stale,
            resettled = done.resettled,
            "repaired"
        );
        failures.or(done)
    }
}

/// What is to be told of a relation that was settled, whether it was mismatched or not: whoever asks again may do so because
/// nobody was told the first time.
///
/// Nobody goes by the edges of likes. Of a photo that is gone no entry is shown, and entries expire.
fn event(relation: Relation, settled: Settled) -> Option<Event> {
    match (relation, settled) {
        (Relation::Follow(follower_id, followee_id), _) => {
            Some(Event::FollowRemoved { follower_id, followee_id })
        }
        (Relation::Timeline(author_id, photo_id), Settled::There) => {
            Some(Event::PhotoReady { photo_id, author_id, followers: HashRange::ALL })
        }
        (Relation::Timeline(..) | Relation::Like(..), _) => None,
    }
}
