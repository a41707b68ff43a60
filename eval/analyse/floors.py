"""What constant replies score that ignore the constraints: a model at this floor shows nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from ..score.floors import floors as of_replies
from ..score.measure import Entry
from .analysis import Analysis, Found
from .fields import Metric, SetName
from .metrics import label
from .results import Rows
from .set_data import SetData


@dataclass(frozen=True)
class Floor:
    """What one constant reply scores on the rows of a set that have constraints."""

    set: SetName
    reply: Annotated[str, "the constant reply"]
    metric: Metric
    value: Annotated[float, "the mean over rows"]


def floors(data: SetData, _: Found) -> Iterator[Floor]:
    for one in of_replies(data.replies):
        yield Floor(data.name, one["reply"], one["metric"], one["value"])


def floors_table(entries: Sequence[Entry]) -> Rows:
    """One line a set and constant reply."""
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for one in entries:
        lines.setdefault((one["set"], one["reply"]), {})[one["metric"]] = one["value"]
    return [["set", "constant reply", label("hacc"), label("sacc")]] + [
        [*key, f"{values['hacc']:.4f}", f"{values['sacc']:.4f}"] for key, values in lines.items()
    ]


ANALYSIS = Analysis(name="floors", entry=Floor, compute=floors)
