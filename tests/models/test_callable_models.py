"""Models out of Python functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tanaoroshi.errors import InputError
from tanaoroshi.models import ImageSpec, LatentSpec, Model, model_from_functions

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = ImageSpec(2, 3, 1, (-1.0, 1.0), "NHWC")
LATENT = LatentSpec((6,))
Array = np.ndarray[Any, np.dtype[Any]]


def flatten(x: Array) -> Array:
    return x.reshape(len(x), -1)


def make(encode: Callable[[Array], Any] | None = flatten) -> Model:
    return model_from_functions(
        encode=encode,
        decode=lambda z: z.reshape(-1, 2, 3, 1),
        image=IMAGE,
        latent=LATENT,
        name="mine",
    )


def test_there_and_back() -> None:
    model = make()
    pictures = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 1), np.uint8)
    assert model.encoder is not None
    assert model.decoder is not None
    mean, logvar = model.encoder(pictures)
    assert logvar is None
    np.testing.assert_allclose(mean, flatten(pictures) / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(model.decoder(mean), pictures / 255, atol=1e-6)


def test_pair_is_mean_and_logvar() -> None:
    model = make(lambda x: (flatten(x), flatten(x) - 3))
    assert model.encoder is not None
    mean, logvar = model.encoder(np.zeros((2, 2, 3, 1), np.uint8))
    np.testing.assert_array_equal(logvar, mean - 3)


def test_digest_follows_what_functions_do() -> None:
    assert make().digest == make().digest
    assert make().digest != make(lambda x: 2 * flatten(x)).digest


@pytest.mark.parametrize(
    ("encode", "words"),
    [(lambda x: x[:, :1], "shape"), (lambda x: flatten(x) * np.nan, "not finite")],
)
def test_functions_that_do_not_fit(encode: Callable[[Array], Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make(encode)


def test_no_function() -> None:
    with pytest.raises(InputError, match="neither"):
        model_from_functions(image=IMAGE, latent=LATENT, name="mine")
