"""Changes to pictures whose effect on measured attributes can be measured again.

A picture and its edited copy show the same thing at another size, in another shape or colour. Fed
to one side of the autoencoder and asked of the other, they teach the decoder that tied dimensions
alone make that difference, and the rest of the code that it is none of its business: weak
supervision by pairs (Locatello et al. 2020, arXiv 2002.02886), with pairs that we make ourselves.

Pictures are (n, 3, s, s) in [0, 1], drawn on white paper. All edits leave white white.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

#: A pixel is drawn where a channel is below this (as in the measuring functions).
WHITE = 250.0 / 255
#: Largest change of log aspect, and the range of change of log size.
STRETCH, SHRINK, GROW = 0.5, -0.45, 0.3
#: Share of the pictures that each kind of edit is applied to.
OFTEN = 0.5


def edit(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Return each picture reshaped, recoloured, or both, at random."""
    return recolour(reshape(pictures, generator), generator)


def drawn_pixels(pictures: Tensor) -> Tensor:
    """Return 1 where there is ink and 0 where there is paper, (n, 1, s, s)."""
    return (pictures.amin(1, keepdim=True) < WHITE).float()


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _sometimes(changed: Tensor, neutral: float, generator: torch.Generator) -> Tensor:
    keep = torch.rand(len(changed), generator=generator) > OFTEN
    return torch.where(keep, torch.full_like(changed, neutral), changed)


def _extent(line: Tensor) -> tuple[Tensor, Tensor]:
    """Centre and length of the drawn part of lines (n, s), both in [-1, 1] coordinates."""
    side = line.shape[1]
    first = line.argmax(1).float()
    last = side - line.flip(1).argmax(1).float()
    empty = line.amax(1) == 0
    first, last = first.masked_fill(empty, 0.0), last.masked_fill(empty, float(side))
    return (first + last) / side - 1, 2 * (last - first) / side


def reshape(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Stretch and scale what is drawn, as far as the picture holds it."""
    n, side = len(pictures), pictures.shape[-1]
    drawn = drawn_pixels(pictures)[:, 0]
    stretch = _sometimes(_uniform(n, -STRETCH, STRETCH, generator), 0.0, generator)
    scale = _sometimes(_uniform(n, SHRINK, GROW, generator), 0.0, generator)
    grids, factors, extents = [], [], []
    for axis, sign in ((1, 0.5), (2, -0.5)):  # columns, then rows
        extents.append(_extent(drawn.amax(axis)))
        factors.append(torch.exp(scale + sign * stretch))
    too_long = torch.stack([f * e[1] / 2 for f, e in zip(factors, extents, strict=True)])
    fit = too_long.amax(0).clamp(min=1.0)
    place = (torch.arange(side) + 0.5) * 2 / side - 1
    for factor, (centre, length) in zip(factors, extents, strict=True):
        ratio = factor / fit
        room = (1 - ratio * length / 2).clamp(min=0.0)
        moved = torch.clamp(centre, -room, room)
        grids.append(centre[:, None] + (place[None] - moved[:, None]) / ratio[:, None])
    x, y = grids
    grid = torch.stack([x[:, None].expand(-1, side, -1), y[:, :, None].expand(-1, -1, side)], 3)
    ink = F.grid_sample(1 - pictures, grid, mode="bilinear", align_corners=False)
    return (1 - ink).clamp(0, 1)


def recolour(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Turn the hue, scale the saturation, and bend the brightness of what is drawn."""
    n = len(pictures)
    turn = _sometimes(_uniform(n, 0.0, 6.0, generator), 0.0, generator)
    wash = _sometimes(torch.exp(_uniform(n, -1.2, 0.6, generator)), 1.0, generator)
    gamma = _sometimes(torch.exp(_uniform(n, -0.7, 0.7, generator)), 1.0, generator)
    wide = (slice(None), None, None)
    hue, saturation, value = to_hsv(pictures)
    made = from_hsv(hue + turn[wide], (saturation * wash[wide]).clamp(max=1.0), value)
    return made.clamp(1e-4, 1).pow(gamma[:, None, None, None])


def to_hsv(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue in sixths of the circle, saturation and value, (n, s, s) each."""
    value, low = pictures.amax(1), pictures.amin(1)
    chroma = value - low
    red, green, blue = pictures.unbind(1)
    safe = chroma.clamp(min=1e-6)
    hue = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    return hue, chroma / value.clamp(min=1e-6), value


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Undo :func:`to_hsv`; hue is taken modulo 6."""
    channels = []
    for offset in (5, 3, 1):
        k = torch.remainder(offset + hue, 6)
        channels.append(value * (1 - saturation * torch.minimum(k, 4 - k).clamp(0, 1)))
    return torch.stack(channels, 1)
