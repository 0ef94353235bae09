"""Prove the code blocks of README.md and docs/.

``python`` blocks of a page run in order in one process, in an empty folder; ``python no-run``
blocks (they need a GPU, a download, your own model) are only compiled. ``toml`` and ``json`` blocks
are parsed; ``bash`` blocks are checked for syntax, ``bash run`` blocks are run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIMEOUT = 600


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """Return (info string, code, line) of every fenced block of a page."""
    text = page.read_text(encoding="utf-8")
    return [(m[1].strip(), m[2], text.count("\n", 0, m.start()) + 2) for m in FENCE.finditer(text)]


def check_block(info: str, code: str) -> str:
    """Check one block that does not run; return what is wrong, or nothing."""
    try:
        if info.startswith("python"):
            compile(code, "<block>", "exec")
        elif info == "toml":
            tomllib.loads(code)
        elif info == "json":
            json.loads(code)
        elif info.startswith("bash"):
            done = subprocess.run(
                ["bash", "-n"], input=code, text=True, capture_output=True, check=False
            )
            return done.stderr
    except (SyntaxError, ValueError) as error:
        return str(error)
    return ""


def run_page(page: Path, found: list[tuple[str, str, int]]) -> str:
    """Run the blocks of one page that run; return the output of the first that failed."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }
    with tempfile.TemporaryDirectory() as folder:
        python = "\n".join(code for info, code, _ in found if info == "python")
        commands = [["bash", "-euc", code] for info, code, _ in found if info == "bash run"]
        for command in [*commands, *([[sys.executable, "-c", python]] if python else [])]:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                text=True,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
            if done.returncode:
                return f"{page}: {' '.join(command)[:400]}\n{done.stdout}{done.stderr}"
    return ""


def main() -> int:
    """Check every page; say how many blocks there were; 1 when any is wrong."""
    wrong: list[str] = []
    count = 0
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        found = blocks(page)
        count += len(found)
        for info, code, line in found:
            if trouble := check_block(info, code):
                wrong.append(f"{page.relative_to(ROOT)}:{line}: {trouble}")
        if trouble := run_page(page, found):
            wrong.append(trouble)
    sys.stdout.write("\n".join([*wrong, f"{count} code blocks, {len(wrong)} wrong"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
