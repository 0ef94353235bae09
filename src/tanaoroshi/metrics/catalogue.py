"""The table of all metrics: what each asks, needs and promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tanaoroshi.records.attributes import Kind
from tanaoroshi.records.words import Message, message

Invariance = Literal[
    "row_order", "dimension_order", "sign", "scale", "monotone", "constant", "relabelling"
]
Need = Literal["attributes", "logvar", "others"]
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
    dear
        It fits or draws so much that a stocktake of many attributes leaves it out.
    """

    name: str
    title: Message
    needs: tuple[Need, ...]
    kinds: tuple[Kind, ...]
    low: float | None
    high: float | None
    invariances: frozenset[Invariance]
    source: str
    dear: bool = False


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
    "mig_sup": Metric(
        name="mig_sup",
        title=message("How much more does a dimension tell of its attribute than of the next?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "monotone", "constant"},
        source="Li, Murkute, Gyawali & Wang 2020, arXiv 2002.10549",
    ),
    "dcimig": Metric(
        name="dcimig",
        title=message(
            "How much of the attributes is told by dimensions that tell of one attribute alone?"
        ),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "monotone", "constant"},
        source="Sepliarskaia, Kiseleva & de Rijke 2019, arXiv 1910.05587",
    ),
    "jemmig": Metric(
        name="jemmig",
        title=message(
            "How much is unsaid by the best dimension, or said again by the next? (lower is better)"
        ),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=None,
        invariances=ORDERS | {"scale", "monotone", "constant"},
        source="Do & Tran 2020, arXiv 1908.09961",
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
    "modularity": Metric(
        name="modularity",
        title=message("Does each dimension tell of one attribute only?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "monotone", "constant"},
        source="Ridgeway & Mozer 2018, arXiv 1802.05312",
    ),
    "explicitness": Metric(
        name="explicitness",
        title=message("Can each value be told from the others with a straight cut?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=INFORMED,
        source="Ridgeway & Mozer 2018, arXiv 1802.05312",
        dear=True,
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
    "dci_es_explicitness": Metric(
        name="dci_es_explicitness",
        title=message("Do simple probes read the attributes as well as complex ones?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=-1.0,
        high=1.0,
        invariances=INFORMED,
        source="Eastwood, Nicolicioiu et al. 2023, arXiv 2210.00364",
        dear=True,
    ),
    "dci_es_size": Metric(
        name="dci_es_size",
        title=message("How many attributes are there for each dimension?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=None,
        invariances=ORDERS | {"scale", "monotone"},
        source="Eastwood, Nicolicioiu et al. 2023, arXiv 2210.00364",
        dear=True,
    ),
    "infom": Metric(
        name="infom",
        title=message("Does each dimension tell of one attribute only, by its nearest neighbours?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "constant"},
        source="Hsu, Dorrell, Whittington, Wu & Finn 2023, arXiv 2305.18378",
        dear=True,
    ),
    "infoe": Metric(
        name="infoe",
        title=message("How much of each attribute can straight cuts tell?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=INFORMED,
        source="Hsu, Dorrell, Whittington, Wu & Finn 2023, arXiv 2305.18378",
        dear=True,
    ),
    "infoc": Metric(
        name="infoc",
        title=message("Is each attribute told by one dimension only, by its nearest neighbours?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=ORDERS | {"scale", "constant"},
        source="Hsu, Dorrell, Whittington, Wu & Finn 2023, arXiv 2305.18378",
        dear=True,
    ),
    "irs": Metric(
        name="irs",
        title=message("Does a dimension stay where it is while all but one attribute change?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=-1.0,
        high=1.0,
        invariances=ORDERS | {"constant"},
        source="Suter, Miladinović, Schölkopf & Bauer 2019, arXiv 1811.00007",
    ),
    "beta_vae": Metric(
        name="beta_vae",
        title=message("Do differences between images show which attribute they share?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=INFORMED,
        source="Higgins et al. 2017, ICLR",
        dear=True,
    ),
    "factor_vae": Metric(
        name="factor_vae",
        title=message("Does one dimension stay still when an attribute is held fixed?"),
        needs=("attributes",),
        kinds=ALL_KINDS,
        low=0.0,
        high=1.0,
        invariances=INFORMED,
        source="Kim & Mnih 2018, arXiv 1802.05983",
    ),
    "total_correlation": Metric(
        name="total_correlation",
        title=message("How much do the dimensions tell of one another?"),
        needs=(),
        kinds=(),
        low=0.0,
        high=None,
        invariances=ORDERS | {"scale", "constant"},
        source="Watanabe 1960; Kim & Mnih 2018, arXiv 1802.05983",
    ),
    "gaussian_wasserstein_correlation": Metric(
        name="gaussian_wasserstein_correlation",
        title=message("How far are the dimensions from independent ones?"),
        needs=(),
        kinds=(),
        low=0.0,
        high=None,
        invariances=ORDERS | {"constant"},
        source="Locatello et al. 2019, arXiv 1811.12359",
    ),
    "code_mutual_information": Metric(
        name="code_mutual_information",
        title=message("How much does one dimension tell of another, in any way?"),
        needs=(),
        kinds=(),
        low=0.0,
        high=None,
        invariances=ORDERS | {"scale", "monotone", "constant"},
        source="Locatello et al. 2019, arXiv 1811.12359",
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
    "index_code_mi": Metric(
        name="index_code_mi",
        title=message("How much does a code tell of which image it comes from?"),
        needs=("logvar",),
        kinds=(),
        low=0.0,
        high=None,
        invariances=frozenset(),
        source="Hoffman & Johnson 2016; Chen et al. 2018, arXiv 1802.04942",
        dear=True,
    ),
    "aggregate_total_correlation": Metric(
        name="aggregate_total_correlation",
        title=message("How much do the dimensions tell of one another, posteriors and all?"),
        needs=("logvar",),
        kinds=(),
        low=0.0,
        high=None,
        invariances=frozenset(),
        source="Chen et al. 2018, arXiv 1802.04942",
        dear=True,
    ),
    "aggregate_kl": Metric(
        name="aggregate_kl",
        title=message("How far is each dimension, over all images, from the prior?"),
        needs=("logvar",),
        kinds=(),
        low=0.0,
        high=None,
        invariances=frozenset(),
        source="Chen et al. 2018, arXiv 1802.04942",
        dear=True,
    ),
    "udr": Metric(
        name="udr",
        title=message("Do several trainings find the same dimensions?"),
        needs=("others",),
        kinds=(),
        low=0.0,
        high=None,
        invariances=ORDERS | {"constant"},
        source="Duan et al. 2020, arXiv 1905.12614",
    ),
}

# What a stocktake measures; `tanaoroshi metrics` and :func:`measure` measure all.
QUICK: tuple[str, ...] = tuple(
    name for name, spec in METRICS.items() if not spec.dear and "others" not in spec.needs
)
