from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from copies import KINDS, Planted, draw, drawn, plant, tally
from tanaoroshi.archive import neighbours
from tanaoroshi.archive.copies import CopySettings, Prints, find_copies, join_prints, prints_of
from tanaoroshi.archive.neighbours import nearest, nearest_to
from tanaoroshi.archive.odd import odd_rows
from tanaoroshi.engine import read_pictures, read_prints
from tanaoroshi.errors import InputError
from tanaoroshi.models import ImageSpec
from tanaoroshi.sources import Collection, load_collection

if TYPE_CHECKING:
    from tanaoroshi.records.copies import Copies, Copy

SINGLE = [kind for kind in KINDS if " and " not in kind and kind != "exact"]


def nothing(found: Copies) -> bool:
    return not (found.exact or found.near or found.groups or found.odd)


@pytest.fixture(scope="module")
def emoji() -> Collection:
    return load_collection("emoji")


@pytest.fixture(scope="module")
def one_each(emoji: Collection) -> Prints:
    """Emoji of which no two are variants of one another, nor twice there."""
    read = read_prints(emoji)
    prints, rows = read.prints, read.rows
    group = emoji.attributes.group
    assert group is not None
    assert len(rows) == len(emoji)
    _, first = np.unique(group, return_index=True)
    _, different = np.unique(prints.pixels[first], return_index=True)
    chosen = first[different]
    return Prints(prints.thumbs[chosen], prints.pixels[chosen])


def test_planted_copies_of_drawings_are_found_and_nothing_else() -> None:
    planted = drawn(1500, np.random.default_rng(0))
    shares, false = tally(find_copies(planted.prints), planted)
    assert shares["exact"] == 1
    assert np.mean([shares[kind] for kind in SINGLE]) >= 0.98
    assert false == 0


def test_planted_copies_of_emoji_are_found(emoji: Collection) -> None:
    group = emoji.attributes.group
    assert group is not None
    rows = np.sort(np.unique(group, return_index=True)[1])[::3]
    pictures = read_pictures(ImageSpec(64, 64, 3), emoji, rows)
    before = find_copies(prints_of(pictures))
    rng = np.random.default_rng(1)
    copies, sources, kinds = plant(pictures, len(pictures) // 2, rng)
    prints = join_prints([prints_of(pictures), prints_of(copies)])
    planted = Planted(prints, len(pictures) + np.arange(len(copies)), sources, kinds)
    found = find_copies(prints)
    shares, false = tally(found, planted, before.groups)
    assert shares["exact"] == 1
    assert np.mean([shares[kind] for kind in SINGLE]) >= 0.95
    assert false <= 0.01 * len(found.near)
    flips = {c.rows for c in found.near if "flipped" in c.how}
    asked = [(s, r) for s, r, k in zip(sources, planted.rows, kinds, strict=True) if k == "flip"]
    assert np.mean([pair in flips for pair in asked]) >= 0.8  # symmetrical ones look the same


@pytest.mark.slow
def test_variants_of_emoji_do_not_flood_the_list(emoji: Collection) -> None:
    read = read_prints(emoji)
    prints, keys = read.prints, read.keys
    found = find_copies(prints, keys, group=emoji.attributes.group)
    # 19 are stored twice. Of the near ones, all mirror images but a few were checked by eye.
    assert len(found.exact) == 19
    assert 100 <= len(found.near) <= 130
    assert sum("flipped" in copy.how for copy in found.near) >= 0.95 * len(found.near)
    assert max(map(len, found.groups)) <= 6


def test_emoji_without_variants_hold_mirror_images_only(one_each: Prints) -> None:
    found = find_copies(one_each)
    assert found.exact == ()
    assert all("flipped" in copy.how for copy in found.near)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_noise_holds_no_copies(channels: int) -> None:
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (300, 32, 32, channels), dtype=np.uint8)
    found = find_copies(prints_of(noise))
    assert nothing(found)
    # Faint noise differs by less than a recompression leaves, and is no copy either.
    faint = prints_of((128 + rng.normal(0, 8, (300, 32, 32, channels))).astype(np.uint8))
    assert find_copies(faint).near == ()


def test_flat_pictures_are_copies_only_where_equal() -> None:
    flat = np.zeros((6, 16, 16, 3), np.uint8) + np.array([255, 254, 254, 90, 91, 255])[
        :, None, None, None
    ].astype(np.uint8)
    found = find_copies(prints_of(flat))
    assert [copy.rows for copy in found.exact] == [(1, 2), (0, 5)]
    assert found.near == ()
    assert found.groups == ((0, 5), (1, 2))


def test_keys_and_pixels_both_make_copies() -> None:
    pictures = draw(4, np.random.default_rng(3))
    pictures[2] = pictures[0]
    keys = np.array([b"a", b"b", b"c", b"b"])
    found = find_copies(prints_of(pictures), keys)
    assert [copy.rows for copy in found.exact] == [(0, 2), (1, 3)]


def test_what_was_done_is_named() -> None:
    picture = draw(1, np.random.default_rng(9))[0].astype(float)
    middle = picture.mean()
    edits = [
        picture,
        picture[:, ::-1],
        np.clip(picture * 0.85, 0, 255),
        np.clip(middle + (picture - middle) * 0.85, 0, 255),
        picture[2:62, 3:].repeat(2, axis=0)[: 2 * 60][:, :61],
    ]
    for edited, name in zip(edits[1:4], ("flipped", "darker", "less contrast"), strict=True):
        pair = prints_of(np.stack([picture, edited]).astype(np.uint8))
        (copy,) = find_copies(pair).near
        assert copy.how == (name,)
    cropped = join_prints([prints_of(e[None].astype(np.uint8)) for e in (picture, edits[4])])
    (copy,) = find_copies(cropped).near
    assert copy.how == ("cropped",)


def test_none_one_or_two_pictures() -> None:
    pictures = draw(2, np.random.default_rng(4))
    for n in range(3):
        found = find_copies(prints_of(pictures[:n]))
        assert found.n == n
        assert nothing(found)
    assert find_copies(join_prints([])).n == 0


@pytest.mark.parametrize("side", [1, 4, 7])
def test_tiny_pictures(side: int) -> None:
    rng = np.random.default_rng(5)
    tiny = rng.random((40, side, side, 1)).astype(np.float32)
    tiny[7] = tiny[3]
    found = find_copies(prints_of(tiny))
    assert [copy.rows for copy in found.exact] == [(3, 7)]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    planted = drawn(120, np.random.default_rng(seed)).prints
    order = np.random.default_rng(seed).permutation(len(planted))
    found = find_copies(planted)
    turned = find_copies(Prints(planted.thumbs[order], planted.pixels[order]))

    def pairs(copies: tuple[Copy, ...]) -> set[frozenset[int]]:
        return {frozenset(copy.rows) for copy in copies}

    back = {frozenset(int(order[i]) for i in pair) for pair in pairs(turned.exact + turned.near)}
    assert back == pairs(found.exact + found.near)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_duplicate_adds_exactly_its_pair(seed: int) -> None:
    planted = drawn(120, np.random.default_rng(seed)).prints
    again = seed % len(planted)
    found = find_copies(planted)
    more = find_copies(
        join_prints([planted, Prints(planted.thumbs[[again]], planted.pixels[[again]])])
    )
    assert more.near == found.near
    added = set(more.exact) - set(found.exact)
    assert [copy.rows[1] for copy in added] == [len(planted)]


def test_declared_variants_are_not_listed() -> None:
    picture = draw(3, np.random.default_rng(6))
    pair = prints_of(np.concatenate([picture, picture[:1, :, ::-1]]))
    assert len(find_copies(pair).near) == 1
    assert find_copies(pair, group=np.array([0, 1, 2, 0])).near == ()


def test_wrong_input_is_said() -> None:
    prints = prints_of(draw(2, np.random.default_rng(7)))
    with pytest.raises(InputError, match="2 pictures, but 1 keys"):
        find_copies(prints, np.array([b"a"]))
    with pytest.raises(InputError, match="2 pictures, but 1 groups"):
        find_copies(prints, group=np.zeros(1, np.int64))
    with pytest.raises(InputError, match="channels"):
        prints_of(np.zeros((2, 8, 8), np.uint8))


def test_cells_find_nearly_all_close_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    points = rng.normal(size=(4000, 67)) / np.arange(1, 68)
    points[2000:] = points[:2000] + 0.05 * rng.normal(size=(2000, 67)) / np.arange(1, 68)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    described = points.astype(np.float32)
    exact, exact_mirrored = nearest(described, 2)
    monkeypatch.setattr(neighbours, "EXACT", 100)
    by_cells, mirrored = nearest(described, 2)
    assert np.mean(exact[0] == by_cells[0]) >= 0.99
    assert np.mean(exact_mirrored[0][:, 0] == mirrored[0][:, 0]) >= 0.9
    assert np.all(by_cells[1] >= exact[1] - 1e-3)
    some = np.array([5, 17])
    assert nearest_to(described, some, 1)[:, 0] == pytest.approx(exact[1][some, 1], abs=1e-3)


def test_odd_ones_out() -> None:
    rng = np.random.default_rng(10)
    # Discs of one kind, and two pictures of something else.
    y, x = np.mgrid[:32, :32]
    places = rng.uniform(10, 22, (300, 3))
    discs = [255 * (np.hypot(y - a, x - b) < 3 + r / 4) for a, b, r in places]
    pictures = np.stack([*discs, 255 * (y > x), 255 * ((y // 4 + x // 4) % 2)])
    found = find_copies(prints_of(pictures[..., None].astype(np.uint8)))
    assert {300, 301} <= {odd.row for odd in found.odd}
    assert len(found.odd) <= 3


def test_homogeneous_collections_have_no_odd_ones_in_95_of_100() -> None:
    rng = np.random.default_rng(11)
    runs, any_ = 300, 0
    for run in range(runs):
        q = (2, 10, 67)[run % 3]
        points = rng.normal(size=(300, q)) / (np.arange(1, q + 1) if q == 67 else 1)
        near, rows = NearestNeighbors(n_neighbors=7).fit(points).kneighbors(points)
        level = CopySettings().odd_level
        any_ += len(odd_rows(np.median(near[:, 1:], axis=1), rows[:, 1:], level=level)[0]) > 0
    assert any_ / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)
