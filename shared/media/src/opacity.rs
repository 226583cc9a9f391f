//! Paints what has opacity over another picture, or over white in the end: renditions have none.

/// Returns `colour` of opacity `alpha` over the colour `below`.
pub(crate) fn over(colour: u8, alpha: u8, below: u8) -> u8 {
    let (colour, alpha, below) = (u32::from(colour), u32::from(alpha), u32::from(below));
    let mixed = (colour * alpha + below * (255 - alpha) + 127) / 255;
    // At most 255, by the weights.
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

/// Returns `colour`, already multiplied by its opacity `alpha`, over the colour `below`.
pub(crate) fn premultiplied_over(colour: u8, alpha: u8, below: u8) -> u8 {
    colour.saturating_add(over(0, alpha, below))
}

/// Returns `colour` of opacity `alpha` over white.
pub(crate) fn on_white(colour: u8, alpha: u8) -> u8 {
    over(colour, alpha, u8::MAX)
}

/// Returns `colour`, already multiplied by its opacity `alpha`, over white.
pub(crate) fn premultiplied_on_white(colour: u8, alpha: u8) -> u8 {
    premultiplied_over(colour, alpha, u8::MAX)
}

/// Drops the last channel of `WITH_ALPHA`, opacity, by painting each colour `over` white. The result stands
/// at the beginning of `data` and is shorter.
pub(crate) fn flatten<const WITH_ALPHA: usize>(data: &mut [u8], over: fn(u8, u8) -> u8) -> &[u8] {
    let pixels = data.len() / WITH_ALPHA;
    let colours = WITH_ALPHA - 1;
    for pixel in 0..pixels {
        let Some(from) = data.get(pixel * WITH_ALPHA..).and_then(<[u8]>::first_chunk::<WITH_ALPHA>).copied()
        else {
            break;
        };
        let alpha = from.last().copied().unwrap_or(u8::MAX);
        let to = data.iter_mut().skip(pixel * colours).take(colours);
        for (to, colour) in to.zip(from) {
            *to = over(colour, alpha);
        }
    }
    data.get(..pixels * colours).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_colour_are_painted_over_white() {
        assert_eq!([0, 128, 255].map(|alpha| on_white(200, alpha)), [255, 227, 200]);
        // The same colours, multiplied by their opacity.
        assert_eq!(
            [(0, 0), (100, 128), (200, 255)].map(|(c, a)| premultiplied_on_white(c, a)),
            [255, 227, 200]
        );
        // Over another colour.
        assert_eq!([0, 128, 255].map(|alpha| over(200, alpha, 100)), [100, 150, 200]);
        assert_eq!(
            [(0, 0), (100, 128), (200, 255)].map(|(c, a)| premultiplied_over(c, a, 100)),
            [100, 150, 200]
        );
        // More colour than opacity is none that was ever multiplied.
        assert_eq!(premultiplied_on_white(200, 100), 255);
    }

    #[test]
    fn the_last_channel_is_dropped() {
        let mut pixels = [10, 20, 30, 255, 10, 20, 30, 0];
        assert_eq!(flatten::<4>(&mut pixels, on_white), [10, 20, 30, 255, 255, 255]);
    }
}
