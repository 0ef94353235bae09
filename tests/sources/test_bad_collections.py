"""Whatever is wrong with a collection ends in one sentence, or is left out and said."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanaoroshi.errors import InputError
from tanaoroshi.sources import load_codes, load_collection

if TYPE_CHECKING:
    from pathlib import Path

PIXEL = np.full((1, 1), 7, np.uint8)
SCHEMA = 'schema = "tanaoroshi/collection/1"\n'
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def folder(tmp: Path, table: str | bytes, toml: str = "", files: str = "a b c d") -> Path:
    for name in files.split():
        (tmp / name).write_bytes(b"P5 1 1 255 x")
    content = table.encode() if isinstance(table, str) else table
    (tmp / "attributes.csv").write_bytes(content)
    if toml:
        (tmp / "collection.toml").write_text(SCHEMA + toml, "utf-8")
    return tmp


def fails(where: Path | str, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_collection(where)
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", ["empty"]),
        ("file,x\n", ["no rows"]),
        ("name,x\na,1\n", ["no column file", "name, x"]),
        ("file;x\na;1\n", ["commas"]),
        ("file,x,x\na,1,2\n", ["two columns", "x"]),
        ("file,,x\na,1,2\n", ["no name"]),
        ("file,x\na,1\nb,2,3\n", ["line 3", "3 cells"]),
        ("file,x\na,1\n,2\n", ["row 2", "no file"]),
        ("file,x\n../a,1\n", ["row 1", "outside"]),
        ("file,x\n/etc/passwd,1\n", ["outside"]),
        ("file,x\n..\\a,1\n", ["outside"]),
        ("file,x\nC:\\a.png,1\n", ["outside"]),
        ("file,x\nnope,1\nneither,2\n", ["none of the 2", "nope"]),
        ("file,x\na,1\na,2\n", ["rows 1 and 2", "x"]),
        ('file,x\na,"1\n', ["not CSV"]),
        ("file,x\na," + "y" * 200_000 + "\n", ["not CSV"]),
        ("file,x\na,1\n".encode("utf-16"), ["UTF-8"]),
        ("file,x\na,色\n".encode("shift_jis"), ["UTF-8"]),
        ("file,x\na,inf\nb,2\n", ["infinite", "row 1"]),
    ],
)
def test_bad_tables(tmp_path: Path, table: str | bytes, words: list[str]) -> None:
    fails(folder(tmp_path, table), *words)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[attributes.x]\nkind = "round"', ["attributes.x.kind", "nominal"]),
        ("[attributes.x]\n", ["attributes.x.kind", "missing"]),
        ('[attributes.y]\nkind = "nominal"', ["y", "does not exist"]),
        ('identifiers = ["z"]', ["z", "does not exist"]),
        ('group = "z"', ["z", "does not exist"]),
        ("group = 3", ["group", "text"]),
        ('[attributes.x]\nkind = "circular"', ["period"]),
        ('[attributes.x]\nkind = "circular"\nperiod = -1', ["period", "above 0"]),
        ('[attributes.x]\nkind = "circular"\nperiod = nan', ["period", "number"]),
        ('[attributes.x]\nkind = "ordinal"\norder = [1, 2]', ["order", "lacks", "3"]),
        ('[attributes.x]\nkind = "ordinal"\norder = [1, 1]', ["repetitions"]),
        ('[attributes.w]\nkind = "ordinal"', ["order must be given"]),
        ('[attributes.w]\nkind = "continuous"', ["w", "text"]),
        ('[attributes.x]\nkind = "nominal"\nlabel = 3', ["label"]),
        ('[attributes.x]\nkind = "nominal"\nprotected = "yes"', ["protected", "true or false"]),
        ('identifiers = ["x"]\n[attributes.x]\nkind = "nominal"', ["x", "Keep one"]),
        ("attributes = 3", ["attributes", "table"]),
        ("[attributes", ["not valid TOML"]),
    ],
)
def test_bad_declarations(tmp_path: Path, toml: str, words: list[str]) -> None:
    table = "file,x,w\na,1,u\nb,2,v\nc,3,u\n"
    fails(folder(tmp_path, table, toml), *words)


def test_bad_schema(tmp_path: Path) -> None:
    where = folder(tmp_path, "file,x\na,1\n")
    (where / "collection.toml").write_text('name = "x"\n', "utf-8")
    fails(where, "schema", "missing")
    (where / "collection.toml").write_text('schema = "tanaoroshi/collection/9"\n', "utf-8")
    fails(where, "tanaoroshi/collection/9")
    (where / "collection.toml").write_bytes(SCHEMA.encode("utf-16"))
    fails(where, "UTF-8")


def test_link_that_leads_out(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (inner / "a").symlink_to(tmp_path / "secret")
    (inner / "attributes.csv").write_text("file,x\na,1\n", "utf-8")
    fails(inner, "outside")


def test_what_is_usable_is_used(tmp_path: Path) -> None:
    table = "﻿file,x,c,e,u\na,1,k,,1.5\n\nb,2,k,,2.5\n,,,,\ngone,3,k,,3.5\na,1,k,,1.5\n"
    collection = load_collection(folder(tmp_path, table))
    assert len(collection) == 2
    assert collection.attributes.names == ("x", "u")
    said = " ".join(str(m.english()) for m in collection.left_out)
    for word in (
        "gone",
        "empty rows",
        "repeat",
        "attribute c has the same",
        "attribute e is empty",
    ):
        assert word in said


def test_one_image_and_no_attributes(tmp_path: Path) -> None:
    collection = load_collection(folder(tmp_path, "file\na\n"))
    assert len(collection) == 1
    assert collection.attributes.names == ()


def test_unique_values_are_shown_not_measured(tmp_path: Path) -> None:
    rows = "".join(f"a{i},word{i},{i},{'long ' * 60}{i % 2}\n" for i in range(40))
    files = " ".join(f"a{i}" for i in range(40))
    toml = '[attributes.word]\nkind = "nominal"\n'
    collection = load_collection(folder(tmp_path, "file,word,row,essay\n" + rows, toml, files))
    assert collection.attributes.names == ()
    assert set(collection.attributes.identifiers) == {"word", "row", "essay"}
    assert ["word" in m.english() for m in collection.left_out] == [True]


def test_unknown_key_is_named(tmp_path: Path) -> None:
    toml = '[attributes.x]\nkind = "continuous"\nperoid = 3\n'
    collection = load_collection(folder(tmp_path, "file,x\na,1\nb,2\n", toml))
    assert any("attributes.x.peroid" in note.english() for note in collection.notes)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "where",
    ["nowhere", "emoji:0", "emoji:x", "dsprites:-3", "dsprites:²", "a\0b", "x" * 5000, ""],
)
def test_names_that_lead_nowhere(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(where)


def test_things_that_are_no_collection(tmp_path: Path) -> None:
    fails(tmp_path, "neither attributes.csv")
    (tmp_path / "model.toml").write_text("", "utf-8")
    fails(tmp_path, "is a model")
    (tmp_path / "a.txt").write_text("x", "utf-8")
    fails(tmp_path / "a.txt", "no collection")
    both = tmp_path / "both"
    both.mkdir()
    folder(both, "file\na\n")
    (both / "attributes.parquet").write_bytes(b"")
    fails(both, "two tables")


def test_bad_parquet(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(b"")
    fails(path, "not a Parquet")
    path.write_bytes(b"PAR1" + b"x" * 50)
    fails(path, "damaged")
    pq.write_table(pa.table({"a": [1]}), path)
    fails(path, "no column image", "a")
    pq.write_table(pa.table({"image": ["text"]}), path)
    fails(path, "image", "string")
    pq.write_table(pa.table({"image": pa.array([], pa.binary())}), path)
    fails(path, "no rows")
    pq.write_table(
        pa.Table.from_arrays([pa.array([b"x"]), pa.array([b"x"])], ["image", "image"]), path
    )
    fails(path, "two columns")
    several = tmp_path / "several"
    several.mkdir()
    pq.write_table(pa.table({"image": [b"x"], "a": [1]}), several / "1.parquet")
    pq.write_table(pa.table({"image": [b"x"], "a": ["1"]}), several / "2.parquet")
    fails(several, "2.parquet", "a")


def test_columns_that_mean_nothing_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"image": [b"x", b"y"], "boxes": [[1, 2], [3]]}), path)
    assert "boxes" in load_collection(path).left_out[0].english()


def write_npz(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (117 - len(text)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (header("(1000000, 1000000, 1000)"), ["another size"]),
        (header("(99999999999, 99999999999, 99999999999)") + b"x", ["another size"]),
        (header("(-1, 2, 2)"), []),
        (header("(2, 2, 2)") + b"1234567", ["another size"]),
        (header("(1, 1, 1)", "'|O'") + b"x", ["pickled"]),
        (header("(1, 2, 2)", "'<f4'") + b"\0" * 16, ["float32", "uint8"]),
        (header("(4,)") + b"1234", ["height"]),
        (header("(1, 3, 9, 9)") + b"\0" * 243, ["transpose"]),
        (header("(0, 4, 4)"), ["no picture"]),
        (b"no header", []),
        (b"", []),
    ],
)
def test_bad_arrays(tmp_path: Path, member: bytes, words: list[str]) -> None:
    fails(write_npz(tmp_path / "a.npz", images=member), *words)


def test_bad_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    images = np.zeros((3, 2, 2), np.uint8)
    np.savez(path, images=images, a=np.zeros(4))
    fails(path, "a", "(4,)", "3")
    np.savez(path, images=images, a=np.zeros((3, 2)))
    fails(path, "(3, 2)")
    np.savez(path, images=images, a=np.array([1j, 2, 3]))
    fails(path, "complex")
    np.savez(path, images=images, a=np.array([b"\xff", b"a", b"b"]))
    fails(path, "UTF-8")
    np.savez(path, pictures=images)
    fails(path, "no array images", "pictures")
    np.savez(path, images=images, a=np.array([{}, 1, "x"], dtype=object))
    fails(path, "pickled")
    path.write_bytes(b"")
    fails(path, "damaged")


def test_zip_bomb(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", images=header("(1, 1, 1)") + b"x")
    raw = bytearray(path.read_bytes())
    # Both directories of the archive now say that the entry unpacks to almost 4 GiB.
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = raw.index(mark) + at
        raw[start : start + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(raw)
    fails(path, "another size")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_codes_that_are_not_finite(tmp_path: Path, bad: float) -> None:
    codes = np.zeros((4, 2))
    codes[2, 1] = bad
    np.savez(tmp_path / "z.npz", codes=codes)
    with pytest.raises(InputError, match="row 2, dimension 1"):
        load_codes(tmp_path / "z.npz")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"z": np.zeros((2, 2))}, "no array codes"),
        ({"codes": np.zeros(4)}, "images × dimensions"),
        ({"codes": np.zeros((4, 0))}, "images × dimensions"),
        ({"codes": np.array([["a"]])}, "should be numbers"),
        ({"codes": np.zeros((4, 2)), "logvar": np.zeros((4, 3))}, "logvar"),
        ({"codes": np.zeros((4, 2)), "factors": np.zeros((3, 2))}, "factors"),
        (
            {
                "codes": np.zeros((4, 2)),
                "factors": np.zeros((4, 2)),
                "factor_names": np.array(["a"]),
            },
            "different names",
        ),
        ({"codes": np.zeros((4, 2)), "x": np.zeros(3)}, "x"),
    ],
)
def test_bad_codes(tmp_path: Path, arrays: dict[str, np.ndarray[Any, Any]], words: str) -> None:
    np.savez(tmp_path / "z.npz", allow_pickle=False, **arrays)
    with pytest.raises(InputError, match=words):
        load_codes(tmp_path / "z.npz")


def good_npz() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        images=np.arange(48, dtype=np.uint8).reshape(3, 4, 4),
        a=np.array([1.5, 2, 3]),
        b=np.array(["x", "y", "x"]),
    )
    return stream.getvalue()


def good_parquet() -> bytes:
    stream = io.BytesIO()
    rows = {"image": [b"abc"] * 20, "a": [i / 7 for i in range(20)], "b": ["x", "y"] * 10}
    pq.write_table(pa.table(rows), stream, row_group_size=7)
    return stream.getvalue()


GOOD_TOML = (
    SCHEMA + 'name = "n"\n[attributes.a]\nkind = "circular"\nperiod = 3.5\n'
    'label = { en = "A", ja = "あ" }\n'
).encode()
GOOD_CSV = b"file,a,b\na,1.5,x\nb,2,y\nc,3,x\n"

damage = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8)


def damaged(raw: bytes, flips: list[tuple[int, int]], cut: int) -> bytes:
    changed = bytearray(raw)
    for place, value in flips:
        changed[place % len(raw)] = value
    return bytes(changed[: len(raw) - cut])


def survives(where: Path) -> None:
    """Either the collection can be used, or one sentence says why it can't."""
    try:
        collection = load_collection(where)
        collection.images.read(np.arange(len(collection)))
    except InputError as error:
        sentence = str(error)
    else:
        sentence = "usable"
    assert sentence
    assert "\n" not in sentence


@FUZZ
@given(flips=damage, cut=st.integers(0, 100))
def test_damaged_npz(tmp_path: Path, flips: list[tuple[int, int]], cut: int) -> None:
    (tmp_path / "a.npz").write_bytes(damaged(good_npz(), flips, cut))
    survives(tmp_path / "a.npz")


@FUZZ
@given(flips=damage, cut=st.integers(0, 100))
def test_damaged_parquet(tmp_path: Path, flips: list[tuple[int, int]], cut: int) -> None:
    (tmp_path / "p.parquet").write_bytes(damaged(good_parquet(), flips, cut))
    survives(tmp_path / "p.parquet")


@FUZZ
@given(flips=damage, cut=st.integers(0, 30), which=st.booleans())
def test_damaged_text(
    tmp_path: Path, flips: list[tuple[int, int]], cut: int, *, which: bool
) -> None:
    where = folder(tmp_path, damaged(GOOD_CSV, flips, cut) if which else GOOD_CSV)
    toml = GOOD_TOML if which else damaged(GOOD_TOML, flips, cut)
    (where / "collection.toml").write_bytes(toml)
    survives(where)
