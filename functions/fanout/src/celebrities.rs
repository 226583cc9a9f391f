//! Authors whom too many follow to push to all of them at once.

use domain::feed::{Crossing, DeliveryMode};
use domain::{PhotoId, UserId};
use messages::workflow::{CelebrityCrossing, CelebrityFanout, ItemKey};
use runtime::workflow::{LaunchError, Launcher};
use table::head;

/// Who is a celebrity, and what is done about it.
#[derive(Clone, Debug)]
pub struct Celebrities<L> {
    /// More followers than this make one.
    pub threshold: i64,
    /// Whether their photos are pushed at all. They are visible by pull either way; pushing makes pages cheaper.
    pub push: bool,
    /// Pushes a photo.
    pub fanout: L,
    /// Has followers pull.
    pub promotion: L,
    /// Has followers pull no more.
    pub demotion: L,
}

impl<L: Launcher> Celebrities<L> {
    /// Has a photo pushed in the background. One that readers pull can be left at that.
    ///
    /// A celebrity's photo that they do not pull has been pushed, and the name of that execution is taken; or it arrived just
    /// before the author became one, and pushing is the only way for it.
    pub(crate) async fn push(
        &self,
        photo_id: PhotoId,
        author_id: UserId,
        followers: i64,
        pulled: bool,
    ) -> Result<(), LaunchError> {
        if pulled && !self.push {
            return Ok(());
        }
        let input = CelebrityFanout { photo_id, author_id, followers, head: head_of(author_id) };
        self.fanout.launch(&photo_id.to_string(), &input).await?;
        runtime::metrics::count("celebrity_pushes", 1);
        Ok(())
    }

    /// Starts an author's way over the threshold, if they have to go it. Looked at with each photo, which is when it
    /// matters, so that following costs nothing more.
    pub(crate) async fn cross(
        &self,
        photo: PhotoId,
        author_id: UserId,
        mode: DeliveryMode,
        followers: i64,
    ) -> Result<(), LaunchError> {
        let (workflow, metric) = match Crossing::of(mode, followers, self.threshold) {
            Some(Crossing::Promotion) => (&self.promotion, "celebrity_promotions"),
            Some(Crossing::Demotion) => (&self.demotion, "celebrity_demotions"),
            None => return Ok(()),
        };
        let input = CelebrityCrossing { author_id, followers, head: head_of(author_id) };
        // The photo makes the name: who crosses again later starts again.
        workflow.launch(&format!("{author_id}-{photo}"), &input).await?;
        runtime::metrics::count(metric, 1);
        Ok(())
    }
}

fn head_of(author: UserId) -> ItemKey {
    let key = head::key(author);
    ItemKey { pk: key.pk, sk: key.sk }
}
