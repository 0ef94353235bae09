"""A progress bar on stderr: what is being done, how fast, how long still."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from tanaoroshi.records.words import message
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Task

    from tanaoroshi.records.progress import Progress as Report
    from tanaoroshi.records.words import Lang

LOG_EVERY = 10.0
"""Seconds between lines where stderr is no terminal."""


class _Rate(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        """Show the rate, once there is one."""
        return Text("" if not task.speed else f"{task.speed:,.0f}/s", style="dim")


@contextmanager
def progress_bar(lang: Lang) -> Iterator[Report]:
    """Give a function ``(done, total, what)`` that draws bars; a line now and then without a tty.

    ``what`` is an English phrase; it is shown in the language asked for.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, lang)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, object] = {}

        def report(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(translate(message(what), lang), total=total)
            bars.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type]

        yield report


def _lines(console: Console, lang: Lang) -> Report:
    """Report into a log: at most a line every few seconds."""
    last = time.monotonic()

    def report(done: int, total: int, what: str) -> None:
        nonlocal last
        if time.monotonic() - last >= LOG_EVERY:
            last = time.monotonic()
            console.print(f"{translate(message(what), lang)}: {done:,}/{total:,}", highlight=False)

    return report
