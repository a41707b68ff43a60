"""Figures of series: the metrics along training, and the modes of asking beside one another."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analyse.results import pooled, select
from ..score.measure import Entry
from .plot_style import COLOURS, LABELS, SERIES, Here, dot, foot, intervals, panels, room, with_role

ALONG = LABELS | {"reasoning_tokens": "reasoning tokens"}
STROKES: tuple[Any, ...] = ("-", "--", ":")


def along_lines(here: Here) -> Figure | None:
    """HAcc, SAcc, correct and reasoning length against training step from the base, a panel each, a line an arm."""
    found = [
        one
        for one in here["along"]
        if one["value"] is not None and one["arm"] not in with_role(here, "control")
    ]
    arms = [arm for arm in dict.fromkeys(one["arm"] for one in found) if _steps(found, arm) > 1]
    metrics = [metric for metric in ALONG if select(found, metric=metric)]
    if not arms:
        return None
    arms.sort(key=lambda arm: max(len(one["stages"]) for one in select(found, arm=arm)))
    figure, made = panels(
        len(metrics), 2, 1.15, left=0.35, gap=0.4, inner=True, foot=0.62 + 0.13 * (len(arms) > 4)
    )
    looks = {
        arm: {"color": SERIES[i % len(SERIES)], "linestyle": STROKES[i // len(SERIES) % len(STROKES)]}
        for i, arm in enumerate(arms)
    }
    for metric, axes in zip(metrics, made, strict=True):
        drawn: set[str] = set()
        for arm in arms:
            _along(axes, select(found, metric=metric, arm=arm), looks[arm], drawn)
        axes.set_title(ALONG[metric])
        axes.set_ylim(0, 1.03 if metric in LABELS else None)
        axes.grid(axis="y", linewidth=0.3, color="#dddddd")
    legend = [Line2D([], [], marker="o", markersize=2.6, label=arm, **looks[arm]) for arm in arms]
    foot(
        figure,
        "training step, counted from the base, with 95 % interval; a ring where an arm begins",
        legend,
        4,
    )
    return figure


def _steps(found: list[Entry], arm: str) -> int:
    return len({one["total_step"] for one in select(found, arm=arm)})


def _along(axes: Axes, entries: list[Entry], look: dict[str, Any], drawn: set[str]) -> None:
    """One arm's line from where it leaves the lines of the arms drawn before it."""
    for seed in dict.fromkeys(one["seed"] for one in entries):
        whole = sorted(select(entries, seed=seed), key=lambda one: one["total_step"])
        shared = sum(one["checkpoint"] in drawn for one in whole)
        own = whole[max(0, shared - 1) :]
        x, y = [one["total_step"] for one in own], [one["value"] for one in own]
        axes.plot(x, y, marker="o", markersize=2.2, linewidth=1, **look)
        intervals(axes, x, y, own, upright=True, colour=look["color"])
        axes.plot(
            x[:1],
            y[:1],
            "o",
            markersize=4.5,
            markerfacecolor="none",
            markeredgecolor="black",
            markeredgewidth=0.7,
        )
        drawn |= {one["checkpoint"] for one in whole}


def mode_dots(here: Here) -> Figure | None:
    """The modes of asking below one another, a panel an arm: the three rates, and the mean reasoning tokens."""
    whole = pooled(select(here["modes"], group=None))
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
    legend = [dot(COLOURS[metric], label) for metric, label in LABELS.items() if metric in there]
    foot(figure, "share of samples, with 95 % interval; at the right the mean reasoning tokens", legend)
    return figure
