"""The words of the pages: what a status, a figure and a term mean, for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.words import Text, Words, message

if TYPE_CHECKING:
    from tanaoroshi.records.coded import Explained
    from tanaoroshi.records.comparison import DimensionStatus, DirectionStatus, ShelfChange
    from tanaoroshi.records.made import ShareChange, TieChange
    from tanaoroshi.records.stocktake import Severity, ShelfStatus


@dataclass(frozen=True, slots=True)
class StatusWord:
    """How a shelf's status is shown: an icon (a symbol of the page), a word, what it means."""

    icon: str
    word: Words
    meaning: Words


# In the order in which people want to see them: what can be used, then what can't.
STATUS: Mapping[ShelfStatus, StatusWord] = {
    "own_dimension": StatusWord(
        "own-dimension",
        message("own dimension"),
        message("One dimension holds this attribute, and that dimension holds little else."),
    ),
    "shared": StatusWord(
        "shared",
        message("shared dimension"),
        message("One dimension holds this attribute, but it holds other attributes too."),
    ),
    "own_direction": StatusWord(
        "own-direction",
        message("own direction"),
        message("No single dimension holds it, but one direction through several of them does."),
    ),
    "spread": StatusWord(
        "spread",
        message("spread"),
        message("The model knows it, but it is spread over several dimensions."),
    ),
    "tied": StatusWord(
        "tied",
        message("tied"),
        message("In this collection it cannot be told apart from another attribute."),
    ),
    "undecided": StatusWord(
        "undecided",
        message("undecided"),
        message("There are too few images to say."),
    ),
    "none": StatusWord(
        "none",
        message("no shelf"),
        message("Nothing in the latent tells this attribute better than chance."),
    ),
}

SHELF_CHANGE: Mapping[ShelfChange, StatusWord] = {
    "kept": StatusWord("kept", message("kept"), message("The shelf is where it was.")),
    "moved": StatusWord(
        "moved", message("moved"), message("The shelf is in another place, or turned round.")
    ),
    "weaker": StatusWord(
        "weaker", message("weaker"), message("The shelf is there but tells clearly less.")
    ),
    "broken": StatusWord(
        "broken", message("broken"), message("The attribute has no shelf of its own any more.")
    ),
    "gained": StatusWord(
        "gained", message("gained"), message("The attribute has a shelf of its own now.")
    ),
    "never": StatusWord(
        "none", message("never"), message("It had no shelf of its own, before and after.")
    ),
    "undecided": StatusWord(
        "undecided", message("undecided"), message("There are too few images to say.")
    ),
}

DIMENSION_CHANGE: Mapping[DimensionStatus, StatusWord] = {
    "same": StatusWord("kept", message("same"), message("It is as it was.")),
    "moved": StatusWord(
        "moved", message("moved"), message("The same, in another place or turned round.")
    ),
    "rescaled": StatusWord(
        "moved", message("rescaled"), message("The same, on another scale or along a curve.")
    ),
    "mixed": StatusWord(
        "spread", message("mixed"), message("It is still known, spread over other dimensions.")
    ),
    "lost": StatusWord("broken", message("lost"), message("It is not known any more.")),
    "new": StatusWord("gained", message("new"), message("It was not known before.")),
    "undecided": StatusWord(
        "undecided",
        message("undecided"),
        message("Too few images, or nothing there that could be followed."),
    ),
}

MADE_CHANGE: Mapping[ShareChange | TieChange, StatusWord] = {
    "more": StatusWord("gained", message("more"), message("The model makes more of it.")),
    "fewer": StatusWord("weaker", message("less"), message("The model makes less of it.")),
    "stronger": StatusWord("gained", message("stronger"), message("The model ties them more.")),
    "weaker": StatusWord("weaker", message("looser"), message("The model ties them less.")),
    "alike": StatusWord("kept", message("alike"), message("As in the collection.")),
    "undecided": StatusWord(
        "undecided", message("undecided"), message("There are too few images to say.")
    ),
}

EXPLAINED: Mapping[Explained, StatusWord] = {
    "beyond": StatusWord(
        "broken", message("beyond the ties"), message("The collection's ties do not explain it.")
    ),
    "others": StatusWord(
        "weaker",
        message("other attributes"),
        message("It goes when all other attributes are held."),
    ),
    "tie": StatusWord(
        "kept", message("the collection's tie"), message("It goes when the tie is taken out.")
    ),
    "undecided": StatusWord(
        "undecided", message("undecided"), message("There are too few images to say.")
    ),
}

DIRECTION_CHANGE: Mapping[DirectionStatus, StatusWord] = {
    "kept": StatusWord("kept", message("works"), message("It does in the new model what it did.")),
    "weaker": StatusWord(
        "weaker", message("in part"), message("It does only part of what it did.")
    ),
    "lost": StatusWord("broken", message("lost"), message("It does not survive the update.")),
    "undecided": StatusWord(
        "undecided", message("undecided"), message("There are too few images to say.")
    ),
}

SIMILARITY: Mapping[str, tuple[Words, Words]] = {
    "linear_cka": (
        message("Likeness of the two codes (linear CKA)"),
        message("1: the same up to turning and stretching as a whole; 0: nothing in common."),
    ),
    "procrustes": (
        message("Fit after turning one onto the other (Procrustes)"),
        message("1: one is the other, turned; 0: no turn brings them together."),
    ),
}

SEVERITY: Mapping[Severity, StatusWord] = {
    "fail": StatusWord("fail", message("serious"), message("This should be dealt with first.")),
    "warn": StatusWord("warn", message("look at this"), message("Somebody should look at this.")),
    "info": StatusWord("info", message("good to know"), message("For your information.")),
}

EVIDENCE: Mapping[str, tuple[Words, Words]] = {
    "best_dimension": (
        message("Told by the best single dimension"),
        message("Share of the attribute's variation that one dimension predicts on new images."),
    ),
    "best_direction": (
        message("Told by the best direction"),
        message("The same for the best straight direction through all dimensions."),
    ),
    "all_dimensions": (
        message("Told by all dimensions together"),
        message("The same for all dimensions at once, bends allowed: all that the model knows."),
    ),
    "association": (
        message("Association with the best dimension"),
        message("Shared information, from 0 (none) to 1 (one says all about the other)."),
    ),
    "rank_correlation": (
        message("Rank correlation with the best dimension"),
        message("Do the two rise together? 1 or −1 means always, 0 means no."),
    ),
    "gap": (
        message("Lead of the best dimension over the next"),
        message("Near 0 means that a second dimension holds it just as well."),
    ),
}

RECONSTRUCTION: Mapping[str, tuple[Words, Words]] = {
    "mse": (
        message("Mean squared error"),
        message("How far the pictures that the model gives back are from the originals."),
    ),
    "mae": (
        message("Mean absolute error"),
        message("The same, with large differences counted less."),
    ),
}

MEASURES: Mapping[str, Words] = {
    "cramers_v": message("Cramér's V, bias-corrected"),
    "correlation_ratio": message("correlation ratio"),
    "spearman": message("Spearman's rank correlation"),
    "circular_linear": message("circular-linear correlation of ranks"),
    "circular_circular": message("circular correlation (Fisher–Lee)"),
    "function": message("one decides the other"),
}

KINDS: Mapping[str, Words] = {
    "nominal": message("kinds without an order"),
    "ordinal": message("ordered steps"),
    "continuous": message("a number"),
    "circular": message("an angle on a circle"),
    "text": message("text, not measured"),
}

TIERS: Mapping[str, Words] = {
    "simple": message("can be seen in the picture"),
    "contextual": message("needs knowledge of the culture"),
}

READERS: Mapping[str, Words] = {
    "measure": message("measured from the picture by a formula"),
    "classifier": message("read by a small classifier trained on the collection's pictures"),
    "regressor": message("read by a small regressor trained on the collection's pictures"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the glossary; ``forms`` are the spellings that link to it, per language."""

    id: str
    word: Text
    meaning: Words
    forms: Mapping[str, tuple[str, ...]]


def _term(id_: str, en: str, ja: str, meaning: Words, *more: str) -> Term:
    return Term(id_, Text(en, ja), meaning, {"en": (en, *more), "ja": (ja,)})


GLOSSARY: tuple[Term, ...] = (
    _term(
        "stocktake",
        "stocktake",
        "棚卸し",
        message("The whole audit of one model on one collection. Once recorded it never changes."),
        "stocktakes",
    ),
    _term(
        "collection",
        "collection",
        "コレクション",
        message("Images together with a table that says something about each of them."),
        "collections",
    ),
    _term(
        "attribute",
        "attribute",
        "属性",
        message("One thing that the table says about an image: its colour, its kind, its year."),
        "attributes",
    ),
    _term(
        "factor",
        "factor of variation",
        "生成要因",
        message("An attribute from which the images were generated, where the source says so."),
        "factors of variation",
    ),
    _term(
        "latent",
        "latent",
        "潜在",
        message(
            "The model's inner description of images: a list of numbers from which it draws a "
            "picture."
        ),
    ),
    _term(
        "code",
        "code",
        "コード",
        message("The list of numbers for one image."),
        "codes",
    ),
    _term(
        "dimension",
        "dimension",
        "次元",
        message("One place in that list of numbers."),
        "dimensions",
    ),
    _term(
        "direction",
        "direction",
        "方向",
        message("A fixed mix of several dimensions that is moved as one."),
        "directions",
    ),
    _term(
        "shelf",
        "shelf",
        "棚",
        message("The place of an attribute in the latent: a dimension, a direction, or none."),
        "shelves",
    ),
    _term(
        "active",
        "active dimension",
        "有効次元",
        message("A dimension that the model uses for the images."),
        "active dimensions",
    ),
    _term(
        "collapsed",
        "collapsed dimension",
        "休眠次元",
        message("A dimension that the model does not use: it says the same of every image."),
        "collapsed dimensions",
    ),
    _term(
        "traversal",
        "traversal",
        "トラバーサル",
        message(
            "Pictures that the model draws while one dimension or direction is moved and all else "
            "stays. It shows what the model does, not what the world does."
        ),
        "traversals",
    ),
    _term(
        "control",
        "control",
        "操作性",
        message(
            "Whether moving a shelf changes its attribute in the picture more than a move in any "
            "odd direction would."
        ),
    ),
    _term(
        "reader",
        "reader",
        "読み取り器",
        message("Says what a picture shows, without help from the model that is audited."),
        "readers",
    ),
    _term(
        "association",
        "association",
        "関連度",
        message(
            "How much a dimension says about an attribute: 0 means nothing, 1 means everything."
        ),
    ),
    _term(
        "tie",
        "tie",
        "結びつき",
        message("Two attributes that go together in the collection."),
        "ties",
    ),
    _term(
        "interval",
        "interval",
        "信頼区間",
        message(
            "The numbers in brackets: the true value lies between them with the stated confidence."
        ),
        "intervals",
    ),
    _term(
        "chance",
        "chance level",
        "偶然の水準",
        message("What the number would be if codes and attributes had nothing to do with another."),
        "chance levels",
    ),
    _term(
        "estimate",
        "estimate",
        "推定値",
        message("A measured number with its interval."),
        "estimates",
    ),
    _term(
        "finding",
        "finding",
        "所見",
        message("A judged statement that rests on estimates."),
        "findings",
    ),
    _term(
        "prior",
        "prior",
        "事前分布",
        message("What the model expects of a code before it has seen an image."),
    ),
    _term(
        "posterior",
        "posterior",
        "事後分布",
        message("What the model holds of a code after it has seen one image."),
    ),
    _term(
        "protected",
        "protected attribute",
        "保護属性",
        message("An attribute that laws or brands care about, such as skin tone or gender."),
        "protected attributes",
    ),
)
