"""Differences on the same rows: between arms in one mode, and between the modes of one arm.

Families, inside which p is corrected (Holm): all comparisons of one kind on one set and metric. The kinds: in one
mode, `arms against base`, `arms against controls`, `mixed against unmixed`, and pairs that the recipe names; for one
arm, its `modes against` the first. Each way to group (by type, by source, …) is a family of its own, all arms and
groups in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from ..score.measure import Entry, Sums, resample
from ..stats import intervals
from ..stats.paired import holm
from .analysis import Analysis, Found, Table
from .fields import (
    Adjusted,
    Against,
    AgainstMode,
    ArmName,
    Asks,
    Clusters,
    Family,
    Grouped,
    High,
    Low,
    Metric,
    Mode,
    Probability,
    SetName,
    grouping,
)
from .formats import probability, starred
from .metrics import CONTRASTED, label
from .results import ReportData, Rows, select
from .roles import Question
from .set_data import ArmMeasure, SetData

FAMILIES: dict[Question, str] = {
    "base": "arms against base, {mode}",
    "control": "arms against controls, {mode}",
    "mixed": "mixed against unmixed, {mode}",
    "pair": "as the recipe pairs them, {mode}",
    "mode": "{arm}, modes against {against_mode}",
}
TREATMENT = "reasoning against base"
QUESTIONS = {  # of a contrast: in words, in the order that they are read in
    "control": "reasoning against its control",
    "pair": "as the recipe pairs them",
    "mixed": "mixed against unmixed",
    "base": "against base",
}
FIRST = (TREATMENT, QUESTIONS["control"], QUESTIONS["pair"])  # those beside the first figure
READING = (
    "Arm minus against, on the same rows, paired, clustered by problem. * the 95 % interval leaves zero out. "
    "p is for HAcc; Holm adjusts it within its family. “Detectable”: the smallest HAcc difference that this many "
    "problems would find with 80 % power; a null result says no more than “less than that”."
)


@dataclass(frozen=True)
class Contrast:
    """The difference of a metric between two arms in one mode, or between two modes of one arm."""

    set: SetName
    arm: ArmName
    against: Against
    mode: Mode
    against_mode: AgainstMode
    question: Asks
    metric: Metric
    group: Grouped
    family: Family
    diff: Annotated[float, "the arm less the other, on the same rows"]
    low: Low
    high: High
    p: Probability
    p_holm: Adjusted
    mdd: Annotated[float | None, "the smallest difference that 80 % power at 5 % would find"]
    n: Annotated[int, "samples (verdicts, for the metric `verdict`) on the smaller side"]
    clusters: Clusters


class Difference(NamedTuple):
    """Of two measures: n counts samples on the smaller side; no interval where one cluster is all."""

    diff: float
    low: float | None
    high: float | None
    p: float | None
    mdd: float | None
    n: int
    clusters: int


def contrasts(data: SetData, _: Found) -> Iterator[Contrast]:
    """Between arms, mode by mode, seeds together; then between each arm's modes and the first."""
    pairs = data.roles.pairs(data.arms)
    for mode in data.modes:
        found, sums = data.resampled(mode)
        last = {one.key: i for i, one in enumerate(found)}  # the last of a key is that of all seeds
        wanted = [
            (i, last[against, mode, metric, group])
            for arm, against in pairs
            for (owner, _mode, metric, group), i in last.items()
            if owner == arm and metric in CONTRASTED and (against, mode, metric, group) in last
        ]
        yield from _entries(data, found, sums, wanted)
    yield from _between_modes(data)


def _between_modes(data: SetData) -> Iterator[Contrast]:
    """Arm by arm, so that no more than one arm's resamples are held at once."""
    reference, *others = data.modes
    measured = [one for mode in data.modes for one in data.measures(mode)] if others else []
    for arm in dict.fromkeys(one.arm for one in measured):
        found = [one for one in measured if one.arm == arm and one.measure.metric in CONTRASTED]
        last = {one.key: i for i, one in enumerate(found)}
        wanted = [
            (i, last[arm, reference, metric, group])
            for (_, mode, metric, group), i in last.items()
            if mode != reference and (arm, reference, metric, group) in last
        ]
        yield from _entries(data, found, resample([one.measure for one in found], data.draws), wanted)


def _entries(
    data: SetData, found: Sequence[ArmMeasure], sums: Sums, wanted: Sequence[tuple[int, int]]
) -> Iterator[Contrast]:
    gaps = differences(found, sums, wanted)
    families = [_family(data, found[a], found[b]) for a, b in wanted]
    adjusted = corrected([gap.p for gap in gaps], families)
    for (a, b), gap, family, p_holm in zip(wanted, gaps, families, adjusted, strict=True):
        (arm, mode, metric, group), (against, against_mode, *_) = found[a].key, found[b].key
        question = data.roles.question(arm, against)
        place = (data.name, arm, against, mode, against_mode, question, metric, grouping(group), family)
        yield Contrast(*place, *gap[:4], p_holm, *gap[4:])


def _family(data: SetData, one: ArmMeasure, other: ArmMeasure) -> str:
    kind = family(data.roles.question(one.arm, other.arm), one.arm, one.mode, other.mode)
    group = one.measure.group
    return f"{kind}: {one.measure.metric}{f' by {group.by}' if group else ''}"


def family(question: Question, arm: str, mode: str, against_mode: str) -> str:
    """The comparisons that one is adjusted with, but for their metric."""
    return FAMILIES[question].format(arm=arm, mode=mode, against_mode=against_mode)


def corrected(p: Sequence[float | None], families: Sequence[str]) -> list[float | None]:
    """Each p adjusted inside its family; None where there is none."""
    adjusted: list[float | None] = [None] * len(p)
    for name in dict.fromkeys(families):
        known = [(i, one) for i, one in enumerate(p) if families[i] == name and one is not None]
        for (i, _), value in zip(known, holm([one for _, one in known]), strict=True):
            adjusted[i] = value
    return adjusted


def differences(
    found: Sequence[ArmMeasure], sums: Sums, wanted: Sequence[tuple[int, int]]
) -> list[Difference]:
    """Those of pairs of measures, by their numbers."""
    if not wanted:
        return []
    index = np.array([(a, b) for a, b in wanted])
    rates = np.array([found[a].measure.is_rate for a, _ in wanted])
    measured = intervals.differences(sums.num, sums.den, sums.resampled, index, rates=rates)
    clusters = ((sums.den[index[:, 0]] > 0) & (sums.den[index[:, 1]] > 0)).sum(axis=1)
    sizes = sums.den[index].sum(axis=2).min(axis=1)
    return [
        _difference([float(value) for value in gap], int(size), int(count))
        for gap, size, count in zip(zip(*measured, strict=True), sizes, clusters, strict=True)
    ]


def _difference(gap: Sequence[float], size: int, clusters: int) -> Difference:
    diff, low, high, p, mdd = gap
    if clusters < 2:
        return Difference(diff, None, None, None, None, size, clusters)
    return Difference(diff, low, high, p, mdd, size, clusters)


def ordered_pairs(contrasts: Sequence[Entry], role: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(arm, against, what it asks) for the contrasts that mean something; then the other arms against the base."""
    order = [TREATMENT, *QUESTIONS.values()]
    pairs = {
        (one["arm"], one["against"]): TREATMENT
        if one["question"] == "base" and role[one["arm"]] == "treatment"
        else QUESTIONS[one["question"]]
        for one in contrasts
    }
    return sorted(((*pair, asks) for pair, asks in pairs.items()), key=lambda pair: order.index(pair[2]))


def partners(contrasts: Sequence[Entry]) -> dict[str, str]:
    """What each arm's change is counted from: the model that the recipe sets it against, or else its base."""
    return {
        one["arm"]: one["against"]
        for question in ("base", "pair")
        for one in contrasts
        if one["question"] == question
    }


def contrasts_table(data: ReportData) -> Rows:
    """The leading contrasts first; `*` where the interval leaves zero out, else what would have been detected."""
    whole = data.whole("contrasts")
    others = ("sacc", "correct", "correct_plain")
    table = [
        ["question", "arm", "against", label("hacc"), "p", "Holm", "detectable", *map(label, others)],
    ]
    for arm, against, asks in ordered_pairs(whole, data.roles()):
        by_metric = {one["metric"]: one for one in select(whole, arm=arm, against=against)}
        changes = (starred(by_metric.get(metric)) for metric in others)
        table.append([asks, arm, against, *tested(by_metric.get("hacc")), *changes])
    return table


def tested(one: Entry | None) -> list[str]:
    """A difference, its p, the p adjusted within its family, and what this many problems would detect."""
    if one is None or one["low"] is None:
        return [starred(one), "–", "–", "–"]
    return [starred(one), probability(one["p"]), probability(one["p_holm"]), f"{one['mdd']:.2f}"]


def leading_table(data: ReportData) -> Rows:
    """The contrasts that the page leads with, without their questions and the last column."""
    return [row[1:-1] for row in contrasts_table(data) if row[0] in ("question", *FIRST)]


def in_modes_table(data: ReportData) -> Rows:
    """The contrasts between arms in the other modes, each line with its mode."""
    head, *_ = contrasts_table(data)
    rows = [[mode, *row] for mode in data.modes[1:] for row in contrasts_table(data.in_mode(mode))[1:]]
    return [["mode", *head], *rows]


leading = Table("leading", leading_table, style="pair", note=READING)

ANALYSIS = Analysis(
    name="contrasts",
    entry=Contrast,
    compute=contrasts,
    parts=[Table("contrasts", contrasts_table, "Every contrast", "text")],
    appendix=[
        Table("contrasts_in_modes", in_modes_table, "Contrasts between arms in the other modes", "text")
    ],
)
