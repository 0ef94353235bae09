from __future__ import annotations

import numpy as np

from tanaoroshi.audit.dimensions import dimension_states


def test_a_dimension_that_hardly_varies_is_collapsed() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(500, 3)) * [1.0, 0.05, 0.5]
    states = dimension_states(codes, (1.0, 0.0, 0.6), standard_prior=True)
    assert [d.state for d in states] == ["active", "collapsed", "active"]
    assert [d.kl for d in states] == [1.0, 0.0, 0.6]


def test_without_a_unit_prior_the_scale_of_the_codes_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(500, 3)) * [1.0, 0.05, 0.5]
    for scale in (1e-4, 1.0, 1e4):
        states = dimension_states(codes * scale, None, standard_prior=False)
        assert [d.state for d in states] == ["active", "collapsed", "active"]
        assert states[0].kl is None


def test_constant_codes_are_collapsed_everywhere() -> None:
    states = dimension_states(np.zeros((4, 2)), None, standard_prior=False)
    assert [d.state for d in states] == ["collapsed", "collapsed"]
