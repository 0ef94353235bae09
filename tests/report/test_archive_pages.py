"""The page of an archive with a model, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from browsing import NEEDS_CHROMIUM, quiet_page, started_browser, violations

from tanaoroshi.cli import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = NEEDS_CHROMIUM

TOML = """schema = "tanaoroshi/collection/1"
[attributes.tone]
kind = "nominal"
protected = true
label = { en = "Tone", ja = "調子" }
annotators = ["ann", "ben"]
[attributes.size]
kind = "nominal"
label = { en = "Size", ja = "大きさ" }
[attributes.year]
kind = "ordinal"
label = { en = "Year", ja = "年" }
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def page_of(
    tmp_path_factory: pytest.TempPathFactory,
    disc_model: Path,
    disc_collection: Path,
    disc_factors: np.ndarray,
) -> Path:
    """Discs that got brighter over the years, small bright ones missing, two annotators."""
    home = tmp_path_factory.mktemp("archive")
    rng = np.random.default_rng(0)
    n = len(disc_factors)
    bright = disc_factors[:, 2] > 0.75
    large = disc_factors[:, 3] > 6.5
    kept = ~(bright & ~large) | (rng.random(n) < 0.05)
    year = np.where(bright, rng.integers(2, 6, n), rng.integers(0, 4, n)) + 2000
    tone = np.where(bright, "bright", "dark")
    images = np.load(disc_collection)["images"]
    np.savez(
        home / "discs.npz",
        allow_pickle=False,
        images=images[kept],
        ann=tone[kept],
        ben=np.where(rng.random(n) < 0.1, "dark", tone)[kept],
        size=np.where(large, "large", "small")[kept],
        year=year[kept],
    )
    (home / "discs.toml").write_text(TOML)
    argv = ["archive", str(home / "discs.npz"), "--model", str(disc_model)]
    assert run([*argv, "--out", str(home / "page"), "--store", str(home / "store")]) == 0
    return home / "page" / "index.html"


@pytest.mark.parametrize(("scheme", "lang"), [("light", "en"), ("dark", "ja")])
def test_axe_finds_nothing(
    browser: Browser, page_of: Path, scheme: Literal["light", "dark"], lang: str
) -> None:
    with quiet_page(browser, scheme=scheme) as page:
        page.goto(f"{page_of.as_uri()}#{lang}")
        for summary in page.locator("details > summary").all():
            if summary.is_visible():
                summary.click()
        assert violations(page) == []


def test_narrow_screens_do_not_scroll_sideways(browser: Browser, page_of: Path) -> None:
    with quiet_page(browser, width=380) as page:
        page.goto(page_of.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 380


def test_a_finding_opens_its_pictures(browser: Browser, page_of: Path) -> None:
    """Who can look will not read: the missing combination shows each of its values."""
    with quiet_page(browser) as page:
        page.goto(page_of.as_uri())
        row = page.locator("#missing tbody tr", has_text="bright").filter(has_text="small").first
        frames = row.locator(".evidence .frame")
        assert not frames.first.is_visible()
        row.locator("summary").click()
        assert frames.first.is_visible()
        picture = frames.first.evaluate("(e) => getComputedStyle(e).backgroundImage")
        assert "pictures/" in picture
        assert "images; " in row.locator("figcaption").first.inner_text()
        assert page.locator("#findings .evidence").count() > 2


def test_annotators_and_labels_are_told(browser: Browser, page_of: Path) -> None:
    with quiet_page(browser) as page:
        page.goto(page_of.as_uri())
        labels = page.locator("#labels").inner_text()
    assert "2 annotators" in labels
    assert "1 always, 0 by chance" in labels
