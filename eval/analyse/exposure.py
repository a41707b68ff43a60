"""Is what a type of constraint loses a matter of how often it was trained? Type by type, and what explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np

from ..score.measure import Entry
from ..stats.explained import BEYOND, REST, Figures, Term, explained
from ..verify import JUDGED
from ..verify.decision import DIRECT, THINKING
from .analysis import Analysis, EntryLists, Figure, Table
from .constraint_types import SCOPES
from .effects import crossings
from .fields import High, Low, Mode, Probability, Samples, SetName
from .formats import probability, rate, signed, starred
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import GREY, dot, foot, line, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SPREAD = 3  # times as often as the rarest type: where the most frequent is not, frequency can explain nothing
KEPT, CHANGE, THOUGHT = "kept", "change", "thinking"
OUTCOMES = {
    KEPT: "share of verdicts that hold",
    CHANGE: "change of it against what the arm comes of",
    THOUGHT: "what thinking changes: asked to think, less asked directly",
}
FREQUENCY, SCOPE = "frequency", "scope"
TERMS = {
    FREQUENCY: "rows trained, tenfold",
    SCOPE: "global, not local",
    BEYOND: "type, beyond both",
    REST: "the rest",
}

Arms = Annotated[str, "the arms taken together: the factors that cross them and their trainers, or one arm"]
Outcome = Annotated[
    str,
    "of the type’s verdicts: `kept`, the share that hold; `change`, that less the share of what the arm comes of; "
    "`thinking`, the share asked to think less the share asked directly",
]
AgainstMode = Annotated[str | None, "of `thinking`: the mode without a thought; else null"]


@dataclass(frozen=True)
class Exposure:
    """A type of constraint under an arm: how often its stages trained it, and what became of it; seeds together."""

    set: SetName
    arms: Arms
    arm: Annotated[str, "the arm"]
    against: Annotated[str | None, "of `change`: what the arm comes of; else null"]
    mode: Mode
    against_mode: AgainstMode
    outcome: Outcome
    type: Annotated[str, "the type of constraint"]
    scope: Annotated[str, "`local` or `global`"]
    trained: Annotated[
        int, "training rows of the arm's own stages that ask for it, whatever the passes over them"
    ]
    value: Annotated[float, "the outcome"]
    low: Low
    high: High
    n: Samples


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


class Group(NamedTuple):
    """Arms that are fitted together, and the training rows of each by type."""

    name: str
    trained: dict[str, Counter[str]]


def exposures(data: SetData, lists: EntryLists) -> Iterator[Exposure]:
    """Every type under the arms whose own training shows types at unlike rates."""
    figures, contrasts = (
        [entry for entry in lists[name] if entry.metric == "verdict" and _is_type(entry.group)]
        for name in ("figures", "contrasts")
    )
    for group in _groups(data) if figures else ():
        for arm, trained in group.trained.items():
            for place, measured in _outcomes(data, arm, figures, contrasts):
                kind = measured.pop("type")
                named = {"type": kind, "scope": JUDGED[kind].scope, "trained": trained[kind]}
                yield Exposure(set=data.name, arms=group.name, arm=arm, **place, **named, **measured)


def _is_type(group: Any) -> bool:
    return group is not None and group.by == "type"


def _groups(data: SetData) -> Iterator[Group]:
    """Arms that the same factors cross, then each of the others; without those that train all types alike."""
    together = {crossing.name: crossing.arms for crossing in crossings(data)}
    crossed = {arm for arms in together.values() for arm in arms}
    together |= {arm: (arm,) for arm in data.arms if arm not in crossed}
    stages = {arm.name: arm.stages for arm in data.run.arms}
    types = sorted({kind for of_row in data.row_set.types for kind in of_row})
    for name, arms in together.items():
        counted = {arm: data.run.trained_types.of(stages[arm]) for arm in arms}
        known = {arm: count for arm, count in counted.items() if count is not None and _spread(count, types)}
        if known:
            yield Group(name, known)


def _spread(trained: Counter[str], types: Sequence[str]) -> bool:
    rows = [trained[kind] + 1 for kind in types]
    return bool(rows) and max(rows) >= SPREAD * min(rows)


def _outcomes(
    data: SetData, arm: str, figures: Sequence[Any], contrasts: Sequence[Any]
) -> Iterator[tuple[Entry, Entry]]:
    """(where it is of, what was measured) for each outcome and type of an arm, its seeds together."""
    several = len(data.seeds(arm)) > 1
    for each in figures:
        if each.arm == arm and (each.checkpoint is None) == several:
            yield _place(KEPT, each.mode), _measured(each, each.value)
    reference = data.roles.reference(arm)
    for each in contrasts:
        if each.arm != arm:
            continue
        modes = each.mode, each.against_mode
        if each.against == reference and each.mode == each.against_mode and arm != reference:
            yield _place(CHANGE, each.mode, against=reference), _measured(each, each.diff)
        elif each.against == arm and DIRECT in modes:
            (other,) = [mode for mode in modes if mode != DIRECT]
            if other in THINKING:
                sign = 1 if each.mode == other else -1
                yield _place(THOUGHT, other, against_mode=DIRECT), _measured(each, each.diff, sign)


def _place(outcome: str, mode: str, against: str | None = None, against_mode: str | None = None) -> Entry:
    return {"outcome": outcome, "mode": mode, "against": against, "against_mode": against_mode}


def _measured(entry: Any, value: float, sign: int = 1) -> Entry:
    ends = [None if end is None else sign * end for end in (entry.low, entry.high)][::sign]
    return {"type": entry.group.value, "value": sign * value, "low": ends[0], "high": ends[1], "n": entry.n}


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
    found = (slope.value, slope.low, slope.high, slope.p) if slope else (None, None, None, None)
    share = term.share.value, term.share.low, term.share.high
    return Explained(name, *place, term.name, *found, *share, types, count)


def explained_table(data: ReportData) -> Rows:
    """One line a group of arms, outcome and term."""
    table = [["arms", "mode", "of the verdicts", "explained by", "change", "p", "share of variance", "types"]]
    for entry in data.on_set("exposure_explained"):
        ends = {"value": entry["share"], "low": entry["share_low"], "high": entry["share_high"]}
        words = [_mode(entry), entry["outcome"], TERMS[entry["term"]]]
        found = [starred(entry), probability(entry["p"]), signed(ends)]
        table.append([entry["arms"], *words, *found, str(entry["types"])])
    return table


def exposure_table(data: ReportData) -> Rows:
    """One line a type under an arm."""
    table = [["arm", "mode", "of the verdicts", "type", "scope", "rows trained", "figure", "verdicts"]]
    for entry in data.on_set("exposure"):
        words = [entry["arm"], _mode(entry), entry["outcome"], entry["type"], entry["scope"]]
        shown = rate(entry) if entry["outcome"] == KEPT else starred(entry)
        table.append([*words, str(entry["trained"]), shown, str(entry["n"])])
    return table


def _mode(entry: Entry) -> str:
    return f"{entry['mode']} − {entry['against_mode']}" if entry["against_mode"] else str(entry["mode"])


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
    name="exposure",
    entry=Exposure,
    compute=exposures,
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
EXPLAINED = Analysis(name="exposure_explained", entry=Explained, compute=explanations)
