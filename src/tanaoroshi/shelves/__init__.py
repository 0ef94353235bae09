"""Which attribute sits where in the latent."""

from tanaoroshi.shelves.judge import find_shelves
from tanaoroshi.shelves.settings import ShelfSettings

__all__ = ["ShelfSettings", "find_shelves"]
