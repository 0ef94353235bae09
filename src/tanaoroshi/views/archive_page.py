"""The archive as a page model: what it holds, what is missing, what a model makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.archive_codes import CodesView, codes_view
from tanaoroshi.views.attribute_views import Example, examples_of
from tanaoroshi.views.collection_views import Shares, Ties, shares, ties
from tanaoroshi.views.figures import Figure, Scale, common_scale, figure, number, p_value
from tanaoroshi.views.report_page import FindingView, finding_views
from tanaoroshi.views.sliders import Sheet, sheet
from tanaoroshi.views.vocabulary import GLOSSARY, MADE_CHANGE, StatusWord, Term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.archive import Gap, ThreeWay, Trend
    from tanaoroshi.records.archived import ArchiveAudit
    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.copies import Copies
    from tanaoroshi.records.made import Made, MadeShare
    from tanaoroshi.records.stocktake import Exhibit

MOST_SENTENCES = 6
MOST_ROWS = 20
MOST_MADE = 12


@dataclass(frozen=True, slots=True)
class Attributed:
    """The shares of one attribute, how varied it is, and pictures of its values."""

    label: Text
    protected: bool
    shares: Shares | None
    diversity: Words | None
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class GapRow:
    """A combination that is missing or rare, with pictures of each of its values."""

    cell: tuple[tuple[Text, Text], ...]
    protected: bool
    observed: int
    expected: str
    p: str
    examples: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class TrendRow:
    """A share over time: ``bars`` are heights in percent of the highest."""

    label: Text
    value: Text
    protected: bool
    time: Text
    first: str
    last: str
    change: Figure
    bars: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class ThreeWayRow:
    """Two attributes whose tie depends on a third."""

    names: tuple[Text, Text, Text]
    strong: Text
    weak: Text
    protected: bool
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class MadeRow:
    """A value among made pictures, beside the collection."""

    label: Text
    value: Text
    protected: bool
    collection: str
    made: Figure
    change: StatusWord
    level: str


@dataclass(frozen=True, slots=True)
class MadeView:
    """What a model makes of the collection."""

    model: str
    prior: tuple[MadeRow, ...]
    posterior: tuple[MadeRow, ...]
    undecided: int
    prior_unlike: str
    worse: tuple[tuple[Text, Text, bool, int, Figure], ...]
    nearer: Figure
    c_t: str
    pairs: tuple[Sheet, Sheet] | None
    samples: Sheet | None


@dataclass(frozen=True, slots=True)
class CopiesView:
    """Pairs of copies, side by side, and pictures like no other.

    ``pairs``: what kind, how many in all, the first of them, and under each pair its rows.
    """

    pairs: tuple[tuple[Words, int, Sheet, Sheet, tuple[str, ...]], ...]
    odd: Sheet | None
    odd_rows: tuple[int, ...]
    odd_total: int


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """Everything that the page shows, in the order in which it is shown."""

    collection: str
    n: int
    attributes: int
    digest: str
    summary: tuple[Words, ...]
    findings: tuple[FindingView, ...]
    attributed: tuple[Attributed, ...]
    ties: Ties
    three_way: tuple[ThreeWayRow, ...]
    three_way_asked: int
    gaps: tuple[GapRow, ...]
    gaps_total: int
    gaps_asked: int
    trends: tuple[TrendRow, ...]
    trends_asked: int
    copies: CopiesView
    made: MadeView | None
    code: CodesView | None
    left_out: tuple[Words, ...]
    glossary: tuple[Term, ...]


def archive_page(audit: ArchiveAudit, exhibits: Mapping[str, Exhibit]) -> ArchivePage:
    """Make the page model of an archive and its pictures."""
    specs = {spec.name: spec for spec in audit.attributes}
    closer = audit.examined
    return ArchivePage(
        collection=audit.collection.name,
        n=audit.collection.n,
        attributes=len(specs),
        digest=audit.collection.digest,
        summary=tuple(f.text for f in audit.findings[:MOST_SENTENCES]),
        findings=finding_views(audit.findings),
        attributed=_attributed(audit, specs, exhibits),
        ties=ties(audit.archive, specs),
        three_way=tuple(_three_way(one, specs) for one in closer.three_way.found[:MOST_ROWS]),
        three_way_asked=closer.three_way.asked,
        gaps=tuple(_gap(one, specs, exhibits) for one in closer.gaps.found[:MOST_ROWS]),
        gaps_total=closer.gaps.total,
        gaps_asked=closer.gaps.asked,
        trends=tuple(_trend(one, specs) for one in closer.trends.found[:MOST_ROWS]),
        trends_asked=closer.trends.asked,
        copies=_copies(audit.copies, exhibits),
        made=None if audit.made is None else _made(audit.made, audit, specs, exhibits),
        code=None
        if audit.made is None or audit.made.coded is None
        else codes_view(audit.made.coded, specs, exhibits),
        left_out=audit.left_out,
        glossary=GLOSSARY,
    )


def _attributed(
    audit: ArchiveAudit, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit]
) -> tuple[Attributed, ...]:
    by_label = {one.label: one for one in shares(audit.archive, specs)}
    varied = {one.attribute: one for one in audit.examined.diversity}
    ordered = sorted(
        (spec for spec in specs.values() if spec.kind != "text"), key=lambda s: not s.protected
    )
    found = []
    for spec in ordered:
        one = varied.get(spec.name)
        said = None
        if one is not None and spec.kind in ("nominal", "ordinal"):
            said = message(
                "{values} values; as varied as {effective} equally frequent ones [{low}, {high}].",
                values=one.values,
                effective=number(one.effective.value),
                low=number(one.effective.low),
                high=number(one.effective.high),
            )
        found.append(
            Attributed(
                spec.label,
                spec.protected,
                by_label.get(spec.label),
                said,
                examples_of(spec, exhibits),
            )
        )
    return tuple(found)


def _gap(gap: Gap, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit]) -> GapRow:
    keys = [f"examples/{name}/{value}" for name, value in gap.cell.items()]
    return GapRow(
        tuple(
            (specs[name].label, specs[name].value_label(value)) for name, value in gap.cell.items()
        ),
        any(specs[name].protected for name in gap.cell),
        gap.observed,
        number(gap.expected.value),
        p_value(gap.p_adjusted),
        tuple(sheet(key, exhibits[key]) for key in keys if key in exhibits),
    )


def _trend(trend: Trend, specs: Mapping[str, Attribute]) -> TrendRow:
    spec = specs[trend.attribute]
    highest = max(max(e.value for e in trend.shares), 1e-9)
    return TrendRow(
        spec.label,
        spec.value_label(trend.value),
        spec.protected,
        specs[trend.time].label,
        number(trend.shares[0].value, "percent"),
        number(trend.shares[-1].value, "percent"),
        figure(
            message("Change from the first step to the last"),
            trend.change,
            scale=common_scale([trend.change], unit=False),
            style="percent",
            signed=True,
        ),
        tuple(
            (step, round(100 * share.value / highest, 1), number(share.value, "percent"))
            for step, share in zip(trend.steps, trend.shares, strict=True)
        ),
    )


def _three_way(one: ThreeWay, specs: Mapping[str, Attribute]) -> ThreeWayRow:
    given = specs[one.given]
    weak = given.value_label(one.weak) if one.weak else Text("all", "全体")
    titles = (message("Tie where it is strongest"), message("Tie where it is weakest"))
    return ThreeWayRow(
        (specs[one.a].label, specs[one.b].label, given.label),
        given.value_label(one.strong),
        weak,
        any(specs[name].protected for name in (one.a, one.b, one.given)),
        tuple(
            figure(title, m) for title, m in zip(titles, (one.strongest, one.weakest), strict=True)
        ),
    )


def _copies(copies: Copies, exhibits: Mapping[str, Exhibit]) -> CopiesView:
    kinds = (
        ("exact", message("Exact copies"), copies.exact),
        ("near", message("The same but for small edits"), copies.near),
    )
    pairs = []
    for kind, title, found in kinds:
        keys = f"copies/{kind}/first", f"copies/{kind}/second"
        if found and all(key in exhibits for key in keys):
            first, second = (sheet(key, exhibits[key]) for key in keys)
            rows = tuple(f"{a} · {b}" for a, b in (one.rows for one in found[: first.columns]))
            pairs.append((title, len(found), first, second, rows))
    odd = sheet("odd", exhibits["odd"]) if "odd" in exhibits else None
    shown = odd.columns if odd is not None else 0
    return CopiesView(
        tuple(pairs), odd, tuple(one.row for one in copies.odd[:shown]), len(copies.odd)
    )


def _made(
    made: Made,
    audit: ArchiveAudit,
    specs: Mapping[str, Attribute],
    exhibits: Mapping[str, Exhibit],
) -> MadeView:
    aside = audit.examined.not_applicable
    rows = {name: list(each) for name, each in made.shares.items()}
    worse = [
        one
        for one in made.worse
        if one.p_adjusted <= 0.05
        and one.ratio.low > 1
        and one.value not in aside.get(one.attribute, ())
    ]
    worse.sort(key=lambda one: (not specs[one.attribute].protected, -one.ratio.value))
    scale = common_scale([one.ratio for one in worse], unit=False)
    pairs = None
    if "memory/made" in exhibits and "memory/trained" in exhibits:
        pairs = tuple(sheet(k, exhibits[k]) for k in ("memory/made", "memory/trained"))
    shown = next((k for k in ("made/prior", "made/posterior") if k in exhibits), None)
    return MadeView(
        model=f"{made.model} ({made.version})" if made.version else made.model,
        prior=_made_rows(rows.get("prior", []), specs),
        posterior=_made_rows(rows.get("posterior", []), specs),
        prior_unlike=""
        if rows.get("prior") or "prior" not in made.unlike
        else number(made.unlike["prior"], "percent"),
        undecided=sum(one.change == "undecided" for each in rows.values() for one in each),
        worse=tuple(
            (
                specs[one.attribute].label,
                specs[one.attribute].value_label(one.value),
                specs[one.attribute].protected,
                one.n,
                figure(message("Times the error of others"), one.ratio, scale=scale),
            )
            for one in worse[:MOST_MADE]
        ),
        nearer=figure(
            message("Made pictures nearer to training images than unseen ones are"),
            made.memory.nearer,
            style="percent",
        ),
        c_t="" if made.memory.c_t is None else number(made.memory.c_t),
        pairs=pairs,  # type: ignore[arg-type]  # two keys, two sheets
        samples=None if shown is None else sheet(shown, exhibits[shown]),
    )


def _made_rows(found: list[MadeShare], specs: Mapping[str, Attribute]) -> tuple[MadeRow, ...]:
    certain = [one for one in found if one.change in ("more", "fewer")]
    certain.sort(key=lambda one: (not specs[one.attribute].protected, -_far(one)))
    return tuple(
        MadeRow(
            specs[one.attribute].label,
            specs[one.attribute].value_label(one.value),
            specs[one.attribute].protected,
            number(one.collection, "percent"),
            figure(
                message("Share among made pictures; the tick is the collection's"),
                one.made,
                scale=Scale(0.0, 1.0),
                style="percent",
            ),
            MADE_CHANGE[one.change],
            one.change,
        )
        for one in certain[:MOST_MADE]
    )


def _far(one: MadeShare) -> float:
    if isinstance(one.made, Unmeasured):
        return 0.0
    assert isinstance(one.made, Estimate)
    return abs(one.made.value - one.collection)
