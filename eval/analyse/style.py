"""What the figures share: width, type, colours, panels, intervals, and the legend at the foot.

matplotlib is imported where a figure is drawn: an analysis that is only computed does without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..score.measure import Entry
from .metrics import OUTCOMES, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

WIDTH = 5.5  # inches: the text column of a one-column paper
LABELS = {metric: label(metric) for metric in OUTCOMES}
BLUE, ORANGE, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b0b0b0"  # Okabe and Ito, grey
COLOURS = {"hacc": BLUE, "sacc": ORANGE, "correct": GREEN}
SERIES = (BLUE, ORANGE, GREEN, PINK, "#e69f00", "#56b4e9", "#000000", "#8a7f00")
STYLE: dict[Any, Any] = {
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titlepad": 3,
    "axes.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "legend.handlelength": 2.4,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,  # TrueType, because some publishers refuse matplotlib's Type 3 fonts
    "savefig.dpi": 220,
}
COUNT: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6, "color": "#333333"}


def room(names: Sequence[str]) -> float:
    """Inches that the longest of these tick labels needs at the left of a panel."""
    return 0.2 + 0.062 * max(map(len, names))


def panels(
    count: int,
    columns: int,
    height: float,
    *,
    left: float,
    gap: float = 0.2,
    right: float = 0.1,
    foot: float = 0.55,
    inner: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Panels `height` inches high with room for a title above each, ticks below, and a legend at the foot.

    Placed by hand: matplotlib's layout engines take most of the time of a report. `inner` panels have tick labels
    of their own at the left, for which `gap` makes the room.
    """
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = -(-count // columns)
    head, between = 0.25, 0.45
    total = foot + rows * height + (rows - 1) * between + head
    figure = Figure(figsize=(WIDTH, total))
    width = (WIDTH - left - right - (columns - 1) * gap) / columns
    all_axes = []
    for i in range(count):
        row, column = divmod(i, columns)
        x, y = left + column * (width + gap), total - head - height - row * (height + between)
        all_axes.append(figure.add_axes((x / WIDTH, y / total, width / WIDTH, height / total)))
        if column and not inner:
            all_axes[-1].tick_params(axis="y", labelleft=False)
    return figure, all_axes


def foot(figure: Figure, text: str, handles: Sequence[Patch | Line2D], columns: int | None = None) -> None:
    """The sentence that names the axis, and below it the legend."""
    height = figure.get_figheight()
    lines = -(-len(handles) // (columns or len(handles)))
    low = 0.13 * lines
    figure.text(0.5, (0.09 + low) / height, text, ha="center", va="center")
    figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.02 / height),
        ncols=columns or len(handles),
        borderpad=0,
        borderaxespad=0,
        columnspacing=1.2,
        labelspacing=0.3,
    )


def intervals(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    entries: Sequence[Entry],
    *,
    upright: bool,
    colour: str = "black",
) -> None:
    """The intervals of entries at the points (x, y), along y if upright and along x if not."""
    known = [i for i, entry in enumerate(entries) if entry["low"] is not None]
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


def band(axes: Axes, x: Sequence[float], entries: Sequence[Entry], colour: str) -> None:
    """The intervals of entries along a line, as a band; those without one are left out."""
    known = [
        (at, entry["low"], entry["high"])
        for at, entry in zip(x, entries, strict=True)
        if entry["low"] is not None
    ]
    places, low, high = (list(each) for each in zip(*known, strict=True)) if known else ([], [], [])
    axes.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)


def dot(colour: str, label: str, marker: str = "o", **style: Any) -> Line2D:
    """A point of a legend."""
    return line(label, linestyle="", marker=marker, markersize=4, color=colour, **style)


def line(label: str, **style: Any) -> Line2D:
    """A line of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **style)


def patch(label: str, **style: Any) -> Patch:
    """A patch of a legend."""
    from matplotlib.patches import Patch

    return Patch(label=label, **style)


def grid(axes: Axes, axis: Literal["x", "y"]) -> None:
    """Thin lines at the ticks of one axis, behind what is drawn."""
    axes.grid(axis=axis, linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)


def arm_axis(axes: Axes, arms: Sequence[str]) -> None:
    """A row an arm, the first on top."""
    axes.set(ylim=(len(arms) - 0.5, -0.5))
    axes.set_yticks(range(len(arms)), arms)
    axes.tick_params(axis="y", length=0)


def change_axis(axes: Axes, reach: float, labels: Sequence[str]) -> None:
    """A row a label, and changes from -reach to reach."""
    from matplotlib.ticker import MaxNLocator

    axes.axvline(0, color="black", linewidth=0.6)
    axes.set(xlim=(-reach, reach), ylim=(len(labels) - 0.4, -0.6))
    axes.set_yticks(range(len(labels)), labels)
    axes.xaxis.set_major_locator(MaxNLocator(4, prune="both"))
    # 0 and not 0.0: in a narrow panel the numbers would run into each other
    axes.xaxis.set_major_formatter(lambda change, _: f"{round(change, 6):.3g}".replace("-", "−"))
    grid(axes, "x")


def reach_of(entries: Sequence[Entry], key: str) -> float:
    """How far an axis of changes goes: to the farthest end of an interval."""
    ends = [end for entry in entries for end in (entry[key], entry["low"], entry["high"]) if end is not None]
    return 1.05 * max(map(abs, ends)) or 1


def stack(
    axes: Axes,
    entries: Sequence[Entry | None],
    parts: dict[str, tuple[str, str]],
    written: Callable[[Any], str],
) -> None:
    """One bar of length 1 an entry, in parts (label, colour), with those that are wide enough written into it."""
    for y, entry in enumerate(entries):
        start = 0.0
        for share, value, colour in _shares(entry, parts) if entry else ():
            axes.barh(y, share, 0.72, left=start, color=colour, linewidth=0)
            if share > 0.07:
                shade = "white" if colour in (BLUE, ORANGE, GREEN) else "#222222"
                axes.text(start + share / 2, y + 0.03, written(value), **COUNT | {"color": shade})
            start += share
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1))


def _shares(entry: Entry, parts: dict[str, tuple[str, str]]) -> list[tuple[float, Any, str]]:
    whole = sum(entry[key] for key in parts)
    return [(entry[key] / whole, entry[key], colour) for key, (_, colour) in parts.items()]
