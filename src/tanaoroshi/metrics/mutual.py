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
)
from tanaoroshi.metrics.question import FEW, Answer, Bools

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
    found, null = asked.information, asked.null
    jack = asked.crossing.information(asked.counts, bias="jackknife")
    plain = Entropies(found.mutual, found.code, found.attribute)
    swell = swell_of(asked)
    mutual = plain.mutual - (plain.mutual - jack.mutual) * swell
    corrected = Entropies(np.maximum(mutual, 0), jack.code, jack.attribute)
    null_mutual = null.plain - (null.plain - null.corrected) * swell
    settled, tells = settle(corrected, null_mutual, grouped=asked.group is not None)
    return Knowledge(
        plain=plain,
        corrected=corrected,
        centres=centres_of(plain, corrected, settled, moved.mutual, asked.units),
        null_plain=beside(null.plain, plain),
        null_corrected=beside(np.maximum(null_mutual, 0), corrected),
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
    return answer_by_draws(
        asked,
        total,
        each,
        value=value,
        null=null,
        spans=[(c, _moved(c, moved)) for c in ((known.plain,) if noisy else known.centres)],
        method=f"{method}; bias {bias})",
        floor=floor,
        top=top,
    )


def share(information: Floats, whole: Floats) -> Floats:
    """Divide, 0 where there is nothing to tell; at most 1."""
    there = whole > 1e-9
    parts = np.where(there, information / np.where(there, whole, 1), 0)
    return np.asarray(np.clip(parts, 0, 1))


def centres_of(
    plain: Entropies, corrected: Entropies, settled: Entropies, moved: Floats, units: int
) -> tuple[Entropies, ...]:
    """Return the points around which intervals are built; an interval spans those of all.

    The best of several estimates is too good, the best of many noises is no next best. So, beside
    the estimates themselves: what can't be told from chance set to 0; and of this, what can't be
    told from the best of its attribute, or of its dimension, made one with it. Where each
    correction rests on few images, also the uncorrected estimates.
    """
    mutual = settled.mutual
    by_attribute = settled._replace(mutual=pool(mutual, moved, axis=0))
    by_dimension = settled._replace(mutual=pool(mutual, moved, axis=1))
    centres = (corrected, settled, by_attribute, by_dimension)
    return (*centres, plain) if units < FEW else centres


def _moved(centre: Entropies, by: Entropies) -> Entropies:
    """Let entropies deviate together from a point."""
    moved = Entropies(*(c + d for c, d in zip(centre, by, strict=True)))
    return moved._replace(mutual=np.maximum(moved.mutual, 0))


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


def swell_of(asked: Question) -> Floats:
    """How much larger the bias is than with independent rows, (d, k); 1 without groups.

    Under the null the plug-in is all bias; what the jackknife over rows sees of it is the
    difference of the two.
    """
    if asked.group is None:
        return np.ones_like(asked.information.mutual)
    seen = (asked.null.plain - asked.null.corrected).mean(axis=0)
    plain = asked.null.plain.mean(axis=0)
    return np.asarray(np.maximum(plain / np.where(seen > 0, seen, np.inf), 1))


def settle(corrected: Entropies, null: Floats, *, grouped: bool) -> tuple[Entropies, Bools]:
    """Take off what the correction leaves of the bias, and set to 0 what chance gives as well.

    In sparse tables the jackknife leaves some bias: under the null that is the mean over
    permutations; it fades as the code tells more, since ever fewer cells are then sparse. The
    third power was found by simulation (docs/metrics/coverage.md).
    """
    whole = corrected.attribute
    left = np.zeros_like(corrected.mutual) if grouped else share(null.mean(axis=0), whole)
    left = np.clip(left, 0, 0.9)
    parts = share(corrected.mutual, whole)
    fading = np.clip(1 - (parts - left) / (1 - left), 0, 1) ** 3
    mutual = np.clip(parts - left * fading, 0, 1) * whole
    tells = corrected.mutual > best_by_chance(null)
    return corrected._replace(mutual=np.where(tells, mutual, 0)), tells


def deviations_of(asked: Question) -> Entropies:
    """Draw how far all entropies lie from the truth, together; (DRAWS, ...)."""
    mutual, code, attribute = _variation(asked)
    b, d, k = mutual.shape
    flat = np.concatenate([part.reshape(b, -1) for part in (mutual, code, attribute)], axis=1)
    moved = deviations(flat, asked.stream("deviations"))
    return Entropies(
        moved[:, : d * k].reshape(-1, d, k),
        moved[:, d * k : 2 * d * k].reshape(-1, d, k),
        moved[:, 2 * d * k :],
    )


def _variation(asked: Question) -> tuple[Floats, Floats, Floats]:
    """First-order effect of each batch on informations and entropies; (batches, d, k), (…, k)."""
    crossing = asked.crossing
    labels, starts = asked.by_batch[0].labels, asked.by_batch[1]
    parts = [effects_of(crossing, asked.counts, a) for a in range(len(crossing.starts))]
    mutual, code, attribute = [], [], []
    for a, (tells, surprise, rare) in enumerate(parts):
        mutual.append(asked.cell_sums(tells, a))
        code.append(asked.cell_sums(surprise, a))
        attribute.append(np.add.reduceat(rare[labels[a]], starts))
    return np.stack(mutual, -1), np.stack(code, -1), np.stack(attribute, -1)


def effects_of(crossing: Crossing, counts: Floats | Ints, a: int) -> tuple[Floats, Floats, Floats]:
    """Return what a row in each cell adds to the information and entropies of attribute ``a``.

    (classes + 1, d, m) twice, and (classes + 1,); the last line is for missing rows: 0.
    """
    start, width = int(crossing.starts[a]), int(crossing.classes[a])
    table = counts[start : start + width].astype(np.float64)
    n = max(table[:, 0].sum(), 1)
    of_class = table[:, :1].sum(axis=-1, keepdims=True) / n
    of_bin = table.sum(axis=0, keepdims=True) / n
    share_of = np.maximum(table / n, 1e-300)
    log_class, log_bin = (np.log(np.maximum(x, 1e-300)) for x in (of_class, of_bin))
    tells, surprise, rare = (
        np.zeros((width + 1, *table.shape[1:])),
        np.zeros((width + 1, *table.shape[1:])),
        np.zeros(width + 1),
    )
    seen = table > 0
    tells[:width] = np.where(seen, np.log(share_of) - log_class - log_bin, 0)
    tells[:width] = (tells[:width] - (tells[:width] * table).sum((0, 2), keepdims=True) / n) / n
    surprise[:width] = -log_bin
    entropy = -(of_bin * log_bin).sum(axis=-1, keepdims=True)
    surprise[:width] = (surprise[:width] - entropy) / n
    rare[:width] = (-log_class[:, 0, 0] + (of_class * log_class).sum()) / n
    return tells, surprise, rare
