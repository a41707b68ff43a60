"""Do constraints and reasoning compete? A verdict by the steps of its problem, the constraints beside it, and both.

Of finished samples: one that never ends breaks all its constraints, so where long problems are left unfinished more often, a
step would seem to cost constraints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.measure import Entry, ScoredSamples
from ..stats.effects import effect_weights
from ..stats.intervals import Floats, Ints
from ..stats.logistic import Logistic, fit
from ..stats.seeds import crossed
from .analysis import Analysis, EntryLists, Figure, Table
from .effects import crossings, run_of, unknown
from .fields import Clusters, High, Low, Mode, Probability, Seeds, SetName
from .formats import probability, starred
from .results import ReportData, Rows, select
from .set_data import SetData
from .style import BLUE, ORANGE, change_axis, dot, foot, intervals, panels, reach_of, room
from .verdict_data import both_known, summed, verdicts_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

STEPS = "steps"  # what a row may say of its problem
STEP, OTHER, BOTH = "step", "constraint", "both"
KINDS = {"arm": (BLUE, "an arm"), "factor": (ORANGE, "what a factor does to it")}
TERMS = {STEP: "a step more", OTHER: "a constraint more", BOTH: "both, beyond each alone"}
TITLES = TERMS | {BOTH: "both"}  # of panels, which are narrow
FURTHEST = 10.0  # log-odds over a column's range, beyond which the ridge alone holds a coefficient


@dataclass(frozen=True)
class Load:
    """What steps and further constraints do to a finished sample's verdict, types held fixed: of an arm, or between a factor's values."""

    set: SetName
    mode: Mode
    arm: Annotated[str | None, "the arm; null for the effect of a factor"]
    crossed: Annotated[
        str | None, "of a factor's effect: the factors, and the trainers of the arms; else null"
    ]
    trainers: Annotated[str | None, "those trainers, as in `effects`; else null"]
    level: Annotated[str | None, "of a factor's effect: `factor: value − first value`; else null"]
    term: Annotated[
        str,
        "`step`: for a step of the problem more; `constraint`: for a constraint more beside it; `both`: by how much a step "
        "costs more for each constraint more, zero where they do not compete",
    ]
    value: Annotated[float, "log-odds; of a factor's effect: there less at its first value"]
    low: Low
    high: High
    p: Probability
    n: Annotated[int, "verdicts of finished samples; of a factor's effect, of the arm with the fewest"]
    clusters: Clusters
    seeds: Seeds


@dataclass(frozen=True)
class Fitted:
    """Of one arm and mode: each term's estimate, and what problems add to it under each seed (seeds, clusters)."""

    values: dict[str, float]
    added: dict[str, Floats]
    count: int
    counted: Ints  # problems that have a verdict


def loads(data: SetData, _: EntryLists) -> Iterator[Load]:
    """Every arm's three terms, and what each factor does to them; nothing where rows do not say their steps."""
    steps = _steps(data)
    if steps is None:
        return
    fits = {
        place: fitted for place, samples in data.samples.items() if (fitted := _fit(data, samples, steps))
    }
    for (arm, mode), fitted in fits.items():
        for term, value in fitted.values.items():
            head = (data.name, mode, arm, None, None, None, term)
            seeds = len(data.seeds(arm))
            yield _entry(head, value, fitted.added[term], fitted.count, fitted.counted, seeds)
    for mode in data.modes:
        yield from _of_factors(data, mode, {arm: fitted for (arm, of), fitted in fits.items() if of == mode})


def untold(data: SetData, entries: Sequence[Load]) -> list[tuple[str, str]]:
    """Arms and modes that nothing is said of, although rows say their steps."""
    told = {(entry.arm, entry.mode) for entry in entries}
    return [] if _steps(data) is None else [place for place in data.samples if place not in told]


def _steps(data: SetData) -> Floats | None:
    """The steps of each row's problem; None where a row does not say, or all say the same."""
    said = [row.extra.get(STEPS) for row in data.row_set.rows]
    known = [float(steps) for steps in said if isinstance(steps, int)]
    return np.array(known) if len(known) == len(said) and len(set(known)) > 1 else None


def _fit(data: SetData, samples: Sequence[ScoredSamples], steps: Floats) -> Fitted | None:
    """Log-odds of a verdict by its type, the steps of its problem, the constraints beside it, and both together.

    None where too few problems have a verdict that holds, or one that does not, and where steps or constraints, from some
    number on, leave verdicts of one kind alone: coefficients would be those of the ridge, with tight intervals.
    """
    verdicts = verdicts_of(data, samples)
    if verdicts is None or not both_known(verdicts.holds, cluster := verdicts.cell % data.row_set.clusters):
        return None
    step, other = (each - each.mean() for each in (steps[verdicts.row], verdicts.others))
    kinds = [verdicts.kind == kind for kind in np.unique(verdicts.kind)]
    columns = [step, other, step * other]
    fitted = fit(np.column_stack([*columns, *kinds]).astype(float), verdicts.holds > 0)
    if fitted is None or _apart(fitted, columns):
        return None
    shape = len(samples), data.row_set.clusters
    added = {term: summed(verdicts.cell, fitted.added[:, place], shape) for place, term in enumerate(TERMS)}
    values = dict(zip(TERMS, fitted.coefficients.tolist(), strict=False))
    return Fitted(values, added, len(verdicts.holds), np.unique(cluster))


def _apart(fitted: Logistic, columns: Sequence[Floats]) -> bool:
    """Whether one of the first columns (n,) tells verdicts that hold from those that do not without fail."""
    reached = [abs(each) * np.ptp(column) for each, column in zip(fitted.coefficients, columns, strict=False)]
    return bool(max(reached) > FURTHEST)


def _of_factors(data: SetData, mode: str, fits: Mapping[str, Fitted]) -> Iterator[Load]:
    for crossing in crossings(data):
        if unknown(data, crossing) or not set(crossing.arms) <= fits.keys():
            continue
        cells = [fits[arm] for arm in crossing.arms]
        if len({data.seeds(arm, mode) for arm in crossing.arms}) > 1:
            continue
        count = min(cell.count for cell in cells)
        counted = np.unique(np.concatenate([cell.counted for cell in cells]))
        for ((factor, level),), weights in effect_weights(crossing.levels).items():
            values = crossing.values[factor]
            named = f"{crossing.factors[factor]}: {values[level]} − {values[0]}"
            for term in TERMS:
                value = sum(w * cell.values[term] for w, cell in zip(weights, cells, strict=True))
                moved = sum(w * cell.added[term] for w, cell in zip(weights, cells, strict=True))
                head = (data.name, mode, None, crossing.name, crossing.trainers, named, term)
                yield _entry(
                    head, float(value), np.asarray(moved), count, counted, len(data.seeds(crossing.arms[0]))
                )


def _entry(
    head: tuple[str, str, str | None, str | None, str | None, str | None, str],
    value: float,
    added: Floats,
    count: int,
    counted: Ints,
    seeds: int,
) -> Load:
    variance = crossed(added, counted)
    return Load(*head, value, *variance.interval(value), variance.p(value), count, len(counted), seeds)


def load_table(data: ReportData) -> Rows:
    """One line an arm, or value of a factor, and mode."""
    table = [["arm or factor", "mode", *TERMS.values(), "p of both", "verdicts"]]
    entries = data.on_set("load")
    for entry in select(entries, term=BOTH):
        same = {key: entry[key] for key in ("arm", "crossed", "level", "mode")}
        shown = [starred(select(entries, term=term, **same)[0]) for term in TERMS]
        table.append([_name(entry), entry["mode"], *shown, probability(entry["p"]), str(entry["n"])])
    return table


def _name(entry: Entry) -> str:
    """An arm, or two values of a factor and the trainers of the arms between which they were compared; of several runs
    with its run."""
    if entry["arm"]:
        return str(entry["arm"])
    return f"{run_of(entry)}{entry['level']} ({entry['trainers']})"


def load_dots(data: ReportData) -> Drawing | None:
    """The three terms, a panel each; a row an arm, then one a factor's value, in the first mode."""
    entries = data.entries("load")
    if not entries:
        return None
    names = list(dict.fromkeys(_name(entry) for entry in entries))
    figure, all_axes = panels(len(TERMS), 3, 0.17 * len(names) + 0.15, left=room(names))
    for term, axes in zip(TERMS, all_axes, strict=True):
        shown = select(entries, term=term)
        for kind, (colour, _) in KINDS.items():
            of_kind = [entry for entry in shown if (entry["arm"] is not None) == (kind == "arm")]
            x, y = [each["value"] for each in of_kind], [names.index(_name(each)) for each in of_kind]
            axes.plot(x, y, "o", color=colour, markersize=3)
            intervals(axes, x, y, of_kind, upright=False, colour=colour)
        change_axis(axes, reach_of(shown, "value"), names)
        axes.set_title(TITLES[term])
    foot(
        figure,
        "log-odds that a constraint holds, with 95 % interval; both: beyond what each does alone",
        [dot(*each) for each in KINDS.values()],
    )
    return figure


ANALYSIS = Analysis(
    name="load",
    entry=Load,
    compute=loads,
    heading="Do constraints compete?",
    contents="competition",
    parts=[
        Figure(
            "load",
            "What a step and a further constraint cost a constraint, and both together.",
            "Log-odds of a verdict of finished samples, constraint types held fixed. If thinking and constraints share a narrow channel, a step costs "
            "more the more constraints there are: the third panel is below zero, and less so where the channel is wider.",
            "",
            load_dots,
        ),
        Table(
            "load",
            load_table,
            "Steps, constraints, and both",
            note="Of finished samples. Those that are cut or never close their thought break all constraints, whatever they are, "
            "and are left out: where they are many, what is left are the problems that end.",
        ),
    ],
)
