"""Is what a type of constraint loses a matter of how often it was trained? What explains it, drawn and told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from ..score.measure import Entry
from ..stats.explained import BEYOND, REST, Figures, Term, explained
from .analysis import Analysis, EntryLists, Figure, Table
from .constraint_types import SCOPES
from .exposure import KEPT, AgainstMode, Arms, Exposure, Outcome, exposure_table, modes_of
from .fields import High, Low, Mode, Probability, SetName
from .formats import probability, signed, starred
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import GREY, dot, foot, line, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FREQUENCY, SCOPE = "frequency", "scope"
TERMS = {
    FREQUENCY: "rows trained, tenfold",
    SCOPE: "global, not local",
    BEYOND: "type, beyond both",
    REST: "the rest",
}


@dataclass(frozen=True)
class Explained:
    """What one term of a linear model explains of an outcome over types and arms; each arm has a level of its own."""

    set: SetName
    arms: Arms
    mode: Mode
    against_mode: AgainstMode
    outcome: Outcome
    term: Annotated[
        str,
        "`frequency` (log10 of the training rows, plus one), `scope`, `kind` (what types differ by beyond both, known "
        "where arms train a type at unlike rates), or `rest`",
    ]
    value: Annotated[
        float | None,
        "of `frequency`: the change for ten times the training rows; of `scope`: global less local; else null",
    ]
    low: Low
    high: High
    p: Probability
    share: Annotated[
        float | None,
        "share of the variance within arms that it alone explains, less what chance would (epsilon squared; it may be "
        "below zero)",
    ]
    share_low: Annotated[float | None, "lower end of the 95 % interval, which is over types"]
    share_high: Annotated[float | None, "upper end of the 95 % interval"]
    types: Annotated[int, "types of constraints: the units of the intervals"]
    n: Annotated[int, "types times arms"]


def explanations(data: SetData, lists: EntryLists) -> Iterator[Explained]:
    """A linear model for each group of arms and outcome; none of too few types."""
    entries = lists["exposure"]
    places = dict.fromkeys((each.arms, each.mode, each.against_mode, each.outcome) for each in entries)
    for place in places:
        of_place = [e for e in entries if (e.arms, e.mode, e.against_mode, e.outcome) == place]
        figures = _figures(of_place)
        for term in explained(figures):
            types = int(figures.kind.max()) + 1
            yield _explained(data.name, place, term, types, len(of_place))


def _figures(entries: Sequence[Exposure]) -> Figures:
    scope = np.array([each.scope == "global" for each in entries], dtype=float)
    terms = {FREQUENCY: np.log10([each.trained + 1 for each in entries])}
    if len(set(scope.tolist())) > 1:
        terms[SCOPE] = scope
    return Figures(
        np.array([each.value for each in entries]),
        np.unique([each.type for each in entries], return_inverse=True)[1],
        np.unique([each.arm for each in entries], return_inverse=True)[1],
        terms,
    )


def _explained(
    name: str, place: tuple[str, str, str | None, str], term: Term, types: int, count: int
) -> Explained:
    slope = term.slope
    change = (slope.value, slope.low, slope.high, slope.p) if slope else (None, None, None, None)
    share = term.share.value, term.share.low, term.share.high
    return Explained(name, *place, term.name, *change, *share, types, count)


def explained_table(data: ReportData) -> Rows:
    """One line a group of arms, outcome and term."""
    table = [["arms", "mode", "of the verdicts", "explained by", "change", "p", "share of variance", "types"]]
    for entry in data.on_set("exposure_explained"):
        ends = {"value": entry["share"], "low": entry["share_low"], "high": entry["share_high"]}
        words = [modes_of(entry), entry["outcome"], TERMS[entry["term"]]]
        numbers = [starred(entry), probability(entry["p"]), signed(ends)]
        table.append([entry["arms"], *words, *numbers, str(entry["types"])])
    return table


def exposure_dots(data: ReportData) -> Drawing | None:
    """Every type under every arm by its training rows, a panel a group of arms and outcome, with the model's slope."""
    entries = [
        each for each in data.on_set("exposure") if each["outcome"] != KEPT and each["mode"] == data.mode
    ]
    places = list(dict.fromkeys((each["arms"], each["outcome"]) for each in entries))
    if not places:
        return None
    figure, all_axes = panels(len(places), 2, 1.25, left=0.4, gap=0.45, inner=True)
    models = select(data.on_set("exposure_explained"), term=FREQUENCY, mode=data.mode)
    for axes, (arms, outcome) in zip(all_axes, places, strict=True):
        shown = select(entries, arms=arms, outcome=outcome)
        for scope, colour in SCOPES.items():
            of_scope = select(shown, scope=scope)
            x, y = ([each[key] for each in of_scope] for key in ("trained", "value"))
            axes.plot([at + 1 for at in x], y, "o", color=colour, markersize=2.6)
        for model in select(models, arms=arms, outcome=outcome):
            _draw_slope(axes, shown, model)
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.set(xscale="log", title=f"{arms}: {outcome}")
        axes.tick_params(axis="y", labelsize=6)
    handles = [dot(colour, f"{scope} constraint") for scope, colour in SCOPES.items()]
    foot(figure, "training rows that ask for the type, plus one", [*handles, line("model", color="black")])
    return figure


def _draw_slope(axes: Any, shown: Sequence[Entry], model: Entry) -> None:
    if model["value"] is None:
        return
    x = np.log10([each["trained"] + 1 for each in shown])
    centre = np.mean([each["value"] for each in shown])
    ends = np.array([x.min(), x.max()])
    axes.plot(10**ends, centre + model["value"] * (ends - x.mean()), color="black", linewidth=0.8)


ANALYSIS = Analysis(
    name="exposure_explained",
    entry=Explained,
    compute=explanations,
    heading="Does what was trained often suffer less?",
    contents="training frequency",
    parts=[
        Figure(
            "exposure",
            "Change of each type by how often it was trained.",
            "A point is a type of constraint under an arm. Change: its verdicts under the arm less those under what the arm "
            "comes of. Thinking: asked to think less asked directly. Rows of the arm’s own stages count; what a base had "
            "seen before the run is not known.",
            "",
            exposure_dots,
        ),
        Table(
            "exposure_explained",
            explained_table,
            "What explains it: training frequency, scope, or the type itself",
            "text",
            "A linear model over types, with a level for each arm; intervals leave one type out after the other, since types "
            "are few. A share is what the term explains beyond the other, less what chance would: about zero where nothing.",
        ),
        Table(
            "exposure", exposure_table, "Every type: how often it was trained, and what became of it", "text"
        ),
    ],
)
