"""p-values that stay honest when many questions are asked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats


def max_statistic_p(observed: ArrayLike, null: ArrayLike, *, scale: bool = False) -> Floats:
    """Adjust p-values over a family by the permutation distribution of its largest statistic.

    Parameters
    ----------
    observed
        float (...): one statistic for each question, larger means further from chance.
    null
        float (B, ...): the same under B permutations, each shared by all questions, so that the
        dependence between questions is kept.
    scale
        Put every question on one scale first: subtract the mean and divide by the standard
        deviation over observed and permuted values together (together, so that the test stays
        exact). A question whose statistic never varies counts as 0.

    Returns
    -------
    float64 (...) in (0, 1]: the chance, if nothing is related to anything, that the largest of
    all statistics is at least as large as this one. Single step: strong familywise control where
    the statistics of true questions do not depend on which others are true.

    References
    ----------
    P. H. Westfall, S. S. Young, Resampling-Based Multiple Testing, 1993 (maxT, single step). The
    observed arrangement counts as one of the permutations (B. Phipson, G. K. Smyth, 2010,
    arXiv 1603.05766), so p is never 0.
    """
    seen = np.asarray(observed, dtype=np.float64)
    drawn = np.asarray(null, dtype=np.float64)
    if drawn.shape[1:] != seen.shape:
        msg = f"null must be (B, {seen.shape}), got {drawn.shape}"
        raise ValueError(msg)
    everything = np.concatenate([seen[None], drawn]).reshape(len(drawn) + 1, -1)
    if scale:
        centred = everything - everything.mean(axis=0)
        spread = centred.std(axis=0)
        level = np.finfo(np.float64).eps * np.abs(everything).max(axis=0, initial=0.0) * 8
        everything = np.where(spread > level, centred / np.where(spread > level, spread, 1), 0.0)
    largest = np.sort(everything.max(axis=1))
    at_least = len(largest) - np.searchsorted(largest, everything[0], side="left")
    adjusted: Floats = (at_least / len(largest)).reshape(seen.shape)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjust p-values for the false discovery rate.

    Parameters
    ----------
    p
        float (...), in [0, 1].

    Returns
    -------
    float64 (...): findings with an adjusted p of at most q hold on average a share of at most q
    that are false, for independent or positively dependent questions.

    References
    ----------
    Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate, JRSS B 57, 1995.
    """
    values, order = _ordered(p)
    m = values.size
    steps = values.ravel()[order] * m / np.arange(1, m + 1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return adjusted.reshape(values.shape)


def holm(p: ArrayLike) -> Floats:
    """Adjust p-values for the familywise error rate, whatever their dependence.

    Parameters
    ----------
    p
        float (...), in [0, 1].

    Returns
    -------
    float64 (...): the chance that any question with an adjusted p of at most a is a false finding
    is at most a.

    References
    ----------
    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Stat. 6, 1979.
    """
    values, order = _ordered(p)
    m = values.size
    steps = values.ravel()[order] * np.arange(m, 0, -1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted.reshape(values.shape)


def _ordered(p: ArrayLike) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    values = np.asarray(p, dtype=np.float64)
    if not np.all((values >= 0) & (values <= 1)):
        msg = "p-values lie between 0 and 1"
        raise ValueError(msg)
    return values, np.argsort(values, axis=None, kind="stable")
