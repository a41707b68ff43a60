"""Fields of a line, each there and of the type that its reader states."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .errors import InputError


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field may hold, and how that is said to a person; a `whole` number may be written as 10.0, as tables do."""

    said: str
    holds: Callable[[Any], bool]
    whole: bool = False


def _is_whole(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and value.is_integer())


TEXT = Kind("a text", lambda value: isinstance(value, str))
WHOLE = Kind("a whole number", _is_whole, whole=True)
COUNT = Kind("a whole number from 0", lambda value: _is_whole(value) and value >= 0, whole=True)
CHANCE = Kind("a number from 0 to 1", lambda value: type(value) in (int, float) and 0 <= value <= 1)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
LIST = Kind("a list", lambda value: isinstance(value, list))
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
NAME = Kind("a text or a whole number", lambda value: isinstance(value, str) or type(value) is int)


def choice(values: Iterable[str]) -> Kind:
    """One of these texts."""
    known = tuple(values)
    return Kind(f"one of {', '.join(known)}", lambda value: isinstance(value, str) and value in known)


def list_of(kind: Kind, each: str) -> Kind:
    """A list of nothing else; `each` says its entries to a person."""
    return Kind(f"a list of {each}", lambda value: isinstance(value, list) and all(map(kind.holds, value)))


def or_null(kind: Kind) -> Kind:
    """The same, or null."""
    return Kind(f"{kind.said}, or null", lambda value: value is None or kind.holds(value))


FLAGS = list_of(FLAG, "true and false")


def need(line: dict[str, Any], key: str, kind: Kind, where: object) -> Any:
    """The value of a field; raises InputError, opening with `where`, where it is missing or of another type."""
    if key not in line:
        there = ", ".join(sorted(map(str, line)))
        raise InputError(where, f"field {key!r} is missing", f"give {kind.said} (there are: {there})")
    value = line[key]
    if not kind.holds(value):
        raise InputError(where, f"field {key!r} is {shown(value)}", f"give {kind.said}")
    return int(value) if kind.whole else value


def may(line: dict[str, Any], key: str, kind: Kind, where: object) -> Any:
    """The value of a field, or None where it is missing or null; raises as `need`."""
    return None if line.get(key) is None else need(line, key, kind, where)


def shown(value: object) -> str:
    """A value as JSON would write it, cut short."""
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else f"{value!r:.60}"
