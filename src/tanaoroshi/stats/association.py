"""How strongly two columns go together, for each pair of kinds; arrays without missing values.

Where a coefficient is undefined (a constant column, a single class) it is NaN: the caller turns
that into an :class:`~tanaoroshi.records.estimates.Unmeasured` with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints


def spearman(x: Floats, y: Floats) -> Floats:
    """Spearman's rank correlation of each column of x with y (ties get their mean rank).

    Parameters
    ----------
    x
        float (n,) or (n, d).
    y
        float (n,).

    Returns
    -------
    float64 () or (d,) in [-1, 1]; NaN where a column is constant.
    """
    return _pearson(rankdata(x, axis=0), rankdata(y))


def circular_linear(x: Floats, angle: Floats) -> Floats:
    """Mardia's circular–linear correlation of each column of x with an angle.

    The multiple correlation of x with the cosine and the sine of the angle. Its place on the
    circle has no sign, so the coefficient has none.

    Parameters
    ----------
    x
        float (n,) or (n, d).
    angle
        float (n,), radians.

    Returns
    -------
    float64 () or (d,) in [0, 1]; NaN where a column is constant or the angle takes fewer than
    three values (then cosine and sine are one line).

    References
    ----------
    K. V. Mardia, Linear-Circular Correlation Coefficients and Rhythmometry, Biometrika 63, 1976.
    """
    cosine, sine = np.cos(angle), np.sin(angle)
    r_xc, r_xs = _pearson(x, cosine), _pearson(x, sine)
    r_cs = float(_pearson(cosine, sine))
    if not abs(r_cs) < 1 - 1e-12:
        return np.full_like(r_xc, np.nan)
    squared = (r_xc**2 + r_xs**2 - 2 * r_xc * r_xs * r_cs) / (1 - r_cs**2)
    return np.sqrt(np.clip(squared, 0.0, 1.0))


def circular_circular(a: Floats, b: Floats) -> float:
    """Fisher and Lee's correlation of two angles.

    Parameters
    ----------
    a, b
        float (n,), radians.

    Returns
    -------
    float in [-1, 1]: 1 where one is the other turned, -1 where it is mirrored; NaN where an angle
    is constant.

    References
    ----------
    N. I. Fisher, A. J. Lee, A Correlation Coefficient for Circular Data, Biometrika 70, 1983;
    in the form that needs one pass over the rows.
    """
    n = len(a)
    top = np.sum(np.cos(a) * np.cos(b)) * np.sum(np.sin(a) * np.sin(b))
    top -= np.sum(np.cos(a) * np.sin(b)) * np.sum(np.sin(a) * np.cos(b))
    spread_a = n**2 - np.sum(np.cos(2 * a)) ** 2 - np.sum(np.sin(2 * a)) ** 2
    spread_b = n**2 - np.sum(np.cos(2 * b)) ** 2 - np.sum(np.sin(2 * b)) ** 2
    if min(spread_a, spread_b) <= 1e-12 * n**2:
        return float("nan")
    return float(np.clip(4 * top / np.sqrt(spread_a * spread_b), -1.0, 1.0))


def cramers_v(a: Ints, b: Ints) -> float:
    """Bias-corrected Cramér's V of two columns of classes.

    Parameters
    ----------
    a, b
        int (n,), classes 0..m-1; classes that do not occur do not count.

    Returns
    -------
    float in [0, 1]; on average near 0 where the columns are unrelated, however many classes there
    are (the plain V is not); NaN where a column has a single class or there is one row.

    References
    ----------
    W. Bergsma, A bias-correction for Cramér's V and Tschuprow's T, J. Korean Stat. Soc. 42, 2013.
    """
    n = len(a)
    _, rows = np.unique(a, return_inverse=True)
    _, columns = np.unique(b, return_inverse=True)
    r, c = int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1
    if min(r, c) < 2 or n < 2:
        return float("nan")
    table = np.bincount(rows * c + columns, minlength=r * c).reshape(r, c)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = float(np.sum((table - expected) ** 2 / expected)) / n
    phi2 = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1))
    return float("nan") if smaller <= 1 else float(np.sqrt(min(1.0, phi2 / (smaller - 1))))


def correlation_ratio(x: Floats, classes: Ints) -> Floats:
    """Return the correlation ratio η of each column of x given classes.

    η² is the share of the variance of x that lies between the classes.

    Parameters
    ----------
    x
        float (n,) or (n, d).
    classes
        int (n,), classes 0..m-1.

    Returns
    -------
    float64 () or (d,) in [0, 1]; NaN where a column is constant.
    """
    columns = x.reshape(len(x), -1)
    _, index, counts = np.unique(classes, return_inverse=True, return_counts=True)
    centred = columns - columns.mean(axis=0)
    sums = np.stack(
        [np.bincount(index, column, minlength=len(counts)) for column in centred.T], axis=-1
    )
    between = np.sum(sums**2 / counts[:, None], axis=0)
    total = np.where(np.ptp(columns, axis=0) > 0, np.sum(centred**2, axis=0), 0.0)
    return np.sqrt(np.clip(_ratio(between, total, x), 0.0, 1.0))


def _pearson(x: Floats, y: Floats) -> Floats:
    columns = x.reshape(len(x), -1)
    centred, target = columns - columns.mean(axis=0), y - y.mean()
    spread = np.sqrt(np.sum(centred**2, axis=0)) * np.sqrt(np.sum(target**2))
    # A constant column leaves rounding errors, not zeros.
    spread[np.ptp(columns, axis=0) == 0] = 0.0
    if np.ptp(y) == 0:
        spread[:] = 0.0
    return np.clip(_ratio(target @ centred, spread, x), -1.0, 1.0)


def _ratio(top: Floats, bottom: Floats, x: Floats) -> Floats:
    out = np.divide(top, bottom, out=np.full(bottom.shape, np.nan), where=bottom > 0)
    result: Floats = out.reshape(x.shape[1:])
    return result
