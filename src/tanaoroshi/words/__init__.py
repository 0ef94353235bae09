"""Speaks messages in a language: the English sentence is the key of the Japanese one (gettext)."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tanaoroshi.records.words import Message, Text

if TYPE_CHECKING:
    from tanaoroshi.records.words import Arg, Lang, Words

DOMAIN = "tanaoroshi"
LOCALE = Path(__file__).parent / "locale"

_JOINERS: dict[Lang, str] = {"en": ", ", "ja": "、"}


@cache
def catalogue(lang: Lang) -> gettext.NullTranslations:
    """Return the gettext catalogue of a language, for templates; English is its own key."""
    if lang == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE, languages=[lang])


def translate(words: Arg, lang: Lang) -> str:
    """Say words in a language.

    Parameters
    ----------
    words
        A message or a text; or what may stand in a place of one: a plain string or number is
        returned as it is, an enumeration is joined ("a, b" or "a、b").
    lang
        ``en`` or ``ja``. A sentence that has no translation yet is said in English.

    Examples
    --------
    >>> from tanaoroshi.records.words import Text, message
    >>> hue, size = Text("hue", "色相"), Text("size", "大きさ")
    >>> translate(message("{names}: {share:.0%}", names=(hue, size), share=0.41), "ja")
    '色相、大きさ: 41%'
    """
    if isinstance(words, Text):
        return words.in_(lang)
    if isinstance(words, Message):
        # The empty key is gettext's own: it would answer with the header of the catalogue.
        sentence = catalogue(lang).gettext(words.msgid) if words.msgid else ""
        return sentence.format(**{place: _place(arg, lang) for place, arg in words.args.items()})
    if isinstance(words, tuple):
        return _JOINERS[lang].join(translate(part, lang) for part in words)
    return str(words)


def both(words: Words) -> Text:
    """Say words in both languages, for a record that outlives this version's catalogue."""
    if isinstance(words, Text):
        return words
    return Text(translate(words, "en"), translate(words, "ja"))


def _place(arg: Arg, lang: Lang) -> str | int | float:
    """Keep numbers as numbers, so that the sentence's own format (``{share:.0%}``) applies."""
    return arg if isinstance(arg, int | float) else translate(arg, lang)
