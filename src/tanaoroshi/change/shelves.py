"""What became of each attribute's shelf.

========= ========================================================================================
status    when
========= ========================================================================================
kept      a shelf of its own in both, at the same place and as strong
moved     a shelf of its own in both, as strong, at another place or counting the other way
weaker    a shelf of its own in both, and the score fell by more than the margin
broken    it had a shelf of its own and has none any more
gained    it had none and has one
never     it had none and has none
undecided one of the two, or the difference between them, can't be told from so few images
========= ========================================================================================

A shelf's status rests on thresholds, and a figure near a threshold may fall on this side in one
version and on that side in the next although nothing changed. So a shelf is called broken (or
gained) only where one of the figures behind its status also fell (or rose) beyond its interval, the
error controlled over all shelves and figures together; where none did and none can have done so by
more than the margin, it is as it was. And where every dimension of the base is found whole in the
candidate, a shelf can't have changed at all.

Weaker is controlled over all shelves too. Each of m shelves is judged by intervals at the level
1 - (1 - level) / m (C. E. Bonferroni), and both alarms lie on one side of theirs: a shelf is
falsely broken with at most half of (1 - level) / m, and falsely weaker with as much, so that of all
updates without a change at most 1 - level have any false alarm. That a shelf was kept is told by
its interval at the level itself: that none fell is falsely said only where the one that did is
falsely called kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.change.differences import at_level, difference
from tanaoroshi.records.comparison import ShelfMove
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import OWN, Control
from tanaoroshi.records.words import message
from tanaoroshi.shelves.skills import half, images_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.change.settings import ChangeSettings
    from tanaoroshi.records.comparison import DimensionMatch, ShelfChange
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.stocktake import Shelf
    from tanaoroshi.records.words import Text, Words


def compare_shelves(
    base: Sequence[Shelf],
    candidate: Sequence[Shelf],
    dimensions: Sequence[DimensionMatch],
    labels: dict[str, Text],
    settings: ChangeSettings,
    *,
    spreads: tuple[Sequence[float], Sequence[float]],
) -> tuple[ShelfMove, ...]:
    """Say for every attribute that both stocktakes know what became of its shelf.

    Parameters
    ----------
    base, candidate
        The shelves of either.
    dimensions
        As :func:`~tanaoroshi.change.matching.match_dimensions` gave them; empty where the codes
        could not be compared: then places are compared by their number.
    labels
        What people call the attributes.
    settings
        Margins and levels.
    spreads
        Of the dimensions of base and candidate, (d,) and (e,), in units of the codes: directions
        are compared in standard deviations. In units of the codes a dimension that hardly varies
        may have any share in them.
    """
    after = {shelf.attribute: shelf for shelf in candidate}
    pairs = [(shelf, after[shelf.attribute]) for shelf in base if shelf.attribute in after]
    whole = _all_found(dimensions, settings)
    level = 1 - (1 - settings.level) / max(len(pairs), 1)
    return tuple(
        _move(
            a,
            b,
            labels[a.attribute],
            dimensions,
            settings,
            level=level,
            whole=whole,
            same=_same_place(a, b, dimensions, spreads),
        )
        for a, b in pairs
    )


def _all_found(dimensions: Sequence[DimensionMatch], settings: ChangeSettings) -> bool:
    """Say whether each dimension of either is a whole copy of one of the other."""
    followed = [m for m in dimensions if not (m.base is not None and m.status == "undecided")]
    return bool(followed) and all(
        m.candidate is not None
        and m.base is not None
        and isinstance(m.agreement, Estimate)
        and m.agreement.low >= settings.exact
        for m in followed
    )


def _move(
    base: Shelf,
    candidate: Shelf,
    label: Text,
    dimensions: Sequence[DimensionMatch],
    settings: ChangeSettings,
    *,
    level: float,
    whole: bool,
    same: bool,
) -> ShelfMove:
    change = _change(base, candidate)
    before, after = base.status in OWN, candidate.status in OWN
    needed: int | None = None
    status: ShelfChange
    if whole and before != after and "undecided" not in (base.status, candidate.status):
        status = "moved" if before else "never"
        if before and _at_home(base, dimensions):
            status = "kept"
    elif "undecided" in (base.status, candidate.status):
        status = "undecided"
        needed = max(base.n_needed or 0, candidate.n_needed or 0) or None
    elif before and after:
        status, needed = _both(change, settings, level, same=same)
    elif before or after:
        figures = _figures(base, candidate)
        across = _across(base, candidate, figures, level, settings)
        if across == "changed":
            status = "broken" if before else "gained"
        elif across == "alike":
            status = "never" if after else "kept" if _at_home(base, dimensions) else "moved"
        else:
            status = "undecided"
            widest = max(figures, key=half, default=change)
            needed = _needed(widest, settings)
    else:
        status = "never"
    text = _say(status, label, base, candidate, change)
    return ShelfMove(base.attribute, status, base, candidate, change, text, needed)


def _both(
    change: Measured, settings: ChangeSettings, level: float, *, same: bool
) -> tuple[ShelfChange, int | None]:
    """Judge the score by non-inferiority with a margin, then the place.

    ``level``: that of the interval that shows a fall; it is controlled over all shelves.
    """
    if isinstance(change, Estimate):
        sure = at_level(change, level)
        if sure.high < -settings.score_margin:
            return "weaker", None
        fell = change.value < -settings.score_margin
        narrow = half(change) <= settings.wide and not fell
        if change.low < -settings.score_margin and not narrow:
            return "undecided", _needed(sure if fell else change, settings)
    return ("kept" if same else "moved"), None


def _needed(change: Measured, settings: ChangeSettings) -> int | None:
    if isinstance(change, Unmeasured):
        return None
    distance = abs(change.value + settings.score_margin)
    return images_needed(change, max(distance, settings.wide))


def _change(base: Shelf, candidate: Shelf) -> Measured:
    """Return how much more the candidate's shelf tells than the base's.

    A shelf that is a dimension in one and a direction in the other may have crossed a threshold by
    chance, and a direction tells more than a dimension: then both are taken by their direction.
    """
    if base.status in OWN and candidate.status in OWN and base.status != candidate.status:
        both = base.evidence.get("best_direction"), candidate.evidence.get("best_direction")
        if both[0] is not None and both[1] is not None:
            return difference(both[0], both[1])
    return difference(base.score, candidate.score)


def _same_place(
    base: Shelf,
    candidate: Shelf,
    dimensions: Sequence[DimensionMatch],
    spreads: tuple[Sequence[float], Sequence[float]],
) -> bool:
    """Say whether two shelves of their own lie at the same place, as far as can be told."""
    if base.dimension is not None and candidate.dimension is not None:
        return base.dimension == candidate.dimension and _at_home(base, dimensions)
    if base.direction is None or candidate.direction is None:
        return True
    if len(base.direction) != len(candidate.direction):
        return False
    a, b = np.multiply(base.direction, spreads[0]), np.multiply(candidate.direction, spreads[1])
    # A dimension in one and a direction in the other: both have a best direction, and its turning
    # tells, not on which side of the threshold they fell.
    if base.status != candidate.status and not _at_home(base, dimensions):
        return False
    # A direction of noise aside is the same: within a quarter of a right angle.
    return bool(a @ b > math.cos(math.pi / 8) * np.linalg.norm(a) * np.linalg.norm(b))


def _at_home(base: Shelf, dimensions: Sequence[DimensionMatch]) -> bool:
    """Say whether no dimension that holds the shelf went elsewhere, as far as can be told."""
    held = {base.dimension} if base.dimension is not None else set(base.dimensions)
    home = ("same", "rescaled", "undecided")
    return all(m.status in home for m in dimensions if m.base in held)


def _figures(base: Shelf, candidate: Shelf) -> list[Estimate]:
    """Return how much better each figure behind a status has become; worse is below 0."""
    place = "best_direction" if "own_direction" in (base.status, candidate.status) else None
    names = [place] if place else ["best_dimension", "gap"]
    pairs = [(base.evidence.get(name), candidate.evidence.get(name)) for name in names]
    pairs.append((_part(base, names[0]), _part(candidate, names[0])))
    # What a place tells of other attributes is the better, the less it is: turned about.
    for other in sorted({*base.others, *candidate.others}):
        kinds = [f"{kind}/{other}" for kind in ("also", "due")]
        pairs += [(candidate.evidence.get(kind), base.evidence.get(kind)) for kind in kinds]
    found = [difference(a, b) for a, b in pairs if a is not None and b is not None]
    return [one for one in found if isinstance(one, Estimate)]


def _across(
    base: Shelf, candidate: Shelf, figures: list[Estimate], level: float, settings: ChangeSettings
) -> Literal["changed", "alike", "unclear"]:
    """Say whether a shelf that fell on the other side of a threshold changed at all."""
    turn = 1 if candidate.status in OWN else -1
    sure = [at_level(one, 1 - (1 - level) / max(len(figures), 1)) for one in figures]
    if any((one.low if turn > 0 else -one.high) > 0 for one in sure):
        return "changed"
    margin = settings.score_margin
    apart = [max(one.high if turn > 0 else -one.low, 0.0) for one in figures]
    return "alike" if figures and max(apart) <= margin else "unclear"


def _part(shelf: Shelf, place: str) -> Estimate | None:
    """Return the part of what all dimensions tell that the best place tells."""
    best, every = shelf.evidence.get(place), shelf.evidence.get("all_dimensions")
    if not isinstance(best, Estimate) or not isinstance(every, Estimate) or every.low <= 0:
        return None
    value = best.value / every.value
    width = math.hypot(half(best), value * half(every)) / every.value
    return Estimate(value, value - width, value + width, None, best.n, "part", best.level)


def _say(
    status: ShelfChange, label: Text, base: Shelf, candidate: Shelf, change: Measured
) -> Words:
    """Say it in a sentence."""
    here, there = _where(base), _where(candidate)
    if status == "kept":
        return message("{attribute}: its shelf stayed where it was ({place}).",
                       attribute=label, place=here)  # fmt: skip
    if status == "moved":
        if here == there:
            return message(
                "{attribute}: its shelf is still {place}, but what lies there moved or turned.",
                attribute=label, place=here,
            )  # fmt: skip
        return message("{attribute}: its shelf moved from {before} to {after}.",
                       attribute=label, before=here, after=there)  # fmt: skip
    if status == "gained":
        return message("{attribute}: it has a shelf of its own now ({place}).",
                       attribute=label, place=there)  # fmt: skip
    if status == "broken":
        return message("{attribute}: it had a shelf of its own ({place}) and has none any more.",
                       attribute=label, place=here)  # fmt: skip
    if status == "weaker" and isinstance(change, Estimate):
        return message(
            "{attribute}: its shelf tells less than before ({change:+.2f} [{low:+.2f}, "
            "{high:+.2f}]).",
            attribute=label, change=change.value, low=change.low, high=change.high,
        )  # fmt: skip
    if status == "never":
        return message("{attribute}: it had no shelf of its own and has none.", attribute=label)
    return message("{attribute}: the images don't suffice to say what became of its shelf.",
                   attribute=label)  # fmt: skip


def _where(shelf: Shelf) -> Words:
    if shelf.dimension is not None:
        return message("dimension {j}", j=shelf.dimension)
    if shelf.status == "own_direction":
        return message("a direction of its own")
    return message("no place of its own")


def runs_backwards(move: ShelfMove, dimensions: Sequence[DimensionMatch]) -> bool:
    """Say whether the candidate's shelf counts against the base's, so that sliders run apart.

    By the dimension's sign where one dimension became another, else by what is read off the
    pictures along either shelf; ``False`` where neither tells.
    """
    base, candidate = move.base, move.candidate
    if base.dimension is not None and candidate.dimension is not None:
        for match in dimensions:
            if (match.base, match.candidate) == (base.dimension, candidate.dimension):
                return match.sign == -1
    rises = [_rise(shelf) for shelf in (base, candidate)]
    return rises[0] * rises[1] < 0


def _rise(shelf: Shelf) -> float:
    """Return how much more is read at the end of the shelf than at its start; 0: not known."""
    if not isinstance(shelf.control, Control):
        return 0.0
    read = shelf.control.response.get(shelf.attribute, ())
    return read[-1] - read[0] if read else 0.0
