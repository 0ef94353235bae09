"""Which attribute sits where: the statuses of shelves, and how each is come by.

=============== ==================================================================================
status          when
=============== ==================================================================================
own_dimension   one dimension, chosen without seeing the images it is tried on, tells nearly all
                that the codes know of the attribute, well ahead of the next dimension, and what
                it tells of other attributes comes from the collection's ties
own_direction   no dimension does, but one direction
shared          a dimension (direction) does, and carries other attributes beyond those ties too
tied            a dimension (direction) does, but it may as well be that of another attribute
                which goes with this one in the collection
spread          the codes know the attribute, and no one place tells nearly all of it (a circular
                attribute on a pair of dimensions is here too)
none            no association beyond chance, or so little that it is no shelf
undecided       the images are too few to say, or the attribute can't be judged
=============== ==================================================================================

"Nearly all", "well ahead" and so on are numbers in
:class:`~tanaoroshi.shelves.settings.ShelfSettings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.kept import PROBES, Losses
from tanaoroshi.records.stocktake import Shelf, ShelfStatus
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.shelves import words
from tanaoroshi.shelves.cases import Asked, Case, Progress, measure_cases
from tanaoroshi.shelves.neighbours import Place, find_company
from tanaoroshi.shelves.skills import (
    Skills,
    answer,
    half,
    images_needed,
    information_estimate,
    rank_correlation,
)
from tanaoroshi.shelves.targets import make_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attribute, Attributes, Floats
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.shelves.company import Company
    from tanaoroshi.shelves.settings import ShelfSettings


def find_shelves(
    codes: Floats,
    attributes: Attributes,
    *,
    settings: ShelfSettings,
    rng: np.random.Generator,
    progress: Progress = None,
) -> tuple[Shelf, ...]:
    """Find the place of each attribute in the latent.

    Parameters
    ----------
    codes
        float (n, d), finite: one line an image.
    attributes
        The table of the same images. Kind ``text`` is passed over.
    settings
        The thresholds.
    rng
        Source of chance.
    progress
        Called with done, total and what.

    Returns
    -------
    One :class:`~tanaoroshi.records.stocktake.Shelf` for each attribute that is not a text, in the
    order of the table; their ``control`` is not measured yet.

    Raises
    ------
    InputError
        When the codes have another number of rows than the table, no dimension, or values that
        are not finite.

    Notes
    -----
    When codes and attributes are unrelated, the chance that any attribute gets another status
    than ``none`` or ``undecided`` is at most ``settings.false_shelves``: every claim first needs
    an adjusted p-value over all dimensions × attributes (single dimensions by mutual
    information, all together by a linear and a nonlinear fit), from permutations of whole groups.
    """
    return search(codes, attributes, settings=settings, rng=rng, progress=progress).shelves


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """Shelves, and the errors that they rest on."""

    shelves: tuple[Shelf, ...]
    losses: Losses


def search(
    codes: Floats,
    attributes: Attributes,
    *,
    settings: ShelfSettings,
    rng: np.random.Generator,
    progress: Progress = None,
    only: frozenset[str] | None = None,
) -> Searched:
    """Find shelves as :func:`find_shelves` does, and keep the errors.

    Parameters
    ----------
    only
        Attributes to search for; ``None``: all. Chance is adjusted over all of them anyway, and
        what a place carries is asked of all.
    """
    codes = _checked(codes, attributes)
    targets = make_targets(attributes, settings)
    wanted = [t for t in targets if only is None or attributes.names[t.column] in only]
    cases, asked = measure_cases(
        codes,
        attributes,
        [t for t in targets if t.problem is None],
        settings=settings,
        rng=rng,
        progress=progress,
        only=frozenset(t.column for t in wanted),
    )
    shelves = tuple(
        _judge(cases[t.column], asked, codes, attributes, settings)
        if t.problem is None
        else unjudged(attributes.specs[t.column], codes.shape[1], t.problem)
        for t in wanted
    )
    return Searched(shelves, _losses(cases, len(attributes.specs)))


def _losses(cases: Mapping[int, Case], k: int) -> Losses:
    """Lay the errors of all attributes side by side."""
    used = [case.block.part.rows for case in cases.values()]
    rows = np.unique(np.concatenate([np.empty(0, np.int64), *used]))
    each = np.full((len(rows), k, len(PROBES)), np.nan, np.float32)
    trees = np.zeros((k, len(PROBES)), bool)
    for column, case in cases.items():
        at = np.searchsorted(rows, case.block.part.rows)
        for p, name in enumerate(PROBES):
            losses = getattr(case.probed, name)
            if losses is not None:
                each[at, column, p] = losses
            trees[column, p] = name in case.probed.trees
    return Losses(rows, each, trees)


def _checked(codes: Floats, attributes: Attributes) -> Floats:
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise InputError(
            "The codes must be a table with one line for each image and one column for each "
            "dimension; theirs is {shape}",
            shape=str(codes.shape),
        )
    if len(codes) != len(attributes):
        raise InputError(
            "There are {codes} codes for {images} rows of attributes: give one code for each row",
            codes=len(codes),
            images=len(attributes),
        )
    bad = ~np.isfinite(codes).all(axis=1)
    if bad.any():
        raise InputError(
            "{count} codes hold values that are not finite, the first in row {row}: leave these "
            "rows out, or mend the encoder",
            count=int(bad.sum()),
            row=int(np.argmax(bad)),
        )
    return np.asarray(codes, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ruling about one attribute looks at.

    Attributes
    ----------
    p
        The least of its adjusted p-values.
    dimension, parts, pair
        The dimension that tells most, those that tell part of it, and the two that tell most.
    has_direction
        A direction was fitted.
    """

    label: Text
    skills: Skills
    p: float
    dimension: int
    parts: tuple[int, ...]
    pair: tuple[int, ...]
    has_direction: bool


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is decided about an attribute before one looks at what else its place carries."""

    status: ShelfStatus
    score: Estimate
    text: Words
    dimension: int | None = None
    dimensions: tuple[int, ...] = ()
    needed: int | None = None


def _judge(
    case: Case,
    asked: Mapping[int, Asked],
    codes: Floats,
    attributes: Attributes,
    settings: ShelfSettings,
) -> Shelf:
    pair = tuple(int(x) for x in np.argsort([-e.value for e in case.skills.each])[:2])
    known = Known(
        case.spec.label,
        case.skills,
        float(case.p.min()),
        case.dimension,
        _parts(case, settings),
        pair,
        case.probed.vector is not None,
    )
    ruling = rule(known, settings)
    evidence = _evidence(case, codes, attributes, settings)
    others: tuple[str, ...] = ()
    status, text = ruling.status, ruling.text
    place = _place(ruling, case, codes)
    if place is not None:
        company = find_company(place, case, asked, attributes, settings)
        for name, found in company.items():
            evidence |= _told_of_company(name, found)
        for relation in ("tied", "shared"):
            others = tuple(n for n, found in company.items() if found.relation == relation)
            if others:
                status = "tied" if relation == "tied" else "shared"
                labels = tuple(attributes.specs[attributes.names.index(n)].label for n in others)
                text = in_company(case.spec.label, ruling, status, labels)
                break
    return Shelf(
        attribute=case.spec.name,
        status=status,
        dimension=ruling.dimension,
        direction=None if case.probed.vector is None else tuple(case.probed.vector.tolist()),
        dimensions=ruling.dimensions,
        score=ruling.score,
        evidence=evidence,
        association=tuple(case.block.chance.adjusted[:, case.index].tolist()),
        others=others,
        p_adjusted=float(case.p.min()),
        n_needed=ruling.needed,
        text=text,
        control=Unmeasured(message("it was not tried whether moving the shelf moves the picture")),
    )


def rule(known: Known, settings: ShelfSettings) -> Ruling:
    """Decide between a dimension, a direction, several dimensions, nothing and too few images."""
    skills, label = known.skills, known.label
    if known.p > settings.false_shelves:
        return _without_association(known, settings)
    whole = skills.whole
    holds = answer(_minus(whole, settings.min_skill), settings)
    if holds == "unclear":
        return _too_few(label, whole, _minus(whole, settings.min_skill), settings.wide)
    if holds == "no":
        return Ruling("none", whole, words.faint(label, whole))
    tests = [skills.dimension_enough, *([skills.lead_enough] if skills.lead_enough else [])]
    answers = [answer(test, settings) for test in tests]
    j, parts = known.dimension, known.parts
    if "no" not in answers:
        if "unclear" in answers:
            return _too_few(label, whole, tests[answers.index("unclear")], settings.wide)
        text = words.own_dimension(label, j, skills.best)
        return Ruling("own_dimension", skills.best, text, j, parts)
    if answers[0] == "yes":
        return Ruling("spread", whole, words.spread_twice(label, parts, skills.best), None, parts)
    along = answer(skills.direction_enough, settings)
    if along == "unclear":
        return _too_few(label, whole, skills.direction_enough, settings.wide)
    if along == "yes" and known.has_direction:
        text = words.own_direction(label, skills.direction, skills.best)
        return Ruling("own_direction", skills.direction, text, None, parts)
    if skills.two is not None and skills.two_enough is not None and skills.two_enough.value >= 0:
        text = words.circle(label, known.pair, skills.two)
        return Ruling("spread", skills.two, text, None, known.pair)
    return Ruling("spread", whole, words.spread(label, parts, whole, skills.best), None, parts)


def _place(ruling: Ruling, case: Case, codes: Floats) -> Place | None:
    """Return where the codes stand on the dimension or the direction, if there is one."""
    rows = case.block.part.rows
    if ruling.status == "own_dimension":
        return Place(rows, codes[rows, case.dimension], case.dimension)
    if ruling.status == "own_direction":
        return Place(rows, case.probed.projection, None)
    return None


def _without_association(known: Known, settings: ShelfSettings) -> Ruling:
    whole, label = known.skills.whole, known.label
    margin = _minus(whole, settings.min_skill)
    if margin.high < 0:
        return Ruling("none", whole, words.none(label))
    # Close to the line no number of images would do; nine times as many are a third of the width.
    return _too_few(label, whole, margin, half(margin) / 3)


def _too_few(label: Text, whole: Estimate, margin: Estimate, least: float) -> Ruling:
    """Say undecided, and how many images would shrink the interval to its distance from 0."""
    needed = images_needed(margin, max(abs(margin.value), least))
    return Ruling("undecided", whole, words.undecided(label, whole, needed), needed=needed)


def _minus(estimate: Estimate, amount: float) -> Estimate:
    value, low, high = (x - amount for x in (estimate.value, estimate.low, estimate.high))
    return Estimate(value, low, high, None, estimate.n, estimate.method, estimate.level)


def _parts(case: Case, settings: ShelfSettings) -> tuple[int, ...]:
    """Return the dimensions that by themselves hold part of the attribute, best first."""
    each = case.skills.each
    order = sorted(range(len(each)), key=lambda j: -each[j].value)
    sure = [j for j in order if case.p[j] <= settings.false_shelves and each[j].low > 0]
    large = [j for j in sure if each[j].value >= settings.part * case.skills.whole.value]
    return tuple(large or sure)


def in_company(label: Text, ruling: Ruling, status: ShelfStatus, others: tuple[Text, ...]) -> Words:
    """Say that a place is tied to other attributes, or shared with them."""
    say = words.tied if status == "tied" else words.shared
    return say(label, ruling.dimension, ruling.score, others)


def _told_of_company(name: str, company: Company) -> dict[str, Measured]:
    nothing_open = Unmeasured(message("one of the two attributes determines the other"))
    return {
        f"beyond/{name}": company.a_beyond_b or nothing_open,
        f"also/{name}": company.b_beyond_a or nothing_open,
        f"due/{name}": company.due_to_b,
    }


def _evidence(
    case: Case, codes: Floats, attributes: Attributes, settings: ShelfSettings
) -> dict[str, Measured]:
    j, chance, skills = case.dimension, case.block.chance, case.skills
    sample = case.block.sample
    return {
        "association": information_estimate(
            chance.code_bins[:, j],
            chance.attribute_bins[:, case.index],
            float(chance.expected[j, case.index]),
            sample.group,
            settings,
        ),
        "rank_correlation": rank_correlation(
            codes[sample.rows, j],
            sample.values[:, case.index],
            case.spec.kind,
            sample.group,
            settings,
        ),
        "best_dimension": skills.best,
        "best_direction": skills.direction,
        "all_dimensions": skills.everything,
        "gap": skills.gap or Unmeasured(message("there is only one dimension")),
    }


def unjudged(spec: Attribute, d: int, problem: Words) -> Shelf:
    """Return the shelf of an attribute that can't be judged, of d dimensions."""
    return Shelf(
        attribute=spec.name,
        status="undecided",
        dimension=None,
        direction=None,
        dimensions=(),
        score=Unmeasured(problem),
        evidence={},
        association=(0.0,) * d,
        others=(),
        p_adjusted=None,
        n_needed=None,
        text=words.unjudged(spec.label, problem),
        control=Unmeasured(problem),
    )
