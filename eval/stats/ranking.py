"""AUC: how often a positive case has the higher number, with its interval over clusters."""

import numpy as np

from .intervals import Flags, Floats, Ints, percentile_interval

RESAMPLES = 1000  # each ranks all cases again
Auc = tuple[float | None, float | None, float | None]  # value and 95 % interval; None where nothing tells
UNKNOWN: Auc = (None, None, None)


def cluster_draws(cluster: Ints) -> Ints:
    """How often each case (n,) counts in each resample of its clusters: (n, resamples)."""
    names, which = np.unique(cluster, return_inverse=True)
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    return np.asarray(counts.T[which], dtype=np.intp)


def auc(numbers: Floats, positive: Flags, cluster: Ints, draws: Ints, groups: Ints | None = None) -> Auc:
    """The share of pairs of a positive and another case (n,) that the positive leads, ties half; over all pairs, or those
    within a group. Cases whose number is NaN are left out. `draws` are `cluster_draws(cluster)`."""
    known = ~np.isnan(numbers)
    weights = np.column_stack([np.ones(len(numbers), dtype=np.intp), draws]).astype(float)
    right, pairs = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    for group in [None] if groups is None else np.unique(groups):
        chosen = known if groups is None else known & (groups == group)
        of_group = _pairs(numbers[chosen], positive[chosen], weights[chosen])
        right, pairs = right + of_group[0], pairs + of_group[1]
    if not pairs[0]:
        return UNKNOWN
    shares = np.divide(right, pairs, out=np.full_like(right, np.nan), where=pairs > 0)
    if len(np.unique(cluster[known])) < 2:
        return float(shares[0]), None, None
    low, high = percentile_interval(shares[None, 1:])
    return float(shares[0]), float(low[0]), float(high[0])


def _pairs(numbers: Floats, positive: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Of the weighted pairs, how many the positive one leads, and how many there are; by resample."""
    _, rank = np.unique(numbers, return_inverse=True)
    levels = int(rank.max()) + 1 if len(rank) else 0
    sums = np.zeros((2, levels, weights.shape[1]))
    for is_positive in (0, 1):
        chosen = positive == bool(is_positive)
        np.add.at(sums[is_positive], rank[chosen], weights[chosen])
    below = np.cumsum(sums[0], axis=0) - sums[0] / 2
    return (sums[1] * below).sum(0), sums[1].sum(0) * sums[0].sum(0)
