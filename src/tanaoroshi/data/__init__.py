"""What ships with the package: collections and models, each with its licence beside it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped(*parts: str) -> Path:
    """Return the path of something that ships with the package.

    Parameters
    ----------
    parts
        Names below this folder, as ``"emoji", "emoji.parquet"``.
    """
    return Path(str(files(__name__))).joinpath(*parts)
