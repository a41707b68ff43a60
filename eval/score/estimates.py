"""The means of measures with their intervals, all arms under the same draws of problems.

One training seed: the choice of problems and samples. Several together: of seeds too, see `stats/seeds.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..stats import intervals
from ..stats.intervals import TINY, Estimate, Flags, Floats, Ints
from ..stats.seeds import crossed, residuals
from .measure import Measure


def together(several: Sequence[Measure]) -> Measure:
    """One measure of several training seeds, of the same metric and group each."""
    rows = [measure.rows for measure in several if measure.rows is not None]
    return several[0]._replace(
        values=np.concatenate([measure.values for measure in several]),
        clusters=np.concatenate([measure.clusters for measure in several]),
        rows=np.concatenate(rows) if len(rows) == len(several) else None,
        seeds=seed_numbers([len(measure.values) for measure in several]),
    )


def seed_numbers(sizes: Sequence[int]) -> Ints | None:
    """The number of the seed that each of the samples is of, which stand seed by seed; None of a single one."""
    return np.repeat(np.arange(len(sizes)), sizes) if len(sizes) > 1 else None


def added(measure: Measure, clusters: int) -> Floats:
    """What each cluster adds to the deviation of the mean under each training seed: (seeds, clusters), see `stats.seeds`."""
    seeds = np.zeros_like(measure.clusters) if measure.seeds is None else measure.seeds
    count = 1 + int(seeds.max())
    cells = seeds * clusters + measure.clusters
    num: Floats = np.bincount(cells, measure.values, count * clusters).astype(float)
    den = np.bincount(cells, minlength=count * clusters).astype(float)
    return residuals(num.reshape(count, clusters), den.reshape(count, clusters))


class Sums(NamedTuple):
    """Measures summed by cluster, and their resampled means: num, den (m, clusters), resampled (m, r)."""

    num: Floats
    den: Floats
    resampled: Floats

    def of(self, chosen: Sequence[int]) -> "Sums":
        """Those of some of the measures."""
        return Sums(*(part[list(chosen)] for part in self))


def resample(measured: Sequence[Measure], draws: Floats) -> Sums:
    """Sums by cluster and means under `draws` (clusters, r); see `intervals.draw_clusters`."""
    clusters = len(draws)
    num = np.array([np.bincount(measure.clusters, measure.values, clusters) for measure in measured])
    den = np.array([np.bincount(measure.clusters, minlength=clusters) for measure in measured], dtype=float)
    return Sums(num, den, intervals.ratios(num, den, draws))


def estimates(measured: Sequence[Measure], sums: Sums) -> list[Estimate]:
    """The mean of each measure with its interval: bootstrap, or Wilson near 0 and 1, or none of one cluster."""
    bounds = zip(*intervals.percentile_interval(sums.resampled), strict=True)
    return [
        _estimate(measure, den, *map(float, ends))
        for measure, den, ends in zip(measured, sums.den, bounds, strict=True)
    ]


def macro(measured: Sequence[Measure], sums: Sums) -> Estimate | None:
    """The mean over constraint types of the share of a type's verdicts that hold, from one arm's measures.

    A type that a resample does not draw is left out of it. (The mean over prompts is `sacc`.) None without types.
    """
    types = [
        i
        for i, measure in enumerate(measured)
        if measure.metric == "verdict" and measure.group and measure.group.by == "type"
    ]
    if not types:
        return None
    type_sums, of_types = sums.of(types), [measured[i] for i in types]
    value = float(np.mean([measure.values.mean() for measure in of_types]))
    counted = type_sums.den.sum(axis=0) > 0
    low, high = _macro_ends(of_types, type_sums, value, counted) if counted.sum() > 1 else (None, None)
    return Estimate(value, low, high, int(type_sums.den.sum()), int(counted.sum()))


def _macro_ends(types: Sequence[Measure], sums: Sums, value: float, counted: Flags) -> tuple[float, float]:
    """The interval of a macro mean, Wilson's where nothing varies, as where all verdicts hold."""
    drawn, count = np.nansum(sums.resampled, axis=0), (~np.isnan(sums.resampled)).sum(axis=0)
    low, high = spread(np.divide(drawn, count, out=np.full_like(drawn, np.nan), where=count > 0))
    if types[0].seeds is not None:
        variance = crossed(np.mean([added(measure, len(counted)) for measure in types], axis=0), counted)
        low, high = variance.interval(value) if variance.variance > TINY else (None, None)
    if low is None or high is None:
        return intervals.wilson_bounds(value, int(counted.sum()))
    return max(0.0, low), min(1.0, high)


def spread(drawn: Floats) -> tuple[float, float] | tuple[None, None]:
    """The 95 % percentile interval of resamples (r,), or None where they are all alike."""
    (low,), (high,) = intervals.percentile_interval(drawn[None])
    return (float(low), float(high)) if high > low else (None, None)


def _estimate(measure: Measure, den: Floats, low: float, high: float) -> Estimate:
    values, clusters = measure.values, int((den > 0).sum())
    ends: tuple[float | None, float | None] = (low, high)
    if clusters < 2:
        ends = (None, None)
    elif measure.seeds is not None:
        ends = over_seeds(measure, len(den))
    elif measure.is_rate and intervals.near_edge(values, measure.clusters):
        ends = intervals.wilson(values, measure.clusters)
    return Estimate(float(values.mean()), *ends, len(values), clusters)


def over_seeds(measure: Measure, clusters: int) -> tuple[float, float] | tuple[None, None]:
    """The interval of a mean over several seeds and their problems, of so many clusters; Wilson's for a rate near 0 or 1."""
    counted = np.bincount(measure.clusters, minlength=clusters) > 0
    if counted.sum() < 2:
        return None, None
    mean, variance = float(measure.values.mean()), crossed(added(measure, clusters), counted)
    if not measure.is_rate:
        return variance.interval(mean)
    size = intervals.size_known(mean, variance.error**2, int(counted.sum()))
    if min(mean, 1 - mean) * size < intervals.FEW:
        return intervals.wilson_bounds(mean, size, variance.critical(0.025))
    low, high = variance.interval(mean)
    return max(0.0, low), min(1.0, high)
