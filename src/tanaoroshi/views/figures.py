"""Estimates as people read them: a number, its interval in brackets, its chance level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable


Style = Literal["number", "percent"]


@dataclass(frozen=True, slots=True)
class Scale:
    """The stretch of numbers that a row of dot-and-interval graphics shares."""

    low: float
    high: float

    def place(self, x: float) -> float:
        """Return where ``x`` lies, in percent of the stretch, cut at its ends."""
        return round(100 * min(max((x - self.low) / (self.high - self.low), 0.0), 1.0), 2)


UNIT = Scale(0.0, 1.0)
MOST_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Graphic:
    """A dot, its interval and its chance level, each as percent of the width."""

    value: float
    low: float
    high: float
    chance: float | None
    zero: float | None

    @property
    def width(self) -> float:
        """Return the length of the interval."""
        return round(self.high - self.low, 2)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, ready for show; or the reason why there is none.

    Attributes
    ----------
    title, plain
        What it is, and what it says in plain words.
    text, interval, chance
        The number, its interval in brackets, its chance level; empty where there is none.
    method
        Convention and settings, for those who want to compute it again.
    unmeasured
        Why there is no number.
    """

    title: Words
    plain: Words | None
    text: str
    interval: str
    chance: str
    n: int
    level: int
    method: str
    graphic: Graphic | None
    unmeasured: Words | None


def figure(
    title: Words,
    measured: Measured,
    *,
    plain: Words | None = None,
    scale: Scale = UNIT,
    style: Style = "number",
    signed: bool = False,
) -> Figure:
    """Return an estimate as text and as places on a scale; ``signed`` writes + before a rise."""
    if isinstance(measured, Unmeasured):
        return Figure(title, plain, "", "", "", 0, 0, "", None, measured.reason)
    digits = _digits(measured)
    shown = number(measured.value, style, digits)
    return Figure(
        title,
        plain,
        _sign(shown) if signed else shown,
        interval(measured, style),
        "" if measured.chance is None else number(measured.chance, style, digits),
        measured.n,
        round(100 * measured.level),
        measured.method,
        graphic(measured, scale),
        None,
    )


def _sign(shown: str) -> str:
    """Write + before a number that is, as shown, above 0."""
    return f"+{shown}" if shown[0] != "−" and any(c in "123456789" for c in shown) else shown


def graphic(e: Estimate, scale: Scale) -> Graphic:
    """Return the places of an estimate on a scale; of zero too, where it lies inside."""
    return Graphic(
        scale.place(e.value),
        scale.place(e.low),
        scale.place(e.high),
        None if e.chance is None else scale.place(e.chance),
        scale.place(0.0) if scale.low < 0 < scale.high else None,
    )


def number(x: float, style: Style = "number", digits: int | None = None) -> str:
    """Write a number: two figures behind the point if not told otherwise, fewer where it is large.

    Parameters
    ----------
    x
        Finite.
    style
        ``percent`` writes a share as percent.
    digits
        Figures behind the point of the number (of the percent: two fewer).
    """
    if digits is None:
        digits = 2 if abs(x) < 10 else 1 if abs(x) < 100 else 0
    if style == "percent":
        x, digits = 100 * x, max(digits - 2, 0)
    text = f"{x:.{digits}f}".replace("-", "−")
    shown = text if any(c in "123456789" for c in text) else text.lstrip("−")
    return f"{shown} %" if style == "percent" else shown


def p_value(p: float) -> str:
    """Write a p-value: three figures, or that it is smaller."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def interval(e: Estimate, style: Style = "number") -> str:
    """Write the interval of an estimate in brackets."""
    digits = _digits(e)
    return f"[{number(e.low, style, digits)}, {number(e.high, style, digits)}]"


def _digits(e: Estimate) -> int:
    """Return how many figures behind the point tell the two ends of the interval apart."""
    largest = max(abs(e.low), abs(e.high))
    digits = 2 if largest < 10 else 1 if largest < 100 else 0
    while digits < MOST_DIGITS and e.low < e.high and e.high - e.low < 3 * 10**-digits:
        digits += 1
    return digits


def common_scale(measured: Iterable[Measured], *, unit: bool = True) -> Scale:
    """Return the stretch that holds all intervals, chance levels and zero.

    With ``unit`` it is 0 to 1 where everything lies within; numbers of any other range get a
    round stretch of their own.
    """
    ends = [0.0]
    for m in measured:
        if isinstance(m, Estimate):
            ends += [m.low, m.high, m.value] + ([] if m.chance is None else [m.chance])
    low, high = min(ends), max(ends)
    if unit and low >= 0 and high <= 1:
        return UNIT
    return Scale(-_round_up(-low), _round_up(high) or (1.0 if low == 0 else 0.0))


def _round_up(x: float) -> float:
    if x <= 0:
        return 0.0
    step: float = 10.0 ** math.floor(math.log10(x)) / 2
    return math.ceil(x / step) * step
