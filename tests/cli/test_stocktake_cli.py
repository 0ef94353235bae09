"""The main job from the command line, on a model and a collection whose truth is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tanaoroshi.cli import run

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {"across": 0, "down": 1, "brightness": 2, "radius": 3}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def taken(home: Path, disc_model: Path, disc_collection: Path) -> dict[str, Any]:
    """One stocktake, recorded and reported; its JSON."""
    out = home / "document.json"
    code, document = _json(
        home,
        ["stocktake", str(disc_model), str(disc_collection), "--out", str(home / "report")],
    )
    assert code == 0
    out.write_text(json.dumps(document))
    return document


def _json(home: Path, argv: list[str]) -> tuple[int, dict[str, Any]]:
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run([*argv, "--json", "--store", str(home / "store")])
    return code, json.loads(out.getvalue())


def test_every_known_place_is_found(taken: dict[str, Any]) -> None:
    shelves = {s["attribute"]: s for s in taken["shelves"]}
    assert set(shelves) == {*PLACES, "coin"}
    for name, place in PLACES.items():
        assert (shelves[name]["status"], shelves[name]["dimension"]) == ("own_dimension", place)
        assert shelves[name]["score"]["low"] > 0.95
    assert shelves["coin"]["status"] == "none"


def test_moving_a_known_place_moves_its_attribute(taken: dict[str, Any]) -> None:
    for shelf in taken["shelves"]:
        if shelf["attribute"] in PLACES:
            control = shelf["control"]
            assert control["low"] > 0.5
            for other in control["side_effects"].values():
                assert "unmeasured" in other or other["value"] < control["value"] / 2


def test_the_document_has_the_contracts_shape(taken: dict[str, Any]) -> None:
    assert taken["schema"] == "tanaoroshi/stocktake/1"
    assert taken["model"]["name"] == "discs"
    assert taken["collection"]["n"] == 600
    assert [d["index"] for d in taken["dimensions"]] == [0, 1, 2, 3, 4]
    for estimate in _estimates(taken):
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
        assert set(estimate) >= {"value", "low", "high", "level", "chance", "n", "method"}
    for shelf in taken["shelves"]:
        assert shelf["text"]["en"]
        assert shelf["text"]["ja"]


def _estimates(node: object) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if {"value", "low", "high"} <= set(node) else []
        return own + [e for child in node.values() for e in _estimates(child)]
    if isinstance(node, list):
        return [e for child in node for e in _estimates(child)]
    return []


def test_what_is_recorded_can_be_listed_shown_and_reported(
    home: Path, taken: dict[str, Any]
) -> None:
    code, listed = _json(home, ["stocktakes"])
    assert code == 0
    assert [row["id"] for row in listed["stocktakes"]] == [taken["id"]]
    code, shown = _json(home, ["show", taken["id"][:8]])
    assert code == 0
    assert shown == {k: v for k, v in taken.items() if k != "report"}
    code, reported = _json(home, ["report", taken["id"], "--out", str(home / "again")])
    assert code == 0
    assert (home / "again" / "index.html").read_text() == (
        home / "report" / "index.html"
    ).read_text()
    assert reported["report"].endswith("index.html")


def test_same_inputs_and_seed_give_the_same_stocktake(
    home: Path, taken: dict[str, Any], disc_model: Path, disc_collection: Path
) -> None:
    code, again = _json(home, ["stocktake", str(disc_model), str(disc_collection)])
    assert code == 0
    assert again["id"] == taken["id"]
    assert again["recorded_at"] == taken["recorded_at"]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_people_get_sentences_and_a_table(
    home: Path, taken: dict[str, Any], lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", taken["id"], "--lang", lang, "--store", str(home / "store")]) == 0
    out = capsys.readouterr().out
    assert "across" in out
    assert ("固有" in out or "棚" in out) == (lang == "ja")
    assert "Unmeasured" not in out


def test_codes_can_be_written_and_measured(
    home: Path, taken: dict[str, Any], disc_model: Path, disc_collection: Path
) -> None:
    codes = home / "codes.npz"
    code, written = _json(
        home, ["encode", str(disc_model), str(disc_collection), "--out", str(codes)]
    )
    assert (code, written["n"], written["dimensions"]) == (0, 600, 5)
    with np.load(codes, allow_pickle=False) as stored:
        assert stored["codes"].shape == (600, 5)
    code, measured = _json(home, ["metrics", str(codes), "--only", "mig,sap"])
    assert code == 0
    assert measured["schema"] == "tanaoroshi/metrics/1"
    assert set(measured["metrics"]) == {"mig", "sap"}
    assert measured["per_attribute"]["mig"]["across"]["value"] > 0.5


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["stocktake", "no-such-model", "emoji"], "no-such-model"),
        (["show", "feedfeed"], "feedfeed"),
        (["metrics", "no-such.npz"], "no-such.npz"),
        (["stocktakes", "--lang", "fr"], "fr"),
        (["stocktake"], "Usage"),
        (["no-such-verb"], "no-such-verb"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(
    home: Path,
    taken: dict[str, Any],
    argv: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = [] if argv in (["stocktake"], ["no-such-verb"]) else ["--store", str(home / "store")]
    assert run([*argv, *store]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_errors_are_json_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["metrics", "no-such.npz", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "tanaoroshi/error/1"
    assert "no-such.npz" in document["error"]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_help_is_in_both_languages(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stocktake", "--help", "--lang", lang]) == 0
    out = capsys.readouterr().out
    assert any("\u3040" <= c <= "\u30ff" for c in out) == (lang == "ja")
