"""From the columns of a table to attributes: what each means, and its values as numbers.

Kinds that nobody declared are inferred, and a note says so:

========================================  ==========================================
column                                    kind
========================================  ==========================================
true and false, or two whole numbers      nominal
class names in the file (Hugging Face)    nominal
dates                                     continuous, in years; stands for time
text, few values                          nominal
text, most values occur once, or long     text: kept, not measured
whole numbers, at most 20 values          ordinal; nominal if named label, class, ...
whole numbers 0, 1, 2, ... in order       text: a row number
other numbers                             continuous
========================================  ==========================================
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints, Kind
from tanaoroshi.records.words import Message, Text, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.sources.declared import Declared

# Fewer values than this of a whole number are steps of a scale, more are a quantity.
MAX_STEPS = 20
# Texts of which more than half occur once say what a picture is called, not what kind it is.
MAX_SHARE_OF_VALUES = 0.5
MAX_LABEL = 200
# Whole numbers of these names count nothing: they stand for classes.
CLASS_NAMES = frozenset({"label", "labels", "class", "class_id", "category", "target", "y"})


class Table(NamedTuple):
    """Attributes, and what is to be said about them."""

    attributes: Attributes
    left_out: tuple[Message, ...]
    notes: tuple[Message, ...]


class _Column(NamedTuple):
    spec: Attribute
    values: Floats
    answers: Floats | None = None


def make_attributes(
    columns: Mapping[str, pa.Array],
    declared: Declared,
    *,
    length: int,
    where: str,
    class_names: Mapping[str, tuple[str, ...]] | None = None,
) -> Table:
    """Return the attributes that some columns hold.

    Parameters
    ----------
    columns
        Columns of one length, by name, without the pictures.
    declared
        What ``collection.toml`` says of them.
    length
        How many rows there are: there may be no columns.
    where
        The file they come from, for messages.
    class_names
        Names of the classes of columns of whole numbers, where the file has them.

    Raises
    ------
    InputError
        When a declaration and a column disagree.
    """
    declared.check_columns(tuple(columns))
    identifiers = {name: _as_text(columns[name]) for name in declared.identifiers}
    skipped = {*declared.identifiers, declared.group} - {*declared.attributes}
    skipped |= {column for each in declared.annotators.values() for column in each}
    skipped |= {*declared.annotators}
    kept, left_out = _all_answered(columns, declared, where)
    inferred: list[str] = []
    for name in columns:
        if name in skipped:
            continue
        column = _plain(columns[name], (class_names or {}).get(name))
        if column is None:
            left_out.append(message("The column {name} holds neither numbers nor text.", name=name))
            continue
        spec = declared.attributes.get(name)
        dated = _is_date(column)
        column = _years(column) if dated else column
        if spec is None:
            kind: Kind = "continuous" if dated else _guess(name, column)
            spec = Attribute(name, kind, Text(name, name), inferred=True)
            inferred.append(f"{name} ({spec.kind})")
        if dated and spec.kind == "continuous":
            spec = replace(spec, unit=spec.unit or "year", time=spec.time is not False)
        read = _read(spec, column, declared.orders.get(name, ()), where)
        if read is None:
            identifiers[name] = _as_text(column)
        reason = _pointless(spec, read)
        if reason is not None:
            left_out.append(reason)
        elif read is not None:
            kept.append(read)
    for read in kept:
        _check_inapplicable(read.spec, where)
    matrix = np.column_stack([c.values for c in kept]) if kept else np.empty((length, 0))
    group = None if declared.group is None else _groups(columns[declared.group])
    answers = {c.spec.name: c.answers for c in kept if c.answers is not None}
    attributes = Attributes(tuple(c.spec for c in kept), matrix, group, identifiers, answers)
    notes = (*declared.notes, *([_inferred(inferred)] if inferred else []))
    return Table(attributes, tuple(left_out), notes)


def _check_inapplicable(spec: Attribute, where: str) -> None:
    strange = tuple(value for value in spec.not_applicable if value not in spec.values)
    if strange:
        raise InputError(
            "{file}: {name} has no values {values}, which should say that it does not apply. "
            "There are: {known}.",
            file=where,
            name=spec.name,
            values=strange,
            known=spec.values[:20],
        )


def _all_answered(
    columns: Mapping[str, pa.Array], declared: Declared, where: str
) -> tuple[list[_Column], list[Message]]:
    """Return the attributes that several people annotated, and which of them were left out."""
    kept, left_out = [], []
    for name in declared.annotators:
        answered = _answered(name, columns, declared, where)
        reason = _pointless(answered.spec, answered)
        if reason is None:
            kept.append(answered)
        else:
            left_out.append(reason)
    return kept, left_out


def _answered(
    name: str, columns: Mapping[str, pa.Array], declared: Declared, where: str
) -> _Column:
    """Return an attribute that several people annotated.

    Its value is that of its own column, where there is one; otherwise what they say together.
    """
    names = [*([name] if name in columns else []), *declared.annotators[name]]
    parts = [_plain(columns[each], None) for each in names]
    kinds = {None if part is None else _family(part) for part in parts} - {"nothing"}
    if None in kinds or len(kinds) > 1:
        raise InputError(
            "{file}: the columns {columns} are answers to one question, {name}, but some hold "
            "text and others numbers. Write all alike.",
            file=where,
            columns=tuple(names),
            name=name,
        )
    numbers = kinds == {"number"}
    joined = pa.concat_arrays(
        [pc.cast(part, pa.float64() if numbers else pa.string()) for part in parts]
    )
    spec = declared.attributes[name]
    if numbers and spec.kind in ("nominal", "ordinal"):
        joined = _whole(joined)
    read = _read(spec, joined, declared.orders.get(name, ()), where)
    if read is None:
        raise InputError(
            "{file}: the answers to {name} are nearly all different, so they are no classes. "
            "Declare it continuous, or leave out annotators.",
            file=where,
            name=name,
        )
    table = read.values.reshape(len(names), -1).T
    if name in columns:
        return _Column(read.spec, table[:, 0], table[:, 1:])
    return _Column(read.spec, together(table, read.spec.kind), table)


def _family(column: pa.Array) -> str:
    if column.null_count == len(column):
        return "nothing"
    return "text" if pa.types.is_string(column.type) else "number"


def _whole(column: pa.Array) -> pa.Array:
    """Return whole numbers as such, so that a class is called 3 and not 3.0."""
    known = column.drop_null().to_numpy(zero_copy_only=False)
    whole = np.isfinite(known).all() and np.array_equal(known, np.floor(known))
    return pc.cast(column, pa.int64()) if whole else column


def together(answers: Floats, kind: Kind) -> Floats:
    """Return what annotators say together.

    Parameters
    ----------
    answers
        float64 (n, m), coded as in :class:`~tanaoroshi.records.attributes.Attributes`; NaN where
        one did not answer.
    kind
        Of the attribute.

    Returns
    -------
    float64 (n,): the most frequent value (nominal), the median (ordinal), the mean (continuous),
    the mean direction (circular). NaN where nobody answered, and where the vote is split: two
    values as frequent, a median between two values, opposite directions.
    """
    found = np.full(len(answers), np.nan)
    some = np.isfinite(answers).any(axis=1)
    given = answers[some]
    if kind == "nominal":
        codes = np.arange(int(np.nanmax(given, initial=0)) + 1)
        votes = (given[:, :, None] == codes).sum(axis=1)
        clear = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1
        found[some] = np.where(clear, votes.argmax(axis=1), np.nan)
    elif kind == "ordinal":
        middle = np.nanmedian(given, axis=1)
        found[some] = np.where(middle == np.floor(middle), middle, np.nan)
    elif kind == "circular":
        mean = np.nanmean(np.exp(1j * given), axis=1)
        found[some] = np.where(np.abs(mean) > 1e-9, np.angle(mean) % (2 * np.pi), np.nan)
    else:
        found[some] = np.nanmean(given, axis=1)
    return found


def _inferred(columns: list[str]) -> Message:
    return message(
        "Nobody said what kind these attributes are; it was inferred: {columns}. "
        "A collection.toml settles it.",
        columns=tuple(columns),
    )


def _plain(column: pa.Array, names: tuple[str, ...] | None) -> pa.Array | None:
    """Return a column of whole numbers, float64, bool or string; None if it is none of these."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_integer(kind):
        if (
            names
            and pc.all(pc.and_(pc.greater_equal(column, 0), pc.less(column, len(names)))).as_py()
        ):
            return pa.array(names).take(column)
        return column
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        # Through text, so that a float32 0.6 stays 0.6.
        if pa.types.is_float32(kind):
            column = pc.cast(pc.cast(column, pa.string()), pa.float64())
        column = pc.cast(column, pa.float64())
        return pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pc.cast(column, pa.string())
    if _is_date(column):
        return pc.cast(column, pa.timestamp("s"))
    if pa.types.is_null(kind):
        return pc.cast(column, pa.float64())
    return column if pa.types.is_boolean(kind) or pa.types.is_string(kind) else None


def _is_date(column: pa.Array) -> bool:
    return bool(pa.types.is_date(column.type) or pa.types.is_timestamp(column.type))


def _years(column: pa.Array) -> pa.Array:
    """Return dates as years with decimals: 2024-07-02 is 2024.5."""
    whole = pc.year(column)
    start = pc.cast(pc.floor_temporal(column, unit="year"), pa.timestamp("s"))
    seconds = pc.cast(pc.subtract(column, start), pa.int64())
    length = pc.if_else(pc.is_leap_year(column), 366 * 86_400, 365 * 86_400)
    return pc.add(pc.cast(whole, pa.float64()), pc.divide(pc.cast(seconds, pa.float64()), length))


def _guess(name: str, column: pa.Array) -> Kind:
    known = column.drop_null()
    distinct = pc.count_distinct(known).as_py()
    if pa.types.is_boolean(column.type):
        return "nominal"
    if pa.types.is_string(column.type):
        long = len(known) > 0 and pc.max(pc.utf8_length(known)).as_py() > MAX_LABEL
        return "text" if long or _mostly_unique(distinct, len(known)) else "nominal"
    if pa.types.is_floating(column.type):
        values = known.to_numpy(zero_copy_only=False)
        whole = np.isfinite(values).all() and np.array_equal(values, np.floor(values))
        if distinct > MAX_STEPS or not whole:
            return "continuous"
    elif distinct == len(column) > MAX_STEPS and _counts_rows(column):
        return "text"
    if distinct == 2 or (name.lower() in CLASS_NAMES and distinct <= len(known) / 2):
        return "nominal"
    return "ordinal" if distinct <= MAX_STEPS else "continuous"


def _mostly_unique(distinct: int, known: int) -> bool:
    return distinct > MAX_STEPS and distinct > MAX_SHARE_OF_VALUES * known


def _counts_rows(column: pa.Array) -> bool:
    steps = np.diff(column.to_numpy(zero_copy_only=False).astype(np.int64))
    return bool((steps == 1).all())


def _read(
    spec: Attribute, column: pa.Array, order: tuple[str | int | float, ...], where: str
) -> _Column | None:
    """Return a column as numbers; None if it is text, to be kept and not measured."""
    if spec.kind == "text":
        return None
    if spec.kind in ("continuous", "circular"):
        values = _numbers(spec, column, where)
        if spec.period is not None:
            values = (values % spec.period) / spec.period * 2 * np.pi
            values[values >= 2 * np.pi] = 0.0
        return _Column(spec, values)
    known = column.drop_null()
    if spec.kind == "nominal" and _mostly_unique(pc.count_distinct(known).as_py(), len(known)):
        return None
    occurring = _in_order(spec, known, order, where)
    written = [str(v).lower() if isinstance(v, bool) else str(v) for v in occurring]
    codes = pc.index_in(column, value_set=pa.array(occurring, column.type))
    floats = pc.cast(codes, pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return _Column(replace(spec, values=tuple(written)), floats)


def _in_order(
    spec: Attribute, known: pa.Array, order: tuple[str | int | float, ...], where: str
) -> list[Any]:
    """Return the values that occur, in the order that counts."""
    occurring = sorted(pc.unique(known).to_pylist())
    if spec.kind == "nominal" or (spec.kind == "ordinal" and not order):
        if spec.kind == "ordinal" and pa.types.is_string(known.type):
            return _sorted_numbers(spec, occurring, where)
        # Values that were given labels stand in the order of their labels.
        rank = {value: i for i, value in enumerate(spec.value_labels)}
        return sorted(occurring, key=lambda value: rank.get(str(value), len(rank)))
    place = {_key(value): i for i, value in enumerate(order)}
    lacking = [str(v) for v in occurring if _key(v) not in place]
    if lacking:
        raise InputError(
            "{file}: the order of {name} lacks values that occur: {values}. Add them.",
            file=where,
            name=spec.name,
            values=tuple(lacking[:10]),
        )
    return sorted(occurring, key=lambda value: place[_key(value)])


def _key(value: str | float) -> str | float:
    """Return what makes 1, 1.0 and "1" the same value of an order."""
    try:
        return float(value)
    except ValueError:
        return str(value)


def _sorted_numbers(spec: Attribute, occurring: list[Any], where: str) -> list[Any]:
    try:
        return sorted(occurring, key=float)
    except ValueError as error:
        raise InputError(
            "{file}: {name} is ordinal and holds text, so its order must be given, "
            'as in: order = ["small", "large"].',
            file=where,
            name=spec.name,
        ) from error


def _numbers(spec: Attribute, column: pa.Array, where: str) -> Floats:
    try:
        floats = pc.cast(column, pa.float64(), safe=False)
    except pa.ArrowInvalid as error:
        raise InputError(
            "{file}: {name} is {kind}, but holds text that is no number. "
            "Correct the column or declare it nominal.",
            file=where,
            name=spec.name,
            kind=spec.kind,
        ) from error
    values: Floats = floats.to_numpy(zero_copy_only=False).astype(np.float64)
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise InputError(
            "{file}: {name} is infinite in row {row}. Leave unknown values empty.",
            file=where,
            name=spec.name,
            row=int(infinite[0]) + 1,
        )
    return values


def _pointless(spec: Attribute, column: _Column | None) -> Message | None:
    """Return why nothing can be measured of an attribute, if so; a text is not meant to be."""
    if column is None:
        if spec.kind == "text":
            return None
        return message(
            "The attribute {name} has another value on almost every image; it is shown, but not "
            "measured.",
            name=spec.name,
        )
    known = column.values[~np.isnan(column.values)]
    if known.size == 0:
        return message("The attribute {name} is empty; it was left out.", name=spec.name)
    if (known == known[0]).all():
        return message(
            "The attribute {name} has the same value on all images; it was left out.",
            name=spec.name,
        )
    return None


def _groups(column: pa.Array) -> Ints:
    """Return the number of each row's group; a row without one is a group of its own."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    names = np.array(_as_text(column), dtype=object)
    alone = pc.is_null(column).to_numpy(zero_copy_only=False)
    names[alone] = [f"\0{row}" for row in np.flatnonzero(alone)]
    return np.unique(names.astype(str), return_inverse=True)[1].astype(np.int64)


def _as_text(column: pa.Array) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in column.to_pylist())
