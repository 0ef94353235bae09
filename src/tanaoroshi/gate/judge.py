"""The verdict: every rule judged by intervals, the worst of them decides.

Levels
------
A policy asks several questions at once, so ``level`` holds for all of them together: with m
questions each interval is taken at 1 - (1 - level) / m (Bonferroni), re-derived from the recorded
one by Student's t. Bounds on the candidate are one question, a bound on the change is another.
A shelf counts as one too, but is not judged again: its status is the comparison's, at the level and
with the margins of the comparison, so what the policy's level promises is promised of the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tanaoroshi.errors import InputError
from tanaoroshi.gate import bounds, sentences
from tanaoroshi.gate.bounds import Outcome
from tanaoroshi.gate.policy import NumberRule, needs_base
from tanaoroshi.metrics.catalogue import METRICS
from tanaoroshi.records.comparison import Difference, RuleVerdict, Verdict
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import Text, Words, message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tanaoroshi.gate.policy import Policy, Require, Rule, ShelfRule
    from tanaoroshi.records.comparison import Comparison, ShelfChange, VerdictWord
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.stocktake import Stocktake

# A shelf that was gained is better than a kept one. Where there was none before and is none now,
# nothing was kept, but nothing broke either.
ALLOWED: Mapping[Require, frozenset[ShelfChange]] = {
    "kept": frozenset({"kept", "gained"}),
    "kept_or_moved": frozenset({"kept", "gained", "moved"}),
    "not_broken": frozenset({"kept", "gained", "moved", "weaker", "never"}),
}


def judge(policy: Policy, *, candidate: Stocktake, comparison: Comparison | None = None) -> Verdict:
    """Judge a candidate by a policy.

    Parameters
    ----------
    policy
        As :func:`~tanaoroshi.gate.policy.read_policy` returns it.
    candidate
        The stocktake that may ship or not.
    comparison
        Of the base with this candidate; may be absent when no rule needs a base.

    Returns
    -------
    Verdict
        All rules, in the order of the policy.

    Raises
    ------
    InputError
        When a rule needs a base and there is none, or names what the stocktake does not know.
    """
    _check_names(policy, candidate)
    _check_base(policy, comparison)
    level = bounds.rule_level(policy.level, sum(map(_questions, policy.rules)))
    rules = tuple(_judged(rule, candidate, comparison, level) for rule in policy.rules)
    return Verdict(
        verdict=overall(rules),
        rules=rules,
        base_id="" if comparison is None else comparison.base_id,
        candidate_id=candidate.id,
        level=policy.level,
    )


def overall(rules: Iterable[RuleVerdict]) -> VerdictWord:
    """Return the verdict over all rules: the worst of them.

    A rule that only warns does not block when it is certainly violated, so it does not block when
    that is uncertain either: undecided, it counts as a warning.
    """
    worst = {
        "warn" if rule.verdict == "undecided" and rule.severity == "warn" else rule.verdict
        for rule in rules
    }
    order: tuple[VerdictWord, ...] = ("fail", "undecided", "warn")
    return next((word for word in order if word in worst), "pass")


@dataclass(frozen=True, slots=True)
class _Part:
    """One question of a rule, answered."""

    outcome: Outcome
    text: Words
    evidence: Mapping[str, object]
    images: int | None = None


def _questions(rule: Rule) -> int:
    if not isinstance(rule, NumberRule):
        return 1
    return (rule.worse is not None) + (rule.low is not None or rule.high is not None)


def _judged(
    rule: Rule, candidate: Stocktake, comparison: Comparison | None, level: float
) -> RuleVerdict:
    if isinstance(rule, NumberRule):
        parts = _number(rule, candidate, comparison, level)
    else:
        assert comparison is not None
        parts = [_shelf(rule, candidate, comparison)]
    outcomes = {part.outcome for part in parts}
    text, images = parts[0].text, [part.images for part in parts if part.outcome == "undecided"]
    for part in parts[1:]:
        text = sentences.joined(text, part.text)
    word: VerdictWord = "pass"
    if "violated" in outcomes:
        word = rule.severity
    elif "undecided" in outcomes:
        word = "undecided"
    # Of two open questions the harder one decides; one that can't be foreseen leaves it open.
    most = max((n for n in images if n), default=None) if all(images) else None
    if word == "undecided" and most:
        text = sentences.more_images(text, most)
    evidence: dict[str, object] = {}
    for part in parts:
        evidence |= part.evidence
    return RuleVerdict(
        rule.id, word, rule.severity, text, evidence, most if word == "undecided" else None
    )


def _shelf(rule: ShelfRule, candidate: Stocktake, comparison: Comparison) -> _Part:
    label = _label(candidate, rule.attribute)
    asked: dict[str, object] = {"shelf": rule.attribute, "require": rule.require}
    move = next((m for m in comparison.shelves if m.attribute == rule.attribute), None)
    if move is None:
        return _Part("undecided", sentences.no_move(label), asked)
    outcome: Outcome = "kept" if move.status in ALLOWED[rule.require] else "violated"
    if move.status == "undecided":
        outcome = "undecided"
    return _Part(
        outcome,
        sentences.shelf(label, rule.require, move, outcome),
        asked | {"status": move.status, "difference": move.difference},
        move.images_needed,
    )


def _number(
    rule: NumberRule, candidate: Stocktake, comparison: Comparison | None, level: float
) -> list[_Part]:
    name = _name(rule, candidate)
    parts = []
    if rule.low is not None or rule.high is not None:
        parts.append(_within(rule, name, _found(rule, candidate), level))
    if rule.worse is not None:
        assert comparison is not None
        parts.append(_worse(rule, name, _difference(rule, comparison), level))
    return parts


def _within(rule: NumberRule, name: Words, found: Measured, level: float) -> _Part:
    """Judge the candidate alone."""
    asked = _asked(rule) | {"candidate": found}
    if isinstance(found, Unmeasured):
        return _Part("undecided", sentences.unmeasured(name, found.reason), asked)
    told = bounds.at_level(found, level, least=_range(rule)[0], most=_range(rule)[1])
    outcomes: list[tuple[Outcome, float]] = []
    if rule.low is not None:
        outcomes.append((bounds.at_least(told, rule.low), rule.low))
    if rule.high is not None:
        outcomes.append((bounds.at_most(told, rule.high), rule.high))
    answers = {outcome for outcome, _ in outcomes}
    outcome: Outcome = "kept"
    if answers != {"kept"}:
        outcome = "violated" if "violated" in answers else "undecided"
    open_ = [bounds.needed(told, limit) for answer, limit in outcomes if answer == "undecided"]
    return _Part(
        outcome,
        sentences.within(name, told, rule.low, rule.high, outcome),
        asked | {"level": level, "interval": [told.low, told.high]},
        max((n for n in open_ if n), default=None) if all(open_) else None,
    )


def _worse(rule: NumberRule, name: Words, found: Difference | None, level: float) -> _Part:
    """Judge the change since the base."""
    assert rule.worse is not None
    asked = _asked(rule)
    if found is None:
        reason = message("base and candidate do not both have it.")
        return _Part("undecided", sentences.unmeasured(name, reason), asked)
    asked |= {"base": found.base, "candidate": found.candidate, "difference": found.difference}
    change = _change(rule, found, level)
    if isinstance(change, Unmeasured):
        return _Part("undecided", sentences.unmeasured(name, change.reason), asked)
    higher = rule.kind == "metric" and rule.subject[0] not in bounds.LOWER_IS_BETTER
    loss = bounds.turned(change) if higher else change
    outcome = bounds.at_most(loss, rule.worse)
    share = rule.kind == "reconstruction"
    figure = sentences.number(
        change, sign="+", scale=100.0 if share else 1.0, unit=" %" if share else ""
    )
    limit = f"{100 * rule.worse:g} %" if share else f"{rule.worse:g}"
    return _Part(
        outcome,
        sentences.worse(name, figure, limit, outcome),
        asked | {"change_level": level, "change": [change.low, change.high]},
        bounds.needed(loss, rule.worse) if outcome == "undecided" else None,
    )


def _change(rule: NumberRule, found: Difference, level: float) -> Measured:
    """Return the change at the rule's level; of an error, as a share of the base's."""
    if isinstance(found.difference, Unmeasured):
        return found.difference
    difference = bounds.at_level(found.difference, level)
    if rule.kind != "reconstruction":
        return difference
    if isinstance(found.base, Unmeasured):
        return found.base
    if found.base.value <= 0:
        return Unmeasured(message("the base has no error, so there is no share of it."))
    base = bounds.at_level(found.base, level, least=0.0)
    return bounds.relative_rise(base, difference, rule.worse or 0.0)


def _found(rule: NumberRule, candidate: Stocktake) -> Measured:
    """Return the candidate's own number."""
    if rule.kind == "tie":
        for tie in candidate.archive.ties:
            if {tie.a, tie.b} == set(rule.subject):
                return tie.estimate
        return Unmeasured(
            message("too few images show both, or one of them has the same value everywhere.")
        )
    table = candidate.metrics if rule.kind == "metric" else candidate.reconstruction
    return table.get(rule.subject[0], Unmeasured(message("this stocktake did not measure it.")))


def _difference(rule: NumberRule, comparison: Comparison) -> Difference | None:
    if rule.kind == "tie":
        pairs = ((pair, d) for pair, d in comparison.ties.items())
        return next((d for pair, d in pairs if set(pair) == set(rule.subject)), None)
    table = comparison.metrics if rule.kind == "metric" else comparison.reconstruction
    return table.get(rule.subject[0])


def _asked(rule: NumberRule) -> dict[str, object]:
    given: dict[str, Any] = {"min": rule.low, "max": rule.high}
    given["max_drop" if rule.kind == "metric" else "max_rise"] = rule.worse
    subject = list(rule.subject) if rule.kind == "tie" else rule.subject[0]
    return {rule.kind: subject} | {key: value for key, value in given.items() if value is not None}


def _range(rule: NumberRule) -> tuple[float | None, float | None]:
    """Return the range of the number, as far as it is known."""
    if rule.kind == "tie":
        return 0.0, 1.0
    spec = METRICS.get(rule.subject[0])
    if rule.kind == "reconstruction" or spec is None:
        return 0.0 if rule.kind == "reconstruction" else None, None
    return spec.low, spec.high


def _name(rule: NumberRule, candidate: Stocktake) -> Words:
    if rule.kind == "tie":
        a, b = (_label(candidate, name) for name in rule.subject)
        return sentences.tie(a, b)
    if rule.kind == "reconstruction":
        return sentences.reconstruction(rule.subject[0])
    lower = rule.subject[0] in bounds.LOWER_IS_BETTER
    return sentences.metric(rule.subject[0], lower_is_better=lower)


def _label(candidate: Stocktake, attribute: str) -> Text:
    known = {spec.name: spec.label for spec in candidate.attributes}
    return known.get(attribute, Text(attribute, attribute))


def _check_base(policy: Policy, comparison: Comparison | None) -> None:
    if comparison is not None:
        return
    for number, rule in enumerate(policy.rules, start=1):
        if needs_base(rule):
            raise InputError(
                "{file}, rule {number} ({id}) compares with a base, but there is none. Name one "
                "with --base, or accept a stocktake as the baseline: tanaoroshi accept ID.",
                file=policy.file,
                number=number,
                id=rule.id,
            )


def _check_names(policy: Policy, candidate: Stocktake) -> None:
    """Refuse a name that the stocktake does not know: misspelt, it would never be judged."""
    attributes = tuple(spec.name for spec in candidate.attributes if spec.kind != "text")
    metrics = tuple(dict.fromkeys((*candidate.metrics, *METRICS)))
    errors = tuple(candidate.reconstruction) or ("mse", "mae")
    for number, rule in enumerate(policy.rules, start=1):
        if isinstance(rule, NumberRule):
            named = rule.subject
            known = {"metric": metrics, "tie": attributes, "reconstruction": errors}[rule.kind]
            _check_direction(rule, number, policy.file)
        else:
            named, known = (rule.attribute,), attributes
        for name in named:
            if name not in known:
                raise InputError(
                    "{file}, rule {number} ({id}): the stocktake of {model} knows no {name}. It "
                    "knows: {known}.",
                    file=policy.file,
                    number=number,
                    id=rule.id,
                    model=candidate.model.name,
                    name=name[:80],
                    known=known,
                )


def _check_direction(rule: NumberRule, number: int, file: str) -> None:
    if rule.worse is not None and rule.subject[0] in bounds.NEITHER_IS_BETTER:
        raise InputError(
            "{file}, rule {number} ({id}): of {name} neither more nor less is better, so max_drop "
            "says nothing. Use min and max.",
            file=file,
            number=number,
            id=rule.id,
            name=rule.subject[0],
        )
