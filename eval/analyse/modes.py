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
    for arm in dict.fromkeys(entry["arm"] for entry in whole if len(data.modes) > 1):
        for mode in dict.fromkeys(entry["mode"] for entry in select(whole, arm=arm)):
            by_metric = {entry["metric"]: entry for entry in select(whole, arm=arm, mode=mode)}
            changes = {entry["metric"]: entry for entry in select(between, arm=arm, mode=mode)}
            table.append(
                [
                    arm,
                    mode,
                    f"{by_metric['reasoning_tokens']['value']:.0f}"
                    if "reasoning_tokens" in by_metric
                    else "–",
                    rate(by_metric.get("hacc")),
                    *tested(changes.get("hacc")),
                    *(_beside(by_metric.get(metric), changes.get(metric)) for metric in ("sacc", "correct")),
                ]
            )
    return table


def _beside(figure: Entry | None, change: Entry | None) -> str:
    return rate(figure) if change is None else f"{figure['value']:.2f} ({signed(change)})" if figure else "–"


def mode_dots(data: ReportData) -> Drawing | None:
    """The modes of asking below one another, a panel an arm: the three rates, and the mean reasoning tokens."""
    whole = pooled(select(data.on_set("figures"), group=None))
    modes = list(dict.fromkeys(entry["mode"] for entry in whole))
    arms = list(dict.fromkeys(entry["arm"] for entry in whole))
    if len(modes) < 2:
        return None
    figure, all_axes = panels(len(arms), 3, 0.2 * len(modes) + 0.1, left=room(modes), gap=0.42, right=0.42)
    for axes, arm in zip(all_axes, arms, strict=True):
        for nudge, metric in zip((-0.2, 0, 0.2), LABELS, strict=True):
            of_metric = select(whole, arm=arm, metric=metric)
            known = [entry for entry in of_metric if entry["value"] is not None]
            x = [entry["value"] for entry in known]
            y = [modes.index(entry["mode"]) + nudge for entry in known]
            axes.plot(x, y, "o", color=COLOURS[metric], markersize=2.6)
            intervals(axes, x, y, known, upright=False, colour=COLOURS[metric])
        for entry in select(whole, arm=arm, metric="reasoning_tokens"):
            axes.text(1.05, modes.index(entry["mode"]), f"{entry['value']:.0f}", va="center", fontsize=6)
        axes.text(1.05, -0.75, "tokens", fontsize=6, va="center")
        axes.set_title(arm)
        axes.set(xlim=(0, 1.02), ylim=(len(modes) - 0.5, -0.5))
        axes.set_yticks(range(len(modes)), modes)
        axes.grid(axis="x", linewidth=0.3, color="#dddddd")
        axes.set_axisbelow(True)
    metrics = {entry["metric"] for entry in whole}
    legend = [dot(COLOURS[metric], name) for metric, name in LABELS.items() if metric in metrics]
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
