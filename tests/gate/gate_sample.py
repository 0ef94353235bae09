"""Stocktakes and comparisons whose numbers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tanaoroshi.gate import read_policy
from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.comparison import Comparison, Difference, ShelfChange, ShelfMove
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.stocktake import (
    Archive,
    CollectionRef,
    ModelRef,
    Shelf,
    Stocktake,
    Tie,
)
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from tanaoroshi.gate import Policy

NO_DECODER = Unmeasured(Text("no decoder", "デコーダーなし"))
CHANGES: tuple[ShelfChange, ...] = (
    "kept",
    "moved",
    "weaker",
    "broken",
    "gained",
    "never",
    "undecided",
)


def number(value: float, half: float = 0.01, *, level: float = 0.95) -> Estimate:
    return Estimate(value, value - half, value + half, None, 1000, "made up", level)


def shelf(attribute: str) -> Shelf:
    return Shelf(
        attribute=attribute,
        status="own_dimension",
        dimension=0,
        direction=None,
        dimensions=(0,),
        score=number(0.8),
        evidence={},
        association=(0.5,),
        others=(),
        p_adjusted=0.01,
        n_needed=None,
        text=Text("It is there.", "あります。"),
        control=NO_DECODER,
    )


def make_stocktake(**changed: Any) -> Stocktake:  # noqa: ANN401
    labels = {"hue": "色相", "size": "大きさ", "caption": "説明"}
    told: dict[str, Any] = {
        "model": ModelRef("emoji-vae", "3", "ab" * 32),
        "collection": CollectionRef("emoji", 1000, "cd" * 32),
        "settings": {},
        "attributes": tuple(
            Attribute(name, "text" if name == "caption" else "continuous", Text(name.title(), ja))
            for name, ja in labels.items()
        ),
        "dimensions": (),
        "shelves": (shelf("hue"), shelf("size")),
        "metrics": {"mig": number(0.4), "jemmig": number(1.5), "sap": NO_DECODER},
        "metrics_per_attribute": {},
        "reconstruction": {"mse": number(0.02, 0.001)},
        "archive": Archive({}, {}, (Tie("hue", "size", "made up", number(0.25, 0.02), 0.01),)),
        "readers": (),
        "findings": (),
        "summary": (),
        "left_out": (),
        "id": "0123456789abcdef",
    }
    return Stocktake(**told | changed)


def make_comparison(
    status: ShelfChange = "kept",
    *,
    metrics: dict[str, Measured] | None = None,
    mse: Measured | None = None,
    tie: Measured | None = None,
    images: int | None = None,
) -> Comparison:
    candidate = make_stocktake()
    move = ShelfMove(
        "hue",
        status,
        shelf("hue"),
        shelf("hue"),
        number(-0.02),
        Text(f"The shelf is {status}.", f"棚は{status}。"),
        images,
    )
    differences = {"mig": number(0.0), "jemmig": number(0.0)} if metrics is None else metrics
    return Comparison(
        base=ModelRef("emoji-vae", "2", "00" * 32),
        candidate=candidate.model,
        base_id="feedfeedfeedfeed",
        candidate_id=candidate.id,
        collection=candidate.collection,
        n=candidate.collection.n,
        settings={},
        attributes=candidate.attributes,
        dimensions=(),
        shelves=(move,),
        subspace=number(0.9),
        similarity={},
        metrics={name: Difference(number(0.4), number(0.4), d) for name, d in differences.items()},
        reconstruction={
            "mse": Difference(number(0.02, 0.001), number(0.02, 0.001), mse or number(0, 0.0001))
        },
        shares={},
        ties={("size", "hue"): Difference(number(0.25), number(0.25), tie or number(0.0, 0.005))},
        directions=(),
        images=(),
        through="images",
        findings=(),
        summary=(),
    )


def make_policy(*rules: dict[str, Any], **top: Any) -> Policy:  # noqa: ANN401
    return read_policy({**top, "rule": list(rules)}, "policy.toml")
