"""Verdicts on stocktakes and comparisons whose numbers are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from gate_sample import (
    CHANGES,
    NO_DECODER,
    make_comparison,
    make_policy,
    make_stocktake,
    number,
)
from tanaoroshi.errors import InputError
from tanaoroshi.gate import bounds, judge
from tanaoroshi.gate.judge import overall
from tanaoroshi.records.comparison import RuleVerdict
from tanaoroshi.records.estimates import Estimate, Measured
from tanaoroshi.records.words import Text
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from tanaoroshi.records.comparison import Comparison, VerdictWord


def one(rule: dict[str, Any], comparison: Comparison | None = None, **changed: Any) -> RuleVerdict:  # noqa: ANN401
    verdict = judge(
        make_policy({"id": "r", **rule}),
        candidate=make_stocktake(**changed),
        comparison=comparison,
    )
    (only,) = verdict.rules
    assert translate(only.text, "en")
    assert any(c > "\u3000" for c in translate(only.text, "ja"))
    return only


ALLOWED = {
    "kept": {"kept", "gained"},
    "kept_or_moved": {"kept", "gained", "moved"},
    "not_broken": {"kept", "gained", "moved", "weaker", "never"},
}


@pytest.mark.parametrize("require", list(ALLOWED))
@pytest.mark.parametrize("status", CHANGES)
@pytest.mark.parametrize("severity", ["warn", "fail"])
def test_a_shelf_by_its_status(require: str, status: Any, severity: str) -> None:  # noqa: ANN401
    rule = {"shelf": "hue", "require": require, "severity": severity}
    found = one(rule, make_comparison(status))
    expected = "pass" if status in ALLOWED[require] else severity
    assert found.verdict == ("undecided" if status == "undecided" else expected)
    assert found.evidence["status"] == status


def test_a_shelf_that_never_was_is_said_so() -> None:
    never = make_comparison("never")
    kept = one({"shelf": "hue", "require": "kept_or_moved"}, never)
    assert translate(kept.text, "en").startswith("Hue had no shelf in the base either")
    unbroken = one({"shelf": "hue", "require": "not_broken"}, never)
    assert translate(unbroken.text, "en").endswith("none could break.")


def test_an_undecided_shelf_says_how_many_images_would_do() -> None:
    found = one({"shelf": "hue", "require": "kept"}, make_comparison("undecided", images=4200))
    assert found.images_needed == 4200
    assert "About 4,200 images would decide." in translate(found.text, "en")


def test_a_shelf_that_only_one_side_has() -> None:
    found = one({"shelf": "size", "require": "kept"}, make_comparison())
    assert found.verdict == "undecided"
    assert "do not both have" in translate(found.text, "en")


@pytest.mark.parametrize(
    ("metric", "difference", "word"),
    [
        ("mig", number(0.0), "pass"),
        ("mig", number(-0.04), "pass"),  # its end is the limit
        ("mig", number(0.3), "pass"),  # better by any amount
        ("mig", number(-0.045), "undecided"),
        ("mig", number(-0.07), "fail"),
        ("mig", NO_DECODER, "undecided"),
        ("jemmig", number(0.04), "pass"),  # lower is better
        ("jemmig", number(0.07), "fail"),
        ("jemmig", number(-0.3), "pass"),
        ("jemmig", number(0.055), "undecided"),
    ],
)
def test_a_drop_of_a_metric(metric: str, difference: Measured, word: str) -> None:
    found = one({"metric": metric, "max_drop": 0.05}, make_comparison(metrics={metric: difference}))
    assert found.verdict == word
    assert found.evidence["metric"] == metric
    assert (found.images_needed is not None) == (
        word == "undecided" and isinstance(difference, Estimate)
    )


def test_nothing_changed_passes_the_strictest_bound() -> None:
    found = one(
        {"metric": "mig", "max_drop": 0}, make_comparison(metrics={"mig": number(0.0, 0.0)})
    )
    assert found.verdict == "pass"


@pytest.mark.parametrize(
    ("bounded", "word"),
    [
        ({"min": 0.39}, "pass"),
        ({"min": 0.395}, "undecided"),
        ({"min": 0.42}, "fail"),
        ({"max": 0.411}, "pass"),
        ({"max": 0.405}, "undecided"),
        ({"max": 0.38}, "fail"),
        ({"min": 0.3, "max": 0.5}, "pass"),
        ({"min": 0.3, "max": 0.405}, "undecided"),
        ({"min": 0.5, "max": 0.6}, "fail"),
    ],
)
def test_bounds_on_the_candidate_alone(bounded: dict[str, float], word: str) -> None:
    found = one({"metric": "mig", **bounded})
    assert found.verdict == word
    assert "0.400 [0.390, 0.410]" in translate(found.text, "en")


def test_what_was_not_measured_is_undecided_with_its_reason() -> None:
    found = one({"metric": "sap", "min": 0.1})
    assert found.verdict == "undecided"
    assert "no decoder" in translate(found.text, "en")
    assert "デコーダーなし" in translate(found.text, "ja")
    absent = one({"metric": "dci_disentanglement", "min": 0.1})
    assert "did not measure it" in translate(absent.text, "en")
    untold = one({"metric": "sap", "max_drop": 0.1}, make_comparison())
    assert "do not both have it" in translate(untold.text, "en")


@pytest.mark.parametrize("order", [["hue", "size"], ["size", "hue"]])
@pytest.mark.parametrize(("limit", "word"), [(0.27, "pass"), (0.26, "undecided"), (0.2, "fail")])
def test_a_tie_in_either_order(order: list[str], limit: float, word: str) -> None:
    found = one({"tie": order, "max": limit})
    assert found.verdict == word
    assert "Hue" in translate(found.text, "en")


def test_a_tie_that_was_not_told() -> None:
    archive = replace(make_stocktake().archive, ties=())
    found = one({"tie": ["hue", "size"], "max": 0.3}, archive=archive)
    assert found.verdict == "undecided"


@pytest.mark.parametrize(
    ("rise", "word"), [(0.0, "pass"), (0.05, "pass"), (0.052, "undecided"), (0.06, "fail")]
)
def test_a_tie_that_rose(rise: float, word: str) -> None:
    found = one(
        {"tie": ["hue", "size"], "max_rise": 0.055}, make_comparison(tie=number(rise, 0.004))
    )
    assert found.verdict == word


@pytest.mark.parametrize(
    ("rise", "word"), [(-0.01, "pass"), (0.001, "pass"), (0.002, "undecided"), (0.003, "fail")]
)
def test_an_error_that_rose_by_a_share(rise: float, word: str) -> None:
    # 10 % of 0.02 is 0.002; half intervals 0.0005 + 0.1 × 0.001.
    comparison = make_comparison(mse=number(rise, 0.0005))
    found = one({"reconstruction": "mse", "max_rise": 0.1}, comparison)
    assert found.verdict == word
    assert found.evidence["change"] == pytest.approx(
        [(rise - 0.0006) / 0.02, (rise + 0.0006) / 0.02]
    )


def test_a_share_of_nothing_is_not_judged() -> None:
    comparison = make_comparison()
    nothing = replace(comparison.reconstruction["mse"], base=number(0.0))
    found = one(
        {"reconstruction": "mse", "max_rise": 0.1},
        replace(comparison, reconstruction={"mse": nothing}),
    )
    assert found.verdict == "undecided"


def test_two_questions_in_one_rule_are_judged_by_the_worse() -> None:
    tie = {"tie": ["hue", "size"], "max": 0.5, "max_rise": 0.1}
    assert one(tie, make_comparison()).verdict == "pass"
    rose = one(tie, make_comparison(tie=number(0.2)))
    assert rose.verdict == "fail"
    assert {"interval", "change", "max", "max_rise"} <= set(rose.evidence)
    assert one({**tie, "max": 0.25}, make_comparison(tie=number(0.2))).verdict == "fail"
    assert one({**tie, "max": 0.25}, make_comparison()).verdict == "undecided"


def test_the_level_holds_for_the_whole_policy() -> None:
    rules = [{"id": str(k), "metric": "mig", "min": 0.385} for k in range(5)]
    alone = judge(make_policy(rules[0]), candidate=make_stocktake()).rules[0]
    among = judge(make_policy(*rules), candidate=make_stocktake()).rules[0]
    assert (alone.verdict, among.verdict) == ("pass", "pass")
    assert among.evidence["level"] == pytest.approx(0.99)
    half = 0.01 * student.ppf(0.995, 19) / student.ppf(0.975, 19)
    assert among.evidence["interval"] == pytest.approx([0.4 - half, 0.4 + half])
    many = [{"id": str(k), "metric": "mig", "min": 0.385} for k in range(50)]
    assert judge(make_policy(*many), candidate=make_stocktake()).verdict == "undecided"
    looser = judge(make_policy(rules[0], level=0.8), candidate=make_stocktake()).rules[0]
    assert looser.evidence["interval"][0] > 0.39  # type: ignore[index]


def test_stretching_stays_in_the_range_of_the_number() -> None:
    small = Estimate(0.01, 0.002, 0.05, None, 100, "made up")
    wide = bounds.at_level(small, 0.9999, least=0.0, most=1.0)
    assert wide.low == 0.0
    assert wide.high > 0.05
    below = replace(small, low=-0.1)
    assert bounds.at_level(below, 0.9999, least=0.0).low == -0.1


finite = st.floats(-1e6, 1e6)


@given(finite, st.floats(0, 1e3), finite, st.integers(1, 40))
def test_more_questions_never_turn_a_verdict_round(
    value: float, half: float, limit: float, questions: int
) -> None:
    told = number(value, half)
    alone = bounds.at_most(bounds.at_level(told, bounds.rule_level(0.95, 1)), limit)
    among = bounds.at_most(bounds.at_level(told, bounds.rule_level(0.95, questions + 1)), limit)
    assert among in (alone, "undecided")


@given(finite, st.floats(1e-6, 1e3), finite)
def test_so_many_images_would_decide(value: float, half: float, limit: float) -> None:
    told = number(value, half)
    images = bounds.needed(told, limit)
    if bounds.at_most(told, limit) == "undecided" and images is not None:
        assert told.n < images <= bounds.MOST_TIMES * told.n * 1.1
        shrunk = number(value, half * (told.n / images) ** 0.5 * (1 - 1e-9))
        assert bounds.at_most(shrunk, limit) != "undecided"


def test_a_value_at_the_limit_needs_no_foreseeable_number() -> None:
    assert bounds.needed(number(0.4), 0.4) is None
    found = one({"metric": "mig", "max": 0.4})
    assert (found.verdict, found.images_needed) == ("undecided", None)


def ruled(word: VerdictWord, severity: Any) -> RuleVerdict:  # noqa: ANN401
    return RuleVerdict("x", word, severity, Text("x", "x"), {})


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ([("pass", "fail"), ("pass", "warn")], "pass"),
        ([("pass", "fail"), ("warn", "warn")], "warn"),
        ([("undecided", "warn"), ("pass", "fail")], "warn"),
        ([("undecided", "fail"), ("warn", "warn")], "undecided"),
        ([("undecided", "fail"), ("fail", "fail"), ("warn", "warn")], "fail"),
        ([("undecided", "warn"), ("fail", "fail")], "fail"),
    ],
)
def test_the_worst_rule_decides(rules: list[tuple[Any, Any]], word: str) -> None:
    assert overall(ruled(*rule) for rule in rules) == word


@pytest.mark.parametrize(
    "rule",
    [
        {"shelf": "hue", "require": "kept"},
        {"metric": "mig", "max_drop": 0.1},
        {"reconstruction": "mse", "max_rise": 0.1},
    ],
)
def test_without_a_base_it_says_how_to_give_one(rule: dict[str, Any]) -> None:
    with pytest.raises(
        InputError, match=r"policy.toml, rule 1 \(r\).*--base.*tanaoroshi accept ID"
    ):
        one(rule)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"shelf": "colour", "require": "kept"}, r"no colour\. It knows: hue, size\."),
        ({"shelf": "caption", "require": "kept"}, "no caption"),
        ({"metric": "migg", "min": 0.1}, "no migg.*mig, jemmig, sap"),
        ({"tie": ["hue", "role"], "max": 0.1}, "no role"),
        ({"reconstruction": "psnr", "max_rise": 0.1}, "no psnr.*mse"),
        ({"metric": "dimension_wise_kl", "max_drop": 0.1}, "neither more nor less is better"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(rule: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        one(rule, make_comparison())
    assert "policy.toml, rule 1 (r)" in str(caught.value)


def test_the_verdict_says_who_was_judged() -> None:
    verdict = judge(
        make_policy({"shelf": "hue", "require": "kept"}, level=0.9),
        candidate=make_stocktake(),
        comparison=make_comparison(),
    )
    assert (verdict.candidate_id, verdict.base_id) == ("0123456789abcdef", "feedfeedfeedfeed")
    assert (verdict.verdict, verdict.level) == ("pass", 0.9)
