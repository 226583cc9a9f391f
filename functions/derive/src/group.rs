//! Groups the records of a batch that have to be derived together.

use std::collections::{BTreeSet, HashMap};

use table::change::Change;
use table::keys::ItemKey;

/// One record of the batch and the change it describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The record's index in the batch.
    pub(crate) place: usize,
    /// What happened.
    pub(crate) change: Change,
}

/// Splits a batch into groups that share no item. Each group keeps the order of the batch.
///
/// Transactions of different groups never touch the same item. They can therefore run side by side without
/// cancelling each other.
///
/// A group that fails blocks its lane of the stream at its first record until it succeeds
/// or its retries end. A group that is derived out of order blocks nothing. The other groups
/// of the batch are derived in either case.
pub(crate) fn group(steps: Vec<Step>) -> Vec<Vec<Step>> {
    let mut groups: Vec<Vec<Step>> = Vec::new();
    let mut group_of: HashMap<ItemKey, usize> = HashMap::new();
    for step in steps {
        let touched = step.change.touches();
        let known: BTreeSet<usize> = touched.iter().filter_map(|item| group_of.get(item)).copied().collect();
        let mut joined = vec![step];
        for &other in &known {
            joined.extend(groups.get_mut(other).map(std::mem::take).unwrap_or_default());
        }
        // The oldest of the groups that this step joins takes all their steps; the others stay behind empty.
        let home = known.first().copied().unwrap_or(groups.len());
        for place in group_of.values_mut().filter(|place| known.contains(place)) {
            *place = home;
        }
        group_of.extend(touched.into_iter().map(|item| (item, home)));
        match groups.get_mut(home) {
            Some(group) => *group = joined,
            None => groups.push(joined),
        }
    }
    groups.retain(|group| !group.is_empty());
    for group in &mut groups {
        group.sort_unstable_by_key(|step| step.place);
    }
    groups
}

/// Returns the item that most steps of the group write to. A conflict with other writers is most likely
/// there.
pub(crate) fn busiest(group: &[Step]) -> Option<ItemKey> {
    let mut writers: HashMap<ItemKey, usize> = HashMap::new();
    for item in group.iter().flat_map(|step| step.change.touches()) {
        *writers.entry(item).or_default() += 1;
    }
    let most = writers.values().copied().max()?;
    group.iter().flat_map(|step| step.change.touches()).find(|item| writers.get(item) == Some(&most))
}

#[cfg(test)]
mod tests {
    use domain::{PhotoId, Relation, UserId};
    use proptest::prelude::*;

    use super::*;

    fn user(number: u64) -> UserId {
        UserId::try_from(number).unwrap()
    }

    fn photo(number: u64) -> PhotoId {
        PhotoId::try_from(number).unwrap()
    }

    fn places(groups: &[Vec<Step>]) -> Vec<Vec<usize>> {
        let mut places: Vec<Vec<usize>> =
            groups.iter().map(|group| group.iter().map(|step| step.place).collect()).collect();
        places.sort_unstable();
        places
    }

    fn steps(changes: impl IntoIterator<Item = Change>) -> Vec<Step> {
        changes.into_iter().enumerate().map(|(place, change)| Step { place, change }).collect()
    }

    #[test]
    fn what_shares_a_counter_stays_together_and_in_order() {
        let unfollowed = |a, b| Change::TakenBack(Relation::Follow(user(a), user(b)));
        let unliked = |a, b| Change::TakenBack(Relation::Like(user(a), photo(b)));
        let batch = [
            unliked(1, 1),
            unfollowed(1, 2),
            unfollowed(3, 4),
            unliked(2, 2),
            unliked(2, 1),
            // This step joins the two pairs before it.
            unfollowed(2, 3),
            Change::Returned { reader: user(1), mark: 1 },
            Change::Drafted { photo: photo(1) },
            Change::Ready { photo: photo(1), author: user(9), hashes: Vec::new(), audience_since: 0 },
        ];
        assert_eq!(places(&group(steps(batch))), [vec![0, 4], vec![1, 2, 5], vec![3], vec![6], vec![7, 8]]);
    }

    #[test]
    fn the_busiest_is_what_most_steps_write_to() {
        let follows = |a, b| Change::TakenBack(Relation::Follow(user(a), user(b)));
        let star = steps([follows(1, 2), follows(3, 9), follows(2, 9), follows(4, 9)]);
        assert_eq!(busiest(&star), Some(ItemKey::User(user(9))));
        // A single follow decides nothing by count. The followed user is likelier to be busy than
        // the follower.
        assert_eq!(busiest(&steps([follows(1, 2)])), Some(ItemKey::User(user(2))));
        assert_eq!(busiest(&steps([Change::Returned { reader: user(1), mark: 1 }])), None);
    }

    proptest! {
        #[test]
        fn groups_have_nothing_in_common_and_lose_nothing(
            pairs in proptest::collection::vec((0_u64..12, 0_u64..12, any::<bool>()), 0..60),
        ) {
            let changes = pairs.iter().map(|&(a, b, follows)| {
                let follow = Relation::Follow(user(a), user(b));
                Change::TakenBack(if follows { follow } else { Relation::Like(user(a), photo(b)) })
            });
            let groups = group(steps(changes));
            let mut all: Vec<usize> = places(&groups).concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..pairs.len()).collect::<Vec<_>>());
            let mut seen: HashMap<ItemKey, usize> = HashMap::new();
            for (number, group) in groups.iter().enumerate() {
                prop_assert!(group.is_sorted_by_key(|step| step.place));
                for item in group.iter().flat_map(|step| step.change.touches()) {
                    prop_assert_eq!(*seen.entry(item).or_insert(number), number);
                }
            }
        }
    }
}
