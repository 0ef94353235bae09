"""Messages are said in both languages, whatever stands in their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanaoroshi.records.words import Arg, Message, Text, message
from tanaoroshi.words import both, catalogue, translate

HUE = Text("hue", "色相")
SIZE = Text("size", "大きさ")


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let a test say what the Japanese of its own sentences is."""
    sentences: dict[str, str] = {}
    known = catalogue("ja").gettext
    monkeypatch.setattr(catalogue("ja"), "gettext", lambda key: sentences.get(key) or known(key))
    return sentences


def test_places_may_change_their_order(japanese: dict[str, str]) -> None:
    japanese["{a} is in {b}."] = "{b}に{a}があります。"
    words = message("{a} is in {b}.", a=HUE, b=SIZE)
    assert translate(words, "ja") == "大きさに色相があります。"
    assert translate(words, "en") == "hue is in size."
    assert both(words) == Text("hue is in size.", "大きさに色相があります。")


def test_messages_nest_and_enumerations_are_joined(japanese: dict[str, str]) -> None:
    japanese["The others: {parts}."] = "その他：{parts}。"
    japanese["none: {names}"] = "なし（{names}）"
    inner = message("none: {names}", names=(HUE, SIZE))
    words = message("The others: {parts}.", parts=(inner, "x"))
    assert translate(words, "ja") == "その他：なし（色相、大きさ）、x。"
    assert translate(words, "en") == "The others: none: hue, size, x."


@pytest.mark.parametrize(
    ("spec", "value", "said"),
    [
        ("{v:.0%}", 0.414, "41%"),
        ("{v:,}", 12345, "12,345"),
        ("{v:.2f}", 1, "1.00"),
        ("{v}", 3, "3"),
    ],
)
def test_the_sentence_formats_its_numbers(spec: str, value: float, said: str) -> None:
    assert translate(message(spec, v=value), "ja") == said
    assert translate(message(spec, v=value), "en") == said


def test_what_is_no_sentence_is_said_as_it_is() -> None:
    assert translate("a.png", "ja") == "a.png"
    assert translate(3, "ja") == "3"
    assert translate((HUE, "x"), "ja") == "色相、x"
    assert translate((), "en") == ""


def test_a_sentence_without_a_translation_is_said_in_english() -> None:
    assert translate(message("Nobody wrote this {x}.", x=1), "ja") == "Nobody wrote this 1."


def test_an_empty_sentence_is_empty() -> None:
    assert translate(message(""), "ja") == ""


args: st.SearchStrategy[Arg] = st.recursive(
    st.text() | st.integers() | st.floats() | st.builds(Text, st.text(), st.text()),
    lambda inner: st.builds(lambda a: Message("<{a}>", {"a": a}), inner),
    max_leaves=4,
)


@given(args)
def test_english_is_what_the_message_says_itself(arg: Arg) -> None:
    words = message("({a}, {b})", a=arg, b=(HUE, "x"))
    assert translate(words, "en") == words.english()
