"""Differences of two measures on the same rows, with their intervals, and what a margin lets one say of them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from ..score.estimates import Sums, added, resample
from ..stats import intervals
from ..stats.intervals import INNER, Floats
from ..stats.seeds import crossed
from .set_data import ArmMeasure, alike

Claim = Literal["equivalent", "lost", "gained", "undecided"]


class Difference(NamedTuple):
    """Of two measures: n counts samples on the smaller side; no interval where one cluster is all."""

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
    """Pairs that are known of different rows, as finished samples are, with both sides of the rows that they share.

    Else the arm that finishes the easier prompts would seem the better one. Left out where a seed has none of them.
    """
    restricted: list[ArmMeasure] = []
    pairs: list[tuple[int, int]] = []
    for pair in compared:
        sides = [measured[place] for place in pair]
        of_arm, of_other = (side.measure.rows for side in sides)
        if of_arm is None or of_other is None or np.array_equal(np.unique(of_arm), np.unique(of_other)):
            pairs.append(pair)
            continue
        shared = np.isin(of_arm, of_other), np.isin(of_other, of_arm)
        kept = [side.measure.at(chosen) for side, chosen in zip(sides, shared, strict=True)]
        if all(part.seed_count == side.measure.seed_count for part, side in zip(kept, sides, strict=True)):
            first = len(measured) + len(restricted)
            pairs.append((first, first + 1))
            restricted += [side._replace(measure=part) for side, part in zip(sides, kept, strict=True)]
    more = resample([side.measure for side in restricted], draws) if restricted else None
    together = sums if more is None else Sums(*map(np.concatenate, zip(sums, more, strict=True)))
    return [*measured, *restricted], together, pairs


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
    gaps = [
        _difference([float(value) for value in gap], int(size), int(count))
        for gap, size, count in zip(zip(*estimated, strict=True), sizes, clusters, strict=True)
    ]
    return [
        _over_seeds(gap, measured[a], measured[b], sums.of([a, b]))
        if max(len(measured[a].seeds), len(measured[b].seeds)) > 1 and gap.clusters > 1
        else gap
        for gap, (a, b) in zip(gaps, pairs, strict=True)
    ]


def _difference(gap: Sequence[float], size: int, clusters: int) -> Difference:
    diff, low, high, low_90, high_90, p, mdd = gap
    if clusters < 2:
        return Difference(diff, None, None, None, None, None, None, size, clusters)
    return Difference(diff, low, high, low_90, high_90, p, mdd, size, clusters)


def _over_seeds(gap: Difference, arm: ArmMeasure, against: ArmMeasure, sums: Sums) -> Difference:
    """The same difference; seeds are paired, and what is not trained stands against each of them."""
    count = sums.den.shape[1]
    apart = added(arm.measure, count) - added(against.measure, count)
    centre, least = gap.diff, 0.0
    gaps = intervals.gaps(sums.num, sums.den, np.array([0]), np.array([1]))
    if arm.measure.is_rate and intervals.discordant(gaps)[0] < intervals.FEW_DISCORDANT:
        (centre,), (error,) = (values.tolist() for values in intervals.few_discordant(gaps))
        least = error**2
    variance = crossed(apart, sums.den.sum(axis=0) > 0, least)
    ends = (*variance.interval(centre), *variance.interval(centre, INNER))
    return Difference(gap.diff, *ends, variance.p(centre), variance.detectable, gap.n, gap.clusters)


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
