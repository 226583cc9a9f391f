//! Small files that ask for much. Each is the worst that the limits let in, or just beyond them.

use gif::Encoder;

use crate::child::{self, End};
use crate::crafted::{self, Grid, Jpeg, Png, Scan};

/// The sides of a picture of 120 megapixels, which no format refuses for its dimensions.
const WIDE: u16 = 12_000;
const HIGH: u16 = 10_000;

/// How a bomb may end.
enum Expected {
    /// The job does it, dear as it is.
    Done,
    /// The job refuses it by this name.
    Refused(&'static str),
    /// Either way is right: which one depends on how far the limits are.
    Ended,
}
use Expected::{Done, Ended, Refused};

#[track_caller]
fn assert_ends(name: &str, file: &[u8], expected: Expected) {
    let job = child::run(file);
    println!("{name:<44}{:>9} B  {job}", file.len());
    let right = match (&job.end, expected) {
        (End::Picture(..), Done | Ended) => true,
        (End::Refused(code), Refused(expected)) => code == expected,
        (End::Refused(code), Ended) => code != "image_unprocessable",
        _ => false,
    };
    assert!(right, "{name}: {:?}", job.end);
}

const HALVED: [(u8, u8); 3] = [(2, 2), (1, 1), (1, 1)];
const FULL: [(u8, u8); 3] = [(1, 1); 3];

fn jpeg(progressive: bool, sampling: &[(u8, u8)]) -> Jpeg {
    let components = sampling.len() as u8;
    let first =
        if progressive { Scan { band: (0, 0), ..Scan::whole(components) } } else { Scan::whole(components) };
    let (sampling, segments) = (sampling.to_vec(), Vec::new());
    Jpeg { width: WIDE, height: HIGH, progressive, sampling, segments, scans: vec![first] }
}

#[test]
fn jpegs_that_claim_more_than_they_hold() {
    for progressive in [false, true] {
        let huge = Jpeg { width: 20_000, height: 20_000, ..jpeg(progressive, &HALVED) };
        assert_ends("jpeg of 400 megapixels", &huge.write(), Refused("image_too_large"));
    }
    let inks = [(1, 1); 4];
    let uneven = [(4, 4), (1, 2), (2, 1)];
    for (name, sampling) in [
        ("halved", HALVED.as_slice()),
        ("full", &FULL),
        ("inks", &inks),
        ("uneven", &uneven),
        ("grey", &[(1, 1)]),
    ] {
        assert_ends(&format!("jpeg, {name}, 120 megapixels"), &jpeg(false, sampling).write(), Ended);
        assert_ends(&format!("jpeg, {name}, progressive"), &jpeg(true, sampling).write(), Ended);
    }
    let thin = Jpeg { height: 1, ..jpeg(false, &FULL) };
    assert_ends("jpeg, 12,000 by 1", &thin.write(), Done);
    let thin = Jpeg { width: 1, height: 12_000, ..jpeg(true, &FULL) };
    assert_ends("jpeg, 1 by 12,000", &thin.write(), Done);
}

/// A progressive picture whose every scan goes over every coefficient of every block and finds nothing to
/// change: a quarter of a kilobyte for 120 megapixels.
fn refined(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let mut file = Jpeg { width, height, ..jpeg(true, &[(1, 1)]) };
    let data = crafted::unchanged(file.blocks());
    let refinement = Scan { band: (1, 63), bits: 0x10, data, ..Scan::whole(1) };
    file.scans.extend(vec![refinement; scans - 1]);
    file.write()
}

#[test]
fn jpegs_of_many_scans() {
    assert_ends(
        "jpeg, 5,000 scans of 120 megapixels",
        &refined(WIDE, HIGH, 5000),
        Refused("image_too_many_scans"),
    );
    assert_ends("jpeg, 5,000 scans of 64 pixels", &refined(8, 8, 5000), Refused("image_too_many_scans"));
    assert_ends("jpeg, 41 scans of 120 megapixels", &refined(WIDE, HIGH, 41), Ended);
    assert_ends(
        "jpeg, 42 scans of 120 megapixels",
        &refined(WIDE, HIGH, 42),
        Refused("image_too_many_scans"),
    );
    assert_ends("jpeg, 100 scans of 50 megapixels", &refined(WIDE, 4166, 100), Ended);
    assert_ends("jpeg, 100 scans of 12 megapixels", &refined(4000, 3000, 100), Ended);
    // Two bits a block: 195 kB for each scan of one component.
    let mut again = jpeg(false, &FULL);
    let data = vec![0; again.blocks().div_ceil(4)];
    again.scans = vec![Scan { data, ..Scan::whole(1) }; 100];
    assert_ends("jpeg, 100 sequential scans", &again.write(), Ended);
}

#[test]
fn jpegs_of_parts_without_end() {
    let picture =
        |segments: Vec<(u8, Vec<u8>)>| Jpeg { width: 64, height: 64, segments, ..jpeg(false, &HALVED) };
    let many = |marker: u8, body: &[u8], count: usize| picture(vec![(marker, body.to_vec()); count]).write();
    assert_ends("jpeg, 4 million empty segments", &many(0xE5, &[], 4_000_000), Done);
    assert_ends("jpeg, 4 million empty comments", &many(0xFE, &[], 4_000_000), Done);
    assert_ends("jpeg, a million restart intervals", &many(0xDD, &[0, 0], 1_000_000), Done);
    assert_ends("jpeg, 140,000 tables", &many(0xDB, &[[0].as_slice(), &[1; 64]].concat(), 140_000), Done);
    assert_ends("jpeg, 300 large segments", &many(0xE2, &vec![7; 65_000], 300), Done);
    let orientation = [b"Exif\0\0II*\0\x08\0\0\0\xFF\xFF".as_slice(), &vec![0; 65_000]].concat();
    assert_ends("jpeg, 300 of 65,535 exif entries", &many(0xE1, &orientation, 300), Done);
    for offset in [0_u32, 8, 0x7FFF_FFFF, u32::MAX] {
        let block = [b"Exif\0\0MM\0*".as_slice(), &offset.to_be_bytes(), b"\0\x01\x01\x12"].concat();
        assert_ends("jpeg, exif that points astray", &many(0xE1, &block, 1), Done);
    }
    let mut restarts = picture(vec![(0xDD, vec![0, 1])]);
    restarts.scans[0].data =
        (0..10_000_000_u32).flat_map(|number| [0xFF, 0xD0 | (number % 8) as u8]).collect();
    assert_ends("jpeg, ten million restarts", &restarts.write(), Done);
    let mut filled = picture(Vec::new());
    filled.scans[0].data = vec![0xFF; 20_000_000];
    assert_ends("jpeg, twenty million fill bytes", &filled.write(), Done);
}

#[test]
fn pngs_that_unpack_to_much() {
    let (width, height) = (u32::from(WIDE), u32::from(HIGH));
    for (name, depth, colour) in [
        ("black and white", 1, 0),
        ("a palette", 8, 3),
        ("grey with opacity", 16, 4),
        ("deep with opacity", 16, 6),
    ] {
        for interlaced in [false, true] {
            let chunks = vec![(b"PLTE", vec![9; 768]), (b"tRNS", vec![7; 256])];
            let chunks = if colour == 3 { chunks } else { Vec::new() };
            let file = Png { width, height, depth, colour, interlaced, chunks }.write();
            let how = if interlaced { ", interlaced" } else { "" };
            assert_ends(&format!("png, {name}{how}"), &file, Ended);
        }
    }
    let named = |keyword: &[u8], body: &[u8]| [keyword, body].concat();
    let zeros = crafted::packed_zeros(400_000_000);
    let with = |chunks| Png { chunks, ..Png::default() }.write();
    assert_ends("png, a profile of 400 MB", &with(vec![(b"iCCP", named(b"p\0\0", &zeros))]), Done);
    assert_ends("png, a text of 400 MB", &with(vec![(b"zTXt", named(b"t\0\0", &zeros))]), Done);
    assert_ends("png, another text of 400 MB", &with(vec![(b"iTXt", named(b"t\0\x01\0\0\0", &zeros))]), Done);
    let few = crafted::packed_zeros(1_000_000);
    assert_ends("png, 4,000 texts", &with(vec![(b"zTXt", named(b"t\0\0", &few)); 4000]), Done);
    assert_ends("png, 4,000 profiles", &with(vec![(b"iCCP", named(b"p\0\0", &few)); 4000]), Done);
    assert_ends("png, a million empty chunks", &with(vec![(b"prIv", Vec::new()); 1_000_000]), Done);
    let animation = [1_000_000_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat();
    assert_ends("png, a million frames", &with(vec![(b"acTL", animation)]), Done);
}

#[test]
fn webps_that_unpack_to_much() {
    let (width, height) = (WIDE, HIGH);
    let one = |name: &'static [u8; 4], chunk: Vec<u8>| crafted::webp(&[(name, chunk)]);
    for (name, chunk) in
        [(b"VP8 ", crafted::lossy(16_383, 16_383, 8)), (b"VP8L", crafted::lossless(16_383, 16_383, false))]
    {
        assert_ends("webp of 268 megapixels", &one(name, chunk), Refused("image_too_large"));
    }
    assert_ends("webp, lossless, one colour", &one(b"VP8L", crafted::lossless(width, height, false)), Ended);
    assert_ends("webp, lossless, predicted", &one(b"VP8L", crafted::lossless(width, height, true)), Ended);
    assert_ends("webp, a pixel with 327,680 tables", &one(b"VP8L", crafted::many_tables()), Ended);
    assert_ends("webp, lossy", &one(b"VP8 ", crafted::lossy(width, height, 4_000_000)), Ended);
    assert_ends("webp, lossy, without data", &one(b"VP8 ", crafted::lossy(width, height, 8)), Ended);

    let canvas = |flags: u8, width: u32, height: u32| {
        let side = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
        (b"VP8X", [vec![flags, 0, 0, 0], side(width), side(height)].concat())
    };
    let opacity = [vec![1], crafted::lossless(width, height, true)[5..].to_vec()].concat();
    let file = crafted::webp(&[
        canvas(0x10, width.into(), height.into()),
        (b"ALPH", opacity),
        (b"VP8 ", crafted::lossy(width, height, 4_000_000)),
    ]);
    assert_ends("webp, lossy with opacity", &file, Ended);

    let mut still = b"VP8L".to_vec();
    let picture = crafted::lossless(64, 64, false);
    still.extend(u32::try_from(picture.len()).unwrap().to_le_bytes());
    still.extend(&picture);
    let frame = [crafted::frame_header(64, 64), still].concat();
    let mut chunks = vec![canvas(0x12, 64, 64), (b"ANIM", vec![0; 6])];
    chunks.extend(vec![(b"ANMF", frame.clone()); 100_000]);
    assert_ends("webp, 100,000 frames", &crafted::webp(&chunks), Done);
    let chunks = [canvas(0x12, width.into(), height.into()), (b"ANIM", vec![0; 6]), (b"ANMF", frame)];
    assert_ends("webp, a small frame on a large canvas", &crafted::webp(&chunks), Ended);
    let mut chunks = vec![(b"VP8L", picture)];
    chunks.extend(vec![(b"priv", Vec::new()); 2_000_000]);
    assert_ends("webp, two million empty chunks", &crafted::webp(&chunks), Done);
}

#[test]
fn gifs_that_unpack_to_much() {
    let gif = |screen: (u16, u16), frame: gif::Frame<'_>, frames: usize| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, screen.0, screen.1, &[9, 9, 9, 200, 200, 200]).unwrap();
        for _ in 0..frames {
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        file
    };
    let frame = |width: u16, height: u16, interlaced: bool| gif::Frame {
        width,
        height,
        interlaced,
        buffer: vec![1; usize::from(width) * usize::from(height)].into(),
        ..gif::Frame::default()
    };
    assert_ends(
        "gif of 4 gigapixels",
        &gif((65_535, 65_535), frame(1, 1, false), 1),
        Refused("image_too_large"),
    );
    assert_ends("gif, a pixel on a large screen", &gif((WIDE, HIGH), frame(1, 1, false), 1), Ended);
    assert_ends("gif, 120 megapixels", &gif((WIDE, HIGH), frame(WIDE, HIGH, false), 1), Ended);
    assert_ends("gif, 120 megapixels, interlaced", &gif((WIDE, HIGH), frame(WIDE, HIGH, true), 1), Ended);
    assert_ends("gif, 100,000 frames", &gif((16, 16), frame(16, 16, false), 100_000), Done);
    let still = gif((16, 16), frame(16, 16, false), 1);
    // Before the first frame: empty extensions, five bytes each.
    let (header, rest) = still.split_at(13 + 6);
    let comments = [header, &b"\x21\xFE\x01x\0".repeat(3_000_000), rest].concat();
    assert_ends("gif, three million comments", &comments, Done);
}

#[test]
fn bmps_that_unpack_to_much() {
    let (width, height) = (i32::from(WIDE), i32::from(HIGH));
    let palette = [7; 1024];
    let end = [palette.as_slice(), &[0, 1]].concat();
    assert_ends(
        "bmp of 3 gigapixels",
        &crafted::bmp(60_000, 60_000, 24, 0, 0, &[]),
        Refused("image_too_large"),
    );
    assert_ends(
        "bmp, 120 megapixels that are not there",
        &crafted::bmp(width, height, 24, 0, 0, &[]),
        Refused("image_corrupt"),
    );
    assert_ends("bmp, 120 megapixels in runs", &crafted::bmp(width, height, 8, 1, 256, &end), Ended);
    let rows = [palette.as_slice(), &[255, 1].repeat(9_000_000)].concat();
    assert_ends(
        "bmp, rows that are longer than they are",
        &crafted::bmp(12, height, 8, 1, 256, &rows),
        Ended,
    );
    assert_ends(
        "bmp, 2^32 colours",
        &crafted::bmp(64, 64, 8, 0, u32::MAX, &palette),
        Refused("image_corrupt"),
    );
}

#[test]
fn tiffs_that_unpack_to_much() {
    let (width, height) = (u32::from(WIDE), u32::from(HIGH));
    for (name, bits, samples) in [
        ("black and white", 1, 1),
        ("grey", 8, 1),
        ("deep grey", 16, 1),
        ("colours", 8, 3),
        ("deep colours", 16, 3),
    ] {
        let zeros = (width * height / 8) as usize * (bits * samples) as usize;
        let packed = crafted::packed_zeros(zeros);
        let mut tags = crafted::tiff_tags(width, height, bits, samples, packed.len());
        let at = u32::try_from(8 + packed.len()).unwrap();
        let mut data = packed;
        if samples > 1 {
            data.extend([bits as u8, 0].repeat(3));
            tags[2] = (258, 3, 3, at);
        }
        assert_ends(&format!("tiff, {name}, 120 megapixels"), &crafted::tiff(&tags, &data), Ended);
    }
    let packed = crafted::packed_zeros(64 * 64);
    let tags = |changed: &[crafted::Tag]| {
        let mut tags = crafted::tiff_tags(64, 64, 8, 1, packed.len());
        tags.retain(|(tag, ..)| changed.iter().all(|(other, ..)| other != tag));
        tags.extend(changed);
        tags.sort_unstable();
        crafted::tiff(&tags, &packed)
    };
    let plain = tags(&[]);
    assert_ends("tiff", &plain, Done);
    // The next directory is the first one again.
    let (start, _) = plain.split_at(plain.len() - 4);
    let again = [start, &plain[4..8]].concat();
    assert_ends("tiff, its directory again and again", &again, Refused("image_corrupt"));
    let huge = [(256, 4, 1, 60_000), (257, 4, 1, 60_000)];
    assert_ends("tiff of 3 gigapixels", &tags(&huge), Refused("image_too_large"));
    assert_ends("tiff, a strip of 4 gigabytes", &tags(&[(279, 4, 1, u32::MAX)]), Ended);
    assert_ends(
        "tiff, 2^32 strips",
        &tags(&[(273, 4, u32::MAX, 8), (279, 4, u32::MAX, 8)]),
        Refused("image_too_large"),
    );
    let tiles = [(322, 4, 1, 1 << 30), (323, 4, 1, 1 << 30), (324, 4, 1, 8), (325, 4, 1, 9)];
    assert_ends("tiff, tiles of an exapixel", &tags(&tiles), Ended);
    assert_ends("tiff, 65,535 samples a pixel", &tags(&[(277, 3, 1, 65_535)]), Ended);
    assert_ends("tiff, a profile of 4 gigabytes", &tags(&[(34675, 7, u32::MAX, 8)]), Done);
    let many: Vec<crafted::Tag> = (1000..60_000).map(|tag| (tag, 2, u32::MAX, 8)).collect();
    assert_ends("tiff, 59,000 tags of 4 gigabytes", &tags(&many), Ended);
}

#[test]
fn heifs_of_many_parts() {
    let file = include_bytes!("../pipeline/fixtures/420.avif");
    let (tile, data) = crafted::only_item(file);
    let grid = |rows: u16, columns: u16, data| Grid {
        codec: *b"av01",
        tile,
        rows,
        columns,
        data,
        references: 0,
        associations: 0,
    };
    assert_ends("avif, four tiles", &grid(2, 2, data).write(*b"avif"), Done);
    // Room behind it, as all its tiles together may be as long as the file.
    let roomy = [grid(32, 32, data).write(*b"avif"), vec![0; 500_000]].concat();
    assert_ends("avif, 1,024 tiles", &roomy, Ended);
    assert_ends("avif, 1,600 tiles", &grid(40, 40, data).write(*b"avif"), Ended);
    assert_ends("avif, 60,000 tiles", &grid(240, 250, data).write(*b"avif"), Ended);
    // More frames than a picture has layers: each would be held beside the others.
    let frames = data.repeat(9);
    assert_ends("avif, nine frames", &grid(1, 1, &frames).write(*b"avif"), Refused("image_too_large"));
    // Behind the picture, padding that belongs to every tile.
    let long = [data, &vec![0; 15_000_000]].concat();
    assert_ends("avif, 1,600 tiles of 15 MB", &grid(40, 40, &long).write(*b"avif"), Ended);
    let tables = Grid { references: 700_000, associations: 3_000_000, ..grid(2, 2, data) };
    assert_ends("avif, long tables", &tables.write(*b"avif"), Ended);
    let tables = Grid { associations: 4_000_000, ..grid(240, 250, data) };
    assert_ends("avif, many tiles and a long table", &tables.write(*b"avif"), Ended);

    let file = include_bytes!("../pipeline/fixtures/420.heic");
    let (tile, data) = crafted::only_item(file);
    let grid = |rows: u16, columns: u16| Grid {
        codec: *b"hvc1",
        tile,
        rows,
        columns,
        data,
        references: 0,
        associations: 0,
    };
    assert_ends("heic, 1,600 tiles", &grid(40, 40).write(*b"heic"), Ended);
    let tables = Grid { references: 700_000, associations: 3_000_000, ..grid(2, 2) };
    assert_ends("heic, long tables", &tables.write(*b"heic"), Ended);
    let huge = Grid { tile: (12_000, 10_000), ..grid(1, 1) };
    assert_ends("heic, 120 megapixels in 100 bytes", &huge.write(*b"heic"), Ended);
    let huge = Grid { tile: (60_000, 60_000), ..grid(1, 1) };
    assert_ends("heic of 3 gigapixels", &huge.write(*b"heic"), Refused("image_too_large"));
}

#[test]
fn profiles_that_ask_for_much() {
    let tagged = |profile: &[u8], sampling: &[(u8, u8)]| {
        Jpeg { width: 1080, height: 1080, segments: crafted::icc_segments(profile), ..jpeg(false, sampling) }
            .write()
    };
    let inks = [(1, 1); 4];
    let to_lab = |tag: Vec<u8>| crafted::profile(*b"CMYK", *b"Lab ", &[(*b"A2B0", tag)]);
    for (name, tag) in [
        ("a real grid of 33 points", crafted::grid(4, 33, 33 * 33 * 33 * 33 * 3)),
        ("a grid of 255 points that is not there", crafted::grid(4, 255, 1000)),
        ("a grid of 15 channels", crafted::grid(15, 255, 1000)),
        ("a grid of no points", crafted::grid(4, 0, 0)),
    ] {
        assert_ends(&format!("icc, {name}"), &tagged(&to_lab(tag), &inks), Done);
    }
    let curve = |count: u32, values: usize| {
        [b"curv\0\0\0\0".as_slice(), &count.to_be_bytes(), &[0x55; 2].repeat(values)].concat()
    };
    let grey = |tag: Vec<u8>| crafted::profile(*b"GRAY", *b"XYZ ", &[(*b"kTRC", tag)]);
    assert_ends("icc, a curve of 2^32 points", &tagged(&grey(curve(u32::MAX, 10)), &[(1, 1)]), Done);
    assert_ends(
        "icc, a curve of 5 million points",
        &tagged(&grey(curve(5_000_000, 5_000_000)), &[(1, 1)]),
        Done,
    );
    let odd = |parameters: &[u32]| {
        let numbers = parameters.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
        [b"para\0\0\0\0\0\x04\0\0".as_slice(), &numbers].concat()
    };
    assert_ends("icc, a curve that divides by nothing", &tagged(&grey(odd(&[0; 7])), &[(1, 1)]), Done);
    assert_ends("icc, a curve out of all bounds", &tagged(&grey(odd(&[0x7FFF_FFFF; 7])), &[(1, 1)]), Done);
    let mut many = crafted::profile(*b"RGB ", *b"XYZ ", &vec![(*b"rTRC", vec![0; 4]); 500_000]);
    assert_ends("icc, half a million tags", &tagged(&many, &FULL), Done);
    many.truncate(4096);
    many[128..132].fill(0xFF);
    assert_ends("icc, 2^32 tags that are not there", &tagged(&many, &FULL), Done);
}

#[test]
fn files_that_are_two_things() {
    let jpeg = Jpeg { width: 64, height: 64, ..jpeg(false, &HALVED) }.write();
    let png = Png::default().write();
    let both = |first: &[u8], second: &[u8]| [first, second].concat();
    assert_ends("jpeg with an archive behind it", &both(&jpeg, b"PK\x05\x06\0\0\0\0\0\0\0\0"), Done);
    assert_ends("jpeg with a png behind it", &both(&jpeg, &png), Done);
    assert_ends("png with a jpeg behind it", &both(&png, &jpeg), Done);
    assert_ends(
        "a page that begins as a gif",
        b"GIF89a=1;<script>alert(1)</script>",
        Refused("image_too_large"),
    );
    assert_ends("a png that begins as a jpeg", &both(b"\xFF\xD8\xFF", &png), Refused("image_corrupt"));
    assert_ends("a document that holds a jpeg", &both(b"%PDF-1.7\n", &jpeg), Refused("image_unsupported"));
    assert_ends("a jpeg in a webp", &crafted::webp(&[(b"VP8 ", jpeg)]), Refused("image_corrupt"));
}
