"""The same prompts asked in several modes, from the figures and the contrasts within an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..score.measure import Entry
from .analysis import Analysis, Figure, Table
from .contrasts import tested
from .formats import rate, signed
from .results import ReportData, Rows, pooled, select
from .style import COLOURS, LABELS, dot, foot, intervals, panels, room

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


def modes_table(data: ReportData) -> Rows:
    """Every arm in every mode, beside the difference from the first mode on the same rows."""
    whole = pooled(select(data.on_set("figures"), group=None))
    between = select(data.on_set("contrasts"), group=None, question="mode", against_mode=data.mode)
    table = [
        ["arm", "mode", "reasoning tokens", "HAcc", "change", "p", "Holm", "detectable", "SAcc", "correct"]
    ]
    for arm in dict.fromkeys(one["arm"] for one in whole if len(data.modes) > 1):
        for mode in dict.fromkeys(one["mode"] for one in select(whole, arm=arm)):
            own = {one["metric"]: one for one in select(whole, arm=arm, mode=mode)}
            changes = {one["metric"]: one for one in select(between, arm=arm, mode=mode)}
            table.append(
                [
                    arm,
                    mode,
                    f"{own['reasoning_tokens']['value']:.0f}" if "reasoning_tokens" in own else "–",
                    rate(own.get("hacc")),
                    *tested(changes.get("hacc")),
                    *(_beside(own.get(metric), changes.get(metric)) for metric in ("sacc", "correct")),
                ]
            )
    return table


def _beside(own: Entry | None, change: Entry | None) -> str:
    return rate(own) if change is None else f"{own['value']:.2f} ({signed(change)})" if own else "–"


def mode_dots(data: ReportData) -> Drawing | None:
    """The modes of asking below one another, a panel an arm: the three rates, and the mean reasoning tokens."""
    whole = pooled(select(data.on_set("figures"), group=None))
    modes = list(dict.fromkeys(one["mode"] for one in whole))
    arms = list(dict.fromkeys(one["arm"] for one in whole))
    if len(modes) < 2:
        return None
    figure, made = panels(len(arms), 3, 0.2 * len(modes) + 0.1, left=room(modes), gap=0.42, right=0.42)
    for axes, arm in zip(made, arms, strict=True):
        for nudge, metric in zip((-0.2, 0, 0.2), LABELS, strict=True):
            own = [one for one in select(whole, arm=arm, metric=metric) if one["value"] is not None]
            x, y = [one["value"] for one in own], [modes.index(one["mode"]) + nudge for one in own]
            axes.plot(x, y, "o", color=COLOURS[metric], markersize=2.6)
            intervals(axes, x, y, own, upright=False, colour=COLOURS[metric])
        for one in select(whole, arm=arm, metric="reasoning_tokens"):
            axes.text(1.05, modes.index(one["mode"]), f"{one['value']:.0f}", va="center", fontsize=6)
        axes.text(1.05, -0.75, "tokens", fontsize=6, va="center")
        axes.set_title(arm)
        axes.set(xlim=(0, 1.02), ylim=(len(modes) - 0.5, -0.5))
        axes.set_yticks(range(len(modes)), modes)
        axes.grid(axis="x", linewidth=0.3, color="#dddddd")
        axes.set_axisbelow(True)
    there = {one["metric"] for one in whole}
    legend = [dot(COLOURS[metric], name) for metric, name in LABELS.items() if metric in there]
    foot(figure, "share of samples, with 95 % interval; at the right the mean reasoning tokens", legend)
    return figure


ANALYSIS = Analysis(
    heading="Modes of asking",
    contents="modes",
    parts=[
        Figure(
            "modes",
            "The same prompts asked in several modes.",
            "Each mode changes how the same checkpoint reasons; paired differences from the first mode are in the table.",
            "",
            mode_dots,
        ),
        Table("mode_changes", modes_table, "Every mode", "text"),
    ],
)
