//! Authors whom too many follow to push to all of them at once.

use std::str::FromStr;

use domain::feed::{Crossing, DeliveryMode};
use domain::{PhotoId, UserId};
use messages::workflow::{CelebrityCrossing, CelebrityFanout, ItemKey};
use runtime::workflow::{LaunchError, Launcher};
use table::head;

/// A setting that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It happens.
    On,
    /// It does not.
    Off,
}

/// The setting was neither `on` nor `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither on nor off")]
pub struct NeitherOnNorOff;

impl FromStr for Switch {
    type Err = NeitherOnNorOff;

    fn from_str(text: &str) -> Result<Self, NeitherOnNorOff> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(NeitherOnNorOff),
        }
    }
}

/// Who is a celebrity, and what is done about it.
#[derive(Clone, Debug)]
pub struct Celebrities<L> {
    /// More followers than this make one.
    pub threshold: i64,
    /// Whether their photos are pushed at all. They are visible by pull either way; pushing makes pages cheaper.
    pub push: Switch,
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
        if self.push == Switch::Off && pulled {
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
