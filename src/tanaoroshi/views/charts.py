"""Charts as Vega-Lite specifications, built with Altair: the same in notebook, report and page.

The charts carry numbers and no words (titles stand beside them), so that one chart serves every
language. Altair takes a quarter of a second to import: it is imported when a chart is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Spec = dict[str, Any]
"""A Vega-Lite specification, ready for JSON."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a chart: names of colours, or CSS variables where the chart lies in a page."""

    ink: str
    quiet: str
    rule: str
    accent: str


PAGE = Palette("var(--ink)", "var(--quiet)", "var(--rule)", "var(--accent)")
"""Follows the page, light or dark."""


def response_chart(
    steps: Sequence[float],
    reading: Sequence[float],
    *,
    width: int = 380,
    height: int = 180,
    palette: Palette = PAGE,
) -> Spec:
    """Return the curve of what is read off the pictures at each step of a traversal.

    Parameters
    ----------
    steps, reading
        As many of each; steps in units of the code, readings in the attribute's own unit.
    width, height
        Of the plotting area, in pixels.
    palette
        Colours.
    """
    import altair as alt

    values = [{"step": x, "reading": y} for x, y in zip(steps, reading, strict=True)]
    base = alt.Chart(alt.Data(values=values), width=width, height=height).encode(
        x=alt.X("step:Q", title=None, axis=alt.Axis(grid=False, tickCount=7, domain=True)),
        y=alt.Y(
            "reading:Q",
            title=None,
            scale=alt.Scale(zero=False, nice=True),
            axis=alt.Axis(tickCount=4, domain=False, ticks=False),
        ),
    )
    line = base.mark_line(color=palette.accent, strokeWidth=2.5)
    dots = base.mark_point(color=palette.accent, filled=True, size=36, opacity=1)
    here = (
        alt.Chart(alt.Data(values=[{"step": 0}]))
        .mark_rule(color=palette.quiet, strokeDash=[2, 3])
        .encode(x="step:Q")
    )
    return _finished(here + line + dots, palette)


def information_chart(
    kl: Sequence[tuple[int, float, bool]],
    *,
    width: int = 640,
    height: int = 120,
    palette: Palette = PAGE,
) -> Spec:
    """Return bars of how much each dimension says about an image.

    Parameters
    ----------
    kl
        For each dimension: its index, its mean KL divergence from the prior in nats, and whether
        it is active. Drawn in the order given.
    width, height
        Of the plotting area, in pixels.
    palette
        Colours.
    """
    import altair as alt

    values = [{"j": str(j), "kl": x, "active": a} for j, x, a in kl]
    bars = (
        alt.Chart(alt.Data(values=values), width=width, height=height)
        .mark_bar(width={"band": 0.62})
        .encode(
            x=alt.X(
                "j:N",
                sort=None,
                title=None,
                axis=alt.Axis(labelAngle=0, ticks=False, labelOverlap=True),
            ),
            y=alt.Y("kl:Q", title=None, axis=alt.Axis(tickCount=3, domain=False, ticks=False)),
            color=alt.condition("datum.active", alt.value(palette.ink), alt.value(palette.rule)),
        )
    )
    return _finished(bars, palette)


def _finished(chart: Any, palette: Palette) -> Spec:  # noqa: ANN401  (altair has no types here)
    spec: Spec = (
        chart.configure(background="transparent", font="system-ui, sans-serif", padding=2)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=palette.quiet,
            domainColor=palette.rule,
            tickColor=palette.rule,
            gridColor=palette.rule,
            labelFontSize=13,
        )
        .to_dict()
    )
    return spec
