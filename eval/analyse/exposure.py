"""Every type of constraint under an arm: how often the arm's stages trained it, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from ..score.measure import Entry
from ..verify import JUDGED
from ..verify.decision import DIRECT, THINKING
from .analysis import Analysis, EntryLists
from .effects import crossings
from .fields import High, Low, Mode, Samples, SetName
from .formats import rate, starred
from .results import ReportData, Rows
from .set_data import SetData

SPREAD = 3  # times as often as the rarest type: where the most frequent is not, frequency can explain nothing
KEPT, CHANGE, THOUGHT = "kept", "change", "thinking"
Arms = Annotated[str, "the arms taken together: the factors that cross them and their trainers, or one arm"]
Outcome = Annotated[
    str,
    "of the type’s verdicts: `kept`, the share that hold; `change`, that less the share of what the arm comes of; "
    "`thinking`, the share asked to think less the share asked directly",
]
AgainstMode = Annotated[str | None, "of `thinking`: the mode without a thought; else null"]


@dataclass(frozen=True)
class Exposure:
    """A type of constraint under an arm: how often its stages trained it, and what became of it; seeds together."""

    set: SetName
    arms: Arms
    arm: Annotated[str, "the arm"]
    against: Annotated[str | None, "of `change`: what the arm comes of; else null"]
    mode: Mode
    against_mode: AgainstMode
    outcome: Outcome
    type: Annotated[str, "the type of constraint"]
    scope: Annotated[str, "`local` or `global`"]
    trained: Annotated[
        int, "training rows of the arm's own stages that ask for it, whatever the passes over them"
    ]
    value: Annotated[float, "the outcome"]
    low: Low
    high: High
    n: Samples


class Group(NamedTuple):
    """Arms that are fitted together, and the training rows of each by type."""

    name: str
    trained: dict[str, Counter[str]]


def exposures(data: SetData, lists: EntryLists) -> Iterator[Exposure]:
    """Every type under the arms whose own training shows types at unlike rates."""
    figures, contrasts = (
        [entry for entry in lists[name] if entry.metric == "verdict" and _is_type(entry.group)]
        for name in ("figures", "contrasts")
    )
    for group in _groups(data) if figures else ():
        for arm, trained in group.trained.items():
            for place, measured in _outcomes(data, arm, figures, contrasts):
                kind = measured.pop("type")
                named = {"type": kind, "scope": JUDGED[kind].scope, "trained": trained[kind]}
                yield Exposure(set=data.name, arms=group.name, arm=arm, **place, **named, **measured)


def _is_type(group: Any) -> bool:
    return group is not None and group.by == "type"


def _groups(data: SetData) -> Iterator[Group]:
    """Arms that the same factors cross, then each of the others; without those that train all types alike."""
    together = {crossing.name: crossing.arms for crossing in crossings(data)}
    crossed = {arm for arms in together.values() for arm in arms}
    together |= {arm: (arm,) for arm in data.arms if arm not in crossed}
    stages = {arm.name: arm.stages for arm in data.run.arms}
    types = sorted({kind for of_row in data.row_set.types for kind in of_row})
    for name, arms in together.items():
        counted = {arm: data.run.trained_types.of(stages[arm]) for arm in arms}
        known = {arm: count for arm, count in counted.items() if count is not None and _spread(count, types)}
        if known:
            yield Group(name, known)


def _spread(trained: Counter[str], types: Sequence[str]) -> bool:
    rows = [trained[kind] + 1 for kind in types]
    return bool(rows) and max(rows) >= SPREAD * min(rows)


def _outcomes(
    data: SetData, arm: str, figures: Sequence[Any], contrasts: Sequence[Any]
) -> Iterator[tuple[Entry, Entry]]:
    """(where it is of, what was measured) for each outcome and type of an arm, its seeds together."""
    several = len(data.seeds(arm)) > 1
    for each in figures:
        if each.arm == arm and (each.checkpoint is None) == several:
            yield _place(KEPT, each.mode), _measured(each, each.value)
    reference = data.roles.reference(arm)
    for each in contrasts:
        if each.arm != arm:
            continue
        modes = each.mode, each.against_mode
        if each.against == reference and each.mode == each.against_mode and arm != reference:
            yield _place(CHANGE, each.mode, against=reference), _measured(each, each.diff)
        elif each.against == arm and DIRECT in modes:
            (other,) = [mode for mode in modes if mode != DIRECT]
            if other in THINKING:
                sign = 1 if each.mode == other else -1
                yield _place(THOUGHT, other, against_mode=DIRECT), _measured(each, each.diff, sign)


def _place(outcome: str, mode: str, against: str | None = None, against_mode: str | None = None) -> Entry:
    return {"outcome": outcome, "mode": mode, "against": against, "against_mode": against_mode}


def _measured(entry: Any, value: float, sign: int = 1) -> Entry:
    ends = [None if end is None else sign * end for end in (entry.low, entry.high)][::sign]
    return {"type": entry.group.value, "value": sign * value, "low": ends[0], "high": ends[1], "n": entry.n}


def exposure_table(data: ReportData) -> Rows:
    """One line a type under an arm."""
    table = [["arm", "mode", "of the verdicts", "type", "scope", "rows trained", "figure", "verdicts"]]
    for entry in data.on_set("exposure"):
        words = [entry["arm"], modes_of(entry), entry["outcome"], entry["type"], entry["scope"]]
        shown = rate(entry) if entry["outcome"] == KEPT else starred(entry)
        table.append([*words, str(entry["trained"]), shown, str(entry["n"])])
    return table


def modes_of(entry: Entry) -> str:
    """The mode, or the two that are compared."""
    return f"{entry['mode']} − {entry['against_mode']}" if entry["against_mode"] else str(entry["mode"])


ANALYSIS = Analysis(name="exposure", entry=Exposure, compute=exposures)
