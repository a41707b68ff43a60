"""What each factor of a recipe does, over the cells that it was crossed in, and whether it does so everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np

from ..score.estimates import Sums
from ..score.measure import Entry
from ..stats.effects import Term, effect_weights
from ..stats.intervals import Floats
from .analysis import Analysis, EntryLists, Figure, Table
from .contrasts import corrected
from .differences import weighted
from .fields import Adjusted, Clusters, Family, High, Low, Metric, Mode, Probability, Seeds, SetName
from .formats import probability, starred
from .metrics import OUTCOMES, label
from .results import ReportData, Rows, select
from .set_data import ArmMeasure, SetData
from .style import BLUE, LABELS, ORANGE, change_axis, dot, foot, intervals, panels, reach_of, room

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

METRICS = (*OUTCOMES, "joint")
# The factors and the trainers that arms which are crossed have alike.
Group = tuple[tuple[str, ...], tuple[str, ...]]
KINDS = {"main": ("main effect", BLUE), "interaction": ("interaction", ORANGE)}


@dataclass(frozen=True)
class FactorEffect:
    """What a level of a factor does against the factor's first, or how that changes with the level of another factor."""

    set: SetName
    mode: Mode
    metric: Metric
    crossed: Annotated[str, "the factors, and the trainers of the arms that they cross, in their order"]
    trainers: Annotated[
        str, "those trainers alone, with the values that tell these arms from others by the same"
    ]
    kind: Annotated[str, "`main`: averaged over the other factors; `interaction`: of two factors"]
    factor: Annotated[str, "the factor"]
    level: Annotated[str, "its value"]
    reference: Annotated[str, "its first value, which the effect is counted from"]
    other: Annotated[str | None, "of an interaction: the other factor"]
    other_level: Annotated[str | None, "its value; the effect there less that at its first value"]
    family: Family
    value: Annotated[float, "the effect: a difference of means of the metric, or of two such differences"]
    low: Low
    high: High
    p: Probability
    p_holm: Adjusted
    mdd: Annotated[float | None, "the smallest effect that 80 % power at 5 % would find"]
    arms: Annotated[int, "arms that the model is fitted on"]
    clusters: Clusters
    seeds: Seeds


class Crossing(NamedTuple):
    """Arms that the same factors cross, each with its level of each; `values` are those of each factor, in words."""

    name: str
    trainers: str
    factors: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    arms: tuple[str, ...]
    levels: np.ndarray


def crossings(data: SetData) -> Iterator[Crossing]:
    """The arms on a set by their factors and the order of their trainers; factors of one value are left out."""
    recipe = data.run.recipe
    grouped: dict[Group, dict[str, Mapping[str, Any]]] = {}
    for name in data.arms:
        arm = recipe["arms"].get(name)
        if isinstance(arm, dict) and arm.get("factors"):
            known = recipe.get("stages", {})
            each = (known[stage]["trainer"] for stage in arm["stages"] if stage in known)
            trainers = tuple(trainer for trainer, _ in groupby(each))  # two in turn are as one
            grouped.setdefault((tuple(arm["factors"]), trainers), {})[name] = arm["factors"]
    labels = _labels(grouped)
    for (factors, trainers), cells in grouped.items():
        values = tuple(
            tuple(dict.fromkeys(str(cell[factor]) for cell in cells.values())) for factor in factors
        )
        levels = np.array(
            [
                [values[i].index(str(cell[factor])) for i, factor in enumerate(factors)]
                for cell in cells.values()
            ]
        )
        varied = [i for i in range(len(factors)) if len(values[i]) > 1]
        if varied:
            trained_by = labels[factors, trainers]
            name = f"{' × '.join(factors[i] for i in varied)} ({trained_by})"
            named = tuple(factors[i] for i in varied), tuple(values[i] for i in varied)
            yield Crossing(name, trained_by, *named, tuple(cells), levels[:, varied])


def _labels(grouped: Mapping[Group, Mapping[str, Mapping[str, Any]]]) -> dict[Group, str]:
    """The trainers of each group of arms, with those values of its own that tell it from others by these trainers; arms
    alike in every factor are none to tell from."""
    values = {
        group: [{f"{factor} {value}" for factor, value in cell.items()} for cell in cells.values()]
        for group, cells in grouped.items()
    }
    held = {group: each[0].intersection(*each[1:]) for group, each in values.items()}
    labels = {}
    for group, own in held.items():
        beside = [
            held[other]
            for other in held
            if other[1] == group[1] and other != group and len(held[other]) < len(other[0])
        ]
        apart = sorted(own - beside[0].intersection(*beside[1:])) if beside else []
        labels[group] = ", ".join([*group[1], *apart]) or "trained"
    return labels


def unknown(data: SetData, crossing: Crossing) -> str | None:
    """Why the effects of a crossing are not known, where they are not."""
    if len(np.unique(crossing.levels, axis=0)) < len(crossing.arms):
        return "two arms have the same values"
    if not effect_weights(crossing.levels):
        return "its cells do not tell the factors apart"
    if len({data.seeds(arm) for arm in crossing.arms}) > 1:
        return "its arms have different training seeds so far"
    return None


def effects(data: SetData, _: EntryLists) -> Iterator[FactorEffect]:
    """Main effects, and the interaction of every two factors whose cells are all there."""
    entries: list[FactorEffect] = []
    for crossing in crossings(data):
        if not unknown(data, crossing):
            for mode in data.modes:
                entries += _in_mode(data, crossing, mode)
    adjusted = corrected([entry.p for entry in entries], [entry.family for entry in entries])
    for entry, p_holm in zip(entries, adjusted, strict=True):
        yield FactorEffect(**{**vars(entry), "p_holm": p_holm})


def _in_mode(data: SetData, crossing: Crossing, mode: str) -> Iterator[FactorEffect]:
    measured, sums = data.resampled(mode)
    # Seeds alone come first and share their key with all seeds together, which therefore replace them.
    places = {measure.key: place for place, measure in enumerate(measured) if measure.measure.group is None}
    pairs = combinations(range(len(crossing.factors)), 2)
    weights = effect_weights(crossing.levels)
    for pair in pairs:
        weights |= effect_weights(crossing.levels, pair)
    for metric in METRICS:
        known = [
            place for arm in crossing.arms if (place := places.get((arm, mode, metric, None))) is not None
        ]
        cells = [measured[place] for place in known]
        if len(known) == len(crossing.arms) and len({cell.seeds for cell in cells}) == 1:
            for term, weight in weights.items():
                yield _effect(data, crossing, mode, metric, term, cells, sums.of(known), weight)


def _effect(
    data: SetData,
    crossing: Crossing,
    mode: str,
    metric: str,
    term: Term,
    cells: Sequence[ArmMeasure],
    sums: Sums,
    weights: Floats,
) -> FactorEffect:
    effect = weighted([cell.measure for cell in cells], sums, weights)
    low, high = effect.interval()
    (factor, level), *others = term
    kind = "interaction" if others else "main"
    other, other_level = others[0] if others else (None, None)
    return FactorEffect(
        set=data.name,
        mode=mode,
        metric=metric,
        crossed=crossing.name,
        trainers=crossing.trainers,
        kind=kind,
        factor=crossing.factors[factor],
        level=crossing.values[factor][level],
        reference=crossing.values[factor][0],
        other=None if other is None else crossing.factors[other],
        other_level=None if other is None or other_level is None else crossing.values[other][other_level],
        family=f"{crossing.name}, {kind}, {mode}: {metric}",
        value=effect.value,
        low=low,
        high=high,
        p=effect.p,
        p_holm=None,
        mdd=effect.detectable,
        arms=len(cells),
        clusters=int((sums.den > 0).any(axis=0).sum()),
        seeds=len(cells[0].seeds),
    )


def words(entry: Entry) -> str:
    """`voice: own − teacher`, or `voice own × share 0.5`."""
    if entry["other"]:
        return f"{entry['factor']} {entry['level']} × {entry['other']} {entry['other_level']}"
    return f"{entry['factor']}: {entry['level']} − {entry['reference']}"


def run_of(entry: Entry) -> str:
    """`run/` where arms of several runs are crossed, which then are named by it; else nothing."""
    run, slash, _ = entry["crossed"].rpartition("/")
    return f"{run}{slash}"


def effects_table(data: ReportData) -> Rows:
    """One line an effect and metric."""
    table = [["crossed", "effect", "metric", "size", "p", "Holm", "detectable"]]
    for entry in data.entries("effects"):
        tests = [probability(entry["p"]), probability(entry["p_holm"])]
        seen = "–" if entry["mdd"] is None else f"{entry['mdd']:.2f}"
        table.append([entry["crossed"], words(entry), label(entry["metric"]), starred(entry), *tests, seen])
    return table


def effect_dots(data: ReportData) -> Drawing | None:
    """Every effect, a row each, a panel a metric; main effects first."""
    entries = [entry for entry in data.entries("effects") if entry["metric"] in OUTCOMES]
    metrics = [metric for metric in OUTCOMES if select(entries, metric=metric)]
    if not metrics:
        return None
    ordered = [entry for kind in KINDS for entry in select(entries, kind=kind)]
    several = len({entry["crossed"] for entry in ordered}) > 1  # whose effects may have the same names
    rows = {
        (entry["crossed"], words(entry)): run_of(entry)
        + words(entry)
        + (f" ({entry['trainers']})" if several else "")
        for entry in ordered
    }
    names, labels = list(rows), list(rows.values())
    figure, all_axes = panels(len(metrics), 3, 0.17 * len(names) + 0.15, left=room(labels))
    reach = reach_of(entries, "value")
    for metric, axes in zip(metrics, all_axes, strict=True):
        for kind, (_, colour) in KINDS.items():
            of_kind = select(entries, metric=metric, kind=kind)
            y = [names.index((entry["crossed"], words(entry))) for entry in of_kind]
            x = [entry["value"] for entry in of_kind]
            axes.plot(x, y, "o", color=colour, markersize=3)
            intervals(axes, x, y, of_kind, upright=False, colour=colour)
        change_axis(axes, reach, labels)
        axes.set_title(LABELS[metric])
    dots = [dot(colour, text) for kind, (text, colour) in KINDS.items() if select(entries, kind=kind)]
    foot(figure, "change of the share of samples, with 95 % interval", dots)
    return figure


ANALYSIS = Analysis(
    name="effects",
    entry=FactorEffect,
    compute=effects,
    heading="What each factor does",
    contents="factors",
    parts=[
        Figure(
            "effects",
            "Effects of the recipe’s factors.",
            "A main effect is the mean change from a factor’s first value to another, over the values of the other factors; "
            "an interaction is by how much that change is another at a value of the other factor. On the same problems, "
            "paired, from a linear model of the cells’ means.",
            "",
            effect_dots,
        ),
        Table(
            "effects",
            effects_table,
            "Every effect",
            "text",
            "Holm adjusts p within the effects of a kind on a metric.",
        ),
    ],
)
