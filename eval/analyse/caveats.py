"""What a reader has to know before the figures: what is missing from them, why, and what they do not say."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..score.measure import Cell, RowSet
from ..stats.bins import FEWEST
from .length import OWN, reasoning
from .length_bins import LengthBin
from .run_folder import Cells
from .set_data import SetData

MORE = (
    0.1  # as much more of the samples without an answer, and a mode has done something else than set a length
)
HARDLY = 0.05  # a share below which an arm does not reason, or has no lack of ends


def caveats(data: SetData, bins: Sequence[LengthBin]) -> list[str]:
    """One line for each gap in what is said of a set; `bins` are the set's."""
    row_set, samples = data.row_set, data.samples
    gaps = (
        *_of_rows(row_set),
        *_of_samples(row_set, samples),
        *_of_modes(samples),
        *_of_bins(bins, data.bins),
    )
    return [f"{data.name}: {gap}" for gap in gaps]


def _of_rows(row_set: RowSet) -> Iterator[str]:
    if row_set.clusters < 2:
        yield "all rows belong to one problem, so there are no intervals and no p values"
    if not any(row_set.types):
        yield "no row has constraints, so there is no HAcc, SAcc or verdict"
    if not any(row.answer for row in row_set.rows):
        yield "no row has an answer, so nothing is graded right or wrong"


def _of_samples(row_set: RowSet, cells: Cells) -> Iterator[str]:
    if single := [key for key, own in cells.items() if len(own[0].row) == len(row_set.rows)]:
        yield f"one sample a row from {_listed(single)}, so nothing is compared within a prompt"
    if lost := [key for key, own in cells.items() if not any(cell.finished.any() for cell in own)]:
        yield f"all samples of {_listed(lost)} are cut or unclosed, so none is in a bin"
    if unended := [key for key, own in cells.items() if _unanswered(own) > HARDLY]:
        yield (
            f"over {HARDLY:.0%} of the samples of {_listed(unended)} are cut or unclosed; they miss constraints and answer "
            "together, which is part of their joint excess"
        )
    for key, own in cells.items():
        if late := sum(int(cell.late.sum()) for cell in own):
            yield f"{late} answers of {_listed([key])} could not be graded in time and count as not right"


def _of_modes(cells: Cells) -> Iterator[str]:
    arms, modes = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    if absent := [(arm, mode) for arm in arms for mode in modes if (arm, mode) not in cells]:
        yield f"not asked in every mode: {_listed(absent)}"
    own = {arm: cells[arm, OWN] for arm in arms if (arm, OWN) in cells}
    if silent := [
        (arm, OWN) for arm, found in own.items() if not any(reasoning(cell).any() for cell in found)
    ]:
        yield f"no finished sample of {_listed(silent)} reasons, so there is no length for verdicts to go with"
    hardly = [arm for arm, found in own.items() if _mean(cell.reasoned for cell in found) < HARDLY]
    if hardly and "direct" in modes:
        yield (
            f"{', '.join(hardly)} hardly reason in {OWN}: what direct changes there is what the empty thought does "
            "that it puts in front, not what reasoning does"
        )
    for mode in modes:
        shares = {arm: (_unanswered(cells.get((arm, mode), [])), _unanswered(own[arm])) for arm in own}
        if more := [f"{arm} {a:.0%} ({b:.0%})" for arm, (a, b) in shares.items() if a > b + MORE]:
            yield (
                f"{mode} leaves more samples cut or unclosed than {OWN} does, and they fail, whatever the length of "
                f"the rest: {', '.join(more)}; hacc_finished is without them"
            )


def _of_bins(bins: Sequence[LengthBin], wanted: int) -> Iterator[str]:
    pooled = (one for one in bins if one.kind == "equal_count" and one.source is None)
    if merged := dict.fromkeys((one.arm, one.mode) for one in pooled if one.merged > 1):
        yield f"fewer than {wanted} bins, so that each holds {FEWEST} samples, for {_listed(merged)}"


def _unanswered(cells: Sequence[Cell]) -> float:
    return 1 - _mean(cell.finished for cell in cells) if cells else 0.0


def _mean(parts: Iterable[NDArray[Any]]) -> float:
    return float(np.concatenate(list(parts)).mean())


def _listed(keys: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{arm} ({mode})" for arm, mode in keys)
