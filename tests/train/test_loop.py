"""Training: same seed, same model; killed and resumed, same model; the file is the net."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tanaoroshi.errors import InputError, MissingExtra
from tanaoroshi.models.folder import load_folder
from tanaoroshi.train import train
from tanaoroshi.train.recipe import LoopSettings, NetSettings, Recipe, Tie

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

from tanaoroshi.train.edits import drawn_pixels, edit, from_hsv, to_hsv  # noqa: E402
from tanaoroshi.train.loop import data_of, fit, rate_at  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPE = Recipe(
    name='tiny "net"',
    method="beta_tcvae",
    net=NetSettings(6, (8, 8, 8, 8), (8, 8, 8, 8), paper=1.0),
    loop=LoopSettings(epochs=3, batch=8, edited=0.5),
    ties=(Tie("lightness", (0,)), Tie("hue", (1, 2), 360.0), Tie("rank", (3,))),
)


def collection(n: int = 20) -> tuple[Any, dict[str, Any]]:
    """Draw coloured boxes on white paper."""
    rng = np.random.default_rng(0)
    images = np.full((n, 32, 32, 3), 255, np.uint8)
    for image in images:
        top, left = rng.integers(2, 12, 2)
        image[top : top + 14, left : left + 10] = rng.integers(0, 200, 3)
    hue = rng.uniform(0, 360, n)
    hue[0] = np.nan
    columns = {"lightness": rng.uniform(20, 80, n), "hue": hue, "rank": rng.uniform(size=n)}
    return images, columns


def weights(recipe: Recipe, seed: int, checkpoint: Path | None = None) -> dict[str, Any]:
    pair = fit(data_of(*collection(), recipe), recipe, seed=seed, checkpoint=checkpoint).pair
    return dict(pair.state_dict())


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(torch.equal(a[key], b[key]) for key in a)


def test_the_seed_decides() -> None:
    assert same(weights(RECIPE, 1), weights(RECIPE, 1))
    assert not same(weights(RECIPE, 1), weights(RECIPE, 2))


def kill_after(epochs: int) -> Callable[[int, int], None]:
    def progress(done: int, _total: int) -> None:
        if done == epochs:
            raise KeyboardInterrupt

    return progress


def test_killed_and_resumed_is_the_same(tmp_path: Path) -> None:
    checkpoint, data = tmp_path / "checkpoint", data_of(*collection(), RECIPE)
    with pytest.raises(KeyboardInterrupt):
        fit(data, RECIPE, seed=1, checkpoint=checkpoint, progress=kill_after(2))
    resumed = fit(data, RECIPE, seed=1, checkpoint=checkpoint)
    assert len(resumed.history) == 3
    assert same(dict(resumed.pair.state_dict()), weights(RECIPE, 1))


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    weights(RECIPE, 1, tmp_path / "checkpoint")
    with pytest.raises(InputError, match="another recipe, seed or collection"):
        weights(RECIPE, 2, tmp_path / "checkpoint")


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="can't be read"):
        weights(RECIPE, 1, tmp_path / "checkpoint")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny"
    return train(*collection(), RECIPE, out, seed=1)


def test_the_folder_is_a_model(folder: Path) -> None:
    model = load_folder(folder)
    assert model.name == RECIPE.name
    assert sorted(p.name for p in folder.parent.iterdir()) == ["tiny"]
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert len(card["history"]) == 3
    assert {p.name for p in folder.iterdir()} >= {"card.md", "curves.svg", "traversals.png"}


def test_the_file_is_the_net(folder: Path) -> None:
    images, columns = collection()
    pair = fit(data_of(images, columns, RECIPE), RECIPE, seed=1).pair
    # What half precision costs is taken out: the file must agree with a net rounded alike.
    pair.load_state_dict(
        {k: v.half().float() if v.numel() >= 256 else v for k, v in pair.state_dict().items()}
    )
    model = load_folder(folder)
    assert model.encoder is not None
    assert model.decoder is not None
    pictures = images.astype(np.float32) / 255
    moments = model.encoder(pictures)
    with torch.no_grad():
        mean, logvar = pair.encoder(torch.from_numpy(pictures).permute(0, 3, 1, 2))
        made = pair.decoder(mean).picture.permute(0, 2, 3, 1)
    assert np.abs(moments.mean - mean.numpy()).max() < 1e-3
    assert np.abs(moments.logvar - logvar.numpy()).max() < 1e-3
    assert np.abs(model.decoder(mean.numpy()) - made.numpy()).max() < 1e-3


def test_pictures_without_paper_and_in_grey(tmp_path: Path) -> None:
    recipe = replace(
        RECIPE,
        method="beta_vae",
        ties=(),
        net=replace(RECIPE.net, paper=None),
        loop=LoopSettings(epochs=1, batch=8),
    )
    images, _ = collection()
    model = load_folder(train(images[..., :1], {}, recipe, tmp_path / "grey", seed=0))
    assert model.decoder is not None
    assert model.decoder(np.zeros((3, 6), np.float32)).shape == (3, 32, 32, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": np.zeros((4, 32, 32, 3))}, "uint8"),
        ({"images": np.zeros((4, 30, 32, 3), np.uint8)}, "square"),
        ({"images": np.zeros((1, 32, 32, 3), np.uint8)}, "at least 2"),
        ({"images": np.zeros((20, 32, 32, 1), np.uint8)}, "colour pictures on white paper"),
        ({"attributes": {"hue": np.zeros(20)}}, "lightness to a dimension"),
        ({"attributes": {"hue": np.zeros(3)}}, "there are 20 pictures"),
    ],
)
def test_mistakes_are_sentences(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    images, columns = collection()
    given = {"images": images, "attributes": columns} | change
    with pytest.raises(InputError, match=words):
        train(given["images"], given["attributes"], RECIPE, tmp_path / "new", seed=0)
    assert not (tmp_path / "new").exists()


def test_an_attribute_without_variation_is_refused(tmp_path: Path) -> None:
    images, columns = collection()
    with pytest.raises(InputError, match="fewer than two values"):
        train(images, columns | {"rank": np.full(20, 2.0)}, RECIPE, tmp_path / "new", seed=0)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already"):
        train(*collection(), RECIPE, tmp_path, seed=0)


def test_without_torch_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanaoroshi.train.find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'tanaoroshi\[train\]'"):
        train(*collection(), RECIPE, tmp_path / "new", seed=0)
    assert importlib.util.find_spec("torch") is not None


def test_the_rate_rises_then_falls() -> None:
    steps = 100
    rates = [rate_at(step, steps, RECIPE) for step in range(steps * RECIPE.loop.epochs)]
    assert rates[0] < rates[100] < max(rates) <= RECIPE.loop.rate
    assert rates[-1] < 0.02 * RECIPE.loop.rate


def test_edits_leave_white_white_and_the_drawing_inside() -> None:
    images, _ = collection()
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        edited = edit(pictures, generator)
        assert bool(((edited >= 0) & (edited <= 1)).all())
        # The boxes are far from filling the picture: no edit pushes them over its edge.
        border = torch.cat([edited[..., 0, :], edited[..., -1, :]], -1)
        assert float(border.min()) > 0.5
        assert bool((drawn_pixels(edited).sum((1, 2, 3)) > 0).all())


def test_colours_survive_the_round_trip() -> None:
    pictures = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(from_hsv(*to_hsv(pictures)), pictures, atol=1e-5)
