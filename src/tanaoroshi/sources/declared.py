"""What ``collection.toml`` says about the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from tanaoroshi.errors import InputError
from tanaoroshi.files import exists, read_toml
from tanaoroshi.records.attributes import Attribute, Kind, Tier
from tanaoroshi.records.words import Message, Text, message

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.files import Section

SCHEMA = "tanaoroshi/collection/1"
_KINDS = get_args(Kind)
_TIERS = get_args(Tier)
# Kept in the file for its readers; nothing is computed from it.
_FOR_READERS = ("title", "range", "licence", "license", "source")


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared about a collection; all of it may be absent.

    Attributes
    ----------
    attributes
        By column. ``values`` holds the declared order of an ordinal one, as written.
    orders
        The same orders, as numbers where they were written as numbers.
    annotators
        Of attributes that several people annotated: the column of each.
    """

    file: str = ""
    name: str | None = None
    images: str | None = None
    identifiers: tuple[str, ...] = ()
    group: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    orders: Mapping[str, tuple[str | int | float, ...]] = field(default_factory=dict)
    annotators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()

    def check_columns(self, columns: tuple[str, ...]) -> None:
        """Raise an InputError when a column is declared that does not exist.

        An attribute that several people annotated needs none of its own.
        """
        answers = [column for each in self.annotators.values() for column in each]
        own = [name for name in self.attributes if name not in self.annotators]
        named = [*own, *answers, *self.identifiers, *([self.group] if self.group else [])]
        for name in named:
            if name not in columns:
                raise InputError(
                    "{file} describes the column {name}, which does not exist. "
                    "There are: {columns}.",
                    file=self.file,
                    name=name,
                    columns=columns,
                )


def read_declared(path: Path) -> Declared:
    """Return what a ``collection.toml`` declares; nothing where there is no such file.

    Raises
    ------
    InputError
        When it can't be understood: one sentence with the key.
    """
    if not exists(path):
        return Declared()
    top = read_toml(path)
    schema = top.text("schema")
    if schema != SCHEMA:
        raise InputError(
            "{file}: the schema is {got}, but this version reads {wanted}.",
            file=str(path),
            got=schema[:80],
            wanted=SCHEMA,
        )
    identifiers = tuple(str(name) for name in top.items("identifiers"))
    group = top.text("group") if "group" in top else None
    sections = top.sections("attributes")
    for column in sections:
        if column in identifiers:
            raise InputError(
                "{file}: {name} is declared as an identifier and as an attribute. Keep one.",
                file=str(path),
                name=column,
            )
    attributes = {column: _attribute(column, section) for column, section in sections.items()}
    orders = {column: section.items("order") for column, section in sections.items()}
    annotators = {
        column: _annotators(column, section, sections, identifiers)
        for column, section in sections.items()
        if "annotators" in section
    }
    name = top.text("name") if "name" in top else None
    images = top.text("images") if "images" in top else None
    unread = [key for section in (top, *sections.values()) for key in section.unread()]
    unread = [key for key in unread if key.split(".")[-1] not in _FOR_READERS]
    note = message(
        "{file}: these keys mean nothing here: {keys}.", file=path.name, keys=tuple(unread)
    )
    return Declared(
        file=str(path),
        name=name,
        images=images,
        identifiers=identifiers,
        group=group,
        attributes=attributes,
        orders=orders,
        annotators=annotators,
        notes=(note,) if unread else (),
    )


def _annotators(
    name: str,
    section: Section,
    sections: Mapping[str, Section],
    identifiers: tuple[str, ...],
) -> tuple[str, ...]:
    """Return the columns of an attribute's annotators."""
    columns = tuple(str(column) for column in section.items("annotators"))
    taken = [column for column in columns if column in sections or column in identifiers]
    if len(columns) < 2 or len(set(columns)) < len(columns) or taken:
        raise section.wrong(
            "annotators",
            message(
                "a list of two or more columns that are declared nowhere else, one an annotator"
            ),
        )
    if section.text("kind") == "text":
        raise InputError(
            "{file}: {name} is text, of which agreement can't be measured. Leave out annotators.",
            file=section.file,
            name=name,
        )
    return columns


def _attribute(name: str, section: Section) -> Attribute:
    kind = section.choice("kind", _KINDS)
    period = section.number("period") if "period" in section else None
    if kind == "circular" and period is None:
        raise InputError(
            "{file}: {name} is circular, but has no period. Add where the circle closes, "
            "as in: period = 360.",
            file=section.file,
            name=name,
        )
    if period is not None and period <= 0:
        raise section.wrong("period", message("a number above 0"))
    time = section.flag("time", default=False) if "time" in section else None
    if time and kind not in ("ordinal", "continuous"):
        raise section.wrong("time", message("true of an ordinal or continuous attribute only"))
    order = tuple(str(value) for value in section.items("order"))
    if len(set(order)) != len(order):
        raise section.wrong("order", message("a list without repetitions"))
    labels = section.section("values")
    return Attribute(
        name=name,
        kind=kind,  # type: ignore[arg-type]  # checked by choice
        label=section.words("label", Text(name, name)),
        values=order,
        value_labels={}
        if labels is None
        else {value: labels.words(value, Text(value, value)) for value in labels.values},
        period=period if kind == "circular" else None,
        unit=section.text("unit", ""),
        tier=section.choice("tier", _TIERS) if "tier" in section else None,  # type: ignore[arg-type]
        protected=section.flag("protected", default=False),
        factor=section.flag("factor", default=False),
        description=section.words("description", Text("", "")).en,
        time=time,
        not_applicable=tuple(str(value) for value in section.items("not_applicable")),
    )
