"""Disentanglement metrics: codes and attributes in, estimates out.

One published quantity a file, each a function of plain arrays. :func:`measure` asks for all of
them with shared passes; :data:`METRICS` says what each asks, needs and promises. To add one: write
its ``answer_…`` of a :class:`~tanaoroshi.metrics.question.Question`, and give it a line in
``catalogue.METRICS`` and in ``suite._answers``; the property tests then run over it.
"""

from tanaoroshi.metrics.catalogue import METRICS, Metric
from tanaoroshi.metrics.dci import Dci, dci
from tanaoroshi.metrics.dcimig import dcimig
from tanaoroshi.metrics.dimension_wise_kl import dimension_wise_kl, kl_per_dimension
from tanaoroshi.metrics.jemmig import jemmig
from tanaoroshi.metrics.mig import mig
from tanaoroshi.metrics.mig_sup import mig_sup
from tanaoroshi.metrics.modularity import modularity
from tanaoroshi.metrics.question import Answer, Convention
from tanaoroshi.metrics.sap import sap
from tanaoroshi.metrics.suite import MetricSet, measure

__all__ = [
    "METRICS",
    "Answer",
    "Convention",
    "Dci",
    "Metric",
    "MetricSet",
    "dci",
    "dcimig",
    "dimension_wise_kl",
    "jemmig",
    "kl_per_dimension",
    "measure",
    "mig",
    "mig_sup",
    "modularity",
    "sap",
]
