"""A stocktake as the demo's would be, made up: every status, real pictures, no model."""

from __future__ import annotations

import io
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import (
    Archive,
    CollectionRef,
    Control,
    Dimension,
    Exhibit,
    Finding,
    ModelRef,
    Reader,
    Shelf,
    ShelfStatus,
    Stocktake,
    Tie,
)
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Kind, Tier
    from tanaoroshi.records.stocktake import Pictures

D = 16
STEPS = 11

# name, English, Japanese, kind, tier, protected, status, dimension, score
ROWS: tuple[tuple[str, str, str, Kind, Tier, bool, ShelfStatus, int | None, float], ...] = (
    ("lightness", "Lightness", "明度", "continuous", "simple", False, "own_dimension", 2, 0.86),
    ("coverage", "Coverage", "占有率", "continuous", "simple", False, "own_dimension", 3, 0.91),
    (
        "aspect",
        "Width to height",
        "縦横比",
        "continuous",
        "simple",
        False,
        "own_dimension",
        4,
        0.72,
    ),
    ("hue", "Hue", "色相", "circular", "simple", False, "own_direction", None, 0.61),
    ("saturation", "Saturation", "彩度", "continuous", "simple", False, "spread", None, 0.44),
    (
        "symmetry",
        "Left-right symmetry",
        "左右対称性",
        "continuous",
        "simple",
        False,
        "spread",
        None,
        0.3,
    ),
    ("detail", "Detail", "細かさ", "continuous", "simple", False, "shared", 2, 0.48),
    ("category", "Category", "カテゴリ", "nominal", "contextual", False, "spread", None, 0.38),
    (
        "subcategory",
        "Subcategory",
        "サブカテゴリ",
        "nominal",
        "contextual",
        False,
        "spread",
        None,
        0.25,
    ),
    ("era", "Emoji version", "絵文字の版", "ordinal", "contextual", False, "none", None, 0.05),
    ("year", "Year added", "追加された年", "ordinal", "contextual", False, "none", None, 0.06),
    ("skin_tone", "Skin tone", "肌の色", "nominal", "contextual", True, "tied", 2, 0.41),
    (
        "skin_tone_level",
        "Skin tone, light to dark",
        "肌の色（明から暗）",
        "ordinal",
        "contextual",
        True,
        "shared",
        2,
        0.55,
    ),
    ("gender", "Gender", "性別", "nominal", "contextual", True, "none", None, 0.08),
    ("role", "Role", "職業・役割", "nominal", "contextual", False, "undecided", None, 0.1),
)
VALUES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "category": (
        ("People & Body", "People & Body", "人と体"),
        ("Flags", "Flags", "旗"),
        ("Objects", "Objects", "物"),
        ("Symbols", "Symbols", "記号"),
        ("Animals & Nature", "Animals & Nature", "動物と自然"),
    ),
    "subcategory": tuple((f"s{i}", f"sub {i}", f"下位{i}") for i in range(14)),
    "era": tuple((str(x), str(x), str(x)) for x in (0.6, 1.0, 2.0, 4.0, 5.0, 11.0, 13.0, 15.1)),
    "year": tuple((str(y), str(y), str(y)) for y in range(2014, 2025)),
    "skin_tone": (
        ("none", "does not apply", "対象外"),
        ("light", "light", "明るい"),
        ("dark", "dark", "濃い"),
    ),
    "skin_tone_level": tuple((str(i), f"level {i}", f"段階{i}") for i in range(1, 6)),
    "gender": (
        ("none", "no person", "人なし"),
        ("woman", "woman", "女性"),
        ("man", "man", "男性"),
    ),
    "role": (("none", "none", "なし"), ("cook", "cook", "料理人"), ("judge", "judge", "裁判官")),
}
UNITS = {"lightness": "CIE L*", "hue": "degree", "aspect": "ratio"}


def estimate(value: float, *, half: float = 0.04, chance: float | None = 0.01) -> Estimate:
    return Estimate(value, value - half, value + half, chance, 3786, "made up for the tests")


def attribute(
    name: str, en: str, ja: str, kind: Kind, tier: Tier | None, *, protected: bool = False
) -> Attribute:
    values = VALUES.get(name, ())
    return Attribute(
        name,
        kind,
        Text(en, ja),
        values=tuple(v for v, _, _ in values),
        value_labels={v: Text(e, j) for v, e, j in values},
        period=360.0 if kind == "circular" else None,
        unit=UNITS.get(name, ""),
        tier=tier,
        protected=protected,
    )


def sample_stocktake() -> Stocktake:
    rng = np.random.default_rng(0)
    attributes = tuple(
        attribute(name, en, ja, kind, tier, protected=protected)
        for name, en, ja, kind, tier, protected, *_ in ROWS
    )
    names = [a.name for a in attributes]
    return Stocktake(
        model=ModelRef("emoji-v2", "2", "0" * 64, "A VAE with sixteen dimensions"),
        collection=CollectionRef("emoji-noto-16", 3786, "1" * 64),
        settings={"seed": 0, "shelves": {"level": 0.95, "bins": 20}, "sizes": [64, 64]},
        attributes=attributes,
        dimensions=tuple(
            Dimension(
                j, "collapsed" if j >= 14 else "active", 0.003 if j >= 14 else 3.2 - j / 6, 1.0
            )
            for j in range(D)
        ),
        shelves=tuple(_shelf(row, names, rng) for row in ROWS),
        metrics={
            "mig": estimate(0.21),
            "sap": estimate(0.12),
            "dci_disentanglement": estimate(0.43),
            "dimension_wise_kl": Estimate(27.1, 26.2, 28.0, None, 3786, "sum over dimensions"),
            "irs": Unmeasured(Text("There are no factors of variation.", "生成要因がありません。")),
        },
        metrics_per_attribute={"mig": {name: estimate(0.2) for name in names[:6]}},
        reconstruction={"mse": estimate(0.012, half=0.001, chance=0.09)},
        archive=_archive(names),
        readers=tuple(
            Reader(n, "measure" if k != "nominal" else "classifier", estimate(0.95))
            for n, _, _, k, *_ in ROWS[:9]
        ),
        findings=(
            Finding(
                "f1",
                "warn",
                "skin_tone",
                Text("Skin tone is tied to lightness.", "肌の色は明度と結びついています。"),
            ),
            Finding(
                "f2",
                "info",
                "latent",
                Text("2 of 16 dimensions are collapsed.", "16次元のうち2次元が休眠しています。"),
            ),
            Finding(
                "f3",
                "fail",
                "gender",
                Text("Gender and hue go together.", "性別と色相が一緒に変わります。"),
            ),
        ),
        summary=tuple(Text(en, ja) for en, ja in SUMMARY),
        left_out=(Text("2 pictures could not be read.", "2枚の画像を読めませんでした。"),),
        id="b7c1e02f9a3d4456",
        recorded_at="2026-11-24T04:12:09+00:00",
    )


SUMMARY = (
    (
        "emoji-v2 (version 2) uses 14 of its 16 dimensions to describe 3,786 images.",
        "emoji-v2（バージョン2）は16次元のうち14次元を使って、emoji-noto-16の3,786枚の画像を表しています。",
    ),
    (
        "4 of 15 attributes have a shelf of their own: Lightness, Coverage, Width to height, Hue.",
        "15の属性のうち4つに自分の棚があります：明度、占有率、縦横比、色相。",
    ),
    (
        "Saturation, Left-right symmetry and Category are known, but spread.",
        "彩度、左右対称性、カテゴリはモデルの中にありますが、複数の次元に分散しています。",
    ),
    (
        "Moving the shelf moves the picture for Lightness and Coverage; not for Detail.",
        "明度と占有率は、棚を動かすと画像も動きます。細かさは動きません。",
    ),
    (
        "In the collection, Skin tone and Category go together (0.62 [0.60, 0.64]).",
        "コレクションでは、肌の色とカテゴリが一緒に変わります（0.62 [0.60, 0.64]）。",
    ),
)


def _shelf(
    row: tuple[str, str, str, Kind, Tier, bool, ShelfStatus, int | None, float],
    names: list[str],
    rng: np.random.Generator,
) -> Shelf:
    name, en, ja, _, _, _, status, dimension, score = row
    association = rng.beta(1, 18, D)
    if dimension is not None:
        association[dimension] = score * 0.6
    if status == "spread":
        association[5:9] = rng.uniform(0.08, 0.2, 4)
    places = (dimension,) if dimension is not None else (6, 8, 5, 7)
    return Shelf(
        attribute=name,
        status=status,
        dimension=dimension,
        direction=tuple(rng.normal(size=D)) if status == "own_direction" else None,
        dimensions=() if status in ("none", "undecided") else places,
        score=estimate(score),
        evidence={
            "best_dimension": estimate(score * 0.9),
            "best_direction": estimate(score * 0.95),
            "all_dimensions": estimate(score),
            "association": estimate(float(association.max())),
            "rank_correlation": estimate(score * 0.8),
            "gap": Unmeasured(Text("Only one dimension.", "次元が一つだけです。")),
        },
        association=tuple(float(x) for x in association),
        others=("lightness",) if status in ("shared", "tied") else (),
        p_adjusted=0.0004,
        n_needed=9000 if status == "undecided" else None,
        text=Text(f"{en}: this is where it is.", f"{ja}：ここにあります。"),
        control=_control(name, status, names),
    )


def _control(name: str, status: ShelfStatus, names: list[str]) -> Control | Unmeasured:
    if status in ("none", "undecided"):
        return Unmeasured(Text("There is no shelf to move.", "動かす棚がありません。"))
    steps = np.linspace(-2.5, 2.5, STEPS)
    middle = {"lightness": 60.0, "hue": 3.0}.get(name, 0.5)
    effect = 0.02 if name in ("detail", "skin_tone") else 1.4
    others = [n for n in names[:7] if n != name]
    curves = {n: tuple(0.5 + 0.02 * i * np.tanh(steps)) for i, n in enumerate(others)}
    curves[name] = tuple(middle * (1 + 0.2 * effect * np.tanh(steps)))
    return Control(
        effect=estimate(effect, half=0.1, chance=None),
        side_effects={n: estimate(0.35 - 0.08 * i, chance=None) for i, n in enumerate(others)},
        steps=tuple(float(s) for s in steps),
        response={n: tuple(float(y) for y in curve) for n, curve in curves.items()},
    )


def _archive(names: list[str]) -> Archive:
    shares = {
        name: {
            value: estimate(0.9 / (i + 2), half=0.01, chance=None)
            for i, (value, _, _) in enumerate(values)
        }
        for name, values in VALUES.items()
    }
    ties = tuple(
        Tie(
            a,
            b,
            "cramers_v",
            estimate(max(0.62 - 0.04 * i, 0.05)),
            0.0001 if i < 14 else 0.4,
        )
        for i, (a, b) in enumerate(zip(names, names[1:] + names[:1], strict=True))
    )
    return Archive(shares, {"hue": 285, "skin_tone_level": 2166}, ties)


def pictures(n: int) -> Pictures:
    """Real emoji, uint8 (n, 64, 64, 3), spread over the collection."""
    where = files("tanaoroshi.data") / "emoji" / "emoji.parquet"
    with where.open("rb") as file:
        column = pq.read_table(file, columns=["image"])["image"]
    found = [column[int(i)].as_py() for i in np.linspace(0, len(column) - 1, n)]
    return np.stack([np.asarray(Image.open(io.BytesIO(x["bytes"])).convert("RGB")) for x in found])


def sample_exhibits(stocktake: Stocktake) -> dict[str, Exhibit]:
    """Pictures of every key, with rows and columns as the demo has them."""
    some = pictures(48)
    shown = {
        "originals": Exhibit(some[:24], 24),
        "reconstructions": Exhibit(some[:24] // 2 + 100, 24),
        "samples": Exhibit(some[24:], 12),
    }
    for i, shelf in enumerate(stocktake.shelves):
        if isinstance(shelf.control, Control):
            shown[f"traversal/{shelf.attribute}"] = _traversal(np.roll(some, i * 5, axis=0)[:5])
    for d in stocktake.dimensions:
        shown[f"dimension/{d.index}"] = _traversal(np.roll(some, d.index * 3, axis=0)[:3])
    for spec in stocktake.attributes:
        if spec.values:
            for i, value in enumerate(spec.values):
                key = f"examples/{spec.name}/{value}"
                shown[key] = Exhibit(np.roll(some, i * 6, axis=0)[:6], 6)
        else:
            shown[f"examples/{spec.name}"] = Exhibit(some[:8], 8)
    return shown


def _traversal(start: Pictures) -> Exhibit:
    """Pictures that grow darker and lighter: a row for each start, a column for each step."""
    gain = np.linspace(0.45, 1.55, STEPS)[None, :, None, None, None]
    frames = np.clip(255 - (255 - start[:, None].astype(np.float64)) * gain, 0, 255)
    return Exhibit(frames.astype(np.uint8).reshape(-1, *start.shape[1:]), STEPS)


def hostile(stocktake: Stocktake) -> Stocktake:
    """The same, with labels that try to become markup."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}{x}"
    specs = tuple(
        replace(
            spec,
            label=Text(evil, evil + "棚"),
            description=evil,
            unit=evil if spec.kind == "continuous" else spec.unit,
            value_labels={v: Text(evil, evil) for v in spec.values},
        )
        for spec in stocktake.attributes
    )
    return replace(
        stocktake,
        attributes=specs,
        model=replace(stocktake.model, name=evil, description=evil, version=evil),
        collection=replace(stocktake.collection, name=evil),
        settings={evil: evil},
        summary=(Text(evil, evil),),
        left_out=(Text(evil, evil),),
    )
