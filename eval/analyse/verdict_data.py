"""Every verdict of an arm in a mode as arrays, and sums over them by training seed and problem."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..score.estimates import seed_numbers
from ..score.measure import ScoredSamples
from ..stats.intervals import Floats, Ints
from .set_data import SetData


@dataclass(frozen=True)
class Verdicts:
    """Every verdict (n,) of an arm in a mode, with its type, its row, the other constraints of that, and its cell.

    A cell is a seed and a problem: (seed number) × clusters + (cluster).
    """

    holds: Floats
    kind: Ints
    row: Ints
    others: Floats
    cell: Ints


def verdicts_of(data: SetData, samples: Sequence[ScoredSamples]) -> Verdicts:
    """Those of the samples of all seeds."""
    names = sorted({kind for of_row in data.row_set.types for kind in of_row})
    number = {name: place for place, name in enumerate(names)}
    row = np.concatenate([scored.row for scored in samples])
    counts = np.array([len(data.row_set.types[each]) for each in row])
    seeds = seed_numbers([len(scored.row) for scored in samples])
    cell = data.row_set.cluster[row] + (0 if seeds is None else seeds * data.row_set.clusters)
    return Verdicts(
        np.array([float(held) for scored in samples for of in scored.verdicts for held in of]),
        np.array([number[kind] for each in row for kind in data.row_set.types[each]], dtype=np.intp),
        np.repeat(row, counts),
        np.repeat(counts - 1.0, counts),
        np.repeat(cell, counts),
    )


def summed(cell: Ints, added: Floats, shape: tuple[int, int]) -> Floats:
    """What each cluster adds under each seed, from what each verdict or sample (n,) adds in all: (seeds, clusters) = shape.

    As `crossed` takes it: rows are averaged.
    """
    return np.asarray(np.bincount(cell, added, shape[0] * shape[1]).reshape(shape) * shape[0])
