"""Collections in every form, as they should be."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tanaoroshi.errors import InputError
from tanaoroshi.sources import load_codes, load_collection, save_codes

if TYPE_CHECKING:
    from pathlib import Path


def png(shade: int, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> bytes:
    stream = BytesIO()
    Image.new(mode, size, shade if mode in ("L", "P") else (shade,) * len(mode)).save(stream, "PNG")
    return stream.getvalue()


def make_folder(folder: Path, n: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    for i in range(n):
        (folder / f"{i}.png").write_bytes(png(10 * i))
    rows = "".join(f"{i}.png,{'ab'[i % 2]},{i / 3}\n" for i in range(n))
    (folder / "attributes.csv").write_text("file,letter,amount\n" + rows, "utf-8")
    return folder


def make_parquet(path: Path, n: int = 200, *, group: int = 50) -> Path:
    pictures = [{"bytes": png(i), "path": f"{i}.png"} for i in range(n)]
    table = pa.table(
        {
            "image": pa.array(pictures),
            "label": pa.array([i % 3 for i in range(n)]),
            "size": pa.array([float(i) ** 1.5 for i in range(n)], pa.float32()),
        }
    ).replace_schema_metadata(
        {
            "huggingface": '{"info": {"features": {"label": {"names": ["cat", "dog", "owl"], '
            '"_type": "ClassLabel"}}}}'
        }
    )
    pq.write_table(table, path, row_group_size=group)
    return path


def test_emoji_ships() -> None:
    emoji = load_collection("emoji")
    assert len(emoji) == 3786
    assert emoji.notes == ()
    assert emoji.left_out == ()
    specs = {spec.name: spec for spec in emoji.attributes.specs}
    assert specs["hue"].kind == "circular"
    assert specs["era"].values[:3] == ("0.6", "0.7", "1.0")
    assert specs["year"].values[0] == "2010"
    assert specs["skin_tone"].protected
    assert specs["skin_tone"].value_label("none").ja == "対象外"
    hue = emoji.attributes.column("hue")
    assert np.isnan(hue).sum() == 285
    assert np.nanmin(hue) >= 0
    assert np.nanmax(hue) < 2 * np.pi
    assert emoji.attributes.group is not None
    assert emoji.attributes.group.max() == 1910
    assert set(emoji.attributes.identifiers) == {"codepoints", "base", "name"}


def test_folder(tmp_path: Path) -> None:
    collection = load_collection(make_folder(tmp_path / "c"))
    assert collection.name == "c"
    assert collection.attributes.names == ("letter", "amount")
    assert collection.attributes.kinds == ("nominal", "continuous")
    assert all(spec.inferred for spec in collection.attributes.specs)
    assert len(collection.notes) == 1
    assert collection.images.read(np.array([3])) == [png(30)]
    assert collection.images.place(3) == "3.png"


def test_folder_with_parquet_table(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "c")
    names = [f"{i}.png" for i in range(6)]
    pq.write_table(
        pa.table({"file": names, "amount": [0.5 * i for i in range(6)]}),
        folder / "attributes.parquet",
    )
    (folder / "attributes.csv").unlink()
    assert load_collection(folder).attributes.names == ("amount",)


def test_npz(tmp_path: Path) -> None:
    pictures = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
    np.savez_compressed(
        tmp_path / "a.npz",
        images=pictures,
        hue=np.array([0.0, 90, 180, 350]),
        word=np.array(["x", "y", "x", ""]),
    )
    (tmp_path / "a.toml").write_text(
        'schema = "tanaoroshi/collection/1"\n[attributes.hue]\nkind = "circular"\nperiod = 360\n',
        "utf-8",
    )
    collection = load_collection(tmp_path / "a.npz")
    np.testing.assert_array_equal(collection.images.read(np.array([2]))[0], pictures[2])
    np.testing.assert_allclose(collection.attributes.column("hue"), np.radians([0, 90, 180, 350]))
    assert np.isnan(collection.attributes.column("word")[3])


def test_parquet_streams_in_any_order(tmp_path: Path) -> None:
    collection = load_collection(make_parquet(tmp_path / "p.parquet"))
    assert collection.attributes.kinds == ("nominal", "continuous")
    assert collection.attributes.specs[0].values == ("cat", "dog", "owl")
    for rows in ([0, 1, 199], [150, 3, 3, 99, 100], list(range(200))):
        assert collection.images.read(np.array(rows)) == [png(row) for row in rows]


def test_parquet_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    make_parquet(folder / "a.parquet", 30)
    make_parquet(folder / "b.parquet", 20)
    collection = load_collection(folder)
    assert len(collection) == 50
    assert collection.images.read(np.array([29, 30, 49])) == [png(29), png(0), png(19)]
    assert collection.images.place(31) == "b.parquet[1]"


def test_parquet_with_plain_bytes_and_named_column(tmp_path: Path) -> None:
    table = pa.table({"picture": pa.array([png(1), png(2)]), "a": [1.5, 2.5]})
    pq.write_table(table, tmp_path / "p.parquet")
    (tmp_path / "p.toml").write_text(
        'schema = "tanaoroshi/collection/1"\nimages = "picture"\n', "utf-8"
    )
    assert load_collection(tmp_path / "p.parquet").images.read(np.array([1])) == [png(2)]


@pytest.mark.parametrize("form", ["folder", "npz", "parquet"])
def test_digest_follows_content(tmp_path: Path, form: str) -> None:
    def write(shade: int) -> Path:
        if form == "folder":
            path = make_folder(tmp_path / "c")
            (path / "3.png").write_bytes(png(shade))
        elif form == "npz":
            path = tmp_path / "a.npz"
            np.savez(path, images=np.full((3, 4, 4), shade, np.uint8))
        else:
            path = tmp_path / "p.parquet"
            pq.write_table(pa.table({"image": [png(shade)]}), path)
        return path

    first = load_collection(write(1)).digest
    assert load_collection(write(1)).digest == first
    assert load_collection(write(2)).digest != first


def test_sample_is_seeded_and_known_by_its_digest() -> None:
    a, b = load_collection("emoji:100", seed=1), load_collection("emoji", limit=100, seed=1)
    c = load_collection("emoji:100", seed=2)
    assert len(a) == 100
    assert a.digest == b.digest != c.digest
    assert a.attributes.identifiers == b.attributes.identifiers
    whole = load_collection("emoji")
    name = a.attributes.identifiers["codepoints"][7]
    row = whole.attributes.identifiers["codepoints"].index(name)
    assert a.images.read(np.array([7])) == whole.images.read(np.array([row]))


def test_codes_round_trip(tmp_path: Path) -> None:
    emoji = load_collection("emoji")
    codes = np.random.default_rng(0).standard_normal((len(emoji), 4)).astype(np.float32)
    save_codes(tmp_path / "z.npz", codes, emoji.attributes, logvar=codes - 1)
    back = load_codes(tmp_path / "z.npz")
    np.testing.assert_array_equal(back.codes, codes)
    assert back.logvar is not None
    np.testing.assert_array_equal(back.logvar, codes - 1)
    np.testing.assert_allclose(back.attributes.values, emoji.attributes.values, rtol=1e-12)
    assert back.attributes.specs == emoji.attributes.specs
    assert back.attributes.identifiers == emoji.attributes.identifiers
    assert emoji.attributes.group is not None
    assert back.attributes.group is not None
    pairs = set(zip(emoji.attributes.group.tolist(), back.attributes.group.tolist(), strict=True))
    assert len(pairs) == len(set(emoji.attributes.group.tolist()))


def test_codes_with_factors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "z.npz",
        codes=rng.standard_normal((50, 3)),
        factors=rng.standard_normal((50, 2)),
        factor_names=np.array(["u", "v"]),
    )
    assert load_codes(tmp_path / "z.npz").attributes.names == ("u", "v")


ANNOTATED = """schema = "tanaoroshi/collection/1"
[attributes.mood]
kind = "ordinal"
order = ["sad", "neutral", "glad"]
annotators = ["ann", "ben", "eva"]
[attributes.kind]
kind = "nominal"
annotators = ["k1", "k2"]
not_applicable = ["x"]
[attributes.warmth]
kind = "continuous"
annotators = ["w1", "w2"]
[attributes.season]
kind = "ordinal"
order = ["b", "a"]
time = true
"""


def annotated(tmp_path: Path, toml: str = ANNOTATED, **columns: list[object]) -> Path:
    path = tmp_path / "annotated.npz"
    given: dict[str, list[object]] = {
        "ann": ["sad", "glad", "sad", "glad"],
        "ben": ["sad", "glad", "glad", ""],
        "eva": ["glad", "glad", "neutral", "neutral"],
        "k1": ["x", "y", "x", "y"],
        "k2": ["x", "y", "y", "y"],
        "w1": [0.0, 1.0, float("nan"), 3.0],
        "w2": [1.0, 1.0, 2.0, 5.0],
        "season": ["a", "b", "a", "b"],
        **columns,
    }
    arrays = {name: np.array(values) for name, values in given.items()}
    np.savez(path, allow_pickle=False, images=np.zeros((4, 4, 4), np.uint8), **arrays)
    path.with_suffix(".toml").write_text(toml)
    return path


def test_what_several_annotators_say_becomes_one_value(tmp_path: Path) -> None:
    table = load_collection(str(annotated(tmp_path))).attributes
    assert table.names == ("mood", "kind", "warmth", "season")
    nan = np.nan
    # The last two answers to mood lie around the middle: split.
    assert np.array_equal(table.column("mood"), [0, 2, 1, nan], equal_nan=True)
    assert np.array_equal(table.column("kind"), [0, 1, nan, 1], equal_nan=True)
    assert np.array_equal(table.column("warmth"), [0.5, 1, 2, 4])
    assert np.array_equal(table.answers["kind"], [[0, 0], [1, 1], [0, 1], [1, 1]])
    assert np.array_equal(table.answers["mood"][3], [2, nan, 1], equal_nan=True)
    some = table.take(np.array([3, 0]))
    assert np.array_equal(some.answers["warmth"], [[3, 5], [0, 1]])
    specs = {spec.name: spec for spec in table.specs}
    assert specs["season"].time
    assert specs["kind"].not_applicable == ("x",)


def test_a_column_of_its_own_goes_before_the_votes(tmp_path: Path) -> None:
    path = annotated(tmp_path, kind=["z", "z", "x", "y"])
    table = load_collection(str(path)).attributes
    spec = table.specs[table.names.index("kind")]
    assert [spec.values[int(v)] for v in table.column("kind")] == ["z", "z", "x", "y"]
    assert [spec.values[int(v)] for v in table.answers["kind"][:, 1]] == ["x", "y", "y", "y"]


def test_whole_numbers_of_annotators_stay_whole(tmp_path: Path) -> None:
    path = annotated(tmp_path, k1=[1, 2, 1, 2], k2=[1.0, float("nan"), 3.0, 2.0])
    path.with_suffix(".toml").write_text(ANNOTATED.replace('not_applicable = ["x"]', ""))
    table = load_collection(str(path)).attributes
    assert table.specs[table.names.index("kind")].values == ("1", "2", "3")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('["k1", "k2"]', '["k1"]', "attributes.kind.annotators"),
        ('["k1", "k2"]', '["k1", "k1"]', "attributes.kind.annotators"),
        ('["k1", "k2"]', '["k1", "season"]', "attributes.kind.annotators"),
        ('["k1", "k2"]', '["k1", "k9"]', "k9"),
        ('["k1", "k2"]', '["k1", "w1"]', "text and others numbers"),
        ('kind = "nominal"', 'kind = "text"', "agreement"),
        ('["x"]', '["none"]', "none"),
        ('not_applicable = ["x"]', "time = true", "attributes.kind.time"),
    ],
)
def test_mistakes_about_annotators_get_one_sentence(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    assert before in ANNOTATED
    path = annotated(tmp_path, ANNOTATED.replace(before, after))
    with pytest.raises(InputError, match=says):
        load_collection(str(path))


def test_dates_become_years_and_stand_for_time(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "dated", 4)
    days = ("2024-07-02", "", "2023-01-01", "2020-12-31")
    rows = "".join(f"{k}.png,{day}\n" for k, day in enumerate(days))
    (folder / "attributes.csv").write_text("file,taken\n" + rows, "utf-8")
    table = load_collection(str(folder)).attributes
    spec = table.specs[table.names.index("taken")]
    assert (spec.kind, spec.unit, spec.time) == ("continuous", "year", True)
    years = table.column("taken")
    assert years[0] == pytest.approx(2024 + 183 / 366)
    assert np.isnan(years[1])
    assert years[2] == 2023
    assert 2020.99 < years[3] < 2021


def test_parquet_dates_are_dates(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "dated.parquet", 40)
    table = pq.read_table(path)
    days = pa.array([18_000 + 30 * k for k in range(40)], pa.date32())
    pq.write_table(table.append_column("taken", days), path)
    read = load_collection(str(path)).attributes
    years = read.column("taken")
    assert (np.diff(years) > 0.08).all()
    assert read.specs[read.names.index("taken")].time
