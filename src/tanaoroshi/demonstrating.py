"""The demo: the whole main job on what ships with the package."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tanaoroshi.audit.summary import contrast
from tanaoroshi.comparing import Compared, compare_stocktakes
from tanaoroshi.models import load_model
from tanaoroshi.records.words import Message
from tanaoroshi.report import write_comparison
from tanaoroshi.sources import load_collection
from tanaoroshi.workflows import Audit, Settings, record_taken, report

if TYPE_CHECKING:
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Lang

MODELS = ("emoji-v2", "emoji-plain")
BEFORE = "emoji-v1"
COLLECTION = "emoji"
PICTURES = 1_500
"""So many pictures teach readers, and so many images the version before is compared on: the demo
should not take long."""


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
    pictures = load_collection(COLLECTION)
    settings = Settings(seed=seed, pictures=PICTURES)
    audits = tuple(
        record_taken(load_model(name), pictures, store=store, settings=settings, progress=progress)
        for name in MODELS
    )
    before = record_taken(
        load_model(BEFORE),
        load_collection(COLLECTION, limit=PICTURES, seed=seed),
        store=store,
        settings=settings,
        progress=progress,
    )
    update = compare_stocktakes(before, audits[0], seed=seed, progress=progress)
    pages = [
        report(audited, out / name, lang=lang) for name, audited in zip(MODELS, audits, strict=True)
    ]
    folder = out / f"{BEFORE}-to-{MODELS[0]}"
    pages.append(write_comparison(update.comparison, update.exhibits, folder, lang=lang))
    sentence = contrast(audits[0].stocktake, audits[1].stocktake)
    return Demo(audits, update, tuple(pages), sentence, round(time.monotonic() - start, 1))
