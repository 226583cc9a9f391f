//! Items that recently refused writes because they were too busy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Clock, Timestamp};
use table::keys::ItemKey;

/// How long a busy item is not tried. It is long enough that trying it costs a lane little.
/// It is short enough that an item that has cooled down soon returns to the stream's order.
const FOR_MS: i64 = 5_000;
/// Items that are remembered. A busy item that is not remembered is tried, which is correct too.
const MOST: usize = 1_000;

/// Remembers, in this process, which items kept refusing writes.
pub(crate) struct Hot {
    clock: Arc<dyn Clock>,
    until: Mutex<HashMap<ItemKey, Timestamp>>,
}

impl Hot {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, until: Mutex::default() }
    }

    /// Records that the item kept refusing writes just now.
    pub(crate) fn mark(&self, item: ItemKey) {
        let now = self.clock.now();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, end| *end > now);
        if until.len() < MOST {
            until.insert(item, now.plus_ms(FOR_MS));
        }
    }

    /// Returns the first of `items` that kept refusing writes lately.
    pub(crate) fn first_of(&self, items: &[ItemKey]) -> Option<ItemKey> {
        let now = self.clock.now();
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().find(|item| until.get(item).is_some_and(|end| *end > now)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::UserId;
    use testkit::ManualClock;

    use super::*;

    fn item(number: u64) -> ItemKey {
        ItemKey::User(UserId::try_from(number).unwrap())
    }

    #[test]
    fn a_busy_item_is_not_tried_for_five_seconds() {
        let clock = ManualClock::new();
        let hot = Hot::new(clock.shared());
        hot.mark(item(1));
        assert_eq!(hot.first_of(&[item(2), item(1)]), Some(item(1)));
        clock.advance(Duration::from_millis(4_999));
        assert_eq!(hot.first_of(&[item(1)]), Some(item(1)));
        clock.advance(Duration::from_millis(1));
        assert_eq!(hot.first_of(&[item(1)]), None);
    }

    #[test]
    fn busy_items_are_bounded_and_expire() {
        let clock = ManualClock::new();
        let hot = Hot::new(clock.shared());
        let all: Vec<ItemKey> = (0..2_000).map(item).collect();
        for item in &all {
            hot.mark(item.clone());
        }
        assert_eq!(
            all.iter().filter(|item| hot.first_of(std::slice::from_ref(item)).is_some()).count(),
            MOST
        );
        clock.advance(Duration::from_secs(5));
        hot.mark(item(1_999));
        assert_eq!(hot.until.lock().unwrap().len(), 1);
    }
}
