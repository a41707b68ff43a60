"""Differences on the same rows: between arms, and between modes of one arm; means, and prompts that flip.

Families, inside which p is corrected (Holm): all comparisons of one kind on one set and metric. The kinds: in one
mode, `arms against base`, `arms against controls`, `mixed against unmixed`, and pairs that the recipe names; for one
arm, its `modes against` the first. Each way to group (by type, by source, …) is a family of its own, all arms and
groups in it; so are the flips.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..score.measure import Cell, Entry, RowSet, Sums, group_entry
from ..stats.intervals import Floats, Ints
from ..stats.paired import flips, holm
from .figures import CONTRASTED, Column, differences
from .run_folder import BASE, Cells

CONTROLS = {"sft": ("sft_direct", "sft_self", "sft_own_answer"), "rl": ("rl_random",)}
UNMIXED = {"sft_if": "sft", "rl_if": "rl", "sft_rl_if": "sft_rl", "sft_if_add": "sft"}
FLIPPED = ("hacc", "correct")


def pairs(arms: Sequence[str], against: Mapping[str, str]) -> list[tuple[str, str]]:
    """(arm, against): every arm and the base, what the recipe compares it with, an arm and its controls, mixed and
    unmixed; only those there."""
    wanted = [
        *((arm, BASE) for arm in arms if arm != BASE),
        *against.items(),
        *((arm, control) for arm, controls in CONTROLS.items() for control in controls),
        *UNMIXED.items(),
    ]
    return [pair for pair in dict.fromkeys(wanted) if set(pair) <= set(arms)]


def asked(arm: str, against: str, mode: str, against_mode: str) -> str:
    """What a comparison asks, and with it the family that its p value belongs to."""
    if mode != against_mode:
        return f"{arm}, modes against {against_mode}"
    if against == BASE:
        return f"arms against base, {mode}"
    if against in CONTROLS.get(arm, ()):
        return f"arms against controls, {mode}"
    return (
        f"mixed against unmixed, {mode}"
        if UNMIXED.get(arm) == against
        else f"as the recipe pairs them, {mode}"
    )


def between_arms(found: Sequence[Column], sums: Sums, against: Mapping[str, str]) -> list[Entry]:
    """In one mode, seeds together: the last column of a key is that of all seeds."""
    last = {column.key: i for i, column in enumerate(found)}
    wanted = [
        (i, last[against_arm, mode, metric, group])
        for arm, against_arm in pairs(list(dict.fromkeys(column.arm for column in found)), against)
        for (owner, mode, metric, group), i in last.items()
        if owner == arm and metric in CONTRASTED and (against_arm, mode, metric, group) in last
    ]
    return _entries(found, sums, wanted)


def between_modes(found: Sequence[Column], sums: Sums, reference: str) -> list[Entry]:
    """Of one arm, seeds together: every other mode against the reference, for which columns must be there too."""
    last = {column.key: i for i, column in enumerate(found)}
    wanted = [
        (i, last[arm, reference, metric, group])
        for (arm, mode, metric, group), i in last.items()
        if mode != reference and metric in CONTRASTED and (arm, reference, metric, group) in last
    ]
    return _entries(found, sums, wanted)


def _entries(found: Sequence[Column], sums: Sums, wanted: Sequence[tuple[int, int]]) -> list[Entry]:
    entries = []
    for (a, b), gap in zip(wanted, differences(found, sums, wanted), strict=True):
        (arm, mode, metric, group), (against, against_mode, *_) = found[a].key, found[b].key
        place = {"arm": arm, "against": against, "mode": mode, "against_mode": against_mode}
        family = f"{asked(**place)}: {metric}{f' by {group.by}' if group else ''}"
        entries.append(place | {"metric": metric, "group": group_entry(group), "family": family} | gap)
    return corrected(entries, "p")


def flipped(row_set: RowSet, cells: Cells, against: Mapping[str, str]) -> list[Entry]:
    """Prompts that pass in one place and fail in the other: between arms in every mode, between an arm's modes."""
    arms, modes = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    where = [((arm, mode), (other, mode)) for mode in modes for arm, other in pairs(arms, against)]
    where += [((arm, mode), (arm, modes[0])) for mode in modes[1:] for arm in arms]
    entries = []
    for one, other in where:
        for metric in FLIPPED if one in cells and other in cells else ():
            counts = flips(_passed(cells[one], metric), _passed(cells[other], metric))
            if counts:
                place = {"arm": one[0], "against": other[0], "mode": one[1], "against_mode": other[1]}
                family = f"{asked(**place)}: {metric}, flips"
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
