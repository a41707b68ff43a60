"""Differences of two measures on the same rows, with their intervals, and what a margin lets one say of them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from ..score.estimates import Sums, added, resample
from ..score.measure import Measure
from ..stats import intervals
from ..stats.intervals import APART, INNER, TIE, Flags, Floats, gaps
from ..stats.seeds import Crossed, crossed, where_few_differ
from .set_data import ArmMeasure, alike

Claim = Literal["equivalent", "lost", "gained", "undecided"]


class Difference(NamedTuple):
    """Of two measures: n counts samples on the smaller side, or its rows where these were averaged; no interval where one
    cluster is all."""

    diff: float
    low: float | None
    high: float | None
    low_90: float | None
    high_90: float | None
    p: float | None
    mdd: float | None
    n: int
    clusters: int


def comparable(measure: ArmMeasure, against: ArmMeasure) -> bool:
    """Whether both are of the same training seeds, or one of them is not trained."""
    return alike(measure.seeds, against.seeds)


def on_shared_rows(
    measured: Sequence[ArmMeasure], sums: Sums, compared: Sequence[tuple[int, int]], draws: Floats
) -> tuple[list[ArmMeasure], Sums, list[tuple[int, int]]]:
    """Pairs that have unlike many samples of their rows, as of finished ones, with one mean a row and training seed on both
    sides, of the rows that both have under that seed.

    Else the arm would seem the better one that finishes the easier prompts, or more samples of them. Left out where a
    seed has no such row.
    """
    restricted: list[ArmMeasure] = []
    pairs: list[tuple[int, int]] = []
    for pair in compared:
        sides = [measured[place] for place in pair]
        shared = _shared_where_unlike(*(side.measure for side in sides))
        if shared is None:
            pairs.append(pair)
        elif shared.any(axis=1).all():
            first = len(measured) + len(restricted)
            pairs.append((first, first + 1))
            restricted += [side._replace(measure=_row_means(side.measure, shared)) for side in sides]
    more = resample([side.measure for side in restricted], draws) if restricted else None
    together = sums if more is None else Sums(*map(np.concatenate, zip(sums, more, strict=True)))
    return [*measured, *restricted], together, pairs


def _shared_where_unlike(arm: Measure, against: Measure) -> Flags | None:
    """Which rows both have, under each training seed: (seeds, rows). None where they have alike many samples of each row,
    or where rows are not known."""
    if arm.rows is None or against.rows is None:
        return None
    rows = 1 + int(max(arm.rows.max(), against.rows.max()))
    samples = np.array(np.broadcast_arrays(_by_row(arm, rows), _by_row(against, rows)))
    if np.allclose(*(of_side / of_side.sum() for of_side in samples)):
        return None
    shared: Flags = samples.min(axis=0) > 0
    return shared


def _by_row(measure: Measure, rows: int, weights: Floats | None = None) -> Floats:
    """How many values each row has under each training seed, or the sums of these weights (n,): (seeds, rows)."""
    own = np.asarray(measure.rows) + (0 if measure.seeds is None else rows * measure.seeds)
    return np.bincount(own, weights, measure.seed_count * rows).reshape(-1, rows).astype(float)


def _row_means(measure: Measure, shared: Flags) -> Measure:
    """One value a row and training seed, the mean of its samples, of those that are `shared` (seeds, rows)."""
    rows = shared.shape[1]
    means = _by_row(measure, rows, measure.values) / np.maximum(_by_row(measure, rows), 1)
    clusters = np.zeros(rows, dtype=np.intp)
    clusters[np.asarray(measure.rows)] = measure.clusters
    seed, row = np.nonzero(shared)
    # What is not trained stands against each seed of the other side, so it has a mean under each of them.
    values = np.broadcast_to(means, shared.shape)[shared]
    seeds = seed if len(shared) > 1 else None
    return measure._replace(values=values, clusters=clusters[row], rows=row, seeds=seeds)


def differences(
    measured: Sequence[ArmMeasure], sums: Sums, pairs: Sequence[tuple[int, int]]
) -> list[Difference]:
    """Those of pairs of measures that are `comparable`, by their numbers; of several seeds with what seeds add."""
    if not pairs:
        return []
    index = np.array([(a, b) for a, b in pairs])
    rates = np.array([measured[a].measure.is_rate for a, _ in pairs])
    estimated = intervals.differences(sums.num, sums.den, sums.resampled, index, rates=rates)
    clusters = ((sums.den[index[:, 0]] > 0) & (sums.den[index[:, 1]] > 0)).sum(axis=1)
    sizes = sums.den[index].sum(axis=2).min(axis=1)
    found = [
        _difference([float(value) for value in gap], int(size), int(count))
        for gap, size, count in zip(zip(*estimated, strict=True), sizes, clusters, strict=True)
    ]
    return [
        _over_seeds(gap, measured[a], measured[b], sums.of([a, b]))
        if max(len(measured[a].seeds), len(measured[b].seeds)) > 1 and gap.clusters > 1
        else gap
        for gap, (a, b) in zip(found, pairs, strict=True)
    ]


def _difference(gap: Sequence[float], size: int, clusters: int) -> Difference:
    diff, low, high, low_90, high_90, p, mdd = gap
    if clusters < 2:
        return Difference(diff, None, None, None, None, None, None, size, clusters)
    return Difference(diff, low, high, low_90, high_90, p, mdd, size, clusters)


def _over_seeds(gap: Difference, arm: ArmMeasure, against: ArmMeasure, sums: Sums) -> Difference:
    """The same difference; seeds are paired, and what is not trained stands against each of them."""
    over = weighted([arm.measure, against.measure], sums, APART)
    (low, high), (low_90, high_90) = over.interval(), over.interval(INNER)
    return Difference(gap.diff, low, high, low_90, high_90, over.p, over.detectable, gap.n, gap.clusters)


class Weighted(NamedTuple):
    """A weighted sum of means and how large it can be, the centre of its interval, and its variance over problems and seeds,
    None where one problem is all."""

    value: float
    reach: float
    centre: float
    variance: Crossed | None

    def interval(self, level: float = 0.95) -> tuple[float, float] | tuple[None, None]:
        if self.variance is None:
            return None, None
        low, high = self.variance.interval(self.centre, level)
        return max(low, -self.reach), min(high, self.reach)

    @property
    def p(self) -> float | None:
        return None if self.variance is None else self.variance.p(self.centre)

    @property
    def detectable(self) -> float | None:
        return None if self.variance is None else self.variance.detectable


def weighted(measures: Sequence[Measure], sums: Sums, weights: Floats) -> Weighted:
    """Of measures of one metric, with their `sums`, by weights that add to zero."""
    pairs = list(zip(weights, measures, strict=True))
    value = float(sum(weight * measure.values.mean() for weight, measure in pairs))
    value = 0.0 if abs(value) < TIE else value
    rates = measures[0].is_rate
    reach = float(np.abs(weights).sum() / 2) if rates else np.inf
    counted = sums.den.sum(axis=0) > 0
    if counted.sum() < 2:
        return Weighted(value, reach, value, None)
    moved = np.asarray(sum(weight * added(measure, len(counted)) for weight, measure in pairs))
    of_problems = gaps(sums.num, sums.den, np.arange(len(measures))[None], weights)
    centre, least = where_few_differ(value, of_problems, reach) if rates else (value, 0.0)
    return Weighted(value, reach, centre, crossed(moved, counted, least))


def claim(gap: Difference, margin: float | None) -> Claim | None:
    """What two one-sided tests at the margin say (5 % each: the 90 % interval lies within it), or else the 95 % interval.

    None without a margin or an interval.
    """
    if margin is None or gap.low is None or gap.high is None or gap.low_90 is None or gap.high_90 is None:
        return None
    if -margin < gap.low_90 and gap.high_90 < margin:
        return "equivalent"
    if gap.low <= 0 <= gap.high:
        return "undecided"
    return "lost" if gap.high < 0 else "gained"
