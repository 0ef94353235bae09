"""Stocktakes and estimates as small pieces of HTML, for notebooks."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from markupsafe import Markup

from tanaoroshi.records.estimates import Estimate, Measured
from tanaoroshi.records.words import Lang, Words, message
from tanaoroshi.views.figures import interval, number
from tanaoroshi.views.report_page import anchors_of
from tanaoroshi.views.shelf_map import shelf_map
from tanaoroshi.views.sprites import webp
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.stocktake import Exhibit, Stocktake
    from tanaoroshi.views.shelf_map import Cell, Row, ShelfMap

MARKS = {"place": "outline:2px solid #5b6ee0;outline-offset:-2px;", "part": "", "": ""}


def stocktake_html(
    stocktake: Stocktake, exhibits: Mapping[str, Exhibit] | None = None, *, lang: Lang = "en"
) -> str:
    """Return the sentences, the shelf map and one traversal: what a notebook shows.

    Parameters
    ----------
    stocktake, exhibits
        What was found, and its pictures.
    lang
        The language of the words.

    Returns
    -------
    str
        HTML that needs nothing else; every word of the user's is escaped.
    """
    head = Markup("<h3>{} × {}</h3>").format(stocktake.model.name, stocktake.collection.name)
    sentences = Markup("").join(
        Markup("<li>{}</li>").format(translate(words, lang)) for words in stocktake.summary
    )
    specs = {spec.name: spec for spec in stocktake.attributes}
    known = [s for s in stocktake.shelves if s.attribute in specs]
    drawn = shelf_map(known, specs, stocktake.dimensions, anchors_of(known))
    return str(
        Markup('<div style="max-width:60em">{}<ol>{}</ol>{}{}</div>').format(
            head, sentences, _map(drawn, lang), _strip(stocktake, exhibits or {}, lang)
        )
    )


def estimate_html(measured: Measured, *, lang: Lang = "en") -> str:
    """Return a number with its interval and chance level, or why there is none.

    Parameters
    ----------
    measured
        An estimate, or the reason why there is none.
    lang
        The language of the words.
    """
    if not isinstance(measured, Estimate):
        return str(Markup("<em>{}</em>").format(translate(measured.reason, lang)))
    words: Words = message("n = {n:,}", n=measured.n)
    if measured.chance is not None:
        words = message(
            "by chance {chance}, n = {n:,}", chance=number(measured.chance), n=measured.n
        )
    return str(
        Markup('<span title="{}"><b>{}</b> {} <small>({})</small></span>').format(
            measured.method, number(measured.value), interval(measured), translate(words, lang)
        )
    )


def _map(drawn: ShelfMap, lang: Lang) -> Markup:
    if not drawn.groups:
        return Markup("")
    heads = Markup("").join(
        Markup('<th style="text-align:center">{}</th>').format(c.index) for c in drawn.columns
    )
    rows = Markup("").join(_row(row, lang) for group in drawn.groups for row in group.rows)
    return Markup(
        '<div style="overflow-x:auto"><table><thead><tr><th></th><th></th>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(heads, rows)


def _row(row: Row, lang: Lang) -> Markup:
    return Markup(
        '<tr><th style="text-align:left">{}</th><td style="text-align:left">{}</td>{}</tr>'
    ).format(
        translate(row.label, lang),
        translate(row.status.word, lang),
        Markup("").join(_cell(cell) for cell in row.cells),
    )


def _cell(cell: Cell) -> Markup:
    return Markup(
        '<td title="{text}" style="padding:0;width:1.7em;height:1.7em;text-align:center;{mark}">'
        '<span style="display:inline-block;background:currentColor;width:{side:.2f}em;'
        'height:{side:.2f}em"></span></td>'
    ).format(text=cell.text, mark=MARKS[cell.mark], side=cell.size * 0.015)


def _strip(stocktake: Stocktake, exhibits: Mapping[str, Exhibit], lang: Lang) -> Markup:
    labels = {spec.name: spec.label for spec in stocktake.attributes}
    for shelf in stocktake.shelves:
        exhibit = exhibits.get(f"traversal/{shelf.attribute}")
        if exhibit is None or shelf.attribute not in labels or not len(exhibit.frames):
            continue
        caption = translate(message("Moving {attribute}", attribute=labels[shelf.attribute]), lang)
        picture = base64.b64encode(webp(exhibit)).decode("ascii")
        return Markup(
            '<figure><figcaption>{0}</figcaption><img alt="{0}" style="max-width:100%" '
            'src="data:image/webp;base64,{1}"></figure>'
        ).format(caption, picture)
    return Markup("")
