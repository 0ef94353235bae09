"""Bring the Japanese catalogue in step with the sentences of the source.

``python scripts/words.py`` extracts every sentence, updates the ``.po`` file (new sentences come
in untranslated, dropped ones go) and compiles the ``.mo`` file that the program reads.
``--list`` prints what is still untranslated. The same source gives the same bytes: no dates, no
line numbers, no paths outside of the repository.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "tanaoroshi"
PO = SOURCE / "words" / "locale" / "ja" / "LC_MESSAGES" / "tanaoroshi.po"
MO = PO.with_suffix(".mo")

# What a sentence for people is wrapped in: Python's own names, and gettext's in the templates.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "message": None,
    "InputError": None,
    "StoreError": None,
    "MissingExtra": None,
    "N_": None,
    "_": None,
    "__": None,  # in templates: the same with links to the glossary
    "gettext": None,
    "ngettext": (1, 2),
    "progress": (3,),  # what is being done, as progress(done, total, what) tells it
    "_progress": (3,),
}
METHODS = [("**.py", "python"), ("**/templates/**", "jinja2.ext:babel_extract")]
OPTIONS = {"**/templates/**": {"silent": "false", "trimmed": "true", "newstyle_gettext": "true"}}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Lines of the header that name dates, tools and people: they would change without a reason.
_NOISE = re.compile(rb'^"(POT-C|PO-Rev|Generated-By|Report-M|Last-T|Language-Team)[^\n]*\n', re.M)


def extracted() -> Catalog:
    """Return every sentence of the source and the templates."""
    catalog = Catalog(charset="utf-8")
    found = extract_from_dir(SOURCE, METHODS, OPTIONS, keywords=KEYWORDS)
    for name, _, msgid, _, context in sorted(found, key=lambda f: (f[0], f[1])):
        place = (f"src/tanaoroshi/{Path(name).as_posix()}", 0)
        catalog.add(msgid, locations=[place], context=context)
    return catalog


def translated() -> Catalog:
    """Return the Japanese catalogue as it lies in the repository; an empty one before the first."""
    if not PO.exists():
        return Catalog(locale="ja", charset="utf-8")
    with PO.open("rb") as stream:
        return read_po(stream, locale="ja")


def untranslated(catalog: Catalog) -> list[Message]:
    """Return the sentences without a Japanese one, or with one that is only guessed."""
    return [m for m in catalog if m.id and (not m.string or m.fuzzy)]


def update() -> Catalog:
    """Write the ``.po`` and ``.mo`` files for the source as it is now."""
    catalog = translated()
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.project, catalog.version = "tanaoroshi", "1"
    catalog.header_comment = "# Japanese sentences of Tanaoroshi. Written by scripts/words.py."
    catalog.creation_date = catalog.revision_date = _EPOCH
    catalog.fuzzy = False
    text = io.BytesIO()
    write_po(text, catalog, width=100, include_lineno=False)
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(_NOISE.sub(b"", text.getvalue()))
    with MO.open("wb") as stream:
        write_mo(stream, catalog)
    return catalog


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="print what is still untranslated")
    wanted = parser.parse_args()
    catalog = update()
    missing = untranslated(catalog)
    if wanted.list:
        for entry in missing:
            sys.stdout.write(f"{entry.id!r}\n")
    sys.stdout.write(f"{len(catalog)} sentences, {len(missing)} untranslated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
