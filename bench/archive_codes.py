"""Count how often codes are said to hold a stereotype or a hole that they don't; and planted ones.

*Nulls.* Three worlds without any: ``noise``, codes have nothing to do with the attributes;
``random``, every value lies in a random direction of its own, and the attributes have nothing to do
with each other; ``tied``, the same with attributes tied in a chain, so that only the collection's
tie brings directions together. The prior is what the pictures were drawn from. Printed: the share
of audits that tell anything false, with its exact binomial interval.

*Truth.* ``stereotype``: two attributes unrelated in the collection, of which two values lie in
nearly one direction; ``tie``: two tied in the collection, each in a direction of its own; ``room``:
what an attribute occupies; ``hole``: a fifth of the prior's codes lies where no picture is.
Printed: how often each is found, and how often its interval holds the truth, which is known from
how the codes are made.

    python bench/archive_codes.py [--audits 200] [--draws 100] [--n 1500] [--d 20]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from archive_truth import Tally
from false_shelves import draw_groups, rate
from tanaoroshi.archive.codes import Space, look_at_codes
from tanaoroshi.archive.codes_sentences import EMPTY, OWN
from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints, Kind
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from tanaoroshi.records.coded import Coded

SHARES: dict[str, tuple[float, ...]] = {
    "gender": (0.4, 0.35, 0.25),
    "role": (0.4, 0.3, 0.2, 0.1),
    "tone": (0.3, 0.3, 0.2, 0.2),
    "place": (0.5, 0.3, 0.2),
    "year": (0.25, 0.25, 0.25, 0.25),
}
KINDS: dict[str, Kind] = {"tone": "ordinal", "year": "ordinal"}
PROTECTED = ("gender", "tone")
TIE = 0.6
"""How often a value is the one that the attribute before gives, in the tied world."""
STRONG = 3.0
"""How far each value lies off, in standard deviations of what no attribute explains."""
POSTERIOR = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Attributes with their values' places in the code, and what is true of them.

    ``values`` int (n,) for each attribute; ``effects`` float (values, d) for each.
    """

    values: dict[str, Ints]
    effects: dict[str, Floats]
    group: Ints | None
    codes: Floats
    prior: Floats

    def audit(self, rng: np.random.Generator) -> Coded:
        """Look at the codes as the archive does."""
        specs = tuple(
            Attribute(
                name, KINDS.get(name, "nominal"), Text(name, name),
                tuple(map(str, range(len(SHARES[name])))), protected=name in PROTECTED,
            )
            for name in self.values
        )  # fmt: skip
        table = Attributes(
            specs, np.column_stack([*self.values.values()]).astype(float), self.group
        )
        space = Space(
            self.codes,
            np.full(self.codes.shape, POSTERIOR),
            self.prior,
            np.arange(self.codes.shape[1]),
        )
        found = look_at_codes(space, table, rng=rng)
        assert found is not None  # there are enough rows
        return found[0]


def draw_world(
    n: int,
    d: int,
    rng: np.random.Generator,
    *,
    rows: str = "independent",
    tied: bool = False,
    effects: dict[str, Floats] | None = None,
) -> World:
    """Draw a collection and its codes; ``effects`` as they are to be, or random directions."""
    group = draw_groups(n, rows, rng)
    at = np.arange(n) if group is None else group
    values: dict[str, Ints] = {}
    for name, shares in SHARES.items():
        drawn = rng.choice(len(shares), n, p=shares)
        if tied and values:
            before = [*values.values()][-1]
            drawn = np.where(rng.random(n) < TIE, before % len(shares), drawn)
        values[name] = drawn
    # What a group shows is one draw; the last two attributes differ between its pictures.
    shown = {k: v[at] if k not in ("place", "year") or tied else v for k, v in values.items()}
    lie = effects or {name: STRONG * directions(len(s), d, rng) for name, s in SHARES.items()}
    noise = rng.normal(size=(n, d))
    if group is not None:
        noise = 0.8 * rng.normal(size=(n, d))[at] + 0.6 * noise
    codes = noise + sum(each[shown[name]] for name, each in lie.items())
    other = sum(
        each[rng.permutation(shown[name])] if not tied else each[shown[name]]
        for name, each in lie.items()
    )
    prior = rng.normal(size=(n, d)) + (other if lie else 0.0)
    prior = prior + POSTERIOR * rng.normal(size=(n, d))
    return World(shown, lie, group, codes, prior)


def directions(k: int, d: int, rng: np.random.Generator) -> Floats:
    """Draw k directions of length 1, (k, d)."""
    drawn = rng.normal(size=(k, d))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def no_effects(d: int) -> dict[str, Floats]:
    """Return effects of nothing."""
    return {name: np.zeros((len(shares), d)) for name, shares in SHARES.items()}


def told(coded: Coded, world: str) -> tuple[bool, bool, bool, bool]:
    """Say whether a false direction, association, room or hole is told."""
    pointings = [p for p in coded.pointings.found if p.explained == "beyond" or world != "tied"]
    pointings = [p for p in pointings if p.explained in ("beyond", "tie")]
    nearer = [a for a in coded.associations.found if a.explained == "beyond"]
    rooms = coded.rooms.each if coded.rooms and world == "noise" else ()
    return (
        bool(pointings),
        bool(nearer),
        any(room.own.low > OWN for room in rooms),
        any(support.empty.low > EMPTY for support in coded.supports),
    )


def nulls(world: str, rows: str, n: int, d: int, audits: int, seed: int) -> str:
    """Run the audits of one case; return its line of the table."""
    rng = np.random.default_rng([seed, n, d, len(rows), len(world)])
    start = time.perf_counter()
    effects = no_effects(d) if world == "noise" else None
    found = []
    for _ in range(audits):
        drawn = draw_world(n, d, rng, rows=rows, tied=world == "tied", effects=effects)
        found.append(told(drawn.audit(rng), world))
    seconds = (time.perf_counter() - start) / audits
    each = " | ".join(rate(kind) for kind in zip(*found, strict=True))
    return (
        f"| {world:6} | {rows:11} | {n:,} | {d} | {audits} | {each} "
        f"| {rate([any(one) for one in found])} | {seconds:.2f} |"
    )


def covariance(world: World) -> Floats:
    """Return the codes' covariance, given how often values come together here."""
    d = world.codes.shape[1]
    means = sum(each[world.values[name]] for name, each in world.effects.items())
    return np.asarray(np.cov(np.asarray(means).T, bias=True).reshape(d, d) + np.eye(d))


def cosine(a: Floats, b: Floats, spread: Floats) -> float:
    """Return the cosine of two directions in the whitened code."""
    inverse = np.linalg.inv(spread)
    return float(a @ inverse @ b / np.sqrt((a @ inverse @ a) * (b @ inverse @ b)))


def against_others(effects: Floats, shares: Floats, value: int) -> Floats:
    """Return the effect of a value less the mean of the others."""
    others = np.where(np.arange(len(shares)) == value, 0, shares) / (1 - shares[value])
    return np.asarray(effects[value] - others @ effects)


def stereotype(tally: Tally, n: int, d: int, rng: np.random.Generator, *, rows: str) -> None:
    """Lay gender 0 and role 0 in nearly one direction; the collection knows of no tie."""
    effects = {name: 0.5 * directions(len(s), d, rng) for name, s in SHARES.items()}
    shared = directions(1, d, rng)[0]
    for name in ("gender", "role"):
        effects[name][0] = 1.5 * shared + 0.3 * directions(1, d, rng)[0]
    world = draw_world(n, d, rng, rows=rows, effects=effects)
    coded = world.audit(rng)
    mine = [
        p
        for p in coded.pointings.found
        if (p.a, p.value_a, p.b, p.value_b) == ("gender", "0", "role", "0")
        and p.explained == "beyond"
    ]
    a, b = (against_others(effects[k], np.array(SHARES[k]), 0) for k in ("gender", "role"))
    held = {}
    if mine and isinstance(mine[0].apart, Estimate):
        held["cosine"] = mine[0].apart, cosine(a, b, covariance(world))
    others = any({p.a, p.b} != {"gender", "role"} for p in coded.pointings.found)
    tally.add(held, false=others)


def tie(tally: Tally, n: int, d: int, rng: np.random.Generator, *, rows: str) -> None:
    """Tie gender and role in the collection, each in directions of its own."""
    lie = {k: STRONG * directions(len(SHARES[k]), d, rng) for k in ("gender", "role")}
    world = draw_world(n, d, rng, rows=rows, tied=True, effects=no_effects(d) | lie)
    coded = world.audit(rng)
    spread, held = covariance(world), {}
    means = np.sum([each[world.values[name]] for name, each in lie.items()], axis=0)
    for p in coded.pointings.found:
        if {p.a, p.b} != {"gender", "role"} or not isinstance(p.apart, Estimate):
            continue
        own, raw = [], []
        for name, value in ((p.a, p.value_a), (p.b, p.value_b)):
            mine = world.values[name]
            own.append(against_others(lie[name], np.bincount(mine) / n, int(value)))
            raw.append(
                means[mine == int(value)].mean(axis=0) - means[mine != int(value)].mean(axis=0)
            )
        held["apart"] = p.apart, cosine(own[0], own[1], spread)
        held["raw"] = p.raw, cosine(raw[0], raw[1], spread)
    tally.add(held, false=any(p.explained == "beyond" for p in coded.pointings.found))


def room(tally: Tally, n: int, d: int, rng: np.random.Generator, *, rows: str) -> None:
    """Let the four values of a role differ in a few random directions."""
    effects = no_effects(d)
    effects["role"] = STRONG * directions(4, d, rng)
    world = draw_world(n, d, rng, rows=rows, effects=effects)
    coded = world.audit(rng)
    assert coded.rooms is not None  # there are enough groups
    mine = next(one for one in coded.rooms.each if one.attribute == "role")
    between = covariance(world) - np.eye(d)
    inside = np.linalg.solve(covariance(world), between)
    share, number = np.trace(inside) / d, np.trace(inside) ** 2 / np.trace(inside @ inside)
    held = {"share": (mine.share, float(share)), "own": (mine.own, float(share))}
    if isinstance(mine.directions, Estimate):
        held["directions"] = mine.directions, float(number)
    others = [one for one in coded.rooms.each if one.attribute != "role"]
    tally.add(held, false=any(one.own.low > OWN for one in others))


def hole(tally: Tally, n: int, d: int, rng: np.random.Generator, *, rows: str) -> None:
    """Let a fifth of the prior's codes lie ten deviations off, along dimension 2."""
    world = draw_world(n, d, rng, rows=rows, effects=no_effects(d))
    off = rng.random(len(world.prior)) < 0.2
    world.prior[off, 2] += 10
    found = next(one for one in world.audit(rng).supports if one.source == "prior")
    truth = float(off.mean() + 0.05 * (1 - off.mean()))
    tally.add({"share": (found.empty, truth)}, false=found.where[0][0] != 2)


def timed(n: int, rng: np.random.Generator, d: int = 64, k: int = 15) -> str:
    """Look at the codes of a large collection in groups; return how long it took."""
    group = draw_groups(n, "grouped", rng)
    levels = [2, 3, 4, 5, 8, 10, 12, 20, 40, 100]
    values = np.column_stack(
        [rng.integers(0, m, n) for m in levels] + [rng.normal(size=(n, k - 10))]
    )
    specs = tuple(
        Attribute(
            f"a{j}", "nominal" if j < len(levels) else "continuous", Text(f"a{j}", f"a{j}"),
            tuple(map(str, range(levels[j]))) if j < len(levels) else (), protected=j < 3,
        )
        for j in range(k)
    )  # fmt: skip
    codes = (
        rng.normal(size=(n, d)) + values[:, -1:] + directions(10, d, rng)[values[:, 5].astype(int)]
    )
    space = Space(codes, np.full((n, d), POSTERIOR), rng.normal(size=(1500, d)), np.arange(d))
    wall, used = time.perf_counter(), time.process_time()
    look_at_codes(space, Attributes(specs, values.astype(np.float64), group), rng=rng)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    return f"{n:,} × {d}, {k} attributes: {wall:.0f} s, {used:.0f} s of processor"


PLANTED = {"stereotype": stereotype, "tie": tie, "room": room, "hole": hole}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--audits", type=int, default=200)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--n", type=int, default=1500)
    parser.add_argument("--d", type=int, default=20)
    parser.add_argument("--rows", nargs="+", default=["independent", "grouped"])
    parser.add_argument("--world", nargs="+", default=["noise", "random", "tied"])
    parser.add_argument("--planted", nargs="+", default=[*PLANTED])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timed", type=int, default=0, help="rows; 64 dimensions, 15 attributes")
    asked = parser.parse_args()
    if asked.timed:
        print(timed(asked.timed, np.random.default_rng(asked.seed)))
        return
    if asked.audits:
        print(
            "| world | rows | n | d | audits | direction, % | nearer, % | room, % | empty, % "
            "| any, % | s |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        for world, rows in product(asked.world, asked.rows):
            print(nulls(world, rows, asked.n, asked.d, asked.audits, asked.seed), flush=True)
    if not asked.draws:
        return
    print("\n| planted | rows | n | found, % | intervals that hold the truth, % | false, % |")
    print("|---|---|---|---|---|---|")
    for what, rows in product(asked.planted, asked.rows):
        rng, tally = np.random.default_rng([asked.seed, len(what), len(rows)]), Tally()
        for _ in range(asked.draws):
            PLANTED[what](tally, asked.n, asked.d, rng, rows=rows)
        print(tally.line(what, rows, asked.n), flush=True)


if __name__ == "__main__":
    main()
