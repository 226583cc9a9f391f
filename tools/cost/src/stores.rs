//! The cost of what is stored and of what leaves: table, pictures, CDN.

use domain::inbox::ROW_DAYS;

use crate::delivery::days;
use crate::prices::{
    BACKUP, EDGE_FUNCTION, EGRESS, GET, GLACIER, INFREQUENT, PUT, PUT_INFREQUENT, STANDARD, TABLE,
    TO_GLACIER, VIEW,
};
use crate::units::{COMMENT_BYTES, FOLLOW_BYTES, LIKE_BYTES, NOTIFICATION_BYTES, POST_BYTES};
use crate::world::{GB, KB, MONTH};
use crate::{Model, Purge};

const YEAR: f64 = 365.0;
/// Renditions of a picture: three sizes, two formats.
pub(crate) const RENDITIONS: f64 = 6.0;
/// Storage that an object in Glacier takes besides its bytes: an index there, and its name in Standard.
const GLACIER_INDEX_KB: f64 = 32.0;
const GLACIER_NAME_KB: f64 = 8.0;

impl Model {
    /// Returns the lines of what is stored and what leaves.
    pub(crate) fn stores(&self) -> impl Iterator<Item = (&'static str, f64)> {
        [
            ("table: storage and backups", self.table()),
            ("pictures: storage", self.pictures()),
            ("pictures: S3 requests", self.picture_requests()),
            ("pictures: egress", self.egress()),
            ("pictures: deletions on the CDN", self.purges(Purge::ShortLife)),
        ]
        .into_iter()
    }

    fn pictures_a_day(&self) -> f64 {
        self.world.posts_a_day() * self.world.media
    }

    /// Returns the cost of the table: all likes, comments and posts of all years, everybody's follows,
    /// three months of inboxes.
    fn table(&self) -> f64 {
        let world = &self.world;
        let kept = world.years * YEAR;
        let bytes = world.likes_a_day() * kept * LIKE_BYTES
            + world.comments_a_day() * kept * COMMENT_BYTES
            + world.posts_a_day() * kept * POST_BYTES
            + world.accounts() * world.followers * FOLLOW_BYTES
            + self.notifications() * days(ROW_DAYS) * NOTIFICATION_BYTES;
        TABLE.of(bytes / GB) + BACKUP.of(bytes / GB)
    }

    /// Returns the cost of stored pictures. Renditions are in Standard; originals are in Standard-IA
    /// for a year and then in Glacier.
    fn pictures(&self) -> f64 {
        let world = &self.world;
        let a_year = self.pictures_a_day() * YEAR;
        let (young, old) = (world.years.min(1.0) * a_year, (world.years - 1.0).max(0.0) * a_year);
        let gb = |pictures: f64, kb: f64| pictures * kb * KB / GB;
        let jpegs = world.large_kb + world.medium_kb + world.small_kb;
        let standard = gb(young + old, jpegs * (1.0 + world.webp)) + gb(old, GLACIER_NAME_KB);
        STANDARD.of(standard)
            + INFREQUENT.of(gb(young, world.original_kb))
            + GLACIER.of(gb(old, world.original_kb + GLACIER_INDEX_KB))
    }

    /// Returns the cost of requests for pictures: the upload, six renditions, the original, the move after
    /// a year, and what the CDN fetches.
    fn picture_requests(&self) -> f64 {
        let pictures = MONTH * self.pictures_a_day();
        let aged = if self.world.years > 1.0 { pictures } else { 0.0 };
        PUT.of(pictures * (1.0 + RENDITIONS))
            + PUT_INFREQUENT.of(pictures)
            + TO_GLACIER.of(aged)
            + GET.of(pictures + MONTH * self.views_a_day() * self.world.edge_misses)
    }

    pub(crate) fn views_a_day(&self) -> f64 {
        self.world.pages_a_day() * self.world.views
    }

    fn egress(&self) -> f64 {
        let world = &self.world;
        let kb = world.large_kb * (1.0 - world.webp_views * (1.0 - world.webp));
        let views = MONTH * self.views_a_day();
        EGRESS.of(views * kb * KB / GB) + VIEW.of(views) + EDGE_FUNCTION.of(views)
    }
}
