//! What is shown of a stored picture: a part of it, turned and mirrored.

use image::metadata::Orientation;

/// The part of a stored picture that is shown, and how it is then turned and mirrored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// The first column that is shown.
    pub(crate) left: u32,
    /// The first row that is shown.
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
}

impl View {
    /// Returns the view cropped to a clean aperture. The property holds its width, its height and how far its
    /// middle is from that of the picture, as fractions. Returns `None` for an aperture outside the picture.
    pub(super) fn cropped(self, mut aperture: &[u8]) -> Option<Self> {
        let mut fraction = || {
            let numerator = i32::from_be_bytes(*aperture.split_off(..4)?.first_chunk()?);
            let denominator = u32::from_be_bytes(*aperture.split_off(..4)?.first_chunk()?);
            (denominator > 0).then(|| f64::from(numerator) / f64::from(denominator))
        };
        let (width, height) = (fraction()?, fraction()?);
        let (right, down) = (fraction()?, fraction()?);
        // The aperture is that of the picture as turned so far.
        let [[a, b], [c, d]] = matrix(self.orientation);
        let (right, down) = (a * right + c * down, b * right + d * down);
        let (width, height) = if a == 0.0 { (height, width) } else { (width, height) };
        let (left, width) = within(self.width, width, right)?;
        let (top, height) = within(self.height, height, down)?;
        Some(Self { left: self.left + left, top: self.top + top, width, height, ..self })
    }

    /// Returns the view turned or mirrored further.
    pub(super) fn turned(self, next: Orientation) -> Self {
        let [right, down] = matrix(self.orientation);
        let both = matrix(next).map(|[a, b]| [a * right[0] + b * down[0], a * right[1] + b * down[1]]);
        let found = (1..=8).filter_map(Orientation::from_exif).find(|known| matrix(*known) == both);
        Self { orientation: found.unwrap_or(self.orientation), ..self }
    }
}

/// Returns the matrix that moves a point, given by how far it is to the right of the middle and below it.
fn matrix(orientation: Orientation) -> [[f64; 2]; 2] {
    match orientation {
        Orientation::NoTransforms => [[1.0, 0.0], [0.0, 1.0]],
        Orientation::FlipHorizontal => [[-1.0, 0.0], [0.0, 1.0]],
        Orientation::Rotate180 => [[-1.0, 0.0], [0.0, -1.0]],
        Orientation::FlipVertical => [[1.0, 0.0], [0.0, -1.0]],
        Orientation::Rotate90FlipH => [[0.0, 1.0], [1.0, 0.0]],
        Orientation::Rotate90 => [[0.0, -1.0], [1.0, 0.0]],
        Orientation::Rotate270FlipH => [[0.0, -1.0], [-1.0, 0.0]],
        Orientation::Rotate270 => [[0.0, 1.0], [-1.0, 0.0]],
    }
}

/// Returns begin and length of the part of a side that is `wanted` long and whose middle is `off` that of the
/// side. What sticks out is cut off.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between zero and the side")]
fn within(side: u32, wanted: f64, off: f64) -> Option<(u32, u32)> {
    let whole = f64::from(side);
    let begin = ((whole - wanted) / 2.0 + off).floor();
    let (begin, end) = (begin.clamp(0.0, whole), (begin + wanted.round()).clamp(0.0, whole));
    (end > begin).then_some((begin as u32, (end - begin) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fractions(numbers: [(i32, u32); 4]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|(above, below)| [above.to_be_bytes(), below.to_be_bytes()].concat())
            .collect()
    }

    #[test]
    fn an_aperture_is_that_of_the_picture_as_turned_so_far() {
        let whole = View { left: 0, top: 0, width: 640, height: 480, orientation: Orientation::NoTransforms };
        let place = |view: View| (view.left, view.top, view.width, view.height);
        // 400 by 300 whose middle is 20 to the left and 15 above.
        let aperture = fractions([(400, 1), (300, 1), (-20, 1), (-30, 2)]);
        assert_eq!(place(whole.cropped(&aperture).unwrap()), (100, 75, 400, 300));
        // Of a picture that stands on its side, its upper part was stored at the left.
        let upper = fractions([(480, 1), (320, 1), (0, 1), (-160, 1)]);
        let turned = whole.turned(Orientation::Rotate90).cropped(&upper).unwrap();
        assert_eq!(place(turned), (0, 0, 320, 480));
        // Sides that are no multiple of two lose their last row and column.
        let odd = fractions([(639, 1), (479, 1), (-1, 2), (-1, 2)]);
        assert_eq!(place(whole.cropped(&odd).unwrap()), (0, 0, 639, 479));
        for broken in [[(0, 1), (1, 1), (0, 1), (0, 1)], [(9, 0), (9, 1), (0, 1), (0, 1)]] {
            assert_eq!(whole.cropped(&fractions(broken)), None);
        }
        assert_eq!(whole.cropped(&fractions([(9, 1), (9, 1), (9000, 1), (0, 1)])), None);
    }

    #[test]
    fn turns_and_mirrors_go_one_after_another() {
        let whole = View { left: 0, top: 0, width: 2, height: 1, orientation: Orientation::NoTransforms };
        let (quarter, mirror) = (Orientation::Rotate90, Orientation::FlipHorizontal);
        assert_eq!(whole.turned(quarter).turned(mirror).orientation, Orientation::Rotate90FlipH);
        assert_eq!(whole.turned(mirror).turned(quarter).orientation, Orientation::Rotate270FlipH);
        assert_eq!((0..4).fold(whole, |view, _| view.turned(quarter)), whole);
    }
}
