"""Best of k and all of k: what an arm's samples of a prompt can reach, and what it does every time.

Training by reinforcement is said to raise the first and to narrow what can be found: a mean that rises while the
best of many falls. With one sample the two are the same figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..score.estimates import estimates, resample
from ..score.measure import Entry, Group, Measure, ScoredSamples
from ..stats.intervals import Estimate, Ints
from ..stats.support import best_and_all
from .analysis import Analysis, EntryLists, Figure, Table
from .differences import Difference, comparable, differences
from .fields import ArmName, Clusters, High, Low, Metric, Mode, Seeds, SetName
from .formats import rate, starred
from .metrics import FLIPPED, label
from .results import ReportData, Rows, select
from .set_data import ArmMeasure, SetData, by_key, of_all_seeds
from .style import LABELS, SERIES, foot, intervals, line, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

KINDS = {"best": "one of k passes", "all": "all k pass"}
FEWEST_DRAWN = 4  # samples a prompt below which there is nothing to draw


@dataclass(frozen=True)
class Support:
    """Of k samples of a prompt: the chance that one passes (best of k), or that all do; no bias, whatever was sampled."""

    set: SetName
    arm: ArmName
    mode: Mode
    metric: Metric
    of: Annotated[str, "`best`: one of k passes; `all`: all k do"]
    k: Annotated[int, "samples of a prompt; powers of two, and as many as every prompt has"]
    value: Annotated[float, "the mean over prompts"]
    low: Low
    high: High
    against: Annotated[str | None, "what the arm's change is counted from; null for the base"]
    diff: Annotated[
        float | None, "the arm less that, on the same prompts; null where it was asked less often"
    ]
    diff_low: Annotated[float | None, "lower end of the difference's 95 % interval"]
    diff_high: Annotated[float | None, "upper end of the difference's 95 % interval"]
    n: Annotated[int, "prompts, times training seeds"]
    clusters: Clusters
    seeds: Seeds


def supports(data: SetData, _: EntryLists) -> Iterator[Support]:
    """Every arm in every mode, where each prompt has several samples."""
    for mode in data.modes:
        measured = _measured(data, mode)
        if not measured:
            continue
        sums = resample([arm.measure for arm in measured], data.draws)
        means = estimates([arm.measure for arm in measured], sums)
        index = {arm.key: i for i, arm in enumerate(measured)}
        against = {
            i: index.get((data.roles.reference(arm.arm) or "", *arm.key[1:]))
            for i, arm in enumerate(measured)
        }
        pairs = [(i, j) for i, j in against.items() if j is not None and comparable(measured[i], measured[j])]
        gaps = dict(zip((i for i, _ in pairs), differences(measured, sums, pairs), strict=True))
        for i, (arm, mean) in enumerate(zip(measured, means, strict=True)):
            yield _entry(data, arm, mean, gaps.get(i))


def _entry(data: SetData, arm: ArmMeasure, mean: Estimate, gap: Difference | None) -> Support:
    assert arm.measure.group
    return Support(
        set=data.name,
        arm=arm.arm,
        mode=arm.mode,
        metric=arm.measure.metric,
        of=arm.measure.group.by,
        k=int(arm.measure.group.value),
        value=mean.value,
        low=mean.low,
        high=mean.high,
        against=data.roles.reference(arm.arm),
        diff=gap and gap.diff,
        diff_low=gap and gap.low,
        diff_high=gap and gap.high,
        n=mean.n,
        clusters=mean.clusters,
        seeds=len(arm.seeds),
    )


def _measured(data: SetData, mode: str) -> list[ArmMeasure]:
    """A measure for every arm, metric, kind and k; an arm's seeds together."""
    measured = [
        ArmMeasure.of(arm, mode, measure)
        for arm in data.run.answering
        if (scored := data.run.scored(arm.checkpoint, data.name, mode))
        for measure in _of_each_k(data, scored)
    ]
    return [of_all_seeds(seeds) if len(seeds) > 1 else seeds[0] for seeds in by_key(measured)]


def _of_each_k(data: SetData, scored: ScoredSamples) -> Iterator[Measure]:
    for metric in FLIPPED:
        known = ~np.isnan(scored.numbers[metric])
        rows, row = np.unique(scored.row[known], return_inverse=True)
        samples = np.bincount(row)
        passed: Ints = np.bincount(row, scored.numbers[metric][known]).astype(np.intp)
        for k in _ks(int(samples.min())) if len(rows) else ():
            for kind, values in zip(KINDS, best_and_all(passed, samples, k), strict=True):
                yield Measure(metric, Group(kind, k), values, data.row_set.cluster[rows], rows)


def _ks(samples: int) -> list[int]:
    """1, 2, 4 and so on, and all samples; nothing where there is one."""
    powers = [2**power for power in range(samples.bit_length()) if 2**power < samples]
    return [*powers, samples] if samples > 1 else []


def support_table(data: ReportData) -> Rows:
    """One line an arm, metric and kind, one column a k; and the change at the largest."""
    entries = data.entries("support")
    ks = sorted({entry["k"] for entry in entries})
    if not ks:
        return [["arm"]]
    table = [
        ["arm", "metric", "of k samples", *(f"k = {k}" for k in ks), f"change at {ks[0]}", f"at {ks[-1]}"]
    ]
    for arm in dict.fromkeys(entry["arm"] for entry in entries):
        for metric in FLIPPED:
            for kind, words in KINDS.items():
                by_k = {entry["k"]: entry for entry in select(entries, arm=arm, metric=metric, of=kind)}
                if by_k:
                    changes = [_change(by_k.get(k)) for k in (ks[0], ks[-1])]
                    table.append([arm, label(metric), words, *(rate(by_k.get(k)) for k in ks), *changes])
    return table


def _change(entry: Entry | None) -> str:
    if entry is None or entry["diff"] is None:
        return "–"
    return starred({"diff": entry["diff"], "low": entry["diff_low"], "high": entry["diff_high"]})


def support_lines(data: ReportData) -> Drawing | None:
    """Best of k (drawn through) and all of k (dashed) by k, a panel a metric; base and treatments."""
    role = data.roles()
    entries = [entry for entry in data.entries("support") if role[entry["arm"]] not in ("control", "mixed")]
    arms = list(dict.fromkeys(entry["arm"] for entry in entries))[: len(SERIES)]
    metrics = [metric for metric in FLIPPED if select(entries, metric=metric)]
    ks = sorted({entry["k"] for entry in entries})
    if not metrics or ks[-1] < FEWEST_DRAWN:
        return None
    figure, all_axes = panels(len(metrics), 2, 1.5, left=0.45, foot=0.72)
    for metric, axes in zip(metrics, all_axes, strict=True):
        for arm, colour in zip(arms, SERIES, strict=False):
            for kind, style in zip(KINDS, ("-", "--"), strict=True):
                points = select(entries, arm=arm, metric=metric, of=kind)
                x, y = [entry["k"] for entry in points], [entry["value"] for entry in points]
                axes.plot(x, y, style, marker="o", markersize=2.2, linewidth=0.9, color=colour)
                intervals(axes, x, y, points, upright=True, colour=colour)
        axes.set(title=LABELS[metric], ylim=(0, 1.03), xscale="log")
        axes.set_xticks(ks, map(str, ks))
        axes.minorticks_off()
    styles = zip(KINDS.values(), ("-", "--"), strict=True)
    legend = [line(words, color="black", linestyle=style) for words, style in styles]
    legend += [line(arm, color=colour) for arm, colour in zip(arms, SERIES, strict=False)]
    foot(figure, "k samples of a prompt; share of prompts, with 95 % interval", legend, min(len(legend), 6))
    return figure


ANALYSIS = Analysis(
    name="support",
    entry=Support,
    compute=supports,
    heading="What many samples hold",
    contents="best of k",
    parts=[
        Figure(
            "support",
            "Best of k and all of k.",
            "The chance that one of k samples of a prompt passes, and that all do. An arm whose line starts higher and ends "
            "lower than its base’s passes more often on what both can do, and finds less. Of the base and the arms that are neither "
            f"controls nor mixed the first {len(SERIES)} are drawn; all are in the table.",
            "",
            support_lines,
        ),
        Table("support", support_table, "Best of k and all of k, every figure", "text"),
    ],
)
