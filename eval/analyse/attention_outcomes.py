"""The drop of attention where thinking helped, changed nothing and hurt: the paper's win, tie and lose, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..attention.lines import MEASURES, over_layers
from ..attention.replies import means
from ..stats.intervals import TIE
from ..verify.decision import DIRECT
from .analysis import Analysis, EntryLists, Figure, Table
from .attention import Measure, figure
from .attention_data import Sides, against_direct, answers_of, sampled_drops, verdict_means
from .fields import ArmName, Clusters, High, Low, Mode, SetName
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import GREEN, GREY, ORANGE, band, foot, line, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

OUTCOMES = {"win": GREEN, "tie": GREY, "lose": ORANGE}
LAYERED = {"per_token": "per token", "lift": "lift"}


@dataclass(frozen=True)
class AttentionOutcome:
    """The paper's drop, of answers as sampled, over the rows where thinking had one outcome."""

    set: SetName
    arm: ArmName
    mode: Mode
    outcome: Annotated[
        str, "`win`: behind a thought more constraints are followed than directly; `lose`: fewer; `tie`"
    ]
    measure: Measure
    layer: Annotated[int | None, "null for the mean over the layers that have attention"]
    value: Annotated[float, "attention in answers given directly less that in answers behind a thought"]
    low: Low
    high: High
    n: Annotated[int, "rows that it rests on"]
    clusters: Clusters


def attention_outcomes(data: SetData, _: EntryLists) -> Iterator[AttentionOutcome]:
    """Of every arm that was read in a mode that thinks and in `direct`; the seeds of an arm together."""
    problems = {row.name: row.problem_id for row in data.row_set.rows}
    for arm, mode in against_direct(data.attention):
        by_row = sampled_drops(data.attention, arm, mode)
        outcomes = outcome_of(data.attention, arm, mode)
        layers = _layers(data.attention, arm, mode)
        for outcome in OUTCOMES:
            rows = [row for row in by_row if outcomes.get(row) == outcome]
            names = [problems[row] for row in rows]
            for number, measure in enumerate(MEASURES if rows else ()):
                drops = np.stack([by_row[row][number] for row in rows])
                columns = [None, *layers] if measure in LAYERED else [None]
                table = np.column_stack([over_layers(drops), drops])[:, : len(columns)]
                for layer, mean in zip(columns, means(list(table), names), strict=True):
                    if mean.n:
                        yield AttentionOutcome(data.name, arm, mode, outcome, measure, layer, *mean)


def outcome_of(sides: Sides, arm: str, mode: str) -> dict[str, str]:
    """What thinking did to each row that was answered both ways: the mean number of constraints that its answers follow.

    Of the answers whose attention was read; cut ones, and thoughts that never end, lose by the limit.
    """
    think, direct = (verdict_means(answers_of(sides, arm, each)) for each in (mode, DIRECT))
    gains = {row: float(think[row].sum() - direct[row].sum()) for row in think if row in direct}
    return {row: "win" if gain > TIE else "lose" if gain < -TIE else "tie" for row, gain in gains.items()}


def _layers(sides: Sides, arm: str, mode: str) -> Sequence[int]:
    return next(reply.sampled.layers for read in sides[arm, mode] for reply in read.replies if reply.sampled)


def outcomes_table(data: ReportData) -> Rows:
    """The drop by outcome, means over layers."""
    table = [["arm", "mode", "thinking", "per token", "lift", "rows", "problems"]]
    entries = select(data.on_set("attention_outcomes"), layer=None)
    for entry in select(entries, measure="per_token"):
        same = {key: entry[key] for key in ("arm", "mode", "outcome")}
        lift = select(entries, measure="lift", **same)
        sizes = [str(entry["n"]), str(entry["clusters"])]
        table.append([*same.values(), figure(entry), figure(*lift), *sizes])
    return table


def outcome_layers(data: ReportData) -> Drawing | None:
    """The drop by layer for rows that thinking won, lost and left alone; a panel a measure of each arm and mode."""
    entries = [entry for entry in data.on_set("attention_outcomes") if entry["layer"] is not None]
    sides = list(dict.fromkeys((e["arm"], e["mode"], e["measure"]) for e in entries))
    if not sides:
        return None
    drawn, all_axes = panels(len(sides), 2, 1.1, left=0.55, gap=0.5, inner=True)
    for axes, (arm, mode, measure) in zip(all_axes, sides, strict=True):
        for outcome, colour in OUTCOMES.items():
            drops = select(entries, arm=arm, mode=mode, measure=measure, outcome=outcome)
            layers = [entry["layer"] for entry in drops]
            axes.plot(
                layers, [e["value"] for e in drops], color=colour, linewidth=1.1, marker="o", markersize=2
            )
            band(axes, layers, drops, colour)
        axes.axhline(0, color="black", linewidth=0.6)
        axes.set_title(f"{arm}, {mode}: {LAYERED[measure]}")
        axes.locator_params(axis="x", integer=True)
    legend = [line(f"thinking: {outcome}", color=colour) for outcome, colour in OUTCOMES.items()]
    foot(drawn, "drop of attention on the constraints behind a thought, by layer, with 95 % band", legend)
    return drawn


ANALYSIS = Analysis(
    name="attention_outcomes",
    entry=AttentionOutcome,
    compute=attention_outcomes,
    parts=[
        Figure(
            "attention_outcomes",
            "The drop where thinking won, lost and tied.",
            "“When Thinking Fails” (its figure 2) draws larger drops where thinking lost constraints, in early and middle "
            "layers. Rows are grouped by whether the answers behind a thought follow more, fewer or as many constraints as "
            "those given directly; bands are 95 % intervals over problems. Where the bands of win and lose overlap, the drop "
            "does not tell them apart.",
            "",
            outcome_layers,
        ),
        Table("attention_outcomes", outcomes_table, "The drop by what thinking did", "text"),
    ],
)
