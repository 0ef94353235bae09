"""A model with its latent turned: the same pictures in and out, other coordinates within.

``python tests/change/turned.py MODEL... --collection COLLECTION`` prints for real models how many
dimensions are found again after signed permutations, scalings and rotations of their ONNX graphs.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tanaoroshi as tn
from tanaoroshi.audit.dimensions import dimension_states
from tanaoroshi.change import ChangeSettings, match_dimensions

Floats = NDArray[np.float64]


def signed_permutation(d: int, rng: np.random.Generator, *, scales: float = 0.0) -> Floats:
    """Return a matrix (d, d) with one entry in each line: ±1, times e^(±scales)."""
    turn = np.zeros((d, d))
    turn[np.arange(d), rng.permutation(d)] = rng.choice([-1, 1], d) * np.exp(
        rng.uniform(-scales, scales, d)
    )
    return turn


def rotation(d: int, touched: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return a matrix (d, d) that rotates some dimensions, each by far more than a little."""
    turn = np.eye(d)
    while True:
        q = np.linalg.qr(rng.standard_normal((len(touched), len(touched))))[0]
        if np.abs(q).max() < 0.9:
            break
    turn[np.ix_(touched, touched)] = q
    return turn


def turn_model(folder: Path, out: Path, turn: Floats) -> Path:
    """Write a model whose codes are those of ``folder`` times ``turn`` (d, d)."""
    import onnx
    from onnx import helper, numpy_helper

    spec = tomllib.loads((folder / "model.toml").read_text())
    shutil.copytree(folder, out)
    encoder = onnx.load(folder / spec["encoder"]["file"])
    mean = spec["encoder"]["mean"]
    _rename(encoder.graph, mean, f"{mean}_before", outputs=True)
    encoder.graph.initializer.append(numpy_helper.from_array(turn.astype(np.float32), "turn"))
    encoder.graph.node.append(helper.make_node("MatMul", [f"{mean}_before", "turn"], [mean]))
    logvar = spec["encoder"].get("logvar")
    if logvar:
        _rename(encoder.graph, logvar, f"{logvar}_before", outputs=True)
        # Variances along the new axes, of a posterior without covariances.
        squares = (turn**2).astype(np.float32)
        encoder.graph.initializer.append(numpy_helper.from_array(squares, "turn_squares"))
        encoder.graph.node.extend(
            [
                helper.make_node("Exp", [f"{logvar}_before"], ["variance_before"]),
                helper.make_node("MatMul", ["variance_before", "turn_squares"], ["variance"]),
                helper.make_node("Log", ["variance"], [logvar]),
            ]
        )
    onnx.save(encoder, out / spec["encoder"]["file"])
    decoder = onnx.load(folder / spec["decoder"]["file"])
    latent = spec["decoder"]["input"]
    _rename(decoder.graph, latent, f"{latent}_before", outputs=False)
    back = np.linalg.inv(turn).astype(np.float32)
    decoder.graph.initializer.append(numpy_helper.from_array(back, "turn_back"))
    decoder.graph.node.insert(
        0, helper.make_node("MatMul", [latent, "turn_back"], [f"{latent}_before"])
    )
    onnx.save(decoder, out / spec["decoder"]["file"])
    return out


def _rename(graph: object, old: str, new: str, *, outputs: bool) -> None:
    """Rename a value inside of the graph; the graph's own input or output keeps its name."""
    for node in graph.node:  # type: ignore[attr-defined]
        for names in (node.input, node.output) if outputs else (node.input,):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--collection", default="emoji")
    parser.add_argument("--limit", type=int, default=1500)
    args = parser.parse_args()
    pictures = tn.load_collection(args.collection, limit=args.limit)
    for name in args.models:
        folder = Path(name)
        base = tn.encode(tn.load_model(str(folder)), pictures).mean.astype(np.float64)
        d = base.shape[1]
        rng = np.random.default_rng(0)
        widest = tuple(int(j) for j in np.argsort(-base.std(axis=0))[1:4])
        turns = {
            "signed permutation": signed_permutation(d, rng),
            "with scales": signed_permutation(d, rng, scales=1.5),
            f"rotation of {widest}": rotation(d, widest, rng),
        }
        for what, turn in turns.items():
            with tempfile.TemporaryDirectory() as place:
                turned = turn_model(folder, Path(place) / "turned", turn)
                codes = tn.encode(tn.load_model(str(turned)), pictures).mean.astype(np.float64)
            found = match_dimensions(
                base,
                codes,
                base_active=active(base),
                candidate_active=active(codes),
                group=pictures.attributes.group,
                settings=ChangeSettings(),
                rng=np.random.default_rng(0),
            )
            right = sum(
                m.candidate is not None and turn[m.base, m.candidate] * (m.sign or 0) > 0
                for m in found
                if m.base is not None
            )
            told = Counter(m.status for m in found)
            print(f"{folder.name:16} {what:28} {right} of {d} found; {dict(told)}")  # noqa: T201


def active(codes: Floats) -> list[bool]:
    """Say which dimensions are in use."""
    return [d.state == "active" for d in dimension_states(codes, None, standard_prior=True)]


if __name__ == "__main__":
    main()
