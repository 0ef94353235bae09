"""Estimates as people read them: a number, its interval in brackets, its chance level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tanaoroshi.records.words import Words

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
) -> Figure:
    """Return an estimate as text and as places on a scale."""
    if isinstance(measured, Unmeasured):
        return Figure(title, plain, "", "", "", 0, 0, "", None, measured.reason)
    return Figure(
        title,
        plain,
        number(measured.value, style),
        interval(measured, style),
        "" if measured.chance is None else number(measured.chance, style),
        measured.n,
        round(100 * measured.level),
        measured.method,
        graphic(measured, scale),
        None,
    )


def graphic(e: Estimate, scale: Scale) -> Graphic:
    """Return the places of an estimate on a scale; of zero too, where it lies inside."""
    return Graphic(
        scale.place(e.value),
        scale.place(e.low),
        scale.place(e.high),
        None if e.chance is None else scale.place(e.chance),
        scale.place(0.0) if scale.low < 0 < scale.high else None,
    )


def number(x: float, style: Style = "number") -> str:
    """Write a number with two figures behind the point, fewer where it is large."""
    if style == "percent":
        return f"{_plus_zero(round(100 * x, 0 if abs(x) >= 0.1 else 1)):g} %"
    if x != 0 and abs(x) < 0.005:
        return f"{x:.1e}" if abs(x) < 0.0005 else f"{x:.3f}"
    digits = 2 if abs(x) < 10 else 1 if abs(x) < 100 else 0
    return f"{_plus_zero(round(x, digits)):.{digits}f}"


def interval(e: Estimate, style: Style = "number") -> str:
    """Write the interval of an estimate in brackets."""
    return f"[{number(e.low, style)}, {number(e.high, style)}]"


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
    step = 10 ** math.floor(math.log10(x)) / 2
    return math.ceil(x / step) * step


def _plus_zero(x: float) -> float:
    return x + 0.0  # -0.0 becomes 0.0
