"""Pictures come out upright, in color, small and without a word about where they were taken."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from marketplace.catalog import photo_files
from marketplace.catalog.errors import (
    NotAnImage,
    PhotoDamaged,
    PhotoTooLarge,
    PhotoTooManyPixels,
)
from marketplace.catalog.photo_files import photo_path
from marketplace.catalog.pictures import read_picture, store_photo, stored_photo

PHOTOS = Path(__file__).parent / "photos"
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 30), (30, 30, 200), (240, 240, 240)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_files, "_folder", [tmp_path])
    return tmp_path


def opened(name: str):
    return io.BytesIO((PHOTOS / name).read_bytes())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def quarters(size=(40, 20)) -> Image.Image:
    """Red and green above, blue and white below."""
    image = Image.new("RGB", size)
    wide, high = size[0] // 2, size[1] // 2
    for place, color in (
        ((0, 0), RED),
        ((wide, 0), GREEN),
        ((0, high), BLUE),
        ((wide, high), WHITE),
    ):
        image.paste(color, (*place, place[0] + wide, place[1] + high))
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    stream.seek(0)
    return stream


# What a camera does to an upright picture before it notes the orientation.
AS_STORED = {
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


@pytest.mark.parametrize("orientation", AS_STORED)
def test_every_orientation_comes_out_upright(orientation):
    stored = quarters((400, 200))
    for turn in AS_STORED[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation

    upright = read_picture(encoded(stored, quality=95, exif=exif))

    assert upright.size == (400, 200)
    seen = [upright.getpixel(place) for place in ((50, 50), (350, 50), (50, 150), (350, 150))]
    assert all(
        abs(ours - theirs) < 12
        for ours_all, theirs_all in zip(seen, (RED, GREEN, BLUE, WHITE), strict=True)
        for ours, theirs in zip(ours_all, theirs_all, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("exif_landscape_3.jpg", "exif_landscape_1.jpg"),
        ("exif_landscape_6.jpg", "exif_landscape_1.jpg"),
        ("exif_landscape_8.jpg", "exif_landscape_1.jpg"),
        ("exif_portrait_5.jpg", "exif_portrait_2.jpg"),
        ("exif_portrait_6.jpg", "exif_portrait_2.jpg"),
        ("exif_portrait_8.jpg", "exif_portrait_2.jpg"),
    ],
)
def test_photos_of_real_phones_come_out_alike(name, like):
    one, other = read_picture(opened(name)), read_picture(opened(like))

    assert one.size == other.size
    assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) < 6


def test_three_sizes_in_two_kinds_are_stored(folder):
    photo = store_photo(encoded(quarters((2000, 1000))))

    assert files(folder) == [
        f"{photo.key}-{size}.{kind}" for size in (1280, 320, 640) for kind in ("avif", "webp")
    ]
    sizes = {}
    for size in (320, 640, 1280):
        with Image.open(folder / photo_path(photo.key, size, "avif")) as picture:
            sizes[size] = picture.size
    assert sizes == {320: (320, 320), 640: (640, 640), 1280: (1280, 640)}
    assert (photo.width, photo.height) == (1280, 640)


def test_what_a_phone_writes_about_the_place_is_dropped(folder):
    assert Image.open(opened("coffee_cup_exif6_gps.jpg")).getexif().get_ifd(0x8825)

    photo = store_photo(opened("coffee_cup_exif6_gps.jpg"))

    for path in folder.rglob("*.*"):
        with Image.open(path) as image:
            assert dict(image.getexif()) == {}
            assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
        assert b"GPS" not in path.read_bytes()
    assert (photo.width, photo.height) == (600, 400)


@pytest.mark.parametrize("name", ["coffee_cup_cmyk.jpg", "coffee_cup_gray.jpg"])
def test_print_and_gray_pictures_become_color_pictures(name):
    assert read_picture(opened(name)).mode == "RGB"


def test_print_colors_stay_what_they_were():
    print_colors = read_picture(opened("coffee_cup_cmyk.jpg")).resize((60, 40))
    screen_colors = read_picture(opened("coffee_cup_exif6_gps.jpg"))
    average = ImageStat.Stat(print_colors).mean
    expected = ImageStat.Stat(screen_colors).mean

    assert max(abs(a - b) for a, b in zip(average, expected, strict=True)) < 25


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "I;16"])
def test_pictures_of_other_modes_are_read(mode):
    image = quarters().convert("L").convert(mode) if mode == "I;16" else quarters().convert(mode)

    assert read_picture(encoded(image, "PNG")).mode == "RGB"


def test_what_is_transparent_becomes_white():
    image = Image.new("RGBA", (10, 10), (200, 0, 0, 0))

    assert read_picture(encoded(image, "PNG")).getpixel((5, 5)) == (255, 255, 255)


def test_a_tiny_picture_is_accepted(folder):
    assert store_photo(opened("coffee_cup_tiny_120.jpg")).width == 120


def bomb(width: int, height: int) -> io.BytesIO:
    """A PNG of a few hundred bytes that claims to be huge."""
    return encoded(Image.new("1", (width, height)), "PNG")


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (lambda: opened("not_an_image.jpg"), NotAnImage),
        (lambda: io.BytesIO(b""), NotAnImage),
        (lambda: io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), NotAnImage),
        (lambda: io.BytesIO(b"%PDF-1.7 ..."), NotAnImage),
        (lambda: encoded(quarters(), "TIFF"), NotAnImage),
        (lambda: encoded(quarters(), "GIF"), NotAnImage),
        (lambda: opened("broken_truncated.jpg"), PhotoDamaged),
        (lambda: io.BytesIO(encoded(quarters(), "PNG").read()[:90]), PhotoDamaged),
        (lambda: bomb(8000, 7000), PhotoTooManyPixels),
        (lambda: bomb(12000, 12000), PhotoTooManyPixels),
        (lambda: io.BytesIO(b"\xff\xd8\xff" + b"0" * 15_000_000), PhotoTooLarge),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(folder, stream, error):
    with pytest.raises(error):
        store_photo(stream())

    assert files(folder) == []


def test_files_are_removed_when_their_row_is_not_written(folder):
    before = []

    def fail():
        before.extend(files(folder))
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError), stored_photo(opened("coffee_cup_gray.jpg")):
        fail()

    assert (len(before), files(folder)) == (6, [])


def test_a_full_disk_leaves_no_half_picture(folder, monkeypatch):
    save = Image.Image.save
    seen = []

    def full_after_three(image, path, *args, **options):
        seen.append(path)
        if len(seen) > 3:
            raise OSError(28, "No space left on device")
        return save(image, path, *args, **options)

    monkeypatch.setattr(Image.Image, "save", full_after_three)
    with pytest.raises(OSError, match="No space"):
        store_photo(opened("coffee_cup_gray.jpg"))

    assert files(folder) == []
