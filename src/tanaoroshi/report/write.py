"""The report as files: written beside its place, then moved there in one step."""

from __future__ import annotations

import base64
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tanaoroshi.errors import InputError
from tanaoroshi.files import cores
from tanaoroshi.report.render import render
from tanaoroshi.views.archive_page import archive_page
from tanaoroshi.views.comparison_page import comparison_page
from tanaoroshi.views.history_page import history_page
from tanaoroshi.views.report_page import report_page
from tanaoroshi.views.sprites import webp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tanaoroshi.records.archived import ArchiveAudit
    from tanaoroshi.records.comparison import Comparison
    from tanaoroshi.records.history import History
    from tanaoroshi.records.stocktake import Exhibit, Stocktake
    from tanaoroshi.records.words import Lang

    Page = tuple[Callable[[Mapping[str, str]], str], Mapping[str, Exhibit]]

INDEX = "index.html"
PICTURES = "pictures"
ARCHIVE = "archive"
"""Folder of the archive's page in that of a stocktake's report."""
MARK = '<meta name="generator" content="tanaoroshi report">'


def write_report(
    stocktake: Stocktake,
    exhibits: Mapping[str, Exhibit],
    out: Path,
    *,
    lang: Lang = "en",
    single_file: bool = False,
    archive: tuple[ArchiveAudit, Mapping[str, Exhibit]] | None = None,
) -> Path:
    """Write the report of a stocktake into a folder.

    Parameters
    ----------
    stocktake, exhibits
        What was found, and its pictures.
    out
        The folder: new, empty, or a report of ours, which is then replaced as a whole.
    lang
        The language that the page speaks at first; a button switches to the other.
    single_file
        Put the pictures into the page, so that it is one file.
    archive
        What the collection is made of, and its pictures: a page of its own in the folder
        ``archive`` of ``out``; the two link to each other.

    Returns
    -------
    Path
        Of the page, ``out/index.html``.

    Raises
    ------
    InputError
        When ``out`` holds anything else, or cannot be written.
    """
    page = report_page(stocktake, exhibits)
    if archive is None:
        pages = {"": (partial(render, "report.html.j2", page, lang=lang), exhibits)}
        return _write(pages, Path(out), single_file=single_file)
    audit, of_archive = archive
    beside = partial(render, "archive.html.j2", archive_page(audit, of_archive), lang=lang)
    pages = {
        "": (
            partial(render, "report.html.j2", page, lang=lang, link=f"{ARCHIVE}/{INDEX}"),
            exhibits,
        ),
        ARCHIVE: (partial(beside, link=f"../{INDEX}"), of_archive),
    }
    return _write(pages, Path(out), single_file=single_file)


def write_comparison(
    found: Comparison,
    exhibits: Mapping[str, Exhibit],
    out: Path,
    *,
    lang: Lang = "en",
    single_file: bool = False,
) -> Path:
    """Write the page of a comparison into a folder; as :func:`write_report`."""
    pictured = partial(render, "comparison.html.j2", comparison_page(found, exhibits), lang=lang)
    return _write({"": (pictured, exhibits)}, Path(out), single_file=single_file)


def write_archive(
    audit: ArchiveAudit,
    exhibits: Mapping[str, Exhibit],
    out: Path,
    *,
    lang: Lang = "en",
    single_file: bool = False,
) -> Path:
    """Write the page of an archive into a folder; as :func:`write_report`."""
    pictured = partial(render, "archive.html.j2", archive_page(audit, exhibits), lang=lang)
    return _write({"": (pictured, exhibits)}, Path(out), single_file=single_file)


def write_history(
    found: History, out: Path, *, lang: Lang = "en", single_file: bool = False
) -> Path:
    """Write the page of a chain of versions into a folder; as :func:`write_report`."""
    pictured = partial(render, "history.html.j2", history_page(found), lang=lang)
    return _write({"": (pictured, {})}, Path(out), single_file=single_file)


def _write(pages: Mapping[str, Page], out: Path, *, single_file: bool) -> Path:
    """Write pages, each into a folder of ``out`` and made from the addresses of its pictures."""
    check_folder(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.resolve().parent))
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        fresh = beside / "report"
        for name, (pictured, exhibits) in pages.items():
            folder = fresh / name
            folder.mkdir()
            pictures = _pictures(exhibits, None if single_file else folder)
            (folder / INDEX).write_text(pictured(pictures), encoding="utf-8")
        _replace(out, fresh, beside / "old")
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return out / INDEX


def check_folder(out: Path) -> None:
    """Refuse to replace anything but a report; to be asked before anything takes long.

    Raises
    ------
    InputError
        When ``out`` is a file, or a folder with anything else in it.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise InputError("{path} is a file. Name a folder for the report.", path=str(out))
    if not any(out.iterdir()):
        return
    index = out / INDEX
    strange = {p.name for p in out.iterdir()} - {INDEX, PICTURES, ARCHIVE}
    if strange or not index.is_file() or MARK not in _head(index):
        raise InputError(
            "The folder {path} holds files that are not a report of ours. Name a new or empty "
            "folder for the report.",
            path=str(out),
        )


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(4096).decode("utf-8", "replace")


def _pictures(exhibits: Mapping[str, Exhibit], folder: Path | None) -> dict[str, str]:
    """Return the address of each exhibit's picture; without a folder the picture itself."""
    # Sorted, so that a report made anew from the store is the same to the byte.
    shown = {key: exhibits[key] for key in sorted(exhibits) if len(exhibits[key].frames)}
    if folder is not None:
        (folder / PICTURES).mkdir()
    addresses = {}
    with ThreadPoolExecutor(cores()) as several:  # compression lets other threads run
        packs = several.map(webp, shown.values())
        for i, (key, packed) in enumerate(zip(shown, packs, strict=True), 1):
            if folder is None:
                addresses[key] = "data:image/webp;base64," + base64.b64encode(packed).decode()
            else:
                # Keys hold names of attributes and values: the file's name is a number instead.
                addresses[key] = f"{PICTURES}/{i:03}.webp"
                (folder / addresses[key]).write_bytes(packed)
    return addresses


def _replace(out: Path, fresh: Path, old: Path) -> None:
    """Put the fresh folder in place; what was there goes away only when that has worked."""
    out = out.resolve()
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def _unwritable(out: Path, error: OSError) -> InputError:
    return InputError(
        "The report cannot be written to {path}: {reason}. Name another folder.",
        path=str(out),
        reason=error.strerror or str(error),
    )
