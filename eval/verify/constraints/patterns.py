"""Patterns from rows, as the published rules use them: compiled once, refused where they are none or may never end."""

import re
from collections.abc import Iterator
from functools import lru_cache
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from ...io.errors import InputError

_BACKTRACKING = (ops.MAX_REPEAT, ops.MIN_REPEAT)
_MOST = 8  # optional parts in a row: each doubles what may have to be tried


@lru_cache(maxsize=4096)
def pattern(source: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """A text of a row as a regular expression.

    Raises InputError where it is none, and where it may take more than quadratic time: a repeat inside a repeat or
    around alternatives, two unbounded repeats, a back-reference, or many optional parts.
    """
    try:
        compiled = re.compile(source, flags)
        tree = parser.parse(source, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError("pattern", f"{source!r} is no valid pattern ({error})", "use preset reins") from None
    if _may_not_end(tree):
        raise InputError(
            "pattern",
            f"{source!r} as a pattern may never come to an end",
            "use preset reins, which takes it literally",
        )
    return compiled


def _may_not_end(tree: Any) -> bool:
    repeats = list(_repeats(tree, False))
    unbounded = sum(most == ops.MAXREPEAT for most, _ in repeats)
    return unbounded > 1 or len(repeats) > _MOST or any(nested for _, nested in repeats)


def _repeats(items: Any, repeated: bool) -> Iterator[tuple[int, bool]]:
    """The most of every repeat of variable length, and whether it is nested or a way to match one text twice."""
    for op, value in items:
        if op in _BACKTRACKING:
            least, most, inner = value
            if least != most:
                yield most, repeated
            yield from _repeats(inner, repeated or most > 1)
        elif op is ops.BRANCH:
            if repeated:
                yield 2, True
            for way in value[1]:
                yield from _repeats(way, repeated)
        elif op is ops.GROUPREF:
            yield 2, True
        elif isinstance(value, tuple):
            for part in value:
                if isinstance(part, parser.SubPattern):
                    yield from _repeats(part, repeated)
        elif isinstance(value, parser.SubPattern):
            yield from _repeats(value, repeated)
