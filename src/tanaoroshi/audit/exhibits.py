"""Pictures that stand beside the numbers: originals, what came back, examples of each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.stats.resample import group_index, spread_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.stocktake import Pictures

SIDE_BY_SIDE = 24
EXAMPLES = 6
MOST_VALUES = 24
CONTINUOUS_STEPS = 8


def to_bytes(pictures: NDArray[np.floating]) -> Pictures:
    """Return float pictures in [0, 1] as uint8."""
    levels: Pictures = np.rint(np.clip(pictures, 0.0, 1.0) * 255).astype(np.uint8)
    return levels


def side_by_side(
    originals: Pictures, reconstructions: Pictures, *, rng: np.random.Generator
) -> Mapping[str, Exhibit]:
    """Return some originals, and in the same order what the model gives back of them."""
    rows = np.sort(rng.permutation(len(originals))[:SIDE_BY_SIDE])
    return {
        "originals": Exhibit(originals[rows], columns=len(rows)),
        "reconstructions": Exhibit(reconstructions[rows], columns=len(rows)),
    }


def examples(
    read: Callable[[NDArray[np.int64]], Pictures],
    attributes: Attributes,
    *,
    rng: np.random.Generator,
) -> Mapping[str, Exhibit]:
    """Return a few pictures of each value of each attribute.

    ``read`` gives the pictures of some rows of the table, all that are shown in one call.

    Nominal and ordinal attributes: ``examples/{attribute}/{value}``, for the most frequent values.
    Continuous and circular ones: ``examples/{attribute}``, pictures in rising order of the value.
    Of one group at most one picture is taken, as long as there are other groups.
    """
    chosen: dict[str, NDArray[np.int64]] = {}
    group = group_index(len(attributes), attributes.group)
    for spec, column in zip(attributes.specs, attributes.values.T, strict=True):
        if spec.kind in ("continuous", "circular"):
            rows = _in_order(column, rng)
            if len(rows):
                chosen[f"examples/{spec.name}"] = rows
        elif spec.kind in ("nominal", "ordinal"):
            for index in _frequent(column, len(spec.values)):
                rows = spread_rows(np.flatnonzero(column == index), group, EXAMPLES, rng=rng)
                chosen[f"examples/{spec.name}/{spec.values[index]}"] = rows
    if not chosen:
        return {}
    needed = np.unique(np.concatenate(list(chosen.values())))
    pictures = read(needed)
    return {
        key: Exhibit(pictures[np.searchsorted(needed, rows)], columns=len(rows))
        for key, rows in chosen.items()
    }


def _frequent(column: NDArray[np.float64], m: int) -> list[int]:
    """Return the indices of the most frequent values that occur, in their own order."""
    known = column[np.isfinite(column)].astype(np.int64)
    counts = np.bincount(known, minlength=m)
    most = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    return sorted(int(i) for i in most if counts[i])


def _in_order(column: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one picture near each of evenly spaced ranks, in rising order of the value."""
    known = rng.permutation(np.flatnonzero(np.isfinite(column)))
    order = known[np.argsort(column[known], kind="stable")]
    if not len(order):
        return order
    ranks = np.linspace(0, len(order) - 1, min(CONTINUOUS_STEPS, len(order)))
    return order[np.rint(ranks).astype(np.int64)]
