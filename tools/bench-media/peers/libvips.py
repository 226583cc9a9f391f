"""libvips' way of doing the job: decoded once at the scale needed, smaller sizes made of larger ones."""

import pyvips
from harness import QUALITY, SIZES, serve

# Every upload is another picture, so no run may profit from the one before.
pyvips.cache_set_max(0)


def job(photograph: bytes) -> dict[str, bytes]:
    files = {}
    picture = None
    for name, side in SIZES.items():
        box = {"height": side, "size": "down"}
        if picture is None:
            # Turns the picture upright. The way to sRGB is long, and taken only when there is a profile to
            # convert by.
            profiled = pyvips.Image.new_from_buffer(photograph, "").get_typeof("icc-profile-data") != 0
            colour = {"export_profile": "srgb"} if profiled else {}
            picture = pyvips.Image.thumbnail_buffer(photograph, side, **box, **colour)
        else:
            picture = picture.thumbnail_image(side, **box)
        picture = picture.copy_memory()
        files[f"{name}.jpg"] = picture.jpegsave_buffer(Q=QUALITY, interlace=True, optimize_coding=True, keep="none")
        files[f"{name}.webp"] = picture.webpsave_buffer(Q=QUALITY, keep="none")
    return files


vips = ".".join(str(pyvips.version(part)) for part in range(3))
serve(f"pyvips {pyvips.__version__} with libvips {vips}", job)
