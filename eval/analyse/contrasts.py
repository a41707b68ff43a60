"""Differences on the same rows: between arms, and between modes of one arm; means, and prompts that flip.

Families, inside which p is corrected (Holm): all comparisons of one kind on one set and metric. The kinds: in one
mode, `arms against base`, `arms against controls`, `mixed against unmixed`, and pairs that the recipe names; for one
arm, its `modes against` the first. Each way to group (by type, by source, …) is a family of its own, all arms and
groups in it; so are the flips.
"""

from collections.abc import Sequence

import numpy as np

from ..score.measure import Cell, Entry, RowSet, Sums, group_entry
from ..stats.intervals import Floats, Ints
from ..stats.paired import flips, holm
from .figures import CONTRASTED, Column, differences
from .roles import Question, Roles
from .run_folder import Cells

FLIPPED = ("hacc", "correct")
FAMILIES: dict[Question, str] = {
    "base": "arms against base, {mode}",
    "control": "arms against controls, {mode}",
    "mixed": "mixed against unmixed, {mode}",
    "pair": "as the recipe pairs them, {mode}",
    "mode": "{arm}, modes against {against_mode}",
}


def between_arms(found: Sequence[Column], sums: Sums, roles: Roles) -> list[Entry]:
    """In one mode, seeds together: the last column of a key is that of all seeds."""
    last = {column.key: i for i, column in enumerate(found)}
    wanted = [
        (i, last[against_arm, mode, metric, group])
        for arm, against_arm in roles.pairs(list(dict.fromkeys(column.arm for column in found)))
        for (owner, mode, metric, group), i in last.items()
        if owner == arm and metric in CONTRASTED and (against_arm, mode, metric, group) in last
    ]
    return _entries(found, sums, wanted, roles)


def between_modes(found: Sequence[Column], sums: Sums, reference: str, roles: Roles) -> list[Entry]:
    """Of one arm, seeds together: every other mode against the reference, for which columns must be there too."""
    last = {column.key: i for i, column in enumerate(found)}
    wanted = [
        (i, last[arm, reference, metric, group])
        for (arm, mode, metric, group), i in last.items()
        if mode != reference and metric in CONTRASTED and (arm, reference, metric, group) in last
    ]
    return _entries(found, sums, wanted, roles)


def _entries(
    found: Sequence[Column], sums: Sums, wanted: Sequence[tuple[int, int]], roles: Roles
) -> list[Entry]:
    entries = []
    for (a, b), gap in zip(wanted, differences(found, sums, wanted), strict=True):
        (arm, mode, metric, group), (against, against_mode, *_) = found[a].key, found[b].key
        place = {"arm": arm, "against": against, "mode": mode, "against_mode": against_mode}
        place["question"] = question = roles.question(arm, against)
        family = f"{FAMILIES[question].format(**place)}: {metric}{f' by {group.by}' if group else ''}"
        entries.append(place | {"metric": metric, "group": group_entry(group), "family": family} | gap)
    return corrected(entries, "p")


def flipped(row_set: RowSet, cells: Cells, roles: Roles) -> list[Entry]:
    """Prompts that pass in one place and fail in the other: between arms in every mode, between an arm's modes."""
    arms, modes = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    where = [((arm, mode), (other, mode)) for mode in modes for arm, other in roles.pairs(arms)]
    where += [((arm, mode), (arm, modes[0])) for mode in modes[1:] for arm in arms]
    entries = []
    for one, other in where:
        for metric in FLIPPED if one in cells and other in cells else ():
            counts = flips(_passed(cells[one], metric), _passed(cells[other], metric))
            if counts:
                place = {"arm": one[0], "against": other[0], "mode": one[1], "against_mode": other[1]}
                place["question"] = question = roles.question(one[0], other[0])
                family = f"{FAMILIES[question].format(**place)}: {metric}, flips"
                entries.append(place | {"metric": metric, "family": family} | counts._asdict())
    return corrected(entries, "mcnemar_p")


def _passed(cells: Sequence[Cell], metric: str) -> tuple[Floats, Ints]:
    return (
        np.concatenate([cell.numbers[metric] for cell in cells]),
        np.concatenate([cell.row for cell in cells]),
    )


def corrected(entries: list[Entry], key: str) -> list[Entry]:
    """The entries with `p_holm`, corrected inside each family; null where there is no p."""
    families: dict[str, list[Entry]] = {}
    for entry in entries:
        entry["p_holm"] = None
        if entry[key] is not None:
            families.setdefault(entry["family"], []).append(entry)
    for family in families.values():
        for entry, adjusted in zip(family, holm([one[key] for one in family]), strict=True):
            entry["p_holm"] = adjusted
    return entries
