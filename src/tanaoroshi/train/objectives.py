"""What training minimises. Each function takes tensors and returns tensors; none knows a net.

All terms are per picture and per picture value (divided by c·h·w by the caller where noted), so
that weights mean the same at any picture size.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


def gaussian_kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) ‖ N(0, 1)) of every dimension, in nats, (n, d).

    Kingma and Welling 2014 (arXiv 1312.6114), appendix B. β-VAE (Higgins et al. 2017, ICLR)
    multiplies its sum over dimensions by β.
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


class Decomposition(NamedTuple):
    """The KL term in three, in nats, each a scalar.

    ``information`` I(x; z) under q; ``total_correlation`` KL(q(z) ‖ Π q(z_j));
    ``dimension_wise`` Σ KL(q(z_j) ‖ p(z_j)). Their sum estimates E KL(q(z|x) ‖ p(z)).
    """

    information: Tensor
    total_correlation: Tensor
    dimension_wise: Tensor


def _log_normal(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * (math.log(2 * math.pi) + logvar + (z - mean).square() * torch.exp(-logvar))


def decompose_kl(z: Tensor, mean: Tensor, logvar: Tensor, n_images: int) -> Decomposition:
    """Split the KL term by minibatch-weighted sampling.

    Chen, Li, Grosse and Duvenaud 2018 (arXiv 1802.04942), equation S3 (β-TCVAE): ``z`` (n, d) are
    samples of q(z|x) with ``mean`` and ``logvar``, out of a collection of ``n_images``. Biased, as
    the paper says; its gradient serves, its value is not to be reported as a total correlation.
    """
    n = len(z)
    log_q_given_x = _log_normal(z, mean, logvar).sum(1)
    pairs = _log_normal(z[:, None], mean[None], logvar[None])  # sample i under posterior j
    offset = math.log(n * n_images)
    log_q = torch.logsumexp(pairs.sum(2), dim=1) - offset
    log_q_product = (torch.logsumexp(pairs, dim=1) - offset).sum(1)
    zero = torch.zeros_like(z)
    log_p = _log_normal(z, zero, zero).sum(1)
    return Decomposition(
        (log_q_given_x - log_q).mean(),
        (log_q - log_q_product).mean(),
        (log_q_product - log_p).mean(),
    )


def _steps(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def picture_error(made: Tensor, target: Tensor, edges: float) -> Tensor:
    """Mean absolute error of colours, plus ``edges`` times that of their steps; (n,).

    Absolute, not squared: a median is a picture, a mean is a blur. The steps between neighbouring
    pixels are compared at full and at half size, which keeps outlines and eyes where they are.
    """
    error = (made - target).abs().mean((1, 2, 3))
    if edges:
        for _ in range(2):
            for mine, theirs in zip(_steps(made), _steps(target), strict=True):
                error = error + 0.5 * edges * (mine - theirs).abs().mean((1, 2, 3))
            made, target = F.avg_pool2d(made, 2), F.avg_pool2d(target, 2)
    return error


def drawn_error(drawn: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of log-odds ``drawn`` (n, 1, h, w) against ink (1) and paper (0); (n,)."""
    loss = F.binary_cross_entropy_with_logits(drawn, target, reduction="none")
    return loss.mean((1, 2, 3))


def tie_error(mean: Tensor, targets: Tensor) -> Tensor:
    """Squared distance of posterior means from what they are tied to; a scalar.

    ``targets`` (n, k) holds NaN where the attribute is missing; such cells do not count. The
    supervised term of Locatello et al. 2020 (arXiv 1905.01258), with regression in place of their
    cross-entropy, since our attributes are numbers.
    """
    known = ~torch.isnan(targets)
    gap = torch.where(known, mean - torch.nan_to_num(targets), torch.zeros_like(mean))
    return gap.square().sum() / known.sum().clamp(min=1)
