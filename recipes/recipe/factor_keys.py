"""Factors as a recipe writes them: which keys each replaces, and by what."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ...eval.io.errors import InputError, nearest
from .sets import BuiltSet

Content = dict[str, Any]
Value = str | int | float | bool
FORM = "as `share: {key: stages.sft.data.if_rows, values: [0.1, 0.5]}`"


@dataclass(frozen=True)
class Level:
    """One value of a factor: as it is recorded, as it is part of names, and what it puts in at which keys."""

    value: Value
    tag: str
    puts: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Factor:
    name: str
    levels: tuple[Level, ...]

    @property
    def parts(self) -> set[tuple[str, str]]:
        """What it changes: kind and name of stages, sets and arms."""
        paths = [key.split(".") for level in self.levels for key, _ in level.puts]
        return {(path[0], path[1]) for path in paths}


def read_factors(content: Content) -> list[Factor]:
    """Take `factors` out of a recipe's content. Raises InputError, naming factor, key and the nearest known."""
    factors = content.pop("factors", None) or {}
    if not isinstance(factors, dict):
        raise InputError("factors", "no mapping of names to keys and values", FORM)
    known = [key for key in _keys(content) if key.split(".")[0] in ("stages", "data", "arms")]
    return [_factor(name, written, known, content) for name, written in factors.items()]


def replace(content: Content, levels: Sequence[Level]) -> Content:
    """The content with what these levels put in; raises InputError where one is put inside of what another took away."""
    replaced = deepcopy(content)
    for key, value in (put for level in levels for put in level.puts):
        *path, last = key.split(".")
        inside: Any = replaced
        for part in path:
            inside = inside.get(part) if isinstance(inside, dict) else None
        if not isinstance(inside, dict):
            what = f"no mapping at {'.'.join(path)} to put it in, at a value of another factor"
            raise InputError(key, what, "`cells` without both, or one factor of whole mappings by name")
        inside[last] = deepcopy(value)
    return replaced


def _factor(name: str, written: Any, known: Sequence[str], content: Content) -> Factor:
    where = f"factors.{name}"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise InputError(where, "no name for a factor", "letters, digits and _, a letter first")
    if not isinstance(written, dict) or "values" not in written:
        raise InputError(where, "no `values`", FORM)
    for key in written:
        if key not in ("key", "values"):
            raise InputError(f"{where}.{key}", "unknown key", nearest(key, ("key", "values")))
    levels = list(_levels(where, name, written))
    if len(levels) < 2 or len({repr(level.value) for level in levels}) < len(levels):
        raise InputError(f"{where}.values", "fewer than two different ones", "two or more, each once")
    _refuse_one_tag(where, levels)
    for key in dict.fromkeys(key for level in levels for key, _ in level.puts):
        _check_key(where, key, known)
    for level in levels:
        _check_stages(where, level)
    _refuse_seeds(where, levels, content)
    return Factor(name, tuple(levels))


def _levels(where: str, name: str, written: Mapping[str, Any]) -> Iterator[Level]:
    keys, values = written.get("key"), written["values"]
    keys = [keys] if isinstance(keys, str) else keys
    if keys and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        raise InputError(
            f"{where}.key", f"{keys!r:.60} names no key", "give its path as a text, or several as a list"
        )
    if isinstance(values, list) and keys:
        for value in values:
            if not isinstance(value, Value):
                raise InputError(f"{where}.values", f"{value!r:.60} has no name", "`values: {name: value}`")
            yield Level(value, _tag(name, value), tuple((key, value) for key in keys))
    elif isinstance(values, dict):
        for label, value in values.items():
            if not keys and not isinstance(value, dict):
                raise InputError(f"{where}.values.{label}", "no key that it is put in at", FORM)
            puts = tuple((key, value) for key in keys) if keys else tuple(value.items())
            yield Level(label, _tag(name, label), puts)
    else:
        raise InputError(where, "neither a key with values, nor values by name", FORM)


def _tag(name: str, value: Value) -> str:
    """`share0_05`, `own`: a number or a truth says nothing without its factor."""
    text = re.sub(r"[^A-Za-z0-9]", "_", str(value).lower() if isinstance(value, bool) else str(value))
    return (
        text
        if isinstance(value, str)
        else f"{name}{text}"
        if not isinstance(value, bool)
        else f"{name}_{text}"
    )


def _check_key(where: str, key: str, known: Sequence[str]) -> None:
    parts = key.split(".")
    if parts[0] == "seeds" or parts[-1] == "seed":
        what = f"{key}: arms that are compared have the same seeds"
        raise InputError(where, what, "list seeds under `seeds`, which every arm is trained at")
    if key not in known:
        raise InputError(where, f"{key} is no key of this recipe's stages, data or arms", nearest(key, known))
    if len(parts) < 2 or (parts[0] == "arms" and parts[2:] != ["stages"]):
        raise InputError(
            where, f"{key} is not what arms can differ in", "a key in a stage or a set, or an arm's stages"
        )


def _refuse_one_tag(where: str, levels: Sequence[Level]) -> None:
    """`x y` and `x-y` are both x_y in the name of an arm, a stage or a set."""
    tagged: dict[str, Value] = {}
    for level in levels:
        if level.tag in tagged:
            what = f"{tagged[level.tag]!r} and {level.value!r} are both {level.tag} in names"
            raise InputError(f"{where}.values", what, "values that differ in letters or digits")
        tagged[level.tag] = level.value


def _check_stages(where: str, level: Level) -> None:
    for key, value in level.puts:
        listed = isinstance(value, list) and all(isinstance(stage, str) for stage in value)
        if key.startswith("arms.") and not listed:
            what = f"{value!r:.60} is no list of stages, which {key} takes"
            raise InputError(f"{where}.values", what, "as `{one: [sft], both: [sft, rl]}`")


def _refuse_seeds(where: str, levels: Sequence[Level], content: Content) -> None:
    """Values that are whole sets may say a seed, or leave it at its default: it must be one, as it must be of a set that
    a value leaves as it is."""
    for name in dict.fromkeys(key.split(".")[1] for level in levels for key, _ in level.puts):
        seeds = {_seed(replace(content, [level]).get("data", {}).get(name)) for level in levels} - {None}
        if len(seeds) > 1:
            what = f"data.{name}.seed differs between its values, so the arms would differ in seed too"
            said = ", ".join(sorted(map(str, seeds)))
            raise InputError(where, f"{what}: {said}", "the same seed in each")


def _seed(dataset: Any) -> Any:
    """By which seed a set is built, said or not; None of one that is not built."""
    built = isinstance(dataset, dict) and ("builder" in dataset or "of" in dataset)
    return dataset.get("seed", BuiltSet.model_fields["seed"].default) if built else None


def _keys(content: Any, before: str = "") -> Iterator[str]:
    """All dotted keys of a mapping, inner ones too."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield f"{before}{key}"
            yield from _keys(value, f"{before}{key}.")
