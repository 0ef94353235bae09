"""The documents hold what the contract says, exactly, and come back as they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tanaoroshi.store
from tanaoroshi.errors import StoreError
from tanaoroshi.records.archive import Examined, Gaps, ThreeWays, Trends
from tanaoroshi.records.archived import ArchiveAudit, Line
from tanaoroshi.records.comparison import RuleVerdict, Verdict
from tanaoroshi.records.copies import Copies, Copy
from tanaoroshi.records.doubts import Doubt, Doubts
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import Text, message
from tanaoroshi.store.documents import (
    archive_document,
    estimate_document,
    from_document,
    metrics_document,
    to_document,
    verdict_document,
)
from tanaoroshi.words import both

if TYPE_CHECKING:
    from tanaoroshi.records.stocktake import Stocktake

SCHEMAS = Path(tanaoroshi.store.__file__).parent / "schemas"
finite = st.floats(allow_nan=False, allow_infinity=False)


@dataclass
class Measures:
    metrics: Mapping[str, Measured]
    per_attribute: Mapping[str, Mapping[str, Measured]]


def through_json(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return found


def check(document: dict[str, Any], name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}-1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert document["schema"] == schema["$id"]


def test_a_stocktake_comes_back_equal_but_for_messages_said(stocktake: Stocktake) -> None:
    back = from_document(through_json(to_document(stocktake)))
    said = replace(
        stocktake,
        summary=tuple(both(words) for words in stocktake.summary),
        findings=tuple(replace(f, text=both(f.text)) for f in stocktake.findings),
    )
    assert back == said


def test_the_stocktake_document_has_the_shape_of_the_contract(stocktake: Stocktake) -> None:
    document = through_json(to_document(stocktake))
    check(document, "stocktake")
    assert set(document["model"]) >= {"name", "version", "digest"}
    assert document["dimensions"][1] == {"index": 1, "state": "active", "kl": 2.5, "spread": 0.9}
    shelf = document["shelves"][0]
    assert shelf["text"] == {"en": "Dimension 1 holds hue.", "ja": "色相は次元1にあります。"}
    assert shelf["control"]["value"] == 0.1 + 0.2
    assert shelf["control"]["side_effects"]["size"]["unmeasured"] == "no decoder"
    assert document["shelves"][1]["control"]["unmeasured"] == "no decoder"
    assert document["findings"][0]["text"] == {"en": "Hue goes with x.", "ja": "色相 goes with x."}


def test_the_order_of_a_table_is_kept(stocktake: Stocktake) -> None:
    turned = dict(reversed(list(stocktake.metrics.items())))
    back = from_document(through_json(to_document(replace(stocktake, metrics=turned))))
    assert list(back.metrics) == list(turned)


def test_metrics_and_archive_documents_fit_their_schemas(stocktake: Stocktake) -> None:
    measured = Measures(stocktake.metrics, stocktake.metrics_per_attribute)
    document = metrics_document(measured, 2100, 2, ("hue", "tone"))
    check(through_json(document), "metrics")
    assert document["metrics"]["mig"]["value"] == 0.1 + 0.2
    audit = ArchiveAudit(
        stocktake.collection,
        stocktake.attributes,
        stocktake.archive,
        Examined(Gaps((), 0, 0, 0, ()), Trends((), (), 0), (), (), ThreeWays((), 0), {}),
        Copies(2, (Copy("exact", (0, 1), 0.0),), (), ((0, 1),), ()),
        Doubts((Doubt("hue", 1, "red", "blue", 0.01),), 1, 2, {"hue": 0.9}, {"hue": ((0, 1),)}),
        {"hue": Unmeasured(message("Too few."))},
        {"tie/a/b": (Line(message("Together"), (0, 1)),)},
        None,
        stocktake.findings,
        (),
    )
    archive = archive_document(audit)
    check(through_json(archive), "archive")
    assert archive["ties"][0]["estimate"]["value"] == 0.1 + 0.2


def test_the_verdict_document_fits_its_schema() -> None:
    rule = RuleVerdict(
        "hue-stays",
        "undecided",
        "fail",
        Text("Not sure.", "不明です。"),
        {"candidate": Estimate(0.4, 0.3, 0.5, None, 100, "mig"), "interval": [0.2, 0.6]},
        4200,
    )
    document = through_json(verdict_document(Verdict("undecided", (rule,), "", "ab" * 8)))
    check(document, "verdict")
    assert (document["base"], document["candidate"]) == (None, "ab" * 8)
    assert document["rules"][0]["text"]["ja"] == "不明です。"
    assert document["rules"][0]["evidence"]["candidate"]["value"] == 0.4
    document["rules"][0]["verdict"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        check(document, "verdict")


def test_the_schemas_are_not_satisfied_by_anything(stocktake: Stocktake) -> None:
    document = through_json(to_document(stocktake))
    document["shelves"][0]["status"] = "own_shelf"
    with pytest.raises(jsonschema.ValidationError):
        check(document, "stocktake")
    document = through_json(to_document(stocktake))
    document["metrics"]["mig"]["value"] = None
    with pytest.raises(jsonschema.ValidationError):
        check(document, "stocktake")


@given(finite, finite, finite, st.none() | finite, st.integers(0, 10**12), st.text())
def test_an_estimate_is_exact(
    value: float, low: float, high: float, chance: float | None, n: int, method: str
) -> None:
    document = through_json(estimate_document(Estimate(value, low, high, chance, n, method)))
    assert Estimate(**document) == Estimate(value, low, high, chance, n, method)


def test_numbers_of_numpy_become_plain(stocktake: Stocktake) -> None:
    settings = {
        "seed": np.int64(3),
        "level": np.float32(0.5),
        "codes": np.arange(2),
        "on": np.bool_(1),
    }
    document = through_json(to_document(replace(stocktake, settings=settings)))
    assert document["settings"] == {"seed": 3, "level": 0.5, "codes": [0, 1], "on": True}


@pytest.mark.parametrize("bad", [float("nan"), np.float64("inf"), object()])
def test_what_json_cannot_say_is_our_fault(stocktake: Stocktake, bad: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        to_document(replace(stocktake, settings={"bad": bad}))


def test_a_reason_is_kept_in_both_languages() -> None:
    document = estimate_document(Unmeasured(message("{what} is absent", what=Text("it", "それ"))))
    assert document["unmeasured"] == "it is absent"
    assert document["reason"]["ja"].startswith("それ")


def test_fields_of_a_later_version_are_ignored(stocktake: Stocktake) -> None:
    document = through_json(to_document(stocktake))
    document["later"] = 1
    document["model"]["later"] = document["shelves"][0]["later"] = 1
    document["metrics"]["mig"]["later"] = 1
    assert from_document(document) == from_document(to_document(stocktake))


def test_another_schema_is_refused() -> None:
    with pytest.raises(StoreError, match=r"tanaoroshi/stocktake/2.*Update"):
        from_document({"schema": "tanaoroshi/stocktake/2"})
    with pytest.raises(StoreError, match="None"):
        from_document([])  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["shelves", "model", "archive"])
def test_a_damaged_document_is_refused(stocktake: Stocktake, key: str) -> None:
    document = through_json(to_document(stocktake))
    with pytest.raises(StoreError, match="damaged"):
        from_document({**document, key: None})
    del document[key]
    with pytest.raises(StoreError, match=f"damaged.*{key}"):
        from_document(document)
