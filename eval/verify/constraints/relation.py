"""The comparisons that constraints use."""

import re
from collections.abc import Callable

LESS, LEAST = "less than", "at least"
RELATIONS = (LESS, LEAST)
DIVIDER = "******"  # stands between two responses in one text
_DIVIDED = re.compile(r"(?<!\*)\*{6}(?!\*)")


def holds(count: int, relation: str, bound: int) -> bool:
    """Whether `count` is less than (strictly), or at least, `bound`."""
    return count < bound if relation == LESS else count >= bound


def divided(text: str) -> list[str]:
    """The parts of a text between dividers of six asterisks; seven are none."""
    return _DIVIDED.split(text)


def in_each(text: str, holds_in: Callable[[str], bool]) -> bool:
    """Whether a count holds in the text, or in each of two responses in it ("each version must have …")."""
    if holds_in(text):
        return True
    parts = [part for part in divided(text) if part.strip()]
    return len(parts) == 2 and all(map(holds_in, parts))
