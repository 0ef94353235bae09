"""Each attribute as numbers that a probe can predict, whatever its kind.

=========== ======================================= ==============================================
kind        target                                  share of variation told, 0 to 1
=========== ======================================= ==============================================
continuous  middle rank, 0 to 1                     R² of the ranks: blind to how the scale bends
ordinal     middle rank, 0 to 1                     the same
circular    cosine and sine                         R² on the circle, without a seam
nominal     a column of 0 and 1 for each value      Goodman and Kruskal's tau: how much better
                                                    than by the values' frequencies one guesses
=========== ======================================= ==============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.words import Words, message
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Attributes, Ints, Kind
    from tanaoroshi.shelves.settings import ShelfSettings


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One attribute, ready to be predicted.

    Attributes
    ----------
    column
        Its place in the table.
    values
        float64 (n,), as in the table, rare values of a nominal attribute made one.
    problem
        Why it can't be judged, if so.
    """

    column: int
    values: Floats
    problem: Words | None


def make_targets(attributes: Attributes, settings: ShelfSettings) -> list[Target]:
    """Prepare all attributes but texts, which are kept and not measured."""
    found = []
    for column, spec in enumerate(attributes.specs):
        if spec.kind == "text":
            continue
        values = attributes.values[:, column]
        if spec.kind == "nominal":
            values = pool_rare(values, settings)
        problem = _problem(values, attributes.values[:, column], attributes.group, settings)
        found.append(Target(column, values, problem))
    return found


def embed(values: Floats, kind: Kind) -> Floats:
    """Return the numbers that stand for one attribute.

    Parameters
    ----------
    values
        float (n,), without missing values; as :class:`~tanaoroshi.records.attributes.Attributes`
        holds them.
    kind
        See the table of this module.

    Returns
    -------
    float64 (n, m).
    """
    if kind == "nominal":
        classes = np.unique(values, return_inverse=True)[1]
        return np.asarray(np.eye(int(classes.max()) + 1)[classes], dtype=np.float64)
    if kind == "circular":
        return np.column_stack([np.cos(values), np.sin(values)])
    ranks: Floats = (rankdata(values) - 0.5) / len(values)
    return ranks[:, None]


def embed_among(values: Floats, kind: Kind, others: Floats) -> Floats:
    """Return the numbers that stand for an attribute of some images among others.

    Parameters
    ----------
    values
        float (n,), without missing values.
    kind
        See the table of this module.
    others
        float (q,): ranks are those among these; where ``values`` are these, it is as
        :func:`embed` has it.

    Returns
    -------
    float64 (n, m).
    """
    if kind == "nominal":
        classes = np.unique(np.concatenate([others, values]))
        return np.asarray(np.eye(len(classes))[np.searchsorted(classes, values)])
    if kind == "circular":
        return embed(values, kind)
    line = np.sort(others)
    below, upto = np.searchsorted(line, values, "left"), np.searchsorted(line, values, "right")
    return np.asarray((below + upto)[:, None] / (2 * len(line)), dtype=np.float64)


def pool_rare(values: Floats, settings: ShelfSettings, among: Ints | None = None) -> Floats:
    """Make the rare values of a nominal attribute one, -1.

    Parameters
    ----------
    values
        float (n,).
    settings
        What is rare.
    among
        int64 rows that are counted; ``None``: all.
    """
    known = np.isfinite(values)
    counted = values if among is None else values[among]
    found, counts = np.unique(counted[np.isfinite(counted)], return_counts=True)
    often = found[np.argsort(-counts, kind="stable")[: settings.max_classes]]
    keep = np.isin(values, often) & np.isin(values, found[counts >= settings.min_class])
    return np.where(known & ~keep, -1.0, values)


def _problem(
    values: Floats, written: Floats, group: Ints | None, settings: ShelfSettings
) -> Words | None:
    known = np.isfinite(values)
    if not known.any():
        return message("it has no value for any image")
    found, counts = np.unique(values[known], return_counts=True)
    if len(np.unique(written[known])) == 1:
        return message("all images have the same value")
    if len(found) == 1:
        return message("hardly any two images have the same value")
    index = group_index(len(values), group)
    count = len(np.unique(index[known]))
    if count < settings.min_groups:
        return message(
            "it is known for only {count} independent images, and at least {least} are needed",
            count=count,
            least=settings.min_groups,
        )
    # Enough that a part of the images drawn for prediction holds them too.
    least = max(settings.min_class, settings.min_groups * known.sum() / settings.max_rows)
    others = len(np.unique(index[known & (values != found[np.argmax(counts)])]))
    if others < least:
        return message("all but {count} images have the same value", count=others)
    return None
