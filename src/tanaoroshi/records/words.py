"""Sentences as data: made in the pure core, spoken in a language at the edge.

A :class:`Message` is an English sentence with places and what goes into them; the English
sentence is the key of its translation (gettext). A :class:`Text` is said already, in both
languages: a label that the user wrote, or a sentence that was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Lang = Literal["en", "ja"]
LANGUAGES: tuple[Lang, ...] = ("en", "ja")


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in English and in Japanese."""

    en: str
    ja: str

    def in_(self, lang: Lang) -> str:
        """Return the words in one language."""
        return self.ja if lang == "ja" else self.en

    def __format__(self, spec: str) -> str:
        """Format as English, so that a text fits into an English sentence."""
        return format(self.en, spec)


@dataclass(frozen=True, slots=True)
class Message:
    """An English sentence with ``{places}``, and what goes into them.

    A tuple among ``args`` is an enumeration: it is joined with commas (読点 in Japanese).
    """

    msgid: str
    args: Mapping[str, Arg] = field(default_factory=dict)

    def english(self) -> str:
        """Return the sentence in English."""
        return self.msgid.format(**{k: _english(v) for k, v in self.args.items()})

    def __format__(self, spec: str) -> str:
        """Format as English, so that a message fits into another."""
        return format(self.english(), spec)


Arg = str | int | float | Text | Message | tuple[str | Text | Message, ...]
Words = Text | Message


def message(msgid: str, /, **args: Arg) -> Message:
    """Make a :class:`Message`; the extraction of translatable sentences looks for this name."""
    return Message(msgid, args)


def _english(arg: Arg) -> Arg:
    if isinstance(arg, tuple):
        return ", ".join(str(format(a)) for a in arg)
    return arg
