"""What a file of outputs says of one prompt, before it is known which row that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...io.errors import InputError
from ...io.fields import COUNT, NAME, OBJECT, TEXT, may
from ...io.jsonl import Line
from ...verify.reasoning import split_reasoning
from ...verify.responses import AT_LIMIT

NAMES = ("row", "key", "id", "custom_id")
TEXTS = ("prompt", "question", "problem", "instruction")
MOST = 10  # names listed in one line
# Finish reasons of what was broken off, as routers between servers, vLLM, SGLang and hosted APIs write them.
BROKEN_OFF = ("error", "abort", "aborted", "cancelled", "canceled", "failed", "insufficient_system_resource")
FAILED = "ask again for what failed, and give the answers in one file"


@dataclass(frozen=True, slots=True)
class Generation:
    """One generated text. `thought` stands beside it where a server took it out; lengths are in tokens."""

    text: str
    thought: str | None = None
    truncated: bool | None = None
    reasoning_tokens: int | None = None
    answer_tokens: int | None = None


class RowSaid(NamedTuple):
    """What a record says of its row. All `fields` (of NAMES and TEXTS) must be of one row.

    `hints` are further texts and ids: they choose among rows that share a prompt, and count for nothing where they
    fit none, since the id may be a number of the harness's own and the text a whole rendered chat.
    """

    fields: Line
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The generations to one prompt; `where` is its place in the file, for errors."""

    where: str
    row: RowSaid
    generations: list[Generation]


Lines = list[tuple[str, Line]]  # each with its place


def row_said(fields: Line, *hints: str | None) -> RowSaid:
    """By the `row` and the first prompt of another project's record; by its ids only where it says no prompt."""
    prompts = [(key, fields[key]) for key in TEXTS if TEXT.holds(fields.get(key))]
    names: Line = {key: fields[key] for key in NAMES if NAME.holds(fields.get(key))}
    more = [hint for hint in hints if hint]
    if not prompts and more:
        prompts = [("prompt", more.pop(0))]
    certain = {key: name for key, name in names.items() if key == "row" or not prompts}
    more += [prompt for _, prompt in prompts[1:]]
    return RowSaid(dict(prompts[:1]) | certain, (*(str(name) for name in names.values()), *more))


def hit_limit(line: Line, where: object, *keys: str) -> bool | None:
    """Whether the reason that a generation ended for, in the first of these fields there is, is its token limit.

    Raises InputError where it was broken off: half an answer is no response.
    """
    # vLLM's stop_reason is the token, or the text, that it stopped at: a number says nothing of a limit.
    told = (key for key in keys if not (key == "stop_reason" and isinstance(line.get(key), int)))
    reasons = (may(line, key, TEXT, where) for key in told)
    reason = next((reason for reason in reasons if reason), None)
    if reason is not None and reason.lower() in BROKEN_OFF:
        raise InputError(where, f"a response that was broken off ({reason})", FAILED)
    return None if reason in (None, "unknown") else reason.lower() in AT_LIMIT


def beside(line: Line, key: str, where: object) -> Line:
    """The object in a field that may be missing; raises InputError on anything else there."""
    return may(line, key, OBJECT, where) or {}


def token_counts(usage: Any, text: str, thought: str | None) -> tuple[int | None, int | None]:
    """Tokens of reasoning and answer, of the one generation that a server counted; None each where it did not.

    A server that counts no reasoning where there is some, in the text or beside it, has not told the two apart: SGLang
    writes 0 for what it did not count.
    """
    if not isinstance(usage, dict):
        return None, None
    details = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or usage
    if not isinstance(details, dict):
        return None, None
    reasoning: Any = details.get("reasoning_tokens")
    total: Any = usage.get("completion_tokens", usage.get("output_tokens"))
    if not (COUNT.holds(reasoning) and COUNT.holds(total) and reasoning <= total):
        return None, None
    if not reasoning and (thought or split_reasoning(text).state != "none"):
        return None, None
    return reasoning, total - reasoning


def listed(names: Sequence[object]) -> str:
    """Names in a row, the first of them where there are many."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(f"{name!s:.60}" for name in names[:MOST]) + more
