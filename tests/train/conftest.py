"""One thread: tiny nets gain nothing from more, and lose much on a busy machine."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
