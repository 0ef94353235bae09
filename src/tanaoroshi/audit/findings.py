"""What a stocktake found, as judged statements: shelves first, then the latent, then the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import message
from tanaoroshi.shelves.control import controls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tanaoroshi.records.stocktake import Shelf, Stocktake
    from tanaoroshi.records.words import Text

FAINT_RECONSTRUCTION = 0.5
"""Error of the reconstruction, as a share of the error against another image's, above which the
codes hold too little of the picture for shelves to mean much."""


def stocktake_findings(stocktake: Stocktake) -> tuple[Finding, ...]:
    """Return what all checks found, in the order of :data:`CHECKS`."""
    return tuple(finding for check in CHECKS.values() for finding in check(stocktake))


def _labels(stocktake: Stocktake) -> Mapping[str, Text]:
    return {spec.name: spec.label for spec in stocktake.attributes}


def _shelves(stocktake: Stocktake) -> list[Finding]:
    """One finding for each shelf: its own sentence."""
    return [
        Finding(
            id=f"shelf-{shelf.attribute}",
            severity="warn" if shelf.status in ("shared", "tied") else "info",
            subject=shelf.attribute,
            text=shelf.text,
            evidence={"status": shelf.status},
        )
        for shelf in stocktake.shelves
    ]


def _idle_shelves(stocktake: Stocktake) -> list[Finding]:
    """Places that predict an attribute but do not move it, or move others more."""
    labels = _labels(stocktake)
    return [
        _idle(shelf, verdict, labels[shelf.attribute])
        for shelf in stocktake.shelves
        if (verdict := controls(shelf)) in ("does_not_move", "moves_others_more")
    ]


def _idle(shelf: Shelf, verdict: str, label: Text) -> Finding:
    sentence = (
        message(
            "The place of {attribute} predicts it but does not move it in the picture: do not "
            "offer it as a slider.",
            attribute=label,
        )
        if verdict == "does_not_move"
        else message(
            "Moving the place of {attribute} moves other attributes more than itself: a slider "
            "on it would surprise people.",
            attribute=label,
        )
    )
    return Finding(
        id=f"control-{shelf.attribute}",
        severity="warn",
        subject=shelf.attribute,
        text=sentence,
        evidence={"verdict": verdict},
    )


def _collapsed(stocktake: Stocktake) -> list[Finding]:
    idle = [d.index for d in stocktake.dimensions if d.state == "collapsed"]
    if not idle:
        return []
    return [
        Finding(
            id="collapsed-dimensions",
            severity="info",
            subject="latent",
            text=message(
                "{count} of {d} dimensions are collapsed: the model does not use them.",
                count=len(idle),
                d=len(stocktake.dimensions),
            ),
            evidence={"dimensions": idle},
        )
    ]


def _faint_reconstruction(stocktake: Stocktake) -> list[Finding]:
    mse = stocktake.reconstruction.get("mse")
    if not isinstance(mse, Estimate) or not mse.chance:
        return []
    share = mse.value / mse.chance
    if share <= FAINT_RECONSTRUCTION:
        return []
    return [
        Finding(
            id="faint-reconstruction",
            severity="warn",
            subject="reconstruction",
            text=message(
                "Little of the picture comes back after encoding and decoding: {share:.0%} of "
                "the difference to another image remains. Either the model does not fit these "
                "pictures, or they are fed to it in another form than in its training.",
                share=share,
            ),
            evidence={"share": share},
        )
    ]


CHECKS: Mapping[str, Callable[[Stocktake], list[Finding]]] = {
    "reconstruction": _faint_reconstruction,
    "control": _idle_shelves,
    "collapsed": _collapsed,
    "shelves": _shelves,
}
