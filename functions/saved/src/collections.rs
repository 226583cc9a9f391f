//! Collections of saved photos.

use api::wire::{CollectionRequest, CollectionView, Collections, SaveRequest};
use api::{Call, Problem, Reply};
use domain::saved::{MAX_COLLECTIONS, parse_collection_name};
use domain::{CollectionId, UserId, quota};
use runtime::http::over_quota;
use table::saved::{self, Collection};

use crate::SavedHandler;

/// Returns the problem of a collection that the caller does not have.
pub(crate) fn none() -> Problem {
    Problem::not_found("collection_not_found", "There is no such collection.")
}

/// Returns the collection that the body of a request names, if any.
pub(crate) fn named(call: &Call) -> Result<Option<CollectionId>, Problem> {
    let SaveRequest { collection } = call.json_or_default()?;
    collection.as_deref().map(parse).transpose()
}

/// Parses the id of a collection.
pub(crate) fn parse(text: &str) -> Result<CollectionId, Problem> {
    text.parse().map_err(|_| none())
}

impl SavedHandler {
    pub(crate) async fn collections(&self, me: UserId) -> Result<Collections, Problem> {
        let found = saved::collections(&self.table, me).await?;
        let view = |(id, Collection { name }): (CollectionId, Collection)| CollectionView::new(id, name);
        Ok(Collections { collections: found.into_iter().map(view).collect() })
    }

    pub(crate) async fn create(&self, call: &Call, me: UserId) -> Result<Reply, Problem> {
        let name = parse_collection_name(&call.json::<CollectionRequest>()?.name)?;
        let taking = self.quotas.take(&quota::COLLECTIONS, me, &[1], self.clock.now());
        let reading = async { Ok(futures::try_join!(saved::collections(&self.table, me), taking)?) };
        let ((existing, taken), ()) = futures::try_join!(reading, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        if existing.len() >= MAX_COLLECTIONS {
            let detail = format!("At most {MAX_COLLECTIONS} collections can be kept.");
            return Err(Problem::conflict("collections_full", detail));
        }
        let id = CollectionId::generate(me, &*self.clock, &*self.random);
        saved::create(&self.table, me, id, &Collection { name: name.clone() }).await?;
        Reply::created(&CollectionView::new(id, name))
    }

    pub(crate) async fn rename(&self, call: &Call, me: UserId) -> Result<Reply, Problem> {
        let id = parse(call.path("collection_id"))?;
        let name = parse_collection_name(&call.json::<CollectionRequest>()?.name)?;
        let taking = async { Ok(self.quotas.take(&quota::COLLECTIONS, me, &[1], self.clock.now()).await?) };
        let (taken, ()) = futures::try_join!(taking, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        if !saved::rename(&self.table, me, id, &name).await? {
            return Err(none());
        }
        Reply::ok(&CollectionView::new(id, name))
    }

    /// Deletes a collection. Its photos stay saved.
    pub(crate) async fn delete(&self, call: &Call, me: UserId) -> Result<Reply, Problem> {
        let id = parse(call.path("collection_id"))?;
        self.sessions.check(call).await?;
        if saved::delete(&self.table, me, id).await? { Ok(Reply::no_content()) } else { Err(none()) }
    }
}
