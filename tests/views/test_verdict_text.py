"""Verdicts as Markdown and JUnit XML: whole, escaped, and red exactly when the gate is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanaoroshi.gate.judge import overall
from tanaoroshi.records.comparison import RuleVerdict, Verdict, VerdictWord
from tanaoroshi.records.words import LANGUAGES, Lang, Text
from tanaoroshi.views.verdict_text import junit, markdown

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER = ["properties", "testcase", "system-out", "system-err"]
COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
ALL: tuple[tuple[VerdictWord, str], ...] = (
    ("pass", "fail"),
    ("warn", "warn"),
    ("fail", "fail"),
    ("undecided", "fail"),
    ("undecided", "warn"),
)


def verdict_of(kinds: Iterable[tuple[VerdictWord, str]], *, words: str = "So it is.") -> Verdict:
    rules = tuple(
        RuleVerdict(f"rule-{k}", word, severity, Text(words, f"{words}です"), {})  # type: ignore[arg-type]
        for k, (word, severity) in enumerate(kinds)
    )
    return Verdict(overall(rules), rules, "feed" * 4, "0123" * 4)


def suite_of(text: str) -> ElementTree.Element:
    """Check what the usual JUnit schemas ask for, and return the suite."""
    suites = ElementTree.fromstring(text.encode())
    assert suites.tag == "testsuites"
    (suite,) = suites
    assert suite.tag == "testsuite"
    assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.attrib)
    tags = [child.tag for child in suite]
    assert tags == sorted(tags, key=ORDER.index)
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.attrib["tests"]) == int(suites.attrib["tests"])
    for key, tag in COUNTED.items():
        assert len(suite.findall(f"testcase/{tag}")) == int(suite.attrib[key])
    for case in cases:
        assert {"name", "classname", "time"} <= set(case.attrib)
        assert {child.tag for child in case} <= {"failure", "error", "skipped", "system-out"}
    return suite


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_is_a_test_case(lang: Lang) -> None:
    suite = suite_of(junit(verdict_of(ALL), lang))
    inside = [[child.tag for child in case] for case in suite.findall("testcase")]
    assert inside == [["system-out"], ["system-out"], ["failure"], ["error"], ["skipped"]]
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.text == failure.attrib["message"] == "So it is." + ("です" * (lang == "ja"))


kinds = st.lists(st.sampled_from(ALL), min_size=1, max_size=6)


@given(kinds)
def test_the_file_is_red_exactly_when_the_gate_is(kinds: list[tuple[VerdictWord, str]]) -> None:
    verdict = verdict_of(kinds)
    suite = suite_of(junit(verdict, "en"))
    red = int(suite.attrib["failures"]) + int(suite.attrib["errors"]) > 0
    assert red == (verdict.verdict in ("fail", "undecided"))


@given(st.text(), kinds)
def test_any_text_gives_valid_xml(words: str, kinds: list[tuple[VerdictWord, str]]) -> None:
    suite_of(junit(verdict_of(kinds, words=words), "ja"))


def test_half_characters_and_control_characters_are_replaced() -> None:
    suite = suite_of(junit(verdict_of(ALL, words="a\ud800\0\x1b<b>&\"'"), "en"))
    told = suite.find("testcase/failure")
    assert told is not None
    assert told.text == "a\ufffd\ufffd\ufffd<b>&\"'"


def rows_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_markdown_says_it_in_five_lines_then_lists_every_rule(lang: Lang) -> None:
    lines = markdown(verdict_of(ALL), lang).splitlines()
    assert lines[0].startswith("## ❌ ")
    assert len([line for line in lines[:7] if line.startswith(("## ", "- "))]) == 5
    assert "rule-2" in lines[5 - 1]
    rows = rows_of("\n".join(lines))
    assert len(rows) == 1 + len(ALL)
    assert "rule-0" in rows[1]
    assert any(c > "\u3000" for c in lines[0]) == (lang == "ja")


def test_markdown_of_a_pass_names_nothing_that_failed() -> None:
    text = markdown(verdict_of(ALL[:1]), "en")
    assert text.startswith("## ✅ Pass")
    assert "No rule failed." in text
    assert "No rule is undecided, none warns." in text


def test_markdown_escapes_what_would_be_markup() -> None:
    text = markdown(verdict_of(ALL, words="a|b `c` <img src=x> @someone\n# *d* [e](f)"), "en")
    row = rows_of(text)[1]
    assert row.count("|") - row.count("\\|") == 4
    for raw in (" `c`", "<img", "@someone", "*d*", "[e]"):
        assert raw not in row.replace("\\<", "").replace("\\*", "").replace("\\`", "")


@given(st.text())
def test_no_text_breaks_the_table(words: str) -> None:
    text = markdown(verdict_of(ALL, words=words), "en")
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert len(rows) == 1 + len(ALL)
    for row in rows:
        bare = row.replace("\\\\", "").replace("\\|", "")
        assert bare.count("|") == 4
