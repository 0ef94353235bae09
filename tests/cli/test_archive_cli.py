"""The archive as a user asks for it: from the command line, with and without a model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tanaoroshi.store
from tanaoroshi.cli import run

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


def test_a_model_that_only_sees_makes_nothing(
    disc_model: Path, disc_collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sees = tmp_path / "sees"
    shutil.copytree(disc_model, sees)
    text = (sees / "model.toml").read_text()
    (sees / "model.toml").write_text(re.sub(r"\[decoder\]\n(?:[^\[].*\n)*", "", text))
    assert run(["archive", str(disc_collection), "--model", str(sees)]) == 2
    assert "decoder" in capsys.readouterr().err
