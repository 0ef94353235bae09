"""Contact sheets and the picture of the loss curves, for the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from tanaoroshi.train.nets import Pair
    from tanaoroshi.train.recipe import Recipe

Pictures = NDArray[np.uint8]
#: Pixels left of a row for its name.
MARGIN = 96
#: Where along a dimension a traversal stops.
STOPS = np.linspace(-2.5, 2.5, 11)


def to_bytes(pictures: Tensor) -> Pictures:
    """Turn (n, c, s, s) in [0, 1] into uint8 (n, s, s, c)."""
    whole = (pictures.detach().clamp(0, 1) * 255).round().to(torch.uint8)
    made: Pictures = whole.permute(0, 2, 3, 1).numpy()
    return made


def sheet(rows: Mapping[str, Pictures], path: Path) -> None:
    """Write rows of pictures, each with its name to the left, as one PNG."""
    first = next(iter(rows.values()))
    side, columns = first.shape[1], max(len(row) for row in rows.values())
    canvas = Image.new("RGB", (MARGIN + columns * side, len(rows) * side), "white")
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(12)
    for i, (name, pictures) in enumerate(rows.items()):
        draw.text((6, i * side + side // 2 - 7), name, fill="black", font=font)
        for j, picture in enumerate(pictures):
            shown = picture[..., 0] if picture.shape[-1] == 1 else picture
            canvas.paste(Image.fromarray(shown).convert("RGB"), (MARGIN + j * side, i * side))
    # 256 colours are enough to judge by, and keep the card small beside its model.
    canvas.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def reconstructions(pair: Pair, pictures: Tensor, path: Path) -> None:
    """Write pictures (n, c, s, s) in [0, 1] above what the decoder makes of their codes."""
    with torch.no_grad():
        made = pair.decoder(pair.encoder(pictures)[0]).picture
    rows = {}
    half = len(pictures) // 2
    for part in (slice(0, half), slice(half, 2 * half)):
        blank = " " if part.start else ""
        rows[f"original{blank}"] = to_bytes(pictures[part])
        rows[f"decoded{blank}"] = to_bytes(made[part])
    sheet(rows, path)


def samples(pair: Pair, recipe: Recipe, count: int, seed: int, path: Path) -> None:
    """Write what the decoder makes of draws from the prior."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randn(4 * count, recipe.net.latent, generator=generator)
    with torch.no_grad():
        made = to_bytes(pair.decoder(codes).picture)
    sheet({f"prior {i + 1}": made[i * count : (i + 1) * count] for i in range(4)}, path)


def traversals(pair: Pair, recipe: Recipe, pictures: Tensor, path: Path) -> None:
    """Write one row a dimension: a code moved along it from -2.5 to 2.5, decoded."""
    names = {j: tie.attribute for tie in recipe.ties for j in tie.dimensions}
    with torch.no_grad():
        codes = pair.encoder(pictures)[0]
    rows = {}
    for j in range(recipe.net.latent):
        moved = codes[j % len(codes)].repeat(len(STOPS), 1)
        moved[:, j] = torch.from_numpy(STOPS.astype(np.float32))
        with torch.no_grad():
            rows[f"{j} {names.get(j, '')}"] = to_bytes(pair.decoder(moved).picture)
    sheet(rows, path)


def curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write the terms of the loss over the epochs as SVG, one small panel each."""
    import altair as alt

    values = [
        {"epoch": i + 1, "term": term, "value": row[term]}
        for i, row in enumerate(history)
        for term in row
        if term != "seconds"
    ]
    chart = (
        alt.Chart(alt.Data(values=values), width=200, height=120)
        .mark_line(color="#0072b2")
        .encode(
            x=alt.X("epoch:Q", title="epoch"),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            facet=alt.Facet("term:N", columns=3, title=None),
        )
        .resolve_scale(y="independent")
    )
    chart.save(path, format="svg")
