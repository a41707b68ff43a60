"""Figures of changes against the base: by constraint type, and by what the change goes with."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..analyse.results import select
from ..score.measure import Entry
from ..verify import JUDGED
from .plot_style import BLUE, GREEN, GREY, ORANGE, Here, dot, foot, intervals, panels, room, with_role
from .summary import part_label, partners

SCOPES = {"local": BLUE, "global": ORANGE}
KINDS = {
    "contrast": ("compared arms", "black", "o"),
    "association": ("association only", GREEN, "D"),
    "intervention": ("a mode intervened", ORANGE, "^"),
}
SIDES = {
    "total": ("arm − base", "black", "o"),
    "control": ("control − base", GREY, "s"),
    "remains": ("arm − control: what remains", BLUE, "D"),
}


def type_changes(here: Here) -> Figure | None:
    """Change of each constraint type against the base, a panel an arm (controls are in the table), by scope."""
    sides = partners(here["contrasts"])
    found = [
        one
        for one in here["contrasts"]
        if one["metric"] == "verdict"
        and one["against"] == sides.get(one["arm"])
        and one["arm"] not in with_role(here, "control")
        and one["group"]
        and one["group"]["by"] == "type"
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    if not arms:
        return None
    types = sorted({one["group"]["value"] for one in found}, key=lambda name: (JUDGED[name].scope, name))
    names = [name.split(":")[1] for name in types]
    figure, made = panels(len(arms), 3, 0.13 * len(types) + 0.1, left=room(names), gap=0.15)
    reach = _reach(found, "diff")
    for axes, arm in zip(made, arms, strict=True):
        for scope, colour in SCOPES.items():
            own = [one for one in select(found, arm=arm) if JUDGED[one["group"]["value"]].scope == scope]
            x, y = [one["diff"] for one in own], [types.index(one["group"]["value"]) for one in own]
            axes.plot(x, y, "o", color=colour, markersize=2.6)
            intervals(axes, x, y, own, upright=False, colour=colour)
        _change_axis(axes, reach, names)
        axes.tick_params(axis="y", labelsize=6)
        axes.set_title(arm)
    dots = [dot(colour, f"{scope} constraint") for scope, colour in SCOPES.items()]
    foot(figure, "change of the share of verdicts that hold, arm minus its base, with 95 % interval", dots)
    return figure


def _reach(entries: list[Entry], key: str) -> float:
    return (
        1.05
        * max(abs(end) for one in entries for end in (one[key], one["low"], one["high"]) if end is not None)
        or 1
    )


def parts(here: Here) -> Figure | None:
    """The change of HAcc of each arm and what it goes with: format and lengths; a panel an arm."""
    found = [
        one
        for one in here["attribution"]
        if one["metric"] == "hacc"
        and one["value"] is not None
        and ":" not in one["part"]
        and one["arm"] not in with_role(here, "control")
    ]
    arms = list(dict.fromkeys(one["arm"] for one in found))
    if not arms:
        return None
    names = list(dict.fromkeys(one["part"] for one in found))
    labels = [part_label(name) for name in names]
    figure, made = panels(len(arms), 3, 0.15 * len(names) + 0.1, left=room(labels), gap=0.15)
    reach = _reach(found, "value")
    for axes, arm in zip(made, arms, strict=True):
        for kind, (_, colour, marker) in KINDS.items():
            own = select(found, arm=arm, kind=kind)
            nudge = 0.25 if kind == "intervention" else 0
            x, y = [one["value"] for one in own], [names.index(one["part"]) + nudge for one in own]
            axes.plot(x, y, marker, color=colour, markersize=3)
            intervals(axes, x, y, own, upright=False, colour=colour)
        _change_axis(axes, reach, labels)
        axes.set_title(arm)
    there = {one["kind"] for one in found}
    legend = [dot(colour, label, marker) for kind, (label, colour, marker) in KINDS.items() if kind in there]
    foot(figure, "part of the change of HAcc, arm minus base, with 95 % interval", legend)
    return figure


def _change_axis(axes: Axes, reach: float, labels: Sequence[str]) -> None:
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set(xlim=(-reach, reach), ylim=(len(labels) - 0.4, -0.6))
    axes.set_yticks(range(len(labels)), labels)
    axes.xaxis.set_major_locator(MaxNLocator(4, prune="both"))
    axes.grid(axis="x", linewidth=0.3, color="#dddddd")
    axes.set_axisbelow(True)


def controls(here: Here) -> Figure | None:
    """The change of HAcc of an arm, of its control, and what remains between them; a row an arm and control."""
    found = [one for one in here["attribution"] if one["metric"] == "hacc" and one["value"] is not None]
    pairs = [
        (one["arm"], one["part"].partition(":")[2]) for one in found if one["part"].startswith("remains:")
    ]
    if not pairs:
        return None
    labels = [f"{arm} and {control}" for arm, control in pairs]
    figure, (axes,) = panels(1, 1, max(0.3 * len(pairs), 0.5), left=room(labels))
    arms = {name for pair in pairs for name in pair}
    shown = [one for one in found if one["kind"] == "contrast" and one["arm"] in arms]
    _change_axis(axes, _reach(shown, "value"), labels)
    for i, (part, (_, colour, marker)) in enumerate(SIDES.items()):
        names = [part if part == "total" else f"{part}:{control}" for _, control in pairs]
        own = [select(found, arm=arm, part=name)[0] for (arm, _), name in zip(pairs, names, strict=True)]
        x, y = [one["value"] for one in own], [row + (i - 1) * 0.24 for row in range(len(own))]
        axes.plot(x, y, marker, color=colour, markersize=3)
        intervals(axes, x, y, own, upright=False, colour=colour)
    axes.set_title("HAcc")
    legend = [dot(colour, label, marker) for label, colour, marker in SIDES.values()]
    foot(figure, "change of HAcc, with 95 % interval", legend)
    return figure
