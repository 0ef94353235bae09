"""What can go wrong, as one small tree.

::

    TanaoroshiError
    ├── InputError         the user's input is wrong: one sentence, exit code 2
    │   └── MissingExtra   a part that is not installed: says what to install
    └── StoreError         the store cannot be read or written: one sentence, exit code 2

Anything else that escapes is our fault (exit code 3).
"""

from __future__ import annotations

from tanaoroshi.records.words import Arg, Message


class TanaoroshiError(Exception):
    """Base of all errors that carry a sentence for the user.

    Parameters
    ----------
    msgid
        The English sentence, with ``{name}`` places; also the key of the Japanese one. It says
        what is wrong, where (file, row, column), and what to do.
    args
        What goes into the places.
    """

    def __init__(self, msgid: str, /, **args: Arg) -> None:
        self.message = Message(msgid, args)
        super().__init__(self.message.english())


class InputError(TanaoroshiError):
    """The user's input is wrong."""


class MissingExtra(InputError):
    """A part of the program is not installed."""


class StoreError(TanaoroshiError):
    """The store cannot be read or written."""
