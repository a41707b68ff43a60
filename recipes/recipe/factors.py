"""`factors:` of a recipe, written out: keys with several values become arms, stages and sets of their own.

An arm is crossed by the factors that change what it is made of, its stages and their sets; `cells` keeps some of the
combinations. What comes out equal is one stage or set, under one name, so that it is made once. The recipe that comes
of it says of every arm which values it has, and nothing of `factors`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from ...eval.io.errors import InputError, nearest
from .factor_keys import Content, Factor, Level, read_factors, replace
from .sets import is_reference
from .shares import with_rest

MOST_CELLS = 1000
Part = tuple[str, str]  # of a recipe: `stages`, `data` or `arms`, and a name there


@dataclass(frozen=True)
class Cell:
    """One combination of levels that an arm of the recipe comes in, under a name of its own; none for a plain arm."""

    name: str
    of: str
    levels: Mapping[str, Level]
    stages: tuple[str, ...]

    def agrees(self, other: "Cell") -> bool:
        """Whether both have the same level of every factor that crosses both."""
        return all(level == other.levels[name] for name, level in self.levels.items() if name in other.levels)


def expand(content: Content) -> Content:
    """A recipe's content with its factors written out; it is a recipe as it stands, of one value each.

    Raises InputError on factors that name no key or change what must be equal, on cells that coincide, and on roles
    that no arm or more than one could have.
    """
    content = deepcopy(content)
    factors = read_factors(content)
    kept = content.pop("cells", None)
    if not factors:
        if kept is not None:
            raise InputError("cells", "no factors to choose from", "say `factors`, or take it out")
        return content
    content["arms"] = {name: _written(arm) for name, arm in content.get("arms", {}).items()}
    _refuse_evaluated(content, factors)
    wanted = None if kept is None else _read_cells(kept, factors)
    out = _Written(content, factors)
    chosen = _chosen_levels(content, out, wanted)
    cells = [_cell(content, arm, levels, out) for arm, levels in chosen]
    if unused := [factor.name for factor in factors if not any(factor.name in cell.levels for cell in cells)]:
        raise InputError(f"factors.{unused[0]}", "changes no arm", "name a key of a stage that an arm has")
    _refuse_alike(cells)
    return _put_together(content, cells, out)


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


def _chosen_levels(
    content: Content, out: "_Written", wanted: Sequence[Mapping[str, Sequence[Any]]] | None
) -> list[tuple[str, dict[str, Level]]]:
    """Every arm with each combination of levels that is kept. Raises InputError where they are too many to be meant."""
    chosen: list[tuple[str, dict[str, Level]]] = []
    for arm in content["arms"]:
        for levels in _combinations(content, arm, out):
            if wanted is None or any(_is_of(levels, cell) for cell in wanted):
                chosen.append((arm, levels))
            if len(chosen) > MOST_CELLS:
                raise InputError("factors", f"more than {MOST_CELLS} cells", f"{MOST_CELLS} at most")
    return chosen


def _combinations(content: Content, arm: str, out: "_Written") -> Iterator[dict[str, Level]]:
    crossing = out.crossing("arms", arm)
    stated = content["arms"][arm].get("factors", {})
    if twice := [factor.name for factor in crossing if factor.name in stated]:
        raise InputError(f"arms.{arm}.factors.{twice[0]}", "the factor says it", "take it out")
    for levels in product(*(factor.levels for factor in crossing)):
        yield {factor.name: level for factor, level in zip(crossing, levels, strict=True)}


def _cell(content: Content, arm: str, levels: Mapping[str, Level], out: "_Written") -> Cell:
    varied = replace(content, list(levels.values()))
    stages = [out.stage(varied, stage, levels) for stage in varied["arms"][arm]["stages"]]
    return Cell(_named(arm, levels.values()), arm, levels, tuple(stages))


def _is_of(levels: Mapping[str, Level], cell: Mapping[str, Sequence[Any]]) -> bool:
    return all(levels[name].value in values for name, values in cell.items() if name in levels)


def _crossing(content: Content, parts: Sequence[Part], factors: Sequence[Factor]) -> list[Factor]:
    """The factors that change one of these parts, or what it is made of at any of their values."""
    crossing: list[Factor] = []
    while True:
        variants = [content, *(replace(content, [level]) for factor in crossing for level in factor.levels)]
        reached = {part for variant in variants for part in _made_of(variant, parts)}
        more = [factor for factor in factors if reached & factor.parts]
        if more == crossing:
            return crossing
        crossing = more


def _made_of(content: Content, parts: Iterable[Part]) -> set[Part]:
    """These parts, and all stages and sets that they are made of."""
    reached: set[Part] = set()
    waiting = list(parts)
    while waiting:
        kind, name = part = waiting.pop()
        if part in reached or name not in content.get(kind, {}):
            continue
        reached.add(part)
        inside = content[kind][name]
        if kind == "arms":
            waiting += [("stages", stage) for stage in inside.get("stages", [])]
        elif kind == "stages":
            mixed = [_mapping(inside, f"stages.{name}").get(key, {}) for key in ("data", "add")]
            waiting += [("data", of) for each in mixed for of in _mapping(each, f"stages.{name}.data")]
        else:
            waiting += [("data", of) for of in _sources(_mapping(inside, f"data.{name}"))]
    return reached


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    """What a factor has put at a key, where only a mapping has a meaning."""
    if not isinstance(value, dict):
        raise InputError(
            key, f"{value!r:.60} is put in here by a factor", "put in a mapping, or name a key inside"
        )
    return value


def _sources(dataset: Mapping[str, Any]) -> list[str]:
    of = [dataset["of"]] if "of" in dataset else []
    return of + [value["set"] for value in dataset.values() if is_reference(value)]


class _Written:
    """The stages and sets of all cells: alike ones under one name, the first."""

    def __init__(self, content: Content, factors: Sequence[Factor]) -> None:
        self.parts: dict[str, Content] = {"stages": {}, "data": {}}
        self._names: dict[str, str] = {}
        self._crossing: dict[Part, list[Factor]] = {}
        self._content, self._factors = content, factors

    def crossing(self, kind: str, name: str) -> list[Factor]:
        """The factors that cross a part of the recipe; looked up once, for every cell asks."""
        if (kind, name) not in self._crossing:
            self._crossing[kind, name] = _crossing(self._content, [(kind, name)], self._factors)
        return self._crossing[kind, name]

    def stage(self, varied: Content, name: str, levels: Mapping[str, Level]) -> str:
        """The name of a stage as these levels leave it."""
        stage = dict(varied["stages"].get(name, {}))
        if "data" in stage:
            stage["data"] = with_rest(stage["data"])
        for key in [key for key in ("data", "add") if key in stage]:
            sets = {of: self._set(varied, of, levels) for of, share in stage[key].items() if share}
            stage[key] = {sets.get(of, of): share for of, share in stage[key].items() if of in sets}
        return self._name("stages", name, stage, levels)

    def _set(self, varied: Content, name: str, levels: Mapping[str, Level]) -> str:
        if name not in varied.get("data", {}):
            return name  # refused where names are looked up
        made = {of: self._set(varied, of, levels) for of in _sources(varied["data"][name])}
        renamed = {key: _renamed(key, value, made) for key, value in varied["data"][name].items()}
        return self._name("data", name, renamed, levels)

    def _name(self, kind: str, name: str, inside: Content, levels: Mapping[str, Level]) -> str:
        varied = [levels[factor.name] for factor in self.crossing(kind, name) if factor.name in levels]
        alike = self._names.setdefault(json.dumps([kind, name, inside], sort_keys=True), _named(name, varied))
        if alike != name and alike in self._content[kind]:
            raise InputError(f"{kind}.{alike}", f"{name} at some values would have this name", "rename it")
        self.parts[kind][alike] = inside
        return alike


def _renamed(key: str, value: Any, made: Mapping[str, str]) -> Any:
    """An argument of a set, with the new name of the set that it refers to."""
    if is_reference(value):
        return {"set": made[value["set"]]}
    return made[value] if key == "of" else value


def _named(name: str, levels: Iterable[Level]) -> str:
    return "_".join([name, *(level.tag for level in levels)])


def _refuse_evaluated(content: Content, factors: Sequence[Factor]) -> None:
    parts = _made_of(content, [("data", name) for name in content.get("evaluate", {})])
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


def _put_together(content: Content, cells: Sequence[Cell], out: _Written) -> Content:
    crossed = {cell.of for cell in cells if cell.levels}
    parts = {part for name in crossed for part in _made_of(content, [("arms", name)])}
    used = {name for written in out.parts.values() for name in written}
    evaluated = _made_of(content, [("data", name) for name in content.get("evaluate", {})])
    for kind, written in out.parts.items():
        others = {
            name: inside
            for name, inside in content.get(kind, {}).items()
            if (kind, name) not in parts or (kind, name) in evaluated or name in used
        }
        content[kind] = {**others, **written}
    by_arm: dict[str, list[Cell]] = {}
    for cell in cells:
        by_arm.setdefault(cell.of, []).append(cell)
    against = content.get("against", {})
    content["arms"] = {cell.name: _arm(content["arms"][cell.of], cell, by_arm) for cell in cells}
    if against:
        content["against"] = {
            cell.name: _only(f"against.{name}", cell, other, by_arm)
            for name, other in against.items()
            for cell in by_arm.get(name, [Cell(name, name, {}, ())])
        }
    return content


def _arm(arm: Content, cell: Cell, by_arm: Mapping[str, Sequence[Cell]]) -> Content:
    """An arm of the recipe as one of its cells is written, its roles towards the cells that agree with it."""
    written = {**arm, "stages": list(cell.stages)}
    if cell.levels or arm.get("factors"):
        values = {name: level.value for name, level in cell.levels.items()}
        written["factors"] = {**arm.get("factors", {}), **values}
    if others := arm.get("control_of"):
        names = [others] if isinstance(others, str) else others
        key = f"arms.{cell.of}.control_of"
        written["control_of"] = [name for other in names for name in _agreeing(key, cell, other, by_arm)]
    for role in ("mixed_of", "decides_for"):
        if other := arm.get(role):
            written[role] = _only(f"arms.{cell.of}.{role}", cell, other, by_arm)
    return written


def _agreeing(key: str, cell: Cell, other: str, by_arm: Mapping[str, Sequence[Cell]]) -> list[str]:
    if other == cell.of:
        raise InputError(key, f"{other!r} is itself", "name another trained arm")
    if other not in by_arm:
        return [other]  # refused where names are looked up
    agreeing = [candidate.name for candidate in by_arm[other] if cell.agrees(candidate)]
    if not agreeing:
        raise InputError(key, f"no cell of {other} has the values of {cell.name}", "list such a cell")
    return agreeing


def _only(key: str, cell: Cell, other: str, by_arm: Mapping[str, Sequence[Cell]]) -> str:
    names = _agreeing(key, cell, other, by_arm)
    if len(names) > 1:
        what = f"{len(names)} cells of {other} have the values of {cell.name}: {', '.join(names[:3])} …"
        raise InputError(key, what, "name an arm that fewer factors cross")
    return names[0]
