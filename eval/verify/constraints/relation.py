"""The two comparisons that constraints use."""

LESS, LEAST = "less than", "at least"
RELATIONS = (LESS, LEAST)


def holds(count: int, relation: str, bound: int) -> bool:
    """Whether `count` is less than (strictly), or at least, `bound`."""
    return count < bound if relation == LESS else count >= bound
