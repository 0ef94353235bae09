"""The shelves of a collection that hardly changed, measured anew where they were.

The images that an earlier search knew keep their held-out errors. The new ones are a fold of their
own: what is chosen and fitted is chosen and fitted on the known images, as it would be for any
held-out fold, and the errors on the new ones stand beside the others. The place is that of the
earlier search, so nothing is picked because it did well on these images. Where the figures no
longer bear the status out, or lie apart from the earlier ones, the attribute is named, to be
searched for in full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.kept import PROBES, Losses
from tanaoroshi.records.stocktake import Control, Shelf
from tanaoroshi.shelves.features import hats, knots_of, nonlinear
from tanaoroshi.shelves.judge import Known, in_company, rule, unjudged
from tanaoroshi.shelves.probes import Probed, tree_guess
from tanaoroshi.shelves.ridge import Foretold, foretell
from tanaoroshi.shelves.skills import weigh
from tanaoroshi.shelves.targets import embed_among, make_targets, pool_rare
from tanaoroshi.stats.resample import draw_groups, group_folds, group_index

if TYPE_CHECKING:
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.shelves.settings import ShelfSettings

Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]
CONSTANT, BEST, NEXT, TWO, DIRECTION, EVERYTHING = range(len(PROBES))
TAKEN = "; taken over from "


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """What became of the shelves.

    Attributes
    ----------
    shelves
        One for each attribute that is not a text, in the order of the table. Of those in
        ``open`` it is the earlier one.
    open
        Attributes whose status the new figures contradict, or that could not be judged before.
    losses
        The errors of the known images and of the new ones.
    """

    shelves: tuple[Shelf, ...]
    open: frozenset[str]
    losses: Losses


def measure_again(
    shelves: tuple[Shelf, ...],
    losses: Losses,
    codes: Floats,
    attributes: Attributes,
    fresh: Bools,
    *,
    since: str,
    settings: ShelfSettings,
    rng: np.random.Generator,
) -> Again:
    """Measure each shelf at its place, on the known and the new images.

    Parameters
    ----------
    shelves
        As an earlier search found them.
    losses
        Its errors, for rows of this table that are not fresh.
    codes
        float64 (n, d).
    attributes
        n rows; the same attributes as then.
    fresh
        bool (n,): images that are new, or of which the table now says something else.
    since
        What the earlier stocktake is called; it goes into the methods of the estimates.
    settings, rng
        As for :func:`~tanaoroshi.shelves.judge.find_shelves`.
    """
    before = {shelf.attribute: shelf for shelf in shelves}
    targets = make_targets(attributes, settings)
    lessons: dict[bytes, _Lesson | None] = {}
    tasks: dict[int, _Task] = {}
    open_: set[str] = set()
    problems: dict[int, Shelf] = {}
    for target in targets:
        column, spec = target.column, attributes.specs[target.column]
        if target.problem is not None:
            problems[column] = unjudged(spec, codes.shape[1], target.problem)
            continue
        used = losses.rows[np.isfinite(losses.each[:, column, CONSTANT])]
        known = np.isfinite(attributes.values[:, column])
        wide = not losses.trees[column, EVERYTHING]
        key = used.tobytes() + known.tobytes() + bytes([wide])
        if key not in lessons:
            lessons[key] = _lesson(
                used, known, codes, attributes, fresh, wide=wide, settings=settings, rng=rng
            )
        lesson = lessons[key]
        if before[spec.name].p_adjusted is None or lesson is None:
            open_.add(spec.name)
            continue
        values = attributes.values[:, column]
        if spec.kind == "nominal":
            values = pool_rare(values, settings, among=used)
        tasks[column] = _Task(
            spec, before[spec.name], values, lesson, losses.trees[column], int(rng.integers(2**31))
        )
    said = {column: one for group in _by_lesson(tasks) for column, one in _foretold(group).items()}
    added = {c: _errors(task, said[c], codes, settings) for c, task in tasks.items()}
    told = _joined(losses, added, tasks)
    found = []
    for target in targets:
        column, spec = target.column, attributes.specs[target.column]
        shelf = problems.get(column, before[spec.name])
        if column in tasks:
            anew = _judge(before[spec.name], column, told, attributes, since, settings)
            if anew is None:
                open_.add(spec.name)
            shelf = anew or shelf
        found.append(shelf)
    return Again(tuple(found), frozenset(open_), told)


def taken_over(measured: Measured, since: str) -> Measured:
    """Say in an estimate's method from which stocktake it is."""
    if not isinstance(measured, Estimate) or TAKEN in measured.method:
        return measured
    return replace(measured, method=f"{measured.method}{TAKEN}{since}")


def control_taken_over(control: Measured | Control, since: str) -> Measured | Control:
    """Say the same of what moving a shelf does."""
    if not isinstance(control, Control):
        return taken_over(control, since)
    sides = {name: taken_over(side, since) for name, side in control.side_effects.items()}
    return replace(control, effect=taken_over(control.effect, since), side_effects=sides)


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """Known and new rows that several attributes share.

    Attributes
    ----------
    used
        int64 (m,): the known rows that have errors.
    train, fold
        int64 (t,): those of them to learn from, none of a group that has new rows; their folds.
    new
        int64 (q,): the new rows.
    curves
        For each dimension hat functions, float64 (t + q, knots), new rows last.
    wide
        Features of all dimensions together, float64 (t + q, p), where they are asked for.
    """

    used: Ints
    train: Ints
    fold: Ints
    new: Ints
    curves: list[Floats]
    wide: Floats | None


def _lesson(
    used: Ints,
    known: Bools,
    codes: Floats,
    attributes: Attributes,
    fresh: Bools,
    *,
    wide: bool,
    settings: ShelfSettings,
    rng: np.random.Generator,
) -> _Lesson | None:
    """Draw new rows in the same share as the known ones; ``None`` where these are too few."""
    group = group_index(len(codes), attributes.group)
    new = np.flatnonzero(known & fresh)
    others = max(int(np.sum(known & ~fresh)), 1)
    # Of a large collection only a sample was predicted.
    most = int(np.ceil(len(new) * min(len(used) / others, 1)))
    new = new[draw_groups(len(new), group[new], most, rng=rng)] if len(new) else new
    train = used[~np.isin(group[used], group[new])]
    if len(np.unique(group[train])) < max(settings.min_groups, settings.folds):
        return None
    if not len(new):
        return _Lesson(used, train, train, new, [], None)
    x = codes[np.concatenate([train, new])]
    return _Lesson(
        used,
        train,
        group_folds(len(train), group[train], settings.folds, rng=rng),
        new,
        [hats(column, knots_of(column, settings.knots)) for column in x.T],
        nonlinear(x, settings.knots, settings.landmarks, rng=rng) if wide else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One attribute whose new rows are to be predicted; ``trees``: which probes are trees."""

    spec: Attribute
    shelf: Shelf
    values: Floats
    lesson: _Lesson
    trees: NDArray[np.bool_]
    seed: int

    @property
    def rows(self) -> Ints:
        """Rows to learn from, then new rows."""
        return np.concatenate([self.lesson.train, self.lesson.new])

    @property
    def target(self) -> Floats:
        """What is to be said of these rows, float64 (t + q, m)."""
        values, used = self.values, self.lesson.used
        return embed_among(values[self.rows], self.spec.kind, values[used])


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What the smooth probes say of one attribute: of each dimension, and of all if asked."""

    singles: list[Foretold]
    everything: Foretold | None


def _by_lesson(tasks: dict[int, _Task]) -> list[dict[int, _Task]]:
    groups: dict[int, dict[int, _Task]] = {}
    for column, task in tasks.items():
        groups.setdefault(id(task.lesson), {})[column] = task
    return list(groups.values())


def _foretold(tasks: dict[int, _Task]) -> dict[int, _Said]:
    """Let the designs of one lesson predict all its attributes at once."""
    lesson = next(iter(tasks.values())).lesson
    t = len(lesson.train)
    learnt = [task.target[:t] for task in tasks.values()]

    def said(design: Floats) -> list[Foretold]:
        return foretell(design[:t], learnt, lesson.fold, design[t:])

    by_dimension = [said(curve) for curve in lesson.curves]
    together = [None] * len(tasks) if lesson.wide is None else said(lesson.wide)
    return {
        column: _Said([single[k] for single in by_dimension], everything)
        for k, (column, everything) in enumerate(zip(tasks, together, strict=True))
    }


def _errors(task: _Task, said: _Said, codes: Floats, settings: ShelfSettings) -> Floats:
    """Return the errors of all probes on the new rows, float64 (q, 6); NaN: no such probe."""
    lesson, shelf, singles = task.lesson, task.shelf, said.singles
    kind, train, new, t = task.spec.kind, lesson.train, lesson.new, len(lesson.train)
    out = np.full((len(new), len(PROBES)), np.nan)
    if not len(new):
        return out
    learnt, truth = task.target[:t], task.target[t:]

    def smooth(design: Floats) -> Floats:
        return foretell(design[:t], [learnt], lesson.fold, design[t:])[0].guess

    def error(probe: int, x: Floats, guess: Floats | None) -> None:
        if task.trees[probe]:
            guess = tree_guess(x[train], learnt, x[new], kind, settings.trees, task.seed)
        assert guess is not None  # whoever leaves it out has trees
        out[:, probe] = np.sum((truth - guess) ** 2, axis=1)

    ranking = np.argsort([single.inner for single in singles], kind="stable").tolist()
    best = ranking[0] if shelf.dimension is None else shelf.dimension
    out[:, CONSTANT] = np.sum((truth - learnt.mean(axis=0)) ** 2, axis=1)
    error(BEST, codes[:, [best]], singles[best].guess)
    if len(ranking) > 1:
        second = next(j for j in ranking if j != best)
        error(NEXT, codes[:, [second]], singles[second].guess)
    if kind == "circular" and len(ranking) > 1:
        pair = shelf.dimensions if len(shelf.dimensions) == 2 else ranking[:2]
        error(TWO, codes, smooth(np.hstack([lesson.curves[j] for j in pair])))
    if shelf.direction is None:
        out[:, DIRECTION] = out[:, CONSTANT]
    else:
        along = codes @ np.asarray(shelf.direction)
        curve = hats(along[task.rows], knots_of(along[train], settings.knots))
        error(DIRECTION, along[:, None], smooth(curve))
    error(EVERYTHING, codes, None if said.everything is None else said.everything.guess)
    return out


def _joined(losses: Losses, added: dict[int, Floats], tasks: dict[int, _Task]) -> Losses:
    """Lay the errors on new rows beside the known ones."""
    new = [task.lesson.new for task in tasks.values()]
    rows = np.unique(np.concatenate([losses.rows, *new]))
    each = np.full((len(rows), *losses.each.shape[1:]), np.nan, np.float32)
    each[np.searchsorted(rows, losses.rows)] = losses.each
    for column, errors in added.items():
        each[np.searchsorted(rows, tasks[column].lesson.new), column] = errors
    return Losses(rows, each, losses.trees)


def _judge(
    shelf: Shelf,
    column: int,
    losses: Losses,
    attributes: Attributes,
    since: str,
    settings: ShelfSettings,
) -> Shelf | None:
    """Return the shelf with its new figures; ``None`` where they contradict its status."""
    each = losses.each[:, column].astype(np.float64)
    at = np.isfinite(each[:, CONSTANT])
    rows, each = losses.rows[at], each[at]
    group = None if attributes.group is None else attributes.group[rows]

    def probe(which: int) -> Floats | None:
        return None if np.isnan(each[:, which]).any() else each[:, which]

    skills = weigh(
        Probed(
            constant=each[:, CONSTANT],
            best=each[:, BEST],
            next_best=probe(NEXT),
            best_two=probe(TWO),
            direction=each[:, DIRECTION],
            everything=each[:, EVERYTHING],
            each=np.empty((len(rows), 0)),
            vector=None,
            projection=np.empty(0),
        ),
        group,
        settings,
    )
    label = attributes.specs[column].label
    known = Known(
        label=label,
        skills=skills,
        p=1.0 if shelf.p_adjusted is None else shelf.p_adjusted,
        dimension=-1 if shelf.dimension is None else shelf.dimension,
        parts=shelf.dimensions,
        pair=shelf.dimensions[:2],
        has_direction=shelf.direction is not None,
    )
    ruling = rule(known, settings)
    base = shelf.status
    if base in ("shared", "tied"):
        base = "own_direction" if shelf.dimension is None else "own_dimension"
    if ruling.status != base or not _agree(ruling.score, shelf.score):
        return None
    text = ruling.text
    if shelf.others:
        names = attributes.names
        labels = tuple(attributes.specs[names.index(name)].label for name in shelf.others)
        text = in_company(label, ruling, shelf.status, labels)
    figures: dict[str, Measured] = {
        "best_dimension": _joint(skills.best, since),
        "best_direction": _joint(skills.direction, since),
        "all_dimensions": _joint(skills.everything, since),
    }
    if skills.gap is not None:
        figures["gap"] = _joint(skills.gap, since)
    carried = {name: taken_over(one, since) for name, one in shelf.evidence.items()}
    return replace(
        shelf,
        score=_joint(ruling.score, since),
        evidence=carried | figures,
        n_needed=ruling.needed,
        text=text,
        control=control_taken_over(shelf.control, since),
    )


def _agree(now: Estimate, then: Measured) -> bool:
    """Say whether two figures are of one probe, and their intervals meet.

    The two share nearly all images: where they don't meet, the new ones are of another kind.
    """
    if not isinstance(then, Estimate) or then.method.partition("; ")[0] != now.method:
        return False
    return now.high >= then.low and now.low <= then.high


def _joint(estimate: Estimate, since: str) -> Estimate:
    method = f"{estimate.method}; errors of {since}, new images a fold of their own"
    return replace(estimate, method=method)
