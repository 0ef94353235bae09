"""What disks and databases complain of, as one sentence for the user."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tanaoroshi.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def told_as_trouble(where: str) -> Iterator[None]:
    """Turn errors of the disk or the database inside the block into :class:`StoreError`."""
    try:
        yield
    except OSError as error:
        raise _of_disk(error, where) from error
    except SQLAlchemyError as error:
        raise _of_database(error, where) from error


def _of_disk(error: OSError, where: str) -> StoreError:
    if error.errno in _FULL:
        return _full(where)
    if error.errno in _CLOSED:
        return read_only(where)
    return _other(where, error.strerror or str(error))


def is_read_only(error: SQLAlchemyError) -> bool:
    """Say whether a database refused because it, or its folder, may not be written."""
    return _code(error).startswith("SQLITE_READONLY") or _code(error) in ("25006", "42501")


def _cause(error: SQLAlchemyError) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _code(error: SQLAlchemyError) -> str:
    # SQLite names its errors (SQLITE_FULL, SQLITE_READONLY_DIRECTORY, …), PostgreSQL numbers them.
    cause = _cause(error)
    return str(getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", "") or "")


def _of_database(error: SQLAlchemyError, where: str) -> StoreError:
    code = _code(error)
    if code.startswith("SQLITE_FULL") or code == "53100":
        return _full(where)
    if is_read_only(error):
        return read_only(where)
    if code.startswith("SQLITE_BUSY"):
        return StoreError(
            "The store {where} is in use by another program and did not become free. Try again.",
            where=where,
        )
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StoreError(
            "The catalogue of the store {where} is damaged or not one of ours. "
            "Restore it from a copy, or name another store with --store.",
            where=where,
        )
    first = str(_cause(error)).strip().partition("\n")[0]
    return _other(where, first)


def _full(where: str) -> StoreError:
    return StoreError(
        "The disk of the store {where} is full; nothing of this stocktake was recorded. "
        "Make room and record it again.",
        where=where,
    )


def read_only(where: str) -> StoreError:
    """Return the error of a store that may not be written."""
    return StoreError(
        "The store {where} may not be written or read by you. Change its permissions, or name "
        "another store with --store.",
        where=where,
    )


def _other(where: str, problem: str) -> StoreError:
    return StoreError(
        "The store {where} can't be used ({problem}). Check that it exists and can be reached.",
        where=where,
        problem=problem,
    )
