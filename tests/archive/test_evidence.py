"""Pictures beside findings: they show what the caption counts, and the counts are right."""

from __future__ import annotations

import re

import numpy as np

from tanaoroshi.archive import take_archive
from tanaoroshi.archive.evidence import PER_LINE, evidence_of
from tanaoroshi.archive.examine import examine
from tanaoroshi.records.attributes import Attribute, Attributes
from tanaoroshi.records.words import Text
from tanaoroshi.words import translate


def collection(rng: np.random.Generator) -> Attributes:
    """Colour and shape are tied, blue squares are missing, and red comes up over the years."""
    n = 1200
    year = rng.integers(0, 6, n)
    colour = (rng.random(n) < 0.2 + 0.1 * year).astype(float)
    shape = np.where(rng.random(n) < 0.6, colour, rng.integers(0, 2, n))
    shape[(colour == 0) & (shape == 1)] = 0
    specs = (
        Attribute("colour", "nominal", Text("Colour", "色"), ("blue", "red"), protected=True),
        Attribute("shape", "nominal", Text("Shape", "形"), ("round", "square")),
        Attribute("year", "ordinal", Text("Year", "年"), tuple(str(2000 + k) for k in range(6))),
    )
    return Attributes(specs, np.column_stack([colour, shape, year]), np.arange(n) // 2)


def test_every_line_shows_what_it_says() -> None:
    rng = np.random.default_rng(0)
    table = collection(rng)
    archive = take_archive(table, rng=rng)
    examined = examine(table, rng=rng)
    found = evidence_of(table, archive, examined, rng=rng)
    colour, shape, year = table.values.T
    tie = found["tie/colour/shape"]
    assert all((colour[list(line.rows)] == shape[list(line.rows)]).all() for line in tie)
    first = translate(tie[0].caption, "en")
    said = int(re.findall(r"([\d,]+) images", first)[0].replace(",", ""))
    which = 1 if "red" in first else 0
    assert said == int(((colour == which) & (shape == which)).sum())
    gap = found["gap/colour=blue/shape=square"]
    assert gap[0].rows == ()
    assert "0 images" in translate(gap[0].caption, "en")
    assert (colour[list(gap[1].rows)] == 0).all()
    assert (shape[list(gap[2].rows)] == 1).all()
    trend = found["trend/colour=red/year"]
    assert (year[list(trend[0].rows)] == 0).all()
    assert (year[list(trend[1].rows)] == 5).all()
    assert all((colour[list(line.rows)] == 1).all() for line in trend)
    for lines in found.values():
        for line in lines:
            assert len(line.rows) <= PER_LINE
            # One picture of a group, as long as there are other groups.
            assert len({row // 2 for row in line.rows}) == len(line.rows)


def test_the_same_seed_shows_the_same_pictures() -> None:
    table = collection(np.random.default_rng(1))

    def once() -> object:
        rng = np.random.default_rng(2)
        archive, examined = take_archive(table, rng=rng), examine(table, rng=rng)
        return evidence_of(table, archive, examined, rng=np.random.default_rng(3))

    assert once() == once()
