from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from tanaoroshi.shelves.ridge import (
    PENALTIES,
    constant_losses,
    fit,
    fold_sums,
    held_out_losses,
    nest,
)

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=25)
@given(seeds)
def test_fits_from_sums_agree_with_sklearn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(3, 1, (40, 5)), rng.normal(2, 1, (40, 2))
    fold = np.arange(40) % 4
    sums = fold_sums(x, y, fold)
    found = fit(sums[0] + sums[1] + sums[2])
    train, held = fold < 3, fold == 3
    scale = np.trace(np.cov(x[train].T, bias=True)) * train.sum() / 5
    for strength, slopes, losses in zip(
        PENALTIES, found.slopes, found.losses(sums[3]), strict=True
    ):
        ridge = Ridge(alpha=strength * scale).fit(x[train], y[train])
        assert np.allclose(slopes, ridge.coef_.T, atol=1e-8)
        assert np.allclose(losses, np.sum((y[held] - ridge.predict(x[held])) ** 2, axis=0))


def test_inner_losses_never_see_the_held_out_fold() -> None:
    rng = np.random.default_rng(0)
    x, y, fold = rng.normal(size=(60, 3)), rng.normal(size=(60, 1)), np.arange(60) % 5
    before = nest(fold_sums(x, y, fold))
    y[fold == 2] += rng.normal(size=(12, 1))
    after = nest(fold_sums(x, y, fold))
    assert np.allclose(before.inner[2], after.inner[2])
    assert np.allclose(before.outer[2].slopes, after.outer[2].slopes)
    assert not np.allclose(before.inner[1], after.inner[1])


def test_held_out_losses_are_those_of_the_other_folds() -> None:
    rng = np.random.default_rng(1)
    x, fold = rng.normal(size=(50, 2)), np.arange(50) % 5
    y = x @ [[1.0], [2.0]] + 0.1 * rng.normal(size=(50, 1))
    base = held_out_losses(x, y, fold)
    y[fold == 0] += 100
    moved = held_out_losses(x, y, fold)
    assert moved[fold == 0].min() > 50**2 > base.max()


def test_noise_is_not_told() -> None:
    rng = np.random.default_rng(2)
    x, y, fold = rng.normal(size=(300, 20)), rng.normal(size=(300, 1)), np.arange(300) % 5
    told = 1 - held_out_losses(x, y, fold).sum() / constant_losses(y, fold).sum()
    assert -0.05 < told < 0.05


def test_a_constant_feature_is_harmless() -> None:
    rng = np.random.default_rng(3)
    x, fold = rng.normal(size=(100, 1)), np.arange(100) % 5
    y = 2 * x
    for features in (np.hstack([x, np.ones((100, 1))]), np.ones((100, 1))):
        losses = held_out_losses(features, y, fold)
        assert np.isfinite(losses).all()
    assert np.allclose(losses, constant_losses(y, fold))
