"""How a code lays out a collection: second routes, invariances, planted truth, nulls."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.archive import association_tests, pointing
from tanaoroshi.archive.association_tests import effect, permutation_p
from tanaoroshi.archive.codes import Space, look_at_codes
from tanaoroshi.archive.codes_sentences import EMPTY, OWN, coded_evidence, coded_findings
from tanaoroshi.archive.marks import alignment_p, cosine_tail, mean_cosine, whitening
from tanaoroshi.archive.support import find_support
from tanaoroshi.records.attributes import Attribute, Attributes
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.coded import Association, Coded, Pointing

SHARES = {"gender": (0.4, 0.35, 0.25), "role": (0.4, 0.3, 0.2, 0.1), "place": (0.5, 0.3, 0.2)}


def table(values: dict[str, Ints], group: Ints | None = None) -> Attributes:
    specs = tuple(
        Attribute(
            name, "nominal", Text(name, name), tuple(map(str, range(int(v.max()) + 1))),
            protected=name == "gender",
        )
        for name, v in values.items()
    )  # fmt: skip
    return Attributes(specs, np.column_stack([*values.values()]).astype(float), group)


def draw(n: int, rng: np.random.Generator, *, tied: float = 0.0) -> dict[str, Ints]:
    """Draw three attributes; a share of ``tied`` images takes the role of its gender."""
    values = {k: rng.choice(len(s), n, p=s) for k, s in SHARES.items()}
    values["role"] = np.where(rng.random(n) < tied, values["gender"], values["role"])
    return values


def directions(k: int, d: int, rng: np.random.Generator) -> Floats:
    drawn = rng.normal(size=(k, d))
    found: Floats = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return found


def look(
    codes: Floats,
    attributes: Attributes,
    seed: int = 0,
    *,
    prior: Floats | None = None,
    deviations: Floats | None = None,
) -> Coded:
    space = Space(codes, deviations, prior, np.arange(codes.shape[1]))
    found = look_at_codes(space, attributes, rng=np.random.default_rng(seed))
    assert found is not None
    return found[0]


def between(coded: Coded, a: str, b: str) -> list[Pointing]:
    return [p for p in coded.pointings.found if {p.a, p.b} == {a, b}]


# Curves and scales


def test_the_cosine_of_random_directions_has_its_closed_form() -> None:
    x = np.linspace(-1, 1, 9)
    assert cosine_tail(x, 3) == pytest.approx((1 - x) / 2)  # Archimedes: uniform on a sphere
    assert cosine_tail(x, 2) == pytest.approx(np.arccos(x) / np.pi)
    assert mean_cosine(2) == pytest.approx(2 / np.pi)
    assert mean_cosine(3) == pytest.approx(0.5)
    drawn = directions(40_000, 7, np.random.default_rng(0))[:, 0]
    assert cosine_tail(np.array(0.4), 7) == pytest.approx((drawn >= 0.4).mean(), abs=0.006)
    assert mean_cosine(7) == pytest.approx(np.abs(drawn).mean(), abs=0.005)


def test_chance_of_alignment_counts_the_noise_of_measurement() -> None:
    rng = np.random.default_rng(1)
    seen = directions(200_000, 10, rng)[:, 0] + 0.1 * rng.standard_t(29, 200_000)
    p = float(alignment_p(np.array(0.6), np.array(0.1), 10, 30))
    assert p == pytest.approx(float((np.abs(seen) >= 0.6).mean()), rel=0.06)
    exact = float(alignment_p(np.array(0.6), np.array(1e-9), 10, 30))
    assert exact == pytest.approx(float(2 * cosine_tail(np.array(0.6), 10)), rel=1e-6)


def test_whitened_codes_have_variance_one_in_every_direction() -> None:
    rng = np.random.default_rng(2)
    codes = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))
    codes = np.column_stack([codes, codes[:, 0], np.ones(500)])  # a copy, and a constant
    turned = (codes - codes.mean(axis=0)) @ whitening(codes)
    assert turned.shape == (500, 4)
    assert turned.T @ turned / 500 == pytest.approx(np.eye(4), abs=1e-8)


# Directions


def test_products_of_different_blocks_are_what_they_are_called() -> None:
    """Second route: every product of two different blocks, one by one."""
    rng = np.random.default_rng(3)
    k = 6
    blocks = [rng.normal(size=(k, c, 5)) + 4 * rng.normal(size=(c, 5)) for c in (2, 3)]
    # Of a mean over equal blocks, what is left without one is the mean of the others.
    left = [np.concatenate([b.mean(axis=0)[None], (b.sum(axis=0) - b) / (k - 1)]) for b in blocks]
    found = pointing._cosines(*left)
    pairs = [(i, j) for i, j in product(range(k), range(k)) if i != j]
    ab, aa, bb = (
        np.mean([x[i] @ y[j].T for i, j in pairs], axis=0)
        for x, y in ((blocks[0], blocks[1]), (blocks[0], blocks[0]), (blocks[1], blocks[1]))
    )
    by_hand = ab / np.sqrt(np.diag(aa)[:, None] * np.diag(bb))
    assert found.sure.all()
    assert found.value == pytest.approx(np.clip(by_hand, -1, 1))


def test_noise_that_two_directions_share_does_not_bring_them_together() -> None:
    """Each small next to its noise, of nearly the same images, at a right angle."""
    rng = np.random.default_rng(4)
    k, d, cosines, naive = 30, 20, [], []
    for _ in range(100):
        noise = 1.5 * rng.normal(size=(k, d))
        a, b = noise + np.eye(d)[0] * 1.5, noise + np.eye(d)[1] * 1.5
        left = [
            np.concatenate([x.mean(axis=0)[None], (x.sum(axis=0) - x) / (k - 1)])[:, None]
            for x in (a, b)
        ]
        cosines.append(float(pointing._cosines(*left).value[0, 0]))
        x, y = a.mean(axis=0), b.mean(axis=0)
        naive.append(x @ y / np.linalg.norm(x) / np.linalg.norm(y))
    assert abs(np.mean(cosines)) < 0.05
    assert np.mean(naive) > 0.25


def stereotyped(n: int, d: int, rng: np.random.Generator) -> tuple[Floats, dict[str, Ints]]:
    """Lay gender 0 and role 0 the same way; the collection knows of no tie."""
    values, shared = draw(n, rng), directions(1, d, rng)[0]
    codes = rng.normal(size=(n, d)) + 0.5 * directions(3, d, rng)[values["place"]]
    for name in ("gender", "role"):
        codes += np.where(values[name][:, None] == 0, 1.5 * shared, 0)
    return codes, values


def test_a_planted_stereotype_is_found_beyond_the_tie() -> None:
    codes, values = stereotyped(2000, 20, np.random.default_rng(5))
    coded = look(codes, table(values))
    mine = [p for p in between(coded, "gender", "role") if (p.value_a, p.value_b) == ("0", "0")]
    assert [p.explained for p in mine] == ["beyond"]
    assert isinstance(mine[0].apart, Estimate)
    assert mine[0].apart.low > 0.8  # the truth is 1
    assert mine[0].held is not None
    assert {p.a for p in coded.pointings.found} == {"gender"}
    nearer = [a for a in coded.associations.found if a.explained == "beyond"]
    assert {(a.protected, a.a, a.attribute, a.x) for a in nearer} == {("gender", "0", "role", "0")}
    texts = {f.id.split("/")[0]: f for f in coded_findings(coded, table(values).specs)}
    assert texts["code"].severity == "warn"
    assert texts["nearer"].severity == "warn"
    shown = coded_evidence(coded, table(values), rng=np.random.default_rng(0))
    assert {texts["code"].id, texts["nearer"].id} <= set(shown)
    first, second = shown[texts["code"].id]
    assert (values["gender"][list(first.rows)] == 0).all()
    assert (values["role"][list(second.rows)] == 0).all()


def test_what_only_the_collection_ties_is_told_as_that() -> None:
    rng = np.random.default_rng(6)
    values = draw(3000, rng, tied=0.8)
    codes = rng.normal(size=(3000, 20))
    axes = np.linalg.qr(rng.normal(size=(20, 7)))[0].T
    codes += 1.5 * axes[:3][values["gender"]] + 1.5 * axes[3:][values["role"]]
    found = between(look(codes, table(values)), "gender", "role")
    assert found
    assert {p.explained for p in found} <= {"tie", "undecided"}
    first = found[0]
    assert first.raw.low > 0.3
    assert isinstance(first.apart, Estimate)
    assert first.apart.high < first.raw.low


def test_a_third_attribute_that_brings_two_together_is_named_as_such() -> None:
    """Gender and role each follow the place; only the place has a direction of its own."""
    rng = np.random.default_rng(7)
    place = rng.integers(0, 2, 4000)
    values = {
        k: np.where(rng.random(4000) < 0.75, place, rng.integers(0, 2, 4000))
        for k in ("gender", "role")
    }
    codes = rng.normal(size=(4000, 20))
    codes[:, 0] += 3 * place
    with_third = between(look(codes, table(values | {"place": place})), "gender", "role")
    assert {p.explained for p in with_third} <= {"others", "tie"}
    without = between(look(codes, table(values)), "gender", "role")
    assert [p.explained for p in without] == ["beyond"]


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_any_invertible_map_of_the_code_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes, values = stereotyped(600, 6, np.random.default_rng(8))
    mapped = codes[:, rng.permutation(6)] @ (np.eye(6) + 0.3 * rng.normal(size=(6, 6)))
    mapped = mapped * rng.choice([-3.0, 0.5], 6) + 7
    one, other = (look(z, table(values)) for z in (codes, mapped))
    assert [(p.value_a, p.value_b) for p in one.pointings.found] == [
        (p.value_a, p.value_b) for p in other.pointings.found
    ]
    for p, q in zip(one.pointings.found, other.pointings.found, strict=True):
        assert p.raw.value == pytest.approx(q.raw.value, abs=1e-6)
    assert one.rooms is not None
    assert other.rooms is not None
    for a, b in zip(one.rooms.each, other.rooms.each, strict=True):
        assert a.share.value == pytest.approx(b.share.value, abs=1e-6)
    assert [a.raw.value for a in one.associations.found] == pytest.approx(
        [a.raw.value for a in other.associations.found], abs=1e-6
    )


def test_one_attribute_that_decides_another_is_no_finding() -> None:
    rng = np.random.default_rng(9)
    values = draw(1500, rng)
    values["guild"] = values["role"] // 2
    codes = rng.normal(size=(1500, 10)) + 2 * directions(4, 10, rng)[values["role"]]
    coded = look(codes, table(values))
    assert ("role", "guild") in coded.pointings.inseparable
    assert not between(coded, "role", "guild")
    assert coded.rooms is not None
    own = {room.attribute: room.own for room in coded.rooms.each}
    assert own["role"].low > 0.1  # the guild is the same thing: it takes nothing away


# Association tests


def by_the_source(x: Floats, y: Floats, a: Floats, b: Floats) -> float:
    """Caliskan and others' effect size, picture by picture."""

    def cosine(u: Floats, v: Floats) -> float:
        return float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))

    def s(w: Floats) -> float:
        return float(np.mean([cosine(w, u) for u in a]) - np.mean([cosine(w, u) for u in b]))

    of_x, of_y = [s(w) for w in x], [s(w) for w in y]
    return float((np.mean(of_x) - np.mean(of_y)) / np.std([*of_x, *of_y], ddof=1))


def test_the_effect_size_is_the_sources() -> None:
    rng = np.random.default_rng(10)
    x, y, a, b = (rng.normal(size=(7, 4)) + rng.normal(size=4) for _ in range(4))
    unit = np.vstack([x, y, a, b])
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    owner, index = np.repeat(np.arange(4), 7), np.arange(28)
    near = association_tests._near(unit, index, owner == 2, owner == 3)
    units = association_tests._units(
        unit, index, owner == 0, owner == 1, np.zeros(28, dtype=np.int64)
    )
    score = association_tests.scores(units, near, np.ones((1, 28)))[0]
    _, d = effect(score, units.first, np.zeros(14, dtype=np.int64))
    assert d == pytest.approx(by_the_source(x, y, a, b))


def test_no_picture_is_compared_with_its_own_group() -> None:
    """Groups of two that show both X and A: their partner among A must not count."""
    rng = np.random.default_rng(11)
    unit = directions(40, 3, rng)
    index = np.repeat(np.arange(20), 2)
    a, b = index < 10, index >= 10
    near = association_tests._near(unit, index, a, b)
    x = np.isin(index, (0, 1, 2))
    y = np.isin(index, (11, 12, 13))
    units = association_tests._units(unit, index, x, y, np.zeros(40, dtype=np.int64))
    score = association_tests.scores(units, near, np.ones((1, 20)))[0]
    mean = unit.reshape(20, 2, 3).mean(axis=1)
    for value, g in zip(score, units.group, strict=True):
        of_a = np.mean([mean[g] @ mean[h] for h in range(10) if h != g])
        of_b = np.mean([mean[g] @ mean[h] for h in range(10, 20) if h != g])
        assert value == pytest.approx(of_a - of_b)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_permutations_are_counted_exactly_where_they_are_few(seed: int) -> None:
    """Second route: all ways to deal out the labels, stratum by stratum."""
    rng = np.random.default_rng(seed)
    stratum = np.sort(rng.integers(0, 2, 9))
    first = rng.random(9) < 0.5
    score = rng.normal(size=9).round(1)
    p, exact = permutation_p(score, first, stratum)
    assert exact
    gap, _ = effect(score, first, stratum)
    ways = []
    parts = [np.flatnonzero(stratum == h) for h in (0, 1)]
    for chosen in product(*(combinations(part, int(first[part].sum())) for part in parts)):
        label = np.zeros(9, dtype=bool)
        label[[i for each in chosen for i in each]] = True
        ways.append(abs(effect(score, label, stratum)[0]) >= abs(gap) * (1 - 1e-9))
    assert p == pytest.approx(np.mean(ways))
    order = rng.permutation(9)
    assert permutation_p(score[order], first[order], stratum[order])[0] == pytest.approx(p)
    assert effect(-score, first, stratum)[0] == pytest.approx(-gap)


def test_where_they_are_many_the_curve_is_that_of_drawn_permutations() -> None:
    rng = np.random.default_rng(12)
    stratum = np.repeat([0, 1], [30, 50])
    first = rng.random(80) < 0.4
    score = rng.exponential(size=80)
    drawn = []
    for _ in range(4000):
        label = first.copy()
        for h in (0, 1):
            at = stratum == h
            label[at] = rng.permutation(first[at])
        drawn.append(effect(score, label, stratum)[0])
    for q in (0.9, 0.99):
        gap = float(np.quantile(np.abs(drawn), q))
        # Shift the scores of X so that the observed gap is this.
        shifted = score + np.where(first, gap - effect(score, first, stratum)[0], 0.0)
        p, exact = permutation_p(shifted, first, stratum)
        assert not exact
        assert 0.3 * (1 - q) < p < 3 * (1 - q)


def test_pictures_that_show_a_themselves_are_near_to_it_by_the_tie_only() -> None:
    rng = np.random.default_rng(13)
    values = draw(3000, rng, tied=0.7)
    codes = rng.normal(size=(3000, 12))
    codes[:, 0] += np.array([3.0, -3.0, 0.0])[values["gender"]]
    found = [a for a in look(codes, table(values)).associations.found if a.attribute == "role"]
    assert found
    assert {a.explained for a in found} == {"tie"}
    first: Association = found[0]
    assert first.raw.low > 0.5
    assert isinstance(first.balanced, Estimate)
    assert abs(first.balanced.value) < 0.4


# Room


def test_what_an_attribute_occupies_is_what_was_planted() -> None:
    """Four values in three right angles: shares and directions have a closed form."""
    rng = np.random.default_rng(14)
    n, d = 6000, 12
    values = draw(n, rng)
    place = 2.0 * np.linalg.qr(rng.normal(size=(d, 3)))[0].T
    codes = rng.normal(size=(n, d)) + place[values["place"]]
    coded = look(codes, table(values))
    assert coded.rooms is not None
    share = np.array(SHARES["place"])
    spread = place.T @ (np.diag(share) - np.outer(share, share)) @ place
    inside = np.linalg.solve(spread + np.eye(d), spread)
    room = {one.attribute: one for one in coded.rooms.each}
    mine = room["place"]
    truth = np.trace(inside) / d
    assert mine.share.low <= truth <= mine.share.high
    assert mine.own.low <= truth <= mine.own.high
    assert isinstance(mine.directions, Estimate)
    assert mine.directions.low <= np.trace(inside) ** 2 / np.trace(inside @ inside)
    assert mine.directions.high >= np.trace(inside) ** 2 / np.trace(inside @ inside)
    assert coded.rooms.together.value == pytest.approx(truth, abs=0.01)
    assert abs(room["gender"].share.value) < 0.005
    assert isinstance(room["gender"].directions, Unmeasured)


def test_a_number_along_one_dimension_takes_one_direction() -> None:
    rng = np.random.default_rng(15)
    x = rng.normal(size=2000)
    codes = rng.normal(size=(2000, 8))
    codes[:, 3] = np.exp(x / 2)  # bent: a curve, still one direction
    specs = (
        Attribute("x", "continuous", Text("x", "x")),
        Attribute("y", "circular", Text("y", "y")),
    )
    values = np.column_stack([x, np.mod(np.arctan2(codes[:, 0], codes[:, 1]), 2 * np.pi)])
    coded = look(codes, Attributes(specs, values))
    assert coded.rooms is not None
    number, circle = coded.rooms.each
    assert number.share.value == pytest.approx(1 / 8, abs=0.01)
    assert isinstance(number.directions, Estimate)
    assert number.directions.value == pytest.approx(1, abs=0.05)
    assert isinstance(circle.directions, Estimate)
    assert circle.directions.value == pytest.approx(2, abs=0.1)
    assert coded.pointings.asked == 0  # a circle has no direction


# Support


def test_a_prior_like_the_pictures_is_as_well_supported_as_they_are() -> None:
    rng = np.random.default_rng(16)
    group = np.repeat(np.arange(600), 3)
    codes = (rng.normal(size=(600, 5))[group] + 0.3 * rng.normal(size=(1800, 5))) / np.hypot(1, 0.3)
    coded = look(
        codes,
        table(draw(1800, rng), group),
        prior=rng.normal(size=(1500, 5)),
    )
    prior, midway = coded.supports
    assert prior.empty.low <= 0.05 <= prior.empty.high
    assert prior.void.low <= 0.01 <= prior.void.high
    assert midway.empty.value < 0.05  # nearer to the middle there are more


def test_a_planted_hole_is_found_and_placed() -> None:
    rng = np.random.default_rng(17)
    codes, prior = rng.normal(size=(2000, 6)), rng.normal(size=(1500, 6))
    off = rng.random(1500) < 0.3
    prior[off, 4] += 12
    found = find_support(
        codes, codes, prior, np.eye(6), (0, 1, 2, 3, 7, 9), None, rng=np.random.default_rng(0)
    )
    support, places = found[0]
    truth = off.mean() + 0.05 * (1 - off.mean())
    assert support.empty.low <= truth <= support.empty.high
    assert support.where[0][0] == 7
    assert (places.far[off] > 1).all()
    assert places.pairs is None


def test_two_clusters_have_nothing_midway() -> None:
    rng = np.random.default_rng(18)
    codes = rng.normal(size=(1000, 3))
    codes[:500, 0] += 30
    (midway,) = (
        s for s, _ in find_support(codes, codes, None, np.eye(3), (0, 1, 2), None, rng=rng)
    )
    assert midway.source == "midway"
    assert midway.empty.value == pytest.approx(0.5, abs=0.06)
    assert midway.where[0][0] == 0


def test_emptiness_is_the_distance_to_the_nearest_picture() -> None:
    """Second route: all distances, with one fold of support each."""
    rng = np.random.default_rng(19)
    codes, prior = rng.normal(size=(120, 3)), rng.normal(size=(10, 3))
    scale = np.diag([1.0, 2.0, 0.5])
    _, places = find_support(
        codes, codes, prior, scale, (0, 1, 2), None, rng=np.random.default_rng(1)
    )[0]
    rows = np.random.default_rng(1)
    from tanaoroshi.stats.resample import group_folds

    fold = group_folds(120, np.arange(120), 5, rng=rows)
    far = np.array(
        [
            np.linalg.norm((codes[fold != k % 5] - z) @ scale, axis=1).min()
            for k, z in enumerate(prior)
        ]
    )
    usual = [
        np.linalg.norm((codes[fold != f] - z) @ scale, axis=1).min()
        for f, z in zip(fold, codes, strict=True)
    ]
    assert places.far == pytest.approx(far / np.quantile(usual, 0.95))


# All of it


@pytest.mark.parametrize("grouped", [False, True])
def test_where_there_is_nothing_nothing_is_told(*, grouped: bool) -> None:
    """The long run is bench/archive_codes.py."""
    rng = np.random.default_rng(20)
    wrong = 0
    for k in range(20):
        n, d = 600, 10
        group = np.repeat(np.arange(n), rng.choice([1, 6], n))[:n] if grouped else np.arange(n)
        values = {name: v[group] for name, v in draw(n, rng, tied=0.4).items()}
        codes = rng.normal(size=(n, d))[group] + 0.5 * rng.normal(size=(n, d))
        if k % 2:  # every value in a direction of its own
            codes += sum(2 * directions(len(SHARES[m]), d, rng)[v] for m, v in values.items())
        coded = look(codes, table(values, group if grouped else None), k, prior=codes[::-1])
        assert coded.rooms is not None
        wrong += (
            any(p.explained == "beyond" for p in coded.pointings.found)
            or any(a.explained == "beyond" for a in coded.associations.found)
            or (k % 2 == 0 and any(r.own.low > OWN for r in coded.rooms.each))
            or any(s.source == "midway" and s.empty.low > EMPTY for s in coded.supports)
        )
    assert wrong <= 2


def test_too_few_images_or_no_dimension_are_not_asked() -> None:
    rng = np.random.default_rng(21)
    codes = rng.normal(size=(60, 4))
    space = Space(codes, None, None, np.arange(4))
    assert look_at_codes(space, table(draw(60, rng)), rng=rng) is None
    many = Space(rng.normal(size=(300, 4)), None, None, np.zeros(0, dtype=np.int64))
    assert look_at_codes(many, table(draw(300, rng)), rng=rng) is None


def test_odd_tables_are_no_trouble() -> None:
    """A constant, a missing and a rare attribute; copied and constant dimensions; few groups."""
    rng = np.random.default_rng(22)
    values = draw(400, rng)
    values["constant"] = np.zeros(400, dtype=np.int64)
    values["rare"] = np.where(np.arange(400) < 3, 1, 0)
    attributes = table(values)
    attributes.values[:, 1] = np.nan
    codes = rng.normal(size=(400, 5))
    codes[:, 4] = codes[:, 0]
    codes[:, 3] = 1
    coded = look(codes, attributes)
    assert coded.rank == 3
    few = look(codes, Attributes(attributes.specs, attributes.values, np.arange(400) // 40))
    assert few.rooms is None
    assert few.supports == ()
    assert coded_findings(few, attributes.specs) == ()
