"""Values of the objectives against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")

from tanaoroshi.train.objectives import (  # noqa: E402
    decompose_kl,
    drawn_error,
    gaussian_kl,
    picture_error,
    tie_error,
)
from tanaoroshi.train.recipe import Tie  # noqa: E402
from tanaoroshi.train.targets import scale_of  # noqa: E402


def test_kl_of_gaussians() -> None:
    mean, variance = torch.tensor([[0.0, 3.0, 0.0]]), torch.tensor([[1.0, 1.0, 4.0]])
    kl = gaussian_kl(mean, variance.log())
    assert kl[0].tolist() == pytest.approx([0.0, 4.5, 0.5 * (4 - 1 - np.log(4))])


def gaussians(correlation: float, n: int) -> tuple[object, object, object]:
    """Sample codes whose aggregate is a bivariate normal with this correlation."""
    generator = torch.Generator().manual_seed(0)
    noise = 0.3
    covariance = torch.tensor([[1.0, correlation], [correlation, 1.0]]) - noise**2 * torch.eye(2)
    root = torch.linalg.cholesky(covariance)
    mean = torch.randn(n, 2, generator=generator) @ root.T
    z = mean + noise * torch.randn(n, 2, generator=generator)
    return z, mean, torch.full((n, 2), 2 * float(np.log(noise)))


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_decomposition_agrees_with_the_closed_form(correlation: float) -> None:
    # With the whole collection as one batch the weights are exact up to a constant: each of the
    # d + 1 densities is divided by n · n where an average divides by n.
    n = 3000
    parts = decompose_kl(*gaussians(correlation, n), n)
    expected = -0.5 * np.log(1 - correlation**2)
    assert float(parts.total_correlation) - np.log(n) == pytest.approx(expected, abs=0.05)
    assert float(parts.dimension_wise) + 2 * np.log(n) == pytest.approx(0.0, abs=0.05)


def test_the_parts_add_up_to_the_whole() -> None:
    z, mean, logvar = gaussians(0.5, 2000)
    whole = float(gaussian_kl(mean, logvar).sum(1).mean())
    assert float(sum(decompose_kl(z, mean, logvar, 2000))) == pytest.approx(whole, abs=0.05)


def test_picture_error_of_a_uniform_shift_has_no_edges() -> None:
    picture = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) / 2
    assert picture_error(picture, picture, 1.0).tolist() == [0.0, 0.0]
    shifted = picture_error(picture + 0.25, picture, 1.0)
    assert shifted.tolist() == pytest.approx([0.25, 0.25], abs=1e-6)


def test_drawn_error_of_even_odds_is_a_bit() -> None:
    even = torch.zeros(1, 1, 4, 4)
    assert drawn_error(even, torch.ones(1, 1, 4, 4)).item() == pytest.approx(np.log(2))


def test_missing_attributes_do_not_pull() -> None:
    mean = torch.tensor([[1.0, 5.0], [2.0, 7.0]], requires_grad=True)
    targets = torch.tensor([[0.0, float("nan")], [2.0, float("nan")]])
    loss = tie_error(mean, targets)
    loss.backward()
    assert loss.item() == pytest.approx(0.5)
    assert mean.grad is not None
    assert mean.grad.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert tie_error(mean, torch.full((2, 2), float("nan"))).item() == 0.0


def test_numbers_become_normal_scores() -> None:
    values = np.array([30.0, 10.0, 20.0, np.nan])
    scores = scale_of(Tie("a", (0,)), values)(values)[:, 0]
    assert scores[:3] == pytest.approx(ndtri([5 / 6, 1 / 6, 3 / 6]))
    assert np.isnan(scores[3])


def test_angles_become_a_circle_without_a_seam() -> None:
    scale = scale_of(Tie("hue", (0, 1), 360.0), np.array([350.0, 10.0, 20.0]))
    near = scale(np.array([359.999, 0.001]))
    assert near[0] == pytest.approx(near[1], abs=1e-3)
    assert np.hypot(*scale(np.array([123.0]))[0]) == pytest.approx(np.sqrt(2))
