"""What the verbs print: sentences and tables for people, or one JSON document."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tanaoroshi.metrics import METRICS
from tanaoroshi.records.estimates import Estimate, Measured
from tanaoroshi.records.stocktake import Control
from tanaoroshi.records.words import message
from tanaoroshi.shelves.control import controls
from tanaoroshi.store.documents import (
    archive_document,
    comparison_document,
    history_document,
    metrics_document,
    to_document,
    verdict_document,
)
from tanaoroshi.store.versions import BASELINE
from tanaoroshi.views.verdict_text import level_line, rule_word, verdict_lines
from tanaoroshi.views.vocabulary import DIMENSION_CHANGE, SEVERITY, SHELF_CHANGE, STATUS
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tanaoroshi.archiving import Archived
    from tanaoroshi.comparing import Compared
    from tanaoroshi.demonstrating import Demo
    from tanaoroshi.records.comparison import Comparison, Verdict
    from tanaoroshi.records.history import History
    from tanaoroshi.records.stocktake import Shelf, Stocktake
    from tanaoroshi.records.words import Lang, Message, Words
    from tanaoroshi.reevaluating import Cost
    from tanaoroshi.store import Baseline, Row
    from tanaoroshi.workflows import Encoded, MeasuredFile

MOVES: Mapping[str, Message] = {
    "moves": message("yes"),
    "moves_others_more": message("yes, but others more"),
    "does_not_move": message("no"),
    "unmeasured": message("not tested"),
}


def _print_json(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    sys.stdout.write(text + "\n")


def _figure(measured: Measured, lang: Lang) -> str:
    """Return a number with its interval, or the reason why there is none."""
    if isinstance(measured, Estimate):
        return f"{measured.value:.2f} [{measured.low:.2f}, {measured.high:.2f}]"
    return translate(measured.reason, lang)


def _say(console: Console, words: Words, lang: Lang) -> None:
    console.print(translate(words, lang), highlight=False, markup=False, soft_wrap=True)


def _table(lang: Lang, *titles: Message) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(translate(title, lang), overflow="fold")
    return table


def stocktake(
    record: Stocktake, lang: Lang, *, page: Path | None, as_json: bool, cost: Cost | None = None
) -> None:
    """Print one stocktake: its sentences, its shelves, what it cost, where the report lies."""
    if as_json:
        extra: dict[str, object] = {} if page is None else {"report": str(page)}
        if cost is not None:
            extra["cost"] = asdict(cost)
        _print_json(to_document(record) | extra)
        return
    console = Console()
    for sentence in record.summary:
        _say(console, sentence, lang)
    console.print()
    console.print(_shelf_table(record, lang))
    for sentence in record.left_out:
        _say(console, sentence, lang)
    if cost is not None:
        _say(console, _cost(cost), lang)
    console.print()
    _say(console, message("Recorded as {id}.", id=record.id), lang)
    if page is not None:
        report(page, lang, as_json=False)


def _cost(cost: Cost) -> Message:
    if cost.full_seconds is None:
        return message(
            "This took {seconds:.1f} s and {encoded:,} encoded images of {n:,}.",
            seconds=cost.seconds,
            encoded=cost.encoded,
            n=cost.encoded + cost.taken_over,
        )
    return message(
        "This took {seconds:.1f} s and {encoded:,} encoded images, where the stocktake in full "
        "({id}) took {full:.1f} s and {n:,} images.",
        seconds=cost.seconds,
        encoded=cost.encoded,
        id=cost.full_id,
        full=cost.full_seconds,
        n=cost.full_images,
    )


def _shelf_table(record: Stocktake, lang: Lang) -> Table:
    labels = {spec.name: spec.label for spec in record.attributes}
    table = _table(
        lang,
        message("Attribute"),
        message("Shelf"),
        message("Dimension"),
        message("Share it predicts"),
        message("Moves the picture?"),
    )
    for shelf in record.shelves:
        table.add_row(
            labels[shelf.attribute].in_(lang),
            translate(STATUS[shelf.status].word, lang),
            _place(shelf),
            _figure(shelf.score, lang),
            translate(MOVES[controls(shelf)], lang) if isinstance(shelf.control, Control) else "–",
        )
    return table


def _place(shelf: Shelf) -> str:
    if shelf.dimension is not None:
        return str(shelf.dimension)
    return " ".join(str(j) for j in shelf.dimensions[:4]) or "–"


def demo(result: Demo, lang: Lang, *, as_json: bool) -> None:
    """Print the main model's sentences, one of the contrast, the update's, and where to look."""
    if as_json:
        _print_json(
            {
                "schema": "tanaoroshi/demo/1",
                "stocktakes": [to_document(a.stocktake) for a in result.audits],
                "comparison": comparison_document(result.update.comparison),
                "reports": [str(page) for page in result.pages],
                "seconds": result.seconds,
            }
        )
        return
    console = Console()
    for sentence in result.audits[0].stocktake.summary:
        _say(console, sentence, lang)
    console.print()
    _say(console, result.contrast, lang)
    console.print()
    for sentence in result.update.comparison.summary:
        _say(console, sentence, lang)
    console.print()
    for page in result.pages:
        report(page, lang, as_json=False)


def report(page: Path, lang: Lang, *, as_json: bool) -> None:
    """Say where the report lies."""
    if as_json:
        _print_json({"schema": "tanaoroshi/report/1", "report": str(page)})
        return
    _say(Console(), message("Open the report: {file}", file=str(page)), lang)


def encoded(written: Encoded, lang: Lang, *, as_json: bool) -> None:
    """Say what was encoded and where it lies."""
    if as_json:
        _print_json(
            {
                "schema": "tanaoroshi/encode/1",
                "file": str(written.file),
                "n": written.n,
                "dimensions": written.dimensions,
                "left_out": [translate(words, lang) for words in written.left_out],
            }
        )
        return
    console = Console()
    for words in written.left_out:
        _say(console, words, lang)
    _say(
        console,
        message(
            "The codes of {n:,} images ({d} dimensions) are in {file}.",
            n=written.n,
            d=written.dimensions,
            file=str(written.file),
        ),
        lang,
    )


def metrics(measured: MeasuredFile, lang: Lang, *, as_json: bool) -> None:
    """Print every metric with its interval, chance level and what it asks."""
    if as_json:
        _print_json(
            metrics_document(measured.metrics, measured.n, measured.dimensions, measured.names)
        )
        return
    table = _table(
        lang,
        message("Metric"),
        message("Value"),
        message("By chance"),
        message("What it asks"),
    )
    for name, value in measured.metrics.metrics.items():
        chance = value.chance if isinstance(value, Estimate) else None
        table.add_row(
            name,
            _figure(value, lang),
            "–" if chance is None else f"{chance:.2f}",
            translate(METRICS[name].title, lang) if name in METRICS else "",
        )
    Console().print(table)


def stocktakes(rows: tuple[Row, ...], lang: Lang, *, as_json: bool) -> None:
    """Print what is recorded, newest first."""
    if as_json:
        _print_json(
            {
                "schema": "tanaoroshi/stocktakes/1",
                "stocktakes": [
                    {
                        "id": row.id,
                        "recorded_at": row.recorded_at,
                        "model": row.model,
                        "collection": row.collection,
                        "n": row.n,
                        "seconds": row.seconds,
                    }
                    for row in rows
                ],
            }
        )
        return
    if not rows:
        _say(Console(), message("Nothing is recorded here yet."), lang)
        return
    table = _table(
        lang,
        message("Id"),
        message("Recorded"),
        message("Model"),
        message("Collection"),
        message("Images"),
    )
    for row in rows:
        table.add_row(row.id, row.recorded_at, row.model, row.collection, f"{row.n:,}")
    Console().print(table)


def trained(folder: Path, lang: Lang, *, as_json: bool) -> None:
    """Say where the new model lies."""
    if as_json:
        _print_json({"schema": "tanaoroshi/train/1", "model": str(folder)})
        return
    _say(Console(), message("The model and its card are in {folder}.", folder=str(folder)), lang)


def comparison(compared: Compared, lang: Lang, *, page: Path | None, as_json: bool) -> None:
    """Print what became of a model: its sentences, its shelves, its dimensions."""
    found = compared.comparison
    if as_json:
        extra = {} if page is None else {"report": str(page)}
        _print_json(comparison_document(found) | {"seconds": compared.seconds} | extra)
        return
    console = Console()
    for sentence in found.summary:
        _say(console, sentence, lang)
    console.print()
    labels = {spec.name: spec.label for spec in found.attributes}
    shelves = _table(
        lang, message("Attribute"), message("Shelf"), message("Before"), message("After")
    )
    for move in found.shelves:
        label = labels.get(move.attribute)
        shelves.add_row(
            escape(move.attribute if label is None else label.in_(lang)),
            translate(SHELF_CHANGE[move.status].word, lang),
            f"{translate(STATUS[move.base.status].word, lang)} {_place(move.base)}",
            f"{translate(STATUS[move.candidate.status].word, lang)} {_place(move.candidate)}",
        )
    console.print(shelves)
    console.print()
    console.print(_dimension_table(found, lang))
    for one in found.directions:
        if one.status != "kept":
            _say(console, one.text, lang)
    if page is not None:
        report(page, lang, as_json=False)


def archive(found: Archived, lang: Lang, *, page: Path | None, as_json: bool) -> None:
    """Print what a collection is made of: its findings, the gravest first."""
    audit = found.audit
    if as_json:
        extra = {} if page is None else {"report": str(page)}
        _print_json(archive_document(audit) | {"seconds": found.seconds} | extra)
        return
    console = Console()
    _say(
        console,
        message(
            "{collection}: {n:,} images, {attributes} attributes.",
            collection=audit.collection.name,
            n=audit.collection.n,
            attributes=len(audit.attributes),
        ),
        lang,
    )
    for sentence in audit.left_out:
        _say(console, sentence, lang)
    console.print()
    table = _table(lang, message("Finding"), message("What was found"))
    for finding in audit.findings:
        word = translate(SEVERITY[finding.severity].word, lang)
        table.add_row(escape(word), escape(translate(finding.text, lang)))
    console.print(table)
    if page is not None:
        report(page, lang, as_json=False)


def history(found: History, lang: Lang, *, page: Path | None, as_json: bool) -> None:
    """Print what became of each shelf, version by version."""
    if as_json:
        extra = {} if page is None else {"report": str(page)}
        _print_json(history_document(found) | extra)
        return
    console = Console()
    for sentence in found.summary:
        _say(console, sentence, lang)
    console.print()
    labels = {spec.name: spec.label for spec in found.attributes}
    names = [f"{model.name} ({model.version})" for model in found.versions]
    table = _table(lang, message("Attribute"))
    for name in names:
        table.add_column(escape(name), overflow="fold")
    for thread in found.shelves:
        label = labels.get(thread.attribute)
        cells = [thread.attribute if label is None else label.in_(lang)]
        for change, shelf in zip((None, *thread.changes), thread.shelves, strict=True):
            became = "" if change is None else translate(SHELF_CHANGE[change].word, lang) + ": "
            cells.append(f"{became}{translate(STATUS[shelf.status].word, lang)} {_place(shelf)}")
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    if page is not None:
        report(page, lang, as_json=False)


def _dimension_table(found: Comparison, lang: Lang) -> Table:
    table = _table(
        lang,
        message("Dimension before"),
        message("What became of it"),
        message("Dimension after"),
        message("Agreement"),
    )
    for match in found.dimensions:
        after = match.parts if match.candidate is None else (match.candidate,)
        turned = "−" if match.sign == -1 else ""
        table.add_row(
            "–" if match.base is None else str(match.base),
            translate(DIMENSION_CHANGE[match.status].word, lang),
            turned + (" ".join(str(k) for k in after) or "–"),
            _figure(match.agreement, lang),
        )
    return table


def accepted(line: Baseline, record: Stocktake, lang: Lang, *, as_json: bool) -> None:
    """Say which stocktake is the baseline now."""
    model = record.model
    if as_json:
        _print_json(
            {
                "schema": BASELINE,
                "id": line.id,
                "accepted_at": line.accepted_at,
                "note": line.note,
                "model": {"name": model.name, "version": model.version, "digest": model.digest},
                "collection": {"name": record.collection.name, "n": record.collection.n},
            }
        )
        return
    _say(
        Console(),
        message(
            "The baseline is now {id}: {model}, version {version}, on {collection}. The gate "
            "compares with it.",
            id=line.id,
            model=model.name,
            version=model.version,
            collection=record.collection.name,
        ),
        lang,
    )


def verdict(judged: Verdict, lang: Lang, *, as_json: bool) -> None:
    """Print whether it may ship: five lines, then every rule."""
    if as_json:
        _print_json(verdict_document(judged))
        return
    console = Console()
    for line in verdict_lines(judged):
        _say(console, line, lang)
    console.print()
    table = _table(lang, message("Verdict"), message("Rule"), message("What was found"))
    for rule in judged.rules:
        cells = (translate(rule_word(rule), lang), rule.id, translate(rule.text, lang))
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    console.print()
    _say(console, level_line(judged), lang)
