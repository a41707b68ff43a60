"""Figures of reasoning length: the verdicts by length, and what a doubling of it goes with, four ways."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..analyse.results import select
from ..score.measure import Entry
from .plot_style import (
    COLOURS,
    COUNT,
    GREEN,
    GREY,
    LABELS,
    ORANGE,
    PINK,
    Here,
    dot,
    foot,
    intervals,
    panels,
    room,
    with_role,
)

DASHES: dict[str, Any] = {"hacc": "-", "sacc": "--"}
NAMES = 1.35  # of the axis: room at its right for the names of the modes
NAMED: dict[str, Any] = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}}
WAYS = {
    "pooled": ("pooled (as the papers)", GREY, "s"),
    "within_source": ("within source", COLOURS["hacc"], "o"),
    "within_prompt": ("within prompt", GREEN, "D"),
    "intervention": ("a mode intervened", ORANGE, "^"),
    "intervention_finished": ("the same, finished samples only", PINK, "v"),
}


def length_lines(here: Here) -> Figure | None:
    """HAcc and SAcc by reasoning length: bin edges in tokens, n in each bin, cut samples apart.

    A panel for each arm with more than one bin, control arms aside: the others reason too rarely to be sorted.
    """
    bins = select(here["bins"], source=None)
    judged = select(bins, metric="hacc", kind="equal_count")
    arms = [
        arm
        for arm in dict.fromkeys(one["arm"] for one in judged)
        if len(select(judged, arm=arm)) > 1 and arm not in with_role(here, "control")
    ]
    if not arms:
        return None
    figure, made = panels(len(arms), 2, 1.05, left=0.3, foot=0.68)
    for axes, arm in zip(made, arms, strict=True):
        _lengths(axes, select(bins, arm=arm))
        axes.set_title(arm)
    lines = [
        Line2D([], [], color=COLOURS[metric], linestyle=style, marker="o", markersize=3, label=LABELS[metric])
        for metric, style in DASHES.items()
    ]
    apart = Patch(
        facecolor="white", edgecolor=GREY, hatch="////", label="cut or unclosed: no answer to judge"
    )
    foot(figure, "reasoning tokens (edges of the bins); above them the samples in each bin", [*lines, apart])
    return figure


def _lengths(axes: Axes, bins: list[Entry]) -> None:
    judged = select(bins, metric="hacc", kind="equal_count")
    for metric, style in DASHES.items():
        own = select(bins, metric=metric, kind="equal_count")
        places = [(i, one) for i, one in enumerate(own) if one["value"] is not None]
        x = [i + (-0.06 if metric == "hacc" else 0.06) for i, _ in places]
        y = [one["value"] for _, one in places]
        axes.plot(x, y, style, color=COLOURS[metric], marker="o", markersize=2.6, linewidth=1.1)
        intervals(axes, x, y, [one for _, one in places], upright=True, colour=COLOURS[metric])
    apart = [one for one in bins if one["metric"] == "hacc" and one["kind"] in ("cut", "unclosed")]
    ticks: dict[float, str] = {len(judged) - 0.5: str(judged[-1]["to"])}
    for i, one in enumerate(judged):
        ticks[i if one["to"] == 0 else i - 0.5] = str(one["from"])
        axes.text(i, -0.08, str(one["n"]), **COUNT)
    for place, one in enumerate(apart, len(judged)):
        axes.axvspan(
            place - 0.1, place + 0.7, 0.13, facecolor="white", edgecolor=GREY, hatch="////", linewidth=0
        )
        axes.text(place + 0.3, -0.08, str(one["n"]), **COUNT)
        axes.text(place + 0.3, 0.5, one["kind"], rotation=90, **COUNT | NAMED)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set(xlim=(-0.6, len(judged) + len(apart) - 0.2), ylim=(-0.16, 1.04), yticks=[0, 0.5, 1])
    axes.grid(axis="y", linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)


def slopes(here: Here) -> Figure | None:
    """Change of HAcc and of correct answers per doubling of the reasoning, by what is held fixed; a row an arm.

    An estimate too vague for the axis is an arrow at its edge.
    """
    found = [
        one
        for one in here["length"]
        if one["method"] in WAYS and one["low"] is not None and one["arm"] not in with_role(here, "control")
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    metrics = [metric for metric in LABELS if metric != "sacc" and select(found, metric=metric)]
    if not metrics:
        return None
    right = NAMES if select(found, method="intervention") else 1
    lines = max(len(select(found, metric=metric, arm=arm)) for metric in metrics for arm in arms)
    figure, made = panels(len(metrics), 2, max(0.36, 0.1 * lines) * len(arms), left=room(arms), foot=0.68)
    for metric, axes in zip(metrics, made, strict=True):
        own = select(found, metric=metric)
        reach = _reach(own)
        for row, arm in enumerate(arms):
            _ways(axes, row, select(own, arm=arm), lines, reach)
        axes.axvline(0, color="black", linewidth=0.6)
        for row in range(1, len(arms)):
            axes.axhline(row - 0.5, color="#dddddd", linewidth=0.5)
        axes.set(title=LABELS[metric], xlim=(-reach, right * reach), ylim=(len(arms) - 0.5, -0.5))
        axes.set_yticks(range(len(arms)), arms)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", linewidth=0.3, color="#dddddd")
        axes.set_axisbelow(True)
    there = {one["method"] for one in found}
    legend = [dot(colour, label, marker) for way, (label, colour, marker) in WAYS.items() if way in there]
    foot(figure, "change per doubling of the reasoning tokens, with 95 % interval", legend, 3)
    return figure


def _reach(entries: list[Entry]) -> float:
    """How far the axis goes: to the farthest of the values that are known to within 0.5."""
    sharp = [one for one in entries if one["high"] - one["low"] < 1] or entries
    return max(0.02, 1.1 * max(abs(one[key]) for one in sharp for key in ("value", "low", "high")))


def _ways(axes: Axes, row: int, entries: list[Entry], lines: int, reach: float) -> None:
    """The ways of one arm below one another, two lines for each mode that intervened, named at the right."""
    modes = list(dict.fromkeys(one["mode"] for one in entries))
    ordered = [one for mode in modes for way in WAYS for one in select(entries, mode=mode, method=way)]
    for i, one in enumerate(ordered):
        y = row + (i - (len(ordered) - 1) / 2) * 0.88 / lines
        _, colour, marker = WAYS[one["method"]]
        if abs(one["value"]) > reach:
            side = 1 if one["value"] > 0 else -1
            axes.plot(side * reach * 0.97, y, ">" if side > 0 else "<", color=colour, markersize=4)
        else:
            axes.plot(one["value"], y, marker, color=colour, markersize=3)
            intervals(axes, [one["value"]], [y], [one], upright=False, colour=colour)
        if one["method"] == "intervention":
            axes.text(reach * NAMES, y, one["mode"], fontsize=5.5, ha="right", va="center", color="#333333")
