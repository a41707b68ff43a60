"""Tokens as a server counts them: a reply's `usage`, by OpenAI's names."""

from collections.abc import Mapping
from typing import Any

from ..verify.reasoning import Split

Usage = Mapping[str, Any]


def count_of(usage: Usage | None, key: str) -> int | None:
    """What stands under a name; None where it is no count."""
    count = (usage or {}).get(key)
    return count if type(count) is int else None


def reasoning_tokens(usage: Usage | None) -> int | None:
    """Tokens of the reasoning, where the server tells them apart."""
    details = (usage or {}).get("completion_tokens_details")
    return count_of(details, "reasoning_tokens") if isinstance(details, dict) else None


def reply_tokens(usage: Usage | None) -> int | None:
    """Tokens of a whole reply. xAI counts its reasoning beside `completion_tokens`: its total has both."""
    prompt, reply = count_of(usage, "prompt_tokens"), count_of(usage, "completion_tokens")
    reasoning = reasoning_tokens(usage)
    if prompt is None or reply is None or reasoning is None:
        return reply
    beside = prompt + reply + reasoning == count_of(usage, "total_tokens")
    return reply + reasoning if beside else reply


def lengths(usage: Usage | None, split: Split, truncated: bool) -> tuple[int | None, int | None]:
    """Tokens of reasoning and answer as the server counts them, its end token among them; None where it does not say.

    One that tells only their sum tells both where there is no thought, or nothing else.
    """
    reasoning, total = reasoning_tokens(usage), reply_tokens(usage)
    if total is None:
        return None, None
    if reasoning is not None and (reasoning or split.state == "none"):
        return reasoning, max(total - reasoning, 0)
    if split.state == "unclosed":
        return total, 0
    return (0, total) if split.state == "none" and not truncated else (None, None)
