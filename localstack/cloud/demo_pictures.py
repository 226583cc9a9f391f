"""Turns a source picture into the photo somebody could have taken: cropped, mirrored, toned, and written as a camera would.

A camera writes the pixels as its sensor lay and says in the EXIF orientation how to turn them, and adds more than its owner may
want to tell (make, time, place): the demo's files do the same, so that the local cloud has something to turn and to strip.
"""

import functools
import io

from PIL import Image, ImageEnhance

from .demo_world import DATA, Medium

LONGEST_SIDE = 1280
QUALITY = 88
# EXIF tags.
_MAKE, _MODEL, _ORIENTATION, _TIME, _GPS = 0x010F, 0x0110, 0x0112, 0x0132, 0x8825

# What a sensor lying that way makes of the upright picture: the inverse of what a viewer has to do.
_AS_SENSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def jpeg(medium: Medium) -> bytes:
    """The file to upload; the same medium gives the same bytes."""
    upright = _toned(_framed(_source(medium.picture), medium), medium)
    sensed = upright.transpose(_AS_SENSED[medium.orientation]) if medium.orientation in _AS_SENSED else upright
    file = io.BytesIO()
    sensed.save(file, "JPEG", quality=QUALITY, exif=_exif(medium))
    return file.getvalue()


@functools.cache
def _source(name: str) -> Image.Image:
    image = Image.open(DATA / "pictures" / f"{name}.jpg").convert("RGB")
    image.load()
    return image


def _framed(image: Image.Image, medium: Medium) -> Image.Image:
    """Cuts the largest frame of the wanted shape, made smaller by the zoom, as near to the wanted centre as the picture allows."""
    across, down = medium.aspect
    width = min(image.width, image.height * across / down) * medium.zoom
    height = width * down / across
    left = min(max(medium.centre[0] * image.width - width / 2, 0), image.width - width)
    top = min(max(medium.centre[1] * image.height - height / 2, 0), image.height - height)
    scale = LONGEST_SIDE / max(width, height)
    size = (round(width * scale), round(height * scale))
    framed = image.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
    return framed.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if medium.mirrored else framed


def _toned(image: Image.Image, medium: Medium) -> Image.Image:
    for enhancer, factor in (
        (ImageEnhance.Brightness, medium.brightness),
        (ImageEnhance.Contrast, medium.contrast),
        (ImageEnhance.Color, medium.saturation),
    ):
        image = enhancer(image).enhance(factor)
    warmer = [min(round(level * (1 + medium.warmth)), 255) for level in range(256)]
    same = list(range(256))
    cooler = [min(round(level * (1 - medium.warmth)), 255) for level in range(256)]
    return image.point(warmer + same + cooler)


def _exif(medium: Medium) -> Image.Exif:
    exif = Image.Exif()
    exif[_MAKE], exif[_MODEL], exif[_TIME] = "Lambdagram", "Demo camera", "2026:01:01 12:00:00"
    exif[_ORIENTATION] = medium.orientation
    exif[_GPS] = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}
    return exif
