"""Estimates from samples that come in clusters: k samples a row, several rows a problem.

Sets and differences: percentile bootstrap over clusters, one set of draws for every arm, so that differences
are paired (clusters as in Miller, arXiv 2411.00640). Rates near 0 or 1, where that interval loses its width
and covers too little: Wilson's interval with the effective number of samples. Differences where next to no
cluster differs, or next to all differ alike: Bonett and Price (2012), with clusters as the units. Slopes, which may rest on few clusters:
jackknife over clusters with Student's t. `tests/simulation.py` prints how often each holds the truth.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, stdtr, stdtrit

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

RESAMPLES = 10_000
Z = 1.959964  # two-sided 95 %
Z_INNER = 1.644854  # two-sided 90 %
INNER = 0.9  # the interval that lies within a margin where two one-sided tests at 5 % say so
POWER_Z = 0.841621  # 80 % power
FEW = 40  # effective successes or failures below which the bootstrap covers less than 93 %
FEW_DISCORDANT = 10
TIE = 1e-9  # differences below this are rounding, which goes with the number of threads
TINY = 1e-24  # a sum of squares below this is rounding
APART = np.array([1.0, -1.0])  # the weights of a difference


class Estimate(NamedTuple):
    """A mean with its 95 % interval, None where fewer than two clusters allow none."""

    value: float
    low: float | None
    high: float | None
    n: int
    clusters: int


class Uncertain(NamedTuple):
    """An estimate with its 95 % interval and two-sided p against zero; None where it is not known."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None


class Gaps(NamedTuple):
    """How far sides lie apart in each cluster, NaN where a side has none of it, and the weight of each: (p, clusters) both.

    Weights are the clusters' shares of all sides' samples, 1 where clusters are of one size.
    """

    apart: Floats
    weight: Floats

    def of(self, chosen: Flags) -> "Gaps":
        """Those of some of the p."""
        return Gaps(self.apart[chosen], self.weight[chosen])


class Differences(NamedTuple):
    """One entry per pair of rows: difference of ratios, 95 and 90 % interval, p, smallest detectable difference."""

    diff: Floats
    low: Floats
    high: Floats
    low_90: Floats
    high_90: Floats
    p: Floats
    mdd: Floats


def draw_clusters(clusters: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each cluster is drawn: (clusters, resamples) counts; columns add to `clusters`."""
    drawn = np.random.default_rng(seed).integers(0, clusters, (resamples, clusters))
    # Numbers of its own for each resample, so that one bincount counts all of them.
    drawn += np.arange(resamples)[:, None] * clusters
    counts = np.bincount(drawn.ravel(), minlength=resamples * clusters).reshape(resamples, clusters)
    return np.ascontiguousarray(counts.T, dtype=np.float64)


def ratios(num: Floats, den: Floats, draws: Floats) -> Floats:
    """Resampled means: sums by cluster (m, clusters) and draws (clusters, r) to (m, r).

    NaN where no drawn cluster counts, which happens to groups of few clusters.
    """
    means = num @ draws
    # Most measures count the same samples: a denominator that several share is resampled once.
    distinct, which = np.unique(den, axis=0, return_inverse=True)
    totals = (distinct @ draws)[which.ravel()]
    return np.divide(means, totals, out=np.full_like(means, np.nan), where=totals > 0)


def percentile_interval(resampled: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper percentile of each row of (m, r), NaN left out."""
    ordered = np.sort(resampled, axis=1)
    last = (~np.isnan(ordered)).sum(axis=1) - 1
    rows = np.arange(len(ordered))
    tail = (1 - level) / 2
    # Rounded outwards, so that no interval is narrower than its level says.
    low = ordered[rows, np.floor(tail * last).astype(np.intp)]
    high = ordered[rows, np.ceil((1 - tail) * last).astype(np.intp)]
    return low, high


def effective_size(values: Floats, clusters: Ints) -> float:
    """How many independent samples would know the mean of these 0 to 1 values as well as the clustered ones.

    Never more than independence gives. At exactly 0 or 1 the values say nothing about their dependence, and
    each cluster counts once. `clusters` (n,) are numbers from 0, at least two different ones.
    """
    n, mean = len(values), values.mean()
    sizes = np.bincount(clusters)
    groups = int((sizes > 0).sum())
    if mean in (0.0, 1.0):
        return float(groups)
    residuals = np.bincount(clusters, values - mean)
    variance = groups / (groups - 1) * (residuals @ residuals) / n**2
    return size_known(float(mean), max(variance, values.var() / n), groups)


def size_known(mean: float, variance: float, clusters: int) -> float:
    """How many independent samples know a rate with this variance; at 0 and 1, where there is none, the clusters."""
    if mean in (0.0, 1.0):
        return float(clusters)
    # Infinite for shares that are all alike, as 0.5 each.
    return mean * (1 - mean) / variance if variance > TINY else np.inf


def wilson(values: Floats, clusters: Ints) -> tuple[float, float] | tuple[None, None]:
    """Wilson's 95 % interval for the mean of 0 to 1 values (n,), with the effective number of samples.

    None where all samples belong to one cluster. Written out, because importing statsmodels takes longer than
    everything else that a report does.
    """
    if (clusters == clusters[0]).all():
        return None, None
    return wilson_bounds(float(values.mean()), effective_size(values, clusters))


def wilson_bounds(mean: float, size: float, critical: float = Z) -> tuple[float, float]:
    """Wilson's interval for a rate known as from `size` samples, `critical` standard errors to each side."""
    shrunk = 1 + critical**2 / size
    centre = (mean + critical**2 / (2 * size)) / shrunk
    half = critical * np.sqrt(mean * (1 - mean) / size + critical**2 / (4 * size**2)) / shrunk
    low = min(centre - half, _single_success_bound(mean * size) / size)
    high = max(centre + half, 1 - _single_success_bound((1 - mean) * size) / size)
    return max(0.0, float(low)), min(1.0, float(high))


def _single_success_bound(successes: float) -> float:
    """The least successes to expect of which one, or a part of one, was seen (Poisson, one-sided 95 %).

    With a single success Wilson's lower end is too high and covers 0.87 (Brown, Cai and DasGupta 2001, their
    modified interval); infinite, so that it never binds, for more or none.
    """
    return float(gammaincinv(successes, 0.05)) if 0 < successes <= 1 else np.inf


def near_edge(values: Floats, clusters: Ints) -> bool:
    """Whether these 0 to 1 values hold too few effective successes or failures for the bootstrap."""
    mean = values.mean()
    return bool(min(mean, 1 - mean) * effective_size(values, clusters) < FEW)


def differences(num: Floats, den: Floats, resampled: Floats, pairs: Ints, *, rates: Flags) -> Differences:
    """Paired differences of means between rows `pairs` (p, 2) of `num`, `den` (m, clusters), `resampled` (m, r).

    p is twice the smaller share of resampled differences on one side of zero, so it is below 0.05 exactly
    where the interval leaves zero out; mdd is what 80 % power at 5 % would find, 2.80 standard errors.
    `rates` (p,) says which pairs hold 0 to 1 values: only there the interval of few that differ applies, within -1 and 1.
    """
    a, b = pairs.T
    drawn = resampled[a] - resampled[b]
    diff = num[a].sum(1) / den[a].sum(1) - num[b].sum(1) / den[b].sum(1)
    low, high = percentile_interval(drawn)
    low_90, high_90 = percentile_interval(drawn, INNER)
    valid = (~np.isnan(drawn)).sum(1)
    below, above = (drawn <= TIE).sum(1), (drawn >= -TIE).sum(1)
    # One more on both sides of the fraction: no number of resamples shows that p is zero.
    p = np.minimum(1.0, 2 * (np.minimum(below, above) + 1) / (valid + 1))
    mdd = (Z + POWER_Z) * np.nanstd(drawn, axis=1)
    of_clusters = gaps(num, den, pairs, APART)
    few = rates & few_differ(of_clusters)
    if few.any():
        centre, error = few_discordant(of_clusters.of(few))
        low[few], high[few] = _within_one(centre, Z * error)
        low_90[few], high_90[few] = _within_one(centre, Z_INNER * error)
        p[few], mdd[few] = 2 * ndtr(-np.abs(centre) / error), (Z + POWER_Z) * error
    return Differences(diff, low, high, low_90, high_90, p, mdd)


def _within_one(centre: Floats, half: Floats) -> tuple[Floats, Floats]:
    return np.maximum(centre - half, -1.0), np.minimum(centre + half, 1.0)


def gaps(num: Floats, den: Floats, sides: Ints, weights: Floats) -> Gaps:
    """The weighted sums of the clusters' means over `sides` (p, k), rows of `num` and `den` (m, clusters); weights (k,)
    add to zero, as `APART`. Where all sides have alike many of each cluster, the mean of the gaps by their weight is the
    weighted sum of the sides' means.
    """
    means = np.divide(num, den, out=np.full_like(num, np.nan), where=den > 0)
    shares = den / den.sum(axis=1, keepdims=True)
    apart = np.zeros((len(sides), num.shape[1]))
    share = np.zeros_like(apart)
    for rows, weight in zip(sides.T, weights, strict=True):
        apart += weight * means[rows]
        share += shares[rows] / len(weights)
    return Gaps(apart, (~np.isnan(apart)).sum(axis=1, keepdims=True) * share)


def few_differ(gaps: Gaps) -> Flags:
    """Where (p,) fewer than `FEW_DISCORDANT` clusters are apart, or not as far apart as the middle one."""
    ordered, rows = np.sort(gaps.apart, axis=1), np.arange(len(gaps.apart))  # NaN last
    count = (~np.isnan(ordered)).sum(axis=1)
    # Both middle ones of an even number, so that turning the sides round changes nothing.
    usual = [0.0, *(ordered[rows, middle][:, None] for middle in ((count - 1) // 2, count // 2))]
    few: Flags = (
        np.min([(np.abs(gaps.apart - each) > TIE).sum(axis=1) for each in usual], axis=0) < FEW_DISCORDANT
    )
    return few


def few_discordant(gaps: Gaps, reach: float = 1.0) -> tuple[Floats, Floats]:
    """Centre and standard error (p,) of mean gaps that can be as large as `reach`.

    Bonett and Price: one more cluster at either end, then the normal interval.
    """
    size = (~np.isnan(gaps.apart)).sum(axis=1) + 2
    centre = np.nansum(gaps.weight * gaps.apart, axis=1) / size
    squares = np.nansum((gaps.weight * (gaps.apart - centre[:, None])) ** 2, axis=1)
    return centre, np.sqrt(squares + 2 * (reach**2 + centre**2)) / size


def left_out(values: Floats, clusters: Ints) -> Floats:
    """The sum of values (n,), then the sums without each cluster: (1 + clusters,).

    `clusters` (n,) are numbers from 0, each of them there.
    """
    sums = np.bincount(clusters, values).astype(np.float64)  # integers where there is nothing
    return np.concatenate([[sums.sum()], sums.sum() - sums])


def jackknife(estimates: Floats) -> Uncertain:
    """A smooth estimate with interval and p, from its value and its values without each cluster: (1 + clusters,).

    Student's t with the degrees of freedom that the spread of the left-out values shows (Satterthwaite), because a
    slope may rest on few of the clusters. None where the estimate or, without some cluster, any value is not known,
    and no interval from fewer than two clusters or without spread.
    """
    value, spread = float(estimates[0]), (estimates[1:] - estimates[0]) ** 2
    if not np.isfinite(value):
        return Uncertain(None, None, None, None)
    clusters, total = len(spread), spread.sum()
    if clusters < 2 or not np.isfinite(total) or total <= TINY:
        return Uncertain(value, None, None, None)
    freedom = 2 * total**2 / max((spread**2).sum() - total**2 / clusters, TINY * total**2)
    freedom = min(max(freedom, 1.0), clusters - 1.0)
    error = float(np.sqrt((clusters - 1) / clusters * total))
    half = float(stdtrit(freedom, 0.975)) * error
    p = float(2 * stdtr(freedom, -abs(value) / error))
    return Uncertain(value, value - half, value + half, p)
