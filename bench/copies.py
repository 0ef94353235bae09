"""Whether planted copies are found among drawn pictures, how long it takes and what memory.

Pictures of 64 × 64 are drawn batch by batch: an even or shaded ground with some ellipses, bars and
rings of random colours, so that all are different; a twentieth of them are edited copies of earlier
ones. A false pair is a near copy that was not planted. The limits are 2.5 minutes and 2 GiB for
100,000 pictures on 2 cores.

    python bench/copies.py [--only 1000 10000 100000] [--emoji]

``--emoji`` plants among the shipped emoji instead, with their declared groups and without.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections import Counter
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from tanaoroshi.archive.copies import Prints, find_copies, join_prints, prints_of
from tanaoroshi.engine import read_pictures
from tanaoroshi.models import ImageSpec
from tanaoroshi.sources import load_collection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.records.copies import Copies

SIDE = 64
BATCH = 1000
SHARE = 0.05
EMOJI_SHARE = 0.3
SHAPES = 6
KINDS = (
    "exact", "flip", "jpeg", "crop", "brightness", "contrast", "blur", "resize",
    "flip and jpeg", "crop and jpeg", "brightness and jpeg",
)  # fmt: skip


class Planted(NamedTuple):
    """Prints of pictures with copies among them: which are copies (rows), of which, and how.

    ``seconds``: how long the prints took.
    """

    prints: Prints
    rows: Ints
    sources: Ints
    kinds: list[str]
    seconds: float = 0.0


def draw(n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw n different pictures, uint8 (n, SIDE, SIDE, 3)."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE - 0.5
    out = np.empty((n, SIDE, SIDE, 3), np.float32)
    slope = rng.normal(0, 60, (n, 2, 3)).astype(np.float32) * (rng.random((n, 1, 1)) < 0.5)
    ground = rng.uniform(0, 255, (n, 3)).astype(np.float32)
    for i in range(n):
        out[i] = ground[i] + x[..., None] * slope[i, 0] + y[..., None] * slope[i, 1]
        for _ in range(rng.integers(2, SHAPES)):
            centre, turn = rng.uniform(-0.4, 0.4, 2), rng.uniform(0, np.pi)
            size = rng.uniform(0.06, 0.35, 2)
            u = ((x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)) / size[0]
            v = ((y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)) / size[1]
            form = rng.integers(3)
            far = np.maximum(abs(u), abs(v)) if form == 0 else np.hypot(u, v)
            ink = np.clip((1 - far) * size.min() * SIDE + 0.5, 0, 1)
            if form == 2:
                ink = ink * np.clip((far - 0.6) * size.min() * SIDE + 0.5, 0, 1)
            out[i] += ink[..., None] * (rng.uniform(0, 255, 3) - out[i])
    return np.clip(out, 0, 255).astype(np.uint8)


def edit(picture: NDArray[np.uint8], kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an edited copy, uint8 (h, w, 3); JPEG of quality 50 to 90, crops up to a tenth."""
    image = Image.fromarray(picture)
    wide, high = image.size
    if " and " in kind:
        first, second = kind.split(" and ")
        return edit(edit(picture, first, rng), second, rng)
    if kind == "flip":
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    elif kind == "jpeg":
        stream = BytesIO()
        image.save(stream, "JPEG", quality=int(rng.integers(50, 91)))
        image = Image.open(stream).convert("RGB")
    elif kind == "crop":
        left, right = rng.dirichlet([1, 1]) * rng.uniform(0.02, 0.1) * wide
        top, bottom = rng.dirichlet([1, 1]) * rng.uniform(0.02, 0.1) * high
        box = (round(left), round(top), wide - round(right), high - round(bottom))
        image = image.crop(box).resize((wide, high), Image.Resampling.LANCZOS)
    elif kind == "brightness":
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.8, 1.2))
    elif kind == "contrast":
        image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.8, 1.2))
    elif kind == "blur":
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1)))
    elif kind == "resize":
        small = [round(side * rng.uniform(0.5, 0.9)) for side in image.size]
        image = image.resize((small[0], small[1]), Image.Resampling.BICUBIC)
        image = image.resize((wide, high), Image.Resampling.BICUBIC)
    return np.asarray(image)


def plant(
    pictures: NDArray[np.uint8], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Ints, list[str]]:
    """Return edited copies of some pictures, of which each is one, and how it was made."""
    sources = rng.choice(len(pictures), count, replace=False)
    kinds = [KINDS[i % len(KINDS)] for i in range(count)]
    copies = [edit(pictures[i], kind, rng) for i, kind in zip(sources, kinds, strict=True)]
    return np.stack(copies), sources, kinds


def drawn(n: int, rng: np.random.Generator) -> Planted:
    """Draw n pictures with planted copies, and keep their prints only."""
    parts, rows, sources, kinds, seconds = [], [], [], [], 0.0
    for at in range(0, n, BATCH):
        size = min(BATCH, n - at)
        extra = round(size * SHARE)
        pictures = draw(size - extra, rng)
        copies, of, how = plant(pictures, extra, rng)
        start = time.perf_counter()
        parts.append(prints_of(np.concatenate([pictures, copies])))
        seconds += time.perf_counter() - start
        rows.append(at + size - extra + np.arange(extra))
        sources.append(at + of)
        kinds += how
    prints = join_prints(parts)
    return Planted(prints, np.concatenate(rows), np.concatenate(sources), kinds, seconds)


def tally(
    found: Copies, planted: Planted, known: tuple[tuple[int, ...], ...] = ()
) -> tuple[dict[str, float], int]:
    """Return the share found of each kind, and how many near copies are neither planted nor known.

    ``known``: groups of rows that were copies of one another before anything was planted.
    """
    origin = np.arange(found.n)
    for rows in known:
        origin[list(rows)] = rows[0]
    origin[planted.rows] = origin[planted.sources]
    pairs = {copy.rows for copy in found.exact + found.near}
    asked, hit = Counter[str](), Counter[str]()
    for row, source, kind in zip(planted.rows, planted.sources, planted.kinds, strict=True):
        asked[kind] += 1
        hit[kind] += (int(source), int(row)) in pairs
    false = sum(origin[i] != origin[j] for i, j in (copy.rows for copy in found.near))
    return {kind: hit[kind] / asked[kind] for kind in KINDS if asked[kind]}, false


def emoji(rng: np.random.Generator) -> None:
    """Plant among the emoji: what they hold already is counted first."""
    collection = load_collection("emoji")
    pictures = read_pictures(ImageSpec(SIDE, SIDE, 3), collection, np.arange(len(collection)))
    groups = collection.attributes.group
    assert groups is not None
    # A copy of a picture that is there twice would be paired with the first of both.
    _, different = np.unique(prints_of(pictures).pixels, return_index=True)
    different.sort()
    pictures, groups = pictures[different], groups[different]
    _, first = np.unique(groups, return_index=True)
    first.sort()
    # Planted copies are of no group.
    own = groups.max() + 1 + np.arange(len(pictures))
    for name, those, declared in (
        ("no groups", pictures, None),
        ("declared groups", pictures, groups),
        ("one of each group", pictures[first], None),
    ):
        count = round(len(those) * EMOJI_SHARE)
        before = find_copies(prints_of(those), group=declared)
        show(f"emoji, {name}: before", before, None, 0.0)
        copies, sources, kinds = plant(those, count, rng)
        planted = Planted(
            prints_of(np.concatenate([those, copies])),
            len(those) + np.arange(count),
            sources,
            kinds,
        )
        start = time.perf_counter()
        group = None if declared is None else np.r_[declared, own[:count]]
        found = find_copies(planted.prints, group=group)
        show(f"emoji, {name}", found, planted, start, before.groups)


def show(
    name: str,
    found: Copies,
    planted: Planted | None,
    start: float,
    known: tuple[tuple[int, ...], ...] = (),
) -> None:
    """Print one row of the table."""
    seconds = f"{time.perf_counter() - start:.1f} s, " if start else ""
    print(
        f"{name}: {seconds}{found.n:,} pictures, {len(found.exact)} exact, {len(found.near)} near, "
        f"{len(found.odd)} odd, limit {found.settings['limit_used']:.2f}"
    )
    if planted is not None:
        shares, false = tally(found, planted, known)
        kinds = ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items())
        print(f"  not planted: {false}; found of each kind: {kinds}", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", type=int, default=[1000, 10_000, 100_000])
    parser.add_argument("--emoji", action="store_true")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    if asked.emoji:
        emoji(rng)
        return
    for n in asked.only:
        planted = drawn(n, rng)
        start, used = time.perf_counter(), time.process_time()
        found = find_copies(planted.prints)
        show(f"{n:,} drawn", found, planted, start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        used = time.process_time() - used
        print(
            f"  {used:.1f} s of processor time, prints before that {planted.seconds:.1f} s, "
            f"peak {peak:.2f} GiB, load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
