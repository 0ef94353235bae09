"""A policy is read whole or refused with one sentence that says where and what to do."""

from __future__ import annotations

import contextlib
import tomllib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanaoroshi.errors import InputError
from tanaoroshi.gate import NumberRule, ShelfRule, read_policy
from tanaoroshi.gate.policy import LEVEL

CONTRACT = """
[[rule]]
id = "hue-stays"
shelf = "hue"
require = "kept_or_moved"
severity = "fail"

[[rule]]
id = "no-loss-of-disentanglement"
metric = "dci_disentanglement"
max_drop = 0.05
severity = "warn"

[[rule]]
id = "gender-and-role"
tie = ["gender", "role"]
max = 0.3
severity = "fail"
"""


def test_the_policy_of_the_contract_is_read() -> None:
    policy = read_policy(tomllib.loads(CONTRACT), "policy.toml")
    assert policy.level == LEVEL
    assert policy.needs_base
    assert policy.rules == (
        ShelfRule("hue-stays", "fail", "hue", "kept_or_moved"),
        NumberRule(
            "no-loss-of-disentanglement", "warn", "metric", ("dci_disentanglement",), worse=0.05
        ),
        NumberRule("gender-and-role", "fail", "tie", ("gender", "role"), high=0.3),
    )


def test_every_kind_of_bound_is_read() -> None:
    policy = read_policy(
        {
            "level": 0.9,
            "rule": [
                {"metric": "mig", "min": 0, "max": 1},
                {"reconstruction": "mse", "max_rise": 0.1},
                {"tie": ["a", "b"], "max": 0.5, "max_rise": 0.1},
            ],
        },
        "p",
    )
    assert policy.level == 0.9
    assert policy.rules == (
        NumberRule("metric-mig-min-max", "fail", "metric", ("mig",), 0.0, 1.0),
        NumberRule(
            "reconstruction-mse-max_rise", "fail", "reconstruction", ("mse",), None, None, 0.1
        ),
        NumberRule("tie-a-b-max-max_rise", "fail", "tie", ("a", "b"), None, 0.5, 0.1),
    )
    alone = read_policy({"rule": [{"metric": "mig", "min": 0.1}]}, "p")
    assert not alone.needs_base


HUE: dict[str, Any] = {"id": "x", "shelf": "hue", "require": "kept"}
MIG: dict[str, Any] = {"id": "x", "metric": "mig"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "has no rule"),
    ({"rule": []}, "has no rule"),
    ({"rule": {"id": "x"}}, r"begins with \[\[rule\]\]"),
    ({"rule": ["x"]}, r"begins with \[\[rule\]\]"),
    ({"rules": [HUE]}, "the key rules means nothing here"),
    ({"level": 95, "rule": [HUE]}, "level is 95"),
    ({"level": True, "rule": [HUE]}, "level is True"),
    ({"level": "0.9", "rule": [HUE]}, "between 0 and 1"),
    ({"rule": [{"id": "x"}]}, r"rule 1 \(x\): a rule is about one thing, but this one names 0"),
    ({"rule": [HUE, {**HUE, **MIG}]}, r"rule 2 \(x\).*names 2.*shelf, metric, tie"),
    ({"rule": [HUE, HUE]}, "rules 1 and 2 have the same id, x"),
    ({"rule": [{**HUE, "id": ""}]}, "rule 1: id should be a text"),
    ({"rule": [{**HUE, "id": 3}]}, "rule 1: id should be a text in quotes, but it is 3"),
    ({"rule": [{"shelf": "hue"}]}, "require is missing.*kept, kept_or_moved, not_broken"),
    ({"rule": [{**HUE, "require": "stays"}]}, "require should be one of kept,.*'stays'"),
    ({"rule": [{**HUE, "require": ["kept"]}]}, "require should be one of"),
    ({"rule": [{**HUE, "severity": "info"}]}, "severity should be one of warn, fail"),
    ({"rule": [{**HUE, "shelf": 1}]}, "shelf should be a text"),
    ({"rule": [{**HUE, "max_drop": 1}]}, "max_drop means nothing in a rule about a shelf"),
    ({"rule": [MIG]}, "sets no bound.*max_drop, min, max"),
    ({"rule": [{**MIG, "max_drop": -0.1}]}, "max_drop should be a number, 0 or more"),
    ({"rule": [{**MIG, "max_drop": "5%"}]}, "max_drop should be a number"),
    ({"rule": [{**MIG, "min": float("nan")}]}, "min should be a number"),
    ({"rule": [{**MIG, "max": 10**400}]}, "max should be a number"),
    ({"rule": [{**MIG, "max": True}]}, "max should be a number, but it is True"),
    ({"rule": [{**MIG, "min": 2, "max": 1}]}, "min should be at most max, which is 1"),
    ({"rule": [{**MIG, "max_rise": 1}]}, "max_rise means nothing in a rule about a metric"),
    ({"rule": [{"tie": "a", "max": 0.1}]}, "tie should be the names of two attributes"),
    ({"rule": [{"tie": ["a", "a"], "max": 0.1}]}, "names of two attributes"),
    ({"rule": [{"tie": ["a", "b", "c"], "max": 0.1}]}, "names of two attributes"),
    ({"rule": [{"tie": ["a", "b"], "max": 30}]}, "max should be a number from 0 to 1"),
    ({"rule": [{"reconstruction": "mse"}]}, "sets no bound.*max_rise"),
]


@pytest.mark.parametrize(("document", "says"), WRONG, ids=lambda x: str(x)[:40])
def test_a_mistake_is_named(document: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read_policy(document, "policy.toml")
    assert str(caught.value).startswith("policy.toml")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
keys = st.sampled_from(
    ["id", "severity", "shelf", "require", "metric", "max_drop", "min", "max", "tie", "max_rise"]
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine the first draw is
@given(st.dictionaries(st.sampled_from(["rule", "level"]), json_like))
def test_no_document_breaks_the_reader(document: dict[str, Any]) -> None:
    with contextlib.suppress(InputError):
        read_policy(document, "p")


@given(st.lists(st.dictionaries(keys, json_like), max_size=3))
def test_no_rule_breaks_the_reader(rules: list[dict[str, Any]]) -> None:
    try:
        policy = read_policy({"rule": rules}, "p")
    except InputError:
        return
    assert len(policy.rules) == len(rules) > 0
