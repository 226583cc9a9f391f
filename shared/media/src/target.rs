//! What is made of a picture: the shape and the sides of its sizes.

use domain::media::Size;

use crate::resize::{Part, fit};

/// The shape and the sides of the renditions of one kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether the middle of the picture is cut out as a square.
    square: bool,
    /// Longest sides in pixels, in the order of [`Size::ALL`]. A smaller picture is never enlarged.
    sides: [u32; 3],
}

impl Target {
    /// A medium of a photo: whole.
    pub const MEDIUM: Self = Self { square: false, sides: [1080, 640, 150] };
    /// A profile picture: its middle, as a square.
    pub const PROFILE_PICTURE: Self = Self { square: true, sides: [640, 320, 150] };

    pub(crate) fn side(self, size: Size) -> u32 {
        let [large, medium, small] = self.sides;
        match size {
            Size::Large => large,
            Size::Medium => medium,
            Size::Small => small,
        }
    }

    /// Returns the sides of a size of a picture that is this wide and high.
    pub(crate) fn sides(self, (width, height): (u32, u32), size: Size) -> (u32, u32) {
        if self.square {
            let side = width.min(height).min(self.side(size));
            (side, side)
        } else {
            fit(width, height, self.side(size))
        }
    }

    /// Returns how many pixels of the longest side are wanted of a picture that is this wide and high. Of a
    /// picture that is cut, the shortest side has to suffice for the largest size.
    pub(crate) fn wanted_side(self, (width, height): (u32, u32)) -> u32 {
        let side = self.side(Size::Large);
        if !self.square {
            return side;
        }
        let (longest, shortest) = (width.max(height), width.min(height).max(1));
        let wanted = (u64::from(longest) * u64::from(side)).div_ceil(u64::from(shortest));
        u32::try_from(wanted).unwrap_or(u32::MAX)
    }

    /// Returns the part of a picture of this extent that is shown.
    pub(crate) fn part(self, (width, height): (f64, f64)) -> Part {
        if !self.square {
            return Part { left: 0.0, top: 0.0, width, height };
        }
        let side = width.min(height);
        Part { left: (width - side) / 2.0, top: (height - side) / 2.0, width: side, height: side }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_medium_has_the_sides_that_its_sizes_name() {
        assert_eq!(Size::ALL.map(|size| Target::MEDIUM.side(size)), Size::ALL.map(Size::side));
    }

    #[test]
    fn the_middle_of_a_picture_is_cut_out() {
        let part = Target::PROFILE_PICTURE.part((400.0, 300.5));
        assert_eq!(part, Part { left: 49.75, top: 0.0, width: 300.5, height: 300.5 });
        assert_eq!(
            Target::PROFILE_PICTURE.part((3.0, 5.0)),
            Part { left: 0.0, top: 1.0, width: 3.0, height: 3.0 }
        );
        assert_eq!(Target::MEDIUM.part((3.0, 5.0)), Part { left: 0.0, top: 0.0, width: 3.0, height: 5.0 });
    }

    proptest! {
        #[test]
        fn the_shorter_side_of_a_cut_picture_suffices(width in 1_u32..=20_000, height in 1_u32..=20_000) {
            let target = Target::PROFILE_PICTURE;
            let wanted = u64::from(target.wanted_side((width, height)));
            let (longest, shortest) = (u64::from(width.max(height)), u64::from(width.min(height)));
            let (side, _) = target.sides((width, height), Size::Large);
            prop_assert!(wanted * shortest >= u64::from(side) * longest);
        }
    }
}
