"""What a closer look at the archive says, in words: protected attributes first, few and short.

No sentence rests on one number: what is told has a p-value adjusted for everything asked, an
interval beyond a margin that matters (both judged where it was measured), and its counts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tanaoroshi.records.archive import Agreement
from tanaoroshi.records.stocktake import Finding, Severity
from tanaoroshi.records.words import Message, Text, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tanaoroshi.records.archive import (
        Decided,
        Diversity,
        Examined,
        Gap,
        ThreeWay,
        Trend,
    )
    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.estimates import Unmeasured

    Specs = dict[str, Attribute]

GAPS, TRENDS, THREE_WAYS, DIVERSITIES = 6, 4, 4, 3
"""Most sentences of each kind."""
SIMPLE = 2
"""Of these, most gaps, and most three-way ties, of what can be read off a picture."""
WARN_RATIO = 0.5
"""A combination with a protected attribute that surely has less than half of what was expected."""
WARN_CHANGE = 0.1
"""A protected attribute's share that surely changes by more than ten points."""
WARN_DIFFERENCE = 0.2
"""A protected attribute's tie that surely differs by more than this between values of a third."""
UNEVEN, UNEVEN_PROTECTED = 0.5, 0.8
"""An attribute is told to be uneven where its evenness surely lies below."""
TENTATIVE = 0.667
"""Krippendorff (Content Analysis, 2004, p. 241): below it, draw no conclusions."""


def examined_findings(examined: Examined, specs: Sequence[Attribute]) -> tuple[Finding, ...]:
    """Tell what matters most of a closer look.

    Parameters
    ----------
    examined
        As :func:`~tanaoroshi.archive.examine.examine` made it.
    specs
        The attributes.

    Returns
    -------
    Findings: gaps, three-way ties, trends, then unevenness; of each kind protected attributes
    first, what needs a culture to be seen before what can be read off a picture (that dark tones
    are dark is no news), one sentence for the same attributes. Attributes that decide one another
    count as one. Last: what was left aside, and how many questions were asked.
    """
    by_name = {spec.name: spec for spec in specs}
    thing = _things(by_name, examined.gaps.decided)
    return (
        *_gap_findings(examined.gaps.found, by_name, thing),
        *_decided_findings(examined.gaps.decided, by_name),
        *_three_way_findings(examined.three_way.found, by_name, thing),
        *_trend_findings(examined.trends.found, by_name, thing),
        *_diversity_findings(examined.diversity, by_name),
        *_last(examined, by_name),
    )


def gap_id(gap: Gap) -> str:
    """Return the name of a gap, under which its finding and its pictures are known."""
    return "gap/" + "/".join(f"{name}={value}" for name, value in gap.cell.items())


def trend_id(trend: Trend) -> str:
    """Return the name of a trend."""
    return f"trend/{trend.attribute}={trend.value}/{trend.time}"


def three_way_id(tie: ThreeWay) -> str:
    """Return the name of a three-way tie."""
    return f"three-way/{tie.a}/{tie.b}/{tie.given}"


def agreement_findings(
    agreement: Mapping[str, Agreement | Unmeasured], specs: Sequence[Attribute]
) -> tuple[Finding, ...]:
    """Tell of each attribute that several people annotated how far they agree, worst first."""
    by_name = {spec.name: spec for spec in specs}
    known = [one for one in agreement.values() if isinstance(one, Agreement)]
    known.sort(key=lambda one: (not by_name[one.attribute].protected, one.alpha.value))
    return tuple(agreement_finding(one, by_name[one.attribute]) for one in known)


def agreement_finding(agreement: Agreement, spec: Attribute) -> Finding:
    """Tell how far annotators agree, and what that leaves to be predicted."""
    alpha, ceiling = agreement.alpha, agreement.ceiling
    weak = alpha.low < TENTATIVE
    words = message(
        "{annotators} annotators of {n:,} images agree on {attribute} by {alpha:.2f} [{low:.2f}, "
        "{high:.2f}] (0 by chance, 1 always): no model can predict more than {ceiling:.0%} of "
        "what one of them says. {advice}",
        annotators=agreement.annotators,
        n=alpha.n,
        attribute=spec.label,
        alpha=alpha.value,
        low=alpha.low,
        high=alpha.high,
        ceiling=ceiling.value,
        advice=message(
            "Sharpen the instructions and annotate again before you rest anything on it."
        )
        if weak
        else message("That is enough to work with."),
    )
    return Finding(
        f"agreement/{spec.name}",
        "warn" if weak and spec.protected else "info",
        spec.name,
        words,
        {"alpha": alpha, "ceiling": ceiling, "ceiling_of_mean": agreement.ceiling_of_mean},
    )


def _things(specs: Specs, decided: Iterable[Decided]) -> Callable[[str], str]:
    """Give attributes that decide one another one name."""
    name = {spec: spec for spec in specs}
    for pair in decided:
        keep, gone = name[pair.by], name[pair.attribute]
        name = {spec: keep if one == gone else one for spec, one in name.items()}
    return lambda attribute: name[attribute]


def _protected(names: Iterable[str], specs: Specs) -> bool:
    return any(specs[name].protected for name in names)


def _simple(names: Iterable[str], specs: Specs) -> bool:
    return any(specs[name].tier == "simple" for name in names)


def _gap_findings(gaps: Sequence[Gap], specs: Specs, thing: Callable[[str], str]) -> list[Finding]:
    def key(gap: Gap) -> frozenset[str]:
        return frozenset(thing(name) for name in gap.cell)

    often = Counter(key(gap) for gap in gaps)
    first = {key(gap): gap for gap in reversed(gaps)}
    told = [gap for gap in gaps if first[key(gap)] is gap]
    simple = [gap for gap in told if _simple(gap.cell, specs)][:SIMPLE]
    others = [gap for gap in told if not _simple(gap.cell, specs)]
    kept = [*others[: GAPS - len(simple)], *simple]
    return [_gap_finding(gap, often[key(gap)] - 1, specs) for gap in kept]


def _gap_finding(gap: Gap, others: int, specs: Specs) -> Finding:
    protected, simple = _protected(gap.cell, specs), _simple(gap.cell, specs)
    warns = protected and not simple and gap.ratio.high <= WARN_RATIO
    unrelated = message("if the two had nothing to do with each other")
    tied = message("by what every two of them have to do with each other")
    words = message(
        "{observed} of {n:,} images show {cell}; {value:.0f} [{low:.0f}, {high:.0f}] would "
        "{basis}. Other combinations of theirs that are rare: {others}. {advice}",
        observed=gap.observed,
        n=gap.expected.n,
        cell=tuple(valued(specs[name], value) for name, value in gap.cell.items()),
        value=gap.expected.value,
        low=gap.expected.low,
        high=gap.expected.high,
        basis=tied if gap.against == "pairs" else unrelated,
        others=others,
        advice=_look() if simple else _collect(),
    )
    return Finding(
        gap_id(gap),
        "warn" if warns else "info",
        next((name for name in gap.cell if specs[name].protected), next(iter(gap.cell))),
        words,
        {
            "cell": dict(gap.cell),
            "observed": gap.observed,
            "expected": gap.expected,
            "ratio": gap.ratio,
            "p_adjusted": gap.p_adjusted,
            "against": gap.against,
        },
    )


def _collect() -> Message:
    return message(
        "Collect such images, give them more weight in training, or watch this combination in what "
        "the model makes."
    )


def _look() -> Message:
    return message("It may lie in the nature of things: look at the pictures first.")


def valued(spec: Attribute, value: str) -> Message:
    """Name a value of an attribute."""
    return message("{attribute} “{value}”", attribute=spec.label, value=spec.value_label(value))


def _decided_findings(decided: Sequence[Decided], specs: Specs) -> list[Finding]:
    """Tell where an attribute that is not protected decides one that is."""
    return [
        Finding(
            f"decided/{pair.by}/{pair.attribute}",
            "warn",
            pair.attribute,
            message(
                "{by} decides {attribute} in all images, so that {impossible} combinations can't "
                "occur. If that is not so by definition, they are gaps: collect such images.",
                by=specs[pair.by].label,
                attribute=specs[pair.attribute].label,
                impossible=pair.impossible,
            ),
            {"by": pair.by, "attribute": pair.attribute, "impossible": pair.impossible},
        )
        for pair in decided
        if specs[pair.attribute].protected and not specs[pair.by].protected
    ]


def _three_way_findings(
    ties: Sequence[ThreeWay], specs: Specs, thing: Callable[[str], str]
) -> list[Finding]:
    def names(tie: ThreeWay) -> tuple[str, str, str]:
        return tie.a, tie.b, tie.given

    ranked = sorted(
        ties,
        key=lambda tie: (
            not _protected(names(tie), specs),
            _simple(names(tie), specs),
            -tie.difference.low,
        ),
    )
    first = {frozenset(map(thing, names(tie))): tie for tie in reversed(ranked)}
    told = [tie for tie in ranked if first[frozenset(map(thing, names(tie)))] is tie]
    simple = [tie for tie in told if _simple(names(tie), specs)][:SIMPLE]
    others = [tie for tie in told if not _simple(names(tie), specs)]
    kept = [*others[: THREE_WAYS - len(simple)], *simple]
    return [_three_way_finding(tie, specs) for tie in kept]


def _three_way_finding(tie: ThreeWay, specs: Specs) -> Finding:
    names = (tie.a, tie.b, tie.given)
    given = specs[tie.given]
    warns = _protected((tie.a, tie.b), specs) and not _simple(names, specs)
    warns = warns and tie.difference.low > WARN_DIFFERENCE
    weak = valued(given, tie.weak) if tie.weak else message("all images together")
    words = message(
        "{a} and {b} go together by {strongest:.2f} [{low:.2f}, {high:.2f}] among {n:,} images "
        "with {strong}, by {weakest:.2f} [{low2:.2f}, {high2:.2f}] among {n2:,} with {weak} (0: "
        "unrelated, 1: one decides the other). Judge and monitor the tie for each value of "
        "{given}.",
        a=specs[tie.a].label,
        b=specs[tie.b].label,
        given=given.label,
        strong=valued(given, tie.strong),
        weak=weak,
        strongest=tie.strongest.value,
        low=tie.strongest.low,
        high=tie.strongest.high,
        n=tie.strongest.n,
        weakest=tie.weakest.value,
        low2=tie.weakest.low,
        high2=tie.weakest.high,
        n2=tie.weakest.n,
    )
    evidence = {
        "strongest": tie.strongest,
        "weakest": tie.weakest,
        "difference": tie.difference,
        "p_adjusted": tie.p_adjusted,
    }
    severity: Severity = "warn" if warns else "info"
    return Finding(three_way_id(tie), severity, tie.a, words, evidence)


def _trend_findings(
    trends: Sequence[Trend], specs: Specs, thing: Callable[[str], str]
) -> list[Finding]:
    first = {thing(trend.attribute): trend for trend in reversed(trends)}
    often = Counter(thing(trend.attribute) for trend in trends)
    told = [trend for trend in trends if first[thing(trend.attribute)] is trend]
    return [_trend_finding(t, often[thing(t.attribute)] - 1, specs) for t in told[:TRENDS]]


def _trend_finding(trend: Trend, others: int, specs: Specs) -> Finding:
    change, start, end = trend.change, trend.shares[0], trend.shares[-1]
    sure = change.low if change.value > 0 else -change.high
    warns = specs[trend.attribute].protected and sure > WARN_CHANGE
    words = message(
        "The share of {value} goes from {start:.1%} [{low:.1%}, {high:.1%}] of {n:,} images "
        "({time} {from_}) to {end:.1%} [{low2:.1%}, {high2:.1%}] of {n2:,} ({time} {to}). Other "
        "shares of this attribute that change: {others}. Say which time a model should stand for, "
        "weight the images so, and monitor the share.",
        value=valued(specs[trend.attribute], trend.value),
        time=specs[trend.time].label,
        from_=trend.steps[0],
        to=trend.steps[-1],
        start=start.value,
        low=start.low,
        high=start.high,
        n=start.n,
        end=end.value,
        low2=end.low,
        high2=end.high,
        n2=end.n,
        others=others,
    )
    evidence = {"steps": trend.steps, "shares": trend.shares, "change": change}
    return Finding(
        trend_id(trend),
        "warn" if warns else "info",
        trend.attribute,
        words,
        {**evidence, "p_adjusted": trend.p_adjusted},
    )


def _diversity_findings(found: Sequence[Diversity], specs: Specs) -> list[Finding]:
    uneven = [
        one
        for one in found
        if one.evenness.high < (UNEVEN_PROTECTED if specs[one.attribute].protected else UNEVEN)
    ]
    uneven.sort(key=lambda one: (not specs[one.attribute].protected, one.evenness.value))
    return [
        Finding(
            f"diversity/{one.attribute}",
            "info",
            one.attribute,
            message(
                "{attribute} has {values} values among {n:,} images, but is only as varied as "
                "{value:.1f} [{low:.1f}, {high:.1f}] equally frequent ones. Collect the rare ones, "
                "or give them more weight.",
                attribute=specs[one.attribute].label,
                values=one.values,
                n=one.effective.n,
                value=one.effective.value,
                low=one.effective.low,
                high=one.effective.high,
            ),
            {"effective": one.effective, "dominant": one.dominant, "evenness": one.evenness},
        )
        for one in uneven[:DIVERSITIES]
    ]


def _last(examined: Examined, specs: Specs) -> list[Finding]:
    asked = {
        "gaps": examined.gaps.asked,
        "trends": examined.trends.asked,
        "triples": examined.three_way.asked,
    }
    told = Finding(
        "archive/asked",
        "info",
        "",
        message(
            "Asked were {gaps:,} combinations of values, {trends:,} shares over time and "
            "{triples:,} triples of attributes; {rare:,} more combinations are too rare to judge. "
            "Of audits of a collection without any gap, trend or three-way tie, at most 1 in 20 "
            "would tell one.",
            rare=examined.gaps.too_rare,
            **asked,
        ),
        asked,
    )
    if not examined.not_applicable:
        return [told]
    names: tuple[str | Text | Message, ...] = tuple(
        valued(specs[name], value)
        for name, values in examined.not_applicable.items()
        for value in values
    )
    aside = Finding(
        "archive/not-applicable",
        "info",
        "",
        message("Images with {values} were not asked about that: it does not apply.", values=names),
        {"values": {name: list(v) for name, v in examined.not_applicable.items()}},
    )
    return [aside, told]
