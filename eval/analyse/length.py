"""Reasoning length against verdict for the arms of a study: `length.associations` where a model chooses its own
length, `length.intervention` where a mode sets it."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..score.measure import Cell, Entry, RowSet
from ..stats.length_slopes import Samples, Side, associations, intervention
from .run_folder import Cells

METRICS = ("hacc", "sacc", "correct")
OWN = "think"  # the mode in which a model reasons as long as it wants
SETTING = ("budget", "wait", "pad")  # the modes that change the length and nothing else


def lengths(row_set: RowSet, cells: Cells) -> Iterator[Entry]:
    """`{arm, mode, against_mode, metric, method, controls, unit, value, low, high, p, n, clusters}` of a set.

    Associations rest on finished samples that reasoned, interventions on all samples of both modes, and once more on
    the finished ones only. Left out: a metric that no sample has, and arms that never reason in mode `think`.
    """
    for (arm, mode), own in cells.items():
        thought = cells.get((arm, OWN), [])
        for metric in METRICS if any(reasoning(cell).any() for cell in thought) else ():
            place = {"arm": arm, "mode": mode, "against_mode": None, "metric": metric}
            if not (_known(own, metric) and _known(thought, metric)):
                continue
            if mode == OWN:
                yield from (place | one._asdict() for one in associations(_samples(row_set, own, metric)))
            elif mode.startswith(SETTING):
                place |= {"against_mode": OWN}
                whole = (_side(row_set, one, metric) for one in (own, thought))
                yield place | intervention(*whole)._asdict()
                ended = (_side(row_set, one, metric, finished=True) for one in (own, thought))
                yield place | intervention(*ended, method="intervention_finished")._asdict()


def reasoning(cell: Cell) -> np.ndarray:
    """Which samples (n,) have a length that their verdict can go with: finished, and reasoned."""
    return cell.finished & cell.reasoned


def _known(cells: Sequence[Cell], metric: str) -> bool:
    return any(not np.isnan(cell.numbers[metric]).all() for cell in cells)


def _samples(row_set: RowSet, cells: Sequence[Cell], metric: str) -> Samples:
    """The finished samples that reasoned; each row and seed has a number of its own."""
    parts = [reasoning(cell) for cell in cells]
    row = _of([cell.row for cell in cells], parts)
    return Samples(
        _of([cell.numbers["reasoning_tokens"] for cell in cells], parts),
        _of([cell.numbers[metric] for cell in cells], parts),
        _of([cell.row + seed * len(row_set.rows) for seed, cell in enumerate(cells)], parts),
        row_set.source[row],
        row_set.cluster[row],
    )


def _of(values: Sequence[np.ndarray], chosen: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([one[own] for one, own in zip(values, chosen, strict=True)])


def _side(row_set: RowSet, cells: Sequence[Cell], metric: str, *, finished: bool = False) -> Side:
    parts = [cell.finished if finished else np.full(len(cell.row), True) for cell in cells]
    row = _of([cell.row for cell in cells], parts)
    return Side(
        _of([cell.numbers["reasoning_tokens"] for cell in cells], parts),
        _of([cell.numbers[metric] for cell in cells], parts),
        row,
        row_set.cluster[row],
    )
