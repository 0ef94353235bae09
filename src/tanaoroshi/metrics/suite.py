"""All metrics of one set of codes: the table of what there is, and one call for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.dci import Dci, answer_dci
from tanaoroshi.metrics.dimension_wise_kl import answer_kl
from tanaoroshi.metrics.mig import answer_mig
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.metrics.sap import answer_sap
from tanaoroshi.records.attributes import Attributes, Floats, Kind
from tanaoroshi.records.estimates import Measured
from tanaoroshi.records.words import Message, message

if TYPE_CHECKING:
    import numpy as np

Invariance = Literal[
    "row_order", "dimension_order", "sign", "scale", "monotone", "constant", "relabelling"
]
Need = Literal["attributes", "logvar"]
Progress = Callable[[int, int, str], None]

ALL_KINDS: tuple[Kind, ...] = ("nominal", "ordinal", "continuous", "circular")


@dataclass(frozen=True, slots=True)
class Metric:
    """What there is to know about a metric before it is measured.

    Attributes
    ----------
    name
        As in the contract.
    title
        What it asks, in plain words.
    needs
        What must be there beside the codes.
    kinds
        Kinds of attributes that it is defined for.
    low, high
        Range of its values; ``None``: without bound.
    invariances
        What leaves its value (paper's convention) unchanged: ``row_order``; ``dimension_order``;
        ``sign`` and ``scale`` of each dimension; ``monotone`` rising maps of each dimension;
        ``constant``: a constant dimension more, wherever it stands; ``relabelling`` of nominal
        values.
    source
        Where it was published.
    """

    name: str
    title: Message
    needs: tuple[Need, ...]
    kinds: tuple[Kind, ...]
    low: float | None
    high: float | None
    invariances: frozenset[Invariance]
    source: str


@dataclass(frozen=True, slots=True)
class MetricSet:
    """Metrics by name, and by name and attribute where a metric has a value for each."""

    metrics: Mapping[str, Measured]
    per_attribute: Mapping[str, Mapping[str, Measured]]


ORDERS: frozenset[Invariance] = frozenset({"row_order", "dimension_order", "sign", "relabelling"})
# Which rows fall into which fold hangs on their order.
INFORMED: frozenset[Invariance] = frozenset(
    {"dimension_order", "sign", "scale", "constant", "relabelling"}
)
KL: frozenset[Invariance] = frozenset({"row_order", "dimension_order", "sign"})
EASTWOOD = "Eastwood & Williams 2018, ICLR"

METRICS: dict[str, Metric] = {
    "mig": Metric(
        name="mig",
        title=message(
            "How much more does the best dimension tell about an attribute than the next best?"
        ),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "monotone", "constant"},
        source="Chen, Li, Grosse & Duvenaud 2018, arXiv 1802.04942",
    ),
    "sap": Metric(
        name="sap",
        title=message(
            "How much better does the best dimension predict an attribute than the next best?"
        ),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "constant"},
        source="Kumar, Sattigeri & Balakrishnan 2018, arXiv 1711.00848",
    ),
    "dci_disentanglement": Metric(
        name="dci_disentanglement",
        title=message("Does each dimension serve one attribute only?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "constant"},
        source=EASTWOOD,
    ),
    "dci_completeness": Metric(
        name="dci_completeness",
        title=message("Is each attribute held by one dimension only?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale"},
        source=EASTWOOD,
    ),
    "dci_informativeness": Metric(
        name="dci_informativeness",
        title=message("How well do all dimensions together predict an attribute?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=None,
        high=1.0,
        invariances=INFORMED,
        source=EASTWOOD,
    ),
    "dimension_wise_kl": Metric(
        name="dimension_wise_kl",
        title=message("How much does the code say about an image, over what the prior says?"),
        needs=("logvar",),
        kinds=(),
        low=0.0,
        high=None,
        invariances=KL,
        source="Kingma & Welling 2014, arXiv 1312.6114, appendix B",
    ),
}


def measure(
    codes: Floats,
    attributes: Attributes,
    *,
    logvar: Floats | None = None,
    only: Sequence[str] | None = None,
    convention: Convention = "paper",
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> MetricSet:
    """Measure all metrics, or some, with shared passes over the data.

    Parameters
    ----------
    codes
        float (n, d), finite.
    attributes
        Table of the same n rows.
    logvar
        float (n, d), where the encoder gives it.
    only
        Names out of :data:`METRICS`; ``None``: all. What is left out changes no other number.
    convention
        ``paper`` or ``disentanglement_lib``; see each metric.
    rng
        Source of chance.
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
    names = tuple(METRICS) if only is None else tuple(only)
    for name in names:
        if name not in METRICS:
            raise InputError(
                "There is no metric {name}; there are: {names}", name=name, names=tuple(METRICS)
            )
    if convention not in ("paper", "disentanglement_lib"):
        raise InputError(
            "There is no convention {name}: use paper or disentanglement_lib", name=convention
        )
    asked = question(
        codes,
        attributes.values,
        rng=rng,
        kinds=attributes.kinds,
        names=attributes.names,
        group=attributes.group,
        logvar=logvar,
        convention=convention,
    )
    answers = _answers(asked, names, progress)
    return MetricSet(
        metrics={name: answer.total for name, answer in answers.items()},
        per_attribute={
            name: dict(zip(asked.names, answer.per_attribute, strict=True))
            for name, answer in answers.items()
            if answer.per_attribute is not None
        },
    )


def _answers(asked: Question, names: Sequence[str], progress: Progress | None) -> dict[str, Answer]:
    fits: list[Dci] = []

    def fit() -> Dci:
        """One set of fits serves all three."""
        if not fits:
            fits.append(answer_dci(asked))
        return fits[0]

    compute: dict[str, Callable[[], Answer]] = {
        "mig": lambda: answer_mig(asked),
        "sap": lambda: answer_sap(asked),
        "dci_disentanglement": lambda: fit().disentanglement,
        "dci_completeness": lambda: fit().completeness,
        "dci_informativeness": lambda: fit().informativeness,
        "dimension_wise_kl": lambda: answer_kl(asked),
    }
    answers = {}
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names), name)
        answers[name] = compute[name]()
    if progress is not None:
        progress(len(names), len(names), "")
    return answers
