"""A verdict as text: lines for people, Markdown for a pull request, JUnit XML for a CI server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from tanaoroshi.records.words import Message, message
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.comparison import RuleVerdict, Verdict, VerdictWord
    from tanaoroshi.records.words import Lang, Words

WORD: Mapping[VerdictWord, Message] = {
    "pass": message("pass"),
    "warn": message("warning"),
    "fail": message("fail"),
    "undecided": message("undecided"),
}
HEADLINE: Mapping[VerdictWord, Message] = {
    "pass": message("Pass: the candidate keeps to the policy."),
    "warn": message("Pass, with a warning: look at what the policy warns of."),
    "fail": message("Fail: the candidate does not keep to the policy."),
    "undecided": message(
        "Undecided: there are too few images, or something was not measured, to say whether the "
        "candidate keeps to the policy."
    ),
}
# A sign beside the word, never colour alone.
SIGN: Mapping[VerdictWord, str] = {"pass": "✅", "warn": "⚠️", "fail": "❌", "undecided": "❔"}

# What Markdown or GitHub would take for markup: names of attributes and rules are free text.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#|~$&])")
# What XML 1.0 can't hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def verdict_lines(verdict: Verdict) -> tuple[Words, ...]:
    """Return the five sentences that stand first."""
    by = {word: _ids(verdict, word) for word in WORD}
    return (
        HEADLINE[verdict.verdict],
        _what(verdict),
        message(
            "Rules: {total}. Passed: {passed}, warnings: {warned}, failed: {failed}, undecided: "
            "{undecided}.",
            total=len(verdict.rules),
            passed=len(by["pass"]),
            warned=len(by["warn"]),
            failed=len(by["fail"]),
            undecided=len(by["undecided"]),
        ),
        message("Failed: {ids}.", ids=by["fail"]) if by["fail"] else message("No rule failed."),
        _looked_at(by["undecided"], by["warn"]),
    )


def level_line(verdict: Verdict) -> Words:
    """Say what the intervals mean."""
    return message(
        "The intervals of all rules hold together at {level:.4g} % confidence; bounds are judged "
        "by the whole interval. Shelves are judged as in the comparison.",
        level=100 * verdict.level,
    )


def rule_word(rule: RuleVerdict) -> Words:
    """Return the verdict of a rule in a word."""
    if rule.verdict == "undecided" and rule.severity == "warn":
        return message("undecided (would only warn)")
    return WORD[rule.verdict]


def markdown(verdict: Verdict, lang: Lang) -> str:
    """Return the verdict as GitHub's Markdown: five lines, then all rules, passed ones too."""
    first, *rest = (_escaped(translate(line, lang)) for line in verdict_lines(verdict))
    heads = (message("Verdict"), message("Rule"), message("What was found"))
    rows = [
        f"| {SIGN[rule.verdict]} {_escaped(translate(rule_word(rule), lang))} "
        f"| {_escaped(rule.id)} | {_escaped(translate(rule.text, lang))} |"
        for rule in verdict.rules
    ]
    lines = [
        f"## {SIGN[verdict.verdict]} {first}",
        "",
        *(f"- {line}" for line in rest),
        "",
        f"| {' | '.join(_escaped(translate(head, lang)) for head in heads)} |",
        "|---|---|---|",
        *rows,
        "",
        _escaped(translate(level_line(verdict), lang)),
    ]
    return "\n".join(lines) + "\n"


def junit(verdict: Verdict, lang: Lang) -> str:
    """Return the verdict as JUnit XML: one test case a rule.

    ``fail`` is a failure, ``undecided`` an error: both make a CI server red. A rule that only warns
    passes, with its sentence as output; undecided it is skipped. So the file is red exactly when
    the gate's exit code is 1.
    """
    count = {
        "tests": len(verdict.rules),
        "failures": sum(rule.verdict == "fail" for rule in verdict.rules),
        "errors": sum(_tag(rule) == "error" for rule in verdict.rules),
        "skipped": sum(_tag(rule) == "skipped" for rule in verdict.rules),
    }
    counts = {key: str(number) for key, number in count.items()}
    suites = ElementTree.Element("testsuites", {"name": "tanaoroshi gate", "time": "0", **counts})
    suite = ElementTree.SubElement(
        suites, "testsuite", {"name": "tanaoroshi gate", "time": "0", **counts}
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("verdict", verdict.verdict),
        ("candidate", verdict.candidate_id),
        ("base", verdict.base_id),
        ("level", f"{verdict.level:g}"),
    ):
        ElementTree.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    for rule in verdict.rules:
        _case(suite, rule, lang)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: ElementTree.Element, rule: RuleVerdict, lang: Lang) -> None:
    sentence = _xml(translate(rule.text, lang))
    case = ElementTree.SubElement(
        suite, "testcase", {"name": _xml(rule.id), "classname": "tanaoroshi.gate", "time": "0"}
    )
    tag = _tag(rule)
    if tag == "skipped":
        ElementTree.SubElement(case, tag, {"message": sentence})
    elif tag:
        told = ElementTree.SubElement(case, tag, {"message": sentence, "type": rule.verdict})
        told.text = sentence
    else:
        ElementTree.SubElement(case, "system-out").text = sentence


def _tag(rule: RuleVerdict) -> str:
    """Return the element that says what became of a rule; none for one that passed or warns."""
    if rule.verdict == "undecided":
        return "skipped" if rule.severity == "warn" else "error"
    return "failure" if rule.verdict == "fail" else ""


def _ids(verdict: Verdict, word: VerdictWord) -> tuple[str, ...]:
    return tuple(rule.id for rule in verdict.rules if rule.verdict == word)


def _what(verdict: Verdict) -> Words:
    nameless = message("not recorded")
    candidate = verdict.candidate_id or nameless
    if not verdict.base_id:
        return message("Candidate: {candidate}.", candidate=candidate)
    return message(
        "Candidate: {candidate}; base: {base}.", candidate=candidate, base=verdict.base_id
    )


def _looked_at(undecided: tuple[str, ...], warned: tuple[str, ...]) -> Words:
    if undecided and warned:
        return message("Undecided: {ids}. Warnings: {warned}.", ids=undecided, warned=warned)
    if undecided:
        return message("Undecided: {ids}.", ids=undecided)
    if warned:
        return message("Warnings: {warned}.", warned=warned)
    return message("No rule is undecided, none warns.")


def _escaped(text: str) -> str:
    """Escape markup; an @ is parted from its name, so that nobody is called to a pull request."""
    one_line = " ".join(text.split())
    return _MARKUP.sub(r"\\\1", one_line).replace("@", "@\u200b")


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
