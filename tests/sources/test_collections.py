"""Collections in every form, as they should be."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

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
