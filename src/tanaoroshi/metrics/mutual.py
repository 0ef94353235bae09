"""Mutual information of every dimension with every attribute, and how sure we are of it.

Five metrics (``mig``, ``mig_sup``, ``dcimig``, ``jemmig``, ``modularity``) are functions of the
same few entropies. Each is written as such a function; its value, chance level and interval come
from here: the function is applied to the estimates, to those of permuted rows, and to draws that
move all entropies together by their joint sampling variation, so that whatever is best or next best
is chosen anew in every draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tanaoroshi.metrics.intervals import (
    answer_by_draws,
    best_by_chance,
    deviations,
    pool,
    wider,
)
from tanaoroshi.metrics.question import Answer, Bools
from tanaoroshi.stats.information import last_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.metrics.question import Question
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.stats.information import Bias, Crossing


class Entropies(NamedTuple):
    """What is known of d dimensions and k attributes, in nats; any number of leading axes.

    ``mutual`` (..., d, k): mutual information. ``code`` (..., d, k): entropy of each dimension
    among the rows where the attribute is known. ``attribute`` (..., k): entropy of each attribute.
    """

    mutual: Floats
    code: Floats
    attribute: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Estimates and their uncertainty.

    Attributes
    ----------
    plain
        Plug-in.
    corrected
        With the bias of finite tables taken off; informations are 0 or more.
    centres
        What intervals are built around: see :func:`centres_of`.
    null_plain, null_corrected
        Under B permutations.
    deviations
        (DRAWS, ...): joint sampling deviations, mean 0.
    tells
        bool (d, k): which dimension tells of which attribute more than chance does.
    """

    plain: Entropies
    corrected: Entropies
    centres: tuple[Entropies, ...]
    null_plain: Entropies
    null_corrected: Entropies
    deviations: Entropies
    tells: Bools


def learn(asked: Question, moved: Entropies) -> Knowledge:
    """Take all that the information metrics need out of the tables of counts.

    ``moved``: joint deviations, from rows (:func:`deviations_of`) or from the batches of a stream.
    """
    found, jack, null = asked.information, asked.jackknifed, asked.null
    plain = Entropies(found.mutual, found.code, found.attribute)
    corrected = Entropies(np.maximum(jack.mutual, 0), jack.code, jack.attribute)
    settled, tells = settle(corrected, null.corrected)
    moved = moved._replace(mutual=counted_once(moved.mutual, corrected, null.corrected))
    return Knowledge(
        plain=plain,
        corrected=corrected,
        centres=centres_of(corrected, settled, moved.mutual),
        null_plain=beside(null.plain, plain),
        null_corrected=beside(np.maximum(null.corrected, 0), corrected),
        deviations=moved,
        tells=tells,
    )


def answer_from(
    asked: Question,
    total: Callable[[Entropies], Floats],
    each: Callable[[Entropies], Floats] | None,
    method: str,
    *,
    bias: Bias | None = None,
    noisy: bool = False,
    floor: float = 0.0,
    top: float | None = 1.0,
) -> Answer:
    """Turn a function of entropies into an answer.

    Parameters
    ----------
    asked
        With at least one usable attribute.
    total, each
        From :class:`Entropies` with leading axes (...) to the metric (...), and to its value for
        each usable attribute (..., k); ``None``: it has none.
    method
        Name and settings, without the bias.
    bias
        Of the value: ``jackknife`` or ``none``; ``None``: by the convention.
    noisy
        The metric counts dimensions that tell nothing too: its interval is then that of the
        plug-in at this number of rows, noise drawn from the permutations.
    floor, top
        Range of the metric.
    """
    known = asked.knowledge
    bias = bias or ("jackknife" if asked.convention == "paper" else "none")
    value, null = (
        (known.corrected, known.null_corrected)
        if bias == "jackknife"
        else (known.plain, known.null_plain)
    )
    moved = _with_noise(known) if noisy else known.deviations
    centres = (known.plain,) if noisy else known.centres
    return answer_by_draws(
        asked,
        total,
        each,
        value=value,
        null=null,
        spans=[(c, _moved(c, moved)) for c in centres],
        method=f"{method}; bias {bias})",
        floor=floor,
        top=top,
    )


def share(information: Floats, whole: Floats) -> Floats:
    """Divide, 0 where there is nothing to tell; at most 1."""
    there = whole > 1e-9
    parts = np.where(there, information / np.where(there, whole, 1), 0)
    return np.asarray(np.clip(parts, 0, 1))


def centres_of(corrected: Entropies, settled: Entropies, moved: Floats) -> tuple[Entropies, ...]:
    """Return the points around which intervals are built; an interval spans those of all.

    The best of several estimates is too good, the best of many noises is no next best. So, beside
    the estimates themselves: what can't be told from chance set to 0; and of this, what can't be
    told from the best of its attribute, or of its dimension, made one with it.
    """
    mutual = settled.mutual
    by_attribute = settled._replace(mutual=pool(mutual, moved, axis=0))
    by_dimension = settled._replace(mutual=pool(mutual, moved, axis=1))
    return corrected, settled, by_attribute, by_dimension


def _moved(centre: Entropies, by: Entropies) -> Entropies:
    """Let entropies deviate together from a point; an information taken as none stays none."""
    moved = Entropies(*(c + d for c, d in zip(centre, by, strict=True)))
    return moved._replace(mutual=np.where(centre.mutual > 0, np.maximum(moved.mutual, 0), 0))


def _with_noise(known: Knowledge) -> Entropies:
    """Draw what tells nothing from the permutations, as deviations from the plug-in."""
    draws = np.arange(len(known.deviations.mutual)) % len(known.null_plain.mutual)
    noise = known.null_plain.mutual[draws] - known.plain.mutual
    return known.deviations._replace(mutual=np.where(known.tells, known.deviations.mutual, noise))


def beside(mutual: Floats, like: Entropies) -> Entropies:
    """Put informations under permutations beside the entropies, which these leave alone."""
    return Entropies(
        mutual,
        np.broadcast_to(like.code, mutual.shape),
        np.broadcast_to(like.attribute, (len(mutual), *like.attribute.shape)),
    )


def settle(corrected: Entropies, null: Floats) -> tuple[Entropies, Bools]:
    """Take off what the correction leaves of the bias, and set to 0 what chance gives as well.

    In sparse tables the jackknife leaves some bias, or takes off too much: under the null that is
    the mean over permutations; it fades as the code tells more, since ever fewer cells are then
    sparse. The third power was found by simulation (docs/metrics/coverage.md).
    """
    whole = corrected.attribute
    left, fading = left_by_chance(corrected, null)
    mutual = np.clip(share(corrected.mutual, whole) - left * fading, 0, 1) * whole
    tells = corrected.mutual > best_by_chance(null)
    return corrected._replace(mutual=np.where(tells, mutual, 0)), tells


def left_by_chance(corrected: Entropies, null: Floats) -> tuple[Floats, Floats]:
    """Return the mean share of the entropy under the null, and how much of it is still there.

    Both (d, k); the second in [0, 1].
    """
    whole = corrected.attribute
    # Not by `share`, which knows no less than nothing.
    left = np.clip(null.mean(axis=0) / np.maximum(whole, 1e-9), -0.9, 0.9)
    told = (share(corrected.mutual, whole) - left) / (1 - left)
    return left, np.asarray(np.clip(1 - told, 0, 1) ** 3)


def counted_once(moved: Floats, corrected: Entropies, null: Floats) -> Floats:
    """Take off deviations (draws, d, k) what the jackknife counts twice: chance in sparse tables.

    Its variance holds the part of second order twice (Efron & Stein 1981); under the null, where
    informations have no other, that is the variance over permutations.
    """
    claimed = np.maximum(moved.var(axis=0), 1e-300)
    twice = null.var(axis=0) * left_by_chance(corrected, null)[1] / claimed
    return np.asarray(moved * np.sqrt(1 - np.clip(twice, 0, 0.5)))


def deviations_of(asked: Question) -> Entropies:
    """Draw how far all entropies lie from the truth, together; (DRAWS, ...)."""
    mutual, code, attribute = _variation(asked)
    b, d, k = mutual.shape
    flat = np.concatenate([part.reshape(b, -1) for part in (mutual, code, attribute)], axis=1)
    # Few batches know the spread roughly: as wide as Student's t is beside the normal.
    moved = wider(b) * deviations(flat, asked.stream("deviations"))
    return Entropies(
        moved[:, : d * k].reshape(-1, d, k),
        moved[:, d * k : 2 * d * k].reshape(-1, d, k),
        moved[:, 2 * d * k :],
    )


def _variation(asked: Question) -> tuple[Floats, Floats, Floats]:
    """Return what each batch adds to informations and entropies; (batches, d, k), (…, k)."""
    crossing = asked.crossing
    labels, starts = asked.by_batch[0].labels, asked.by_batch[1]
    parts = [
        effects_of(crossing, asked.counts, a, asked.design[:, a])
        for a in range(len(crossing.starts))
    ]
    mutual, code, attribute = [], [], []
    for a, (tells, surprise, rare) in enumerate(parts):
        mutual.append(asked.cell_sums(tells, a))
        code.append(asked.cell_sums(surprise, a))
        attribute.append(np.add.reduceat(rare[labels[a]], starts))
    return np.stack(mutual, -1), np.stack(code, -1), np.stack(attribute, -1)


def effects_of(
    crossing: Crossing, counts: Floats | Ints, a: int, design: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what a row in each cell adds to the information and entropies of attribute ``a``.

    It is what the corrected entropies lose without it (the jackknife of a jackknifed value: Efron
    & Stein 1981, Ann. Stat. 9), which in sparse tables is more than the plug-in would.

    Parameters
    ----------
    crossing, counts
        The table.
    a
        Which attribute.
    design
        float (d,): so many rows of a cell are worth an independent one.

    Returns
    -------
    (classes + 1, d, m) twice, and (classes + 1,); the last line is for missing rows: 0.
    """
    start, width = int(crossing.starts[a]), int(crossing.classes[a])
    table = counts[start : start + width].astype(np.float64)
    n = max(table[:, 0].sum(), 1)
    worth = np.maximum(design, 1)[:, None]
    cells, of_bin = last_row(table / worth), last_row(table.sum(axis=0) / worth)
    of_class = last_row(table.sum(axis=2) / worth[:, 0])
    tells, surprise, rare = (
        np.zeros((width + 1, *table.shape[1:])),
        np.zeros((width + 1, *table.shape[1:])),
        np.zeros(width + 1),
    )
    tells[:width] = np.where(table > 0, cells - of_class[..., None] - of_bin, 0)
    tells[:width] = (tells[:width] - (tells[:width] * table).sum((0, 2), keepdims=True) / n) / n
    shares = table.sum(axis=0) / n
    surprise[:width] = ((of_bin * shares).sum(axis=-1, keepdims=True) - of_bin) / n
    of_class, shares = of_class.mean(axis=1), table[:, 0].sum(axis=-1) / n
    rare[:width] = ((of_class * shares).sum() - of_class) / n
    return tells, surprise, rare
