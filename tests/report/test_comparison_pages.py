"""The pages of a comparison and of a history, made from real models, in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from browsing import NEEDS_CHROMIUM, quiet_page, started_browser, violations

from tanaoroshi.cli import run
from turned import signed_permutation, turn_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = NEEDS_CHROMIUM
TURN = signed_permutation(5, np.random.default_rng(3), scales=1.0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, disc_model: Path, disc_collection: Path) -> Path:
    """A store with two versions, the second turned, and the page of their comparison."""
    home = tmp_path_factory.mktemp("pages")
    turn_model(disc_model, home / "turned", TURN)
    code = run(
        [
            "compare",
            str(disc_model),
            str(home / "turned"),
            str(disc_collection),
            "--store",
            str(home / "store"),
            "--out",
            str(home / "comparison"),
        ]
    )
    assert code == 0
    return home


def ids(home: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the stocktakes in the store, oldest first."""
    capsys.readouterr()
    assert run(["stocktakes", "--store", str(home / "store"), "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return [row["id"] for row in reversed(document["stocktakes"])]


@pytest.mark.parametrize(("scheme", "lang"), [("light", "en"), ("dark", "ja")])
def test_axe_finds_nothing(
    browser: Browser, home: Path, scheme: Literal["light", "dark"], lang: str
) -> None:
    with quiet_page(browser, scheme=scheme) as page:
        page.goto(f"{(home / 'comparison' / 'index.html').as_uri()}#{lang}")
        assert violations(page) == []


def test_one_slider_moves_both_versions(browser: Browser, home: Path) -> None:
    with quiet_page(browser) as page:
        page.goto((home / "comparison" / "index.html").as_uri())
        shelf = page.locator("#shelves article", has_text="radius").first
        sides = [shelf.locator(".side").nth(k).locator(".windows .frame").first for k in (0, 1)]
        slider = shelf.locator("input[type=range]")
        slider.focus()
        page.keyboard.press("End")
        at = [s.evaluate("(e) => getComputedStyle(e).backgroundPositionX") for s in sides]
        assert at == ["100%", "100%"]


def test_bands_lead_where_the_dimensions_went(browser: Browser, home: Path) -> None:
    with quiet_page(browser) as page:
        page.goto((home / "comparison" / "index.html").as_uri())
        said = page.locator("#flow ul.sr li").all_inner_texts()
    for j in range(4):
        k = int(np.flatnonzero(TURN[j])[0])
        line = next(text for text in said if text.startswith(f"Dimension {j}:"))
        assert f"now dimension {k}" in line
        assert ("turned round" in line) == (TURN[j, k] < 0)


def test_narrow_screens_do_not_scroll_sideways(browser: Browser, home: Path) -> None:
    with quiet_page(browser, width=380) as page:
        page.goto((home / "comparison" / "index.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 380


def test_history_is_drawn_and_readable(
    browser: Browser, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = ids(home, capsys)
    out = home / "history"
    argv = ["history", first, second, first, "--store", str(home / "store"), "--out", str(out)]
    assert run(argv) == 0
    with quiet_page(browser) as page:
        page.goto(out.joinpath("index.html").as_uri())
        assert violations(page) == []
        assert page.locator(".bands").count() == 2
        row = page.locator("#shelves tr", has_text="radius").first.inner_text()
        assert row.count("own dimension") == 3
