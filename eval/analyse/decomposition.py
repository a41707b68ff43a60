"""An arm's change against its base in parts: what its controls change as well, and what goes with how it answers.

A control (`sft_direct`, `sft_self`, …) is trained as long on data without the teacher's reasoning, so what it loses
is no price of reasoning: `control:<name>` is its change, `remains:<name>` what the arm changes beyond it. Format,
answer length, reasoning length and unfinished samples are shares by regression: association, unless a mode changed
them; of kind `intervention`, `format` is the arm with its reasoning against the same weights without it, given
where the arm mostly reasons: elsewhere it would only say what an empty thought in front does.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from ..score.measure import Cell, Entry, RowSet
from ..stats.oaxaca import Outcomes, attribute
from .results import select
from .roles import Roles
from .run_folder import Cells

METRICS = ("hacc", "sacc", "correct")
MOSTLY = 0.5


def parts(row_set: RowSet, cells: Cells, contrasts: Sequence[Entry], roles: Roles) -> Iterator[Entry]:
    """`{arm, against, mode, metric, part, kind, value, low, high, n}` of one set.

    `contrasts` are those of the set, `roles` says what each arm's change is counted from and what its controls are.
    """
    whole = [one for one in contrasts if one["group"] is None]
    for (arm, mode), own in cells.items():
        against = roles.reference(arm) or ""
        other = cells.get((against, mode), ())
        for metric in METRICS:
            if _known(own, metric) and _known(other, metric):
                place = {"arm": arm, "against": against, "mode": mode, "metric": metric}
                total = select(whole, **place, against_mode=mode)
                yield from (place | {"part": "total"} | _of(gap) for gap in total)
                found = attribute(_outcomes(row_set, own, metric), _outcomes(row_set, other, metric))
                yield from (place | one._asdict() for one in found)
                yield from (place | one for one in _controls(whole, roles, **place))
                if np.concatenate([cell.reasoned for cell in own]).mean() > MOSTLY:
                    yield from (place | one for one in _without_reasoning(whole, arm, mode, metric))


def _known(cells: Sequence[Cell], metric: str) -> bool:
    return any(not np.isnan(cell.numbers[metric]).all() for cell in cells)


def _outcomes(row_set: RowSet, cells: Sequence[Cell], metric: str) -> Outcomes:
    verdict, answer, reasoning = (
        np.concatenate([cell.numbers[name] for cell in cells])
        for name in (metric, "answer_tokens", "reasoning_tokens")
    )
    reasoned = np.concatenate([cell.reasoned for cell in cells])
    finished = np.concatenate([cell.finished for cell in cells])
    row = np.concatenate([cell.row for cell in cells])
    return Outcomes(verdict, answer, reasoning, reasoned, finished, row, row_set.cluster[row])


def _controls(
    whole: list[Entry], roles: Roles, *, arm: str, against: str, mode: str, metric: str
) -> Iterator[Entry]:
    where = {"mode": mode, "against_mode": mode, "metric": metric}
    for control in roles.controls(arm):
        for name, (one, other) in {"control": (control, against), "remains": (arm, control)}.items():
            for gap in select(whole, **where, arm=one, against=other):
                yield {"part": f"{name}:{control}"} | _of(gap)


def _without_reasoning(whole: list[Entry], arm: str, mode: str, metric: str) -> Iterator[Entry]:
    where = {"arm": arm, "against": arm, "mode": "direct", "against_mode": mode, "metric": metric}
    for gap in select(whole, **where):
        turned = {"diff": -gap["diff"], "low": None, "high": None, "n": gap["n"]}
        if gap["low"] is not None:
            turned |= {"low": -gap["high"], "high": -gap["low"]}
        yield {"part": "format"} | _of(turned) | {"kind": "intervention"}


def _of(gap: Entry) -> Entry:
    return {"kind": "contrast", "value": gap["diff"], "low": gap["low"], "high": gap["high"], "n": gap["n"]}
