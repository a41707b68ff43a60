"""The verdicts of an arm's finished samples as arrays, and sums over them by training seed and problem.

A sample that is cut, or whose thought never closes, breaks all of its constraints at once, whatever they are. Among the
others it would look as if constraints, or steps, had something to do with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..score.estimates import seed_numbers
from ..score.measure import ScoredSamples
from ..stats.intervals import Floats, Ints
from .set_data import SetData

FEWEST = 10  # problems with a verdict of a kind, below which how problems differ is not known


@dataclass(frozen=True)
class Verdicts:
    """The verdicts (n,) of finished samples, each with its type, its row, the other constraints of that, and its cell.

    A cell is a seed and a problem: (seed number) × clusters + (cluster).
    """

    holds: Floats
    kind: Ints
    row: Ints
    others: Floats
    cell: Ints


def verdicts_of(data: SetData, samples: Sequence[ScoredSamples]) -> Verdicts | None:
    """Those of all seeds; None where a seed has none."""
    of_seeds = [_finished(scored) for scored in samples]
    if not all(of_seeds):
        return None
    types = data.row_set.types
    number = {name: place for place, name in enumerate(sorted({kind for of_row in types for kind in of_row}))}
    row = np.array([each for of_seed in of_seeds for each, _ in of_seed], dtype=np.intp)
    counts = np.array([len(types[each]) for each in row])
    seeds = seed_numbers([len(of_seed) for of_seed in of_seeds])
    cell = data.row_set.cluster[row] + (0 if seeds is None else seeds * data.row_set.clusters)
    return Verdicts(
        np.array([float(held) for of_seed in of_seeds for _, verdicts in of_seed for held in verdicts]),
        np.array([number[kind] for each in row for kind in types[each]], dtype=np.intp),
        np.repeat(row, counts),
        np.repeat(counts - 1.0, counts),
        np.repeat(cell, counts),
    )


def _finished(scored: ScoredSamples) -> list[tuple[int, list[bool]]]:
    """Row and verdicts of each finished sample that has any."""
    each = zip(scored.row.tolist(), scored.verdicts, scored.finished, strict=True)
    return [(row, verdicts) for row, verdicts, finished in each if finished and verdicts]


def both_known(holds: Floats, cluster: Ints) -> bool:
    """Whether enough problems have a verdict that holds, and enough one that does not, from verdicts (n,) and their
    problems: of one kind alone, or next to none of the other, there is no spread to make an interval of."""
    return min(len(np.unique(cluster[holds == kind])) for kind in (0, 1)) >= FEWEST


def summed(cell: Ints, added: Floats, shape: tuple[int, int]) -> Floats:
    """What each cluster adds under each seed, from what each verdict or sample (n,) adds in all: (seeds, clusters) = shape.

    As `crossed` takes it: rows are averaged.
    """
    return np.asarray(np.bincount(cell, added, shape[0] * shape[1]).reshape(shape) * shape[0])
