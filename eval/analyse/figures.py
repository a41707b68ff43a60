"""The figures of one set: every measure of every arm, seed and mode, with its interval.

An arm's seeds stand alone and together; the intervals cover the choice of problems and samples, and together of seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from ..score.estimates import Sums, estimates, macro
from ..score.floors import best, best_by_group
from ..score.measure import Entry
from ..stats.intervals import Estimate
from .analysis import Analysis, EntryLists, Figure, Table
from .contrasts import leading, references
from .differences import comparable, differences
from .fields import ArmName, Clusters, Grouped, High, Low, Metric, Mode, Samples, Seed, SetName, grouping
from .formats import ranged, rate
from .metrics import ASKED_WITHOUT, OUTCOMES, OVER, label
from .results import ReportData, Rows, pooled, select
from .set_data import ArmMeasure, SetData
from .style import COLOURS, GREY, LABELS, arm_axis, foot, intervals, line, panels, patch, room

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

RATES = ("hacc", "blind_hacc", "hacc_over_blind", "sacc", "correct", "correct_plain")
SHARES = ("cut", "unclosed")
IFEVAL = {
    "prompt, strict": "hacc",
    "instruction, strict": "verdict",
    "prompt, loose": "hacc_loose",
    "instruction, loose": "verdict_loose",
    "macro over types": "macro",
}
GROUPS = (
    ("type", "verdict", "Constraint types: share of verdicts that hold; n counts verdicts"),
    ("type", "blind_verdict", "Constraint types, blind: the answers were asked without the constraints"),
    ("category", "verdict", "Categories of constraints: share of verdicts that hold"),
    ("scope", "verdict", "Local and global constraints: share of verdicts that hold"),
    ("n_constraints", "hacc", "HAcc by number of constraints"),
    ("source", "hacc", "HAcc by source"),
    ("source", "correct", "Correct answers by source"),
)
DIAMOND: dict[str, Any] = {
    "marker": "D",
    "color": "white",
    "markeredgecolor": "black",
    "markersize": 3,
    "markeredgewidth": 0.6,
}


@dataclass(frozen=True)
class FigureEntry:
    """A metric of an arm in a mode: over all samples, or over a group of them."""

    set: SetName
    mode: Mode
    metric: Metric
    group: Grouped
    value: Annotated[float, "the mean; differences for the metrics `…_over_…`"]
    low: Low
    high: High
    n: Samples
    clusters: Clusters
    arm: ArmName
    seed: Seed
    checkpoint: Annotated[str | None, "the folder of its evaluations; null for an arm's seeds together"]
    floor: Annotated[float | None, "what the best reply that ignores the constraints scores, where it scores"]


def figures(data: SetData, _: EntryLists) -> Iterator[FigureEntry]:
    """The figure of every measure, its gain over the same model without the constraints, and the macro means."""
    floors = best_by_group(data.replies)
    for mode in data.modes:
        measured, sums = data.resampled(mode)
        means = estimates([arm_measure.measure for arm_measure in measured], sums)
        for arm_measure, mean in zip(measured, means, strict=True):
            floor = floors.get((arm_measure.measure.metric, arm_measure.measure.group))
            yield _entry(data, arm_measure, arm_measure.measure.metric, mean, floor)
        yield from _gains(data, measured, sums)
        yield from _macro_means(data, measured, sums)


def _entry(
    data: SetData, arm_measure: ArmMeasure, metric: str, mean: Estimate, floor: float | None = None
) -> FigureEntry:
    group = grouping(arm_measure.measure.group)
    owner = (arm_measure.arm, arm_measure.seed, arm_measure.checkpoint)
    return FigureEntry(data.name, arm_measure.mode, metric, group, *mean, *owner, floor)


def _gains(data: SetData, measured: Sequence[ArmMeasure], sums: Sums) -> Iterator[FigureEntry]:
    index = {
        (arm_measure.seed, arm_measure.checkpoint, *arm_measure.key): i
        for i, arm_measure in enumerate(measured)
    }
    over = [
        (metric, index[key], index[(*key[:4], ASKED_WITHOUT[top], key[5])])
        for key in index
        for metric, top in OVER.items()
        if key[4] == top and (*key[:4], ASKED_WITHOUT[top], key[5]) in index
    ]
    over = [gain for gain in over if comparable(measured[gain[1]], measured[gain[2]])]
    gaps = differences(measured, sums, [(a, b) for _, a, b in over])
    for (metric, a, _), gap in zip(over, gaps, strict=True):
        yield _entry(data, measured[a], metric, Estimate(gap.diff, gap.low, gap.high, gap.n, gap.clusters))


def _macro_means(data: SetData, measured: Sequence[ArmMeasure], sums: Sums) -> Iterator[FigureEntry]:
    """The macro mean of every arm, seed and checkpoint, where there are verdicts."""
    owners: dict[tuple[str, int | None, str | None], list[int]] = {}
    for i, arm_measure in enumerate(measured):
        owners.setdefault((arm_measure.arm, arm_measure.seed, arm_measure.checkpoint), []).append(i)
    for owner, indices in owners.items():
        if mean := macro([measured[i].measure for i in indices], sums.of(indices)):
            yield FigureEntry(data.name, measured[indices[0]].mode, "macro", None, *mean, *owner, None)


def arms_table(data: ReportData) -> Rows:
    """One line an arm; `†` marks an HAcc that is not clear of the best constant reply or of the blind score."""
    whole = pooled(data.whole("figures"))
    floor = best(data.on_set("floors"), "hacc")
    table = [["arm", *map(label, (*RATES, *SHARES))]]
    for arm in dict.fromkeys(figure["arm"] for figure in whole):
        by_metric = {figure["metric"]: figure for figure in select(whole, arm=arm)}
        shares = (by_metric.get(metric) for metric in SHARES)
        rates = [rate(by_metric.get(metric)) for metric in RATES]
        rates[0] += " †" if _at_floor(by_metric, floor) else ""
        table.append([arm, *rates, *(f"{share['value']:.1%}" if share else "–" for share in shares)])
    return table


def _at_floor(by_metric: dict[str, Entry], floor: Entry | None) -> bool:
    hacc, over = by_metric.get("hacc"), by_metric.get("hacc_over_blind")
    below = hacc and floor and hacc["low"] is not None and hacc["low"] <= floor["value"]
    return bool(below or (over and over["low"] is not None and over["low"] <= 0))


def ifeval_table(data: ReportData) -> Rows:
    """IFEval's figures, strict and (where the preset has them) loose, and the mean over constraint types."""
    whole = pooled(data.whole("figures"))
    metrics = {figure["metric"] for figure in whole}
    names = {name: metric for name, metric in IFEVAL.items() if metric in metrics}
    table = [["arm", *names]]
    for arm in dict.fromkeys(figure["arm"] for figure in whole):
        by_metric = {figure["metric"]: figure for figure in select(whole, arm=arm)}
        table.append([arm, *(rate(by_metric.get(metric)) for metric in names.values())])
    return table


def groups_table(by: str, metric: str, data: ReportData) -> Rows:
    """One line a group (type, category, scope, number of constraints, source), one column an arm."""
    figures = pooled(select(data.entries("figures"), metric=metric))
    grouped = [figure for figure in figures if figure["group"] and figure["group"]["by"] == by]
    arms = list(dict.fromkeys(figure["arm"] for figure in grouped))
    table = [[by.replace("n_constraints", "constraints"), "n", *arms]]
    for value in sorted({figure["group"]["value"] for figure in grouped}):
        by_arm = {figure["arm"]: figure for figure in grouped if figure["group"]["value"] == value}
        count = ranged(figure["n"] for figure in by_arm.values())
        table.append([str(value), count, *(rate(by_arm.get(arm)) for arm in arms)])
    return table


def arm_bars(data: ReportData) -> Drawing | None:
    """Every arm beside its base, a panel a metric, with interval, floor, and the arm asked without constraints."""
    whole = pooled(data.whole("figures"))
    against, bases = references(data.entries("contrasts")), data.with_role("base")
    named = dict.fromkeys(entry["arm"] for entry in whole)
    arms = [arm for arm in named if arm not in bases and arm in against]
    metrics = [metric for metric in OUTCOMES if select(whole, metric=metric)]
    if not arms or not metrics:
        return None
    figure, all_axes = panels(len(metrics), 3, max(0.26 * len(arms), 0.6), left=room(arms))
    for metric, axes in zip(metrics, all_axes, strict=True):
        _pairs(axes, select(whole, metric=metric), arms, against, COLOURS[metric])
        for entry in select(whole, metric=ASKED_WITHOUT[metric]):
            if entry["arm"] in arms:
                axes.plot(entry["value"], arms.index(entry["arm"]) + 0.19, **DIAMOND)
        if floor := best(data.on_set("floors"), metric):
            axes.axvline(floor["value"], color="black", linewidth=0.8, linestyle=":")
        axes.set(title=LABELS[metric], xlim=(0, 1.03), xticks=(0, 0.5, 1))
    reference = "what it is compared with" if set(against.values()) & set(arms) else "its base"
    legend: list[Patch | Line2D] = [
        patch(reference, color=GREY),
        line("asked without constraints", linestyle="", **DIAMOND),
        line("best constant reply", color="black", linewidth=0.8, linestyle=":"),
    ]
    foot(figure, f"share of samples, with 95 % interval; grey {reference}, in colour the arm", legend)
    return figure


def _pairs(
    axes: Axes, entries: list[Entry], arms: Sequence[str], against: dict[str, str], colour: str
) -> None:
    by_arm = {entry["arm"]: entry for entry in entries}
    bars = [(y - 0.19, by_arm.get(against.get(arm, "")), GREY) for y, arm in enumerate(arms)]
    bars += [(y + 0.19, by_arm.get(arm), colour) for y, arm in enumerate(arms)]
    drawn = [(y, entry, shade) for y, entry, shade in bars if entry]
    values = [entry["value"] for _, entry, _ in drawn]
    axes.barh([y for y, *_ in drawn], values, 0.36, color=[shade for *_, shade in drawn])
    intervals(axes, values, [y for y, *_ in drawn], [entry for _, entry, _ in drawn], upright=False)
    arm_axis(axes, arms)


ARMS = Figure(
    "arms",
    "HAcc, SAcc and correct answers of every arm beside its base.",
    "An arm’s base is what it was trained from, or what the recipe sets it against. Bars are shares of samples with "
    "their 95 % intervals. The diamond is the blind score: the same checks on the same model’s answers to the same "
    "problems asked without the constraints (under “correct”: correct when asked without them). The dotted line is "
    "the best of the constant replies that ignore the constraints.",
    "no arm but the base was evaluated here",
    arm_bars,
)

ANALYSIS = Analysis(
    name="figures",
    entry=FigureEntry,
    compute=figures,
    heading="Every arm against the base",
    contents="arms",
    parts=[ARMS, leading],
    appendix=[
        Table("arms", arms_table),
        Table("ifeval", ifeval_table, "IFEval’s figures"),
        *(
            Table(f"{metric}_by_{by}", partial(groups_table, by, metric), title)
            for by, metric, title in GROUPS
        ),
    ],
)
