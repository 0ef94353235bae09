"""The page model through the templates."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from tanaoroshi.report.languages import both, explain, linked, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.words import Lang
    from tanaoroshi.views.archive_page import ArchivePage
    from tanaoroshi.views.charts import Spec
    from tanaoroshi.views.comparison_page import ComparisonPage
    from tanaoroshi.views.history_page import HistoryPage
    from tanaoroshi.views.report_page import ReportPage

    Page = ReportPage | ComparisonPage | HistoryPage | ArchivePage


def render(
    template: str, page: Page, pictures: Mapping[str, str], *, lang: Lang, link: str = ""
) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    template
        The file that lays it out.
    page
        The page model.
    pictures
        For the key of each exhibit the address of its picture: a relative path or a data URI.
    lang
        The language that the page speaks at first; it holds both.
    link
        Address of the page that belongs to this one: the archive of a stocktake's report, and the
        other way round.
    """
    script = _static("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    names = {key: f"s{i}" for i, key in enumerate(pictures)}
    return (
        _environment()
        .get_template(template)
        .render(
            page=page,
            lang=lang,
            link=link,
            # Our own files, not user data: they go in as they are.
            style=Markup(_static("report.css")),
            script=Markup(script),
            script_digest=digest,
            pictures=pictures,
            sheets=names,
        )
    )


def svg(spec: Spec) -> Markup:
    """Draw a Vega-Lite specification as SVG; its colours may be CSS variables."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec)
    # The chart's numbers are said in the page: a screen reader would only stumble over the marks.
    hidden = drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    return Markup(hidden)


def _static(name: str) -> str:
    return (files("tanaoroshi.report") / "static" / name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tanaoroshi.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"_": say, "__": explain}
    environment.filters |= {"both": both, "linked": linked, "svg": svg}
    return environment
