"""Names of the shapes that are written. A shape may gain fields; anything else is a new number."""

from __future__ import annotations

from typing import Final

STOCKTAKE: Final = "tanaoroshi/stocktake/1"
METRICS: Final = "tanaoroshi/metrics/1"
ARCHIVE: Final = "tanaoroshi/archive/1"
COMPARISON: Final = "tanaoroshi/comparison/1"
HISTORY: Final = "tanaoroshi/history/1"
VERDICT: Final = "tanaoroshi/verdict/1"
BASELINE: Final = "tanaoroshi/baseline/1"
MANIFEST: Final = "tanaoroshi/manifest/1"
"""The list of objects that make one recorded stocktake."""
CATALOGUE: Final = "0003"
"""Newest revision of the tables: the head of ``migrations/versions``."""
