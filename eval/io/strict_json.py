"""JSON as its standard has it: what other readers pass over in silence is refused."""

import json
import math
from typing import Any

from .errors import InputError


class _Unfit(ValueError):
    """JSON that a reader could take in more than one way: what it is, and the fix."""


def parse(text: str, where: object, fix: str = "write one object a line", *, gaps: bool = False) -> Any:
    """The value that a JSON text holds; with `gaps`, what is no number (others write NaN so) is read as null.

    Raises InputError, opening with `where`, on broken JSON, a key that comes twice in one object (the last would win),
    NaN and infinite numbers (no JSON), and on what is nested too deeply.
    """
    try:
        constant = _gap if gaps else _no_number
        return json.loads(text, object_pairs_hook=_once, parse_constant=constant, parse_float=_finite)
    except _Unfit as error:
        what, mend = error.args
        raise InputError(where, what, mend) from None
    except RecursionError:
        raise InputError(where, "nested too deeply to be read", fix) from None
    except ValueError as error:
        raise InputError(where, f"broken JSON ({error})", fix) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Unfit(f"key {twice!r:.60} comes twice in one object", "keep one")
    return fields


def _no_number(constant: str) -> float:
    raise _Unfit(f"{constant}, which is no JSON", "write null for a gap, or leave the field out")


def _gap(_: str) -> None:
    return None


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Unfit(f"{digits:.60} is too large for a number", "write it as a text")
    return number
