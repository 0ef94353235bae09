"""How long it takes to find where every dimension went, and how that grows with images and width.

Codes of a base and of a candidate that is the same signed, permuted and rescaled, with noise, and
with one pair in eight rotated, so that lines, curves and nearness are all tried. The limit is one
minute for 100,000 images × 512 dimensions on 2 cores.

    python bench/matching.py [--only 100000x512] [--repeats 1]
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.change import ChangeSettings, match_dimensions

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats

SIZES = ("1000x64", "10000x64", "100000x64", "1000000x64",
         "100000x8", "100000x128", "100000x256", "100000x512")  # fmt: skip
NOISE = 0.3


def draw_codes(n: int, d: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw codes (n, d) and those of the same images after an update, (n, d)."""
    base = rng.standard_normal((n, d))
    candidate = base * rng.choice([-1, 1], d) * np.exp(rng.uniform(-1, 1, d))
    for j in range(0, d - 1, 8):
        pair = candidate[:, [j, j + 1]]
        candidate[:, j], candidate[:, j + 1] = pair.sum(axis=1), pair[:, 0] - pair[:, 1]
    candidate += NOISE * candidate.std(axis=0) * rng.standard_normal((n, d))
    return base, candidate[:, rng.permutation(d)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=1)
    asked = parser.parse_args()
    print("| images | dimensions | seconds | of processor time | load |")
    print("|---|---|---|---|---|")
    for size in asked.only:
        n, d = (int(x) for x in size.split("x"))
        base, candidate = draw_codes(n, d, np.random.default_rng(0))
        taken = []
        for _ in range(asked.repeats):
            start, used = time.perf_counter(), time.process_time()
            match_dimensions(
                base,
                candidate,
                base_active=[True] * d,
                candidate_active=[True] * d,
                group=None,
                settings=ChangeSettings(),
                rng=np.random.default_rng(1),
            )
            taken.append((time.perf_counter() - start, time.process_time() - used))
        seconds, used = min(taken)
        load = os.getloadavg()[0]
        print(f"| {n:,} | {d} | {seconds:.1f} | {used:.1f} | {load:.1f} |", flush=True)


if __name__ == "__main__":
    main()
