"""What a picture shows, said without the model's help."""

from tanaoroshi.readers.fit import FittedReader, fit_reader, fit_readers, read_all
from tanaoroshi.readers.measures import MEASURES, background_of, measure

__all__ = [
    "MEASURES",
    "FittedReader",
    "background_of",
    "fit_reader",
    "fit_readers",
    "measure",
    "read_all",
]
