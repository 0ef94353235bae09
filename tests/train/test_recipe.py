"""Recipes: what is read, and one clear sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tanaoroshi.errors import InputError
from tanaoroshi.train import read_recipe, rows_of

RECIPES = Path(__file__).parents[2] / "recipes"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["emoji-plain", "emoji-v1", "emoji-v2"])
def test_our_recipes_are_read(name: str) -> None:
    assert read_recipe(RECIPES / f"{name}.toml").name == name


def test_both_versions_differ_only_in_their_rows() -> None:
    old, new = (read_recipe(RECIPES / f"emoji-v{v}.toml") for v in (1, 2))
    assert (old.net, old.weights, old.loop, old.ties) == (new.net, new.weights, new.loop, new.ties)
    assert old.rows
    assert not new.rows


def test_a_recipe_needs_no_more_than_a_name(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, 'name = "x"'))
    assert recipe.method == "beta_vae"
    assert recipe.tied == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the key name is missing"),
        ('name = "x"\nmethod = "gan"', "method should be one of beta_vae, beta_tcvae"),
        ('name = "x"\nepochs = 3', "epochs is not something a recipe holds"),
        ('name = "x"\n[loop]\nepoch = 3', "loop.epoch is not something a recipe holds"),
        ('name = "x"\n[loop]\nepochs = 0', "loop.epochs should be a whole number above 0"),
        ('name = "x"\n[loop]\nrate = -1', "loop.rate should be between"),
        ('name = "x"\n[loop]\nedited = 2', "loop.edited should be between"),
        ('name = "x"\n[net]\npaper = "green"', "net.paper should be one of"),
        ('name = "x"\n[net]\nencoder_widths = [8, 8]', "a list of four whole numbers"),
        ('name = "x"\n[weights]\nbeta = -0.1', "weights.beta should be 0 or more"),
        ('name = "x"\n[supervise]\na = {dimension = 10}', "net.latent is 10"),
        ('name = "x"\n[supervise]\na = {dimension = -1}', "a whole number from 0 on"),
        ('name = "x"\n[supervise]\na = {dimension = 1.5}', "a whole number from 0 on"),
        ('name = "x"\n[supervise]\na = {}', "supervise.a.dimension is missing"),
        ('name = "x"\n[supervise]\na = {dimension = 1, of = 2}', "supervise.a.of is not"),
        ('name = "x"\n[supervise]\na = {dimensions = [1], period = 360}', "two whole numbers"),
        ('name = "x"\n[supervise]\na = {dimensions = [1, 2], period = 0}', "above 0"),
        (
            'name = "x"\n[supervise]\na = {dimension = 1}\nb = {dimension = 1}',
            "tied to two attributes",
        ),
        ('name = "x"\n[rows]\nyear = {above = 3}', "rows.year.above is not"),
    ],
)
def test_each_mistake_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_recipe(write(tmp_path, text))
    assert words in str(caught.value)
    assert "recipe.toml" in str(caught.value)


def test_rows_are_chosen_with_their_ends(tmp_path: Path) -> None:
    recipe = read_recipe(write(tmp_path, 'name = "x"\n[rows]\nyear = {min = 2015, max = 2019}'))
    year = np.array([2014.0, 2015, 2019, 2020, np.nan])
    assert rows_of(recipe, {"year": year}).tolist() == [False, True, True, False, False]
    with pytest.raises(InputError, match="no such column"):
        rows_of(recipe, {"era": year})
