from __future__ import annotations

import pickle
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.errors import InputError
from tanaoroshi.metrics import measure, stream
from tanaoroshi.metrics.deal import SHORT, by_group, in_turn
from tanaoroshi.metrics.gaussian_wasserstein_correlation import gaussian_wasserstein_correlation
from tanaoroshi.metrics.mig import answer_mig
from tanaoroshi.metrics.streamed import ANSWERS, compute, question_of
from tanaoroshi.metrics.total_correlation import total_correlation
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.stats.cuts import Cut, cuts_of, edges_of
from tanaoroshi.stats.discretize import discretize, discretize_codes
from tanaoroshi.stats.information import cross
from tanaoroshi.stats.moments import Moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.metrics.question import Convention
    from tanaoroshi.metrics.stream import Stream
    from tanaoroshi.records.attributes import Floats, Ints, Kind

KINDS: tuple[Kind, ...] = ("nominal", "ordinal", "continuous", "circular")
INFORMATION = ("mig", "mig_sup", "dcimig", "jemmig", "modularity")
N = 1500


def sample(n: int = N, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Codes with noise, a constant among them; attributes of all kinds, some missing."""
    rng = np.random.default_rng(seed)
    v = np.stack(
        [rng.integers(0, 3, n), rng.integers(0, 5, n), rng.normal(size=n), rng.random(n) * 6.28], 1
    )
    z = np.stack([v[:, 0], v[:, 1] / 2, v[:, 2], np.cos(v[:, 3]), np.full(n, 7.7)], 1)
    z[:, :4] += rng.normal(size=(n, 4)) * 0.4
    v[rng.random(v.shape) < 0.1] = np.nan
    return z, v, rng.normal(size=z.shape)


Z, V, LOGVAR = sample()


def begin(
    z: Floats = Z,
    v: Floats = V,
    kinds: tuple[Kind, ...] = KINDS,
    names: list[str] | None = None,
    batches: int | None = None,
) -> Stream:
    return stream.start(edges_of(z), cuts_of(v, kinds), names=names, batches=batches)


def chunked(
    state: Stream, z: Floats, v: Floats, ends: list[int], group: Ints | None = None
) -> Stream:
    for rows in np.split(np.arange(len(z)), sorted(ends)):
        label = None if group is None else group[rows]
        state = stream.update(state, z[rows], v[rows], group=label)
    return state


def total(state: Stream) -> Ints:
    return np.asarray(sum(part.counts for part in state.parts))


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate), measured
    return measured


def ask(state: Stream, only: tuple[str, ...] | None = None) -> dict[str, Estimate]:
    found = compute(state, rng=np.random.default_rng(1), only=only).metrics
    return {name: e for name, e in found.items() if isinstance(e, Estimate)}


WHOLE = chunked(begin(), Z, V, [])


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, N), max_size=5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_any_chunks_merged_in_any_order_count_the_same(
    ends: list[int], workers: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    empty = begin(batches=10)
    whole, one = chunked(empty, Z, V, []), chunked(empty, Z, V, ends)
    for x, y in zip(one.parts, whole.parts, strict=True):
        np.testing.assert_array_equal(x.counts, y.counts)
    owner = rng.integers(0, workers, N)
    parts = []
    for w in range(workers):
        mine = owner == w
        some = [int(end * mine.mean()) for end in ends]
        parts.append(chunked(empty, Z[mine], V[mine], some))
    merged = reduce(stream.merge, [parts[i] for i in rng.permutation(workers)])
    again = stream.merge(merged, empty)
    for state in (merged, again):
        np.testing.assert_array_equal(total(state), total(whole))
        assert state.rows == N
    for name in Moments.__slots__:
        ours, theirs = (getattr(question(s), name) for s in (merged, whole))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=name)


def question(state: Stream) -> Moments:
    return question_of(state, rng=np.random.default_rng(0)).moments


def test_counts_are_those_of_the_whole_array() -> None:
    classes = [discretize(column, kind, 20) for column, kind in zip(V.T, KINDS, strict=True)]
    crossing = cross(discretize_codes(Z, 20), np.stack(classes, 1))
    ours, plain = total(WHOLE), crossing.counts()
    np.testing.assert_array_equal(ours[:, :, : plain.shape[2]], plain)
    assert ours.sum() == plain.sum() == N * Z.shape[1] * len(KINDS)


def test_long_runs_count_as_short_ones() -> None:
    """Rows enough for common tables of several pairs, across blocks and batches."""
    rng = np.random.default_rng(0)
    n = 300_000
    v = rng.integers(0, 4, (n, 3)).astype(np.uint8)
    z = (rng.normal(size=(n, 3)) + v).astype(np.float32)
    cuts = cuts_of(v[:100].astype(np.float64), ["nominal"] * 3)
    start = stream.start(edges_of(z[:5000]), cuts, batches=10)
    once = stream.update(start, z, v)
    pieces = start
    for rows in np.split(np.arange(n), [777, 80_000, 80_001, 250_000]):
        pieces = stream.update(pieces, z[rows], v[rows])
    double = stream.update(start, z.astype(np.float64), v.astype(np.float64))
    for a, b, c in zip(once.parts, pieces.parts, double.parts, strict=True):
        np.testing.assert_array_equal(a.counts, b.counts)
        np.testing.assert_array_equal(a.counts, c.counts)
        assert a.rows == b.rows
        np.testing.assert_allclose(a.moments.square, b.moments.square, rtol=1e-9)
    placed = np.stack(
        [np.searchsorted(e, x, side="right") for e, x in zip(start.grid.edges, z.T, strict=True)]
    )
    for j, a in np.ndindex(3, 3):
        expected = np.zeros((4, 20), dtype=np.int64)
        np.add.at(expected, (v[:, a], placed[j]), 1)
        np.testing.assert_array_equal(total(once)[5 * a : 5 * a + 4, j], expected)


@pytest.mark.parametrize("convention", ["paper", "disentanglement_lib"])
@pytest.mark.parametrize("grouped", [False, True])
def test_metrics_are_those_of_the_whole_array(convention: Convention, grouped: bool) -> None:  # noqa: FBT001
    group = np.arange(N) // 3 if grouped else None
    library = convention == "disentanglement_lib"
    kinds: tuple[Kind, ...] = ("nominal",) * 4 if library else KINDS
    state = stream.start(edges_of(Z, 20, "width" if library else "quantile"), cuts_of(V, kinds))
    for rows in np.split(np.arange(N), [100, 1111]):
        state = stream.update(
            state,
            Z[rows],
            V[rows],
            logvar=LOGVAR[rows],
            group=None if group is None else group[rows],
        )
    ours = compute(state, rng=np.random.default_rng(0), convention=convention)
    names = (*INFORMATION, "dimension_wise_kl") + (() if library else ("sap",))
    theirs = measure(
        Z,
        V,
        kinds=KINDS,
        logvar=LOGVAR,
        group=group,
        only=names,
        convention=convention,
        rng=np.random.default_rng(0),
    )
    # With groups the correction for bias rests on another estimate of how much they repeat.
    near = 1e-2 if grouped and not library else 1e-9
    for name in names:
        a, b = estimate(ours.metrics[name]), estimate(theirs.metrics[name])
        assert a.value == pytest.approx(b.value, abs=near), name
        assert a.low <= a.value <= a.high
        for attribute, measured in ours.per_attribute.get(name, {}).items():
            other = theirs.per_attribute[name][attribute]
            if isinstance(measured, Estimate):
                assert measured.value == pytest.approx(estimate(other).value, abs=near), name
                assert measured.n == estimate(other).n
            else:
                assert measured == other
        if name != "modularity":
            assert a.high - a.low == pytest.approx(b.high - b.low, rel=0.5, abs=2e-3), name
    rng = np.random.default_rng(0)
    for function in (total_correlation, gaussian_wasserstein_correlation):
        a, b = estimate(ours.metrics[function.__name__]), estimate(function(Z, rng=rng))
        assert a.value == pytest.approx(b.value, rel=1e-9)
    if library:
        assert isinstance(ours.metrics["sap"], Unmeasured)


def test_chance_is_about_that_of_permutations() -> None:
    theirs = measure(Z, V, kinds=KINDS, only=[*INFORMATION, "sap"], rng=np.random.default_rng(0))
    ours = ask(WHOLE)
    for name, measured in theirs.metrics.items():
        a, b = ours[name].chance, estimate(measured).chance
        assert a is not None
        assert b is not None
        near = 0.2 if name in ("jemmig", "modularity") else 0.002
        assert a == pytest.approx(b, abs=near), name


def test_perfect_and_unrelated_codes() -> None:
    rng = np.random.default_rng(0)
    v = rng.integers(0, 4, (2000, 3)).astype(np.float64)
    kinds: tuple[Kind, ...] = ("nominal",) * 3
    perfect = ask(stream.update(begin(v, v, kinds), v, v))
    for name in ("mig", "mig_sup", "dcimig", "modularity"):
        assert perfect[name].value == pytest.approx(1, abs=5e-3), name
        assert perfect[name].high == pytest.approx(1, abs=1e-3), name
    z = rng.normal(size=(2000, 4))
    unrelated = ask(stream.update(begin(z, v, kinds), z, v))
    for name in ("mig", "mig_sup", "dcimig", "sap", "total_correlation"):
        assert unrelated[name].low == pytest.approx(0, abs=1e-3), name
        assert unrelated[name].value < 0.02


def test_repeated_rows_in_groups_do_not_sharpen() -> None:
    z, v, logvar = sample(600, seed=2)
    rows = np.repeat(np.arange(600), 6)
    once = stream.update(begin(z, v), z, v, logvar=logvar)
    six = stream.update(begin(z, v), z[rows], v[rows], logvar=logvar[rows], group=rows)
    names = ("mig", "dcimig", "sap", "dimension_wise_kl", "total_correlation")
    single, grouped = (ask(s, names) for s in (once, six))
    for name in names:
        width, wide = (x[name].high - x[name].low for x in (single, grouped))
        assert wide > 0.6 * width, name
    design = question_of(six, rng=np.random.default_rng(0)).design
    np.testing.assert_allclose(np.median(design), 6, rtol=0.15)
    for name in ("mig", "dcimig"):
        a, b = single[name].chance, grouped[name].chance
        assert a is not None
        assert b == pytest.approx(a, rel=0.6), name


@given(st.integers(0, 200_000), st.integers(1, 3000), st.integers(10, 64))
def test_rows_are_dealt_once_and_evenly(seen: int, rows: int, batches: int) -> None:
    order, dealt = in_turn(seen, rows, batches)
    covered = np.concatenate([np.arange(first, last) for _, first, last in dealt])
    np.testing.assert_array_equal(covered, np.arange(rows))
    if order is not None:
        np.testing.assert_array_equal(np.sort(order), np.arange(rows))
    else:
        assert seen >= batches * SHORT
    size = np.zeros(batches, dtype=np.int64)
    for state in (in_turn(0, seen, batches)[1], dealt):
        for b, first, last in state:
            size[b] += last - first
    assert size.max() <= max(2 * size.min(), 1)


def test_groups_stay_together_whatever_the_chunk_and_type() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(-50, 400, 3000)
    batch: dict[int, int] = {}
    for label in (group, group[::-1], group.astype(np.int16), group[:500]):
        order, dealt = by_group(label, len(label), 32)
        for b, first, last in dealt:
            for g in np.unique(label[order[first:last]]):
                assert batch.setdefault(int(g), b) == b
    assert len(set(batch.values())) == 32


def test_memory_does_not_grow_and_states_travel() -> None:
    more = chunked(WHOLE, Z, V, [9, 300])
    assert len(pickle.dumps(more)) == pytest.approx(len(pickle.dumps(WHOLE)), rel=0.01)
    back = pickle.loads(pickle.dumps(WHOLE))
    assert ask(stream.merge(back, back)).keys() == ask(WHOLE).keys()
    np.testing.assert_array_equal(total(stream.merge(back, WHOLE)), total(more))
    assert WHOLE.rows == N
    wide = stream.start([[0.0]] * 1500, [Cut("nominal", np.arange(3.0))])
    assert len(wide.parts) == 16


def test_same_seed_same_numbers_and_only_changes_nothing() -> None:
    first = ask(WHOLE)
    assert ask(WHOLE) == first
    assert ask(WHOLE, only=("sap",))["sap"] == first["sap"]
    asked = question_of(WHOLE, rng=np.random.default_rng(1))
    by_code = answer_mig(asked, normalise="code").total
    assert estimate(by_code).value != first["mig"].value


@pytest.mark.parametrize("n", [1, 9, 30, 200])
@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_small_and_odd_tables(n: int, d: int, k: int) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, d))
    z[:, 0] = 3.3
    v = np.stack([rng.integers(0, 2, n), rng.normal(size=n)], 1)[:, :k]
    kinds: tuple[Kind, ...] = ("nominal", "continuous")
    state = stream.update(begin(z, v, kinds[:k]), z, v, logvar=z)
    found = compute(state, rng=rng)
    assert set(found.metrics) == set(ANSWERS)
    assert n >= 10 or not ask(state)
    assert n < 40 or k == 0 or "mig" in ask(state)


def test_what_can_not_be_measured_says_why() -> None:
    v = np.stack([np.zeros(N), np.full(N, np.nan), np.arange(N), V[:, 3], V[:, 0]], 1)
    kinds: tuple[Kind, ...] = ("nominal", "continuous", "nominal", "text", "nominal")
    state = stream.update(begin(Z, v, kinds, names=list("abcde")), Z, v)
    found = compute(state, rng=np.random.default_rng(0))
    reasons = {
        name: measured.reason.in_("en") if hasattr(measured.reason, "in_") else str(measured.reason)
        for name, measured in found.per_attribute["mig"].items()
        if isinstance(measured, Unmeasured)
    }
    assert set(reasons) == set("abcd")
    for name, word in {"a": "one class", "b": "no image", "c": "as many", "d": "is text"}.items():
        assert word in reasons[name]
    assert isinstance(found.metrics["mig_sup"], Unmeasured)
    few = stream.update(begin(), Z[:200], V[:200], group=np.arange(200) // 50)
    assert ask(few) == {}


@pytest.mark.parametrize(
    ("codes", "attributes", "more", "words"),
    [
        (Z[:, :2], V, {}, "5 columns of codes and 4"),
        (Z, V[:9], {}, "one row an image"),
        (Z, V, {"group": np.zeros(3, dtype=int)}, "one whole number"),
        (Z, V, {"group": np.zeros(N)}, "one whole number"),
        (Z, V, {"logvar": LOGVAR[:, :2]}, "one finite number"),
        (Z, V, {"logvar": LOGVAR * np.nan}, "one finite number"),
        (np.where(np.arange(N)[:, None] == 7, np.nan, Z), V, {}, "row 7 "),
        (Z, V + 0.5, {}, "none of the values"),
        (Z.astype(str), V, {}, "must be numbers"),
    ],
)
def test_chunks_that_do_not_fit(
    codes: ArrayLike, attributes: ArrayLike, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        stream.update(begin(), codes, attributes, **more)


def test_a_bad_row_far_in_the_stream_is_named() -> None:
    z = np.zeros((100_000, 1))
    z[70_000] = np.inf
    state = stream.start([[0.5]], [])
    late = stream.update(state, z[:70_000], z[:70_000, :0])
    for s in (state, late):
        with pytest.raises(InputError, match="row 70000 "):
            stream.update(s, z, z[:, :0])


def test_streams_that_do_not_go_together() -> None:
    for other in (
        stream.start([[0.0]] * 5, begin().cuts),
        begin(kinds=("nominal", "nominal", "continuous", "circular")),
        begin(names=list("abcd")),
        begin(batches=20),
    ):
        with pytest.raises(InputError, match="start both with the same"):
            stream.merge(WHOLE, other)
    with pytest.raises(InputError, match="group must come"):
        stream.update(WHOLE, Z, V, group=np.arange(N))
    with pytest.raises(InputError, match="logvar must come"):
        stream.merge(WHOLE, stream.update(begin(), Z, V, logvar=LOGVAR))
    assert stream.update(begin(), Z[:0], V[:0]).grouped is None


def test_settings_that_make_no_sense() -> None:
    for edges in ([[1.0, 0.0]], [[np.nan]], [[[0.0]]]):
        with pytest.raises(InputError, match="must be finite and rise"):
            stream.start(edges, [])
    with pytest.raises(InputError, match="at least one dimension"):
        stream.start([], [])
    with pytest.raises(InputError, match="at least 10"):
        stream.start([[0.0]], [], batches=3)
    with pytest.raises(InputError, match="no rows"):
        compute(begin(), rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="no metric dci"):
        compute(WHOLE, rng=np.random.default_rng(0), only=["dci"])
