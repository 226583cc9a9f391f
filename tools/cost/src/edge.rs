//! The cost of a deleted photo's address being dead at the edge of the CDN.

use crate::Model;
use crate::prices::{GET, INVALIDATION, KEY_VALUE_READ};
use crate::stores::RENDITIONS;
use crate::world::{DAY_SECONDS, MONTH};

/// The ways in which a deleted photo's address dies at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge {
    /// Every rendition is a path to invalidate.
    Paths,
    /// Every photo is a path with a wildcard to invalidate, or a cache tag.
    OneOfAPhoto,
    /// A list of deleted photos is read for each view, and objects live at the edge for as long as it
    /// has room for them.
    DenyList,
    /// As built: objects live at the edge for seconds, and S3 is asked whether they have changed.
    ShortLife,
}

/// Seconds of deletions for which the deny list has room. A store holds 5 MB, and a deleted photo takes
/// about 100 bytes, at twice the deletions of the average hour.
const DENY_LIST_SECONDS: f64 = 3_600.0;

impl Model {
    /// Returns what deletions at the edge cost in a month.
    pub fn purges(&self, purge: Purge) -> f64 {
        let world = &self.world;
        let deleted = MONTH * world.posts_a_day() * world.deleted;
        match purge {
            Purge::Paths => INVALIDATION.of(deleted * world.media * RENDITIONS),
            Purge::OneOfAPhoto => INVALIDATION.of(deleted),
            Purge::DenyList => {
                KEY_VALUE_READ.of(MONTH * self.views_a_day()) + self.revalidations(DENY_LIST_SECONDS)
            }
            Purge::ShortLife => self.revalidations(world.edge_life),
        }
    }

    /// Returns what it costs in a month that S3 is asked more often than `edge_misses` says, because
    /// objects live for so many seconds at the edge.
    fn revalidations(&self, life: f64) -> f64 {
        let missed = self.views_a_day() * self.world.edge_misses;
        GET.of(MONTH * (self.asked_of_s3(life) - missed).max(0.0))
    }

    /// Returns how often S3 is asked for pictures in a day, when they live for `life` seconds in each of the
    /// CDN's regional caches.
    ///
    /// The views of a photo are spread evenly over its regional caches and over the first `view_days`, and
    /// JPEG and WebP are objects of their own. A cache asks S3 once in the life of an object and the mean
    /// time until the next view.
    pub fn asked_of_s3(&self, life: f64) -> f64 {
        let world = &self.world;
        let arrivals: f64 = self.followers.classes().map(|class| class.posts * class.followers).sum();
        let places = world.regional_caches * world.view_days * DAY_SECONDS;
        let of_photo = |views: f64| {
            let a_second = views / places;
            views / (1.0 + a_second * life)
        };
        let asked = |followers: f64| {
            let views = self.views_a_day() / arrivals * followers;
            of_photo(views * world.webp_views) + of_photo(views * (1.0 - world.webp_views))
        };
        self.followers.classes().map(|class| class.posts * asked(class.followers)).sum()
    }
}
