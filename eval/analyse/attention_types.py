"""Attention on each type of constraint while a model answers, beside how often the arm was trained on the type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..attention.lines import MEASURES
from ..attention.replies import means
from ..attention.summary import OnConstraint, on_constraints
from ..verify import JUDGED
from .analysis import Analysis, EntryLists, Figure, Table
from .attention import SHOWN, Measure, figure
from .attention_data import answers_of
from .constraint_types import SCOPES
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .formats import share
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import dot, foot, intervals, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True)
class AttentionType:
    """Attention on the constraints of one type, in an answer's first 16 tokens as sampled."""

    set: SetName
    arm: ArmName
    mode: Mode
    type: Annotated[str, "the type of constraint"]
    scope: Annotated[str, "`local` or `global`"]
    trained: Annotated[
        int | None,
        "training rows of the arm's own stages that ask for it, whatever the passes over them; null where nothing was "
        "trained, or the rows are gone",
    ]
    followed: Annotated[float, "share of its verdicts that hold"]
    measure: Measure
    value: Annotated[float, "the mean over constraints and layers"]
    low: Low
    high: High
    n: Annotated[int, "verdicts that it rests on"]
    clusters: Clusters


def attention_types(data: SetData, _: EntryLists) -> Iterator[AttentionType]:
    """Of every arm and mode that was read; the seeds of an arm together."""
    rows = {row.name: row for row in data.row_set.rows}
    stages = {arm.name: arm.stages for arm in data.run.arms}
    for arm, mode in data.attention:
        trained = data.run.trained_types.of(stages[arm]) if stages[arm] else None
        by_type: dict[str, list[OnConstraint]] = {}
        for each in on_constraints(answers_of(data.attention, arm, mode)):
            by_type.setdefault(rows[each.row].constraints[each.number].id, []).append(each)
        for kind, members in sorted(by_type.items()):
            held = float(np.mean([each.held for each in members]))
            seen = None if trained is None else trained[kind]
            head = (data.name, arm, mode, kind, JUDGED[kind].scope, seen, held)
            problems = [rows[each.row].problem_id for each in members]
            of_measures = means([each.values for each in members], problems)
            for measure, mean in zip(MEASURES, of_measures, strict=True):
                if measure in SHOWN and mean.n:
                    yield AttentionType(*head, measure, *mean)


def types_table(data: ReportData) -> Rows:
    """One line a type under an arm and mode, by what it was trained."""
    table = [["arm", "mode", "type", "scope", "rows trained", "followed", "per token", "lift", "verdicts"]]
    entries = data.on_set("attention_types")
    for entry in select(entries, measure="per_token"):
        same = {key: entry[key] for key in ("arm", "mode", "type", "scope")}
        lift = select(entries, measure="lift", **same)
        rows = "–" if entry["trained"] is None else str(entry["trained"])
        figures = [rows, share(entry["followed"]), figure(entry), figure(*lift)]
        table.append([*same.values(), *figures, str(entry["n"])])
    return table


def by_training(data: ReportData) -> Drawing | None:
    """Lift of each type by its training rows, a panel an arm and mode; of arms that were trained on types unlike often."""
    entries = select(data.on_set("attention_types"), measure="lift")
    rates = dict.fromkeys((entry["arm"], entry["mode"], entry["trained"]) for entry in entries)
    times = Counter((arm, mode) for arm, mode, _ in rates)
    sides = [side for side, count in times.items() if count > 1]
    if not sides:
        return None
    drawn, all_axes = panels(len(sides), 2, 1.1, left=0.4, gap=0.45, inner=True)
    for axes, (arm, mode) in zip(all_axes, sides, strict=True):
        for scope, colour in SCOPES.items():
            shown = select(entries, arm=arm, mode=mode, scope=scope)
            x, y = [entry["trained"] + 1 for entry in shown], [entry["value"] for entry in shown]
            axes.plot(x, y, "o", color=colour, markersize=2.8)
            intervals(axes, x, y, shown, upright=True, colour=colour)
        axes.axhline(1, color="black", linewidth=0.6)
        axes.set(xscale="log", title=f"{arm}, {mode}")
    legend = [dot(colour, f"{scope} constraint") for scope, colour in SCOPES.items()]
    foot(drawn, "training rows that ask for the type, plus one; lift, with 95 % interval", legend)
    return drawn


ANALYSIS = Analysis(
    name="attention_types",
    entry=AttentionType,
    compute=attention_types,
    parts=[
        Figure(
            "attention_types",
            "Attention on each type by how often it was trained.",
            "A point is a type of constraint; lift 1 is a token like any other of the prompt. Rows of the arm’s own stages "
            "count; what a base had seen before the run is not known. Arms that were trained on all types alike are left out.",
            "",
            by_training,
        ),
        Table("attention_types", types_table, "Attention on each type of constraint", "text"),
    ],
)
