//! Merging photos from several places into one page, newest first, without gaps.

use serde::{Deserialize, Serialize};

use crate::clock::{DAY_MS, Timestamp};
use crate::id::{PhotoId, UserId};

/// Days without a visit after which a reader is dormant. Photos are not pushed to dormant readers.
pub const ACTIVE_DAYS: i64 = 7;

/// Days back that a feed reaches, and days a pushed entry is kept.
pub const FEED_DAYS: i64 = 30;

/// Entries that a feed has at least, however old they are.
pub const FEED_LEN: usize = 200;

/// Days after which a snapshot is taken again. It is taken before entries pushed since the last one expire.
pub const SNAPSHOT_DAYS: i64 = 14;

/// Celebrities whose photos one reader pulls. Photos of others show once they are pushed.
///
/// It bounds what a page costs. A head costs 0.5 RRU.
pub const PULLED_LEN: usize = 20;

/// Authors followed or unfollowed since the last snapshot, after which it is taken again.
pub const FOLLOWS_LEN: usize = 30;

/// Photo ids an author's head holds.
pub const HEAD_LEN: usize = 20;

/// Photos of a celebrity that an author's head lists as not pushed yet. Older ones are read from the
/// timeline. A head with so many stays below 4 KiB.
pub const UNPUSHED_LEN: usize = 100;

/// How an author's new photos reach feeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// They are pushed to every active follower.
    #[default]
    Ordinary,
    /// They are still pushed, while the author is added to the followers' states.
    Promoting,
    /// They are pulled at once. The pushes follow in the background.
    Celebrity,
    /// They are pushed again, while the author is removed from the followers' states.
    Demoting,
}

impl DeliveryMode {
    /// Returns whether every active follower's state names the author, or soon will.
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Promoting | Self::Celebrity)
    }
}

/// A change of [`DeliveryMode`] that an author's follower count calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// The author has too many followers to push to at once.
    Promotion,
    /// The author's followers are few enough again.
    Demotion,
}

impl Crossing {
    /// Returns the change that an author with `followers` needs, if any. More than `threshold`
    /// followers make a celebrity.
    ///
    /// Demotion starts below four fifths of the threshold. A count that swings around one number would
    /// otherwise cross it with every photo, and each crossing writes to every active follower.
    pub fn of(mode: DeliveryMode, followers: i64, threshold: i64) -> Option<Self> {
        match mode {
            DeliveryMode::Ordinary if followers > threshold => Some(Self::Promotion),
            DeliveryMode::Celebrity if followers < threshold - threshold / 5 => Some(Self::Demotion),
            _ => None,
        }
    }
}

/// Returns whether a reader last seen on `active_on` (days since the epoch) still gets pushes at `now`.
pub fn is_active(active_on: i64, now: Timestamp) -> bool {
    now.day() - active_on <= ACTIVE_DAYS
}

/// Returns when an entry of `photo` expires, in milliseconds since the epoch.
pub fn entry_expiry(photo: PhotoId) -> Timestamp {
    photo.created_at().plus_ms(FEED_DAYS * DAY_MS)
}

/// A photo in somebody's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The photo.
    pub photo: PhotoId,
    /// Who posted it.
    pub author: UserId,
}

/// The photos of one author as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose photos.
    pub author: UserId,
    /// Known ids, newest first, without gaps.
    pub photos: Vec<PhotoId>,
    /// Whether nothing older exists.
    pub complete: bool,
}

/// The requested part of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedRange {
    /// Only what is older than this.
    pub before: Option<PhotoId>,
    /// Nothing older than this.
    pub down_to: Option<PhotoId>,
    /// At most so many entries.
    pub count: usize,
}

impl FeedRange {
    fn holds(&self, photo: PhotoId) -> bool {
        self.before.is_none_or(|before| photo < before) && self.down_to.is_none_or(|last| photo >= last)
    }
}

/// Returns the indexes of the sources that must be read deeper before the newest entries of a range are
/// known.
///
/// An incomplete source may have unknown photos older than its oldest known one. They belong to the page if
/// that one is newer than the page's last entry.
pub fn shallow(sources: &[Source], range: &FeedRange) -> Vec<usize> {
    let held = sources.iter().flat_map(|source| &source.photos).filter(|photo| range.holds(**photo));
    let mut known: Vec<PhotoId> = held.copied().collect();
    known.sort_unstable_by(|a, b| b.cmp(a));
    known.dedup();
    // The page is settled once every incomplete source reaches down to its last entry, or to the range's end.
    let Some(last_place) = range.count.checked_sub(1) else { return Vec::new() };
    let settled_from = known.get(last_place).copied().or(range.down_to);
    let reaches = |source: &Source| match (source.photos.last(), settled_from) {
        _ if source.complete => true,
        (Some(&oldest), Some(last)) => oldest <= last,
        _ => false,
    };
    sources.iter().enumerate().filter(|(_, source)| !reaches(source)).map(|(index, _)| index).collect()
}

/// A part of a feed, newest first, and whether the same place holds older entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The entries, without gaps. They are not empty while `more` is set.
    pub entries: Vec<Entry>,
    /// Whether older entries are left to be read.
    pub more: bool,
}

/// Merges `runs` down to where the shallowest of them ends. An entry that is in several of them is there
/// once.
///
/// Nothing older is shown before that run is read further: entries would be skipped for good.
pub fn merge(runs: Vec<Run>) -> Run {
    let unfinished = runs.iter().filter(|run| run.more);
    let depth = unfinished.filter_map(|run| run.entries.last()).map(|oldest| oldest.photo).max();
    let mut entries: Vec<Entry> = runs.into_iter().flat_map(|run| run.entries).collect();
    entries.retain(|entry| depth.is_none_or(|depth| entry.photo >= depth));
    entries.sort_unstable_by(|a, b| b.cmp(a));
    entries.dedup_by_key(|entry| entry.photo);
    Run { entries, more: depth.is_some() }
}

/// Returns the newest entries of a range that are known for certain, when sources are not read further.
pub fn settled(sources: &[Source], range: &FeedRange) -> Run {
    let run = |source: &Source| {
        let held = source.photos.iter().filter(|photo| range.holds(**photo));
        let entries = held.map(|&photo| Entry { photo, author: source.author }).collect();
        let reaches = source.photos.last().zip(range.down_to).is_some_and(|(oldest, last)| *oldest <= last);
        Run { entries, more: !source.complete && !reaches }
    };
    let mut run = merge(sources.iter().map(run).collect());
    run.more |= run.entries.len() > range.count;
    run.entries.truncate(range.count);
    run
}

/// Removes the sources that have nothing among the newest `count` photos known.
///
/// Further sources can only move their photos further down. So the newest photos of any number of authors are
/// found with at most `count` authors in memory.
pub fn keep_newest(sources: &mut Vec<Source>, count: usize) {
    let mut known: Vec<PhotoId> = sources.iter().flat_map(|source| source.photos.iter().copied()).collect();
    known.sort_unstable_by(|a, b| b.cmp(a));
    if let Some(&last) = count.checked_sub(1).and_then(|last| known.get(last)) {
        sources.retain(|source| source.photos.first().is_some_and(|&newest| newest >= last));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn photo(number: u64) -> PhotoId {
        PhotoId::try_from(number).unwrap()
    }

    fn user(number: u64) -> UserId {
        UserId::try_from(number).unwrap()
    }

    fn source(author: u64, photos: &[u64], complete: bool) -> Source {
        Source { author: user(author), photos: photos.iter().copied().map(photo).collect(), complete }
    }

    fn newest(count: usize) -> FeedRange {
        FeedRange { count, ..FeedRange::default() }
    }

    /// Returns the page of sources that reach deep enough for it.
    fn page(sources: &[Source], range: &FeedRange) -> Run {
        assert!(shallow(sources, range).is_empty(), "the page is settled");
        settled(sources, range)
    }

    #[test]
    fn does_not_show_below_a_shallow_source() {
        // Author 1 may have photos between 50 and 10 that are not known yet.
        let sources = [source(1, &[60, 50], false), source(2, &[55, 10], true)];
        assert_eq!(shallow(&sources, &newest(4)), [0]);
        let Run { entries, more } = page(&sources, &newest(3));
        assert_eq!(entries.iter().map(|entry| entry.photo.get()).collect::<Vec<_>>(), [60, 55, 50]);
        assert!(more);
    }

    #[test]
    fn without_photos_the_first_page_is_empty_and_the_last() {
        assert_eq!(page(&[], &newest(20)), Run { entries: vec![], more: false });
        assert_eq!(page(&[source(1, &[], true)], &newest(20)), Run { entries: vec![], more: false });
    }

    #[test]
    fn reads_no_deeper_than_the_end_of_the_range() {
        let sources = [source(1, &[60, 50], false), source(2, &[55, 10], true)];
        let range = |last| FeedRange { down_to: Some(photo(last)), ..newest(20) };
        let Run { entries, more } = page(&sources, &range(50));
        assert_eq!(entries.iter().map(|entry| entry.photo.get()).collect::<Vec<_>>(), [60, 55, 50]);
        assert!(!more);
        assert_eq!(shallow(&sources, &range(49)), [0]);
    }

    fn run(numbers: &[u64], more: bool) -> Run {
        let entry = |number: &u64| Entry { photo: photo(*number), author: user(number % 10) };
        Run { entries: numbers.iter().map(entry).collect(), more }
    }

    #[test]
    fn a_photo_in_several_runs_shows_once() {
        assert_eq!(merge(vec![run(&[95, 51], false), run(&[72, 51], false)]), run(&[95, 72, 51], false));
    }

    #[test]
    fn nothing_shows_below_the_shallowest_run() {
        let merged = merge(vec![run(&[95, 51], true), run(&[72, 63], true), run(&[61, 12], false)]);
        assert_eq!(merged, run(&[95, 72, 63], true));
    }

    #[test]
    fn demotion_needs_fewer_followers_than_promotion() {
        let crossing = |mode, followers| Crossing::of(mode, followers, 1_000);
        assert_eq!(crossing(DeliveryMode::Ordinary, 1_000), None);
        assert_eq!(crossing(DeliveryMode::Ordinary, 1_001), Some(Crossing::Promotion));
        assert_eq!(crossing(DeliveryMode::Celebrity, 800), None);
        assert_eq!(crossing(DeliveryMode::Celebrity, 799), Some(Crossing::Demotion));
        for mode in [DeliveryMode::Promoting, DeliveryMode::Demoting] {
            assert_eq!((crossing(mode, 0), crossing(mode, 1_001)), (None, None), "one at a time");
        }
    }

    #[test]
    fn activity_is_counted_in_days() {
        let now = Timestamp(100 * DAY_MS);
        assert!(is_active(93, now));
        assert!(!is_active(92, now));
    }

    proptest! {
        /// Removing sources on the way does not change the newest page.
        #[test]
        fn the_newest_are_found_with_few_sources_in_memory(
            world in proptest::collection::btree_map(0_u64..10_000, 0_u64..40, 0..120),
            count in 1_usize..12,
        ) {
            let source_of = |author: u64| {
                let all = world.iter().rev().filter(|(_, by)| **by == author);
                source(author, &all.map(|(number, _)| *number).collect::<Vec<_>>(), true)
            };
            let (mut all, mut few) = (Vec::new(), Vec::new());
            for author in 0..40 {
                all.push(source_of(author));
                few.push(source_of(author));
                keep_newest(&mut few, count);
                let known: usize = few.iter().map(|source| source.photos.len()).sum();
                prop_assert!(few.len() <= count || known < count);
            }
            let entries = |sources: &[Source]| page(sources, &newest(count)).entries;
            prop_assert_eq!(entries(&few), entries(&all));
        }

        /// Paging through shallow sources, read deeper on demand, shows exactly what a full sort shows.
        #[test]
        fn paging_equals_sorting_everything(
            world in proptest::collection::btree_map(0_u64..10_000, 0_u64..8, 0..200),
            depth in 1_usize..5,
            count in 1_usize..12,
        ) {
            let all_of = |author: u64| -> Vec<PhotoId> {
                world.iter().rev().filter(|(_, by)| **by == author).map(|(number, _)| photo(*number)).collect()
            };
            let mut sources: Vec<Source> = (0..8)
                .map(|author| {
                    let mut photos = all_of(author);
                    let complete = photos.len() <= depth;
                    photos.truncate(depth);
                    Source { author: user(author), photos, complete }
                })
                .collect();
            let (mut before, mut shown) = (None, Vec::new());
            loop {
                let range = FeedRange { before, ..newest(count) };
                let indexes = shallow(&sources, &range);
                if indexes.is_empty() {
                    let Run { entries, more } = settled(&sources, &range);
                    prop_assert!(entries.len() == count || !more);
                    shown.extend(entries.iter().map(|entry| (entry.photo.get(), entry.author.get())));
                    before = shown.last().map(|(number, _)| photo(*number));
                    if !more {
                        break;
                    }
                }
                for index in indexes {
                    let source = &mut sources[index];
                    prop_assert!(!source.complete);
                    let all = all_of(source.author.get());
                    let deeper = (source.photos.len() + depth).min(all.len());
                    source.complete = deeper == all.len();
                    source.photos = all[..deeper].to_vec();
                }
            }
            let expected: Vec<(u64, u64)> = world.iter().rev().map(|(number, by)| (*number, *by)).collect();
            prop_assert_eq!(shown, expected);
        }
    }
}
