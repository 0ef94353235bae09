"""The command line: ``tanaoroshi VERB ...``."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Literal

from tanaoroshi.records.words import Lang, message

USER_ERROR, OUR_ERROR, INTERRUPTED = 2, 3, 130


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 gate, 2 user's input, 3 our fault."""
    from tanaoroshi.cli.app import build  # the verbs bring Typer and Rich, a tenth of a second
    from tanaoroshi.errors import TanaoroshiError

    lang = _language(argv)
    try:
        build(lang)(args=argv, prog_name="tanaoroshi")
    except SystemExit as stop:
        return int(stop.code or 0)
    except TanaoroshiError as error:
        from tanaoroshi.words import translate

        _complain(translate(error.message, lang), "input", as_json="--json" in argv)
        return USER_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `tanaoroshi ... | head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the last boundary: whatever escaped is our fault
        return _our_fault(error, lang, as_json="--json" in argv)
    return 0


def _language(argv: list[str]) -> Lang:
    """Take the language from ``--lang``, else from the environment; needed before parsing."""
    for i, arg in enumerate(argv):
        if arg.startswith("--lang="):
            return _known(arg.partition("=")[2])
        if arg == "--lang" and i + 1 < len(argv):
            return _known(argv[i + 1])
    locale = next(
        (os.environ[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(k)), ""
    )
    return _known(locale[:2])


def _known(code: str) -> Lang:
    return "ja" if code == "ja" else "en"


def _complain(sentence: str, fault: Literal["input", "ours"], *, as_json: bool) -> None:
    """Put a sentence on stderr; with ``--json`` also one document on stdout."""
    sys.stderr.write(sentence + "\n")
    if as_json:
        document = {"schema": "tanaoroshi/error/1", "fault": fault, "error": sentence}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


def _our_fault(error: Exception, lang: Lang, *, as_json: bool) -> int:
    from tanaoroshi.words import translate

    if os.environ.get("TANAOROSHI_DEBUG"):
        traceback.print_exc()
    sentence = message(
        "This is a fault of the program, not of your input ({kind}: {detail}). Please report it; "
        "with TANAOROSHI_DEBUG=1 in the environment it prints where it happened.",
        kind=type(error).__name__,
        detail=str(error),
    )
    _complain(translate(sentence, lang), "ours", as_json=as_json)
    return OUR_ERROR
