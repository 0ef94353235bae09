"""Tanaoroshi takes stock of the latent space of an image-generation model.

>>> import tanaoroshi as tn
>>> model, pictures = tn.load_model("emoji-v2"), tn.load_collection("emoji", limit=200)
>>> (pictures.name, len(pictures), model.latent.shape)
('emoji-noto-16', 200, (16,))

Everything is imported when it is first used, so that ``import tanaoroshi`` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tanaoroshi.archiving import archive
    from tanaoroshi.comparing import compare_stocktakes as compare
    from tanaoroshi.comparing import history_of as history
    from tanaoroshi.engine import encode
    from tanaoroshi.errors import InputError
    from tanaoroshi.gating import gate
    from tanaoroshi.metrics import dci, mig, sap
    from tanaoroshi.metrics import measure as metrics
    from tanaoroshi.models import load_model, model_from_functions
    from tanaoroshi.records.estimates import Estimate, Unmeasured
    from tanaoroshi.shelves import find_shelves
    from tanaoroshi.sources import load_codes, load_collection
    from tanaoroshi.store import open_store
    from tanaoroshi.workflows import report
    from tanaoroshi.workflows import take as stocktake

__version__ = "0.1.0"
__all__ = [
    "Estimate",
    "InputError",
    "Unmeasured",
    "archive",
    "compare",
    "dci",
    "encode",
    "find_shelves",
    "gate",
    "history",
    "load_codes",
    "load_collection",
    "load_model",
    "metrics",
    "mig",
    "model_from_functions",
    "open_store",
    "report",
    "sap",
    "stocktake",
]

_HOMES = {
    "Estimate": "records.estimates:Estimate",
    "InputError": "errors:InputError",
    "Unmeasured": "records.estimates:Unmeasured",
    "archive": "archiving:archive",
    "compare": "comparing:compare_stocktakes",
    "dci": "metrics:dci",
    "encode": "engine:encode",
    "find_shelves": "shelves:find_shelves",
    "gate": "gating:gate",
    "history": "comparing:history_of",
    "load_codes": "sources:load_codes",
    "load_collection": "sources:load_collection",
    "load_model": "models:load_model",
    "metrics": "metrics:measure",
    "mig": "metrics:mig",
    "model_from_functions": "models:model_from_functions",
    "open_store": "store:open_store",
    "report": "workflows:report",
    "sap": "metrics:sap",
    "stocktake": "workflows:take",
}


class _Room(ModuleType):
    """A package whose name is a verb: ``tn.metrics.mig`` is in it, ``tn.metrics(…)`` does it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        verb = _at_home(self.__name__.rpartition(".")[2])
        return verb(*args, **kwargs)


class _Front(ModuleType):
    """Python puts a package here once it is imported, in the place of the verb of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOMES and type(value) is ModuleType:
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Front


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f"module 'tanaoroshi' has no attribute {name!r}"
        raise AttributeError(msg)
    return _at_home(name)


def _at_home(name: str) -> Any:  # noqa: ANN401
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"tanaoroshi.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
