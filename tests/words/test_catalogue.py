"""The Japanese catalogue is whole: it is held against the source as it is now."""

from __future__ import annotations

import gettext
import importlib.util
import re
import string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tanaoroshi.words import DOMAIN, LOCALE

if TYPE_CHECKING:
    from types import ModuleType

babel = pytest.importorskip("babel")
SCRIPT = Path(__file__).parents[2] / "scripts" / "words.py"


@pytest.fixture(scope="module")
def words() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scripts_words", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def places(sentence: str) -> set[tuple[str, str]]:
    """Return places with their formats; Japanese names twice what English calls "it"."""
    parsed = string.Formatter().parse(sentence)
    return {(name, form or "") for _, name, form, _ in parsed if name is not None}


def test_every_sentence_of_the_source_has_a_japanese_one(words: ModuleType) -> None:
    japanese = words.translated()
    missing = [
        m.id for m in words.extracted() if m.id and not (m.id in japanese and japanese[m.id].string)
    ]
    assert missing == [], "run `make words` and translate what is new"


def test_no_sentence_is_left_over_or_guessed(words: ModuleType) -> None:
    source = words.extracted()
    japanese = words.translated()
    assert [m.id for m in japanese if m.id and m.id not in source] == []
    assert [m.id for m in japanese if m.fuzzy] == []
    assert not japanese.obsolete


def test_translations_have_the_same_places(words: ModuleType) -> None:
    wrong = [
        m.id
        for m in words.translated()
        # Japanese names again what English calls "it".
        if m.id and m.string and set(places(m.id)) != set(places(m.string))
    ]
    assert wrong == []


def test_translations_are_japanese(words: ModuleType) -> None:
    """At least one kana or kanji each, where there is a word to translate."""
    latin = [
        m.id
        for m in words.translated()
        if m.id and m.string and has_words(m.id) and not any(c > "\u3000" for c in m.string)
    ]
    assert latin == []


def has_words(sentence: str) -> bool:
    """Say whether there is more than places, signs and single letters."""
    literal = "".join(text for text, *_ in string.Formatter().parse(sentence))
    return re.search(r"[A-Za-z]{2}", literal) is not None and literal not in {"Id", "JSON"}


def test_what_is_shipped_is_what_is_written(words: ModuleType) -> None:
    shipped = gettext.translation(DOMAIN, LOCALE, languages=["ja"])
    for entry in words.translated():
        if entry.id and entry.string:
            assert shipped.gettext(entry.id) == entry.string
    compiled = {key for key in shipped._catalog if key}  # type: ignore[attr-defined]
    assert compiled == {m.id for m in words.translated() if m.id and m.string}


def test_extraction_finds_what_people_read(
    words: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extractor itself: errors, messages and templates, not other strings."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "a.py").write_text('raise InputError(\n    "One "\n    "two {x}.", x=1)\nf("no")\n')
    (tmp_path / "templates" / "p.html").write_text(
        "{% trans %}Three{% endtrans %} {{ _('Four') }} five"
    )
    monkeypatch.setattr(words, "SOURCE", tmp_path)
    assert {m.id for m in words.extracted() if m.id} == {"One two {x}.", "Three", "Four"}
