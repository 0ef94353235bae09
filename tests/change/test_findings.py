"""What a comparison names."""

from __future__ import annotations

from dataclasses import replace

from gate_sample import make_comparison, number
from tanaoroshi.change.findings import comparison_findings
from tanaoroshi.records.comparison import Difference
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
