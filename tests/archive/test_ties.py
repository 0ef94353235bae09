from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tanaoroshi.archive import take_archive
from tanaoroshi.archive.findings import archive_findings
from tanaoroshi.archive.ties import find_ties
from tanaoroshi.records.attributes import Attribute, Attributes, Kind
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from tanaoroshi.records.stocktake import Tie

KINDS: tuple[Kind, ...] = ("nominal", "ordinal", "continuous", "circular")


def table(
    columns: dict[str, tuple[Kind, np.ndarray]], group: np.ndarray | None = None
) -> Attributes:
    specs = tuple(
        Attribute(name, kind, Text(name, name), values=tuple(map(str, range(9))))
        for name, (kind, _) in columns.items()
    )
    return Attributes(specs, np.column_stack([c for _, c in columns.values()]).astype(float), group)


def column(kind: Kind, n: int, rng: np.random.Generator) -> np.ndarray:
    if kind in ("nominal", "ordinal"):
        return rng.integers(0, 4, n).astype(float)
    return rng.normal(size=n) if kind == "continuous" else rng.random(n) * 2 * np.pi


def only(ties: tuple[Tie, ...]) -> Tie:
    assert len(ties) == 1
    return ties[0]


@pytest.mark.parametrize("a", KINDS)
@pytest.mark.parametrize("b", KINDS)
def test_copies_are_tied_and_strangers_are_not(a: Kind, b: Kind) -> None:
    rng = np.random.default_rng(0)
    x, y = column(a, 400, rng), column(b, 400, rng)
    stranger = only(find_ties(table({"a": (a, x), "b": (b, y)}), rng=rng))
    assert stranger.estimate.value < 0.2
    assert stranger.estimate.low < 0.1
    assert stranger.p_adjusted > 0.01
    # The class of a number is tied to the number, whatever the kinds.
    coarse = np.floor(4 * stats.rankdata(x) / (len(x) + 1))
    tied = only(find_ties(table({"a": (a, x), "b": ("nominal", coarse)}), rng=rng))
    assert tied.estimate.value > 0.8
    assert tied.p_adjusted < 1e-6
    assert tied.estimate.chance is not None
    assert tied.estimate.chance < 0.2


def test_spearman_is_scipys_and_its_interval_holds_it() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    y = -x + rng.normal(size=300)
    tie = only(find_ties(table({"x": ("continuous", x), "y": ("continuous", y)}), rng=rng))
    assert tie.estimate.value == pytest.approx(-stats.spearmanr(x, y).statistic)
    assert tie.sign == -1
    assert tie.estimate.low < tie.estimate.value < tie.estimate.high


def test_the_interval_covers_a_known_correlation() -> None:
    rho = 0.5
    truth = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's of a bivariate normal (Pearson 1907)
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(150):
        x = rng.normal(size=200)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=200)
        tie = only(find_ties(table({"x": ("continuous", x), "y": ("continuous", y)}), rng=rng))
        hits += tie.estimate.low <= truth <= tie.estimate.high
    assert 0.89 <= hits / 150 <= 0.99


@pytest.mark.parametrize("grouped", [False, True])
def test_strangers_are_rarely_called_tied(grouped: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(3)
    false = 0
    runs = 20
    for _ in range(runs):
        m = 80
        sizes = rng.choice([1, 1, 1, 6], size=m) if grouped else np.ones(m, int)
        group = np.repeat(np.arange(m), sizes) if grouped else None
        columns = {
            kind + str(i): (kind, np.repeat(column(kind, m, rng), sizes))
            for kind in KINDS
            for i in range(1 + (kind == "ordinal"))
        }
        ties = find_ties(table(columns, group), rng=rng)
        false += any(t.p_adjusted <= 0.05 for t in ties)
    # At most 5 % of collections; 20 runs of that give more than 4 three times in a thousand.
    assert false <= 4


def test_a_value_that_only_large_groups_have_is_a_tie() -> None:
    rng = np.random.default_rng(4)
    sizes = np.repeat([1, 6], [200, 40])
    group = np.repeat(np.arange(240), sizes)
    people = np.repeat(sizes == 6, sizes).astype(float)
    toned = people.copy()
    ties = find_ties(table({"a": ("nominal", people), "b": ("nominal", toned)}, group), rng=rng)
    assert only(ties).p_adjusted < 1e-6


def test_constant_missing_and_text_columns_have_no_ties() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=50)
    gone = np.full(50, np.nan)
    ties = find_ties(
        table(
            {
                "x": ("continuous", x),
                "same": ("nominal", np.zeros(50)),
                "gone": ("circular", gone),
                "words": ("text", gone),
            }
        ),
        rng=rng,
    )
    assert ties == ()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_any_small_table_gives_finite_ties(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns: dict[str, tuple[Kind, np.ndarray]] = {k: (k, column(k, n, rng)) for k in KINDS}
    for _, values in columns.values():
        values[rng.random(n) < 0.3] = np.nan
    group = rng.integers(0, 3, n) if seed % 2 else None
    archive = take_archive(table(columns, group), rng=rng)
    for tie in archive.ties:
        assert 0 <= tie.estimate.low <= tie.estimate.value <= tie.estimate.high <= 1
        assert 0 <= tie.p_adjusted <= 1
    assert all(a.estimate.value >= b.estimate.value for a, b in pairwise(archive.ties))


def test_the_same_seed_gives_the_same_ties() -> None:
    rng = np.random.default_rng(6)
    columns: dict[str, tuple[Kind, np.ndarray]] = {k: (k, column(k, 60, rng)) for k in KINDS}
    first, second = (find_ties(table(columns), rng=np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_protected_ties_are_told_first_and_names_of_one_thing_as_such() -> None:
    rng = np.random.default_rng(8)
    era = rng.integers(0, 5, 400).astype(float)
    tone = np.where(rng.random(400) < 0.7, era, rng.integers(0, 5, 400))
    values = np.column_stack([era, era * 2, tone])
    specs = (
        Attribute("era", "ordinal", Text("Era", "時代"), values=tuple("abcde")),
        Attribute("year", "ordinal", Text("Year", "年"), values=tuple("abcdefghi")),
        Attribute("tone", "ordinal", Text("Tone", "色"), values=tuple("abcde"), protected=True),
    )
    archive = take_archive(Attributes(specs, values), rng=rng)
    findings = archive_findings(archive, specs)
    assert [f.id for f in findings][-1] == "tie/era/year"
    assert {f.id for f in findings[:2]} == {"tie/era/tone", "tie/year/tone"}
    assert {f.severity for f in findings[:2]} == {"warn"}
