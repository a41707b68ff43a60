"""The comparisons that constraints use."""

from collections.abc import Callable

LESS, LEAST = "less than", "at least"
RELATIONS = (LESS, LEAST)
DIVIDER = "******"  # stands between two responses in one text


def holds(count: int, relation: str, bound: int) -> bool:
    """Whether `count` is less than (strictly), or at least, `bound`."""
    return count < bound if relation == LESS else count >= bound


def in_each(text: str, holds_in: Callable[[str], bool]) -> bool:
    """Whether a count holds in the text, or in each of two responses in it ("each version must have …")."""
    if holds_in(text):
        return True
    parts = [part for part in text.split(DIVIDER) if part.strip()] if DIVIDER in text else []
    return len(parts) == 2 and all(map(holds_in, parts))
