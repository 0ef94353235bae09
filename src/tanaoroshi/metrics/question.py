"""What every metric starts from, computed once: classes, tables of counts, permutations, batches.

A metric is a function of a :class:`Question` to a :class:`Answer`. What several metrics need
stands here as a cached property, so that one discretisation and one pass of permutations serve
them all. Each source of chance has its own stream, so that no metric's numbers depend on which
others are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Floats, Ints, Kind
from tanaoroshi.records.estimates import Measured, Unmeasured
from tanaoroshi.records.words import Words, message
from tanaoroshi.stats.discretize import Classes, How, code_classes, columns_of, discretize, levels
from tanaoroshi.stats.grouped import design_effect, jackknife_groups, leave_even
from tanaoroshi.stats.information import Crossing, Information, cross
from tanaoroshi.stats.resample import Turns, group_folds, permuted_rows, turned_rows
from tanaoroshi.stats.tally import MANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.metrics.mutual import Knowledge

Bools = NDArray[np.bool_]
Convention = Literal["paper", "disentanglement_lib"]

# Below this many independent images no interval means anything.
FEWEST = 10
# With fewer independent images tables of counts are coarser, and their corrections uncertain.
FEW = 500
# Sums over at most this many random batches of whole groups carry the sampling variation: its
# standard deviation is then known to within some 3 %.
BATCHES = 500
# The jackknife over groups leaves out so many batches of them: the fewest, and the most, where all
# their tables together have no more cells than these; and in so many permutations.
PARTS, CELLS, FEW_NULLS = (10, 50), 5_000_000, 5
# Rows × dimensions × attributes × permutations to count; with many rows, few permutations tell.
# But never fewer than LEAST_DEALS: with so many rows a chance level lies far below any score, and
# the mean of five deals, over all pairs of dimensions and attributes, is near enough to it.
DEAR = 15_000_000
LEAST_DEALS = 5
# Counts under permutations that are kept for the next metric; more are counted anew.
KEPT = 10_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A metric's value over all attributes, and for each (``None``: it has none)."""

    total: Measured
    per_attribute: tuple[Measured, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NullTables:
    """Informations and entropies under B permutations, each (B, d, k)."""

    plain: Floats
    corrected: Floats
    attribute_entropy: Floats
    code_entropy: Floats


@dataclass(frozen=True, eq=False)
class Question:
    """Codes, attributes and settings, checked; made by :func:`question`.

    Attributes
    ----------
    codes
        float64 (n, d), finite.
    values
        float64 (n, k), NaN missing.
    names, kinds
        Of the k attributes.
    group
        int64 (n,) or ``None``.
    logvar
        float64 (n, d) or ``None``.
    convention
        ``paper`` or ``disentanglement_lib``.
    bins
        Bins for codes.
    numeric_bins
        Bins for continuous and circular attributes; ``None``: see :attr:`cuts`.
    permutations
        How many give the chance level.
    seed
        Of all streams of chance.
    """

    codes: Floats
    values: Floats
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    group: Ints | None
    logvar: Floats | None
    convention: Convention
    bins: int
    numeric_bins: int | None
    permutations: int
    seed: int

    @property
    def how(self) -> How:
        """How dimensions are cut."""
        return "quantile" if self.convention == "paper" else "width"

    def stream(self, name: str) -> np.random.Generator:
        """Return the stream of chance of that name."""
        return np.random.default_rng([self.seed, *name.encode()])

    @cached_property
    def refused(self) -> tuple[Words | None, ...]:
        """Why an attribute can't be measured at all; ``None`` where it can."""
        return tuple(self._refuse(a) for a in range(len(self.names)))

    @cached_property
    def usable(self) -> Ints:
        """Which attributes can be measured, int64 (up to k,)."""
        return np.array([a for a, why in enumerate(self.refused) if why is None], dtype=np.int64)

    @cached_property
    def code_bins(self) -> Ints:
        """Classes of the codes, int64 (n, d)."""
        return self.code_classes.T.astype(np.int64)

    @cached_property
    def code_classes(self) -> Classes:
        """The same to be counted, unsigned (d, n)."""
        return code_classes(self.codes, self.bins, how=self.how)

    @cached_property
    def units(self) -> int:
        """How many independent images there are: groups, where rows come in groups."""
        return len(self.codes) if self.group is None else len(np.unique(self.group))

    @cached_property
    def cuts(self) -> int:
        """Bins of continuous and circular attributes: as set, or by the number of images.

        A table of 20 by 20 cells is too fine for a few hundred images. A quarter of ``bins``, so
        that an attribute's bins hold whole bins of a code that equals it.
        """
        if self.numeric_bins is not None:
            return self.numeric_bins
        return max(self.bins // 4, 2) if self.units < FEW else self.bins

    @cached_property
    def attribute_bins(self) -> Ints:
        """Classes of the usable attributes, int64 (n, usable), -1 missing."""
        columns = []
        for a in self.usable:
            kind: Kind = self.kinds[a] if self.convention == "paper" else "nominal"
            columns.append(discretize(self._columns[a], kind, self.cuts))
        return np.stack(columns).T

    @cached_property
    def crossing(self) -> Crossing:
        """All dimensions × usable attributes, ready to be counted."""
        return cross(self.code_classes.T, self.attribute_bins)

    @cached_property
    def counts(self) -> Floats | Ints:
        """The one table of counts."""
        return self.crossing.counts()

    @cached_property
    def accuracy(self) -> Floats:
        """Balanced accuracies between thresholds, float64 (d, k)."""
        return class_accuracy(self.crossing, self.counts)

    @cached_property
    def information(self) -> Information:
        """Plug-in entropies and mutual informations."""
        return self.crossing.information(self.counts)

    @cached_property
    def orders(self) -> tuple[Ints, ...]:
        """Orders of the attributes' rows under the null, shared by all metrics."""
        if self.turns is not None:
            return tuple(self.turns.orders())
        rng, n = self.stream("orders"), len(self.codes)
        return tuple(permuted_rows(n, self.group, rng=rng) for _ in range(self._draws))

    @cached_property
    def turns(self) -> Turns | None:
        """What the orders are made of; ``None`` where each is drawn by itself."""
        if self.group is not None or len(self.codes) < MANY:
            return None
        return turned_rows(len(self.codes), self._draws, rng=self.stream("orders"))

    @property
    def _draws(self) -> int:
        size = max(1, len(self.codes) * self.codes.shape[1] * len(self.usable))
        return min(self.permutations, max(LEAST_DEALS, int(DEAR // size)))

    def null_counts(self) -> Iterator[Floats | Ints]:
        """Count under each of the permutations."""
        if self.turns is not None:
            return self.crossing.counts_under(self.turns)
        return (self.crossing.counts(order) for order in self.orders)

    @cached_property
    def _kept(self) -> tuple[Floats | Ints, ...] | None:
        small = self.counts.size * self._draws <= KEPT
        return tuple(self.null_counts()) if small else None

    @cached_property
    def null_accuracy(self) -> Floats:
        """Balanced accuracies between thresholds under the permutations, float64 (B, d, k)."""
        tables = self._kept or self.null_counts()
        return np.stack([class_accuracy(self.crossing, counts) for counts in tables])

    @cached_property
    def jackknifed(self) -> Information:
        """The same with their bias taken off by the jackknife: over rows, or over groups."""
        if self.group is None:
            found = self.crossing.information(self.counts, bias="jackknife")
        else:
            found = jackknife_groups(self.crossing, self._parts)
        return leave_even(self.crossing, self.counts, found)

    @cached_property
    def design(self) -> Floats:
        """How many rows of a cell are worth an independent one, (d, usable); 1 without groups.

        The bias that a jackknife over groups sees beside that over rows.
        """
        if self.group is None:
            return np.ones_like(self.information.mutual)
        rows = self.crossing.information(self.counts, bias="jackknife")
        return design_effect(self.information, rows, self.jackknifed, np.bincount(self.group))

    @cached_property
    def _parts(self) -> Ints:
        """Batches that the jackknife over groups leaves out, int64 (n,)."""
        return self.batches % int(np.clip(CELLS // self.counts.size, *PARTS))

    @cached_property
    def null(self) -> NullTables:
        """Informations and entropies under the permutations."""
        draws = []
        for counts in self._kept or self.null_counts():
            plain = self.crossing.information(counts)
            jack = self.crossing.information(counts, bias="jackknife")
            draws.append(
                (
                    plain.mutual,
                    jack.mutual,
                    np.broadcast_to(jack.attribute, jack.mutual.shape),
                    jack.code,
                )
            )
        found = NullTables(*(np.stack(part) for part in zip(*draws, strict=True)))
        if self.group is None:
            return found
        # Jackknives over groups are dear: a few tell what they see beside those over rows.
        few = self.orders[:FEW_NULLS]
        over = sum(jackknife_groups(self.crossing, self._parts, o).mutual for o in few) / len(few)
        plain, rows = (x[: len(few)].mean(axis=0) for x in (found.plain, found.corrected))
        swell = (plain - over) / np.where(plain > rows, plain - rows, np.inf)
        return replace(found, corrected=found.plain - (found.plain - found.corrected) * swell)

    @cached_property
    def knowledge(self) -> Knowledge:
        """Mutual informations with their bias, chance level and sampling variation."""
        # Not at the top: what it needs is a Question.
        from tanaoroshi.metrics.mutual import deviations_of, learn

        return learn(self, deviations_of(self))

    @cached_property
    def informative(self) -> Bools:
        """Which dimensions tell of some usable attribute more than chance does, bool (d,)."""
        return np.asarray(self.knowledge.tells.any(axis=1))

    @cached_property
    def varying(self) -> Bools:
        """Which dimensions are not constant, bool (d,)."""
        return np.asarray(np.ptp(self.codes, axis=0) > 0)

    @property
    def tables_method(self) -> str:
        """How the tables of counts were made, in words for ``method``."""
        numbers = any(self.kinds[a] in ("continuous", "circular") for a in self.usable)
        cut = f", {self.cuts} of numeric attributes" if numbers and self.cuts < self.bins else ""
        return f"{self.convention}; {self.bins} {self.how} bins{cut}"

    @cached_property
    def batches(self) -> Ints:
        """Random batches of whole groups, int64 (n,): the units of sampling variation."""
        if self.turns is not None:
            # Rows that lie side by side in a random order.
            batch = np.empty(len(self.codes), dtype=np.int64)
            batch[self.turns.takers] = np.arange(len(batch)) * BATCHES // len(batch)
            return batch
        rng = self.stream("batches")
        return group_folds(len(self.codes), self.group, min(self.units, BATCHES), rng=rng)

    @cached_property
    def by_batch(self) -> tuple[Crossing, Ints]:
        """Classes with the rows of each batch side by side, and where each batch begins."""
        # Small whole numbers are sorted by their digits; turned rows lie in order as they are.
        whole = self.batches.astype(np.uint16)
        order = np.argsort(whole, kind="stable") if self.turns is None else self.turns.takers
        sizes = np.bincount(self.batches)
        starts = np.cumsum(sizes) - sizes
        both = self.crossing.codes, self.crossing.labels
        codes, labels = (np.take(x, order, axis=1) for x in both)
        return replace(self.crossing, codes=codes, labels=labels), starts[sizes > 0]

    def cell_sums(self, effect: Floats, a: int) -> Floats:
        """Add up by batch what each row adds by its cells of attribute ``a``: (batches, d).

        ``effect``: see :meth:`~tanaoroshi.stats.information.Crossing.rows_of`.
        """
        crossing, starts = self.by_batch
        columns = [np.add.reduceat(rows, starts) for rows in crossing.rows_of(effect, a)]
        return np.stack(columns, axis=1)

    @cached_property
    def _columns(self) -> list[Floats]:
        """Values of each attribute in one piece."""
        return list(columns_of(self.values))

    @cached_property
    def there(self) -> Bools:
        """Where each attribute is known, bool (k, n)."""
        return np.stack([np.isfinite(column) for column in self._columns])

    @property
    def rows(self) -> int:
        """Count the rows in which any usable attribute is known."""
        return int(np.count_nonzero(self.there[self.usable].any(axis=0)))

    def known(self, a: int) -> int:
        """Count the rows in which attribute ``a`` is known."""
        return int(np.count_nonzero(self.there[a]))

    def spread_out(self, measured: Sequence[Measured]) -> tuple[Measured, ...]:
        """Put the results of the usable attributes beside the reasons of the others."""
        results = iter(measured)
        return tuple(next(results) if why is None else Unmeasured(why) for why in self.refused)

    def _refuse(self, a: int) -> Words | None:
        name, kind, column = self.names[a], self.kinds[a], self._columns[a]
        if kind == "text":
            return message("{attribute} is text, which is kept but not measured", attribute=name)
        known = self.there[a]
        n = int(np.count_nonzero(known))
        if not n:
            return message("no image has a value of {attribute}", attribute=name)
        groups = n if self.group is None else len(np.unique(self.group[known]))
        if groups < FEWEST:
            return message(
                "only {n} independent images have a value of {attribute}; "
                "at least {fewest} are needed",
                n=int(groups),
                attribute=name,
                fewest=FEWEST,
            )
        if n < 2 * self.bins:
            return message(
                "only {n} images have a value of {attribute}; {bins} bins need at least {fewest}",
                n=n,
                attribute=name,
                bins=self.bins,
                fewest=2 * self.bins,
            )
        values = column if n == len(column) else column[known]
        if np.ptp(values) == 0:
            return message("{attribute} has the same value in all images", attribute=name)
        classes = kind in ("nominal", "ordinal") or self.convention == "disentanglement_lib"
        if classes and 2 * len(levels(values)) > n:
            return message(
                "{attribute} has nearly as many values as images: nothing to compare",
                attribute=name,
            )
        return None


def question(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    names: Sequence[str] | None = None,
    group: ArrayLike | None = None,
    logvar: ArrayLike | None = None,
    convention: Convention = "paper",
    bins: int = 20,
    numeric_bins: int | None = None,
    permutations: int = 50,
) -> Question:
    """Check plain arrays and make a :class:`Question` of them.

    Parameters
    ----------
    codes
        float (n, d) or (n,), finite.
    attributes
        (n, k) or (n,): numbers with NaN for missing.
    rng
        Source of chance.
    kinds
        Of each attribute; ``None``: columns of whole numbers are nominal, others continuous.
    names
        Of each attribute, for sentences; ``None``: their positions.
    group, logvar, convention, bins, numeric_bins, permutations
        See :class:`Question`.

    Returns
    -------
    Question

    Raises
    ------
    InputError
        When shapes disagree, codes are not finite, or settings make no sense.
    """
    z = _matrix(codes, "codes")
    y = _matrix(attributes, "attributes")
    if len(z) != len(y):
        raise InputError(
            "codes have {n} rows, attributes {m}: give one row an image to both",
            n=len(z),
            m=len(y),
        )
    if not z.size:
        raise InputError(
            "The codes are empty: there must be one row an image, one column a dimension"
        )
    if not np.isfinite(z).all():
        raise InputError(
            "The codes of row {row} are not finite (NaN or infinite): leave such images out",
            row=int(np.flatnonzero(~np.isfinite(z).all(axis=1))[0]),
        )
    if min(bins, numeric_bins or 2) < 2 or permutations < 1:
        raise InputError("bins must be at least 2 and permutations at least 1")
    variance = None if logvar is None else _matrix(logvar, "logvar")
    if variance is not None and (variance.shape != z.shape or not np.isfinite(variance).all()):
        raise InputError("logvar must hold one finite number for each number in codes")
    if kinds is None:
        found: tuple[Kind, ...] = tuple(
            "nominal" if _whole_numbers(column) else "continuous" for column in y.T
        )
    else:
        found = tuple(kinds)
    labels = tuple(str(a) for a in range(y.shape[1])) if names is None else tuple(names)
    if len(found) != y.shape[1] or len(labels) != y.shape[1]:
        raise InputError(
            "attributes has {k} columns: give a kind and a name for each", k=y.shape[1]
        )
    groups = None if group is None else np.unique(np.asarray(group), return_inverse=True)[1]
    if groups is not None and groups.shape != (len(z),):
        raise InputError("group must have one entry for each of the {n} rows", n=len(z))
    return Question(
        codes=z,
        values=y,
        names=labels,
        kinds=found,
        group=groups,
        logvar=variance,
        convention=convention,
        bins=bins,
        numeric_bins=numeric_bins,
        permutations=permutations,
        seed=int(rng.integers(2**63)),
    )


def class_accuracy(crossing: Crossing, counts: Floats | Ints) -> Floats:
    """Balanced accuracy when each bin of a dimension is given its likeliest class; (d, k)."""
    scores = np.empty((counts.shape[1], len(crossing.starts)))
    for a, (start, width) in enumerate(zip(crossing.starts, crossing.classes, strict=True)):
        table = counts[start : start + width]
        shares = table / np.maximum(table.sum(axis=-1, keepdims=True), 1)
        scores[:, a] = shares.max(axis=0).sum(axis=-1) / max(width, 1)
    return scores


def _matrix(array: ArrayLike, name: str) -> Floats:
    try:
        matrix = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("{name} must be numbers, one row an image", name=name) from error
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2:
        raise InputError(
            "{name} must be a table with one row an image, got {n} axes", name=name, n=matrix.ndim
        )
    return matrix


def _whole_numbers(column: Floats) -> bool:
    known = column[np.isfinite(column)]
    return bool((known == np.round(known)).all())
