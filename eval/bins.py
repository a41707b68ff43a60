"""Reasoning length against verdict: equal-count bins of one arm's samples, edges in tokens.

Samples that do not reason are the bin from 0 to 0 tokens when they fill one. Cut samples and unclosed thoughts
have no answer to judge: strata of their own, with n and no value. Within an arm length goes with difficulty:
what a bin shows is association.
"""

import numpy as np

from . import stats
from .measure import Cell, RowSet
from .results import Entry
from .stats import Floats, Ints

METRICS = ("hacc", "sacc", "correct")
EMPTY: Entry = {"from": None, "to": None, "value": None, "low": None, "high": None, "n": 0}
FEWEST = 30  # samples in a bin; smaller ones are merged with a neighbour


def bin_edges(lengths: Ints, bins: int, *, fewest: int = FEWEST) -> list[tuple[int, int]]:
    """Up to `bins` inclusive ranges of tokens holding about equally many of `lengths` (n,), at least `fewest`.

    Equal lengths share a bin, so ties, like few samples, make fewer bins.
    """
    ordered = np.sort(lengths)
    wanted = min(bins, len(ordered) // fewest)
    if wanted < 1:
        return [(int(ordered[0]), int(ordered[-1]))] if len(ordered) else []
    tops = np.unique(ordered[[round(len(ordered) * i / wanted) - 1 for i in range(1, wanted + 1)]])
    kept: list[int] = []
    counted = 0
    for top in tops:
        upto = int(np.searchsorted(ordered, top, side="right"))
        if upto - counted >= fewest:
            kept.append(int(top))
            counted = upto
    kept[-1] = int(ordered[-1])
    starts = [int(ordered[0]), *(top + 1 for top in kept[:-1])]
    return list(zip(starts, kept, strict=True))


def length_bins(row_set: RowSet, cells: list[Cell], bins: int) -> list[Entry]:
    """The bins of one arm (its seeds' cells together): `{kind, from, to, metric, value, low, high, n}`.

    Kinds: `equal_count`; `unclosed` and `cut`, only where there are any.
    """
    tokens = np.concatenate([cell.numbers["reasoning_tokens"] for cell in cells])
    state = np.concatenate([cell.state for cell in cells])
    cut = np.concatenate([cell.numbers["cut"] for cell in cells]) == 1
    clusters = np.concatenate([row_set.cluster[cell.row] for cell in cells])
    unclosed = ~cut & (state == "unclosed")
    without = ~cut & (state == "none")
    if without.sum() < FEWEST:
        without[:] = False
    binned = ~(cut | unclosed | without) & ~np.isnan(tokens)
    strata = [
        (low, high, binned & (tokens >= low) & (tokens <= high))
        for low, high in bin_edges(tokens[binned].astype(np.intp), bins)
    ]
    if without.any():
        strata.insert(0, (0, 0, without))
    entries = []
    for metric in METRICS:
        values = np.concatenate([cell.numbers[metric] for cell in cells])
        if np.isnan(values).all():
            continue
        for low, high, chosen in strata:
            known = chosen & ~np.isnan(values)
            entries.append(_bin(values[known], clusters[known]) | {"metric": metric, "from": low, "to": high})
        entries += [
            EMPTY | {"metric": metric, "kind": kind, "n": int(chosen.sum())}
            for kind, chosen in (("unclosed", unclosed), ("cut", cut))
            if chosen.any()
        ]
    return entries


def _bin(values: Floats, clusters: Ints) -> Entry:
    """NaN-free values of one bin; without any (every grading timed out) the bin keeps its place, empty."""
    if not len(values):
        return EMPTY | {"kind": "equal_count"}
    low, high = stats.wilson(values, clusters)
    return {"kind": "equal_count", "value": float(values.mean()), "low": low, "high": high, "n": len(values)}
