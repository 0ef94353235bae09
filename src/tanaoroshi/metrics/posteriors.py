"""The aggregate posterior q(z), the mean of all images' Gaussian posteriors, at samples of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import expit

from tanaoroshi.metrics.covariance import too_few
from tanaoroshi.metrics.question import FEWEST
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_index, permuted_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.metrics.question import Question
    from tanaoroshi.records.attributes import Floats, Ints

    Singles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

# Samples × posteriors × dimensions: bounds the time (some 2 s).
EVALUATIONS = 120_000_000
# With many images: one sample for so many posteriors. With few: so many from each.
SHARE, SAMPLES = 9, 4
# Samples × posteriors at a time: bounds the memory.
BLOCK = 100_000
# Posteriors narrower than this share of a dimension's spread count as so wide: rounding.
NARROW = 1e-5
# Largest log-variance; no density; ln √2π.
FLAT, TINY, ROOT_TURN = 60.0, 1e-37, float(np.log(2 * np.pi)) / 2


class Posteriors(NamedTuple):
    """Gaussian posteriors about a common centre, and samples from them.

    ``mean``, ``std`` (n, d); ``centre`` (d,); ``rows`` (n,): which images they are; ``group``
    (n,), 0..; ``row`` (m,): which posterior each sample is from; ``noise`` (m, d).
    """

    mean: Floats
    std: Floats
    centre: Floats
    rows: Ints
    group: Ints
    row: Ints
    noise: Floats

    @property
    def z(self) -> Floats:
        """Samples, float64 (m, d)."""
        return np.asarray(self.mean[self.row] + self.std[self.row] * self.noise)

    @property
    def own(self) -> Floats:
        """Log density of each sample under its own posterior, float64 (m, d)."""
        return np.asarray(-(self.noise**2) / 2 - np.log(self.std[self.row]) - ROOT_TURN)

    @property
    def prior(self) -> Floats:
        """Log density of each sample under N(0, 1), float64 (m, d)."""
        return np.asarray(-((self.z + self.centre) ** 2) / 2 - ROOT_TURN)


class Density(NamedTuple):
    """Log density of an aggregate posterior at samples.

    ``whole`` (m,): of the mixture of all posteriors; ``other`` (m,): of those of other groups
    than the sample's.
    """

    whole: Floats
    other: Floats


def draw_posteriors(asked: Question) -> Posteriors | Unmeasured:
    """Draw as many images as there is time for, by whole groups, and samples of their codes."""
    if asked.logvar is None:
        return Unmeasured(message("the encoder gives no log-variance, only the mean of each code"))
    n, d = asked.codes.shape
    group = group_index(n, asked.group)
    groups = int(group.max()) + 1
    if groups < FEWEST:
        return too_few(groups)
    rng = asked.stream("posteriors")
    pairs = max(EVALUATIONS // d, 1)
    most = int(np.sqrt(SHARE * pairs))
    turn = rng.permutation(groups)[group]
    rows = np.sort(np.argsort(turn, kind="stable")[:most]) if n > most else np.arange(n)
    each = min(pairs // len(rows) ** 2, SAMPLES)
    row = np.repeat(np.arange(len(rows)), max(each, 1))
    if not each:
        row = np.sort(rng.permutation(len(rows))[: pairs // len(rows)])
    codes = asked.codes[rows]
    centre = codes.mean(axis=0)
    variance = np.exp(np.minimum(asked.logvar[rows], FLAT))
    spread = np.sqrt(codes.var(axis=0) + variance.mean(axis=0))
    return Posteriors(
        mean=codes - centre,
        std=np.maximum(np.sqrt(variance), NARROW * spread),
        centre=centre,
        rows=rows,
        group=np.unique(group[rows], return_inverse=True)[1],
        row=row,
        noise=rng.standard_normal((len(row), d)),
    )


def permuted_posteriors(
    drawn: Posteriors, row: Ints, *, grouped: bool, rng: np.random.Generator
) -> Posteriors:
    """Permute the posteriors of each dimension on their own, and sample those in ``row`` (m,)."""
    mean, std = drawn.mean.copy(), drawn.std.copy()
    for j in range(1, mean.shape[1]):
        order = permuted_rows(len(mean), drawn.group if grouped else None, rng=rng)
        mean[:, j], std[:, j] = drawn.mean[order, j], drawn.std[order, j]
    noise = rng.standard_normal((len(row), mean.shape[1]))
    return drawn._replace(mean=mean, std=std, row=row, noise=noise)


def joint_density(drawn: Posteriors) -> Density:
    """Evaluate q(z), by one product of matrices."""
    z, precision = drawn.z, drawn.std**-2
    linear = (drawn.mean * precision).T
    constant = -(drawn.mean**2 * precision / 2 + np.log(drawn.std) + ROOT_TURN).sum(axis=1)

    def log_density(part: slice) -> Floats:
        return np.asarray(constant - (z[part] ** 2 / 2) @ precision.T + z[part] @ linear)

    return _mixture(drawn, drawn.own.sum(axis=1), log_density)


def marginal_density(drawn: Posteriors, j: int) -> Density:
    """Evaluate q(z_j), in single precision, which costs a third."""
    z, mean, narrow = drawn.z[:, j], drawn.mean[:, j], 1 / drawn.std[:, j]
    constant = (-np.log(drawn.std[:, j]) - ROOT_TURN).astype(np.float32)

    def log_density(part: slice) -> Singles:
        off = ((z[part, None] - mean) * narrow).astype(np.float32)
        off *= off
        off *= np.float32(-0.5)
        off += constant
        return off

    return _mixture(drawn, drawn.own[:, j], log_density)


def gaussian_density(drawn: Posteriors) -> tuple[Floats, Floats]:
    """Log density of the samples under a Gaussian with the moments of q(z): (m,) and (m, d).

    Fitted to the same samples it tells too much of them, by half a nat for each parameter and
    independent image; that is taken off.
    """
    d, groups = drawn.mean.shape[1], int(drawn.group.max()) + 1
    inner = np.diag((drawn.std**2).mean(axis=0))
    covariance = drawn.mean.T @ drawn.mean / len(drawn.mean) + inner
    scale = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / (scale[:, None] * scale))
    z = drawn.z / scale
    white = solve_triangular(root, z.T, lower=True)
    size = np.log(scale) + ROOT_TURN
    joint = -(white**2).sum(axis=0) / 2 - np.log(np.diag(root)).sum() - size.sum()
    fitted = np.array([d * (d + 3) / 2, 2]) / (2 * groups)
    return joint - fitted[0], -(z**2) / 2 - size - fitted[1]


def blended(other: Floats, gaussian: Floats) -> Floats:
    """Mix a density with a Gaussian in the proportion that fits the samples best; logs, (m,).

    No density tells more of samples than their own, on average; the better one fits, the tighter
    is the bound.
    """
    odds = share = 0.0
    for _ in range(30):
        share = float(np.clip(expit(gaussian - other + odds).mean(), 1e-6, 1 - 1e-6))
        odds = float(np.log(share / (1 - share)))
    return np.asarray(np.logaddexp(gaussian + np.log(share), other + np.log1p(-share)))


def _mixture(
    drawn: Posteriors, own: Floats, log_density: Callable[[slice], Floats | Singles]
) -> Density:
    """Evaluate a mixture block by block.

    ``own`` (m,): log density of each sample under its own posterior; ``log_density``: from a
    slice of the samples to their log density under each posterior, (c, n).
    """
    m, n = len(drawn.row), len(drawn.group)
    size = np.bincount(drawn.group)[drawn.group]
    whole, other = np.empty(m), np.empty(m)
    step = max(1, BLOCK // n)
    for begin in range(0, m, step):
        part = slice(begin, begin + step)
        rows = drawn.row[part]
        each = np.arange(len(rows))
        weight = log_density(part)
        weight[each, rows] = own[part]
        top = weight.max(axis=1)
        weight -= top[:, None]
        np.exp(weight, out=weight)
        whole[part] = top + np.log(weight.sum(axis=1)) - np.log(n)
        if size.max() == 1:
            weight[each, rows] = 0
        else:
            weight[drawn.group[rows][:, None] == drawn.group] = 0
        rest = np.maximum(weight.sum(axis=1), TINY)
        other[part] = top + np.log(rest) - np.log(n - size[rows])
    return Density(whole, other)
