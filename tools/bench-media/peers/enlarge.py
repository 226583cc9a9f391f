"""Makes the largest pictures that the pipeline accepts, by enlarging photographs: one file of each kind.

Called with the folder of photographs and the one to write into. What is there already stays.
"""

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pyvips
from PIL import Image

photographs, folder = (Path(argument) for argument in sys.argv[1:])

# The sensor of a phone with 108 megapixels, and what its camera makes of a turn around.
PHONE = (12_000, 9_000)
PANORAMA = (16_382, 3_628)
# A side of the tiles that phones make of a HEIC.
TILE = 512
QUALITY = 90


def enlarged(name: str, width: int, height: int) -> pyvips.Image:
    """A photograph enlarged until it covers these sides, and its middle of just these sides."""
    picture = pyvips.Image.new_from_file(str(photographs / f"{name}.jpg"), access="sequential")
    picture = picture.resize(max(width / picture.width, height / picture.height))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop(left, top, width, height)


def phone(width: int = PHONE[0], height: int = PHONE[1]) -> pyvips.Image:
    return enlarged("leaves", width, height)


def soft(picture: pyvips.Image) -> pyvips.Image:
    """Without detail and in few levels, so that a file without loss is small enough to be uploaded."""
    return picture.gaussblur(12, precision="approximate") & 0xE0


def deep(picture: pyvips.Image) -> pyvips.Image:
    """Sixteen bits a sample, all of them used."""
    return (picture.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def heic(path: Path, pixels: tuple[int, int]) -> None:
    """A HEIC in tiles, as phones write it: the tiles are the squares of a small picture, over and over."""
    pillow_heif.register_heif_opener()
    columns, rows = (side // TILE + 1 for side in pixels)
    source = Image.open(photographs / "leaves.jpg")
    tiles = []
    for at in range(columns):
        corner = at * 150 % (source.width - TILE), at * 110 % (source.height - TILE)
        file = io.BytesIO()
        source.crop((*corner, corner[0] + TILE, corner[1] + TILE)).save(file, "HEIF", quality=QUALITY)
        tiles.append(file.getvalue())

    def body(file: bytes, name: bytes) -> bytes:
        at = file.index(name)
        return file[at + 4 : at - 4 + struct.unpack(">I", file[at - 4 : at])[0]]

    count = columns * rows
    version = bytes(4)
    of_tile = [box(b"hvcC", body(tiles[0], b"hvcC")), box(b"ispe", version, struct.pack(">II", TILE, TILE))]
    of_whole = box(b"ispe", version, struct.pack(">II", *pixels))
    entry = lambda number, kind: box(b"infe", bytes([2, 0, 0, 0]), struct.pack(">HH", number, 0), kind, b"\0")
    entries = b"".join([entry(1, b"grid"), *(entry(number, b"hvc1") for number in range(2, count + 2))])
    grid = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *pixels)
    data = [grid, *(body(tiles[at % columns], b"mdat") for at in range(count))]
    associations = b"".join([struct.pack(">HBB", 1, 1, 3), *(struct.pack(">HBBB", number, 2, 1, 2) for number in range(2, count + 2))])
    start = box(b"ftyp", b"heic", version, b"mif1heic")

    def meta(offset: int) -> bytes:
        places = b""
        for number, item in enumerate(data, 1):
            places += struct.pack(">HHHII", number, 0, 1, offset, len(item))
            offset += len(item)
        return box(
            b"meta",
            version,
            box(b"pitm", version, struct.pack(">H", 1)),
            box(b"iinf", version, struct.pack(">H", count + 1), entries),
            box(b"iref", version, box(b"dimg", struct.pack(f">HH{count}H", 1, count, *range(2, count + 2)))),
            box(b"iprp", box(b"ipco", *of_tile, of_whole), box(b"ipma", version, struct.pack(">I", count + 1), associations)),
            box(b"iloc", version, b"\x44\0", struct.pack(">H", count + 1), places),
        )

    length = len(start) + len(meta(0)) + 8
    path.write_bytes(start + meta(length) + box(b"mdat", *data))


# Each as large as its kind may be. What a decoder holds whole is smaller.
files: dict[str, Callable[[Path], None]] = {
    "phone.jpg": lambda path: phone().jpegsave(str(path), Q=QUALITY),
    "panorama.jpg": lambda path: enlarged("bird", *PANORAMA).jpegsave(str(path), Q=QUALITY),
    "progressive.jpg": lambda path: phone().jpegsave(str(path), Q=QUALITY, interlace=True, subsample_mode="off"),
    "grid.heic": lambda path: heic(path, PHONE),
    "whole.avif": lambda path: phone().heifsave(str(path), Q=60, compression="av1", effort=0),
    "lossy.webp": lambda path: phone(6_000, 4_500).webpsave(str(path), Q=QUALITY, effort=0),
    "lossless.webp": lambda path: phone(10_000, 7_500).webpsave(str(path), lossless=True, effort=0),
    "deep.png": lambda path: deep(soft(phone())).pngsave(str(path), compression=1, filter="up"),
    "interlaced.png": lambda path: soft(phone()).pngsave(str(path), compression=1, interlace=True, filter="up"),
    "packed.tiff": lambda path: soft(phone()).tiffsave(str(path), compression="deflate", predictor="horizontal"),
    "first.gif": lambda path: phone(8_000, 6_000).gifsave(str(path), effort=1),
    "colours.bmp": lambda path: Image.open(io.BytesIO(phone(4_800, 3_600).pngsave_buffer(compression=0))).save(path),
}

for name, write in files.items():
    path = folder / name
    if not path.exists():
        print(f"  making {name}", file=sys.stderr)
        unfinished = folder / f"new-{name}"
        write(unfinished)
        unfinished.rename(path)
