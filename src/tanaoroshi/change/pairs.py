"""Two codes of the same images side by side, and what either tells of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from tanaoroshi.change.settings import ChangeSettings
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.shelves.features import nonlinear, standardise
from tanaoroshi.shelves.ridge import fit, fold_sums, total_of
from tanaoroshi.stats.resample import draw_groups, group_folds, permuted_rows

DEALS = 5
"""Permutations that the chance level of the agreement is the mean of."""
LANDMARKS = 200
"""Codes that nearness is measured to."""
ENOUGH = 0.95
"""Where a line tells so much of a dimension, no curve is tried: nothing depends on the rest."""
BETTER = 0.98
"""Curves on fewer rows must do better by this factor, else the line on all rows is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two codes of the same rows.

    Attributes
    ----------
    x, y
        float64 (n, d) of the code that is followed and (n, e) of the other: normal scores.
    x_ranks, y_ranks, x_plain, y_plain
        The ranks, and the codes themselves. All of these are standardised.
    spread_x, spread_y, mean_x, mean_y
        Of each dimension.
    """

    x: Floats
    y: Floats
    x_ranks: Floats
    y_ranks: Floats
    x_plain: Floats
    y_plain: Floats
    spread_x: Floats
    spread_y: Floats
    mean_x: Floats
    mean_y: Floats
    group: Ints | None
    fold: Ints
    settings: ChangeSettings

    @classmethod
    def of(
        cls,
        x: Floats,
        y: Floats,
        group: Ints | None,
        settings: ChangeSettings,
        rng: np.random.Generator,
    ) -> Pair:
        """Standardise both; draw the folds."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        fold = group_folds(len(x), group, settings.folds, rng=rng)
        x_ranks, y_ranks = rankdata(x, axis=0), rankdata(y, axis=0)
        return cls(
            standardise(ndtri((x_ranks - 0.5) / len(x))),
            standardise(ndtri((y_ranks - 0.5) / len(y))),
            standardise(x_ranks),
            standardise(y_ranks),
            standardise(x),
            standardise(y),
            _spread(x),
            _spread(y),
            x.mean(axis=0),
            y.mean(axis=0),
            group,
            fold,
            settings,
        )

    def turned(self) -> Pair:
        """Return the pair with the other code followed."""
        return Pair(
            self.y,
            self.x,
            self.y_ranks,
            self.x_ranks,
            self.y_plain,
            self.x_plain,
            self.spread_y,
            self.spread_x,
            self.mean_y,
            self.mean_x,
            self.group,
            self.fold,
            self.settings,
        )


def _spread(codes: Floats) -> Floats:
    """Return standard deviations; exactly 0 for columns that are constant up to rounding."""
    spread = codes.std(axis=0)
    rounding = 1e-7 * np.abs(codes).max(axis=0, initial=0.0)
    return np.where(spread > rounding, spread, 0.0)


def nearness(pair: Pair) -> Floats:
    """Return the rank correlation of every dimension with every one of the other, (d, e)."""
    near: Floats = pair.x_ranks.T @ pair.y_ranks / len(pair.x)
    return np.where((pair.spread_x[:, None] > 0) & (pair.spread_y > 0), near, 0.0)


def chance_level(pair: Pair, rng: np.random.Generator) -> float:
    """Return the mean greatest agreement of a dimension with one that has nothing to do with it."""
    found = []
    for _ in range(DEALS):
        order = permuted_rows(len(pair.x), pair.group, rng=rng)
        near = np.abs(pair.x_ranks[order].T @ pair.y_ranks) / len(pair.x)
        found.append(near.max(axis=1, initial=0.0).mean())
    return float(np.mean(found))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What all dimensions of the other code tell of each of this one, held out.

    Attributes
    ----------
    losses
        float64 (n, d): squared errors, by a line in all dimensions.
    weights
        float64 (d, e): share of variation that each dimension of the other code contributes.
    bent_rows
        int64 (m,): the rows on which curves and nearness are tried.
    bent_losses
        float64 (m, d): infinite where a line is enough.
    """

    losses: Floats
    weights: Floats
    bent_rows: Ints
    bent_losses: Floats

    @classmethod
    def by(cls, pair: Pair, rng: np.random.Generator) -> Told:
        """Tell one code by the other."""
        losses = _all_losses(pair.y, pair.x, pair.fold)
        settings = pair.settings
        rows = draw_groups(
            len(pair.x),
            pair.group,
            settings.nonlinear_rows,
            fewest=settings.min_groups,
            rng=rng,
        )
        bent_losses = np.full((len(rows), pair.x.shape[1]), np.inf)
        open_ = np.flatnonzero(losses.sum(axis=0) > (1 - ENOUGH) * np.sum(pair.x**2, axis=0))
        if len(open_):
            there = pair.y[rows]
            bent = np.hstack([there, nonlinear(there, pair.settings.knots, LANDMARKS, rng=rng)])
            bent_losses[:, open_] = _all_losses(bent, pair.x[rows][:, open_], pair.fold[rows])
        return cls(losses, _weights(pair), rows, bent_losses)

    def of(self, j: int, pair: Pair) -> tuple[Ints, Floats]:
        """Return the better prediction of dimension j: its rows, and its errors on them."""
        straight = self.losses[:, j]
        if self.bent_losses[:, j].sum() < BETTER * straight[self.bent_rows].sum():
            return self.bent_rows, self.bent_losses[:, j]
        return np.arange(len(pair.x)), straight


def _all_losses(features: Floats, targets: Floats, fold: Ints) -> Floats:
    """Return held-out squared errors of each target column, each with its own penalty, (n, m).

    The penalty for a fold is the one that did best on the others.
    """
    sums = fold_sums(features, targets, fold)
    total = total_of(sums)
    fits = [fit(total - part) for part in sums]
    tried = np.stack([fitted.losses(part) for fitted, part in zip(fits, sums, strict=True)])
    out = np.empty_like(targets)
    columns = np.arange(targets.shape[1])
    for f, fitted in enumerate(fits):
        held = fold == f
        chosen = (tried.sum(axis=0) - tried[f]).argmin(axis=0)
        guess = fitted.y0 + (features[held] - fitted.x0) @ fitted.slopes[chosen, :, columns].T
        out[held] = (targets[held] - guess) ** 2
    return out


def _weights(pair: Pair) -> Floats:
    """Split what a line tells of each dimension among the other code's dimensions, (d, e)."""
    n, e = pair.y.shape
    inside = pair.y.T @ pair.y / n
    across = pair.y.T @ pair.x / n
    slopes = np.linalg.solve(inside + 1e-6 * np.eye(e), across)
    return np.asarray(np.clip(slopes * across, 0, None).T, dtype=np.float64)
