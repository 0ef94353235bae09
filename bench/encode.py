"""What encoding costs beyond the model itself, and how fast it is from every source.

``python bench/encode.py [MODEL_FOLDER]`` prints Markdown. The bare loop is onnxruntime on float32
pictures that lie ready in memory; ours starts from the same pictures as uint8 rows of a
collection. Both use one session and alternate in one run; the ratio is the median of the ratios
of neighbours, so that a machine that slows down slows both. Where other programs use the machine
too, the clock says more of them than of us: then the processor time counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tanaoroshi.engine import encode, read_pictures
from tanaoroshi.engine.encoding import BATCH
from tanaoroshi.models import load_model
from tanaoroshi.models.onnx import OnnxEncoder
from tanaoroshi.records.attributes import Attributes
from tanaoroshi.sources import Collection, load_collection
from tanaoroshi.sources.collection import ArrayImages

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tanaoroshi.models import Model

REPEATS = 7


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds some work takes: on the clock, and of all processors together."""
    start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def in_memory(pictures: NDArray[np.uint8]) -> Collection:
    """Return a collection of pictures that lie in memory."""
    images = ArrayImages(pictures, "memory")
    return Collection("memory", "", Attributes((), np.empty((len(images), 0))), images)


def overhead(model: Model, pictures: NDArray[np.uint8]) -> None:
    """Print our time over that of a bare loop."""
    if not isinstance(model.encoder, OnnxEncoder) or model.image.layout != "NCHW":
        sys.exit("this needs an ONNX model with channels first")
    graph = model.encoder.graph
    ready = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).astype(np.float32) / 255
    collection = in_memory(pictures)

    def bare() -> None:
        for start in range(0, len(ready), BATCH):
            graph.session.run(list(graph.outputs), {graph.main: ready[start : start + BATCH]})

    def ours() -> None:
        encode(model, collection)

    bare()
    ours()
    pairs = [(cost(bare), cost(ours)) for _ in range(REPEATS)]
    for name, costs in zip(
        ("bare loop", "ours, from memory"), zip(*pairs, strict=True), strict=True
    ):
        print(f"| {name} | {len(ready) / statistics.median(wall for wall, _ in costs):,.0f} |")
    for at, name in enumerate(("on the clock", "in processor time")):
        ratios = sorted(mine[at] / plain[at] - 1 for plain, mine in pairs)
        print(
            f"\nOverhead {name}: {statistics.median(ratios):+.1%} "
            f"({ratios[0]:+.1%} to {ratios[-1]:+.1%} in {REPEATS} pairs)"
        )
    print()


def sources(model: Model, pictures: NDArray[np.uint8], folder: Path) -> None:
    """Print the rate from PNG files, and from Parquet with PNG and with large JPEG pictures."""
    files = folder / "png"
    files.mkdir()
    for row, picture in enumerate(pictures):
        Image.fromarray(np.squeeze(picture)).save(files / f"{row}.png")
    names = "\n".join(f"{row}.png" for row in range(len(pictures)))
    (files / "attributes.csv").write_text(f"file\n{names}\n", "utf-8")
    png = [(files / f"{row}.png").read_bytes() for row in range(len(pictures))]
    pq.write_table(pa.table({"image": png}), folder / "png.parquet", row_group_size=1000)
    large = [photograph(picture) for picture in pictures[:1000]]
    pq.write_table(pa.table({"image": large}), folder / "jpeg.parquet", row_group_size=100)
    for name, where in (
        ("PNG files", files),
        ("Parquet with PNG", folder / "png.parquet"),
        ("Parquet with JPEG of 512 × 512", folder / "jpeg.parquet"),
    ):
        collection = load_collection(where)
        rate = len(collection) / min(cost(lambda: encode(model, collection))[0] for _ in range(2))  # noqa: B023
        print(f"| {name} | {rate:,.0f} |")


def photograph(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as a JPEG of 512 × 512."""
    stream = BytesIO()
    Image.fromarray(np.squeeze(picture)).resize((512, 512)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def main() -> None:
    """Print the tables."""
    model = load_model(sys.argv[1] if len(sys.argv) > 1 else "emoji-v2")
    emoji = load_collection("emoji")
    pictures = read_pictures(model.image, emoji, np.arange(len(emoji)))
    print(
        f"{model.name}, {len(pictures):,} pictures of {model.image.height} × "
        f"{model.image.width} × {model.image.channels}, batches of {BATCH}\n"
    )
    print("| source | pictures a second |\n|---|---|")
    overhead(model, pictures)
    print("| source | pictures a second |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        sources(model, pictures, Path(folder))


if __name__ == "__main__":
    main()
