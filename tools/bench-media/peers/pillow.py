"""Pillow's way of doing the job, as it is usually written: every size resized from the whole picture.

It is turned upright and converted to sRGB at the small size, where that is cheap.
"""

import io

import PIL
from harness import QUALITY, SIZES, serve
from PIL import Image, ImageCms, ImageOps

SRGB = ImageCms.createProfile("sRGB")


def fit(picture: Image.Image, side: int) -> tuple[int, int]:
    """Its dimensions within a square, never enlarged."""
    ratio = picture.width / picture.height
    if picture.width > picture.height:
        width = min(picture.width, side)
        return width, int(width / ratio)
    height = min(picture.height, side)
    return int(height * ratio), height


def srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if profile is None:
        return picture
    return ImageCms.profileToProfile(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB)


def encoded(picture: Image.Image, **how: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, quality=QUALITY, **how)
    return output.getvalue()


def job(photograph: bytes) -> dict[str, bytes]:
    picture = Image.open(io.BytesIO(photograph))
    profile = picture.info.get("icc_profile")
    ImageOps.exif_transpose(picture, in_place=True)
    files = {}
    for name, side in SIZES.items():
        resized = srgb(picture.resize(fit(picture, side), Image.Resampling.LANCZOS), profile)
        resized.info.clear()
        files[f"{name}.jpg"] = encoded(resized, format="JPEG", optimize=True, progressive=True)
        files[f"{name}.webp"] = encoded(resized, format="WEBP")
    return files


serve(f"Pillow {PIL.__version__}", job)
