"""Codes × codes: which dimension and which shelf went where after an update."""

from tanaoroshi.change.compare import Common, compare
from tanaoroshi.change.matching import match_dimensions
from tanaoroshi.change.settings import ChangeSettings

__all__ = ["ChangeSettings", "Common", "compare", "match_dimensions"]
