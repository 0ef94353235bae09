"""All metrics of one set of codes with one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.beta_vae import answer_beta_vae
from tanaoroshi.metrics.catalogue import METRICS
from tanaoroshi.metrics.code_mutual_information import answer_code_mutual_information
from tanaoroshi.metrics.covariance import spread
from tanaoroshi.metrics.dci import answer_dci
from tanaoroshi.metrics.dci_es import answer_dci_es
from tanaoroshi.metrics.dcimig import answer_dcimig
from tanaoroshi.metrics.dimension_wise_kl import answer_kl
from tanaoroshi.metrics.elbo import answer_elbo
from tanaoroshi.metrics.explicitness import answer_explicitness
from tanaoroshi.metrics.factor_vae import answer_factor_vae
from tanaoroshi.metrics.gaussian_wasserstein_correlation import (
    answer_gaussian_wasserstein_correlation,
)
from tanaoroshi.metrics.infomec import answer_infomec
from tanaoroshi.metrics.irs import answer_irs
from tanaoroshi.metrics.jemmig import answer_jemmig
from tanaoroshi.metrics.mig import answer_mig
from tanaoroshi.metrics.mig_sup import answer_mig_sup
from tanaoroshi.metrics.modularity import answer_modularity
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.metrics.sap import answer_sap
from tanaoroshi.metrics.total_correlation import answer_total_correlation
from tanaoroshi.metrics.udr import answer_udr
from tanaoroshi.records.attributes import Attributes
from tanaoroshi.records.estimates import Measured

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Kind

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class MetricSet:
    """Metrics by name, and by name and attribute where a metric has a value for each."""

    metrics: Mapping[str, Measured]
    per_attribute: Mapping[str, Mapping[str, Measured]]


def measure(
    codes: ArrayLike,
    attributes: Attributes | ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    kinds: Sequence[Kind] | None = None,
    names: Sequence[str] | None = None,
    group: ArrayLike | None = None,
    logvar: ArrayLike | None = None,
    others: Sequence[ArrayLike] = (),
    only: Sequence[str] | None = None,
    convention: Convention = "paper",
    bins: int = 20,
    numeric_bins: int | None = None,
    progress: Progress | None = None,
) -> MetricSet:
    """Measure all metrics, or some, with shared passes over the data.

    Parameters
    ----------
    codes
        float (n, d), finite.
    attributes
        (n, k), NaN missing; or a table, which brings its own kinds, names and groups.
    rng
        Source of chance; ``None``: seed 0.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    names
        Of each attribute; ``None``: their positions.
    group
        (n,): rows of one group are not independent.
    logvar
        float (n, d), where the encoder gives it.
    others
        Codes (n, any) of the same images from other trainings, for ``udr``.
    only
        Names out of :data:`METRICS`; ``None``: all. What is left out changes no other number.
    convention
        ``paper`` or ``disentanglement_lib``; see each metric.
    bins, numeric_bins
        Of dimensions, and of continuous and circular attributes (``None``: as many, a quarter with
        fewer than 500 independent images), where a metric cuts them.
    progress
        Called with (done, total, name).

    Returns
    -------
    MetricSet; what can't be measured is there with its reason.

    Raises
    ------
    InputError
        For an unknown name, or when the arrays do not fit together.
    """
    wanted = tuple(METRICS) if only is None else tuple(only)
    for name in wanted:
        if name not in METRICS:
            raise InputError(
                "There is no metric {name}; there are: {names}", name=name, names=tuple(METRICS)
            )
    if convention not in ("paper", "disentanglement_lib"):
        raise InputError(
            "There is no convention {name}: use paper or disentanglement_lib", name=convention
        )
    values: ArrayLike
    if isinstance(attributes, Attributes):
        values, kinds, names = attributes.values, attributes.kinds, attributes.names
        group = attributes.group
    else:
        values = attributes
    asked = question(
        codes,
        values,
        rng=np.random.default_rng(0) if rng is None else rng,
        kinds=kinds,
        names=names,
        group=group,
        logvar=logvar,
        convention=convention,
        bins=bins,
        numeric_bins=numeric_bins,
    )
    # The products are many and small: threads inside of them would cost more than they bring.
    with _libraries().limit(limits=1, user_api="blas"):
        answers = _answers(asked, others, wanted, progress)
    return MetricSet(
        metrics={name: answer.total for name, answer in answers.items()},
        per_attribute={
            name: dict(zip(asked.names, answer.per_attribute, strict=True))
            for name, answer in answers.items()
            if answer.per_attribute is not None
        },
    )


@cache
def _libraries() -> ThreadpoolController:
    """Look once for what has threads: it takes as long as some of the metrics."""
    return ThreadpoolController()


def _answers(
    asked: Question,
    others: Sequence[ArrayLike],
    names: Sequence[str],
    progress: Progress | None,
) -> dict[str, Answer]:
    # One set of fits serves all that rest on it.
    dci = cache(lambda: answer_dci(asked))
    dci_es = cache(lambda: answer_dci_es(asked))
    infomec = answer_infomec(asked)
    moments = cache(lambda: spread(asked))
    elbo = cache(lambda: answer_elbo(asked))
    compute: dict[str, Callable[[], Answer]] = {
        "mig": lambda: answer_mig(asked),
        "mig_sup": lambda: answer_mig_sup(asked),
        "dcimig": lambda: answer_dcimig(asked),
        "jemmig": lambda: answer_jemmig(asked),
        "sap": lambda: answer_sap(asked),
        "modularity": lambda: answer_modularity(asked),
        "explicitness": lambda: answer_explicitness(asked),
        "dci_disentanglement": lambda: dci().disentanglement,
        "dci_completeness": lambda: dci().completeness,
        "dci_informativeness": lambda: dci().informativeness,
        "dci_es_explicitness": lambda: dci_es().explicitness,
        "dci_es_size": lambda: dci_es().size,
        "infom": lambda: infomec.infom,
        "infoe": lambda: infomec.infoe,
        "infoc": lambda: infomec.infoc,
        "irs": lambda: answer_irs(asked),
        "beta_vae": lambda: answer_beta_vae(asked),
        "factor_vae": lambda: answer_factor_vae(asked),
        "total_correlation": lambda: answer_total_correlation(asked, moments()),
        "gaussian_wasserstein_correlation": lambda: answer_gaussian_wasserstein_correlation(
            asked, moments()
        ),
        "code_mutual_information": lambda: answer_code_mutual_information(asked),
        "dimension_wise_kl": lambda: answer_kl(asked),
        "index_code_mi": lambda: elbo().index_code_mi,
        "aggregate_total_correlation": lambda: elbo().total_correlation,
        "aggregate_kl": lambda: elbo().aggregate_kl,
        "udr": lambda: answer_udr(asked, others),
    }
    answers = {}
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names), name)
        answers[name] = compute[name]()
    if progress is not None:
        progress(len(names), len(names), "")
    return answers
