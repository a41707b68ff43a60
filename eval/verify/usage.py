"""Tokens as a server counts them: a reply's `usage`, by the names of either of OpenAI's interfaces."""

from collections.abc import Mapping
from typing import Any

from .reasoning import Split

Usage = Mapping[str, Any]
PROMPT = ("prompt_tokens", "input_tokens")
REPLY = ("completion_tokens", "output_tokens")
DETAILS = ("completion_tokens_details", "output_tokens_details")


def usage_of(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a server's answer says it took, where it says it as an object."""
    usage = answer.get("usage")
    return usage if isinstance(usage, dict) else None


def prompt_tokens(usage: Usage | None) -> int | None:
    """Tokens of what was asked."""
    return _count(usage, *PROMPT)


def reasoning_tokens(usage: Usage | None) -> int | None:
    """Tokens of the reasoning, where the server tells them apart."""
    details = next((usage[key] for key in DETAILS if usage.get(key)), usage) if usage else None
    return _count(details, "reasoning_tokens") if isinstance(details, dict) else None


def reply_tokens(usage: Usage | None) -> int | None:
    """Tokens of a whole reply. xAI counts its reasoning beside `completion_tokens`: its total has both."""
    prompt, reply = prompt_tokens(usage), _count(usage, *REPLY)
    reasoning = reasoning_tokens(usage)
    if prompt is None or reply is None or reasoning is None:
        return reply
    beside = prompt + reply + reasoning == _count(usage, "total_tokens")
    return reply + reasoning if beside else reply


def lengths(
    usage: Usage | None, split: Split, truncated: bool | None, *, hidden: bool = False
) -> tuple[int | None, int | None]:
    """Tokens of reasoning and answer as the server counts them, its end token among them; None where it does not say.

    One that tells only their sum tells both where there is no thought, or nothing else. One that counts no reasoning
    where there is some has not told the two apart: SGLang writes 0 for what it did not count. Where a thought was
    `hidden` a sum alone holds those of both.
    """
    reasoning, total = reasoning_tokens(usage), reply_tokens(usage)
    if total is None or (hidden and reasoning is None):
        return None, None
    if reasoning is not None and (reasoning or split.state == "none"):
        return (reasoning, total - reasoning) if reasoning <= total else (None, None)
    if split.state == "unclosed":
        return total, 0
    return (0, total) if split.state == "none" and truncated is False else (None, None)


def _count(usage: Usage | None, *names: str) -> int | None:
    """What stands under the first of these names there is; None where it is no count."""
    count = next((usage[name] for name in names if name in usage), None) if usage else None
    return count if type(count) is int and count >= 0 else None
