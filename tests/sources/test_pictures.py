"""Pictures of every mode become what the model takes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tanaoroshi.errors import InputError
from tanaoroshi.sources.pictures import MAX_PIXELS, Change, decode

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stored(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_fitting_picture_is_left_alone() -> None:
    pixels = noise(8, 8, 3)
    decoded = decode(stored(Image.fromarray(pixels)), (8, 8), 3)
    np.testing.assert_array_equal(decoded.picture, pixels)
    assert decoded.changes == Change.NONE
    np.testing.assert_array_equal(decode(pixels, (8, 8), 3).picture, pixels)


def test_transparent_picture_is_put_on_white() -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[0, 0] = (255, 0, 0, 255)
    decoded = decode(stored(Image.fromarray(pixels)), (4, 4), 3)
    assert decoded.changes == Change.FLATTENED
    assert decoded.picture[0, 0].tolist() == [255, 0, 0]
    assert (decoded.picture[1:] == 255).all()
    opaque = decode(stored(Image.new("RGBA", (4, 4), (9, 9, 9, 255))), (4, 4), 1)
    assert opaque.changes == Change.NONE
    assert (opaque.picture == 9).all()


def test_palette_with_transparency() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 255, 255, 0, 0])
    decoded = decode(stored(image, transparency=0), (4, 4), 3)
    assert (decoded.picture == 255).all()
    assert decoded.changes == Change.FLATTENED


def test_grey_and_colour() -> None:
    colour = Image.new("RGB", (4, 4), (255, 0, 0))
    grey = decode(stored(colour), (4, 4), 1)
    assert grey.changes == Change.GREYED
    assert grey.picture[0, 0, 0] == 76  # ITU-R 601: 0.299 of white
    back = decode(stored(Image.new("L", (4, 4), 7)), (4, 4), 3)
    assert back.changes == Change.COLOURED
    assert (back.picture == 7).all()


def test_sixteen_bits_are_reduced() -> None:
    deep = np.array([[0, 257, 32896, 65535]], np.uint16).repeat(4, axis=0)
    decoded = decode(stored(Image.fromarray(deep)), (4, 4), 1)
    assert decoded.changes == Change.REDUCED
    assert decoded.picture[0, :, 0].tolist() == [0, 1, 128, 255]


def test_cmyk_is_coloured() -> None:
    decoded = decode(stored(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF"), (4, 4), 3)
    assert decoded.picture[0, 0, 0] > 200
    assert decoded.picture[0, 0, 1:].max() < 60


def test_photograph_is_turned_upright() -> None:
    pixels = np.zeros((4, 4), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    decoded = decode(stored(Image.fromarray(pixels), exif=exif), (4, 4), 1)
    assert (decoded.picture[3] == 255).all()
    assert (decoded.picture[:3] == 0).all()


def test_size_and_shape() -> None:
    assert decode(noise(16, 16, 3), (8, 8), 3).changes == Change.RESIZED
    both = decode(noise(16, 8, 3), (8, 8), 3)
    assert both.changes == Change.RESIZED | Change.STRETCHED
    assert both.picture.shape == (8, 8, 3)
    flat = decode(stored(Image.new("RGB", (300, 200), (10, 20, 30)), "JPEG"), (8, 8), 3)
    assert np.abs(flat.picture.astype(int) - [10, 20, 30]).max() <= 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no picture"),
        (b"%PDF-1.4 nothing", "broken"),
        (stored(Image.fromarray(noise(32, 32, 3)))[:-400], "broken"),
        (stored(Image.new("L", (8001, 8001))), "pixels"),
        (stored(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"), "floating"),
    ],
)
def test_unusable_pictures(raw: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        decode(raw, (8, 8), 3)


def test_bomb_is_not_unpacked() -> None:
    side = int(MAX_PIXELS**0.5) + 1000
    bomb = stored(Image.new("1", (side, side)))
    assert len(bomb) < 20_000
    with pytest.raises(InputError, match="pixels"):
        decode(bomb, (8, 8), 1)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
    st.integers(0, 200),
)
def test_damage_never_escapes(kind: str, flips: list[tuple[int, int]], cut: int) -> None:
    raw = bytearray(stored(Image.fromarray(noise(12, 12, 3)), kind))
    for place, value in flips:
        raw[place % len(raw)] = value
    try:
        decoded = decode(bytes(raw[: len(raw) - cut]), (8, 8), 3)
    except InputError:
        return
    assert decoded.picture.shape == (8, 8, 3)
