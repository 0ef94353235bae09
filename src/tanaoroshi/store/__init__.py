"""Keeps every stocktake, for good: a folder with a catalogue, or a database."""

from tanaoroshi.store.store import (
    Baseline,
    Recorded,
    Row,
    Store,
    StoredExhibits,
    has_store,
    open_store,
)

__all__ = ["Baseline", "Recorded", "Row", "Store", "StoredExhibits", "has_store", "open_store"]
