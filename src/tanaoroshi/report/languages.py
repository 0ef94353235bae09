"""Words as HTML in both languages at once; the style sheet shows the one that the page speaks."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from tanaoroshi.records.words import LANGUAGES, Message, Text
from tanaoroshi.views.vocabulary import GLOSSARY
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from tanaoroshi.records.words import Arg, Lang, Words


def both(words: Words | str) -> Markup:
    """Return words in both languages, escaped; once where both are the same."""
    if isinstance(words, str):
        return escape(words)
    return _pair({lang: escape(spoken(words, lang)) for lang in LANGUAGES})


def linked(words: Words | str) -> Markup:
    """Return words in both languages, the first use of each glossary term linked to it."""
    if isinstance(words, str):
        return escape(words)
    return _pair({lang: _link(escape(spoken(words, lang)), lang) for lang in LANGUAGES})


def say(msgid: str, /, **args: Arg) -> Markup:
    """Return a sentence of a template in both languages (the template's ``_``)."""
    return both(Message(msgid, args))


def explain(msgid: str, /, **args: Arg) -> Markup:
    """Return the same with the glossary's terms linked (the template's ``__``)."""
    return linked(Message(msgid, args))


def spoken(words: Words, lang: Lang) -> str:
    """Return words in one language; a label without words in it is said in the other."""
    if isinstance(words, Text):
        return words.in_(lang) or words.en or words.ja
    return translate(words, lang)


def _pair(said: dict[Lang, Markup]) -> Markup:
    if said["en"] == said["ja"]:
        return said["en"]
    return Markup("").join(
        Markup('<span lang="{}">{}</span>').format(lang, said[lang]) for lang in LANGUAGES
    )


def _link(html: Markup, lang: Lang) -> Markup:
    pattern, ids = _terms(lang)
    seen: set[str] = set()

    def link(found: re.Match[str]) -> str:
        term = ids[found[0].lower()]
        if term in seen:
            return found[0]
        seen.add(term)
        return f'<a class="term" href="#term-{term}">{found[0]}</a>'

    # The text is escaped already, and no term holds a character that escaping changes. What
    # stands in an entity (&amp;) is no term either.
    return Markup(pattern.sub(link, str(html)))


@cache
def _terms(lang: Lang) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what finds a glossary term, the longest first, and the term of each spelling."""
    ids = {form.lower(): term.id for term in GLOSSARY for form in term.forms[lang]}
    forms = "|".join(re.escape(form) for form in sorted(ids, key=len, reverse=True))
    bounded = rf"\b(?:{forms})\b" if lang == "en" else forms
    return re.compile(bounded, re.IGNORECASE), ids
