"""A policy from its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.errors import InputError
from tanaoroshi.files import exists, read_toml
from tanaoroshi.gate import Policy, read_policy

if TYPE_CHECKING:
    from pathlib import Path


def load_policy(path: Path) -> Policy:
    """Read and check a policy.

    Raises
    ------
    InputError
        When it is missing, can't be read, is no TOML, or says what no policy can say.
    """
    if not exists(path):
        raise InputError(
            "There is no policy at {file}. Write one as docs/gate.md shows, and name it with "
            "--policy.",
            file=str(path),
        )
    return read_policy(read_toml(path).values, str(path))
