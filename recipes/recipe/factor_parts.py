"""What factors do to the parts of a recipe: which of them cross a part, and stages and sets written at their levels."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from ...eval.io.errors import InputError
from .factor_cells import Cell, Cells, only
from .factor_keys import Content, Factor, Level, replace
from .sets import is_reference
from .shares import with_rest

Part = tuple[str, str]  # of a recipe: `stages`, `data` or `arms`, and a name there


def crossing(content: Content, parts: Sequence[Part], factors: Sequence[Factor]) -> list[Factor]:
    """The factors that change one of these parts, or what it is made of at any of their values."""
    found: list[Factor] = []
    while True:
        variants = [content, *(replace(content, [level]) for factor in found for level in factor.levels)]
        reached = {part for variant in variants for part in made_of(variant, parts)}
        more = [factor for factor in factors if reached & factor.parts]
        if more == found:
            return found
        found = more


def made_of(content: Content, parts: Iterable[Part]) -> set[Part]:
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
    """The sets that a set refers to; what is no name is refused where recipes are read."""
    of = [dataset.get("of"), *(value["set"] for value in dataset.values() if is_reference(value))]
    return [name for name in of if isinstance(name, str)]


class Written:
    """The stages and sets of all cells: alike ones under one name, the first."""

    def __init__(self, content: Content, factors: Sequence[Factor]) -> None:
        self.parts: dict[str, Content] = {"stages": {}, "data": {}}
        self._names: dict[str, str] = {}
        self._crossing: dict[Part, list[Factor]] = {}
        self._content, self._factors = content, factors

    def crossing(self, kind: str, name: str) -> list[Factor]:
        """The factors that cross a part of the recipe; looked up once, for every cell asks."""
        if (kind, name) not in self._crossing:
            self._crossing[kind, name] = crossing(self._content, [(kind, name)], self._factors)
        return self._crossing[kind, name]

    def stage(self, varied: Content, name: str, cell: Cell, by_arm: Cells) -> str:
        """The name of a stage as a cell's levels leave it, taught by the cell of its teacher that has the same."""
        stage, levels = dict(varied.get("stages", {}).get(name, {})), cell.levels
        parts = [("stages", name)]
        if "data" in stage:
            stage["data"] = self._shares(name, stage["data"], levels)
        for key in [key for key in ("data", "add") if key in stage]:
            sets = {of: self._set(varied, of, levels) for of, share in stage[key].items() if share}
            stage[key] = {sets.get(of, of): share for of, share in stage[key].items() if of in sets}
        if isinstance(teacher := stage.get("teacher"), str):
            stage["teacher"] = only(f"stages.{name}.teacher", cell, teacher, by_arm)
            parts.append(("arms", teacher))
        return self._name("stages", name, stage, self._varied(parts, levels))

    def _shares(self, name: str, shares: Content, levels: Mapping[str, Level]) -> Content:
        try:
            return with_rest(shares)
        except ValueError as error:
            varied = self._varied([("stages", name)], levels)
            where = (
                f"stages.{name}.data, at {', '.join(f'{of} {level.value}' for of, level in varied.items())}"
            )
            raise InputError(where, str(error), "other values of the factor, or other shares") from None

    def _set(
        self, varied: Content, name: str, levels: Mapping[str, Level], behind: tuple[str, ...] = ()
    ) -> str:
        """The name of a set as these levels leave it; `behind` are those that are made from it."""
        if name not in varied.get("data", {}):
            return name  # refused where names are looked up
        if name in behind:
            raise InputError(f"data.{name}", "made from itself", "break the circle")
        made = {of: self._set(varied, of, levels, (*behind, name)) for of in _sources(varied["data"][name])}
        renamed = {key: _renamed(key, value, made) for key, value in varied["data"][name].items()}
        return self._name("data", name, renamed, self._varied([("data", name)], levels))

    def _name(self, kind: str, name: str, inside: Content, varied: Mapping[str, Level]) -> str:
        """Under what name a part is written: the first that one like it was written under."""
        own, alike = named(name, varied.values()), json.dumps([kind, name, inside], sort_keys=True)
        if alike not in self._names:
            if own != name and own in self._content.get(kind, {}):
                raise InputError(f"{kind}.{own}", f"{name} at some values would have this name", "rename it")
            self._names[alike] = self._free(kind, own, inside)
        self.parts[kind][self._names[alike]] = inside
        return self._names[alike]

    def _free(self, kind: str, own: str, inside: Content) -> str:
        """A part's own name, with a number where other content has come to it: `sft` at `long_high`, `sft_long` at `high`."""
        written = self.parts[kind]
        if written.get(own, inside) == inside:
            return own
        numbered = (f"{own}_{number}" for number in count(2))
        return next(
            name for name in numbered if name not in written and name not in self._content.get(kind, {})
        )

    def _varied(self, parts: Sequence[Part], levels: Mapping[str, Level]) -> dict[str, Level]:
        """Of these levels those that change one of these parts."""
        crossed = {factor.name for part in parts for factor in self.crossing(*part)}
        return {
            factor.name: levels[factor.name]
            for factor in self._factors
            if factor.name in crossed and factor.name in levels
        }


def _renamed(key: str, value: Any, made: Mapping[str, str]) -> Any:
    """An argument of a set, with the new name of the set that it refers to."""
    if is_reference(value):
        return {"set": _of(value["set"], made)}
    return _of(value, made) if key == "of" else value


def _of(name: Any, made: Mapping[str, str]) -> Any:
    return made[name] if isinstance(name, str) else name


def named(name: str, levels: Iterable[Level]) -> str:
    """The name of an arm, a stage or a set at these levels."""
    return "_".join([name, *(level.tag for level in levels)])
