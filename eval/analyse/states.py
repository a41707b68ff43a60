"""How often each arm finishes a thought, never ends one, or has none: what its other figures are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.estimates import over_seeds, seed_numbers
from ..score.measure import Measure
from ..stats.intervals import wilson
from .analysis import Analysis, EntryLists, Figure, Table
from .fields import ArmName, Clusters, High, Low, Mode, Samples, SetName
from .formats import rate
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, ORANGE, arm_axis, foot, panels, patch, room, stack

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

STATES = {
    "closed": ("a thought that ends", BLUE),
    "unclosed": ("a thought that never ends", ORANGE),
    "none": ("no thought", "#dcdcdc"),
}


@dataclass(frozen=True)
class StateShare:
    """The share of an arm's samples, its seeds together, whose thought is in a state."""

    set: SetName
    arm: ArmName
    mode: Mode
    state: Annotated[str, "`closed`, `unclosed` or `none` (an empty thought too)"]
    value: Annotated[float, "the share of all samples"]
    low: Low
    high: High
    n: Samples
    clusters: Clusters


def state_shares(data: SetData, _: EntryLists) -> Iterator[StateShare]:
    """Three entries an arm and mode; they add up to one."""
    for (arm, mode), samples in data.samples.items():
        state = np.concatenate([scored.state for scored in samples])
        clusters = data.row_set.cluster[np.concatenate([scored.row for scored in samples])]
        seeds = seed_numbers([len(scored.row) for scored in samples])
        for name in STATES:
            in_state = (state == name).astype(float)
            measure = Measure(name, None, in_state, clusters, seeds=seeds)
            low, high = (
                wilson(in_state, clusters) if seeds is None else over_seeds(measure, data.row_set.clusters)
            )
            counts = (len(in_state), len(np.unique(clusters)))
            yield StateShare(data.name, arm, mode, name, float(in_state.mean()), low, high, *counts)


def states_table(data: ReportData) -> Rows:
    """One line an arm, one column a state."""
    entries = data.entries("states")
    table = [["arm", *STATES, "n"]]
    for arm in dict.fromkeys(entry["arm"] for entry in entries):
        by_state = {entry["state"]: entry for entry in select(entries, arm=arm)}
        shares = (rate(by_state[name]) for name in STATES)
        table.append([arm, *shares, str(by_state["none"]["n"])])
    return table


def state_bars(data: ReportData) -> Drawing | None:
    """Samples by the state of their thought, one bar an arm."""
    shares: dict[str, dict[str, float]] = {}
    for entry in data.entries("states"):
        shares.setdefault(entry["arm"], {})[entry["state"]] = entry["value"]
    figure, (axes,) = panels(1, 1, max(0.2 * len(shares), 0.5), left=room(list(shares)))
    stack(axes, list(shares.values()), STATES, "{:.2f}".format)
    arm_axis(axes, list(shares))
    axes.set_title("state of the thought")
    foot(figure, "share of samples", [patch(text, color=colour) for text, colour in STATES.values()])
    return figure


ANALYSIS = Analysis(
    name="states",
    entry=StateShare,
    compute=state_shares,
    heading="Thoughts that end",
    contents="thoughts",
    parts=[
        Figure(
            "states",
            "Whether the reasoning ends.",
            "A thought that never ends leaves no answer, so its sample fails under preset `reins`; the published ones judge what is there. Intervals are in the table.",
            "",
            state_bars,
        ),
        Table("states", states_table, "Every share"),
    ],
)
