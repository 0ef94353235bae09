"""Whole comparisons, as a user makes them: on models that were turned, from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tanaoroshi.store
from tanaoroshi.cli import run
from tanaoroshi.comparing import compare_stocktakes
from tanaoroshi.records.codes import ImageRows
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.workflows import Audit
from turned import rotation, signed_permutation, turn_model

if TYPE_CHECKING:
    from collections.abc import Callable

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = Path(tanaoroshi.store.__file__).parent / "schemas" / "comparison-1.json"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run([*argv, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


@pytest.fixture
def compare(
    home: Path, disc_model: Path, disc_collection: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, np.ndarray], dict[str, Any]]:
    def compare(name: str, turn: np.ndarray) -> dict[str, Any]:
        turned = home / name
        if not turned.exists():
            turn_model(disc_model, turned, turn)
        code, document = said(
            [
                "compare",
                str(disc_model),
                str(turned),
                str(disc_collection),
                "--store",
                str(home / "store"),
            ],
            capsys,
        )
        assert code == 0
        jsonschema.validate(document, json.loads(SCHEMA.read_text()))
        return document

    return compare


TURN = signed_permutation(5, np.random.default_rng(3), scales=1.0)


def test_a_model_with_its_dimensions_shuffled_is_found_whole(
    compare: Callable[[str, np.ndarray], dict[str, Any]],
) -> None:
    found = compare("shuffled", TURN)
    assert len(found["dimensions"]) == 5
    for one in found["dimensions"]:
        entry = TURN[one["base"], one["candidate"]]
        assert one["sign"] == np.sign(entry)
        assert one["scale"] == pytest.approx(abs(entry), rel=1e-4)
    statuses = {shelf["attribute"]: shelf["status"] for shelf in found["shelves"]}
    assert statuses.pop("coin") in ("never", "undecided")
    assert set(statuses.values()) <= {"kept", "moved"}
    assert {d["status"] for d in found["directions"]} == {"kept"}
    assert found["subspace"]["value"] > 0.99


def test_the_same_model_is_as_it_was(
    compare: Callable[[str, np.ndarray], dict[str, Any]],
) -> None:
    found = compare("same", np.eye(5))
    assert {one["status"] for one in found["dimensions"]} == {"same"}
    statuses = {shelf["status"] for shelf in found["shelves"] if shelf["attribute"] != "coin"}
    assert statuses == {"kept"}


def test_a_swap_of_two_shelves_does_not_pass_as_nothing(
    compare: Callable[[str, np.ndarray], dict[str, Any]],
) -> None:
    found = compare("swapped", np.eye(5)[[1, 0, 2, 3, 4]])
    statuses = {shelf["attribute"]: shelf["status"] for shelf in found["shelves"]}
    assert (statuses["across"], statuses["down"]) == ("moved", "moved")
    assert (statuses["brightness"], statuses["radius"]) == ("kept", "kept")


def test_a_rotation_breaks_the_shelves_that_it_touches_but_no_direction(
    compare: Callable[[str, np.ndarray], dict[str, Any]],
) -> None:
    turn = rotation(5, (0, 3), np.random.default_rng(0))
    found = compare("rotated", turn)
    words = [one["status"] for one in found["dimensions"] if one["base"] is not None]
    assert words[0] == words[3] == "mixed"
    assert words[1] == words[2] == "same"
    statuses = {shelf["attribute"]: shelf for shelf in found["shelves"]}
    for name in ("across", "radius"):
        # The information is there, the dimension is not: a direction at best.
        assert statuses[name]["status"] in ("broken", "moved")
        assert statuses[name]["candidate"]["status"] != "own_dimension"
    assert {d["status"] for d in found["directions"] if d["name"] != "coin"} == {"kept"}
    migrated = next(d for d in found["directions"] if d["name"] == "across")["migrated"]
    expected = turn[0] / np.linalg.norm(turn[0])
    np.testing.assert_allclose(np.array(migrated)[:4], expected[:4], atol=0.05)


def test_recorded_stocktakes_and_their_documents_can_be_compared(
    home: Path,
    compare: Callable[[str, np.ndarray], dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = compare("shuffled", TURN)
    store = ["--store", str(home / "store")]
    ids = (found["base"]["id"], found["candidate"]["id"])
    code, again = said(["compare", *ids, *store], capsys)
    assert code == 0
    assert again["dimensions"] == found["dimensions"]
    files = []
    for id_ in ids:
        code, document = said(["show", id_, *store], capsys)
        files.append(home / f"{id_}.json")
        files[-1].write_text(json.dumps(document))
    code, by_file = said(["compare", *map(str, files), *store], capsys)
    assert code == 0
    # Documents hold no codes: nothing is said of dimensions.
    assert {one["status"] for one in by_file["dimensions"]} == {"undecided"}
    assert by_file["n"] == 0
    assert run(["compare", *ids, *store, "--lang", "ja"]) == 0
    assert "棚" in capsys.readouterr().out


def test_saved_directions_are_carried_over_or_named(
    home: Path,
    disc_model: Path,
    disc_collection: Path,
    compare: Callable[[str, np.ndarray], dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    compare("shuffled", TURN)
    saved = home / "directions.json"
    saved.write_text(json.dumps({"larger and brighter": [0, 0, 0.6, 0.8, 0]}))
    argv = ["compare", str(disc_model), str(home / "shuffled"), str(disc_collection)]
    argv += ["--store", str(home / "store"), "--directions", str(saved)]
    code, found = said(argv, capsys)
    assert code == 0
    one = next(d for d in found["directions"] if d["name"] == "larger and brighter")
    expected = np.array([0, 0, 0.6, 0.8, 0]) @ TURN
    np.testing.assert_allclose(one["migrated"], expected / np.linalg.norm(expected), atol=0.02)
    assert one["status"] == "kept"
    saved.write_text(json.dumps({"short": [1, 2]}))
    assert run(argv) == 2
    assert "short" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["compare", "abcd1234", "abcd1235"], "abcd1234"),
        (["compare", "no-such.json", "no-such.json"], "no-such.json"),
        (["compare", ".", "."], "is a folder"),
    ],
)
def test_a_users_mistake_is_one_sentence(
    argv: list[str],
    words: str,
    home: Path,
    compare: Callable[[str, np.ndarray], dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    compare("same", np.eye(5))
    capsys.readouterr()
    assert run([*argv, "--store", str(home / "store")]) == 2
    out = capsys.readouterr()
    assert words in out.err
    assert out.err.count("\n") == 1
    assert not out.out


@pytest.mark.parametrize("count", [1, 2, 29])
def test_a_handful_of_common_images_says_nothing_of_codes(
    count: int,
    home: Path,
    compare: Callable[[str, np.ndarray], dict[str, Any]],
) -> None:
    found = compare("same", np.eye(5))
    kept = tanaoroshi.store.open_store(home / "store")
    base, candidate = (Audit(*kept.load(found[who]["id"])) for who in ("base", "candidate"))
    assert candidate.codes is not None
    assert candidate.rows is not None
    part = replace(
        candidate,
        codes=candidate.codes[:count],
        rows=ImageRows(candidate.rows.keys[:count], None),
    )
    few = compare_stocktakes(base, part).comparison
    assert few.n == count
    assert {m.status for m in few.dimensions} == {"undecided"}
    assert all(isinstance(one, Unmeasured) for one in few.similarity.values())
    assert few.directions == ()
