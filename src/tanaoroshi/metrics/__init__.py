"""Disentanglement metrics: codes and attributes in, estimates out.

One published quantity a file, each a function of plain arrays. :func:`measure` asks for all of
them with shared passes; :data:`METRICS` says what each asks, needs and promises. To add one: write
its ``answer_…`` of a :class:`~tanaoroshi.metrics.question.Question`, and give it a line in
``catalogue.METRICS`` and in ``suite._answers``; the property tests then run over it.
"""

from tanaoroshi.metrics.beta_vae import beta_vae
from tanaoroshi.metrics.catalogue import METRICS, QUICK, Metric
from tanaoroshi.metrics.code_mutual_information import code_mutual_information
from tanaoroshi.metrics.dci import Dci, dci
from tanaoroshi.metrics.dci_es import DciEs, dci_es
from tanaoroshi.metrics.dcimig import dcimig
from tanaoroshi.metrics.dimension_wise_kl import dimension_wise_kl, kl_per_dimension
from tanaoroshi.metrics.elbo import Elbo, elbo_decomposition
from tanaoroshi.metrics.explicitness import explicitness
from tanaoroshi.metrics.factor_vae import factor_vae
from tanaoroshi.metrics.gaussian_wasserstein_correlation import gaussian_wasserstein_correlation
from tanaoroshi.metrics.infoe import infoe
from tanaoroshi.metrics.infomec import infoc, infom
from tanaoroshi.metrics.irs import irs
from tanaoroshi.metrics.jemmig import jemmig
from tanaoroshi.metrics.mig import mig
from tanaoroshi.metrics.mig_sup import mig_sup
from tanaoroshi.metrics.modularity import modularity
from tanaoroshi.metrics.question import Answer, Convention
from tanaoroshi.metrics.sap import sap
from tanaoroshi.metrics.suite import MetricSet, measure
from tanaoroshi.metrics.total_correlation import total_correlation
from tanaoroshi.metrics.udr import udr, udr_scores

__all__ = [
    "METRICS",
    "QUICK",
    "Answer",
    "Convention",
    "Dci",
    "DciEs",
    "Elbo",
    "Metric",
    "MetricSet",
    "beta_vae",
    "code_mutual_information",
    "dci",
    "dci_es",
    "dcimig",
    "dimension_wise_kl",
    "elbo_decomposition",
    "explicitness",
    "factor_vae",
    "gaussian_wasserstein_correlation",
    "infoc",
    "infoe",
    "infom",
    "irs",
    "jemmig",
    "kl_per_dimension",
    "measure",
    "mig",
    "mig_sup",
    "modularity",
    "sap",
    "total_correlation",
    "udr",
    "udr_scores",
]
