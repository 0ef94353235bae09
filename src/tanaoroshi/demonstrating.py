"""The demo: the whole main job on what ships with the package."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tanaoroshi.audit.summary import contrast
from tanaoroshi.comparing import Compared, compare_stocktakes
from tanaoroshi.models import load_model
from tanaoroshi.records.words import Message
from tanaoroshi.report import write_comparison
from tanaoroshi.shelves.control import ControlSettings
from tanaoroshi.sources import load_collection
from tanaoroshi.workflows import Audit, Settings, record_taken, report

if TYPE_CHECKING:
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Lang

MAIN, CONTRAST, BEFORE = "emoji-v2", "emoji-plain", "emoji-v1"
COLLECTION = "emoji"
PICTURES = 1_000
"""So many teach readers: the demo should not take long."""
FEW = 1_000
"""The version before is compared on so many images."""
FEW_STARTS = 16
"""Of the contrast and the version before only the shelves are told: moved from so many pictures."""
STARTS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """The shipped models on the shipped collection, and the update from the version before."""

    audits: tuple[Audit, ...]
    update: Compared
    pages: tuple[Path, ...]
    contrast: Message
    seconds: float


def demo(
    out: Path,
    *,
    store: str,
    seed: int = 0,
    lang: Lang = "en",
    progress: Progress | None = None,
) -> Demo:
    """Take stock of the shipped models, main and contrast; say what the last update moved."""
    start = time.monotonic()
    full = Settings(seed=seed, pictures=PICTURES, control=ControlSettings(starts=STARTS))
    short = replace(full, control=ControlSettings(starts=FEW_STARTS))
    whole, few = (load_collection(COLLECTION, limit=n, seed=seed) for n in (None, FEW))
    main, plain, before = (
        record_taken(load_model(name), images, store=store, settings=settings, progress=progress)
        for name, images, settings in (
            (MAIN, whole, full),
            (CONTRAST, whole, short),
            (BEFORE, few, short),
        )
    )
    update = compare_stocktakes(before, main, seed=seed, progress=progress)
    pages = [
        report(main, out / MAIN, lang=lang),
        report(plain, out / CONTRAST, lang=lang),
        write_comparison(
            update.comparison, update.exhibits, out / f"{BEFORE}-to-{MAIN}", lang=lang
        ),
    ]
    sentence = contrast(main.stocktake, plain.stocktake)
    seconds = round(time.monotonic() - start, 1)
    return Demo((main, plain), update, tuple(pages), sentence, seconds)
