"""The gate as a verb: load candidate, base and policy, compare, judge, write the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tanaoroshi.errors import InputError, StoreError
from tanaoroshi.files import check_writable, exists, read_bytes, write_texts
from tanaoroshi.gate import judge
from tanaoroshi.sources.policy import load_policy
from tanaoroshi.store import has_store, open_store
from tanaoroshi.store.documents import from_document
from tanaoroshi.views.verdict_text import junit as junit_text
from tanaoroshi.views.verdict_text import markdown as markdown_text
from tanaoroshi.workflows import Audit, load_recorded

if TYPE_CHECKING:
    from tanaoroshi.records.comparison import Comparison, Verdict
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Lang
    from tanaoroshi.store import Baseline

MAX_DOCUMENT_BYTES = 256 * 2**20


def accept(store: str, id_or_prefix: str, note: str = "") -> tuple[Baseline, Audit]:
    """Make a recorded stocktake the baseline; return the line that was added, and the stocktake.

    Raises
    ------
    InputError, StoreError
        When there is no such stocktake, or it can't be read or written.
    """
    kept = open_store(store, create=False)
    # Loaded first: what is damaged can't be compared with, so it should not be accepted.
    audit = Audit(*kept.load(id_or_prefix))
    return kept.accept(audit.stocktake.id, note), audit


def gate(
    candidate: str,
    policy: Path,
    *,
    store: str,
    base: str | None = None,
    junit: Path | None = None,
    markdown: Path | None = None,
    lang: Lang = "en",
    seed: int = 0,
    progress: Progress | None = None,
) -> Verdict:
    """Judge a candidate by a policy, and write the verdict into files.

    Parameters
    ----------
    candidate, base
        Ids of recorded stocktakes (the first letters are enough), or files that
        ``stocktake --json`` wrote. Without a base: the baseline that was accepted last.
    policy
        A TOML file; see ``docs/gate.md``.
    junit, markdown
        Files to write, whatever the verdict; both or none.

    Raises
    ------
    InputError
        When something of this can't be read, the policy does not fit the stocktake, a rule needs a
        base and there is none, or a file can't be written.
    StoreError
        When the store can't be read.
    """
    rules = load_policy(policy)
    _check_outputs(junit, markdown)
    proposed = load_audit(candidate, store)
    comparison = None
    if rules.needs_base or base is not None:  # a base that is named is looked up, needed or not
        known = _base(base, store)
        if known is not None and rules.needs_base:
            comparison = _compare(known, proposed, seed=seed, progress=progress)
    verdict = judge(rules, candidate=proposed.stocktake, comparison=comparison)
    texts = {}
    if junit is not None:
        texts[junit] = junit_text(verdict, lang)
    if markdown is not None:
        texts[markdown] = markdown_text(verdict, lang)
    write_texts(texts)
    return verdict


def load_audit(id_or_file: str, store: str) -> Audit:
    """Return a stocktake by its id in the store, or from a file that ``stocktake --json`` wrote.

    A stocktake from a file has no codes and no pictures.

    Raises
    ------
    InputError, StoreError
        When there is none, or it is not a stocktake.
    """
    path = Path(id_or_file)
    if not (exists(path) and path.is_file()) and not _is_path(id_or_file):
        return load_recorded(store, id_or_file)
    content = read_bytes(path, MAX_DOCUMENT_BYTES)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "{file} is not JSON ({reason}). Give the id of a stocktake, or a file that "
            "`tanaoroshi stocktake --json` wrote.",
            file=id_or_file,
            reason=str(error)[:200],
        ) from error
    try:
        return Audit(from_document(document), {}, None)
    except StoreError as error:
        raise InputError("{file}: {reason}", file=id_or_file, reason=error.message) from error


def _is_path(text: str) -> bool:
    return text.endswith(".json") or "/" in text or "\\" in text


def _check_outputs(junit: Path | None, markdown: Path | None) -> None:
    """Refuse what can't be written before the work begins."""
    if junit is not None and markdown is not None and junit.resolve() == markdown.resolve():
        raise InputError(
            "--junit and --markdown both name {file}. Name two files.", file=str(junit)
        )
    check_writable(path for path in (junit, markdown) if path is not None)


def _base(base: str | None, store: str) -> Audit | None:
    if base is not None:
        return load_audit(base, store)
    if not has_store(store):
        return None
    accepted = open_store(store, create=False).baseline()
    return None if accepted is None else load_recorded(store, accepted)


def _compare(base: Audit, candidate: Audit, *, seed: int, progress: Progress | None) -> Comparison:
    from tanaoroshi.comparing import compare_stocktakes  # its statistics take time to import

    return compare_stocktakes(base, candidate, seed=seed, progress=progress)
