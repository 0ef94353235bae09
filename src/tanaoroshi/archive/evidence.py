"""Evidence: for what is found in the table, images that show it and the counts beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.classes import classed
from tanaoroshi.archive.findings import FALSE_DISCOVERIES, tie_id
from tanaoroshi.archive.sentences import gap_id, three_way_id, trend_id, valued
from tanaoroshi.archive.tables import surplus
from tanaoroshi.records.archived import Line
from tanaoroshi.records.words import Text, message
from tanaoroshi.stats.resample import group_index, spread_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tanaoroshi.archive.classes import Classed
    from tanaoroshi.records.archive import Examined, Gap, ThreeWay, Trend
    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.stocktake import Archive, Tie
    from tanaoroshi.records.words import Words

    Bools = NDArray[np.bool_]
    Choose = Callable[[Bools], tuple[int, ...]]

PER_LINE = 6
"""Images in a line."""
NONE = Text("", "")
CELLS = 3
"""Combinations that show a tie: those that occur most beyond what no tie would give."""
MOST = 20
"""Of each kind, so many findings get images, in their order."""


def evidence_of(
    attributes: Attributes,
    archive: Archive,
    examined: Examined,
    *,
    rng: np.random.Generator,
) -> Mapping[str, tuple[Line, ...]]:
    """Choose images for the ties, gaps, trends and three-way ties that were found.

    Parameters
    ----------
    attributes
        The table; only images that can be read.
    archive, examined
        What was found in it.
    rng
        Source of chance: which images are shown, of as many groups as possible.

    Returns
    -------
    By the name of the finding: lines of at most ``PER_LINE`` rows. *Ties*: the combinations that
    occur most beyond what unrelated attributes would give. *Three-way ties*: the same within the
    value of the third where the tie is strongest, then where it is weakest. *Gaps*: the
    combination itself, then each of its values. *Trends*: the earliest images of the value, and
    the latest.
    """
    classes = {one.spec.name: one for one in classed(attributes, examined.not_applicable)}
    choose = chooser(attributes, rng)
    found: dict[str, tuple[Line, ...]] = {}
    for tie in _sure(archive.ties):
        if tie.a in classes and tie.b in classes:
            found[tie_id(tie)] = _together(classes[tie.a], classes[tie.b], None, choose)
    for gap in examined.gaps.found[:MOST]:
        found[gap_id(gap)] = _gap(gap, classes, choose)
    for trend in examined.trends.found[:MOST]:
        found[trend_id(trend)] = _trend(trend, classes, choose)
    for one in examined.three_way.found[:MOST]:
        found[three_way_id(one)] = _three_way(one, classes, choose)
    return {name: lines for name, lines in found.items() if lines}


def chooser(attributes: Attributes, rng: np.random.Generator) -> Choose:
    """Return what draws a line's rows of those that may be shown, of as many groups as possible."""
    group = group_index(len(attributes), attributes.group)

    def choose(shown: Bools) -> tuple[int, ...]:
        rows = spread_rows(np.flatnonzero(shown), group, PER_LINE, rng=rng)
        return tuple(int(row) for row in rows)

    return choose


def _sure(ties: tuple[Tie, ...]) -> list[Tie]:
    told = [
        tie for tie in ties if tie.p_adjusted <= FALSE_DISCOVERIES and tie.measure != "function"
    ]
    return told[: 2 * MOST]


def _together(
    a: Classed, b: Classed, within: Bools | None, choose: Choose, prefix: Words = NONE
) -> tuple[Line, ...]:
    """Show the combinations that occur most beyond what unrelated attributes would give."""
    known = (a.codes >= 0) & (b.codes >= 0)
    if within is not None:
        known &= within
    shape = len(a.names), len(b.names)
    cells = a.codes[known] * shape[1] + b.codes[known]
    table = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    above, expected = surplus(table)
    lines = []
    for cell in np.argsort(-above.ravel(), kind="stable")[:CELLS].tolist():
        i, j = divmod(cell, shape[1])
        if above[i, j] <= 0:
            break
        caption = message(
            "{prefix}{first}, {second}: {n:,} images; {expected:,.0f} if unrelated",
            prefix=prefix,
            first=valued(a.spec, a.names[i]),
            second=valued(b.spec, b.names[j]),
            n=int(table[i, j]),
            expected=float(expected[i, j]),
        )
        lines.append(Line(caption, choose(known & (a.codes == i) & (b.codes == j))))
    return tuple(lines)


def _gap(gap: Gap, classes: Mapping[str, Classed], choose: Choose) -> tuple[Line, ...]:
    values = [(classes[name], classes[name].names.index(value)) for name, value in gap.cell.items()]
    every = np.all([one.codes == k for one, k in values], axis=0)
    itself = message(
        "The combination: {n:,} images; {expected:,.0f} expected",
        n=int(every.sum()),
        expected=gap.expected.value,
    )
    alone = [
        Line(
            message(
                "{value}: {n:,} images", value=valued(one.spec, one.names[k]), n=int(one.counts[k])
            ),
            choose(one.codes == k),
        )
        for one, k in values
    ]
    return (Line(itself, choose(every)), *alone)


def _trend(trend: Trend, classes: Mapping[str, Classed], choose: Choose) -> tuple[Line, ...]:
    one, time = classes[trend.attribute], classes[trend.time]
    rows = np.flatnonzero((one.codes == one.names.index(trend.value)) & (time.codes >= 0))
    if not len(rows):
        return ()
    order = rows[np.argsort(time.codes[rows], kind="stable")]
    lines = []
    for caption, at in (
        (message("The earliest"), order[0]),
        (message("The latest"), order[-1]),
    ):
        when = time.codes[at]
        shown = np.zeros(len(one.codes), dtype=np.bool_)
        shown[rows[time.codes[rows] == when]] = True
        lines.append(
            Line(
                message(
                    "{which} ({time} {at}): {n:,} images",
                    which=caption,
                    time=time.spec.label,
                    at=time.spec.value_label(time.names[when]),
                    n=int(shown.sum()),
                ),
                choose(shown),
            )
        )
    return tuple(lines)


def _three_way(tie: ThreeWay, classes: Mapping[str, Classed], choose: Choose) -> tuple[Line, ...]:
    given = classes[tie.given]
    lines: tuple[Line, ...] = ()
    for value in (tie.strong, tie.weak):
        if not value:
            continue
        k = given.names.index(value)
        prefix = message("{value}: ", value=valued(given.spec, given.names[k]))
        lines += _together(classes[tie.a], classes[tie.b], given.codes == k, choose, prefix)[:2]
    return lines
