"""The figures of a report, drawn at the width of a paper page from the content of results.json."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .analyse import CONTROLS
from .floors import best
from .results import Entry, pooled, select
from .study import base_of
from .verify import TYPES

WIDTH = 7.0  # inches
LABELS = {"hacc": "HAcc", "sacc": "SAcc", "correct": "correct"}
WITHOUT = {"hacc": "blind_hacc", "sacc": "blind_sacc", "correct": "correct_plain"}
COLOURS = {"hacc": "#0072b2", "sacc": "#d55e00", "correct": "#009e73"}  # Okabe and Ito
SCOPES = {"local": "#0072b2", "global": "#d55e00"}
GREY = "#b0b0b0"
CONTROL_ARMS = {control for controls in CONTROLS.values() for control in controls}
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7.5,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}

Here = dict[str, list[Entry]]  # the figures, contrasts, bins and floors of one set and mode


def draw(results: Entry, out_dir: Path) -> list[Path]:
    """Write every figure as PNG and PDF, several at a time; the PNGs' paths, in the order of a report."""
    out_dir.mkdir(parents=True, exist_ok=True)
    tasks = []
    for name, mode in dict.fromkeys((one["set"], one["mode"]) for one in results["figures"]):
        here = {kind: select(results[kind], set=name, mode=mode) for kind in ("figures", "contrasts", "bins")}
        here["floors"] = select(results["floors"], set=name)
        tasks += [(kind, here, out_dir / f"{kind}.{name}.{mode}.png") for kind in PLOTS]
    workers = min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return [path for path in pool.map(_draw, tasks) if path]


def _draw(task: tuple[str, Here, Path]) -> Path | None:
    kind, here, path = task
    with matplotlib.rc_context(STYLE):
        figure = PLOTS[kind](here)
        if figure is None:
            return None
        figure.savefig(path)
        figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
    return path


def _panels(
    count: int, columns: int, height: float, *, left: float, gap: float = 0.25
) -> tuple[Figure, list[Axes]]:
    """Panels `height` inches high with room for a title above each, ticks below, and a legend at the foot.

    Placed by hand: matplotlib's layout engines take most of the time of a report.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    foot, head, between = 0.62, 0.25, 0.45
    total = foot + rows * height + (rows - 1) * between + head
    figure = Figure(figsize=(WIDTH, total))
    width = (WIDTH - left - 0.1 - (columns - 1) * gap) / columns
    panels = []
    for i in range(count):
        row, column = divmod(i, columns)
        x, y = left + column * (width + gap), total - head - height - row * (height + between)
        panels.append(figure.add_axes((x / WIDTH, y / total, width / WIDTH, height / total)))
        if column:
            panels[-1].tick_params(axis="y", labelleft=False)
    return figure, panels


def _foot(figure: Figure, text: str, handles: Sequence[Patch | Line2D]) -> None:
    height = figure.get_figheight()
    figure.text(0.5, 0.27 / height, text, ha="center", va="center")
    figure.legend(
        handles=handles, loc="center", bbox_to_anchor=(0.5, 0.1 / height), ncols=len(handles), borderpad=0
    )


def arm_bars(here: Here) -> Figure | None:
    """Every arm beside its base, a panel a metric, with interval, floor, and the arm asked without constraints."""
    whole = pooled(select(here["figures"], group=None))
    arms = [arm for arm in dict.fromkeys(one["arm"] for one in whole) if arm != base_of(arm)]
    metrics = [metric for metric in LABELS if select(whole, metric=metric)]
    if not arms or not metrics:
        return None
    figure, panels = _panels(len(metrics), 3, 0.3 * len(arms), left=1.05)
    for metric, axes in zip(metrics, panels, strict=True):
        own = {one["arm"]: one for one in select(whole, metric=metric)}
        bars = [(y - 0.19, own.get(base_of(arm)), GREY) for y, arm in enumerate(arms)]
        bars += [(y + 0.19, own.get(arm), COLOURS[metric]) for y, arm in enumerate(arms)]
        drawn = [(y, one, colour) for y, one, colour in bars if one]
        values = [one["value"] for _, one, _ in drawn]
        axes.barh([y for y, *_ in drawn], values, 0.36, color=[colour for *_, colour in drawn])
        _intervals(axes, values, [y for y, *_ in drawn], [one for _, one, _ in drawn], upright=False)
        for one in select(whole, metric=WITHOUT[metric]):
            if one["arm"] in arms:
                axes.plot(one["value"], arms.index(one["arm"]) + 0.19, **DIAMOND)
        floor = best(here["floors"], metric)
        if floor:
            axes.axvline(floor["value"], color="black", linewidth=0.8, linestyle=":")
        axes.set(title=LABELS[metric], xlim=(0, 1.03), ylim=(len(arms) - 0.5, -0.5))
        axes.set_yticks(range(len(arms)), arms)
        axes.tick_params(axis="y", length=0)
    without = Line2D([], [], linestyle="", label="the same arm asked without constraints", **DIAMOND)
    floor_line = Line2D([], [], color="black", linewidth=0.8, linestyle=":", label="best constant reply")
    base = Patch(color=GREY, label="base")
    _foot(
        figure,
        "share of samples, with 95 % interval; grey the base, in colour the arm",
        [base, without, floor_line],
    )
    return figure


DIAMOND: dict[str, Any] = {
    "marker": "D",
    "color": "white",
    "markeredgecolor": "black",
    "markersize": 3.5,
    "markeredgewidth": 0.7,
}


def _intervals(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    entries: Sequence[Entry],
    *,
    upright: bool,
    colour: str = "black",
) -> None:
    """The intervals of entries at the points (x, y), along y if upright and along x if not."""
    known = [i for i, one in enumerate(entries) if one["low"] is not None]
    centre = y if upright else x
    reach = [
        [max(0.0, centre[i] - entries[i]["low"]) for i in known],
        [max(0.0, entries[i]["high"] - centre[i]) for i in known],
    ]
    style: dict[str, Any] = {
        "fmt": "none",
        "ecolor": colour,
        "elinewidth": 0.7,
        "capsize": 1.5,
        "capthick": 0.7,
    }
    style["yerr" if upright else "xerr"] = reach
    axes.errorbar([x[i] for i in known], [y[i] for i in known], **style)


def length_lines(here: Here) -> Figure | None:
    """HAcc and SAcc by reasoning length: bin edges in tokens, n in each bin, cut samples apart.

    A panel for each arm with more than one bin: the others reason too rarely to be sorted by length.
    """
    judged = select(here["bins"], metric="hacc", kind="equal_count")
    arms = [arm for arm in dict.fromkeys(one["arm"] for one in judged) if len(select(judged, arm=arm)) > 1]
    if not arms:
        return None
    figure, panels = _panels(len(arms), 3, 1.1, left=0.35)
    for axes, arm in zip(panels, arms, strict=True):
        _lengths(axes, select(here["bins"], arm=arm))
        axes.set_title(arm, pad=3)
    lines = [
        Line2D([], [], color=COLOURS[metric], linestyle=style, marker="o", markersize=3, label=LABELS[metric])
        for metric, style in DASHES.items()
    ]
    apart = Patch(
        facecolor="white", edgecolor=GREY, hatch="////", label="cut or unclosed: no answer to judge"
    )
    _foot(figure, "reasoning tokens (edges of the bins), above them the samples in each bin", [*lines, apart])
    return figure


DASHES: dict[str, Any] = {"hacc": "-", "sacc": "--"}


def _lengths(axes: Axes, bins: list[Entry]) -> None:
    judged = select(bins, metric="hacc", kind="equal_count")
    for metric, style in DASHES.items():
        own = select(bins, metric=metric, kind="equal_count")
        x = [i + (-0.06 if metric == "hacc" else 0.06) for i in range(len(own))]
        y = [one["value"] for one in own]
        axes.plot(x, y, style, color=COLOURS[metric], marker="o", markersize=3, linewidth=1.1)
        _intervals(axes, x, y, own, upright=True, colour=COLOURS[metric])
    apart = [one for one in bins if one["metric"] == "hacc" and one["kind"] != "equal_count"]
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


COUNT: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6, "color": "#333333"}
NAMED: dict[str, Any] = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}}


def type_changes(here: Here) -> Figure | None:
    """Change of each constraint type against the base, a panel an arm (controls are in the table), by scope."""
    found = [
        one
        for one in here["contrasts"]
        if one["against"] == base_of(one["arm"])
        and one["arm"].rpartition("/")[2] not in CONTROL_ARMS
        and one["group"]
        and one["group"]["by"] == "type"
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    if not arms:
        return None
    types = sorted({one["group"]["value"] for one in found}, key=lambda name: (TYPES[name].scope, name))
    figure, panels = _panels(len(arms), 3, 0.16 * len(types) + 0.1, left=1.95)
    reach = 1.05 * max(
        abs(bound) for one in found for bound in (one["diff"], one["low"], one["high"]) if bound
    )
    for axes, arm in zip(panels, arms, strict=True):
        for scope, colour in SCOPES.items():
            own = [one for one in select(found, arm=arm) if TYPES[one["group"]["value"]].scope == scope]
            x, y = [one["diff"] for one in own], [types.index(one["group"]["value"]) for one in own]
            axes.plot(x, y, "o", color=colour, markersize=3)
            _intervals(axes, x, y, own, upright=False, colour=colour)
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set_title(arm, pad=3)
        axes.set(xlim=(-reach, reach), ylim=(len(types) - 0.4, -0.6))
        axes.set_yticks(range(len(types)), [name.split(":")[1] for name in types])
        axes.grid(axis="x", linewidth=0.3, color="#dddddd")
    dots = [
        Line2D([], [], linestyle="", marker="o", markersize=4, color=colour, label=f"{scope} constraint")
        for scope, colour in SCOPES.items()
    ]
    _foot(figure, "change of the share of verdicts that hold, arm minus base, with 95 % interval", dots)
    return figure


PLOTS: dict[str, Callable[[Here], Figure | None]] = {
    "arms": arm_bars,
    "lengths": length_lines,
    "types": type_changes,
}
