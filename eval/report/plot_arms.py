"""Figures of whole arms: each beside its base, prompts that flipped, and how the two outcomes go together."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..analyse.results import pooled, select
from ..score.floors import best
from ..score.measure import Entry
from .plot_style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    LABELS,
    ORANGE,
    Here,
    foot,
    intervals,
    panels,
    room,
    with_role,
)
from .summary import partners

WITHOUT = {"hacc": "blind_hacc", "sacc": "blind_sacc", "correct": "correct_plain"}
DIAMOND: dict[str, Any] = {
    "marker": "D",
    "color": "white",
    "markeredgecolor": "black",
    "markersize": 3,
    "markeredgewidth": 0.6,
}
WRITTEN: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6}
FLIPS = {
    "pass_pass": ("both pass", "#9db7c9"),
    "fail_pass": ("only the arm passes", BLUE),
    "pass_fail": ("only its base passes", ORANGE),
    "fail_fail": ("both fail", "#dcdcdc"),
}
JOINT = {
    "both": ("constraints and answer", GREEN),
    "hacc_only": ("constraints only", BLUE),
    "correct_only": ("answer only", ORANGE),
    "neither": ("neither", "#dcdcdc"),
}


def arm_bars(here: Here) -> Figure | None:
    """Every arm beside its base, a panel a metric, with interval, floor, and the arm asked without constraints."""
    whole = pooled(select(here["figures"], group=None))
    sides = partners(here["contrasts"])
    arms = [
        arm
        for arm in dict.fromkeys(one["arm"] for one in whole)
        if arm not in with_role(here, "base") and arm not in sides.values()
    ]
    metrics = [metric for metric in LABELS if select(whole, metric=metric)]
    if not arms or not metrics:
        return None
    figure, made = panels(len(metrics), 3, max(0.26 * len(arms), 0.6), left=room(arms))
    for metric, axes in zip(metrics, made, strict=True):
        _pairs(axes, select(whole, metric=metric), arms, sides, COLOURS[metric])
        for one in select(whole, metric=WITHOUT[metric]):
            if one["arm"] in arms:
                axes.plot(one["value"], arms.index(one["arm"]) + 0.19, **DIAMOND)
        floor = best(here["floors"], metric)
        if floor:
            axes.axvline(floor["value"], color="black", linewidth=0.8, linestyle=":")
        axes.set(title=LABELS[metric], xlim=(0, 1.03), xticks=(0, 0.5, 1))
    legend: list[Patch | Line2D] = [
        Patch(color=GREY, label="its base"),
        Line2D([], [], linestyle="", label="asked without constraints", **DIAMOND),
        Line2D([], [], color="black", linewidth=0.8, linestyle=":", label="best constant reply"),
    ]
    foot(figure, "share of samples, with 95 % interval; grey its base, in colour the arm", legend)
    return figure


def _pairs(axes: Axes, entries: list[Entry], arms: Sequence[str], sides: dict[str, str], colour: str) -> None:
    own = {one["arm"]: one for one in entries}
    bars = [(y - 0.19, own.get(sides.get(arm, "")), GREY) for y, arm in enumerate(arms)]
    bars += [(y + 0.19, own.get(arm), colour) for y, arm in enumerate(arms)]
    drawn = [(y, one, shade) for y, one, shade in bars if one]
    values = [one["value"] for _, one, _ in drawn]
    axes.barh([y for y, *_ in drawn], values, 0.36, color=[shade for *_, shade in drawn])
    intervals(axes, values, [y for y, *_ in drawn], [one for _, one, _ in drawn], upright=False)
    _names(axes, arms)


def _names(axes: Axes, arms: Sequence[str]) -> None:
    axes.set(ylim=(len(arms) - 0.5, -0.5))
    axes.set_yticks(range(len(arms)), arms)
    axes.tick_params(axis="y", length=0)


def flip_bars(here: Here) -> Figure | None:
    """Prompts by what they do under the base and under the arm, counted; a panel for HAcc and one for answers."""
    sides = partners(here["contrasts"])
    found = [one for one in here["flips"] if one["against"] == sides.get(one["arm"])]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    metrics = [metric for metric in LABELS if select(found, metric=metric)]
    if not arms:
        return None
    figure, made = panels(len(metrics), 2, max(0.2 * len(arms), 0.5), left=room(arms))
    for metric, axes in zip(metrics, made, strict=True):
        own = {one["arm"]: one for one in select(found, metric=metric)}
        _stack(axes, [own.get(arm) for arm in arms], FLIPS, str)
        _names(axes, arms)
        axes.set(title=LABELS[metric])
    legend = [Patch(color=colour, label=label) for label, colour in FLIPS.values()]
    foot(figure, "share of prompts; a prompt passes when most of its samples do (counts inside)", legend)
    return figure


def joint_bars(here: Here) -> Figure | None:
    """Samples by both outcomes, and where `both` would end if constraints and answers were independent."""
    found = here["joint"]
    if not found:
        return None
    arms = [one["arm"] for one in found]
    figure, (axes,) = panels(1, 1, max(0.2 * len(arms), 0.5), left=room(arms), foot=0.68)
    _stack(axes, found, JOINT, "{:.2f}".format)
    for y, one in enumerate(found):
        axes.plot([one["expected_both"]] * 2, [y - 0.4, y + 0.4], color="black", linewidth=1.2)
    _names(axes, arms)
    axes.set_title("constraints and answer")
    legend: list[Patch | Line2D] = [Patch(color=colour, label=label) for label, colour in JOINT.values()]
    legend.append(Line2D([], [], color="black", linewidth=1.2, label="both, were they independent"))
    foot(figure, "share of samples", legend, 3)
    return figure


def _stack(
    axes: Axes,
    entries: Sequence[Entry | None],
    parts: dict[str, tuple[str, str]],
    written: Callable[[Any], str],
) -> None:
    """One bar of length 1 an entry, in parts, with the parts that are wide enough written into it."""
    for y, one in enumerate(entries):
        start = 0.0
        for share, value, colour in _shares(one, parts) if one else ():
            axes.barh(y, share, 0.72, left=start, color=colour, linewidth=0)
            if share > 0.07:
                shade = "white" if colour in (BLUE, ORANGE, GREEN) else "#222222"
                axes.text(start + share / 2, y + 0.03, written(value), **WRITTEN, color=shade)
            start += share
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1))


def _shares(one: Entry, parts: dict[str, tuple[str, str]]) -> list[tuple[float, Any, str]]:
    whole = sum(one[key] for key in parts)
    return [(one[key] / whole, one[key], colour) for key, (_, colour) in parts.items()]
