"""What constant replies score that ignore the constraints: a model at this floor shows nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from ..score.floors import floors as reply_floors
from ..score.measure import Entry
from .analysis import Analysis, EntryLists
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


def floors(data: SetData, _: EntryLists) -> Iterator[Floor]:
    for floor in reply_floors(data.replies):
        yield Floor(data.name, floor["reply"], floor["metric"], floor["value"])


def floors_table(entries: Sequence[Entry]) -> Rows:
    """One line a set and constant reply."""
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for entry in entries:
        lines.setdefault((entry["set"], entry["reply"]), {})[entry["metric"]] = entry["value"]
    return [["set", "constant reply", label("hacc"), label("sacc")]] + [
        [*key, f"{values['hacc']:.4f}", f"{values['sacc']:.4f}"] for key, values in lines.items()
    ]


ANALYSIS = Analysis(name="floors", entry=Floor, compute=floors)
