"""Pictures made safe and small: upright, sRGB, without metadata, in three sizes.

Imported by whoever stores a photo, at that moment: most web processes never load the codecs.
"""

from __future__ import annotations

import io
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from PIL import (
    AvifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from marketplace.catalog.errors import (
    NotAnImage,
    PhotoDamaged,
    PhotoTooLarge,
    PhotoTooManyPixels,
)
from marketplace.catalog.photo_files import (
    LONG_SIDE,
    SQUARES,
    StoredPhoto,
    media_folder,
    photo_path,
    remove_files,
)

MOST_MEGABYTES = 15
MOST_MEGAPIXELS = 50
READABLE = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        AvifImagePlugin.AvifImageFile,
    )
)
KINDS: dict[str, dict[str, Any]] = {
    "avif": {"quality": 58, "speed": 8},
    "webp": {"quality": 76, "method": 4},
}

Image.MAX_IMAGE_PIXELS = MOST_MEGAPIXELS * 1_000_000


@contextmanager
def stored_photo(stream: IO[bytes]) -> Iterator[StoredPhoto]:
    """Read, shrink and store a picture; its files are removed if the block fails.

    Slow (it encodes), so it stands around `transaction()`, never inside. Raises PhotoRefused.
    """
    photo = store_photo(stream)
    try:
        yield photo
    except BaseException:
        remove_files(photo.key)
        raise


def store_photo(stream: IO[bytes]) -> StoredPhoto:
    """Write the files of the picture in `stream`. Raises PhotoRefused, and leaves no file."""
    image = read_picture(stream)
    key = secrets.token_hex(12)
    try:
        large = _write_sizes(image, key)
    except BaseException:
        remove_files(key)
        raise
    return StoredPhoto(key, *large.size)


def read_picture(stream: IO[bytes]) -> Image.Image:
    """The picture upright, in sRGB and without metadata. Raises PhotoRefused."""
    content = stream.read(MOST_MEGABYTES * 1_000_000 + 1)
    if len(content) > MOST_MEGABYTES * 1_000_000:
        raise PhotoTooLarge(most=MOST_MEGABYTES)
    image = _open(content)
    try:
        if image.format in {"JPEG", "MPO"}:
            image.draft("RGB", (2 * LONG_SIDE, 2 * LONG_SIDE))
        image.load()
        image = _in_srgb(ImageOps.exif_transpose(image))
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise PhotoDamaged from error
    image.info.clear()
    return image


def _open(content: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content), formats=READABLE)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooManyPixels(most=MOST_MEGAPIXELS) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise NotAnImage from error
    if image.width * image.height > MOST_MEGAPIXELS * 1_000_000:
        raise PhotoTooManyPixels(most=MOST_MEGAPIXELS)
    return image


def _in_srgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda shade: shade / 256).convert("L").convert("RGB")
    if image.mode in {"RGBA", "LA", "P", "PA"}:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except ImageCms.PyCMSError:
            return image.convert("RGB")
        return converted if converted is not None else image.convert("RGB")
    return image.convert("RGB")


def _write_sizes(image: Image.Image, key: str) -> Image.Image:
    large = image.copy()
    large.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    pictures = {LONG_SIDE: large} | {
        side: ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS) for side in SQUARES
    }
    for size, picture in pictures.items():
        for kind, options in KINDS.items():
            path = media_folder() / photo_path(key, size, kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path, **options)
    return large
