"""Keeps every stocktake, for good: a folder with a catalogue, or a database."""

from tanaoroshi.store.store import Recorded, Row, Store, open_store

__all__ = ["Recorded", "Row", "Store", "open_store"]
