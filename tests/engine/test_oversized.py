"""A picture too large to be honest among good ones is left out, and the reason can be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tanaoroshi.engine import encode
from tanaoroshi.models import load_model
from tanaoroshi.sources import load_collection
from tanaoroshi.sources.pictures import MAX_PIXELS
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.records.words import Lang


@pytest.mark.parametrize(("lang", "reason"), [("en", "64 million pixels"), ("ja", "6,400万画素")])
def test_an_oversized_picture_is_left_out_with_its_reason(
    tmp_path: Path, disc_model: Path, lang: Lang, reason: str
) -> None:
    assert MAX_PIXELS == 64 * 10**6
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(
            tmp_path / f"{name}.png"
        )
    side = int(MAX_PIXELS**0.5) + 8
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    rows = "file,kind\na.png,x\nb.png,y\nc.png,x\nbomb.png,y\n"
    (tmp_path / "attributes.csv").write_text(rows)
    codes = encode(load_model(disc_model), load_collection(tmp_path))
    assert codes.rows.tolist() == [0, 1, 2]
    said = " ".join(translate(sentence, lang) for sentence in codes.left_out)
    assert "bomb.png" in said
    assert reason in said
