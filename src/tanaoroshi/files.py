"""The machine's files, read with care: strict TOML, paths that stay inside, digests."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from tanaoroshi.errors import InputError
from tanaoroshi.records.words import Message, Text, message

MAX_TOML_BYTES = 4 * 2**20
_BLOCK = 2**20
_REQUIRED = object()


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most ``limit`` bytes.

    Raises
    ------
    InputError
        When it is missing, not a regular file (a pipe would block), unreadable or too large.
    """
    _check_regular(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(content) > limit:
        raise InputError(
            "{file} is larger than {limit} bytes, the most that is read here.",
            file=str(path),
            limit=limit,
        )
    return content


def digest_of_files(paths: Iterable[Path], *, root: Path) -> str:
    """Return the SHA-256 of some files: their names below ``root`` and their bytes, streamed."""
    whole = hashlib.sha256()
    for path in paths:
        _check_regular(path)
        content = hashlib.sha256()
        try:
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    content.update(block)
        except OSError as error:
            raise _unreadable(path, error) from error
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + content.digest())
    return whole.hexdigest()


def inside(folder: Path, name: str, *, named_in: str) -> Path:
    """Return ``folder / name`` if it lies inside of the folder, links followed.

    Raises
    ------
    InputError
        For an absolute path, a ``..`` or a link that leads outside.
    """
    windows = PureWindowsPath(name)
    parts = {*PurePosixPath(name).parts, *windows.parts}
    leads_out = windows.anchor or PurePosixPath(name).anchor or ".." in parts or "\0" in name
    path = folder if leads_out else folder / name
    if not leads_out:
        try:
            leads_out = not path.resolve().is_relative_to(folder.resolve())
        except (OSError, RuntimeError) as error:
            raise _unreadable(path, error) from error
    if leads_out:
        raise InputError(
            "{file} names {name}, which leads outside of {folder}. "
            "Put the file into the folder and name it relative to the folder.",
            file=named_in,
            name=name[:200],
            folder=str(folder),
        )
    return path


def cores() -> int:
    """Return how many processors this process may use; 1 where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def exists(path: Path) -> bool:
    """Say whether there is such a path; a name that can't be one does not exist."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _check_regular(path: Path) -> None:
    if not exists(path):
        raise InputError("{file} does not exist, or may not be looked at.", file=str(path))
    if not path.is_file():
        raise InputError("{file} is not a file.", file=str(path))


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(
        "{file} can't be read ({reason}). Check its permissions.", file=str(path), reason=reason
    )


def read_toml(path: Path) -> Section:
    """Return a TOML file as a section that is read strictly.

    Raises
    ------
    InputError
        When it can't be read, is not UTF-8 or not TOML.
    """
    content = read_bytes(path, MAX_TOML_BYTES)
    try:
        return Section(tomllib.loads(content.decode("utf-8-sig")), str(path))
    except UnicodeDecodeError as error:
        raise InputError("{file} is not UTF-8. Save it as UTF-8.", file=str(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(
            "{file} is not valid TOML: {reason}.", file=str(path), reason=str(error)
        ) from error


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a TOML file; remembers what was read, so that the rest can be named.

    Attributes
    ----------
    values
        The table.
    file
        Where it comes from, for messages.
    name
        Dotted name of the table; empty at the top.
    """

    values: Mapping[str, object]
    file: str
    name: str = ""
    _seen: set[str] = field(default_factory=set)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def text(self, key: str, default: object = _REQUIRED) -> str:
        """Return a text."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, message("a text in quotes"))
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, message("true or false"))
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: object = _REQUIRED) -> str:
        """Return one of some words."""
        value = self._get(key, default)
        if not isinstance(value, str) or value not in choices:
            raise self.wrong(key, message("one of {choices}", choices=choices))
        return value

    def number(self, key: str, default: object = _REQUIRED) -> float:
        """Return a finite number."""
        value = self._get(key, default)
        if not _is_number(value):
            raise self.wrong(key, message("a number"))
        return float(value)  # type: ignore[arg-type]

    def whole(self, key: str, default: object = _REQUIRED) -> int:
        """Return a whole number above 0."""
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, message("a whole number above 0"))
        return value

    def wholes(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers above 0, at least one."""
        value = self._get(key, _REQUIRED)
        good = (
            isinstance(value, list)
            and value
            and all(isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in value)
        )
        if not good:
            raise self.wrong(key, message("a list of whole numbers above 0"))
        return tuple(value)  # type: ignore[arg-type]

    def numbers(self, key: str, default: object = _REQUIRED) -> tuple[float, ...]:
        """Return a list of numbers."""
        value = self._get(key, default)
        if not isinstance(value, list | tuple) or not all(map(_is_number, value)):
            raise self.wrong(key, message("a list of numbers"))
        return tuple(float(v) for v in value)

    def items(self, key: str) -> tuple[str | int | float, ...]:
        """Return a list of texts or numbers, empty where there is none."""
        value = self._get(key, ())
        if not isinstance(value, list | tuple) or not all(
            isinstance(v, str) or _is_number(v) for v in value
        ):
            raise self.wrong(key, message("a list of texts or numbers"))
        return tuple(value)

    def words(self, key: str, default: Text) -> Text:
        """Return a label: one text, or one in English and in Japanese."""
        value = self._get(key, None)
        if value is None:
            return default
        if isinstance(value, str):
            return Text(value, value)
        if isinstance(value, dict) and value and set(value) <= {"en", "ja"}:
            spoken = [v for v in value.values() if isinstance(v, str)]
            if len(spoken) == len(value):
                return Text(value.get("en", spoken[0]), value.get("ja", spoken[0]))
        raise self.wrong(key, message("a text, or a table with en and ja"))

    def section(self, key: str) -> Section | None:
        """Return a table below, if there is one."""
        value = self._get(key, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(key, message("a table"))
        return Section(value, self.file, self._dotted(key))

    def sections(self, key: str) -> dict[str, Section]:
        """Return all the tables below a table, by name."""
        table = self.section(key)
        if table is None:
            return {}
        found = {name: table.section(name) for name in table.values}
        return {name: below for name, below in found.items() if below is not None}

    def unread(self) -> tuple[str, ...]:
        """Return the keys that nobody asked for: misspelt, or of a newer version."""
        return tuple(self._dotted(key) for key in self.values if key not in self._seen)

    def wrong(self, key: str, wanted: Message) -> InputError:
        """Return the error that says what a key should be."""
        return InputError(
            "{file}: {key} should be {wanted}, but it is {got}.",
            file=self.file,
            key=self._dotted(key),
            wanted=wanted,
            got=repr(self.values.get(key))[:80],
        )

    def _get(self, key: str, default: object) -> object:
        self._seen.add(key)
        if key in self.values:
            return self.values[key]
        if default is _REQUIRED:
            raise InputError(
                "{file}: the key {key} is missing. docs/formats.md shows what belongs there.",
                file=self.file,
                key=self._dotted(key),
            )
        return default

    def _dotted(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    )


def check_writable(paths: Iterable[Path]) -> None:
    """Raise an InputError for a file that could not be written; writes nothing.

    To be asked before long work, so that its outcome is not lost.
    """
    for path in paths:
        folder = path.resolve().parent
        if not folder.is_dir():
            reason = message("there is no folder {folder}", folder=str(folder))
        elif exists(path) and not path.is_file():
            reason = message("it is there already, and not a file")
        elif not os.access(folder, os.W_OK | os.X_OK):
            reason = message("the folder {folder} may not be written by you", folder=str(folder))
        else:
            continue
        raise _unwritable(path, reason)


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write some files: all of them beside their places first, then each is moved there.

    So none is ever half written, and none changes while another finds no room.

    Raises
    ------
    InputError
        When one of them can't be written.
    """
    check_writable(texts)
    parts: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            place = path.resolve()  # what a link points to is replaced, not the link
            part = place.with_name(f".{place.name}.{os.getpid()}.part")
            parts[part] = place
            try:
                part.write_bytes(text.encode("utf-8", "replace"))
            except OSError as error:
                raise _unwritable(path, error.strerror or str(error)) from error
        for part, place in parts.items():
            try:
                part.replace(place)
            except OSError as error:
                raise _unwritable(place, error.strerror or str(error)) from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _unwritable(path: Path, reason: str | Message) -> InputError:
    return InputError(
        "{file} can't be written: {reason}. Name another file, or make room for it.",
        file=str(path),
        reason=reason,
    )
