//! Delivery of photos by authors with too many followers to push to all of them at once.

use domain::feed::{Crossing, DeliveryMode};
use domain::{PhotoId, UserId};
use messages::workflow::{CelebrityCrossing, CelebrityFanout, ItemKey};
use runtime::workflow::{LaunchError, Launcher};
use table::head;

/// Decides who is a celebrity, and starts the workflows that deliver for celebrities.
#[derive(Clone, Debug)]
pub struct Celebrities<L> {
    /// An author with more followers than this is a celebrity.
    pub threshold: i64,
    /// Whether photos of celebrities are pushed at all. Readers see them by pull either way;
    /// pushing makes pages cheaper.
    pub push: bool,
    /// The workflow that pushes a photo.
    pub fanout: L,
    /// The workflow that makes followers pull.
    pub promotion: L,
    /// The workflow that makes followers stop pulling.
    pub demotion: L,
}

impl<L: Launcher> Celebrities<L> {
    /// Starts the workflow that pushes a photo. A photo that readers pull is not pushed if
    /// pushing is switched off.
    ///
    /// A celebrity's photo that readers do not pull has two possible reasons. Either it was pushed before,
    /// and the name of that execution is taken. Or it arrived just before the author became a celebrity,
    /// and pushing is its only way.
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

    /// Starts the author's promotion or demotion, if their followers have crossed the threshold.
    /// It is checked with each photo, which is when it matters, so that following costs nothing more.
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
        // The photo is part of the name, so an author who crosses again later starts another execution.
        workflow.launch(&format!("{author_id}-{photo}"), &input).await?;
        runtime::metrics::count(metric, 1);
        Ok(())
    }
}

fn head_of(author: UserId) -> ItemKey {
    let key = head::key(author);
    ItemKey { pk: key.pk, sk: key.sk }
}
