"""Metrics of codes that came in chunks: a stream's counts and moments, read as a question.

Every metric that rests on tables of counts or on moments is the same function as for whole arrays;
only where these come from differs. What needs the rows themselves (permutations, batches drawn at
random) is replaced:

- sampling variation: the sums that the stream kept for each of its batches;
- the null: tables drawn with the same margins as if each dimension and attribute were independent,
  one dimension apart from the others;
- rows in groups: fewer independent rows, as many fewer as the batches' counts vary more than those
  of independent rows would (the design effect of Rao & Scott 1981, J. Am. Stat. Assoc. 76).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.covariance import CONSTANT, Spread
from tanaoroshi.metrics.dcimig import answer_dcimig
from tanaoroshi.metrics.gaussian_wasserstein_correlation import (
    answer_gaussian_wasserstein_correlation,
)
from tanaoroshi.metrics.intervals import deviations, wider
from tanaoroshi.metrics.jemmig import answer_jemmig
from tanaoroshi.metrics.mig import answer_mig
from tanaoroshi.metrics.mig_sup import answer_mig_sup
from tanaoroshi.metrics.modularity import answer_modularity
from tanaoroshi.metrics.mutual import (
    Entropies,
    Knowledge,
    effects_of,
    learn,
)
from tanaoroshi.metrics.question import (
    FEWEST,
    Answer,
    Bools,
    Convention,
    NullTables,
    Question,
)
from tanaoroshi.metrics.stream import Part, Stream
from tanaoroshi.metrics.streamed_moments import (
    answer_streamed_kl,
    answer_streamed_sap,
    streamed_spread,
)
from tanaoroshi.metrics.suite import MetricSet
from tanaoroshi.metrics.total_correlation import answer_total_correlation
from tanaoroshi.records.words import Words, message
from tanaoroshi.stats.grouped import jackknife_tables, leave_even
from tanaoroshi.stats.information import Crossing, Information, informations
from tanaoroshi.stats.moments import Moments, merge_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.estimates import Unmeasured

# Tables drawn for the chance level: so many cells in all, but this many tables at least and most.
CELLS = 5_000_000
DRAWS = (10, 50)


@dataclass(frozen=True, eq=False)
class Streamed(Question):
    """A question about a stream; made by :func:`question_of`.

    Attributes
    ----------
    parts
        The batches that hold rows.
    widths
        Lines of each attribute in their tables, the one for missing values included.
    numeric
        Which attributes have moments.
    """

    parts: tuple[Part, ...]
    widths: tuple[int, ...]
    numeric: tuple[int, ...]

    @cached_property
    def whole(self) -> Ints:
        """The stream's table of counts, int64 (lines, d, m)."""
        return np.asarray(np.sum([part.counts for part in self.parts], axis=0))

    @cached_property
    def lines(self) -> tuple[Ints, ...]:
        """Lines of each attribute's values that occur."""
        sums = self.whole[:, 0].sum(axis=-1)
        ends = np.cumsum(self.widths)
        return tuple(
            end - width + np.flatnonzero(sums[end - width : end - 1])
            for end, width in zip(ends, self.widths, strict=True)
        )

    @cached_property
    def kept(self) -> Ints:
        """Lines of the usable attributes' values that occur, and of their missing values."""
        ends = np.cumsum(self.widths)
        pairs = [[*self.lines[a], ends[a] - 1] for a in self.usable]
        return np.concatenate(pairs).astype(np.int64)

    @cached_property
    def crossing(self) -> Crossing:
        """The layout of the table of counts."""
        classes = np.array([len(self.lines[a]) for a in self.usable], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(classes + 1)[:-1]]).astype(np.int64)
        _, d, bins = self.whole.shape
        codes, labels = (np.empty((width, 0), dtype=np.uint8) for width in (d, len(classes)))
        return Crossing(codes, labels, starts, classes, bins)

    @cached_property
    def counts(self) -> Ints:
        """The one table of counts."""
        return self.whole[self.kept]

    @cached_property
    def batch_counts(self) -> Floats:
        """The same for each batch, float64 (batches, lines, d, m)."""
        return np.stack([part.counts[self.kept] for part in self.parts]).astype(np.float64)

    @cached_property
    def moments(self) -> Moments:
        """Moments of all rows."""
        total = self.parts[0].moments
        for part in self.parts[1:]:
            total = merge_moments(total, part.moments)
        return total

    @cached_property
    def spread(self) -> Spread | Unmeasured:
        """Covariances of the codes, with and without each batch."""
        return streamed_spread(self)

    @cached_property
    def varying(self) -> Bools:
        """Which dimensions are not constant, bool (d,)."""
        found = self.moments
        spread = np.sqrt(np.diagonal(found.square) / max(found.n - 1, 1))
        return np.asarray(spread > CONSTANT * np.abs(found.mean))

    @cached_property
    def refused(self) -> tuple[Words | None, ...]:
        """Why an attribute can't be measured at all; ``None`` where it can."""
        return tuple(self._why_not(a) for a in range(len(self.names)))

    @cached_property
    def design(self) -> Floats:
        """How many rows are worth one independent row, float64 (d, usable); 1 without groups."""
        d, k = self.whole.shape[1], len(self.usable)
        effect = np.ones((d, k))
        if self.group is None:
            return effect
        crossing = self.crossing
        for a, (start, width) in enumerate(zip(crossing.starts, crossing.classes, strict=True)):
            tables = self.batch_counts[:, start : start + width]
            whole = tables.sum(axis=0)
            n = whole[:, 0].sum()
            size = tables[:, :, 0].sum(axis=(1, 2))[:, None, None, None]
            expected = whole / n * size
            off = (tables - expected) ** 2 / np.where(expected > 0, expected, 1)
            free = np.maximum((whole > 0).sum(axis=(0, 2)) - 1, 1) * (len(tables) - 1)
            effect[:, a] = np.maximum(off.sum(axis=(0, 1, 3)) / free, 1)
        return effect

    @cached_property
    def units(self) -> int:
        """About how many independent rows there are."""
        rows = sum(part.rows for part in self.parts)
        if self.group is None or not len(self.usable):
            return rows
        return max(int(rows / np.median(self.design)), 1)

    @property
    def rows(self) -> int:
        """Most rows in which one usable attribute is known."""
        return max((self.known(int(a)) for a in self.usable), default=0)

    def known(self, a: int) -> int:
        """Count the rows in which attribute ``a`` is known."""
        return int(self.whole[self.lines[a], 0].sum())

    @cached_property
    def null(self) -> NullTables:
        """Informations where each dimension is independent of each attribute."""
        crossing, draws = self.crossing, []
        for counts in self._kept or self.null_counts():
            plain = np.maximum(informations(crossing, counts, "none")[0], 0)
            jack, code, attribute = informations(crossing, counts, "jackknife")
            # The jackknife over rows sees only what independent rows would add.
            draws.append((plain, plain - (plain - jack) / self.design, attribute, code))
        return NullTables(*(np.stack(part) for part in zip(*draws, strict=True)))

    def null_counts(self) -> Iterator[Ints]:
        """Draw tables with the same margins, always the same."""
        rng = self.stream("null")
        return (self._drawn(rng) for _ in range(self.permutations))

    @cached_property
    def jackknifed(self) -> Information:
        """Entropies and informations with their bias taken off: over rows, or over batches."""
        if self.group is None:
            found = self.crossing.information(self.counts, bias="jackknife")
        else:
            found = jackknife_tables(self.crossing, self.counts, self.batch_counts)
        return leave_even(self.crossing, self.counts, found)

    @cached_property
    def knowledge(self) -> Knowledge:
        """Mutual informations with their bias, chance level and sampling variation."""
        return learn(self, self._deviations())

    @property
    def tables_method(self) -> str:
        """How the tables of counts were made, in words for ``method``."""
        return f"{self.convention}; stream, {self.bins} given bins, {len(self.parts)} batches"

    def _why_not(self, a: int) -> Words | None:
        name, kind, known = self.names[a], self.kinds[a], self.known(a)
        if kind == "text":
            return message("{attribute} is text, which is kept but not measured", attribute=name)
        if not known:
            return message("no image has a value of {attribute}", attribute=name)
        lines = self.lines[a]
        batches = sum(bool(part.counts[lines, 0].any()) for part in self.parts)
        if min(known, batches) < FEWEST:
            return message(
                "only {n} independent images have a value of {attribute}; "
                "at least {fewest} are needed",
                n=min(known, batches),
                attribute=name,
                fewest=FEWEST,
            )
        if known < 2 * self.bins:
            return message(
                "only {n} images have a value of {attribute}; {bins} bins need at least {fewest}",
                n=known,
                attribute=name,
                bins=self.bins,
                fewest=2 * self.bins,
            )
        if len(lines) == 1:
            return message("all values of {attribute} fall into one class", attribute=name)
        if kind in ("nominal", "ordinal") and 2 * len(lines) > known:
            return message(
                "{attribute} has nearly as many values as images: nothing to compare",
                attribute=name,
            )
        return None

    def _drawn(self, rng: np.random.Generator) -> Ints:
        """Draw one null table."""
        crossing, design = self.crossing, self.design
        counts = np.zeros_like(self.counts)
        for a, (start, width) in enumerate(zip(crossing.starts, crossing.classes, strict=True)):
            here = slice(start, start + width)
            table = self.counts[here]
            of_bin = table.sum(axis=0)
            share = of_bin / of_bin.sum(axis=1, keepdims=True)
            of_class = np.rint(table.sum(axis=2) / design[:, a]).astype(np.int64)
            # A class with images has at least one.
            counts[here] = rng.multinomial(np.maximum(of_class, 1), share[None])
        return counts

    def _deviations(self) -> Entropies:
        """Draw how far all entropies lie from the truth, together; (DRAWS, ...)."""
        crossing = self.crossing
        mutual, code, attribute = [], [], []
        for a, (start, width) in enumerate(zip(crossing.starts, crossing.classes, strict=True)):
            tells, surprise, rare = effects_of(crossing, self.counts, a, self.design[:, a])
            tables = self.batch_counts[:, start : start + width]
            mutual.append(np.einsum("bljm,ljm->bj", tables, tells[:-1]))
            code.append(np.einsum("bljm,ljm->bj", tables, surprise[:-1]))
            attribute.append(tables[:, :, 0].sum(axis=-1) @ rare[:-1])
        parts = [np.stack(x, -1) for x in (mutual, code, attribute)]
        b, d, k = parts[0].shape
        flat = np.concatenate([part.reshape(b, -1) for part in parts], axis=1)
        moved = deviations(wider(b) * flat, self.stream("deviations"))
        return Entropies(
            moved[:, : d * k].reshape(-1, d, k),
            moved[:, d * k : 2 * d * k].reshape(-1, d, k),
            moved[:, 2 * d * k :],
        )


def question_of(
    stream: Stream, *, rng: np.random.Generator, convention: Convention = "paper"
) -> Streamed:
    """Make a question of a stream, for the ``answer_…`` of metrics of counts.

    Raises
    ------
    InputError
        When the stream has seen no rows.
    """
    if not stream.rows:
        raise InputError("The stream has seen no rows yet")
    d, k = len(stream.grid.edges), len(stream.cuts)
    return Streamed(
        codes=np.empty((0, d)),
        values=np.empty((0, k)),
        names=stream.names,
        kinds=tuple(cut.kind for cut in stream.cuts),
        group=np.empty(0, dtype=np.int64) if stream.grouped else None,
        logvar=np.empty((0, d)) if stream.posterior else None,
        convention=convention,
        bins=stream.grid.classes,
        numeric_bins=None,
        permutations=int(np.clip(CELLS // max(stream.parts[0].counts.size, 1), *DRAWS)),
        seed=int(rng.integers(2**63)),
        parts=tuple(part for part in stream.parts if part.rows),
        widths=stream.widths,
        numeric=stream.numeric,
    )


ANSWERS: dict[str, Callable[[Streamed], Answer]] = {
    "mig": answer_mig,
    "mig_sup": answer_mig_sup,
    "dcimig": answer_dcimig,
    "jemmig": answer_jemmig,
    "modularity": answer_modularity,
    "sap": answer_streamed_sap,
    "total_correlation": lambda asked: answer_total_correlation(asked, asked.spread),
    "gaussian_wasserstein_correlation": lambda asked: answer_gaussian_wasserstein_correlation(
        asked, asked.spread
    ),
    "dimension_wise_kl": answer_streamed_kl,
}


def compute(
    stream: Stream,
    *,
    rng: np.random.Generator,
    only: Sequence[str] | None = None,
    convention: Convention = "paper",
) -> MetricSet:
    """Compute the metrics of counts and moments from a stream's state.

    Parameters
    ----------
    stream
        With at least one row; it stays as it is, and more rows may follow.
    rng
        Source of chance: of intervals and chance levels, not of values.
    only
        Names out of :data:`ANSWERS`; ``None``: all.
    convention
        ``paper`` or ``disentanglement_lib``. It decides on corrections for bias and on which
        dimensions count; the edges were given when the stream began.

    Returns
    -------
    MetricSet; what can't be measured is there with its reason. Values are those of the whole array
    at the same edges; chance levels and intervals are got another way (see the module).

    Raises
    ------
    InputError
        For an unknown name, or when the stream has seen no rows.
    """
    names = tuple(ANSWERS) if only is None else tuple(only)
    for name in names:
        if name not in ANSWERS:
            raise InputError(
                "There is no metric {name}; there are: {names}", name=name, names=tuple(ANSWERS)
            )
    asked = question_of(stream, rng=rng, convention=convention)
    answers = {name: ANSWERS[name](asked) for name in names}
    return MetricSet(
        metrics={name: answer.total for name, answer in answers.items()},
        per_attribute={
            name: dict(zip(asked.names, answer.per_attribute, strict=True))
            for name, answer in answers.items()
            if answer.per_attribute is not None
        },
    )
