"""A collection that changed a little, audited again at the cost of what changed."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tanaoroshi.cli import run
from tanaoroshi.engine import encode
from tanaoroshi.errors import InputError
from tanaoroshi.models import Model, load_model
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import Control
from tanaoroshi.reevaluating import Reevaluated, load_with_kept, reevaluate
from tanaoroshi.sources import Collection, load_collection
from tanaoroshi.store import open_store
from tanaoroshi.workflows import Audit, Settings, record_taken, same_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.models.model import Moments, Pictures

BEFORE = 580
Arrays = dict[str, "NDArray[Any]"]


@dataclass(frozen=True)
class World:
    model: Model
    model_folder: Path
    store: Path
    arrays: Arrays
    before: Audit
    write: Callable[[str, Arrays], Path]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, disc_model: Path, disc_collection: Path
) -> World:
    """Record a stocktake of 580 of 600 discs; the others are to come."""
    home = tmp_path_factory.mktemp("home")
    with np.load(disc_collection, allow_pickle=False) as stored:
        arrays = dict(stored)

    def write(name: str, columns: Arrays) -> Path:
        # All under one name: it is the same collection, at another time.
        (home / name).mkdir(exist_ok=True)
        np.savez_compressed(home / name / "discs.npz", allow_pickle=False, **columns)
        return home / name / "discs.npz"

    path = write("before", rows(arrays, np.arange(BEFORE)))
    model = load_model(str(disc_model))
    taken = record_taken(
        model, load_collection(str(path)), store=str(home / "store"), settings=Settings()
    )
    before = load_with_kept(str(home / "store"), taken.stocktake.id)
    return World(model, disc_model, home / "store", arrays, before, write)


def rows(arrays: Arrays, which: NDArray[np.int64]) -> Arrays:
    return {name: column[which] for name, column in arrays.items()}


def counted(model: Model) -> tuple[Model, list[int]]:
    """Return the model with a list of how many pictures its encoder saw each time."""
    seen: list[int] = []
    encoder = model.encoder
    assert encoder is not None

    def counting(pictures: Pictures) -> Moments:
        seen.append(len(pictures))
        return encoder(pictures)

    return replace(model, encoder=counting), seen


def again(world: World, arrays: Arrays, name: str = "after") -> tuple[Reevaluated, list[int]]:
    model, seen = counted(world.model)
    pictures: Collection = load_collection(str(world.write(name, arrays)))
    return reevaluate(model, pictures, world.before), seen


def test_only_new_images_are_encoded_and_known_codes_are_the_same_bytes(world: World) -> None:
    found, seen = again(world, world.arrays)
    assert sum(seen) == found.encoded == 20
    assert found.taken_over == BEFORE
    codes = found.audit.codes
    assert codes is not None
    assert world.before.codes is not None
    assert codes[:BEFORE].tobytes() == world.before.codes.tobytes()
    whole = encode(world.model, load_collection(str(world.write("after", world.arrays))))
    np.testing.assert_allclose(codes, whole.mean, atol=1e-5)


def test_shelves_are_measured_anew_where_they_were(world: World) -> None:
    found, _ = again(world, world.arrays)
    now, before = found.audit.stocktake, world.before.stocktake
    assert found.searched == ()
    assert now.collection.n == 600
    for one, other in zip(now.shelves, before.shelves, strict=True):
        assert (one.status, one.dimension) == (other.status, other.dimension)
        assert isinstance(one.score, Estimate)
        assert one.score.n == 600
        assert before.id in one.score.method
    place = [shelf.attribute for shelf in now.shelves].index("across")
    control, earlier = now.shelves[place].control, before.shelves[place].control
    assert isinstance(control, Control)
    assert isinstance(earlier, Control)
    assert isinstance(control.effect, Estimate)
    assert isinstance(earlier.effect, Estimate)
    assert control.effect.value == earlier.effect.value
    assert control.effect.method == f"{earlier.effect.method}; taken over from {before.id}"
    mse = now.reconstruction["mse"]
    assert isinstance(mse, Estimate)
    assert mse.n == 600
    assert before.id in mse.method
    assert [reader.attribute for reader in now.readers] == [r.attribute for r in before.readers]
    assert set(found.audit.exhibits) == set(world.before.exhibits)
    assert any("20 images were encoded" in words.english() for words in _said(found))
    assert now.settings["since"] == before.id
    assert now.settings["carried"] == "instruments"
    assert now.settings["changed"] == pytest.approx(20 / BEFORE)
    # It never passes for one in full.
    assert not same_settings(now.settings, Settings().recorded())


def _said(found: Reevaluated) -> list[Any]:
    return [words for words in found.audit.stocktake.left_out if hasattr(words, "english")]


def test_what_is_recorded_comes_back_and_can_be_gone_on_from(world: World) -> None:
    found, _ = again(world, rows(world.arrays, np.arange(590)))
    audit = found.audit
    store = open_store(world.store)
    first = store.record(
        audit.stocktake, audit.exhibits, audit.codes, audit.rows, kept=audit.kept, seconds=1.5
    )
    assert store.row(first.id).seconds == 1.5
    back = load_with_kept(str(world.store), first.id)
    frames = back.exhibits["dimension/0"].frames
    assert frames.tobytes() == world.before.exhibits["dimension/0"].frames.tobytes()
    pictures = load_collection(str(world.write("after", world.arrays)))
    second = reevaluate(world.model, pictures, back)
    assert (second.encoded, second.searched) == (10, ())
    settings = second.audit.stocktake.settings
    # What changed is counted from the last search in full.
    assert settings["changed"] == pytest.approx(10 / BEFORE + 10 / 590)
    assert settings["since"] == first.id


def test_images_that_are_gone_drop_out(world: World) -> None:
    found, seen = again(world, rows(world.arrays, np.arange(30, BEFORE)))
    assert (sum(seen), found.encoded, found.taken_over) == (0, 0, BEFORE - 30)
    codes, shelf = found.audit.codes, found.audit.stocktake.shelves[0]
    assert codes is not None
    assert world.before.codes is not None
    assert codes.tobytes() == world.before.codes[30:].tobytes()
    assert isinstance(shelf.score, Estimate)
    assert shelf.score.n == BEFORE - 30
    mse = found.audit.stocktake.reconstruction["mse"]
    assert isinstance(mse, Estimate)
    assert mse.n == BEFORE - 30
    # Pictures may have started from one that is gone, so they are made again.
    before = world.before.exhibits["dimension/0"].frames
    assert found.audit.exhibits["dimension/0"].frames.tobytes() != before.tobytes()


def test_in_another_order_nothing_is_new(world: World) -> None:
    order = np.random.default_rng(0).permutation(BEFORE)
    found, seen = again(world, rows(world.arrays, order))
    assert (sum(seen), found.searched) == (0, ())
    assert found.audit.stocktake.settings["changed"] == 0
    for one, other in zip(
        found.audit.stocktake.shelves, world.before.stocktake.shelves, strict=True
    ):
        assert isinstance(one.score, Estimate)
        assert isinstance(other.score, Estimate)
        assert one.score.value == pytest.approx(other.score.value, abs=1e-5)


def test_a_shelf_that_breaks_is_searched_for_anew(world: World) -> None:
    arrays = rows(world.arrays, np.arange(BEFORE))
    arrays["across"] = arrays["across"].copy()
    arrays["across"][:50] = 32 - arrays["across"][:50]  # relabelled: the other way round
    found, seen = again(world, arrays)
    assert sum(seen) == 0
    assert found.searched == ("across",)
    shelves = {shelf.attribute: shelf for shelf in found.audit.stocktake.shelves}
    assert isinstance(shelves["across"].score, Estimate)
    assert shelves["across"].score.value < 0.9
    assert world.before.stocktake.id not in shelves["across"].score.method
    assert world.before.stocktake.id in shelves["down"].score.method  # type: ignore[union-attr]
    assert any("no longer bear out" in words.english() for words in _said(found))
    assert found.audit.stocktake.settings["changed"] == pytest.approx(50 / BEFORE)


def test_much_that_changed_is_searched_in_full(world: World) -> None:
    found, seen = again(world, rows(world.arrays, np.arange(70, 600)))
    assert sum(seen) == found.encoded == 20
    assert found.searched is None
    settings = found.audit.stocktake.settings
    assert (settings["carried"], settings["changed"]) == ("codes", 0.0)
    (said,) = [w for w in _said(found) if "in full" in w.english()]
    assert "16% of the images" in said.english()
    assert "510 images" in said.english()


def test_other_attributes_are_searched_in_full(world: World) -> None:
    arrays = dict(world.arrays)
    arrays["coin"] = np.where(np.arange(600) == 599, "edge", arrays["coin"])
    found, _ = again(world, arrays)
    assert (found.searched, found.encoded) == (None, 20)
    assert any("attributes or their values" in words.english() for words in _said(found))


def test_what_cannot_be_gone_on_from_is_one_sentence(world: World) -> None:
    pictures = load_collection(str(world.write("after", world.arrays)))
    for since, model, settings, says in (
        (world.before, replace(world.model, digest="0" * 64), None, "The model changed"),
        (world.before, world.model, Settings(seed=3), "other settings (seed)"),
        (replace(world.before, kept=None), world.model, None, "keeps too little"),
        (
            replace(world.before, stocktake=replace(world.before.stocktake, id="")),
            world.model,
            None,
            "not recorded yet",
        ),
    ):
        with pytest.raises(InputError) as error:
            reevaluate(model, pictures, since, settings=settings)
        assert says in str(error.value)


def _json(argv: list[str]) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run([*argv, "--json"])
    return code, json.loads(out.getvalue())


def test_the_command_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(world.write("after", world.arrays))
    id_ = world.before.stocktake.id
    argv = ["stocktake", str(world.model_folder), path, "--store", str(world.store)]
    code, document = _json([*argv, "--since", id_])
    assert code == 0
    cost = document["cost"]
    assert (cost["encoded"], cost["taken_over"], cost["searched"]) == (20, BEFORE, [])
    assert (cost["full_id"], cost["full_images"]) == (id_, BEFORE)
    assert cost["full_seconds"] > 0
    code, shown = _json(["show", document["id"], "--store", str(world.store)])
    assert shown == {name: one for name, one in document.items() if name != "cost"}
    capsys.readouterr()
    for lang, says in (("en", "20 encoded images"), ("ja", "符号化した画像は20枚")):
        # Again, since the one before: the stocktake in full is still the first.
        assert run([*argv, "--since", document["id"][:8], "--lang", lang]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert id_ in out
        assert says.replace("20", "0") in out
    code, listed = _json(["stocktakes", "--store", str(world.store)])
    assert all(row["seconds"] is not None for row in listed["stocktakes"])


def test_a_users_mistake_is_one_sentence_and_exit_code_2(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(world.model_folder, tmp_path / "model")
    toml = (other / "model.toml").read_text()
    (other / "model.toml").write_text(toml.replace('version = "1"', 'version = "2"'))
    path, id_ = str(world.write("after", world.arrays)), world.before.stocktake.id
    for model, since, says in (
        (str(other), id_, "The model changed since stocktake"),
        (str(world.model_folder), "feedfeed", "feedfeed"),
    ):
        argv = ["stocktake", model, path, "--since", since, "--store", str(world.store)]
        assert run(argv) == 2
        captured = capsys.readouterr()
        assert says in captured.err
        assert "Traceback" not in captured.err
