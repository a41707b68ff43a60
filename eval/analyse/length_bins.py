"""Reasoning length against verdict: bins of one arm's samples, edges in tokens, pooled and within each source.

Equal-count bins follow the arm, fixed edges are the same for every arm. Samples that do not reason are the bin from
0 to 0 tokens. Cut samples and unclosed thoughts have no answer to judge: strata of their own, with n and no value.
Within an arm length goes with difficulty: what a bin shows is association.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..score.measure import Cell, Entry, RowSet
from ..stats import intervals
from ..stats.intervals import Floats, Ints

Bools = NDArray[np.bool_]

METRICS = ("hacc", "sacc", "correct")
EMPTY: Entry = {
    **dict.fromkeys(("source", "from", "to", "value", "low", "high")),
    "merged": 1,
    "n": 0,
}
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
    found: list[Bin] = []
    counted = merged = 0
    for top, times in zip(tops.tolist(), asked.tolist(), strict=True):
        merged += times
        upto = int(np.searchsorted(ordered, top, side="right"))
        if upto - counted >= FEWEST:
            found.append(Bin(found[-1].high + 1 if found else start, top, merged))
            counted, merged = upto, 0
    if merged:
        joined = found.pop() if found else Bin(start, start, 0)
        found.append(Bin(joined.low, int(tops[-1]), joined.merged + merged))
    return found


def length_bins(row_set: RowSet, cells: list[Cell], bins: int, edges: Sequence[int] = EDGES) -> list[Entry]:
    """One arm's bins (its seeds' cells together): `{kind, source, merged, from, to, metric, value, low, high, n}`.

    Kinds: `equal_count` and `fixed`; `unclosed` and `cut`, only where there are any. `source` is None for all
    samples together, and the name of each source where there are several.
    """
    tokens = np.concatenate([cell.numbers["reasoning_tokens"] for cell in cells])
    state = np.concatenate([cell.state for cell in cells])
    cut = np.concatenate([cell.numbers["cut"] for cell in cells]) == 1
    row = np.concatenate([cell.row for cell in cells])
    tokens[~cut & (state == "none")] = 0
    unclosed = ~cut & (state == "unclosed")
    judged = ~(cut | unclosed | np.isnan(tokens))
    source = np.array([each.source for each in row_set.rows])[row]
    strata = list(_strata(tokens, judged, None, bins, edges))
    strata += [({"kind": kind}, of) for kind, of in (("unclosed", unclosed), ("cut", cut)) if of.any()]
    names = np.unique(source)
    for name in names if len(names) > 1 else ():
        strata += _strata(tokens, judged & (source == name), str(name), bins, edges)
    values = {metric: np.concatenate([cell.numbers[metric] for cell in cells]) for metric in METRICS}
    return [
        EMPTY | {"metric": metric} | head | _judge(head, of, own, row_set.cluster[row])
        for metric, own in values.items()
        if not np.isnan(own).all()
        for head, of in strata
    ]


def _strata(
    tokens: Floats, chosen: Bools, source: str | None, bins: int, edges: Sequence[int]
) -> Iterator[tuple[Entry, Bools]]:
    """Both kinds of bins of the chosen samples: what says where a bin is, and which samples (n,) are in it."""
    thought = tokens[chosen & (tokens > 0)].astype(np.intp)
    silent = [Bin(0, 0, 1)] if (tokens[chosen] == 0).any() else []
    for kind, found in (
        ("equal_count", equal_count_bins(thought, bins)),
        ("fixed", fixed_bins(thought, edges)),
    ):
        for low, high, merged in silent + found:
            head = {"kind": kind, "source": source, "from": low, "to": high, "merged": merged}
            yield head, chosen & (tokens >= low) & (tokens <= high)


def _judge(head: Entry, of: Bools, values: Floats, clusters: Ints) -> Entry:
    """n, and the mean with its interval where answers are judged and those without reasoning are not too few."""
    known = of & ~np.isnan(values)
    n = int(known.sum())
    if head["kind"] in ("unclosed", "cut"):
        return {"n": int(of.sum())}
    if not n or (head["to"] == 0 and n < FEWEST):
        return {"n": n}
    low, high = intervals.wilson(values[known], clusters[known])
    return {"value": float(values[known].mean()), "low": low, "high": high, "n": n}
