"""The two nets: a convolutional encoder and decoder for square pictures.

They work at half the pictures' resolution and below: pixels are folded into channels on the way in
(pixel unshuffle) and unfolded on the way out, since convolutions at full resolution cost most and
add least here. No normalisation layers: residual branches start at zero instead (Zhang, Dauphin
and Ma 2019, arXiv 1901.09321), which is as stable and faster on CPUs. The decoder hears the code at
every scale (as BigGAN's skip-z; Brock, Donahue and Simonyan 2019, arXiv 1809.11096), so that what
concerns the whole picture (colour, size) need not be carried through all layers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from tanaoroshi.train.recipe import NetSettings

#: Where the gate between paper and drawing opens, and where it is fully open (see `Decoder`).
GATE_SHUT, GATE_OPEN = 0.45, 0.70


class Painted(NamedTuple):
    """What the decoder gives.

    ``picture`` is (n, c, s, s) in [0, 1]. ``drawn`` is (n, 1, s, s): the log-odds that a pixel
    belongs to the drawing and not to the paper; all zero for a decoder without paper.
    """

    picture: Tensor
    drawn: Tensor


class Residual(nn.Module):  # type: ignore[misc]
    """x + conv(SiLU(modulate(conv(SiLU(x)), code))); the code is optional."""

    def __init__(self, width: int, latent: int = 0) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)
        self.modulate = nn.Linear(latent, 2 * width) if latent else None

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """Map (n, width, h, w), and codes (n, latent) if any, to (n, width, h, w)."""
        y = self.first(F.silu(x))
        if self.modulate is not None:
            scale, shift = self.modulate(code)[:, :, None, None].chunk(2, dim=1)
            y = y * (1 + scale) + shift
        return x + self.second(F.silu(y))


class Encoder(nn.Module):  # type: ignore[misc]
    """Pictures (n, c, s, s) in [0, 1] to posterior mean and log variance, each (n, latent)."""

    def __init__(self, side: int, channels: int, settings: NetSettings) -> None:
        super().__init__()
        self.paper = settings.paper
        widths = settings.encoder_widths
        layers: list[nn.Module] = [
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * channels, widths[0], 3, padding=1),
        ]
        for narrow, wide in pairwise(widths):
            layers += [nn.SiLU(), nn.Conv2d(narrow, wide, 3, stride=2, padding=1), Residual(wide)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1] * (side // 16) ** 2, 2 * settings.latent)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of q(z|x)."""
        # Let paper be zero: most pixels are paper, and the convolutions' padding is zero too.
        level = 0.5 if self.paper is None else self.paper
        features = F.silu(self.body(2 * (picture - level))).flatten(1)
        mean, logvar = self.head(features).float().chunk(2, dim=1)
        # exp() stays finite whatever comes in; no posterior is narrower or wider in earnest.
        return mean, logvar.clamp(-10.0, 4.0)


class Decoder(nn.Module):  # type: ignore[misc]
    """Codes (n, latent) to pictures (n, c, s, s) in [0, 1].

    With paper (a collection drawn on white or black), the last layer gives a colour and, for each
    pixel, how likely it is drawn at all. The picture is exactly paper where that is below
    ``GATE_SHUT`` and exactly the colour above ``GATE_OPEN``; the ramp between them is narrow, so
    that outlines stay crisp where a plain sigmoid would leave a haze.
    """

    def __init__(self, side: int, channels: int, settings: NetSettings) -> None:
        super().__init__()
        self.side, self.channels, self.paper = side, channels, settings.paper
        latent, widths = settings.latent, settings.decoder_widths[::-1]
        self.stem = nn.Linear(latent, widths[0] * (side // 16) ** 2)
        steps = list(pairwise(widths))
        self.grow = nn.ModuleList([nn.Conv2d(wide, thin, 3, padding=1) for wide, thin in steps])
        self.refine = nn.ModuleList([Residual(thin, latent) for _, thin in steps])
        self.head = nn.Conv2d(widths[-1], 4 * (channels + 1), 3, padding=1)

    def forward(self, code: Tensor) -> Painted:
        """Return pictures and where they are drawn."""
        x = self.stem(code).unflatten(1, (-1, self.side // 16, self.side // 16))
        x = x.contiguous(memory_format=torch.channels_last)
        for grow, refine in zip(self.grow, self.refine, strict=True):
            x = grow(F.interpolate(F.silu(x), scale_factor=2.0, mode="nearest"))
            x = refine(x, code)
        out = F.pixel_shuffle(self.head(F.silu(x)), 2).float()
        colour = torch.sigmoid(2 * out[:, : self.channels])
        drawn = out[:, self.channels :]
        if self.paper is None:
            return Painted(colour, torch.zeros_like(drawn))
        gate = (torch.sigmoid(drawn) - GATE_SHUT) / (GATE_OPEN - GATE_SHUT)
        return Painted(self.paper + gate.clamp(0, 1) * (colour - self.paper), drawn)


class Pair(nn.Module):  # type: ignore[misc]
    """An encoder and a decoder that share a latent."""

    def __init__(self, side: int, channels: int, settings: NetSettings) -> None:
        super().__init__()
        self.encoder = Encoder(side, channels, settings)
        self.decoder = Decoder(side, channels, settings)
