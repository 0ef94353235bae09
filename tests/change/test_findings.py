"""What a comparison names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gate_sample import make_comparison, number
from report_sample import sample_stocktake
from tanaoroshi.change import ChangeSettings, compare
from tanaoroshi.change.findings import comparison_findings
from tanaoroshi.records.comparison import Difference
from tanaoroshi.records.words import message
from tanaoroshi.store.documents import comparison_document


def test_only_numbers_that_survive_the_adjustment_are_named() -> None:
    changed = Difference(number(0.4), number(0.2), number(-0.2, 0.05), 1e-6)
    by_itself = Difference(number(0.4), number(0.3), number(-0.1, 0.09), 0.4)
    untold = Difference(number(0.4), number(0.3), number(-0.1, 0.09), None)
    found = comparison_findings(
        replace(
            make_comparison(),
            metrics={"mig": changed, "sap": by_itself, "modularity": untold},
            reconstruction={"mse": changed},
        )
    )
    named = {one.id: one for one in found.findings if one.id.startswith("metric-")}
    assert set(named) == {"metric-mig", "metric-mse"}
    assert named["metric-mig"].evidence["p_adjusted"] == 1e-6
    document = comparison_document(found)
    assert [document["metrics"][name]["p_adjusted"] for name in ("mig", "sap", "modularity")] == [
        1e-6, 0.4, None,
    ]  # fmt: skip


def test_a_share_that_changed_between_two_collections_is_named() -> None:
    base = sample_stocktake()
    shares = {name: dict(values) for name, values in base.archive.shares.items()}
    value = next(iter(shares["gender"]))
    shares["gender"][value] = replace(shares["gender"][value], value=0.9, low=0.88, high=0.92)
    candidate = replace(
        base,
        collection=replace(base.collection, digest="another"),
        archive=replace(base.archive, shares=shares),
    )
    found = comparison_findings(
        compare(
            base,
            candidate,
            message("No image is in both collections."),
            settings=ChangeSettings(),
            rng=np.random.default_rng(0),
        )
    )
    named = [one for one in found.findings if one.id.startswith("share-")]
    assert [(one.id, one.severity) for one in named] == [(f"share-gender-{value}", "warn")]
    document = comparison_document(found)
    changed = [one for one in document["shares"] if one["p_adjusted"] <= 0.05]
    assert [(one["attribute"], one["value"]) for one in changed] == [("gender", value)]


def test_the_same_collection_has_no_changed_shares() -> None:
    base = sample_stocktake()
    reason = message("No image is in both collections.")
    rng = np.random.default_rng(0)
    assert compare(base, base, reason, settings=ChangeSettings(), rng=rng).shares == {}
