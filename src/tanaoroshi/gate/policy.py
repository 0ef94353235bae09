"""A policy as data: the rules that a stocktake must keep to before it may ship.

The document comes from a TOML file (``docs/gate.md`` shows one); here it is checked whole, and
whatever is wrong with it is one sentence that names the file, the rule and what to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from tanaoroshi.errors import InputError
from tanaoroshi.records.words import Message, message

RuleSeverity = Literal["warn", "fail"]
Require = Literal["kept", "kept_or_moved", "not_broken"]

LEVEL = 0.95
_HUGE = 1e300
REQUIRES: tuple[Require, ...] = get_args(Require)
SEVERITIES: tuple[RuleSeverity, ...] = get_args(RuleSeverity)


@dataclass(frozen=True, slots=True)
class ShelfRule:
    """What may become of the shelf of an attribute."""

    id: str
    severity: RuleSeverity
    attribute: str
    require: Require


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Bounds on one number of the stocktake.

    Attributes
    ----------
    subject
        ``metric`` and ``reconstruction``: its name; ``tie``: the two attributes.
    low, high
        Bounds on the candidate alone (``min`` and ``max`` of the file), in the number's own unit.
    worse
        Most that it may get worse than the base. ``metric``: ``max_drop``, in the metric's unit;
        ``tie``: ``max_rise``, 0 to 1; ``reconstruction``: ``max_rise``, as a share of the base.
    """

    id: str
    severity: RuleSeverity
    kind: Literal["metric", "tie", "reconstruction"]
    subject: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    worse: float | None = None


Rule = ShelfRule | NumberRule


@dataclass(frozen=True, slots=True)
class Policy:
    """All the rules; ``level`` holds for the policy as a whole, ``file`` is for messages."""

    rules: tuple[Rule, ...]
    level: float
    file: str

    @property
    def needs_base(self) -> bool:
        """Say whether any rule compares with a base."""
        return any(map(needs_base, self.rules))


def needs_base(rule: Rule) -> bool:
    """Say whether a rule compares with a base."""
    return isinstance(rule, ShelfRule) or rule.worse is not None


def read_policy(document: Mapping[str, Any], file: str) -> Policy:
    """Check a policy and return its rules.

    Parameters
    ----------
    document
        As ``tomllib`` returns it.
    file
        Where it comes from, for messages.

    Raises
    ------
    InputError
        For a key that is not known, a wrong type, a rule with no subject or two, two rules of one
        id, or no rule at all: one sentence with file, rule and what to do.
    """
    for key in document:
        if key not in ("level", "rule"):
            raise InputError(
                "{file}: the key {key} means nothing here. A policy has `level` and [[rule]] "
                "tables; docs/gate.md shows one.",
                file=file,
                key=str(key)[:80],
            )
    level = document.get("level", LEVEL)
    if not _is_number(level) or not 0 < level < 1:
        raise InputError(
            "{file}: level is {got}, but it should be a number between 0 and 1, as in 0.95.",
            file=file,
            got=repr(level)[:80],
        )
    tables = document.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError("{file}: write each rule as a table that begins with [[rule]].", file=file)
    if not tables:
        raise InputError(
            "{file} has no rule, so it would let everything pass. Write at least one [[rule]]; "
            "docs/gate.md shows them.",
            file=file,
        )
    rules = tuple(_rule(_Table(table, file, k)) for k, table in enumerate(tables, start=1))
    _check_ids(rules, file)
    return Policy(rules, float(level), file)


def _check_ids(rules: tuple[Rule, ...], file: str) -> None:
    first: dict[str, int] = {}
    for number, rule in enumerate(rules, start=1):
        if rule.id in first:
            raise InputError(
                "{file}: rules {first} and {second} have the same id, {id}. Give each its own.",
                file=file,
                first=first[rule.id],
                second=number,
                id=rule.id,
            )
        first[rule.id] = number


@dataclass(frozen=True, slots=True)
class _Table:
    """One [[rule]] of the file; knows how to say where a mistake is."""

    values: Mapping[str, Any]
    file: str
    number: int

    @property
    def name(self) -> Message:
        """What messages call it: its number, and its id where it has one."""
        id_ = self.values.get("id")
        if isinstance(id_, str) and id_:
            return message("rule {number} ({id})", number=self.number, id=id_[:80])
        return message("rule {number}", number=self.number)

    def wrong(self, key: str, wanted: Message) -> NoReturn:
        """Raise the error that says what a key should be."""
        raise InputError(
            "{file}, {rule}: {key} should be {wanted}, but it is {got}.",
            file=self.file,
            rule=self.name,
            key=key,
            wanted=wanted,
            got=repr(self.values.get(key))[:80],
        )

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self.values[key]
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, message("a text in quotes"))
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> Any:  # noqa: ANN401
        """Return one of some words."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or value not in choices:
            self.wrong(key, message("one of {choices}", choices=choices))
        return value

    def number_of(
        self, key: str, *, low: float = -math.inf, high: float = math.inf
    ) -> float | None:
        """Return a number within bounds, or ``None`` where there is none."""
        if key not in self.values:
            return None
        value = self.values[key]
        if not _is_number(value) or not low <= value <= high:
            self.wrong(key, _bounds(low, high))
        return float(value)

    def pair(self, key: str) -> tuple[str, str]:
        """Return the names of two attributes."""
        value = self.values[key]
        good = (
            isinstance(value, list)
            and len(value) == 2
            and all(isinstance(name, str) and name for name in value)
            and value[0] != value[1]
        )
        if not good:
            self.wrong(key, message('the names of two attributes, as in ["gender", "role"]'))
        return value[0], value[1]

    def only(self, subject: str, keys: tuple[str, ...]) -> None:
        """Raise an InputError for a key that a rule of this kind does not have."""
        for key in self.values:
            if key not in (subject, *keys, "id", "severity"):
                raise InputError(
                    "{file}, {rule}: the key {key} means nothing in a rule about a {subject}. It "
                    "may have: {keys}.",
                    file=self.file,
                    rule=self.name,
                    key=str(key)[:80],
                    subject=subject,
                    keys=(*keys, "id", "severity"),
                )


def _bounds(low: float, high: float) -> Message:
    if math.isfinite(high):
        return message("a number from {low:g} to {high:g}", low=low, high=high)
    return message("a number, 0 or more") if low == 0 else message("a number")


def _rule(table: _Table) -> Rule:
    subjects = [key for key in _READERS if key in table.values]
    if len(subjects) != 1:
        raise InputError(
            "{file}, {rule}: a rule is about one thing, but this one names {count}. Give exactly "
            "one of: {subjects}.",
            file=table.file,
            rule=table.name,
            count=len(subjects),
            subjects=tuple(_READERS),
        )
    if "id" in table.values:
        table.text("id")
    return _READERS[subjects[0]](table)


def _about(table: _Table, *content: str) -> tuple[str, RuleSeverity]:
    """Return id and severity; an id that is missing is made from the content."""
    id_ = str(table.values.get("id", "-".join(content)))
    return id_, table.choice("severity", SEVERITIES, "fail")


def _shelf(table: _Table) -> Rule:
    table.only("shelf", ("require",))
    attribute = table.text("shelf")
    if "require" not in table.values:
        raise InputError(
            "{file}, {rule}: the key require is missing. Add what may become of the shelf, one "
            "of: {choices}.",
            file=table.file,
            rule=table.name,
            choices=REQUIRES,
        )
    require = table.choice("require", REQUIRES, "")
    return ShelfRule(*_about(table, "shelf", attribute, require), attribute, require)


def _metric(table: _Table) -> Rule:
    keys = ("max_drop", "min", "max")
    table.only("metric", keys)
    name = table.text("metric")
    low, high = table.number_of("min"), table.number_of("max")
    worse = table.number_of("max_drop", low=0)
    if low is not None and high is not None and low > high:
        table.wrong("min", message("at most max, which is {high:g}", high=high))
    _check_bounded(table, keys)
    about = _about(table, "metric", name, *_given(table, keys))
    return NumberRule(*about, "metric", (name,), low, high, worse)


def _tie(table: _Table) -> Rule:
    keys = ("max", "max_rise")
    table.only("tie", keys)
    pair = table.pair("tie")
    high, worse = (table.number_of(key, low=0, high=1) for key in keys)
    _check_bounded(table, keys)
    about = _about(table, "tie", *pair, *_given(table, keys))
    return NumberRule(*about, "tie", pair, None, high, worse)


def _reconstruction(table: _Table) -> Rule:
    keys = ("max", "max_rise")
    table.only("reconstruction", keys)
    name = table.text("reconstruction")
    high, worse = (table.number_of(key, low=0) for key in keys)
    _check_bounded(table, keys)
    about = _about(table, "reconstruction", name, *_given(table, keys))
    return NumberRule(*about, "reconstruction", (name,), None, high, worse)


def _given(table: _Table, keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if key in table.values]


def _check_bounded(table: _Table, keys: tuple[str, ...]) -> None:
    if not _given(table, keys):
        raise InputError(
            "{file}, {rule} sets no bound, so it could never fail. Give at least one of: {keys}.",
            file=table.file,
            rule=table.name,
            keys=keys,
        )


def _is_number(value: object) -> bool:
    # TOML's whole numbers may be too long for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _HUGE


_READERS: dict[str, Callable[[_Table], Rule]] = {
    "shelf": _shelf,
    "metric": _metric,
    "tie": _tie,
    "reconstruction": _reconstruction,
}
