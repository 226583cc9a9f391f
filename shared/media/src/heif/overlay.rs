//! Pictures that are laid over one another (ISO/IEC 23008-12, 6.6.2.2).

use super::boxes::number;

/// Pictures laid over one another on a canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlay {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Red, green, blue and opacity of the canvas.
    pub(crate) fill: [u8; 4],
    /// The items from the lowest to the highest. Each has its first column and row on the canvas, which may
    /// be outside.
    pub(crate) layers: Vec<(u32, (i32, i32))>,
}

impl Overlay {
    /// Reads the description of an overlay of these items.
    pub(super) fn read(data: &[u8], items: &[u32]) -> Option<Self> {
        let [_, flags, rest @ ..] = data else { return None };
        let rest = &mut &*rest;
        let mut channel = || Some(number(rest, 2)?.to_be_bytes()[6]);
        let fill = [channel()?, channel()?, channel()?, channel()?];
        let bytes = if flags & 1 == 0 { 2 } else { 4 };
        let side = |rest: &mut &[u8]| u32::try_from(number(rest, bytes)?).ok();
        // Offsets are signed.
        let offset = |rest: &mut &[u8]| {
            let number = u32::try_from(number(rest, bytes)?).ok()?;
            let unused = u32::BITS - u32::try_from(bytes).ok()? * 8;
            Some((number << unused).cast_signed() >> unused)
        };
        let (width, height) = (side(rest)?, side(rest)?);
        let layer = |item: &u32| Some((*item, (offset(rest)?, offset(rest)?)));
        let layers =
            items.iter().map(layer).collect::<Option<Vec<_>>>().filter(|layers| !layers.is_empty())?;
        Some(Self { width, height, fill, layers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_signed_whatever_their_length() {
        let fill = [0xFF, 0xFF, 0x80, 0, 0, 0xFF, 0xFF, 0xFE];
        let expected = Overlay {
            width: 300,
            height: 200,
            fill: [0xFF, 0x80, 0, 0xFF],
            layers: vec![(7, (0, -2)), (9, (299, -300))],
        };
        let short: Vec<u8> = [300, 200, 0, -2, 299, -300_i16].iter().flat_map(|n| n.to_be_bytes()).collect();
        let long: Vec<u8> = [300, 200, 0, -2, 299, -300_i32].iter().flat_map(|n| n.to_be_bytes()).collect();
        for (flags, numbers) in [(0, short), (1, long)] {
            let data = [[0, flags].as_slice(), &fill, &numbers].concat();
            assert_eq!(Overlay::read(&data, &[7, 9]), Some(expected.clone()));
            assert_eq!(Overlay::read(&data[..data.len() - 1], &[7, 9]), None);
        }
    }
}
