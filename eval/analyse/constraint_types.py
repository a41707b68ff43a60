"""The change of every constraint type against the base, drawn from the contrasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..score.measure import Entry
from ..verify import JUDGED
from .analysis import Analysis, Figure, Table
from .contrast_cells import TURNS, claimed, claims_head, turns_of
from .contrasts import references
from .formats import probability, starred
from .results import ReportData, Rows, select
from .style import BLUE, ORANGE, change_axis, dot, foot, intervals, panels, reach_of, room

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SCOPES = {"local": BLUE, "global": ORANGE}


def _by_type(data: ReportData) -> list[Entry]:
    """The contrasts of single types of constraints, each arm against what its change is counted from."""
    contrasts = data.entries("contrasts")
    against = references(contrasts)
    return [
        contrast
        for contrast in contrasts
        if contrast["metric"] == "verdict"
        and contrast["against"] == against.get(contrast["arm"])
        and contrast["group"]
        and contrast["group"]["by"] == "type"
    ]


def types_table(data: ReportData) -> Rows:
    """One line an arm and type: the difference, and the prompts behind it that turned either way."""
    contrasts = _by_type(data)
    claims = claims_head(contrasts)
    table = [["arm", "against", "type", "change", "Holm", *claims, *TURNS, "prompts"]]
    for contrast in contrasts:
        names = [contrast["arm"], contrast["against"], contrast["group"]["value"]]
        counts = [*turns_of(contrast), str(contrast["prompts"])]
        holm = probability(contrast["p_holm"])
        table.append([*names, starred(contrast), holm, *claimed(contrast, claims), *counts])
    return table


def type_changes(data: ReportData) -> Drawing | None:
    """Change of each constraint type against the base, a panel an arm (controls are in the table), by scope."""
    shown = [entry for entry in _by_type(data) if entry["arm"] not in data.with_role("control")]
    arms = list(dict.fromkeys(contrast["arm"] for contrast in shown))
    if not arms:
        return None
    values = {contrast["group"]["value"] for contrast in shown}
    types = sorted(values, key=lambda name: (JUDGED[name].scope, name))
    names = [name.split(":")[1] for name in types]
    figure, all_axes = panels(len(arms), 3, 0.13 * len(types) + 0.1, left=room(names), gap=0.15)
    reach = reach_of(shown, "diff")
    for axes, arm in zip(all_axes, arms, strict=True):
        for scope, colour in SCOPES.items():
            of_arm = select(shown, arm=arm)
            in_scope = [entry for entry in of_arm if JUDGED[entry["group"]["value"]].scope == scope]
            x = [contrast["diff"] for contrast in in_scope]
            y = [types.index(contrast["group"]["value"]) for contrast in in_scope]
            axes.plot(x, y, "o", color=colour, markersize=2.6)
            intervals(axes, x, y, in_scope, upright=False, colour=colour)
        change_axis(axes, reach, names)
        axes.tick_params(axis="y", labelsize=6)
        axes.set_title(arm)
    dots = [dot(colour, f"{scope} constraint") for scope, colour in SCOPES.items()]
    foot(figure, "change of the share of verdicts that hold, arm minus its base, with 95 % interval", dots)
    return figure


ANALYSIS = Analysis(
    heading="Constraint types",
    contents="types",
    parts=[
        Figure(
            "types",
            "Change by constraint type.",
            "Share of a type’s verdicts that hold, arm minus its base, paired; local constraints concern a place in the "
            "answer, global ones the whole. Intervals are of single types: of so many some leave zero out by chance. Counts, control "
            "arms and p adjusted for all of them (Holm) are in the tables.",
            "no arm was compared with the base on constraints",
            type_changes,
        ),
        Table(
            "type_changes",
            types_table,
            "Every type: difference, prompts repaired and broken",
            "text",
            "A prompt passes when over half of the type’s verdicts on its samples hold. * the 95 % interval of this type leaves "
            "zero out: of so many some do by chance. Holm adjusts p for all types and arms.",
        ),
    ],
)
