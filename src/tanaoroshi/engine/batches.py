"""Batches of pictures, prepared by threads while the model works on earlier ones."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tanaoroshi.engine.identity import as_keys, picture_key
from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Ints
from tanaoroshi.sources.pictures import decode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from tanaoroshi.models import ImageSpec
    from tanaoroshi.sources.collection import Images, Raw


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures that fit a model.

    Attributes
    ----------
    pictures
        uint8 (m, h, w, c).
    rows
        int64 (m,): the rows that could be read.
    broken
        The reason for each row that could not.
    changes
        How many pictures were changed, by the name of the change.
    keys
        S32 (m,): see :func:`~tanaoroshi.engine.identity.picture_key`.
    """

    pictures: NDArray[np.uint8]
    rows: Ints
    broken: Mapping[int, str]
    changes: Mapping[str, int]
    keys: NDArray[np.bytes_]


def batches(
    images: Images, image: ImageSpec, pieces: Iterable[Ints], *, workers: int
) -> Generator[Batch]:
    """Yield the pictures of some pieces, in their order.

    One thread reads, ``workers`` threads decode; at most ``workers + 2`` batches are under way,
    so that memory stays constant however many pieces there are. Closing the generator stops the
    threads.

    Parameters
    ----------
    pieces
        int64 rows, one array for each batch.
    """
    under_way: deque[Future[Batch]] = deque()
    reader = ThreadPoolExecutor(1, "tanaoroshi-read")
    decoders = ThreadPoolExecutor(workers, "tanaoroshi-decode")
    try:
        for rows in pieces:
            raws = reader.submit(images.read, rows)
            under_way.append(decoders.submit(_prepare, raws, rows, image))
            if len(under_way) > workers + 1:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        # The reader last: a decoder may still wait for what it reads.
        decoders.shutdown(wait=False, cancel_futures=True)
        reader.shutdown(wait=True)
        decoders.shutdown(wait=True)


def _prepare(raws: Future[list[Raw]], rows: Ints, image: ImageSpec) -> Batch:
    """Decode and fit the pictures of some rows."""
    pictures = np.empty((len(rows), *image.size, image.channels), np.uint8)
    good: list[int] = []
    keys: list[bytes] = []
    broken: dict[int, str] = {}
    changes: dict[str, int] = {}
    for row, raw in zip(rows.tolist(), raws.result(), strict=True):
        try:
            picture, changed = decode(raw, image.size, image.channels)
        except InputError as error:
            broken[row] = error.message.msgid
            continue
        pictures[len(good)] = picture
        good.append(row)
        keys.append(picture_key(raw))
        for change in changed:
            name = str(change.name)
            changes[name] = changes.get(name, 0) + 1
    return Batch(pictures[: len(good)], np.array(good, np.int64), broken, changes, as_keys(keys))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow from warning of large pictures: those are left out, and that is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield
