//! Merging what several authors posted into one page, newest first, without skipping anything.

use std::collections::BTreeMap;

use crate::id::{PhotoId, UserId};
use crate::sources::{DAY_MS, Timestamp};

/// Days without a visit after which a reader counts as dormant: photos are no longer pushed to them.
pub const ACTIVE_DAYS: i64 = 7;

/// Days a pushed entry is kept. Older pages are pulled.
pub const ENTRY_DAYS: i64 = 30;

/// Photo ids an author's head holds.
pub const HEAD_LEN: usize = 20;

/// Entries a rebuilt feed starts with.
pub const REBUILD_LEN: usize = 200;

/// Whether a reader last seen on `active_on` (days since the epoch) still gets pushes at `now`.
pub fn is_active(active_on: i64, now: Timestamp) -> bool {
    now.day() - active_on <= ACTIVE_DAYS
}

/// When an entry of `photo` expires, in milliseconds since the epoch.
pub fn entry_expiry(photo: PhotoId) -> Timestamp {
    photo.created_at().plus_ms(ENTRY_DAYS * DAY_MS)
}

/// A photo's place in somebody's feed.
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

/// A page that is safe to show, or the authors of whom more must be read first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The newest entries in order; `more` when older ones exist.
    Page {
        /// At most the asked number of entries, newest first.
        entries: Vec<Entry>,
        /// Whether there is anything older.
        more: bool,
    },
    /// Indexes of sources that do not reach deep enough to tell.
    Deepen(Vec<usize>),
}

/// Merges `sources` into the newest `count` entries older than `before`.
///
/// A source that is not complete says nothing about what lies below its oldest known photo, so no entry older than
/// that may be shown before the source is deepened: merging to unequal depths would skip photos for good.
pub fn merge(sources: &[Source], before: Option<PhotoId>, count: usize) -> Merged {
    let older = |photo: &PhotoId| before.is_none_or(|before| *photo < before);
    let mut known: BTreeMap<PhotoId, UserId> = BTreeMap::new();
    for source in sources {
        known.extend(source.photos.iter().filter(|photo| older(photo)).map(|photo| (*photo, source.author)));
    }
    let newest = known.iter().rev().map(|(&photo, &author)| Entry { photo, author });
    let entries: Vec<Entry> = newest.take(count).collect();
    // The page is settled once every incomplete source reaches down to its last entry.
    let settled_from = if entries.len() == count { entries.last().map(|entry| entry.photo) } else { None };
    let reaches = |source: &Source| match (source.photos.last(), settled_from) {
        _ if source.complete => true,
        (Some(&oldest), Some(last)) => oldest <= last,
        _ => false,
    };
    let shallow: Vec<usize> =
        sources.iter().enumerate().filter(|(_, source)| !reaches(source)).map(|(index, _)| index).collect();
    if !shallow.is_empty() && count > 0 {
        return Merged::Deepen(shallow);
    }
    let more = known.len() > entries.len() || sources.iter().any(|source| !source.complete);
    Merged::Page { entries, more }
}

/// Forgets the sources that have nothing among the newest `count` photos known: more sources can only push them
/// further down. So the newest of any number of authors are found with at most `count` of them in memory.
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

    #[test]
    fn does_not_show_below_a_shallow_source() {
        // Author 1 may have photos between 50 and 10 that are not known yet.
        let sources = [source(1, &[60, 50], false), source(2, &[55, 10], true)];
        assert_eq!(merge(&sources, None, 4), Merged::Deepen(vec![0]));
        let Merged::Page { entries, more } = merge(&sources, None, 3) else { panic!("three are settled") };
        assert_eq!(entries.iter().map(|entry| entry.photo.get()).collect::<Vec<_>>(), [60, 55, 50]);
        assert!(more);
    }

    #[test]
    fn an_empty_world_is_an_empty_last_page() {
        assert_eq!(merge(&[], None, 20), Merged::Page { entries: vec![], more: false });
        assert_eq!(merge(&[source(1, &[], true)], None, 20), Merged::Page { entries: vec![], more: false });
    }

    #[test]
    fn activity_is_counted_in_days() {
        let now = Timestamp(100 * DAY_MS);
        assert!(is_active(93, now));
        assert!(!is_active(92, now));
    }

    proptest! {
        /// Forgetting sources on the way changes nothing of the newest page.
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
            let entries = |sources: &[Source]| match merge(sources, None, count) {
                Merged::Page { entries, .. } => entries,
                Merged::Deepen(_) => panic!("every source is complete"),
            };
            prop_assert_eq!(entries(&few), entries(&all));
        }

        /// Paging through shallow sources, deepening as asked, shows exactly what a full sort shows.
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
                match merge(&sources, before, count) {
                    Merged::Page { entries, more } => {
                        prop_assert!(entries.len() == count || !more);
                        shown.extend(entries.iter().map(|entry| (entry.photo.get(), entry.author.get())));
                        before = shown.last().map(|(number, _)| photo(*number));
                        if !more {
                            break;
                        }
                    }
                    Merged::Deepen(indexes) => {
                        prop_assert!(!indexes.is_empty());
                        for index in indexes {
                            let source = &mut sources[index];
                            prop_assert!(!source.complete);
                            let all = all_of(source.author.get());
                            let deeper = (source.photos.len() + depth).min(all.len());
                            source.complete = deeper == all.len();
                            source.photos = all[..deeper].to_vec();
                        }
                    }
                }
            }
            let expected: Vec<(u64, u64)> = world.iter().rev().map(|(number, by)| (*number, *by)).collect();
            prop_assert_eq!(shown, expected);
        }
    }
}
