"""Stored photos: where their files lie. What is in them is the matter of `pictures`."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from pathlib import Path

SQUARES = (320, 640)
LONG_SIDE = 1280
FILE_KINDS = ("avif", "webp")

_folder: list[Path] = []


def set_media_folder(folder: Path) -> None:
    """Keep pictures in `folder` from now on. Called once at start."""
    _folder[:] = [folder]


def media_folder() -> Path:
    return _folder[0]


@dataclass(frozen=True)
class StoredPhoto:
    """Files that exist; `width` and `height` are those of the largest."""

    key: str
    width: int
    height: int


def photo_path(key: str, size: int, kind: str = "webp") -> str:
    """Where a size of a picture lies below the media folder, and below `/media/`."""
    return f"{key[:2]}/{key}-{size}.{kind}"


def is_same_picture(key: str, other: str) -> bool:
    """Whether two stored pictures came of the same file: the same pixels are encoded the same."""
    one, two = (media_folder() / photo_path(name, SQUARES[0]) for name in (key, other))
    return one.is_file() and two.is_file() and filecmp.cmp(one, two, shallow=False)


def remove_files(key: str) -> None:
    for size in (*SQUARES, LONG_SIDE):
        for kind in FILE_KINDS:
            (media_folder() / photo_path(key, size, kind)).unlink(missing_ok=True)
