"""Unsupervised disentanglement ranking by second routes: the library's steps, written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.likeness import lasso, rank_likeness
from tanaoroshi.metrics.question import question
from tanaoroshi.metrics.udr import (
    Similarity,
    answer_udr,
    relative_strength,
    udr,
    udr_scores,
)
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Floats

N = 400
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 4))
TURN = np.linalg.qr(np.eye(4) + 0.3 * RNG.normal(size=(4, 4)))[0]
CODES = [
    X + 0.3 * RNG.normal(size=X.shape),
    -2 * X[:, [2, 0, 3, 1]] + 0.4 * RNG.normal(size=X.shape),
    np.hstack([X @ TURN, RNG.normal(size=(N, 2))]) + 0.1,
]
LOGVARS = [np.full(c.shape, -1.0) for c in CODES]


def got(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    assert 0 <= measured.low <= measured.value <= measured.high
    assert measured.chance is not None
    return measured


def ask(codes: Sequence[Floats], seed: int = 0, **settings: object) -> Measured:
    return udr(codes, rng=np.random.default_rng(seed), **settings)  # type: ignore[arg-type]


def library(codes: Sequence[Floats], kl: Sequence[Floats], similarity: str, tol: float) -> Floats:
    """Scores as disentanglement_lib takes them, step by step."""
    scaled = [
        StandardScaler().fit_transform(c) * (k > 0.01) for c, k in zip(codes, kl, strict=True)
    ]
    pairs = np.zeros((len(codes), len(codes)))
    for i, one in enumerate(scaled):
        for j, other in enumerate(scaled):
            if similarity == "lasso":
                matrix = np.abs(Lasso(alpha=0.1, tol=tol).fit(one, other).coef_.T)
            else:
                matrix = np.abs([[spearmanr(a, b)[0] for b in other.T] for a in one.T])
            matrix = matrix[kl[i] > 0.01][:, kl[j] > 0.01]
            shares = []
            for axis in (0, 1):
                whole = matrix.sum(axis=axis)
                best = matrix.max(axis=axis) ** 2
                shares.append(np.divide(best, whole, out=np.zeros_like(best), where=whole > 0))
            pairs[i, j] = (shares[0].mean() + shares[1].mean()) / 2
    return np.array([np.median(np.delete(pairs[:, i], i)) for i in range(len(codes))])


def divergence(codes: Sequence[Floats]) -> list[Floats]:
    return [((c**2 + np.exp(-1.0) - 1 + 1) / 2).mean(axis=0) for c in codes]


@pytest.mark.parametrize("similarity", ["lasso", "spearman"])
def test_the_scores_are_the_librarys(similarity: Similarity) -> None:
    # Its latent sizes must be equal.
    codes, logvars = [c[:, :4] for c in CODES], [v[:, :4] for v in LOGVARS]
    expected = library(codes, divergence(codes), similarity, 1e-4)
    found = udr_scores(
        codes,
        rng=np.random.default_rng(0),
        logvars=logvars,
        similarity=similarity,
        convention="disentanglement_lib",
    )
    np.testing.assert_allclose([got(e).value for e in found], expected, atol=1e-9)
    # With equal latent sizes the paper's mean is the same, but for the library's tolerance.
    exact = library(codes, divergence(codes), similarity, 1e-12)
    rng = np.random.default_rng(0)
    ours = udr_scores(codes, rng=rng, logvars=logvars, similarity=similarity)
    np.testing.assert_allclose([got(e).value for e in ours], exact, atol=1e-7)


def test_uninformative_dimensions_are_left_out_as_the_library_does() -> None:
    codes = [c[:, :4].copy() for c in CODES]
    logvars = [v[:, :4].copy() for v in LOGVARS]
    codes[0][:, 1] *= 0.01
    logvars[0][:, 1] = 0.0
    kl = divergence(codes)
    kl[0][1] = (codes[0][:, 1] ** 2 / 2).mean()
    assert kl[0][1] < 0.01
    expected = library(codes, kl, "lasso", 1e-4)
    rng = np.random.default_rng(0)
    found = udr_scores(codes, rng=rng, logvars=logvars, convention="disentanglement_lib")
    np.testing.assert_allclose([got(e).value for e in found], expected, atol=1e-9)
    assert "3 of 4 dimensions" in got(found[0]).method
    # The variance tells the same where there are no log-variances.
    assert "3 of 4 dimensions" in got(ask(codes)).method


def test_the_paper_takes_one_mean_over_all_dimensions() -> None:
    r = np.array([[0.9, 0.1], [0.0, 0.5], [0.0, 0.0]])
    lines = [0.9**2 / 1.0, 0.5**2 / 0.5, 0.0]
    columns = [0.9**2 / 0.9, 0.5**2 / 0.6]
    assert relative_strength(r, pooled=True) == pytest.approx((sum(lines) + sum(columns)) / 5)
    halves = (np.mean(lines) + np.mean(columns)) / 2
    assert relative_strength(r, pooled=False) == pytest.approx(halves)
    assert relative_strength(np.eye(4), pooled=True) == 1
    assert relative_strength(np.ones((4, 4)), pooled=True) == pytest.approx(0.25)
    assert relative_strength(np.zeros((2, 0)), pooled=True) == 0
    assert relative_strength(np.zeros((2, 0)), pooled=False) == 0


def test_the_lasso_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 6)) @ rng.normal(size=(6, 6))
    y = rng.normal(size=(90, 3)) + x[:, :1]
    x, y = ((m - m.mean(axis=0)) / m.std(axis=0) for m in (x, y))
    x[:, 4] = 0
    found = lasso((x.T @ x / 90)[None], (x.T @ y / 90)[None], 0.1)[0]
    model = Lasso(0.1, tol=1e-13, max_iter=100_000).fit(x, y)
    np.testing.assert_allclose(found, model.coef_.T, atol=1e-8)


def test_ranks_without_a_batch_are_ranked_anew() -> None:
    rng = np.random.default_rng(2)
    one, two = rng.normal(size=(60, 2)), rng.integers(0, 4, (60, 3)).astype(float)
    batches = np.arange(60) % 5
    found = rank_likeness(one, two, batches, [np.arange(60)])
    np.testing.assert_allclose(found.null[0], found.whole)
    for b in range(5):
        left = batches != b
        ranks = np.hstack([rankdata(one[left], axis=0), rankdata(two[left], axis=0)])
        expected = np.abs(np.corrcoef(ranks.T)[:2, 2:])
        np.testing.assert_allclose(found.without[b], expected, atol=1e-12)


def test_perfect_and_unrelated_trainings() -> None:
    x = np.random.default_rng(3).normal(size=(2000, 4))
    same = got(ask([x, -3 * x[:, ::-1]]))
    assert same.value == pytest.approx(0.9, abs=0.03)
    assert same.chance == pytest.approx(0, abs=0.02)
    ranked = got(ask([x, np.exp(x[:, ::-1])], similarity="spearman"))
    assert ranked.value > 0.9
    other = np.random.default_rng(4).normal(size=(2000, 4))
    found = got(ask([x, other]))
    assert found.low == 0
    assert found.value == pytest.approx(found.chance, abs=0.01)
    noise = got(ask([x, other], similarity="spearman"))
    assert noise.value == pytest.approx(noise.chance, abs=0.02)
    assert noise.low < 0.01


@pytest.mark.parametrize("similarity", ["lasso", "spearman"])
def test_what_changes_nothing(similarity: Similarity) -> None:
    value = got(ask(CODES, similarity=similarity)).value
    order = np.random.default_rng(1).permutation(N)
    constant = np.full((N, 1), 3.3)
    for codes in (
        [c[order] for c in CODES],
        [CODES[0][:, ::-1], *CODES[1:]],
        [CODES[0], CODES[2], CODES[1]],
        [CODES[0] * [1, -1, 1, -1] * 30 + 5, *CODES[1:]],
        [np.hstack([constant, c]) for c in CODES],
        [np.hstack([c, constant]) for c in CODES],
    ):
        assert got(ask(codes, similarity=similarity)).value == pytest.approx(value, abs=1e-7)
    if similarity == "spearman":
        bent = [np.arctan(CODES[0]), *CODES[1:]]
        assert got(ask(bent, similarity=similarity)).value == pytest.approx(value, abs=1e-7)


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    codes = [c[:120] for c in CODES]
    rows = np.repeat(np.arange(120), 6)
    six = [c[rows] for c in codes]
    one, two, blind = got(ask(codes)), got(ask(six, group=rows)), got(ask(six))
    assert two.high - two.low > 0.75 * (one.high - one.low)
    assert blind.high - blind.low < 0.75 * (one.high - one.low)


def test_what_cannot_be_compared_is_said_in_words() -> None:
    for codes, word in (
        (CODES[:1], "one training only"),
        ([np.ones((N, 2)), CODES[0]], "no dimension"),
        ([c[:9] for c in CODES], "only 9 independent"),
    ):
        found = ask(codes)
        assert isinstance(found, Unmeasured)
        assert word in f"{found.reason}"
    # The other one holds nothing: no dimension has a counterpart.
    assert got(ask([CODES[0], np.ones((N, 2))])).value == 0
    assert got(ask([CODES[0], np.ones((N, 2))], similarity="spearman")).value == 0
    with pytest.raises(InputError, match="400 images, another of 399"):
        ask([CODES[0], CODES[1][1:]])
    with pytest.raises(InputError, match="no similarity nope"):
        ask(CODES, similarity="nope")
    with pytest.raises(InputError, match="two or more"):
        ask([])
    with pytest.raises(InputError, match="one entry for each"):
        ask(CODES, logvars=LOGVARS[:2])


@pytest.mark.parametrize("n", [10, 12, 30])
@pytest.mark.parametrize("convention", ["paper", "disentanglement_lib"])
def test_small_samples_get_a_number(n: int, convention: str) -> None:
    rng = np.random.default_rng(n)
    codes = [rng.normal(size=(n, 3)), rng.normal(size=(n, 1)), np.ones((n, 2))]
    variances = [None, np.zeros((n, 1)), np.full((n, 2), -3.0)]
    for similarity in ("lasso", "spearman"):
        found = ask(codes, convention=convention, logvars=variances, similarity=similarity)
        assert got(found).high < 2


def test_the_same_seed_gives_the_same_numbers_from_a_question_too() -> None:
    assert ask(CODES, 5) == ask(CODES, 5)
    nothing = np.empty((N, 0))
    asked = question(CODES[0], nothing, rng=np.random.default_rng(0))
    assert got(answer_udr(asked, CODES[1:]).total).value == got(ask(CODES)).value
    rng = np.random.default_rng(5)
    assert udr_scores(CODES, rng=rng)[0] == ask(CODES, 5)
