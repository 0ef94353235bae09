"""Encoding: every image once, in constant memory, stopped and resumed to the same bytes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tanaoroshi.engine import decode_codes, encode, image_keys, read_pictures
from tanaoroshi.engine.encoding import BATCHES_A_CHUNK
from tanaoroshi.errors import InputError
from tanaoroshi.models import ImageSpec, LatentSpec, Model, model_from_functions
from tanaoroshi.records.attributes import Attributes
from tanaoroshi.records.codes import KnownCodes
from tanaoroshi.sources.collection import Collection

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.sources.collection import Raw

SIDE = 4


def pixels(row: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(row).integers(0, 256, (SIDE, SIDE), np.uint8)


def png(row: int) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels(row)).save(stream, "PNG")
    return stream.getvalue()


@dataclass
class Counting:
    """Images that know how often and how far they were read."""

    n: int
    broken: frozenset[int] = frozenset()
    read_rows: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return self.n

    def read(self, rows: Ints) -> list[Raw]:
        self.read_rows += rows.tolist()
        return [b"junk" if row in self.broken else png(row) for row in rows.tolist()]

    def place(self, row: int) -> str:
        return f"picture {row}"


def collection(images: Counting) -> Collection:
    return Collection("c", f"digest {images.n}", Attributes((), np.empty((images.n, 0))), images)


def model(stop_after: int | None = None) -> Model:
    calls = []

    def flatten(x: np.ndarray[Any, Any]) -> tuple[Any, Any]:
        calls.append(len(x))
        if stop_after is not None and len(calls) > stop_after + 1:  # one call is the probe's
            raise KeyboardInterrupt
        flat = x.reshape(len(x), -1)
        return flat, flat - 1

    return model_from_functions(
        encode=flatten,
        decode=lambda z: z.reshape(-1, 1, SIDE, SIDE),
        image=ImageSpec(SIDE, SIDE, 1),
        latent=LatentSpec((SIDE * SIDE,)),
        name="m",
    )


def expected(rows: list[int]) -> np.ndarray[Any, Any]:
    return np.stack([pixels(row).ravel() for row in rows]).astype(np.float32) / np.float32(255)


@pytest.mark.parametrize(("n", "batch", "workers"), [(1, 64, 1), (130, 64, 3), (50, 7, 2)])
def test_every_image_once(n: int, batch: int, workers: int) -> None:
    images = Counting(n)
    seen: list[tuple[int, int, str]] = []
    codes = encode(
        model(),
        collection(images),
        batch=batch,
        workers=workers,
        progress=lambda done, total, what: seen.append((done, total, what)),
    )
    np.testing.assert_allclose(codes.mean, expected(list(range(n))), atol=1e-6)
    assert codes.logvar is not None
    np.testing.assert_allclose(codes.logvar, codes.mean - 1)
    assert codes.rows.tolist() == images.read_rows == list(range(n))
    assert seen[-1] == (n, n, "Encoding pictures")
    assert [done for done, _, _ in seen] == sorted({done for done, _, _ in seen})


def test_broken_pictures_are_left_out_and_named() -> None:
    bad = frozenset({0, 5, 6, 7, 8, 9, 10, 63})
    codes = encode(model(), collection(Counting(70, bad)), batch=8)
    good = [row for row in range(70) if row not in bad]
    assert codes.rows.tolist() == good
    np.testing.assert_allclose(codes.mean, expected(good), atol=1e-6)
    (sentence,) = codes.left_out
    for word in ("8 of 70", "picture 0", "picture 5", "…", "broken"):
        assert word in sentence.english()


def test_a_batch_of_nothing_but_broken_pictures() -> None:
    codes = encode(model(), collection(Counting(6, frozenset({2, 3}))), batch=2)
    assert codes.rows.tolist() == [0, 1, 4, 5]


def test_all_broken_or_none_at_all() -> None:
    with pytest.raises(InputError, match=r"None of the 3 pictures of c.*picture 0"):
        encode(model(), collection(Counting(3, frozenset(range(3)))))
    with pytest.raises(InputError, match="no images"):
        encode(model(), collection(Counting(0)))


def test_no_encoder_no_decoder() -> None:
    spec = {"image": ImageSpec(2, 2, 1), "latent": LatentSpec((4,)), "name": "half"}
    decoder = model_from_functions(decode=lambda z: z.reshape(-1, 1, 2, 2), **spec)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="half has no encoder"):
        encode(decoder, collection(Counting(3)))
    encoder = model_from_functions(encode=lambda x: x.reshape(-1, 4), **spec)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="half has no decoder"):
        decode_codes(encoder, np.zeros((1, 4)))


def test_conversions_are_said() -> None:
    small = model_from_functions(
        encode=lambda x: x.reshape(len(x), -1),
        image=ImageSpec(2, 2, 3),
        latent=LatentSpec((12,)),
        name="m",
    )
    notes = [note.english() for note in encode(small, collection(Counting(9))).notes]
    assert any("resized" in note and note.endswith(": 9.") for note in notes)
    assert any("Grey pictures" in note for note in notes)


def test_stopped_and_resumed(tmp_path: Path) -> None:
    n, batch = 4 * BATCHES_A_CHUNK + 3, 2
    bad = frozenset({3, 200})
    whole = encode(model(), collection(Counting(n, bad)), batch=batch)
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        encode(
            model(stop_after=BATCHES_A_CHUNK + 5),
            collection(Counting(n, bad)),
            batch=batch,
            resume=tmp_path,
        )
    assert threading.active_count() == threads
    rest = Counting(n, bad)
    seen: list[int] = []
    codes = encode(
        model(),
        collection(rest),
        batch=batch,
        resume=tmp_path,
        progress=lambda done, total, what: seen.append(done),
    )
    assert min(rest.read_rows) == batch * BATCHES_A_CHUNK
    assert seen[0] > batch * BATCHES_A_CHUNK
    assert codes.mean.tobytes() == whole.mean.tobytes()
    assert codes.logvar is not None
    assert whole.logvar is not None
    assert codes.logvar.tobytes() == whole.logvar.tobytes()
    assert codes.rows.tobytes() == whole.rows.tobytes()
    assert codes.left_out == whole.left_out
    again = Counting(n, bad)
    encode(model(), collection(again), batch=batch, resume=tmp_path)
    assert again.read_rows == []


def test_damaged_and_foreign_work_is_done_anew(tmp_path: Path) -> None:
    images = Counting(20)
    first = encode(model(), collection(images), batch=4, resume=tmp_path)
    (chunk,) = tmp_path.glob("*/*.npz")
    for content in (chunk.read_bytes()[:-200], b"", b"x" * 500):
        chunk.write_bytes(content)
        (chunk.parent / "x.tmp").write_bytes(b"half")
        assert (
            encode(model(), collection(images), batch=4, resume=tmp_path).mean.tobytes()
            == first.mean.tobytes()
        )
        assert not list(tmp_path.glob("*/*.tmp"))
    encode(model(), collection(images), batch=5, resume=tmp_path)
    encode(model(), collection(Counting(21)), batch=4, resume=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(InputError, match="can't be written"):
        encode(model(), collection(Counting(3)), resume=tmp_path / "taken")


def test_reading_stays_close_to_the_model() -> None:
    """Memory is constant: what is read ahead does not grow with the collection."""
    images = Counting(4_000)
    ahead: list[int] = []
    encode(
        model(),
        collection(images),
        batch=10,
        workers=2,
        progress=lambda done, total, what: ahead.append(len(images.read_rows) - done),
    )
    assert max(ahead) <= 10 * (2 + 2)


def test_an_error_while_reading_ends_cleanly() -> None:
    class Failing(Counting):
        def read(self, rows: Ints) -> list[Raw]:
            if rows[0] > 30:
                raise InputError("the disk went away")
            return super().read(rows)

    threads = threading.active_count()
    with pytest.raises(InputError, match="went away"):
        encode(model(), collection(Failing(100)), batch=8)
    assert threading.active_count() == threads


def test_pictures_and_back() -> None:
    source = collection(Counting(90))
    rows = np.array([80, 3, 3, 89])
    pictures = read_pictures(model().image, source, rows)
    np.testing.assert_array_equal(pictures[..., 0], [pixels(row) for row in rows])
    codes = encode(model(), source).mean[rows]
    made = decode_codes(model(), codes, batch=3)
    np.testing.assert_allclose(made, pictures / 255, atol=1e-6)
    with pytest.raises(InputError, match="picture 3"):
        read_pictures(model().image, collection(Counting(9, frozenset({3}))), np.array([3]))


def test_pictures_are_hashed_while_they_are_read() -> None:
    images = Counting(70, frozenset({3}))
    codes = encode(model(), collection(images), batch=8)
    assert len(images.read_rows) == 70
    assert codes.keys.tolist() == image_keys(collection(images), codes.rows).tolist()


def test_known_pictures_are_not_encoded_again(tmp_path: Path) -> None:
    before = encode(model(), collection(Counting(100, frozenset({3}))), batch=8)
    # Told apart from what the model would say, to see where they come from.
    known = KnownCodes(before.keys, before.mean + 7, before.logvar)
    rows = np.array([110, 5, 4, 3, 5, 101])
    images = collection(Counting(120, frozenset({3, 101}))).take(rows)
    for _ in range(2):
        after = encode(model(), images, known=known, resume=tmp_path)
        assert after.rows.tolist() == [0, 1, 2, 4]
        assert after.taken_over == 3
        place = before.rows.tolist().index(5)
        assert after.mean[1].tobytes() == after.mean[3].tobytes() == known.mean[place].tobytes()
        np.testing.assert_allclose(after.mean[0], expected([110])[0], atol=1e-6)
        assert after.logvar is not None
        assert after.logvar[1].tobytes() == before.logvar[place].tobytes()  # type: ignore[index]
        assert after.keys.tolist() == image_keys(images, after.rows).tolist()
        assert "2 of 6" in after.left_out[0].english()


def test_nothing_new_and_nothing_known() -> None:
    before = encode(model(), collection(Counting(9)), batch=4)
    known = KnownCodes(before.keys, before.mean, before.logvar)
    again = encode(model(stop_after=0), collection(Counting(9)), known=known)
    assert again.mean.tobytes() == before.mean.tobytes()
    nothing = KnownCodes(before.keys[:0], before.mean[:0], before.mean[:0])
    anew = encode(model(), collection(Counting(9)), batch=4, known=nothing)
    assert (anew.mean.tobytes(), anew.taken_over) == (before.mean.tobytes(), 0)
