"""The figures of one set: every measure of every arm, seed and mode as a column, all resampled with the same draws.

An arm's seeds stand alone and together; the intervals cover the choice of problems and samples, not of seeds.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..score.floors import Floor
from ..score.measure import Entry, Group, Measure, Sums, estimates, figure, macro, measures
from ..stats import intervals
from .run_folder import Study

PLAIN = {"hacc": "blind_hacc", "sacc": "blind_sacc", "correct": "correct_plain", "verdict": "blind_verdict"}
OVER = {  # a figure over what the same model reaches when asked without the constraints
    "hacc_over_blind": ("hacc", "blind_hacc"),
    "sacc_over_blind": ("sacc", "blind_sacc"),
    "verdict_over_blind": ("verdict", "blind_verdict"),
    "correct_over_plain": ("correct", "correct_plain"),
}
CONTRASTED = ("hacc", "sacc", "correct", "correct_plain", "joint", "hacc_finished", "verdict")


class Column(NamedTuple):
    """One measure of one arm in one mode; seed and checkpoint are None where several seeds are together."""

    arm: str
    seed: int | None
    checkpoint: str | None
    mode: str
    measure: Measure

    @property
    def key(self) -> tuple[str, str, str, Group | None]:
        return self.arm, self.mode, self.measure.metric, self.measure.group


def columns(study: Study, name: str, mode: str) -> list[Column]:
    """Every measure of every arm and seed, then of the seeds of an arm together where there are several."""
    found = [
        Column(arm.name, arm.seed, arm.checkpoint, mode, measure)
        for arm in study.arms
        for measure in _measured(study, arm.checkpoint, name, mode)
    ]
    by_key: dict[tuple[str, str, str, Group | None], list[Measure]] = {}
    for column in found:
        by_key.setdefault(column.key, []).append(column.measure)
    pooled = [
        Column(key[0], None, None, mode, _together(several))
        for key, several in by_key.items()
        if len(several) > 1
    ]
    return found + pooled


def _measured(study: Study, checkpoint: str, name: str, mode: str) -> Iterator[Measure]:
    row_set = study.row_sets[name]
    cell = study.cell(checkpoint, name, mode)
    plain = study.cell(checkpoint, name, mode, plain=True)
    yield from measures(row_set, cell) if cell else ()
    for measure in measures(row_set, plain) if plain else ():
        if measure.metric in PLAIN:
            yield measure._replace(metric=PLAIN[measure.metric])


def _together(several: Sequence[Measure]) -> Measure:
    return several[0]._replace(
        values=np.concatenate([measure.values for measure in several]),
        clusters=np.concatenate([measure.clusters for measure in several]),
    )


def figures(found: Sequence[Column], sums: Sums, floor: Floor) -> list[Entry]:
    """The figure of every column, its gain over the same model without the constraints, and the macro means."""
    entries = [
        figure(column.measure, one)
        | {"arm": column.arm, "seed": column.seed, "checkpoint": column.checkpoint}
        | {"floor": floor.get((column.measure.metric, column.measure.group))}
        for column, one in zip(found, estimates([column.measure for column in found], sums), strict=True)
    ]
    return [*entries, *_over(found, sums, entries), *_macro(found, sums)]


def _over(found: Sequence[Column], sums: Sums, entries: Sequence[Entry]) -> list[Entry]:
    index = {(column.seed, column.checkpoint, *column.key): i for i, column in enumerate(found)}
    over = [
        (metric, index[key], index[(*key[:4], under, key[5])])
        for key in index
        for metric, (top, under) in OVER.items()
        if key[4] == top and (*key[:4], under, key[5]) in index
    ]
    gaps = differences(found, sums, [(a, b) for _, a, b in over])
    return [
        {key: entries[a][key] for key in ("arm", "seed", "checkpoint", "group")}
        | {"metric": metric, "value": gap["diff"], "floor": None}
        | {key: gap[key] for key in ("low", "high", "n", "clusters")}
        for (metric, a, _), gap in zip(over, gaps, strict=True)
    ]


def _macro(found: Sequence[Column], sums: Sums) -> Iterator[Entry]:
    """The macro mean of every arm, seed and checkpoint, where there are verdicts."""
    owners: dict[tuple[str, int | None, str | None], list[int]] = {}
    for i, column in enumerate(found):
        owners.setdefault((column.arm, column.seed, column.checkpoint), []).append(i)
    for (arm, seed, checkpoint), own in owners.items():
        mean = macro([found[i].measure for i in own], sums.of(own))
        if mean:
            place = {"arm": arm, "seed": seed, "checkpoint": checkpoint}
            yield place | {"metric": "macro", "group": None, "floor": None} | mean._asdict()


def differences(found: Sequence[Column], sums: Sums, wanted: Sequence[tuple[int, int]]) -> list[Entry]:
    """`{diff, low, high, p, mdd, n, clusters}` of pairs of columns; n counts samples on the smaller side."""
    if not wanted:
        return []
    index = np.array([(a, b) for a, b in wanted])
    rates = np.array([found[a].measure.is_rate for a, _ in wanted])
    measured = intervals.differences(sums.num, sums.den, sums.resampled, index, rates=rates)
    clusters = ((sums.den[index[:, 0]] > 0) & (sums.den[index[:, 1]] > 0)).sum(axis=1)
    sizes = sums.den[index].sum(axis=2).min(axis=1)
    entries = [
        dict(zip(measured._fields, map(float, one), strict=True)) for one in zip(*measured, strict=True)
    ]
    return [
        (gap if count > 1 else {"diff": gap["diff"], "low": None, "high": None, "p": None, "mdd": None})
        | {"n": int(size), "clusters": int(count)}
        for gap, size, count in zip(entries, sizes, clusters, strict=True)
    ]
