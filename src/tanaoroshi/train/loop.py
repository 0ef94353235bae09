"""The training loop: plain, seeded, and safe to kill.

After every epoch the whole state is written to a checkpoint beside the output, by way of a
temporary file. All randomness of an epoch comes from the seed and the epoch's number, so a run that
was killed goes on from its last epoch and ends with the same weights as one that was not.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tanaoroshi.errors import InputError
from tanaoroshi.readers.measures import MEASURES, colours_of, look
from tanaoroshi.train.edits import drawn_pixels, edit
from tanaoroshi.train.nets import Pair
from tanaoroshi.train.objectives import (
    decompose_kl,
    drawn_error,
    gaussian_kl,
    picture_error,
    tie_error,
)
from tanaoroshi.train.targets import Floats, Scale, scales_of, targets_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.train.recipe import Recipe

#: Called with epochs done and epochs in all.
Progress = Callable[[int, int], None]
TERMS = ("picture", "drawn", "tie", "kl", "total_correlation")


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What is learned from.

    Attributes
    ----------
    pictures
        uint8 (n, c, s, s).
    targets
        float32 (n, t): places of the tied dimensions, NaN where the attribute is missing.
    scales
        What made them, to place edited pictures too.
    attributes
        float64 (n,) each: those that are tied.
    """

    pictures: Tensor
    targets: Tensor
    scales: tuple[Scale, ...]
    attributes: Mapping[str, Floats]


class Batch(NamedTuple):
    """What goes in, what should come out, and where their tied dimensions belong.

    ``paired`` marks rows where the picture that should come out is not the one that goes in.
    """

    given: Tensor
    wanted: Tensor
    given_targets: Tensor
    wanted_targets: Tensor
    paired: Tensor


@dataclass(slots=True, eq=False)
class State:
    """All that changes during a training, and all that a checkpoint holds."""

    pair: Pair
    average: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    history: list[dict[str, float]]
    step: int = 0


class Trained(NamedTuple):
    """The pair with averaged weights, and one row an epoch: the mean of each term, seconds."""

    pair: Pair
    history: list[dict[str, float]]


def data_of(images: NDArray[np.uint8], attributes: Mapping[str, Floats], recipe: Recipe) -> Data:
    """Bring pictures (n, s, s, c) and attributes (n,) into the form that the loop wants."""
    scales = scales_of(recipe, attributes)
    tied = {t.attribute: np.asarray(attributes[t.attribute], np.float64) for t in recipe.ties}
    targets = targets_of(recipe, scales, tied, len(images))
    pictures = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return Data(pictures, torch.from_numpy(targets), scales, tied)


def fit(
    data: Data,
    recipe: Recipe,
    *,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train from the start, or from the checkpoint if there is one."""
    state = _start(data, recipe, seed)
    fingerprint = _fingerprint(data, recipe, seed)
    if checkpoint is not None and checkpoint.exists():
        _load(state, checkpoint, fingerprint)
    for epoch in range(len(state.history), recipe.loop.epochs):
        began = time.perf_counter()
        row = _epoch(state, data, recipe, torch.Generator().manual_seed(seed * 100_003 + epoch))
        row["seconds"] = time.perf_counter() - began
        state.history.append(row)
        if checkpoint is not None:
            _save(state, checkpoint, fingerprint)
        if progress is not None:
            progress(epoch + 1, recipe.loop.epochs)
    state.pair.load_state_dict(state.average)
    return Trained(state.pair.eval(), state.history)


def _start(data: Data, recipe: Recipe, seed: int) -> State:
    channels, side = data.pictures.shape[1], data.pictures.shape[2]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pair = Pair(side, channels, recipe.net).to(memory_format=torch.channels_last)
    average = {key: value.detach().clone() for key, value in pair.state_dict().items()}
    optimiser = torch.optim.AdamW(
        pair.parameters(),
        lr=recipe.loop.rate,
        betas=(0.9, 0.99),
        weight_decay=recipe.loop.weight_decay,
    )
    return State(pair, average, optimiser, [])


def _epoch(
    state: State, data: Data, recipe: Recipe, generator: torch.Generator
) -> dict[str, float]:
    n = len(data.pictures)
    size = min(recipe.loop.batch, n)
    batches = torch.randperm(n, generator=generator)[: n // size * size].view(-1, size)
    total = torch.zeros(len(TERMS))
    for rows in batches:
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(state.step, len(batches), recipe)
        loss, terms = _loss(state.pair, _batch(data, rows, recipe, generator), recipe, n, generator)
        state.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.pair.parameters(), 1.0)
        state.optimiser.step()
        _blend(state, recipe.loop.average)
        total += terms
    if not bool(torch.isfinite(total).all()):
        raise InputError(
            "The training of {name} came apart in epoch {epoch}: the loss is not finite any more. "
            "Lower loop.rate in the recipe.",
            name=recipe.name,
            epoch=len(state.history) + 1,
        )
    return dict(zip(TERMS, (total / len(batches)).tolist(), strict=True))


def rate_at(step: int, steps_an_epoch: int, recipe: Recipe) -> float:
    """Learning rate of a step: a linear rise, then half a cosine down to a hundredth."""
    loop = recipe.loop
    done = step / max(steps_an_epoch * loop.epochs, 1)
    fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return loop.rate * min(1.0, (step + 1) / loop.warmup) * fall


def _batch(data: Data, rows: Tensor, recipe: Recipe, generator: torch.Generator) -> Batch:
    pictures = data.pictures[rows].float() / 255
    targets = data.targets[rows]
    size = len(rows)
    pairs = round(size * recipe.loop.edited)
    paired = torch.arange(size) < pairs
    if not pairs:
        return Batch(pictures, pictures, targets, targets, paired)
    edited = edit(pictures[:pairs], generator)
    # Measured as a file would be: in whole steps of 1/255.
    edited = (edited * 255).round() / 255
    moved = targets_of_edited(data, rows[:pairs], edited, recipe)
    given, wanted = pictures.clone(), pictures.clone()
    given_targets, wanted_targets = targets.clone(), targets.clone()
    half = pairs // 2
    given[:half], given_targets[:half] = edited[:half], moved[:half]
    wanted[half:pairs], wanted_targets[half:pairs] = edited[half:], moved[half:]
    return Batch(given, wanted, given_targets, wanted_targets, paired)


def targets_of_edited(data: Data, rows: Tensor, edited: Tensor, recipe: Recipe) -> Tensor:
    """Measure edited pictures (m, c, s, s); attributes without a measure keep their value."""
    seen = look(colours_of(edited.permute(0, 2, 3, 1).contiguous().numpy()), 1.0)
    attributes = {}
    for tie in recipe.ties:
        if tie.attribute in MEASURES:
            values = MEASURES[tie.attribute](seen)
            # The measure of a circle speaks in radians, the collection in its own period.
            attributes[tie.attribute] = (
                values if tie.period is None else values * tie.period / (2 * np.pi)
            )
        else:
            attributes[tie.attribute] = data.attributes[tie.attribute][rows.numpy()]
    return torch.from_numpy(targets_of(recipe, data.scales, attributes, len(edited)))


def _loss(
    pair: Pair, batch: Batch, recipe: Recipe, n_images: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    weights, tied = recipe.weights, list(recipe.tied)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.loop.half):
        mean, logvar = pair.encoder(_last(batch.given))
        noise = torch.randn(mean.shape, generator=generator)
        spread = torch.exp(0.5 * logvar)
        code = mean + spread * noise
        painted = pair.decoder(_swap(code, spread * noise, batch, tied))
    picture = picture_error(painted.picture, batch.wanted, weights.edges).mean()
    drawn = torch.zeros(())
    if recipe.net.paper is not None:
        ink = drawn_pixels(batch.wanted if recipe.net.paper else 1 - batch.wanted)
        drawn = drawn_error(painted.drawn, ink).mean()
    tie = tie_error(mean[:, tied], batch.given_targets)
    kl = gaussian_kl(mean, logvar)
    kl_term, correlation = _kl_term(kl, code, mean, logvar, recipe, n_images)
    values = batch.given[0].numel()
    loss = picture + weights.drawn * drawn + weights.tie * tie + weights.beta * kl_term / values
    terms = torch.stack([picture, drawn, tie, kl.sum(1).mean(), correlation])
    return loss, terms.detach()


def _kl_term(
    kl: Tensor, code: Tensor, mean: Tensor, logvar: Tensor, recipe: Recipe, n_images: int
) -> tuple[Tensor, Tensor]:
    """Return the KL term of the method in nats, and its total correlation if it has one.

    Tied dimensions stay out of the decomposition: their attributes are tied to one another in the
    collection, and a code that denied it would be wrong.
    """
    if recipe.method == "beta_vae":
        return kl.sum(1).mean(), torch.zeros(())
    tied = list(recipe.tied)
    rest = [j for j in range(mean.shape[1]) if j not in tied]
    parts = decompose_kl(code[:, rest], mean[:, rest], logvar[:, rest], n_images)
    correlation = parts.total_correlation
    extra = (recipe.weights.total_correlation - 1) * correlation
    return kl[:, tied].sum(1).mean() + sum(parts) + extra, correlation


def _swap(code: Tensor, noise: Tensor, batch: Batch, tied: list[int]) -> Tensor:
    """Put the wanted picture's attributes into the tied dimensions where pictures are paired."""
    known = batch.paired[:, None] & ~torch.isnan(batch.wanted_targets)
    wanted = torch.nan_to_num(batch.wanted_targets) + noise[:, tied].detach()
    swapped = code.clone()
    swapped[:, tied] = torch.where(known, wanted, code[:, tied])
    return swapped


def _last(pictures: Tensor) -> Tensor:
    return pictures.contiguous(memory_format=torch.channels_last)


def _blend(state: State, decay: float) -> None:
    state.step += 1
    # Young averages forget faster, or the random start would linger.
    decay = min(decay, state.step / (state.step + 10))
    for key, value in state.pair.state_dict().items():
        state.average[key].lerp_(value.detach(), 1 - decay)


def _fingerprint(data: Data, recipe: Recipe, seed: int) -> str:
    # Words do not change what is learned.
    settings = asdict(replace(recipe, name="", version="", description=""))
    whole = hashlib.sha256(repr((settings, seed)).encode())
    whole.update(data.pictures.numpy().tobytes())
    whole.update(data.targets.numpy().tobytes())
    return whole.hexdigest()


def _save(state: State, path: Path, fingerprint: str) -> None:
    content = {
        "fingerprint": fingerprint,
        "pair": state.pair.state_dict(),
        "average": state.average,
        "optimiser": state.optimiser.state_dict(),
        "history": state.history,
        "step": state.step,
    }
    fresh = path.with_suffix(".new")
    torch.save(content, fresh)
    fresh.replace(path)


def _load(state: State, path: Path, fingerprint: str) -> None:
    try:
        content: dict[str, Any] = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise InputError(
            "The checkpoint {file} can't be read. Delete it to start afresh.", file=str(path)
        ) from error
    if content.get("fingerprint") != fingerprint:
        raise InputError(
            "{file} was left by a training with another recipe, seed or collection. "
            "Delete it, or choose another folder with --out.",
            file=str(path),
        )
    state.pair.load_state_dict(content["pair"])
    state.average = content["average"]
    state.optimiser.load_state_dict(content["optimiser"])
    state.history = content["history"]
    state.step = content["step"]
