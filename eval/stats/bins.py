"""Bins of lengths that hold enough samples each: with about equal counts, or with fixed edges."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .intervals import Ints

FEWEST = 30  # samples in a bin; smaller ones are merged with a neighbour
EDGES = tuple(2**power for power in range(3, 18))  # tokens at which fixed bins start, the first one at 1


class Bin(NamedTuple):
    """From `low` to `high` tokens, both within; `merged` counts the bins asked for that went into it."""

    low: int
    high: int
    merged: int


def equal_count_bins(lengths: Ints, bins: int) -> list[Bin]:
    """At most `bins` bins with about equally many of `lengths` (n,) each; equal lengths share one."""
    ordered = np.sort(lengths)
    if not len(ordered):
        return []
    tops = ordered[[max(0, round(len(ordered) * i / bins) - 1) for i in range(1, bins + 1)]]
    return _merge(ordered, int(ordered[0]), *np.unique(tops, return_counts=True))


def fixed_bins(lengths: Ints, edges: Sequence[int] = EDGES) -> list[Bin]:
    """The bins that start at 1 and at each of `edges`, from the one of the shortest to that of the longest."""
    ordered = np.sort(lengths)
    if not len(ordered):
        return []
    starts = np.array([1, *edges])
    tops = np.append(starts[1:] - 1, max(starts[-1], ordered[-1]))
    first, last = np.searchsorted(starts, ordered[[0, -1]], side="right") - 1
    reached = slice(first, last + 1)
    return _merge(ordered, int(starts[first]), tops[reached], np.ones_like(tops[reached]))


def _merge(ordered: Ints, start: int, tops: Ints, asked: Ints) -> list[Bin]:
    """Bins that end at `tops`, joined from left to right until each holds `FEWEST`; what is left joins the last."""
    bins: list[Bin] = []
    counted = merged = 0
    for top, times in zip(tops.tolist(), asked.tolist(), strict=True):
        merged += times
        upto = int(np.searchsorted(ordered, top, side="right"))
        if upto - counted >= FEWEST:
            bins.append(Bin(bins[-1].high + 1 if bins else start, top, merged))
            counted, merged = upto, 0
    if merged:
        joined = bins.pop() if bins else Bin(start, start, 0)
        bins.append(Bin(joined.low, int(tops[-1]), joined.merged + merged))
    return bins
