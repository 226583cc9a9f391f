//! Home regions: where a user's items are written.

use std::fmt;

/// One of eight home regions. An id carries the home of its user, or of its photo's author.
///
/// There is one region, and so one home in use: [`Home::LOCAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Home(u8);

impl Home {
    /// Bits that a home takes in an id.
    pub const BITS: u32 = 3;

    /// Every home there can be, in order.
    pub const ALL: [Self; 1 << Self::BITS] =
        [Self(0), Self(1), Self(2), Self(3), Self(4), Self(5), Self(6), Self(7)];

    /// The home of this region. Whoever registers here gets it. Fan-out from here reaches followers in it.
    pub const LOCAL: Self = Self(0);

    /// Reads the home in the lowest bits of a number.
    pub(crate) fn of_lowest_bits(number: u64) -> Self {
        let [lowest, ..] = number.to_le_bytes();
        Self(lowest & ((1 << Self::BITS) - 1))
    }

    /// Returns the number of the home, 0 to 7.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_homes_are_the_numbers_of_three_bits_in_order() {
        let numbers = Home::ALL.map(Home::get);
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(Home::ALL.is_sorted() && Home::ALL.contains(&Home::LOCAL));
        for home in Home::ALL {
            assert_eq!(home.to_string(), home.get().to_string());
            assert_eq!(Home::of_lowest_bits(u64::MAX << Home::BITS | u64::from(home.get())), home);
        }
    }
}
