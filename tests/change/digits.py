"""Two real trainings on the same digits, and a collection of what both draw.

There are no digits here, only two models of them. So the collection holds pictures that they draw
from their prior, half each, with what can be measured on a picture.

``python tests/change/digits.py [--pictures 2000]`` compares them and prints what became of what.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.comparing import compare_named
from tanaoroshi.engine import decode_codes
from tanaoroshi.models import load_model
from tanaoroshi.records.estimates import Estimate, Measured
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.comparison import Comparison

MODELS = Path(__file__).parents[3] / "shared" / "models"
BASE, CANDIDATE = MODELS / "betaH_mnist", MODELS / "factor_mnist"


def draw_digits(file: Path, pictures: int, *, seed: int = 0) -> Path:
    """Write a collection of drawn digits to an ``.npz`` file."""
    rng = np.random.default_rng(seed)
    drawn = []
    for folder in (BASE, CANDIDATE):
        model = load_model(str(folder))
        drawn.append(decode_codes(model, rng.standard_normal((pictures // 2, model.latent.size))))
    images = np.concatenate(drawn)[..., 0]
    maker = np.repeat([BASE.name, CANDIDATE.name], pictures // 2)
    np.savez_compressed(
        file,
        allow_pickle=False,
        images=np.rint(255 * images).astype(np.uint8),
        maker=maker,
        **measured(images),
    )
    return file


def measured(images: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Measure ink, width, height and slant of pictures (n, h, w), by their moments."""
    light = images.astype(np.float64) + 1e-9
    rows, columns = np.mgrid[0 : images.shape[1], 0 : images.shape[2]]
    total = light.sum(axis=(1, 2))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((light * values).sum(axis=(1, 2)) / total)

    y = rows - mean(rows)[:, None, None]
    x = columns - mean(columns)[:, None, None]
    return {
        "ink": light.mean(axis=(1, 2)),
        "width": np.sqrt(mean(x**2)),
        "height": np.sqrt(mean(y**2)),
        "slant": -mean(x * y) / mean(y**2),
    }


def compare_digits(collection: Path, store: Path, base: Path = BASE) -> Comparison:
    """Compare the two models, or the second with another base."""
    return compare_named(str(base), str(CANDIDATE), str(collection), store=str(store)).comparison


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        collection = draw_digits(Path(place) / "digits.npz", asked.pictures)
        found = compare_digits(collection, Path(place) / "store")
    print("| dimension | became | of the candidate | agreement | told | own |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    for one in found.dimensions:
        who = "new" if one.base is None else str(one.base)
        other = one.parts if one.candidate is None else one.candidate
        figures = " | ".join(map(_said, (one.agreement, one.told, one.own)))
        print(f"| {who} | {one.status} | {other} | {figures} |")  # noqa: T201
    print(Counter(one.status for one in found.dimensions if one.base is not None))  # noqa: T201
    print({name: _said(one) for name, one in found.similarity.items()}, _said(found.subspace))  # noqa: T201
    for move in found.shelves:
        print(move.attribute, move.status, move.base.status, move.candidate.status)  # noqa: T201
    for way in found.directions:
        print(way.name, way.status, _said(way.fidelity))  # noqa: T201
    for sentence in found.summary:
        print(translate(sentence, "en"))  # noqa: T201


def _said(one: Measured) -> str:
    if isinstance(one, Estimate):
        return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
    return "–"


if __name__ == "__main__":
    main()
