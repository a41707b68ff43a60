"""`factors:` of a recipe, written out: keys with several values become arms, stages and sets of their own.

An arm is crossed by the factors that change what it is made of, its stages and their sets; `cells` keeps some of the
combinations. What comes out equal is one stage or set, under one name, so that it is made once. The recipe that comes
of it says of every arm which values it has, and nothing of `factors`.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import combinations, product
from typing import Any

from ...eval.io.errors import InputError, nearest
from .factor_cells import Cell, Cells, agreeing, only, sole
from .factor_keys import Content, Factor, Level, read_factors, replace
from .factor_parts import Part, Written, made_of, named

MOST_CELLS = 1000


def expand(content: Content) -> Content:
    """A recipe's content with its factors written out; it is a recipe as it stands, of one value each.

    Raises InputError on factors that name no key or change what must be equal, on cells that coincide, and on roles,
    teachers and shown replies that no cell or more than one could have.
    """
    content = deepcopy(content)
    content["arms"] = {name: _written(arm) for name, arm in content.get("arms", {}).items()}
    factors = read_factors(content)
    kept = content.pop("cells", None)
    if not factors:
        if kept is not None:
            raise InputError("cells", "no factors to choose from", "say `factors`, or take it out")
        return content
    _refuse_evaluated(content, factors)
    wanted = None if kept is None else _read_cells(kept, factors)
    out = Written(content, factors)
    chosen = _chosen_cells(content, out, wanted)
    by_arm = {arm: [cell for cell in chosen if cell.of == arm] for arm in content["arms"]}
    cells = [_with_stages(content, cell, out, by_arm) for cell in chosen]
    if unused := [factor.name for factor in factors if not any(factor.name in cell.levels for cell in cells)]:
        raise InputError(f"factors.{unused[0]}", "changes no arm", "name a key of a stage that an arm has")
    _refuse_alike(cells)
    return _put_together(content, cells, out, by_arm)


def _written(arm: Any) -> Content:
    return {"stages": arm} if isinstance(arm, list) else dict(arm)


def _read_cells(kept: Any, factors: Sequence[Factor]) -> list[dict[str, list[Any]]]:
    """Each entry: a factor, and those of its values that are kept; a factor that it does not name has all."""
    known = {factor.name: [level.value for level in factor.levels] for factor in factors}
    if not isinstance(kept, list) or not all(isinstance(cell, dict) for cell in kept):
        raise InputError(
            "cells", "no list of mappings", "as `- {factor: value}` or `- {factor: [value, value]}`"
        )
    cells = [
        {name: value if isinstance(value, list) else [value] for name, value in cell.items()} for cell in kept
    ]
    for number, cell in enumerate(cells):
        for name, values in cell.items():
            if name not in known:
                raise InputError(f"cells.{number}", f"unknown factor {name!r}", nearest(name, known))
            if wrong := [value for value in values if value not in known[name]]:
                fix = f"one of {', '.join(map(str, known[name]))}"
                raise InputError(f"cells.{number}.{name}", f"{wrong[0]!r} is none of its values", fix)
    return cells


def _chosen_cells(
    content: Content, out: Written, wanted: Sequence[Mapping[str, Sequence[Any]]] | None
) -> list[Cell]:
    """Every arm at each combination of levels that is kept. Raises InputError where they are too many to be meant."""
    chosen: list[Cell] = []
    for arm in content["arms"]:
        for levels in _combinations(content, arm, out):
            if wanted is None or any(_is_of(levels, cell) for cell in wanted):
                chosen.append(Cell(named(arm, levels.values()), arm, levels))
            if len(chosen) > MOST_CELLS:
                raise InputError("factors", f"more than {MOST_CELLS} cells", f"{MOST_CELLS} at most")
    return chosen


def _combinations(content: Content, arm: str, out: Written) -> Iterator[dict[str, Level]]:
    crossing = out.crossing("arms", arm)
    stated = content["arms"][arm].get("factors", {})
    if twice := [factor.name for factor in crossing if factor.name in stated]:
        raise InputError(f"arms.{arm}.factors.{twice[0]}", "the factor says it", "take it out")
    for levels in product(*(factor.levels for factor in crossing)):
        yield {factor.name: level for factor, level in zip(crossing, levels, strict=True)}


def _with_stages(content: Content, cell: Cell, out: Written, by_arm: Cells) -> Cell:
    varied = replace(content, list(cell.levels.values()))
    stages = [out.stage(varied, stage, cell, by_arm) for stage in varied["arms"][cell.of]["stages"]]
    return dataclasses.replace(cell, stages=tuple(stages))


def _is_of(levels: Mapping[str, Level], cell: Mapping[str, Sequence[Any]]) -> bool:
    return all(levels[name].value in values for name, values in cell.items() if name in levels)


def _refuse_evaluated(content: Content, factors: Sequence[Factor]) -> None:
    parts = made_of(content, [("data", name) for name in content.get("evaluate", {})])
    for factor in factors:
        if wrong := sorted(factor.parts & parts):
            what = f"changes {wrong[0][1]}, which every arm is evaluated on"
            raise InputError(f"factors.{factor.name}", what, "train on a set of its own")


def _refuse_alike(cells: Sequence[Cell]) -> None:
    for first, second in combinations(cells, 2):
        if first.stages == second.stages and (first.levels or second.levels):
            what = f"{first.name} and {second.name} coincide: they are trained alike"
            raise InputError("cells", what, "list cells without one of them")
        if first.name == second.name:
            raise InputError("cells", f"two arms would be called {first.name}", "rename an arm or a value")


def _put_together(content: Content, cells: Sequence[Cell], out: Written, by_arm: Cells) -> Content:
    crossed = {cell.of for cell in cells if cell.levels}
    parts = {part for name in crossed for part in made_of(content, [("arms", name)])}
    kept = _kept(content, parts)
    for kind, written in out.parts.items():
        others = {
            name: inside
            for name, inside in content.get(kind, {}).items()
            if (kind, name) in kept or name in written
        }
        content[kind] = {**others, **written}
    content["arms"] = {cell.name: _arm(content["arms"][cell.of], cell, by_arm) for cell in cells}
    if against := content.get("against"):
        content["against"] = {
            cell.name: only(f"against.{name}", cell, other, by_arm)
            for name, other in against.items()
            for cell in by_arm.get(name) or [Cell(name, name, {})]
        }
    for name, asked in content.get("evaluate", {}).items():
        if other := asked.get("replies_of"):
            asked["replies_of"] = sole(f"evaluate.{name}.replies_of", other, by_arm)
    return content


def _kept(content: Content, crossed: set[Part]) -> set[Part]:
    """What stays as it is written: what is evaluated, what no crossed arm is made of, and all that those are made of."""
    others = [(kind, name) for kind in ("stages", "data") for name in content.get(kind, {})]
    evaluated = [("data", name) for name in content.get("evaluate", {})]
    return made_of(content, [*evaluated, *(part for part in others if part not in crossed)])


def _arm(arm: Content, cell: Cell, by_arm: Cells) -> Content:
    """An arm of the recipe as one of its cells is written, its roles towards the cells that agree with it."""
    written = {**arm, "stages": list(cell.stages)}
    if cell.levels or arm.get("factors"):
        values = {name: level.value for name, level in cell.levels.items()}
        written["factors"] = {**arm.get("factors", {}), **values}
    if others := arm.get("control_of"):
        names = [others] if isinstance(others, str) else others
        key = f"arms.{cell.of}.control_of"
        written["control_of"] = [name for other in names for name in agreeing(key, cell, other, by_arm)]
    for role in ("mixed_of", "decides_for"):
        if other := arm.get(role):
            written[role] = only(f"arms.{cell.of}.{role}", cell, other, by_arm)
    return written
