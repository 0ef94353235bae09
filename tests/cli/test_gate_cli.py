"""accept and gate from the command line: exit codes, files, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import pytest

import tanaoroshi.store
from gate_sample import make_stocktake, number
from tanaoroshi.cli import run
from tanaoroshi.records.stocktake import Dimension, ModelRef
from tanaoroshi.store import open_store
from tanaoroshi.store.documents import to_document

if TYPE_CHECKING:
    from tanaoroshi.records.stocktake import Stocktake

SCHEMA = Path(tanaoroshi.store.__file__).parent / "schemas" / "verdict-1.json"


def version(number_: int, mig: float = 0.4) -> Stocktake:
    return make_stocktake(
        model=ModelRef("emoji-vae", str(number_), f"{number_:02d}" * 32),
        dimensions=tuple(Dimension(j, "active", None, 1.0) for j in range(2)),
        metrics={"mig": number(mig, 0.001)},
        id="",
    )


class Home:
    """A store with three versions of a model, and a folder for policies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = str(folder / "store")
        store = open_store(self.where)
        codes = np.random.default_rng(0).standard_normal((1000, 2)).astype(np.float32)
        self.old, self.new, self.worse = (
            store.record(version(k, mig), {}, codes + np.float32(k) / 1000).id
            for k, mig in ((1, 0.4), (2, 0.4), (3, 0.1))
        )

    def policy(self, text: str) -> str:
        path = self.folder / "policy.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def gate(self, candidate: str, policy: str, *more: str) -> int:
        argv = ["gate", candidate, "--policy", self.policy(policy), "--store", self.where]
        return run([*argv, *more])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


LEAST = '[[rule]]\nid = "least"\nmetric = "mig"\nmin = 0.3\n'
WARN = LEAST + 'severity = "warn"\n'
CLOSE = '[[rule]]\nid = "close"\nmetric = "mig"\nmin = 0.4\n'
UNMEASURED = '[[rule]]\nid = "not there"\nmetric = "sap"\nmin = 0.4\n'
KEPT = '[[rule]]\nid = "hue-stays"\nshelf = "hue"\nrequire = "kept_or_moved"\n'
DROP = '[[rule]]\nid = "no-loss"\nmetric = "mig"\nmax_drop = 0.05\n'


@pytest.mark.parametrize(
    ("which", "policy", "code", "word"),
    [
        ("new", LEAST, 0, "pass"),
        ("worse", WARN, 0, "warn"),
        ("worse", LEAST, 1, "fail"),
        ("new", CLOSE, 1, "undecided"),
        ("new", UNMEASURED, 1, "undecided"),
        ("new", UNMEASURED + 'severity = "warn"\n', 0, "warn"),
    ],
)
def test_exit_codes_and_the_document(
    home: Home,
    which: str,
    policy: str,
    code: int,
    word: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert home.gate(getattr(home, which), policy, "--json") == code
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()), jsonschema.Draft202012Validator)
    assert document["verdict"] == word
    assert document["candidate"] == getattr(home, which)
    assert document["base"] is None


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_people_get_the_lines_and_every_rule(
    home: Home, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.gate(home.worse, LEAST + UNMEASURED, "--lang", lang) == 1
    out = capsys.readouterr().out
    assert out.startswith("不合格" if lang == "ja" else "Fail")
    assert "least" in out
    assert "not there" in out


def test_files_are_written_when_it_fails_too(home: Home) -> None:
    junit, markdown = home.folder / "v.xml", home.folder / "v.md"
    markdown.write_text("old")
    files = ("--junit", str(junit), "--markdown", str(markdown), "--lang", "ja")
    assert home.gate(home.worse, LEAST, *files) == 1
    assert ElementTree.fromstring(junit.read_bytes()).attrib["failures"] == "1"
    assert markdown.read_text(encoding="utf-8").startswith("## ❌ 不合格")
    assert {p.name for p in home.folder.iterdir()} == {"store", "policy.toml", "v.xml", "v.md"}


def test_a_file_that_cannot_be_written_stops_it_before_anything(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    good = home.folder / "v.xml"
    for bad in (home.folder / "none" / "v.md", home.folder, Path("/dev/null"), good):
        assert home.gate(home.new, LEAST, "--junit", str(good), "--markdown", str(bad)) == 2
        said = capsys.readouterr()
        assert str(bad) in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""
    assert not good.exists()


def test_a_base_is_named_or_accepted(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.gate(home.new, KEPT + DROP) == 2
    assert "tanaoroshi accept ID" in capsys.readouterr().err
    assert home.gate(home.new, KEPT + DROP, "--base", home.old, "--json") == 0
    assert json.loads(capsys.readouterr().out)["base"] == home.old

    accept = ["accept", home.new[:6], "--note", "Meeting", "--store", home.where]
    assert run([*accept, "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["schema"] == "tanaoroshi/baseline/1"
    assert (line["id"], line["note"]) == (home.new, "Meeting")
    assert line["model"]["version"] == "2"
    assert run(accept) == 0
    assert home.new in capsys.readouterr().out

    assert home.gate(home.worse, DROP, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["base"]) == ("fail", home.new)


def test_stocktakes_may_be_json_documents(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    files = {}
    for name, id_ in (("old", home.old), ("new", home.new), ("worse", home.worse)):
        document: dict[str, Any] = to_document(open_store(home.where).load(id_).stocktake)
        files[name] = home.folder / f"{name}.json"
        files[name].write_text(json.dumps({**document, "report": "index.html"}))
    elsewhere = ["--store", str(home.folder / "nowhere")]
    policy = ["--policy", home.policy(LEAST + DROP)]
    base = ["--base", str(files["old"])]
    assert run(["gate", str(files["new"]), *policy, *base, *elsewhere]) == 0
    assert run(["gate", str(files["worse"]), *policy, *base, *elsewhere]) == 1
    capsys.readouterr()
    assert run(["gate", str(files["new"]), *policy, *elsewhere]) == 2
    assert "--base" in capsys.readouterr().err
    assert not (home.folder / "nowhere").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[rule]\n", "not valid TOML"),
        ("", "has no rule"),
        (LEAST.replace("mig", "migg"), "knows no migg"),
        (LEAST + LEAST, "same id"),
    ],
)
def test_a_wrong_policy_is_one_sentence(
    home: Home, text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.gate(home.new, text) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "policy.toml" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["gate", "ID", "--policy", "no-such.toml"], "There is no policy at no-such.toml"),
        (["gate", "feedfeed", "--policy", "POLICY"], "no stocktake feedfeed"),
        (["gate", "no-such.json", "--policy", "POLICY"], "no-such.json does not exist"),
        (["gate", "POLICY", "--policy", "POLICY"], "is not JSON"),
        (["gate", "ID", "--policy", "POLICY", "--base", "feedfeed"], "no stocktake feedfeed"),
        (["accept", "feedfeed"], "no stocktake feedfeed"),
    ],
)
def test_a_users_mistake_is_exit_code_2(
    home: Home, argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = home.policy(LEAST)
    said = [{"ID": home.new, "POLICY": policy}.get(arg, arg) for arg in argv]
    assert run([*said, "--store", home.where]) == 2
    assert says in capsys.readouterr().err
