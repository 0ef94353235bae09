from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from archive_truth import STEPS, classes_of, rising, table
from tanaoroshi.archive.classes import classed
from tanaoroshi.archive.trends import _tests, difference, find_trends, times_of
from tanaoroshi.records.attributes import Attribute, Attributes
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Text


@pytest.mark.parametrize("grouped", [False, True])
def test_a_planted_trend_is_found_within_its_interval(grouped: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(0)
    runs, covered, false = 60, 0, 0
    for _ in range(runs):
        columns, group = rising(3000, 0.05, 0.25, rng, grouped=grouped)
        classes, index = classes_of(table(columns, group, kinds={"year": "ordinal"}))
        trends = find_trends(classes, index, ("year",))
        told = {(t.attribute, t.value): t for t in trends.found}
        trend = told.pop(("kind", "1"))
        told.pop(("kind", "0"))
        false += bool(told)
        covered += trend.change.low <= 0.2 <= trend.change.high
        assert trend.steps == tuple(map(str, range(STEPS)))
        assert trend.shares[0].value < trend.shares[-1].value
    assert covered >= 0.9 * runs
    assert false <= 3


def test_independent_rows_get_the_linear_by_linear_statistic() -> None:
    rng = np.random.default_rng(1)
    columns, _ = rising(500, 0.2, 0.4, rng)
    classes, _ = classes_of(table(columns, kinds={"year": "ordinal"}))
    (_, zero, _), (_, one, p) = _tests(classes[1], classes[0], None)
    r = spearmanr(columns["year"], columns["kind"]).statistic
    assert one == pytest.approx(np.sqrt(499) * r)  # A. Agresti, Categorical Data Analysis, 3.4.1
    assert zero == pytest.approx(-one)
    assert 0 < p < 0.05


def test_a_large_collection_does_not_make_a_small_change_a_trend() -> None:
    columns, _ = rising(60_000, 0.30, 0.32, np.random.default_rng(2))
    classes, _ = classes_of(table(columns, kinds={"year": "ordinal"}))
    assert next(p for k, _, p in _tests(classes[1], classes[0], None) if k == 1) < 1e-3
    assert find_trends(classes, None, ("year",)).found == ()


def test_of_a_version_and_its_year_one_is_asked() -> None:
    rng = np.random.default_rng(3)
    version = rng.integers(0, 9, 900)
    columns = {"version": version, "year": version // 2, "kind": rng.integers(0, 3, 900)}
    classes, _ = classes_of(table(columns, kinds={"version": "ordinal", "year": "ordinal"}))
    trends = find_trends(classes, None, ("version", "year"))
    assert trends.time == ("year",)
    assert trends.asked == 3


def test_times_are_told_by_names_units_and_labels() -> None:
    def spec(name: str, unit: str = "", ja: str = "x", kind: str = "ordinal") -> Attribute:
        return Attribute(name, kind, Text(name, ja), unit=unit)  # type: ignore[arg-type]

    specs = [
        spec("shot_date"),
        spec("added", unit="year"),
        spec("era2", ja="時代"),
        spec("size"),
        spec("yearning"),
        spec("year", kind="nominal"),
    ]
    assert times_of(specs, None) == ("shot_date", "added", "era2")
    assert times_of(specs, ("size",)) == ("size",)


def test_newcombes_difference_is_his() -> None:
    # R. G. Newcombe, Stat. Med. 17, 1998, table II, (a) 56/70 - 48/80: method 10.
    first = Estimate(0.6, 0.4905, 0.7003, None, 80, "Wilson")
    last = Estimate(0.8, 0.6920, 0.8769, None, 70, "Wilson")
    mine = difference(last, first)
    assert (mine.low, mine.high) == pytest.approx((0.0524, 0.3339), abs=2e-3)


def test_dates_are_time_and_have_steps() -> None:
    """A share that rises from 2015 to 2025; the dates are cut into tenths of equal counts."""
    rng = np.random.default_rng(9)
    n = 3000
    when = rng.uniform(2015, 2025, n)
    kind = (rng.random(n) < 0.1 + 0.04 * (when - 2015)).astype(float)
    specs = (
        Attribute("taken", "continuous", Text("taken", "taken"), unit="year", time=True),
        Attribute("kind", "nominal", Text("kind", "kind"), ("a", "b")),
    )
    classes = classed(Attributes(specs, np.column_stack([when, kind])), {})
    assert times_of(specs, None) == ("taken",)
    trends = find_trends(classes, None, times_of(specs, None))
    trend = next(one for one in trends.found if one.value == "b")
    assert len(trend.steps) == 10
    assert trend.steps[0].startswith("2015.0–")
    assert trend.steps[-1].endswith("–2025.0")
    assert trend.change.low <= 0.36 <= trend.change.high
