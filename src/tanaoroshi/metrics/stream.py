"""Codes in chunks: the counts and moments that metrics need, added up and merged.

``start`` → ``update`` with every chunk → ``compute`` (:mod:`tanaoroshi.metrics.streamed`); partial
results of several processes are put together by ``merge``. All are functions: a state is never
changed, a new one shares what stays the same.

The memory does not grow with the rows. What is kept are a table of counts (every dimension against
every attribute) and moments, once for each of some batches of rows
(:mod:`tanaoroshi.metrics.deal`), so that intervals can be told from the state alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.deal import by_group, in_turn, pieces
from tanaoroshi.metrics.question import FEWEST
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.stats.cuts import Cut, Grid, place
from tanaoroshi.stats.moments import Moments, merge_moments, moments_of, no_moments
from tanaoroshi.stats.tally import MANY, count_pairs, count_together, packing, pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from tanaoroshi.stats.discretize import Classes, Reals

# Batches: at most, at least, and numbers in all of them together (256 MiB) in between.
BATCHES = 64
FEW_BATCHES = 16
NUMBERS = 1 << 25
# Rows that are worked on at a time: their columns stay in the cache.
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What is kept of the rows of one batch.

    Attributes
    ----------
    rows
        How many they are.
    counts
        int64 (lines, d, m), as :class:`tanaoroshi.stats.information.Crossing` lays them out.
    moments
        Of the codes, and of the attributes that are numbers.
    divergence
        float64 (d,): sums of the KL divergence from the prior, where logvar is given.
    """

    rows: int
    counts: Ints
    moments: Moments
    divergence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """The state; made by :func:`start`.

    Attributes
    ----------
    grid
        Inner edges of each dimension.
    cuts
        Classes or edges of each attribute.
    names
        Of the attributes.
    parts
        Of each batch.
    grouped
        Whether rows come in groups; ``None`` before the first chunk.
    posterior
        Whether logvar is given; ``None`` before the first chunk.
    """

    grid: Grid
    cuts: tuple[Cut, ...]
    names: tuple[str, ...]
    parts: tuple[Part, ...]
    grouped: bool | None = None
    posterior: bool | None = None

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return sum(part.rows for part in self.parts)

    @property
    def widths(self) -> tuple[int, ...]:
        """Lines of each attribute in the table, the one for missing values included."""
        return tuple(cut.classes + 1 for cut in self.cuts)

    @property
    def numeric(self) -> tuple[int, ...]:
        """Which attributes are numbers or angles, whose moments are kept."""
        kinds = ("ordinal", "continuous", "circular")
        return tuple(a for a, cut in enumerate(self.cuts) if cut.kind in kinds)


class _Chunk(NamedTuple):
    """A chunk after the check at the door."""

    codes: Reals
    attributes: Reals | Ints
    logvar: Reals | None


class _Block(NamedTuple):
    """Some rows of a chunk, by column."""

    columns: Reals
    cells: Classes
    lines: list[Classes]
    marks: Floats
    divergence: Floats | None


def start(
    edges: Sequence[ArrayLike],
    cuts: Sequence[Cut],
    *,
    names: Sequence[str] | None = None,
    batches: int | None = None,
) -> Stream:
    """Make an empty state.

    Parameters
    ----------
    edges
        Of each dimension, the inner edges of its bins, rising (none for a constant one): from
        :func:`tanaoroshi.stats.cuts.edges_of`, from a sketch, or of your own.
    cuts
        Of each attribute, from :func:`tanaoroshi.stats.cuts.cuts_of`.
    names
        Of each attribute; ``None``: their positions.
    batches
        How many sums are kept side by side, at least 10; the interval's width is known to within
        ``1 / sqrt(2 * batches)`` of itself. Memory: ``8 * batches * (lines * d * bins + d * d)``
        bytes, with all classes of all attributes as ``lines``. ``None``: 64, or with many
        dimensions as many as fit into 256 MiB, but no less than 16.

    Raises
    ------
    InputError
        When edges do not rise or are not finite, or settings make no sense.
    """
    table = tuple(np.asarray(line, dtype=np.float64) for line in edges)
    for j, line in enumerate(table):
        if line.ndim != 1 or not np.isfinite(line).all() or (np.diff(line) <= 0).any():
            raise InputError("The edges of dimension {j} must be finite and rise", j=j)
    labels = tuple(str(a) for a in range(len(cuts))) if names is None else tuple(names)
    if not table or len(labels) != len(cuts):
        raise InputError("Give edges of at least one dimension, and a name for each attribute")
    empty = Stream(Grid(table), tuple(cuts), labels, ())
    if batches is None:
        size = len(table) * (sum(empty.widths) * empty.grid.classes + len(table))
        batches = min(max(NUMBERS // size, FEW_BATCHES), BATCHES)
    if batches < FEWEST:
        raise InputError("batches must be at least {fewest}", fewest=FEWEST)
    # All share one empty table until rows arrive.
    return replace(empty, parts=(_nothing(empty),) * batches)


def update(
    stream: Stream,
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    logvar: ArrayLike | None = None,
    group: ArrayLike | None = None,
) -> Stream:
    """Add a chunk of rows.

    Parameters
    ----------
    stream
        The state so far; it stays as it is.
    codes
        float32 or float64 (n, d), finite. Chunks may be of any size; some 100,000 rows are fast.
    attributes
        (n, k): numbers with NaN for missing, in the order of the cuts.
    logvar
        float (n, d): logarithm of the posterior variances; with every chunk or with none.
    group
        int (n,): rows of one group are not independent; a group has the same number in every
        chunk and every stream that is merged. With every chunk or with none.

    Returns
    -------
    Stream

    Raises
    ------
    InputError
        When the chunk does not fit, holds codes that are not finite, or a class that the cuts do
        not know.
    """
    chunk = _checked(stream, codes, attributes, logvar)
    n = len(chunk.codes)
    stream = _agreed(stream, grouped=group is not None, posterior=logvar is not None, rows=n)
    if not n:
        return stream
    batches = len(stream.parts)
    if group is None:
        order, dealt = in_turn(stream.rows, n, batches)
    else:
        order, dealt = by_group(group, n, batches)
    if order is not None:
        z, v, variance = chunk
        _finite(z.T, 0)
        chunk = _Chunk(z[order], v[order], None if variance is None else variance[order])
    parts = list(stream.parts)
    for b, part in _counted(stream, chunk, dealt):
        parts[b] = _merged(parts[b], part)
    return replace(stream, parts=tuple(parts))


def merge(a: Stream, b: Stream) -> Stream:
    """Return the state of all rows of both, in any order.

    Counts are the same whatever is merged first; moments are, up to rounding.

    Raises
    ------
    InputError
        When the two do not count the same things.
    """
    if len(a.grid.edges) != len(b.grid.edges) or not all(
        np.array_equal(x, y) for x, y in zip(a.grid.edges, b.grid.edges, strict=True)
    ):
        raise InputError(
            "The two streams cut their dimensions at different edges: start both with the same"
        )
    same = len(a.cuts) == len(b.cuts) and all(
        x.same(y) for x, y in zip(a.cuts, b.cuts, strict=True)
    )
    if not same or a.names != b.names or len(a.parts) != len(b.parts):
        raise InputError(
            "The two streams have different attributes, classes or batches: start both with the "
            "same"
        )
    if b.grouped is not None:
        a = _agreed(a, grouped=b.grouped, posterior=bool(b.posterior), rows=1)
    pairs = zip(a.parts, b.parts, strict=True)
    return replace(a, parts=tuple(_merged(x, y) for x, y in pairs))


def _checked(
    stream: Stream, codes: ArrayLike, attributes: ArrayLike, logvar: ArrayLike | None
) -> _Chunk:
    z, v = np.asarray(codes), np.asarray(attributes)
    if z.dtype.kind not in "fiu" or v.dtype.kind not in "fiu":
        raise InputError("codes and attributes must be numbers, one row an image")
    if z.dtype not in (np.float32, np.float64):
        z = z.astype(np.float64)
    d, k = len(stream.grid.edges), len(stream.cuts)
    if z.ndim != 2 or z.shape[1] != d or v.shape != (len(z), k):
        raise InputError(
            "Each chunk must have {d} columns of codes and {k} of attributes, one row an image",
            d=d,
            k=k,
        )
    if logvar is None:
        return _Chunk(z, v, None)
    variance = np.asarray(logvar)
    if variance.shape != z.shape or variance.dtype.kind != "f":
        raise InputError("logvar must hold one finite number for each number in codes")
    return _Chunk(z, v, variance)


def _agreed(stream: Stream, *, grouped: bool, posterior: bool, rows: int) -> Stream:
    """Hold on to what the first rows came with."""
    if not rows:
        return stream
    if stream.grouped is None:
        return replace(stream, grouped=grouped, posterior=posterior)
    if stream.grouped != grouped:
        raise InputError("group must come with every chunk or with none")
    if stream.posterior != posterior:
        raise InputError("logvar must come with every chunk or with none")
    return stream


def _counted(
    stream: Stream, chunk: _Chunk, dealt: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[int, Part]]:
    """Count runs, block by block; a long run's common tables are added up before they are read."""
    nothing = _nothing(stream)
    plan = packing(len(stream.grid.edges), stream.grid.classes, stream.widths)
    owner, waiting = -1, list[Ints]()
    for begin, run in groupby(pieces(dealt, BLOCK), key=lambda piece: piece[1] // BLOCK * BLOCK):
        block = _block(stream, chunk, begin)
        for b, first, last in run:
            here = slice(first - begin, last - begin)
            part = _tallied(block, here, nothing)
            cells, lines = block.cells[:, here], [line[here] for line in block.lines]
            if waiting and b != owner:
                yield owner, replace(nothing, counts=pairs_of(waiting, plan))
                waiting = []
            if part.rows < MANY:
                pairs = count_pairs(cells, lines, stream.widths, stream.grid.classes)
                yield b, replace(part, counts=pairs)
                continue
            tables = count_together(cells, lines, plan)
            waiting = [s + t for s, t in zip(waiting, tables, strict=True)] if waiting else tables
            owner = b
            yield b, part
    if waiting:
        yield owner, replace(nothing, counts=pairs_of(waiting, plan))


def _block(stream: Stream, chunk: _Chunk, begin: int) -> _Block:
    """Put the columns of some rows into classes."""
    rows = slice(begin, begin + BLOCK)
    columns = np.ascontiguousarray(chunk.codes[rows].T)
    _finite(columns, begin)
    values = np.ascontiguousarray(chunk.attributes[rows].T)
    named = zip(values, stream.cuts, stream.names, strict=True)
    return _Block(
        columns,
        stream.grid.place(columns),
        [place(column, cut, name) for column, cut, name in named],
        _marks(stream, values),
        None if chunk.logvar is None else _divergence(columns, chunk.logvar[rows].T),
    )


def _marks(stream: Stream, values: NDArray[np.number[Any]]) -> Floats:
    """Return the numbers of attributes that have moments, (numeric, 2, n)."""
    marks = np.zeros((len(stream.numeric), 2, values.shape[1]))
    for mark, a in zip(marks, stream.numeric, strict=True):
        if stream.cuts[a].kind == "circular":
            mark[:] = np.cos(values[a]), np.sin(values[a])
        else:
            mark[0] = values[a]
            mark[1, np.isnan(values[a])] = np.nan
    return marks


def _finite(columns: Reals, begin: int) -> None:
    """Refuse codes that are not finite; columns (d, n) of the rows from ``begin`` on."""
    if not np.isfinite(columns).all():
        wrong = ~np.isfinite(columns).all(axis=0)
        raise InputError(
            "The codes of row {row} are not finite (NaN or infinite): leave such images out",
            row=begin + int(np.argmax(wrong)),
        )


def _divergence(mean: Reals, logvar: Reals) -> Floats:
    """KL divergence of Gaussian posteriors from the standard normal prior."""
    if not np.isfinite(logvar).all():
        raise InputError("logvar must hold one finite number for each number in codes")
    variance = logvar.astype(np.float64)
    return np.asarray((np.square(mean, dtype=np.float64) + np.exp(variance) - 1 - variance) / 2)


def _tallied(block: _Block, rows: slice, nothing: Part) -> Part:
    """Take everything but the counts of some rows of a block."""
    found = block.divergence
    return Part(
        rows.stop - rows.start,
        nothing.counts,
        moments_of(block.columns[:, rows], block.marks[:, :, rows]),
        nothing.divergence if found is None else found[:, rows].sum(axis=1),
    )


def _merged(a: Part, b: Part) -> Part:
    return Part(
        a.rows + b.rows,
        a.counts + b.counts,
        merge_moments(a.moments, b.moments),
        a.divergence + b.divergence,
    )


def _nothing(stream: Stream) -> Part:
    d = len(stream.grid.edges)
    return Part(
        0,
        np.zeros((sum(stream.widths), d, stream.grid.classes), dtype=np.int64),
        no_moments(d, len(stream.numeric)),
        np.zeros(d),
    )
