"""What lies on the disk: the page, its pictures, and what it must never write over."""

from __future__ import annotations

import html.parser
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from report_sample import hostile, sample_exhibits, sample_stocktake
from tanaoroshi.errors import InputError
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.stocktake import Archive, Dimension, Exhibit
from tanaoroshi.records.words import Text
from tanaoroshi.report import write_report

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.records.stocktake import Shelf, Stocktake

VOID = {"meta", "link", "input", "br", "img", "path", "circle", "use", "line", "rect"}


class Reader(html.parser.HTMLParser):
    """Collects what the checks look at, and that every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: Counter[str] = Counter()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)


def parsed(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert reader.open == []
    return reader


def all_of(reader: Reader, name: str) -> list[str]:
    return [value or "" for key, value in reader.attributes if key == name]


@pytest.fixture(scope="module")
def stocktake() -> Stocktake:
    return sample_stocktake()


def test_the_folder_is_small_and_whole(tmp_path: Path, stocktake: Stocktake) -> None:
    page = write_report(stocktake, sample_exhibits(stocktake), tmp_path / "out")
    assert page == tmp_path / "out" / "index.html"
    weight = sum(p.stat().st_size for p in page.parent.rglob("*") if p.is_file())
    assert weight < 10e6
    named = set(re.findall(r'url\("(pictures/[^"]+)"\)', page.read_text(encoding="utf-8")))
    assert named == {
        p.relative_to(page.parent).as_posix() for p in (page.parent / "pictures").iterdir()
    }
    assert [p.name for p in tmp_path.iterdir()] == ["out"]  # nothing left beside it


def test_ids_are_unique_and_links_lead_somewhere(tmp_path: Path, stocktake: Stocktake) -> None:
    reader = parsed(write_report(stocktake, sample_exhibits(stocktake), tmp_path / "out"))
    ids = all_of(reader, "id")
    assert len(ids) == len(set(ids))
    links = {link[1:] for link in all_of(reader, "href")}
    assert links <= set(ids)
    for name in ("aria-labelledby", "aria-describedby"):
        assert {i for value in all_of(reader, name) for i in value.split()} <= set(ids)


def test_single_file_says_the_same(tmp_path: Path, stocktake: Stocktake) -> None:
    exhibits = sample_exhibits(stocktake)
    folder = parsed(write_report(stocktake, exhibits, tmp_path / "folder"))
    single = write_report(stocktake, exhibits, tmp_path / "single", single_file=True)
    assert [p.name for p in single.parent.iterdir()] == ["index.html"]
    assert "pictures/" not in single.read_text(encoding="utf-8")
    assert single.stat().st_size < 10e6
    assert parsed(single).text == folder.text


def test_nothing_of_the_users_becomes_markup(tmp_path: Path, stocktake: Stocktake) -> None:
    exhibits = {k: v for k, v in sample_exhibits(stocktake).items() if "traversal" in k}
    page = write_report(hostile(stocktake), exhibits, tmp_path / "out")
    reader = parsed(page)
    assert reader.tags["script"] == 1
    assert reader.tags["img"] == 0
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    assert "{{7*7}}" in "".join(reader.text)


def test_a_report_replaces_a_report(tmp_path: Path, stocktake: Stocktake) -> None:
    out = tmp_path / "out"
    write_report(stocktake, sample_exhibits(stocktake), out)
    write_report(stocktake, {}, out, lang="ja")
    assert not list((out / "pictures").iterdir())
    assert '<html lang="ja">' in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("strange", ["thesis.docx", "index.html", "pictures"])
def test_what_is_not_ours_stays(tmp_path: Path, stocktake: Stocktake, strange: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / strange).write_text("years of work")
    with pytest.raises(InputError, match="not a report of ours"):
        write_report(stocktake, {}, out)
    assert (out / strange).read_text() == "years of work"


def test_a_report_with_a_strange_file_stays(tmp_path: Path, stocktake: Stocktake) -> None:
    out = write_report(stocktake, {}, tmp_path / "out").parent
    (out / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a report of ours"):
        write_report(stocktake, {}, out)
    assert (out / "notes.txt").exists()


def test_a_file_is_no_folder(tmp_path: Path, stocktake: Stocktake) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        write_report(stocktake, {}, tmp_path / "out")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(stocktake, {}, tmp_path / "out" / "below")


def test_a_failure_leaves_the_old_report(
    tmp_path: Path, stocktake: Stocktake, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = write_report(stocktake, {}, tmp_path / "out")
    before = out.read_bytes()

    def fail(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tanaoroshi.report.write.render", fail)
    with pytest.raises(InputError, match="No space left"):
        write_report(stocktake, {}, tmp_path / "out")
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def unmeasured(shelf: Shelf) -> Shelf:
    why = Unmeasured(Text("There is no decoder.", "デコーダーがありません。"))
    return replace(
        shelf, score=why, control=why, evidence=dict.fromkeys(shelf.evidence, why), association=()
    )


def without_shelves(s: Stocktake) -> Stocktake:
    return replace(s, shelves=(), attributes=(), archive=Archive({}, {}, ()), summary=())


def without_numbers(s: Stocktake) -> Stocktake:
    why = Unmeasured(Text("There is no encoder.", "エンコーダーがありません。"))
    return replace(
        s,
        shelves=tuple(unmeasured(shelf) for shelf in s.shelves),
        dimensions=(),
        metrics=dict.fromkeys(s.metrics, why),
        metrics_per_attribute={},
        reconstruction={"mse": why},
        readers=(),
    )


def one_dimension(s: Stocktake) -> Stocktake:
    shelves = tuple(
        replace(x, association=x.association[:1], dimension=0, dimensions=(0,)) for x in s.shelves
    )
    return replace(s, dimensions=s.dimensions[:1], shelves=shelves)


def many_dimensions(s: Stocktake) -> Stocktake:
    dimensions = tuple(Dimension(j, "active", 0.1, 1.0) for j in range(512))
    shelves = tuple(replace(x, association=x.association * 32) for x in s.shelves)
    return replace(s, dimensions=dimensions, shelves=shelves)


def many_attributes(s: Stocktake) -> Stocktake:
    copies = [(f"{a.name}-{i}", a, x) for i in range(4) for a, x in zip(s.attributes, s.shelves)]  # noqa: B905
    return replace(
        s,
        attributes=tuple(replace(a, name=name) for name, a, _ in copies),
        shelves=tuple(replace(x, attribute=name) for name, _, x in copies),
    )


def without_labels(s: Stocktake) -> Stocktake:
    empty = tuple(replace(a, label=Text("", ""), value_labels={}) for a in s.attributes)
    return replace(s, attributes=empty, collection=replace(s.collection, name=""))


@pytest.mark.parametrize(
    "change",
    [
        without_shelves,
        without_numbers,
        one_dimension,
        many_dimensions,
        many_attributes,
        without_labels,
    ],
)
def test_odd_stocktakes(tmp_path: Path, stocktake: Stocktake, change: object) -> None:
    assert callable(change)
    page = write_report(change(stocktake), {}, tmp_path / "out")
    reader = parsed(page)
    ids = all_of(reader, "id")
    assert len(ids) == len(set(ids))
    assert page.stat().st_size < 5e6
    shown = " ".join(reader.text)
    assert "nan" not in shown.lower().split()
    assert "None" not in shown.split()


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (256, 3)])
def test_pictures_of_other_sizes(
    tmp_path: Path, stocktake: Stocktake, side: int, channels: int
) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (6, side, side, channels), dtype=np.uint8)
    exhibits = {
        "traversal/hue": Exhibit(frames, 3),
        "originals": Exhibit(frames[:5], 5),  # not a full table
        "reconstructions": Exhibit(frames[:5], 2),
        "samples": Exhibit(frames[:0], 4),
    }
    page = write_report(stocktake, exhibits, tmp_path / "out")
    assert len(list((page.parent / "pictures").iterdir())) == 3
    assert f"--w:{side}" in page.read_text(encoding="utf-8")
