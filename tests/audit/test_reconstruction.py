from __future__ import annotations

import numpy as np
import pytest

from tanaoroshi.audit.reconstruction import reconstruction_error
from tanaoroshi.records.estimates import Estimate, Unmeasured


def test_identical_pictures_have_no_error_and_a_chance_level() -> None:
    pictures = np.random.default_rng(0).random((20, 4, 4, 3))
    error = reconstruction_error(pictures, pictures, None)
    mse = error["mse"]
    assert isinstance(mse, Estimate)
    assert mse.value == 0
    # Two independent uniform pixels differ by 1/6 in mean square.
    assert mse.chance == pytest.approx(1 / 6, abs=0.02)


def test_the_error_is_the_mean_over_all_pixels() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((30, 3, 5, 1)), rng.random((30, 3, 5, 1))
    error = reconstruction_error(a, b, None)
    assert isinstance(error["mse"], Estimate)
    assert isinstance(error["mae"], Estimate)
    assert error["mse"].value == pytest.approx(np.square(a - b).mean())
    assert error["mae"].value == pytest.approx(np.abs(a - b).mean())
    assert error["mse"].low < error["mse"].value < error["mse"].high


def test_copies_in_one_group_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((25, 2, 2, 1)), rng.random((25, 2, 2, 1))
    once = reconstruction_error(a, b, None)["mse"]
    group = np.repeat(np.arange(25), 8)
    often = reconstruction_error(np.repeat(a, 8, 0), np.repeat(b, 8, 0), group)["mse"]
    assert isinstance(once, Estimate)
    assert isinstance(often, Estimate)
    assert often.high - often.low == pytest.approx(once.high - once.low)


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        errors = np.sqrt(rng.gamma(2.0, 0.01, size=40))
        a = np.zeros((40, 1, 1, 1))
        mse = reconstruction_error(a, errors[:, None, None, None], None)["mse"]
        assert isinstance(mse, Estimate)
        hits += mse.low <= 0.02 <= mse.high
    assert 0.90 <= hits / 300 <= 0.99


def test_one_picture_is_too_few() -> None:
    one = np.zeros((1, 2, 2, 1))
    assert isinstance(reconstruction_error(one, one, None)["mse"], Unmeasured)
