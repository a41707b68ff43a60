"""The fields that several lists of results.json share, each described once; docs/results.md is made from these."""

from dataclasses import dataclass, fields
from typing import Annotated, Any

from ..score.measure import Group

ArmName = Annotated[str, "the arm, or model; `run/arm` where several runs are reported together"]
Against = Annotated[str, "the arm that it is compared with"]
SetName = Annotated[str, "the evaluation set"]
Mode = Annotated[str, "the mode that the set was asked in"]
AgainstMode = Annotated[str, "the mode of the other side; the same unless modes of one arm are compared"]
Metric = Annotated[str, "the metric, see Metrics below"]
Seed = Annotated[
    int | None, "the training seed; null for what is not trained, and for an arm's seeds together"
]
Seeds = Annotated[
    int,
    "training seeds on a side: the interval covers them where they are several, and leaves out how another seed would "
    "have come out where there is one; 0 where nothing is trained",
]
Low = Annotated[float | None, "lower end of the 95 % interval; null where the samples allow none"]
High = Annotated[float | None, "upper end of the 95 % interval; null where the samples allow none"]
Samples = Annotated[int, "samples (verdicts, for the metric `verdict`) that it rests on"]
Clusters = Annotated[int, "problems that they belong to: the units that are resampled"]
Probability = Annotated[float | None, "two-sided p against no difference; null without an interval"]
Adjusted = Annotated[float | None, "p adjusted within its family (Holm); null where there is no p"]
Family = Annotated[str, "the comparisons that p is adjusted over"]
Asks = Annotated[
    str,
    "what the comparison asks: `base`, `control`, `mixed`, `pair` (the recipe's `against`), or `mode` of one arm",
]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the samples of a group share."""

    by: Annotated[str, "`n_constraints` or `source` for samples; `type`, `category` or `scope` for verdicts"]
    value: Annotated[str | int, "the value that they share"]


Grouped = Annotated[Grouping | None, "the samples or verdicts that count; null for all of them"]


def grouping(group: Group | None) -> Grouping | None:
    return Grouping(group.by, group.value) if group else None


def as_json(entry: Any) -> Any:
    """An entry, or what is in one of its fields, as results.json holds it."""
    if hasattr(entry, "__dataclass_fields__"):
        return {field.name: as_json(getattr(entry, field.name)) for field in fields(entry)}
    return [as_json(item) for item in entry] if isinstance(entry, list | tuple) else entry
