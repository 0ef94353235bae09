"""Labels that pictures contradict: swapped ones are found, hard ones are not accused."""

from __future__ import annotations

import numpy as np
import pytest

from archive_labels import doubted, swap, table, world
from tanaoroshi.archive.doubts import find_doubts, labels_of_copies


def test_swapped_labels_are_found_and_no_other() -> None:
    rng = np.random.default_rng(0)
    hits = planted = false = 0
    for _ in range(8):
        seen, labels = world(rng)
        swapped, wrong = swap(labels, 0.02, rng)
        rows = doubted(find_doubts(seen, table(swapped), rng=rng))
        hits, planted = hits + len(rows & wrong), planted + len(wrong)
        false += len(rows - wrong)
    assert hits > 0.6 * planted
    assert false <= 0.05 * hits


def test_what_the_picture_looks_like_is_the_true_value() -> None:
    rng = np.random.default_rng(1)
    seen, labels = world(rng)
    swapped, wrong = swap(labels, 0.03, rng)
    found = find_doubts(seen, table(swapped), rng=rng)
    first = found.found[: len(wrong) // 2]
    assert {one.row for one in first} <= wrong
    assert all(int(one.looks) == labels[one.row] for one in first)
    assert all(int(one.label) == swapped[one.row] for one in first)
    assert found.told["thing"] > 0.9


@pytest.mark.parametrize(("apart", "heavy"), [(0.15, False), (0.3, False), (0.3, True), (1, True)])
def test_hard_pictures_are_no_wrong_labels(apart: float, *, heavy: bool) -> None:
    """Of collections whose labels are all right, at most one in twenty is told otherwise."""
    rng = np.random.default_rng(2)
    told = 0
    for _ in range(40):
        seen, labels = world(rng, 500, apart, heavy=heavy)
        told += find_doubts(seen, table(labels), rng=rng).doubted > 0
    assert told <= 2


def test_labels_that_pictures_do_not_show_are_not_asked() -> None:
    rng = np.random.default_rng(3)
    seen, labels = world(rng)
    found = find_doubts(seen, table(rng.permutation(labels)), rng=rng)
    assert (found.asked, found.found) == (0, ())


def test_variants_of_a_wrongly_labelled_picture_do_not_vouch_for_one_another() -> None:
    """Four variants share a label and a picture: a reader that saw one would know the others."""
    rng = np.random.default_rng(4)
    seen, labels = world(rng, 400, 2.0)
    swapped, wrong = swap(labels, 0.03, rng)
    group = np.repeat(np.arange(400), 4)
    alike = seen[group] + 0.1 * rng.normal(size=(1600, 40)).astype(np.float32)
    rows = doubted(find_doubts(alike, table(swapped[group], group), rng=rng))
    found = {int(group[row]) for row in rows}
    assert found <= wrong
    assert len(found) >= 0.5 * len(wrong)


def test_time_and_rare_values_are_not_asked() -> None:
    rng = np.random.default_rng(5)
    seen, labels = world(rng)
    assert find_doubts(seen, table(labels, name="year", kind="ordinal"), rng=rng).asked == 0
    labels[:790] = 0
    assert find_doubts(seen, table(labels), rng=rng).asked == 0


def test_of_too_few_pictures_nothing_is_asked() -> None:
    rng = np.random.default_rng(6)
    seen, labels = world(rng, 30)
    for n in (1, 3, 30):
        assert find_doubts(seen[:n], table(labels[:n]), rng=rng).asked == 0
    assert find_doubts(seen, table(labels, np.zeros(30, dtype=np.int64)), rng=rng).asked == 0


def test_copies_under_two_labels_are_named() -> None:
    labels = np.array([0, 1, 2, 2, 0])
    found = labels_of_copies([(0, 1), (2, 3), (1, 4)], table(labels))
    assert found == {"thing": ((0, 1), (1, 4))}
    missing = table(labels)
    missing.values[1] = np.nan
    assert labels_of_copies([(0, 1), (2, 3)], missing) == {}
