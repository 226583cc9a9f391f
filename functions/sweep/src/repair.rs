//! What an operator wants to have put right.

use messages::repair::{Following, Recount, Repair, Resettle};
use runtime::metrics;
use serde::Serialize;
use table::counters::{self, Count};
use table::relations::{self, Relation};

use crate::{Deps, Failed, Failures};

/// What one repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Counters whose edges were counted.
    pub recounted: u64,
    /// Of these, counters that were wrong and are right now.
    pub drifted: u64,
    /// Counters that have moved since a scan counted them, and were left as they are.
    pub stale: u64,
    /// Edges that are as their actors say.
    pub resettled: u64,
}

impl Deps {
    pub(crate) async fn repair(&self, repair: Repair) -> Result<Repaired, Failed> {
        let Repair { recount: Recount { users, photos, following }, resettle } = repair;
        let (mut done, mut failures) = (Repaired::default(), Failures::default());

        // What a scan counted holds until something moves: first, because everything else moves counters.
        let steps = following.into_iter().map(|Following { user_id, edges, moves }| {
            counters::set_following(&self.table, user_id, edges, moves)
        });
        let set = |set: bool| if set { done.drifted += 1 } else { done.stale += 1 };
        failures.gather(steps, set).await;

        let steps = relations(&resettle).map(|relation| relations::resettle(&self.table, relation));
        failures.gather(steps, |()| done.resettled += 1).await;

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

fn relations(resettle: &Resettle) -> impl Iterator<Item = Relation> {
    let Resettle { follows, likes, listings } = resettle;
    let follows = follows.iter().map(|&(follower, followee)| Relation::Follow(follower, followee));
    let likes = likes.iter().map(|&(user, photo)| Relation::Like(user, photo));
    let listings = listings.iter().map(|&(author, photo)| Relation::Listing(author, photo));
    follows.chain(likes).chain(listings)
}
