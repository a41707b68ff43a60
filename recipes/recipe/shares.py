"""The shares of a stage's `data`, one of which may be `rest`: what the others leave."""

from collections.abc import Mapping
from typing import Any

REST = "rest"


def with_rest(shares: Mapping[str, Any]) -> dict[str, Any]:
    """The shares with `rest` as a number; raises ValueError where there are two, or the others leave nothing."""
    rest = [name for name, share in shares.items() if share == REST]
    if not rest:
        return dict(shares)
    others = [share for share in shares.values() if share != REST]
    if len(rest) > 1 or not all(isinstance(share, int | float) for share in others):
        raise ValueError("one share can be `rest`, beside numbers")
    left = round(1 - sum(others), 12)  # 1 - 0.9 is not exactly 0.1
    if left < 0:
        raise ValueError(f"the other shares add to {sum(others):g}, which leaves no `rest`")
    return {name: left if share == REST else share for name, share in shares.items()}
