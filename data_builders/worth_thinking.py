"""A set that teaches to tell from the instruction alone whether thinking helps: the classifier of "When Thinking Fails".

Its labels come of samples (arXiv 2505.11423, section 4): the same rows answered with a thought and without one. The paper
takes one sample of each and does not say what a tie is.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Literal

from ..eval.io.errors import InputError
from ..eval.io.fields import FLAG, TEXT, may, need
from ..eval.io.jsonl import iter_jsonl
from ..eval.verify.decision import ASKS, DECISION, FEWEST_ROWS, NO, YES
from ..eval.verify.rows import Row, read_rows
from .draw import Built, Tally

Ties = Literal["direct", "leave_out"]


def worth_thinking(
    rows: int, seed: int, *, source_rows: Path, scores: Path, direct_scores: Path, ties: Ties = "direct"
) -> Built:
    """The first `rows` rows of the source that can be labelled, each asking for the decision as mode `decide` does.

    `scores` are those of the rows answered with a thought, `direct_scores` without. The response is YES where the mean HAcc
    over samples is higher with it, else NO; a tie is no reason to think, or (`leave_out`) no row. Rows without constraints
    cannot be labelled. `seed` is unused here: sampling had it. The card counts labels, ties and what was left out. Raises
    InputError where too few rows can be labelled, and on labels all alike.
    """
    tally = Tally()
    return Built(_labelled(rows, source_rows, (scores, direct_scores), ties, tally), tally)


def _labelled(rows: int, source: Path, scores: tuple[Path, Path], ties: Ties, tally: Tally) -> Iterator[Row]:
    with_thought, directly = map(_mean_hacc, scores)
    labelled: list[Row] = []
    for row in read_rows(source):
        tally.read[row.source] += 1
        if row.name not in with_thought or row.name not in directly:
            tally.dropped["without constraints, or not answered both ways"] += 1
            continue
        gain = with_thought[row.name] - directly[row.name]
        if not gain and ties == "leave_out":
            tally.dropped["a tie"] += 1
        elif len(labelled) < rows:
            label = YES if gain > 0 else NO
            labelled.append(row.adding(response=label, **{ASKS: DECISION}))
            tally.labels[label if gain else f"{label}, a tie"] += 1
    _refuse(len(labelled), tally.labels[YES], rows, scores[0])
    yield from labelled


def _mean_hacc(scores: Path) -> dict[str, float]:
    """By row the share of its samples that keep all constraints; rows without constraints are left out."""
    held: dict[str, list[bool]] = {}
    for number, line in iter_jsonl(scores):
        where = f"{scores}:{number}"
        if (hacc := may(line, "hacc", FLAG, where)) is not None:
            held.setdefault(need(line, "row", TEXT, where), []).append(hacc)
    return {row: fmean(of_row) for row, of_row in held.items()}


def _refuse(count: int, yes: int, wanted: int, scores: Path) -> None:
    """Raise InputError where a classifier would be fitted to noise, or to nothing."""
    if count < max(wanted, FEWEST_ROWS):
        what = f"{count} rows can be labelled, {wanted} wanted and {FEWEST_ROWS} the fewest to learn from"
        raise InputError(scores, what, "answer more rows, ask for fewer, or count ties (ties: direct)")
    if yes in (0, count):
        what = f"all {count} labels are {YES if yes else NO}: there is nothing to tell apart"
        raise InputError(scores, what, "more samples a row, other rows, or another mode than this one")
