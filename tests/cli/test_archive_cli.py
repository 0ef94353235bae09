"""The archive as a user asks for it: from the command line, with and without a model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import tanaoroshi.store
from tanaoroshi.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = json.loads(
    (Path(tanaoroshi.store.__file__).parent / "schemas" / "archive-1.json").read_text()
)


def said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert run([*argv, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    return document


@pytest.fixture
def tied(tmp_path: Path) -> Path:
    """A collection in which one combination of two attributes is missing."""
    rng = np.random.default_rng(0)
    n = 900
    colour, shape = rng.choice(["red", "blue"], n), rng.choice(["round", "square"], n)
    kept = ~((colour == "red") & (shape == "square"))
    images = rng.integers(0, 255, (n, 8, 8, 1), dtype=np.uint8)
    path = tmp_path / "tied.npz"
    np.savez(path, allow_pickle=False, images=images[kept], colour=colour[kept], shape=shape[kept])
    return path


def test_a_missing_combination_and_a_tie_are_told(
    tied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = said(["archive", str(tied)], capsys)
    gap = document["gaps"][0]
    assert gap["cell"] == {"colour": "red", "shape": "square"}
    assert gap["observed"] == 0
    assert gap["expected"] > 50
    assert gap["p_adjusted"] < 0.001
    assert document["ties"][0]["estimate"]["low"] > 0.3
    assert document["made"] is None
    assert any("red" in f["text"]["en"] for f in document["findings"])


def test_what_a_model_makes_is_laid_beside_the_collection(
    disc_model: Path, disc_collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model gives back what it sees: near the images nothing is made more or less often."""
    out = tmp_path / "page"
    argv = ["archive", str(disc_collection), "--model", str(disc_model), "--out", str(out)]
    document = said(argv, capsys)
    made = document["made"]
    changes = {one["change"] for one in made["shares"]["posterior"]}
    assert changes <= {"alike", "undecided"}
    assert made["unlike"]["posterior"] < 0.15
    code = made["code"]
    assert code["dimensions"]
    assert code["directions_asked"] > 0
    assert {one["source"] for one in code["support"]} >= {"midway"}
    page = (out / "index.html").read_text()
    assert "What the model makes of it" in page
    assert "How its code lays out the collection" in page
    assert "95 % of unseen images" in page


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["no-such-collection"], "no-such-collection"),
        (["COLLECTION", "--held-out", "emoji"], "--model"),
        (["COLLECTION", "--model", "no-such-model"], "no-such-model"),
    ],
)
def test_mistakes_get_one_sentence(
    argv: list[str], says: str, tied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["archive", *(str(tied) if a == "COLLECTION" else a for a in argv)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err


def test_a_folder_of_something_else_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert run(["archive", "no-such-collection", "--out", str(tmp_path)]) == 2
    assert "not a report of ours" in capsys.readouterr().err


def test_one_picture_is_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.npz"
    images = np.zeros((1, 8, 8, 3), np.uint8)
    np.savez(path, allow_pickle=False, images=images, a=np.array(["x"]))
    document = said(["archive", str(path)], capsys)
    assert document["doubts"]["asked"] == 0
    assert document["gaps"] == []


def test_a_model_that_only_sees_makes_nothing(
    disc_model: Path, disc_collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sees = tmp_path / "sees"
    shutil.copytree(disc_model, sees)
    text = (sees / "model.toml").read_text()
    (sees / "model.toml").write_text(re.sub(r"\[decoder\]\n(?:[^\[].*\n)*", "", text))
    assert run(["archive", str(disc_collection), "--model", str(sees)]) == 2
    assert "decoder" in capsys.readouterr().err


def planted(folder: Path, draw: Callable[[np.ndarray], np.ndarray]) -> tuple[Path, np.ndarray]:
    """Discs, a quarter bright; bright ones are mostly large. Returns the place and the tones."""
    rng = np.random.default_rng(0)
    n = 1200
    bright = rng.random(n) < 0.25
    large = np.where(rng.random(n) < 0.8, bright, ~bright)
    factors = np.column_stack(
        [
            *rng.uniform(10, 22, (2, n)),
            np.where(bright, rng.uniform(0.73, 1.0, n), rng.uniform(0.4, 0.67, n)),
            np.where(large, rng.uniform(6.75, 9, n), rng.uniform(4, 6.25, n)),
        ]
    )
    path = folder / "planted.npz"
    np.savez(
        path,
        allow_pickle=False,
        images=draw(factors),
        tone=np.where(bright, "bright", "dark"),
        size=np.where(large, "large", "small"),
    )
    return path, bright


def test_a_model_that_makes_a_value_too_often_is_found_out(
    disc_model: Path,
    disc_drawer: Callable[[np.ndarray], np.ndarray],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its prior makes as many bright discs as dark ones, of a collection with a quarter bright."""
    path, bright = planted(tmp_path, disc_drawer)
    made = said(["archive", str(path), "--model", str(disc_model)], capsys)["made"]
    shares = {(one["attribute"], one["value"]): one for one in made["shares"]["prior"]}
    one = shares["tone", "bright"]
    assert one["collection"] == pytest.approx(bright.mean(), abs=0.03)
    assert one["made"]["low"] <= 0.5 <= one["made"]["high"]
    assert one["change"] == "more"
    assert shares["tone", "dark"]["change"] == "fewer"
    # Near the images nothing changes, nor does the tie of brightness and size.
    assert {x["change"] for x in made["shares"]["posterior"]} <= {"alike", "undecided"}
    tie = made["ties"]["posterior"][0]
    assert tie["made"]["low"] <= tie["collection"] <= tie["made"]["high"]
    assert tie["change"] in ("alike", "undecided")


def test_what_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "folder"
    folder.mkdir()
    rows = ["file,colour"]
    for k in range(30):
        pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.png")
        rows.append(f"{k}.png,{'red' if k % 2 else 'blue'}")
    (folder / "3.png").write_bytes(b"no picture")
    (folder / "attributes.csv").write_text("\n".join(rows))
    document = said(["archive", str(folder)], capsys)
    told = [one["en"] for one in document["left_out"]]
    assert any("3.png" in one and "1 of 30" in one for one in told)
    assert all(3 not in line["rows"] for each in document["evidence"].values() for line in each)


def test_annotators_agree_as_far_as_planted(
    tied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two annotators: alpha is one less their disagreement over that of any two answers."""
    rng = np.random.default_rng(0)
    n = 900
    truth = rng.choice(["a", "b"], n)
    answers = [np.where(rng.random(n) < 0.1, rng.choice(["a", "b"], n), truth) for _ in "12"]
    path = tmp_path / "annotated.npz"
    images = rng.integers(0, 255, (n, 8, 8, 1), dtype=np.uint8)
    np.savez(path, allow_pickle=False, images=images, one=answers[0], two=answers[1])
    path.with_suffix(".toml").write_text(
        'schema = "tanaoroshi/collection/1"\n[attributes.thing]\nkind = "nominal"\n'
        'protected = true\nannotators = ["one", "two"]\n'
    )
    document = said(["archive", str(path)], capsys)
    alpha = document["agreement"]["thing"]["alpha"]
    share = np.mean(np.concatenate(answers) == "a")
    by_chance = 2 * share * (1 - share) * 2 * n / (2 * n - 1)
    assert alpha["value"] == pytest.approx(1 - np.mean(answers[0] != answers[1]) / by_chance)
    assert 0.7 < alpha["low"] < alpha["high"] < 0.9
    assert any(one["id"] == "agreement/thing" for one in document["findings"])


def test_a_stocktake_and_its_archive_link_to_each_other(
    disc_model: Path, disc_collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, store = tmp_path / "report", tmp_path / "store"
    argv = ["stocktake", str(disc_model), str(disc_collection), "--store", str(store)]
    assert run([*argv, "--out", str(out), "--archive", "--limit", "300"]) == 0
    assert 'href="archive/index.html"' in (out / "index.html").read_text()
    assert 'href="../index.html"' in (out / "archive" / "index.html").read_text()
    # Written again without it, the folder is replaced as a whole, and nothing leads nowhere.
    assert run([*argv, "--out", str(out), "--limit", "300"]) == 0
    assert not (out / "archive").exists()
    assert "archive/index.html" not in (out / "index.html").read_text()
    capsys.readouterr()
    assert run([*argv, "--archive"]) == 2
    assert "--out" in capsys.readouterr().err
