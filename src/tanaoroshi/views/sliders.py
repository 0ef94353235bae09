"""Traversals as sliders: which frames, what is read off them, how far the slider can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.stocktake import Control
from tanaoroshi.records.words import Words, message
from tanaoroshi.shelves.control import controls
from tanaoroshi.views.charts import Spec, response_chart
from tanaoroshi.views.figures import Figure, common_scale, figure, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Exhibit, Shelf

MOST_SIDE_EFFECTS = 6

Trust = Literal["moves", "moves_others_more", "does_not_move", "unmeasured"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One exhibit as a table of frames of one size."""

    key: str
    rows: int
    columns: int
    width: int
    height: int
    captions: tuple[str, ...]

    @property
    def small(self) -> bool:
        """Whether the frames are so small that their pixels should stay visible."""
        return max(self.width, self.height) <= 32


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a slider: where it is in units of the code, and what is read there."""

    at: str
    reading: Words | None


@dataclass(frozen=True, slots=True)
class Slider:
    """A traversal that can be scrubbed."""

    sheet: Sheet
    steps: tuple[Step, ...]
    start: int


@dataclass(frozen=True, slots=True)
class ControlView:
    """What moving a shelf does.

    ``trust`` names the verdict, ``verdict`` says it; ``also`` names what else moves.
    """

    trust: Trust
    icon: str
    verdict: Words
    also: Words | None
    effect: Figure | None
    side_effects: tuple[Figure, ...]
    response: Spec | None


def sheet(key: str, exhibit: Exhibit) -> Sheet:
    """Describe an exhibit."""
    m, h, w, _ = exhibit.frames.shape
    return Sheet(key, -(-m // exhibit.columns), exhibit.columns, w, h, exhibit.captions)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Pictures that open beside a number, in lines: what each shows, and how many there are."""

    sheet: Sheet
    lines: tuple[tuple[Words, int], ...]


def evidence(
    key: str, exhibits: Mapping[str, Exhibit], lines: Sequence[tuple[Words, int]]
) -> Evidence | None:
    """Return an exhibit as evidence, if there is one: each of its rows is a line."""
    exhibit = exhibits.get(key)
    if exhibit is None or not len(exhibit.frames):
        return None
    return Evidence(sheet(key, exhibit), tuple(lines))


def slider(
    key: str,
    exhibits: Mapping[str, Exhibit],
    control: Measured | Control | None = None,
    spec: Attribute | None = None,
) -> Slider | None:
    """Return the slider of a traversal, if there are pictures of it.

    With a control of as many steps as there are columns, each step says where it is and what is
    read there.
    """
    exhibit = exhibits.get(key)
    if exhibit is None or not len(exhibit.frames):
        return None
    picture = sheet(key, exhibit)
    n = picture.columns
    places: tuple[str, ...] = ("",) * n
    readings: tuple[Words | None, ...] = (None,) * n
    if isinstance(control, Control) and len(control.steps) == n and spec is not None:
        places = tuple(_signed(x) for x in control.steps)
        curve = control.response.get(spec.name, ())
        if len(curve) == n:
            readings = tuple(reading(y, spec) for y in curve)
    steps = tuple(Step(at, said) for at, said in zip(places, readings, strict=True))
    return Slider(picture, steps, n // 2)


def control_view(shelf: Shelf, attributes: Mapping[str, Attribute]) -> ControlView:
    """Say what moving a shelf does to its attribute, and what else moves with it."""
    label = attributes[shelf.attribute].label
    trust: Trust = controls(shelf)
    control = shelf.control
    if not isinstance(control, Control):
        reason = (
            control.reason
            if isinstance(control, Unmeasured)
            else message("It is not clear whether moving this moves the attribute.")
        )
        return ControlView("unmeasured", "undecided", reason, None, None, (), None)
    verdicts: dict[Trust, tuple[str, Words]] = {
        "moves": ("moves", message("Moves the picture's {attribute}.", attribute=label)),
        "moves_others_more": (
            "mixed",
            message("Moves the picture's {attribute}, but other attributes more.", attribute=label),
        ),
        "does_not_move": (
            "still",
            message("Predicts {attribute} but does not move it in the picture.", attribute=label),
        ),
        "unmeasured": (
            "undecided",
            control.effect.reason
            if isinstance(control.effect, Unmeasured)
            else message("It is not clear whether moving this moves the attribute."),
        ),
    }
    icon, verdict = verdicts[trust]
    effects = _side_effects(control, attributes, shelf.attribute)
    scale = common_scale([control.effect, *(m for _, m in effects)], unit=False)
    effect = figure(
        message("{attribute} itself", attribute=label),
        control.effect,
        plain=message(
            "How far the attribute moves along the slider, beyond what any odd move of the same "
            "size would do; in standard deviations of the attribute."
        ),
        scale=scale,
    )
    moved = [attributes[name].label for name, m in effects if m.low > 0]
    return ControlView(
        trust,
        icon,
        verdict,
        message("Also moves: {others}.", others=tuple(moved[:3])) if moved else None,
        effect,
        tuple(
            figure(attributes[name].label, m, scale=scale)
            for name, m in effects[:MOST_SIDE_EFFECTS]
        ),
        _response(control, attributes[shelf.attribute]),
    )


def _side_effects(
    control: Control, attributes: Mapping[str, Attribute], own: str
) -> list[tuple[str, Estimate]]:
    known = [
        (name, m)
        for name, m in control.side_effects.items()
        if name in attributes and name != own and isinstance(m, Estimate)
    ]
    return sorted(known, key=lambda pair: -pair[1].value)


def _response(control: Control, spec: Attribute) -> Spec | None:
    curve = control.response.get(spec.name)
    if spec.kind == "nominal" or not curve or len(curve) != len(control.steps):
        return None
    return response_chart(control.steps, in_unit(curve, spec))


def in_unit(curve: Sequence[float], spec: Attribute) -> tuple[float, ...]:
    """Return readings in the unit of the column; a circular curve is not cut at its seam."""
    if spec.kind != "circular":
        return tuple(curve)
    unrolled = [curve[0]]
    for before, now in pairwise(curve):
        turn = (now - before + math.pi) % (2 * math.pi) - math.pi
        unrolled.append(unrolled[-1] + turn)
    factor = (spec.period or 2 * math.pi) / (2 * math.pi)
    return tuple(x * factor for x in unrolled)


def reading(value: float, spec: Attribute) -> Words | None:
    """Say what is read off a picture, in the unit or the values of the attribute."""
    if spec.kind in ("nominal", "text"):
        return None
    if spec.kind == "ordinal" and spec.values:
        nearest = min(max(round(value), 0), len(spec.values) - 1)
        return message("about {value}", value=spec.value_label(spec.values[nearest]))
    if spec.kind == "circular":
        period = spec.period or 2 * math.pi
        value = value * period / (2 * math.pi) % period
        if spec.unit == "degree":
            return message("{value}°", value=f"{value:.0f}")
    return message("{value} {unit}", value=number(value), unit="" if _bare(spec) else spec.unit)


def _bare(spec: Attribute) -> bool:
    return spec.unit in ("", "ratio")


def _signed(x: float) -> str:
    return f"{x:+.1f}".replace("-", "−") if abs(x) >= 0.05 else "0"
