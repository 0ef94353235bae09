"""The model card: what a model was trained on, how, and what came of it, beside the model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import spearmanr

from tanaoroshi.train import sheets
from tanaoroshi.train.objectives import gaussian_kl

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from tanaoroshi.train.loop import Data, Trained
    from tanaoroshi.train.recipe import Recipe

SCHEMA = "tanaoroshi/card/1"
#: Pictures in a row of a sheet.
COLUMNS = 16


def write_card(trained: Trained, data: Data, recipe: Recipe, seed: int, folder: Path) -> None:
    """Write ``card.json``, ``card.md`` and the pictures into an existing folder."""
    pair, pictures = trained.pair, _spaced(data.pictures, 2 * COLUMNS)
    sheets.reconstructions(pair, pictures, folder / "reconstructions.png")
    sheets.samples(pair, recipe, COLUMNS, seed, folder / "samples.png")
    sheets.traversals(pair, recipe, _spaced(data.pictures, 6), folder / "traversals.png")
    sheets.curves(trained.history, folder / "curves.svg")
    facts = _facts(trained, data, recipe, seed)
    text = json.dumps(facts, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
    (folder / "card.md").write_text(_text(facts), encoding="utf-8")


def _spaced(pictures: Tensor, count: int) -> Tensor:
    """Take pictures at even distances through the collection, as floats in [0, 1]."""
    rows = np.linspace(0, len(pictures) - 1, min(count, len(pictures))).round().astype(int)
    return pictures[rows.tolist()].float() / 255


def _facts(trained: Trained, data: Data, recipe: Recipe, seed: int) -> dict[str, Any]:
    mean, logvar, error = _looked(trained, data)
    settings = asdict(recipe)
    settings["rows"] = [
        {"column": b.column, "min": _finite(b.low), "max": _finite(b.high)} for b in recipe.rows
    ]
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "version": recipe.version,
        "description": recipe.description,
        "settings": settings,
        "seed": seed,
        "images": len(data.pictures),
        "data_digest": hashlib.sha256(data.pictures.numpy().tobytes()).hexdigest(),
        "parameters": sum(p.numel() for p in trained.pair.parameters()),
        "seconds": round(sum(row["seconds"] for row in trained.history)),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "mean_absolute_error": round(error, 5),
        "kl": [round(x, 3) for x in gaussian_kl(mean, logvar).mean(0).tolist()],
        "ties": _tie_facts(mean, data, recipe),
        "history": [{k: round(v, 5) for k, v in row.items()} for row in trained.history],
    }


def _finite(bound: float) -> float | None:
    return bound if np.isfinite(bound) else None


def _looked(trained: Trained, data: Data) -> tuple[Tensor, Tensor, float]:
    """Encode and decode all pictures: means, log variances, mean absolute error."""
    means, logvars, error = [], [], 0.0
    for part in data.pictures.split(256):
        pictures = part.float() / 255
        with torch.no_grad():
            mean, logvar = trained.pair.encoder(pictures)
            made = trained.pair.decoder(mean).picture
        error += float((made - pictures).abs().mean((1, 2, 3)).sum())
        means.append(mean)
        logvars.append(logvar)
    return torch.cat(means), torch.cat(logvars), error / len(data.pictures)


def _tie_facts(mean: Tensor, data: Data, recipe: Recipe) -> list[dict[str, Any]]:
    facts, column = [], 0
    for tie in recipe.ties:
        for j in tie.dimensions:
            target = data.targets[:, column].numpy()
            known = ~np.isnan(target)
            rank = spearmanr(mean[:, j].numpy()[known], target[known]).statistic
            facts.append(
                {
                    "attribute": tie.attribute,
                    "dimension": j,
                    "n": int(known.sum()),
                    "rank_correlation": round(float(rank), 4),
                }
            )
            column += 1
    return facts


def _text(facts: dict[str, Any]) -> str:
    ties = "".join(
        f"| {t['attribute']} | {t['dimension']} | {t['n']} | {t['rank_correlation']:.3f} |\n"
        for t in facts["ties"]
    )
    tied = (
        "## Tied dimensions\n\nRank correlation between the posterior mean and what the dimension "
        "is tied to, on the training pictures (a circle's two dimensions: its cosine and sine).\n\n"
        f"| attribute | dimension | pictures | rank correlation |\n|---|---|---|---|\n{ties}\n"
        if ties
        else ""
    )
    active = sum(kl > 0.1 for kl in facts["kl"])
    return f"""# {facts["name"]}, version {facts["version"]}

{facts["description"]}

- A variational autoencoder ({facts["settings"]["method"]}), {facts["parameters"]:,} parameters.
- Trained on {facts["images"]} pictures (SHA-256 of the pixels `{facts["data_digest"][:16]}…`), seed
  {facts["seed"]}, {len(facts["history"])} epochs in {facts["seconds"]} seconds with
  {facts["threads"]} thread(s), torch {facts["torch"]}.
- {active} of {len(facts["kl"])} dimensions carry more than 0.1 nats.
- Mean absolute error of reconstructions, on the training pictures:
  {facts["mean_absolute_error"]:.4f} of a channel's range.

All settings and the loss of every epoch are in `card.json`.

{tied}## Reconstructions

![reconstructions](reconstructions.png)

## Draws from the prior

![samples](samples.png)

## Along every dimension, from −2.5 to 2.5

![traversals](traversals.png)

## Loss

![curves](curves.svg)
"""
