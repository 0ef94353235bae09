"""The archive as a page model: what it holds, what is missing, what a model makes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.archive.codes_sentences import named
from tanaoroshi.archive.findings import tie_id
from tanaoroshi.archive.made_sentences import made_id
from tanaoroshi.archive.sentences import gap_id, three_way_id, trend_id
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.archive_codes import CodesView, codes_view
from tanaoroshi.views.attribute_views import Example, examples_of
from tanaoroshi.views.collection_views import Shares, Ties, shares, ties
from tanaoroshi.views.figures import Figure, Scale, common_scale, figure, number, p_value
from tanaoroshi.views.report_page import FindingView, finding_views
from tanaoroshi.views.sliders import Evidence, Sheet, evidence, sheet
from tanaoroshi.views.vocabulary import GLOSSARY, MADE_CHANGE, StatusWord, Term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.archive import Agreement, Gap, ThreeWay, Trend
    from tanaoroshi.records.archived import ArchiveAudit
    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.copies import Copies
    from tanaoroshi.records.doubts import Doubts
    from tanaoroshi.records.made import Made, MadeShare
    from tanaoroshi.records.stocktake import Exhibit, Finding

MOST_SENTENCES = 6
MOST_OF_A_KIND = 2
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
    """A combination that is missing or rare, with pictures of it and of each of its values."""

    cell: tuple[tuple[Text, Text], ...]
    protected: bool
    observed: int
    expected: str
    p: str
    evidence: Evidence | None


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
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class ThreeWayRow:
    """Two attributes whose tie depends on a third."""

    names: tuple[Text, Text, Text]
    strong: Text
    weak: Text
    protected: bool
    figures: tuple[Figure, ...]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class MadeRow:
    """A share or a tie among made pictures, beside the collection."""

    what: Words
    protected: bool
    collection: str
    made: Figure
    change: StatusWord
    level: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class WorseRow:
    """A value whose pictures come back worse."""

    what: Words
    protected: bool
    n: int
    figure: Figure
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class MadeView:
    """What a model makes of the collection."""

    model: str
    prior: tuple[MadeRow, ...]
    posterior: tuple[MadeRow, ...]
    undecided: int
    prior_unlike: str
    worse: tuple[WorseRow, ...]
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
class DoubtsView:
    """Labels that pictures contradict: the first of them, what they are called and look like.

    ``rows``: attribute, label, what it looks like, the image, whether it is beyond chance.
    """

    pictures: Sheet | None
    rows: tuple[tuple[Text, Text, Text, int, bool], ...]
    doubted: int
    asked: int


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """How far several annotators agree on an attribute."""

    label: Text
    protected: bool
    annotators: int
    alpha: Figure
    ceiling: str


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
    doubts: DoubtsView
    agreement: tuple[AgreementRow, ...]
    made: MadeView | None
    code: CodesView | None
    left_out: tuple[Words, ...]
    glossary: tuple[Term, ...]


def archive_page(audit: ArchiveAudit, exhibits: Mapping[str, Exhibit]) -> ArchivePage:
    """Make the page model of an archive and its pictures."""
    specs = {spec.name: spec for spec in audit.attributes}
    closer = audit.examined

    def shown(name: str) -> Evidence | None:
        lines = [(line.caption, len(line.rows)) for line in audit.evidence.get(name, ())]
        return evidence(f"shown/{name}", exhibits, lines) if lines else None

    made = None if audit.made is None else _made(audit.made, audit, specs, exhibits)
    return ArchivePage(
        collection=audit.collection.name,
        n=audit.collection.n,
        attributes=len(specs),
        digest=audit.collection.digest,
        summary=_summary(audit.findings),
        findings=finding_views(
            audit.findings, lambda name: shown(name) or _of_model(name, exhibits)
        ),
        attributed=_attributed(audit, specs, exhibits),
        ties=ties(audit.archive, specs, lambda tie: shown(tie_id(tie))),
        three_way=tuple(
            _three_way(one, specs, shown(three_way_id(one)))
            for one in closer.three_way.found[:MOST_ROWS]
        ),
        three_way_asked=closer.three_way.asked,
        gaps=tuple(_gap(one, specs, shown(gap_id(one))) for one in closer.gaps.found[:MOST_ROWS]),
        gaps_total=closer.gaps.total,
        gaps_asked=closer.gaps.asked,
        trends=tuple(
            _trend(one, specs, shown(trend_id(one))) for one in closer.trends.found[:MOST_ROWS]
        ),
        trends_asked=closer.trends.asked,
        copies=_copies(audit.copies, exhibits),
        doubts=_doubts(audit.doubts, specs, exhibits),
        agreement=tuple(_agreement(specs[name], one) for name, one in audit.agreement.items()),
        made=made,
        code=None
        if audit.made is None or audit.made.coded is None
        else codes_view(audit.made.coded, specs, exhibits),
        left_out=audit.left_out,
        glossary=GLOSSARY,
    )


def _summary(findings: Sequence[Finding]) -> tuple[Words, ...]:
    """Return the gravest findings, of each kind a few."""
    told: Counter[str] = Counter()
    chosen = []
    for finding in findings:
        kind = finding.id.split("/")[0]
        told[kind] += 1
        if told[kind] <= MOST_OF_A_KIND:
            chosen.append(finding.text)
    return tuple(chosen[:MOST_SENTENCES])


def _of_model(name: str, exhibits: Mapping[str, Exhibit]) -> Evidence | None:
    """Return the pictures of a finding on what a model makes."""
    key = f"shown/{name}"
    if key not in exhibits:
        return None
    n = exhibits[key].columns
    if name.startswith("worse/"):
        lines = ((message("As they are"), n), (message("As they come back"), n))
        return evidence(key, exhibits, lines)
    return evidence(key, exhibits, ((message("Made pictures that are read so"), n),))


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


def _gap(gap: Gap, specs: Mapping[str, Attribute], shown: Evidence | None) -> GapRow:
    return GapRow(
        tuple(
            (specs[name].label, specs[name].value_label(value)) for name, value in gap.cell.items()
        ),
        any(specs[name].protected for name in gap.cell),
        gap.observed,
        number(gap.expected.value),
        p_value(gap.p_adjusted),
        shown,
    )


def _trend(trend: Trend, specs: Mapping[str, Attribute], shown: Evidence | None) -> TrendRow:
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
        shown,
    )


def _three_way(
    one: ThreeWay, specs: Mapping[str, Attribute], shown: Evidence | None
) -> ThreeWayRow:
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
        shown,
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


def _doubts(
    doubts: Doubts, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit]
) -> DoubtsView:
    pictures = sheet("doubts", exhibits["doubts"]) if "doubts" in exhibits else None
    rows = tuple(
        (
            specs[one.attribute].label,
            specs[one.attribute].value_label(one.label),
            specs[one.attribute].value_label(one.looks),
            one.row,
            i < doubts.doubted,
        )
        for i, one in enumerate(doubts.found[: pictures.columns if pictures else 0])
    )
    return DoubtsView(pictures, rows, doubts.doubted, doubts.asked)


def _agreement(spec: Attribute, one: Agreement | Unmeasured) -> AgreementRow:
    title = message("Krippendorff's alpha")
    if isinstance(one, Unmeasured):
        return AgreementRow(spec.label, spec.protected, 0, figure(title, one), "")
    return AgreementRow(
        spec.label,
        spec.protected,
        one.annotators,
        figure(title, one.alpha, scale=Scale(min(one.alpha.low, 0.0), 1.0)),
        number(one.ceiling.value, "percent"),
    )


def _made(
    made: Made,
    audit: ArchiveAudit,
    specs: Mapping[str, Attribute],
    exhibits: Mapping[str, Exhibit],
) -> MadeView:
    aside = audit.examined.not_applicable
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
        prior=_made_rows("prior", made, specs, exhibits),
        posterior=_made_rows("posterior", made, specs, exhibits),
        prior_unlike=""
        if made.shares.get("prior") or "prior" not in made.unlike
        else number(made.unlike["prior"], "percent"),
        undecided=sum(
            one.change == "undecided"
            for found in (made.shares, made.ties)
            for each in found.values()
            for one in each
        ),
        worse=tuple(
            WorseRow(
                named(one.attribute, one.value, specs),
                specs[one.attribute].protected,
                one.n,
                figure(message("Times the error of others"), one.ratio, scale=scale),
                _of_model(f"worse/{one.attribute}/{one.value}", exhibits),
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


def _made_rows(
    source: str,
    made: Made,
    specs: Mapping[str, Attribute],
    exhibits: Mapping[str, Exhibit],
) -> tuple[MadeRow, ...]:
    """Return the shares, then the ties, that are certainly others than in the collection."""
    shares = [one for one in made.shares.get(source, ()) if one.change in ("more", "fewer")]
    shares.sort(key=lambda one: (not specs[one.attribute].protected, -_far(one)))
    ties_ = [one for one in made.ties.get(source, ()) if one.change in ("stronger", "weaker")]
    ties_.sort(key=lambda one: -abs(one.made.value - one.collection))
    title = message("Among made pictures")
    return (
        *(
            MadeRow(
                named(one.attribute, one.value, specs),
                specs[one.attribute].protected,
                number(one.collection, "percent"),
                figure(title, one.made, scale=Scale(0.0, 1.0), style="percent"),
                MADE_CHANGE[one.change],
                one.change,
                _of_model(made_id(source, one), exhibits),
            )
            for one in shares[:MOST_MADE]
        ),
        *(
            MadeRow(
                message("{a} ⇄ {b}", a=specs[one.a].label, b=specs[one.b].label),
                specs[one.a].protected or specs[one.b].protected,
                number(one.collection),
                figure(title, one.made, scale=Scale(0.0, 1.0)),
                MADE_CHANGE[one.change],
                one.change,
                _of_model(made_id(source, one), exhibits),
            )
            for one in ties_[:MOST_MADE]
        ),
    )


def _far(one: MadeShare) -> float:
    return abs(one.made.value - one.collection) if isinstance(one.made, Estimate) else 0.0
