"""What each metric says of code sets whose answer we know: a table, and pictures of what fools it.

``python scripts/code_sets.py`` writes ``docs/metrics/code_sets.md`` and ``docs/metrics/images/``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import altair as alt
import numpy as np

from tanaoroshi.metrics import METRICS, measure
from tanaoroshi.records.attributes import Floats, Kind
from tanaoroshi.records.estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.estimates import Measured

DOCS = Path(__file__).parents[1] / "docs" / "metrics"
N = 4000
SHOWN = 400
INK, PAPER = "#333", "#fff"
PAGE = """# Which metrics agree on which code sets

`python scripts/code_sets.py` draws {n:,} images with attributes of six steps, makes codes of them
whose answer we know, and measures all. A dash: can't be measured there, and the reason stands in
its place. `jemmig`, `total_correlation`, `gaussian_wasserstein_correlation` and
`code_mutual_information` are better when low.

{sets}

{table}

No metric answers the question alone.

- Does an attribute keep to one dimension? `mig`, `sap`, `dci_completeness` and `infoc` fall for
  *duplicated*, and hardly for *shared*.
- Does a dimension keep to one attribute? `mig_sup`, `dci_disentanglement` and `infom` fall for
  *shared*, not for *duplicated*; `modularity` falls little.
- Is it there at all? `infoe` and `dci_informativeness` stay at 1 for *rotated*; `explicitness`
  stays where it was, below 1: the middle steps of a scale can't be cut off with one straight cut.
- Which lines only? `sap`, `dci_informativeness` and `dci_es_explicitness` don't see what is bent.
- `beta_vae` and `factor_vae` can't see a rotation of codes as clean as these.
- Attributes that go together in the collection (*correlated*) cost the metrics of information a
  quarter, though the codes are perfect; those of fits take no harm.
- `dci_disentanglement` of *unrelated* codes is whatever the last noise that passed the penalty
  makes it: read it beside `dci_informativeness`, and beside its chance level.
"""


@dataclass(frozen=True, slots=True, eq=False)
class CodeSet:
    """Codes (n, d), attributes (n, k) with their kinds, and what is special about them."""

    codes: Floats
    attributes: Floats
    kinds: tuple[Kind, ...]
    about: str
    others: tuple[Floats, ...] = ()
    logvar: Floats | None = None


def _factors(rng: np.random.Generator, k: int = 3, values: int = 6) -> Floats:
    return rng.integers(0, values, (N, k)).astype(np.float64)


def _kinds(k: int = 3) -> tuple[Kind, ...]:
    kinds: tuple[Kind, ...] = ("ordinal",)
    return kinds * k


def perfect(rng: np.random.Generator) -> CodeSet:
    """Give each attribute its own dimension, and nothing else."""
    v = _factors(rng)
    return CodeSet(v + 0.05 * rng.normal(size=v.shape), v, _kinds(), "each its own dimension")


def noisy(rng: np.random.Generator) -> CodeSet:
    """Blur the perfect set."""
    made = perfect(rng)
    blurred = made.codes + 1.2 * rng.normal(size=made.codes.shape)
    return replace(made, codes=blurred, about="perfect, blurred by noise")


def idle(rng: np.random.Generator) -> CodeSet:
    """Add five dimensions that know nothing."""
    made = perfect(rng)
    codes = np.hstack([made.codes, rng.normal(size=(N, 5))])
    return replace(made, codes=codes, about="perfect, and five idle dimensions")


def constant(rng: np.random.Generator) -> CodeSet:
    """Add two constant dimensions."""
    made = perfect(rng)
    codes = np.hstack([np.ones((N, 1)), made.codes, np.ones((N, 1))])
    return replace(made, codes=codes, about="perfect, and two constant dimensions")


def duplicated(rng: np.random.Generator) -> CodeSet:
    """Give each attribute two dimensions."""
    v = _factors(rng)
    codes = np.tile(v, 2) + 0.05 * rng.normal(size=(N, 6))
    return CodeSet(codes, v, _kinds(), "each attribute in two dimensions")


def rotated(rng: np.random.Generator) -> CodeSet:
    """Turn the perfect set."""
    made = perfect(rng)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    return replace(made, codes=made.codes @ turn, about="perfect, turned")


def nonlinear(rng: np.random.Generator) -> CodeSet:
    """Bend each dimension."""
    made = perfect(rng)
    bent = (made.codes - 2.5) ** 2 + 0.3 * made.codes
    return replace(made, codes=bent, about="each its own dimension, bent there and back")


def shared(rng: np.random.Generator) -> CodeSet:
    """Let one dimension serve two attributes."""
    v = _factors(rng)
    codes = np.stack([v[:, 0] + 6 * v[:, 1], v[:, 2]], 1) + 0.05 * rng.normal(size=(N, 2))
    return CodeSet(codes, v, _kinds(), "two attributes in one dimension")


def correlated(rng: np.random.Generator) -> CodeSet:
    """Let two attributes go together in the collection."""
    v = _factors(rng)
    same = rng.random(N) < 0.6
    v[:, 1] = np.where(same, v[:, 0], v[:, 1])
    codes = v + 0.05 * rng.normal(size=v.shape)
    return CodeSet(codes, v, _kinds(), "perfect, but two attributes go together")


def unrelated(rng: np.random.Generator) -> CodeSet:
    """Draw codes that know nothing."""
    return CodeSet(rng.normal(size=(N, 3)), _factors(rng), _kinds(), "codes know nothing")


SETS: dict[str, Callable[[np.random.Generator], CodeSet]] = {
    "perfect": perfect,
    "noisy": noisy,
    "idle": idle,
    "constant": constant,
    "duplicated": duplicated,
    "rotated": rotated,
    "nonlinear": nonlinear,
    "shared": shared,
    "correlated": correlated,
    "unrelated": unrelated,
}


def circle(rng: np.random.Generator) -> CodeSet:
    """Hold an angle as a circle."""
    angle = rng.random(N) * 2 * np.pi
    codes = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.normal(size=(N, 2))
    return CodeSet(codes, angle[:, None], ("circular",), "an angle held as a circle: not entangled")


def hair(rng: np.random.Generator) -> CodeSet:
    """Blur a binary attribute by a hair."""
    v = _factors(rng, 2, 2)
    codes = v + 0.01 * rng.normal(size=v.shape)
    return CodeSet(codes, v, _kinds(2), "binary attributes with a hair of noise: perfect")


def crowd(rng: np.random.Generator) -> CodeSet:
    """Let all dimensions tell of one attribute of two."""
    v = _factors(rng, 2)
    codes = v[:, [0] * 4] + 0.4 * rng.normal(size=(N, 4))
    return CodeSet(codes, v, _kinds(2), "four dimensions tell of one attribute, none of the other")


def copies(rng: np.random.Generator) -> CodeSet:
    """Hold each attribute in three dimensions."""
    v = _factors(rng, 2)
    codes = np.tile(v, 3) + 0.1 * rng.normal(size=(N, 6))
    return CodeSet(codes, v, _kinds(2), "each attribute in three dimensions")


def checkers(rng: np.random.Generator) -> CodeSet:
    """Hold an attribute as a checkerboard: all there, for no straight line."""
    codes = rng.uniform(-1, 1, (N, 2))
    v = (codes > 0).sum(axis=1) % 2
    second = (np.abs(codes) > 0.5).sum(axis=1) % 2
    table = np.stack([v, second], 1).astype(np.float64)
    return CodeSet(
        codes, table, ("nominal",) * 2, "a checkerboard: all is there, in no straight line"
    )


def outlier(rng: np.random.Generator) -> CodeSet:
    """Put one image of unrelated codes far away."""
    made = unrelated(rng)
    made.codes[0] = 40
    return replace(made, about="unrelated codes, and one image far away")


def parabola(rng: np.random.Generator) -> CodeSet:
    """Let one dimension determine the other without correlation."""
    x = rng.normal(size=N)
    codes = np.stack([x, x**2], 1)
    made = CodeSet(
        codes, np.round(codes[:, :1]), ("ordinal",), "one dimension determines the other"
    )
    return made


def inflated(rng: np.random.Generator) -> CodeSet:
    """Scale the rotated set."""
    made = rotated(rng)
    return replace(made, codes=made.codes * 10, about="the turned set, times ten")


def shifted(rng: np.random.Generator) -> CodeSet:
    """Move all posteriors off the prior: costs much, says nothing."""
    codes = 3 + 0.1 * rng.normal(size=(N, 2))
    return CodeSet(
        codes,
        _factors(rng, 1),
        _kinds(1),
        "all images at one place off the prior",
        logvar=np.zeros((N, 2)),
    )


def agreed(rng: np.random.Generator) -> CodeSet:
    """Let two trainings agree on codes that know nothing."""
    made = unrelated(rng)
    return replace(made, others=(made.codes.copy(),), about="two trainings agree, on nothing")


FOOLED: dict[str, Callable[[np.random.Generator], CodeSet]] = {
    "mig": circle,
    "mig_sup": idle,
    "dcimig": copies,
    "jemmig": hair,
    "modularity": crowd,
    "sap": nonlinear,
    "explicitness": checkers,
    "dci_disentanglement": crowd,
    "dci_completeness": circle,
    "dci_informativeness": nonlinear,
    "dci_es_explicitness": noisy,
    "dci_es_size": unrelated,
    "infom": crowd,
    "infoe": checkers,
    "infoc": circle,
    "irs": outlier,
    "beta_vae": rotated,
    "factor_vae": copies,
    "total_correlation": parabola,
    "gaussian_wasserstein_correlation": inflated,
    "dimension_wise_kl": shifted,
    "udr": agreed,
}


def value(made: CodeSet, name: str) -> Measured:
    """Measure one metric of one set."""
    rng = np.random.default_rng(0)
    found = measure(
        made.codes,
        made.attributes,
        kinds=made.kinds,
        logvar=made.logvar,
        others=made.others,
        only=[name],
        rng=rng,
    )
    return found.metrics[name]


def figure(measured: Measured) -> str:
    """Return a number with two digits, or a dash."""
    return f"{measured.value:.2f}" if isinstance(measured, Estimate) else "–"


def table() -> str:
    """Return the Markdown table of all metrics on all sets."""
    names = [n for n, spec in METRICS.items() if "logvar" not in spec.needs and n != "udr"]
    made = {name: draw(np.random.default_rng(0)) for name, draw in SETS.items()}
    lines = ["| metric | " + " | ".join(made) + " |", "|---" * (len(made) + 1) + "|"]
    for name in names:
        cells = [figure(value(one, name)) for one in made.values()]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def picture(name: str, made: CodeSet) -> None:
    """Draw the first two dimensions, coloured by the first attribute, with the metric's value."""
    rows = [
        {"x": float(z[0]), "y": float(z[1]), "a": float(v[0])}
        for z, v in zip(made.codes[:SHOWN], made.attributes[:SHOWN], strict=True)
        if np.abs(z[:2]).max() < 60
    ]
    scale = alt.Scale(zero=False)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(size=28, opacity=0.75)
        .encode(
            alt.X("x:Q", title="dimension 0", scale=scale),
            alt.Y("y:Q", title="dimension 1", scale=scale),
            alt.Color("a:Q", title="attribute", scale=alt.Scale(scheme="viridis")),
        )
        .properties(
            width=260,
            height=200,
            background=PAPER,
            title=alt.Title(f"{name} = {figure(value(made, name))}", subtitle=made.about),
        )
        .configure(font="sans-serif")
        .configure_title(anchor="start", color=INK, subtitleColor=INK)
    )
    chart.save(DOCS / "images" / f"{name}.svg")


def main() -> None:
    """Write the page and the pictures."""
    (DOCS / "images").mkdir(parents=True, exist_ok=True)
    for name, draw in FOOLED.items():
        if name in METRICS:
            picture(name, draw(np.random.default_rng(0)))
    about = "\n".join(
        f"- **{name}**: {draw(np.random.default_rng(0)).about}." for name, draw in SETS.items()
    )
    page = PAGE.format(n=N, sets=about, table=table())
    (DOCS / "code_sets.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
