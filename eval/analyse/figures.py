"""The figures of one set: every measure of every arm, seed and mode, with its interval.

An arm's seeds stand alone and together; the intervals cover the choice of problems and samples, not of seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from ..score.floors import best, best_by_group
from ..score.measure import Entry, Sums, estimates, macro
from ..stats.intervals import Estimate
from .analysis import Analysis, Figure, Found, Table
from .contrasts import differences, leading, partners
from .fields import ArmName, Clusters, Grouped, High, Low, Metric, Mode, Samples, Seed, SetName, grouping
from .formats import rate
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


def figures(data: SetData, _: Found) -> Iterator[FigureEntry]:
    """The figure of every measure, its gain over the same model without the constraints, and the macro means."""
    floor = best_by_group(data.replies)
    for mode in data.modes:
        found, sums = data.resampled(mode)
        means = estimates([one.measure for one in found], sums)
        for one, mean in zip(found, means, strict=True):
            at_floor = floor.get((one.measure.metric, one.measure.group))
            yield _entry(data, one, one.measure.metric, mean, at_floor)
        yield from _over(data, found, sums)
        yield from _macro(data, found, sums)


def _entry(
    data: SetData, one: ArmMeasure, metric: str, mean: Estimate, floor: float | None = None
) -> FigureEntry:
    group = grouping(one.measure.group)
    place = (one.arm, one.seed, one.checkpoint)
    return FigureEntry(data.name, one.mode, metric, group, *mean, *place, floor)


def _over(data: SetData, found: Sequence[ArmMeasure], sums: Sums) -> Iterator[FigureEntry]:
    index = {(one.seed, one.checkpoint, *one.key): i for i, one in enumerate(found)}
    over = [
        (metric, index[key], index[(*key[:4], ASKED_WITHOUT[top], key[5])])
        for key in index
        for metric, top in OVER.items()
        if key[4] == top and (*key[:4], ASKED_WITHOUT[top], key[5]) in index
    ]
    gaps = differences(found, sums, [(a, b) for _, a, b in over])
    for (metric, a, _), gap in zip(over, gaps, strict=True):
        yield _entry(data, found[a], metric, Estimate(gap.diff, gap.low, gap.high, gap.n, gap.clusters))


def _macro(data: SetData, found: Sequence[ArmMeasure], sums: Sums) -> Iterator[FigureEntry]:
    """The macro mean of every arm, seed and checkpoint, where there are verdicts."""
    owners: dict[tuple[str, int | None, str | None], list[int]] = {}
    for i, one in enumerate(found):
        owners.setdefault((one.arm, one.seed, one.checkpoint), []).append(i)
    for place, own in owners.items():
        if mean := macro([found[i].measure for i in own], sums.of(own)):
            yield FigureEntry(data.name, found[own[0]].mode, "macro", None, *mean, *place, None)


def arms_table(data: ReportData) -> Rows:
    """One line an arm; `†` marks an HAcc that is not clear of the best constant reply or of the blind score."""
    whole = pooled(data.whole("figures"))
    floor = best(data.on_set("floors"), "hacc")
    table = [["arm", *map(label, (*RATES, *SHARES))]]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        by_metric = {one["metric"]: one for one in select(whole, arm=arm)}
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
    there = {one["metric"] for one in whole}
    names = {name: metric for name, metric in IFEVAL.items() if metric in there}
    table = [["arm", *names]]
    for arm in dict.fromkeys(one["arm"] for one in whole):
        by_metric = {one["metric"]: one for one in select(whole, arm=arm)}
        table.append([arm, *(rate(by_metric.get(metric)) for metric in names.values())])
    return table


def groups_table(by: str, metric: str, data: ReportData) -> Rows:
    """One line a group (type, category, scope, number of constraints, source), one column an arm."""
    figures = pooled(select(data.here("figures"), metric=metric))
    grouped = [one for one in figures if one["group"] and one["group"]["by"] == by]
    arms = list(dict.fromkeys(one["arm"] for one in grouped))
    table = [[by.replace("n_constraints", "constraints"), "n", *arms]]
    for value in sorted({one["group"]["value"] for one in grouped}):
        by_arm = {one["arm"]: one for one in grouped if one["group"]["value"] == value}
        count = str(next(iter(by_arm.values()))["n"])
        table.append([str(value), count, *(rate(by_arm.get(arm)) for arm in arms)])
    return table


def arm_bars(data: ReportData) -> Drawing | None:
    """Every arm beside its base, a panel a metric, with interval, floor, and the arm asked without constraints."""
    whole = pooled(data.whole("figures"))
    sides, bases = partners(data.here("contrasts")), data.with_role("base")
    named = dict.fromkeys(one["arm"] for one in whole)
    arms = [arm for arm in named if arm not in bases and arm not in sides.values()]
    metrics = [metric for metric in OUTCOMES if select(whole, metric=metric)]
    if not arms or not metrics:
        return None
    figure, made = panels(len(metrics), 3, max(0.26 * len(arms), 0.6), left=room(arms))
    for metric, axes in zip(metrics, made, strict=True):
        _pairs(axes, select(whole, metric=metric), arms, sides, COLOURS[metric])
        for one in select(whole, metric=ASKED_WITHOUT[metric]):
            if one["arm"] in arms:
                axes.plot(one["value"], arms.index(one["arm"]) + 0.19, **DIAMOND)
        if floor := best(data.on_set("floors"), metric):
            axes.axvline(floor["value"], color="black", linewidth=0.8, linestyle=":")
        axes.set(title=LABELS[metric], xlim=(0, 1.03), xticks=(0, 0.5, 1))
    legend: list[Patch | Line2D] = [
        patch("its base", color=GREY),
        line("asked without constraints", linestyle="", **DIAMOND),
        line("best constant reply", color="black", linewidth=0.8, linestyle=":"),
    ]
    foot(figure, "share of samples, with 95 % interval; grey its base, in colour the arm", legend)
    return figure


def _pairs(axes: Axes, entries: list[Entry], arms: Sequence[str], sides: dict[str, str], colour: str) -> None:
    by_arm = {one["arm"]: one for one in entries}
    bars = [(y - 0.19, by_arm.get(sides.get(arm, "")), GREY) for y, arm in enumerate(arms)]
    bars += [(y + 0.19, by_arm.get(arm), colour) for y, arm in enumerate(arms)]
    drawn = [(y, one, shade) for y, one, shade in bars if one]
    values = [one["value"] for _, one, _ in drawn]
    axes.barh([y for y, *_ in drawn], values, 0.36, color=[shade for *_, shade in drawn])
    intervals(axes, values, [y for y, *_ in drawn], [one for _, one, _ in drawn], upright=False)
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
