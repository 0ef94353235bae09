"""The gate as a verb: load candidate, base and policy, compare, judge, write the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.comparing import compare_stocktakes, load_audit
from tanaoroshi.errors import InputError
from tanaoroshi.files import check_writable, write_texts
from tanaoroshi.gate import judge
from tanaoroshi.sources.policy import load_policy
from tanaoroshi.store import has_store, open_store
from tanaoroshi.views.verdict_text import junit as junit_text
from tanaoroshi.views.verdict_text import markdown as markdown_text
from tanaoroshi.workflows import Audit, load_recorded

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.records.comparison import Verdict
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Lang
    from tanaoroshi.store import Baseline


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
            compared = compare_stocktakes(
                known, proposed, seed=seed, pictures=False, progress=progress
            )
            comparison = compared.comparison
    verdict = judge(rules, candidate=proposed.stocktake, comparison=comparison)
    texts = {}
    if junit is not None:
        texts[junit] = junit_text(verdict, lang)
    if markdown is not None:
        texts[markdown] = markdown_text(verdict, lang)
    write_texts(texts)
    return verdict


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
