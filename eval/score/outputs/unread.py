"""Whether lines that say nothing of their rows may stand in the order of the rows.

A file may be in another order, such as that in which calls ended. So a line may not hold a text that nobody reads and
that may be its prompt under a name of one's own, and lines that number their samples are put in that order.
"""

from typing import Any

from ...io.errors import InputError
from ...io.fields import WHOLE
from ...io.jsonl import Line
from ...verify.responses import BESIDE
from .record import Lines

# Fields beside a response, at any depth, whose texts are not what was asked: of completions, and of logs of them.
SAYS_NOTHING = frozenset(
    """
    billing choices citations content_filter_results created created_at date done_reason endpoint error
    finish_reason incomplete_details kv_transfer_params latency method model model_id model_name moderation object
    output previous_response_id prompt_filter_results prompt_logprobs provider request_id response search_results
    service_tier status stop_reason system_fingerprint time timestamp url usage weight_version x_groq
    """.split()
).union(BESIDE)
# What people keep of a problem beside its answer, by names that no prompt has.
ABOUT_PROBLEMS = frozenset(
    """
    answer category dataset difficulty domain gold gold_answer ground_truth label level reference_answer source split
    subject target task task_name
    """.split()
)
# Settings of a request, which OpenAI's newer responses repeat.
SETTINGS = frozenset(
    """
    format function_call functions headers include instructions modalities prompt_cache_key prompt_cache_retention
    reasoning_effort response_format safety_identifier stop system tool_choice tools truncation type user verbosity
    """.split()
)


def refuse_unread(line: Line, where: str, *read: str) -> None:
    """Raise InputError where a line holds a text, in a field that was not read and is none of the known."""
    key = _unread(line, SAYS_NOTHING | ABOUT_PROBLEMS | {*read})
    if key is not None:
        raise InputError(
            where,
            f"says neither row nor prompt, but there is text in {key!r}",
            "call it `prompt` if it is that, name each line's `row`, or take it out",
        )


def _unread(line: Line, known: frozenset[str]) -> str | None:
    return next((key for key, value in line.items() if key not in known and _holds_text(value, known)), None)


def _holds_text(value: Any, known: frozenset[str]) -> bool:
    if isinstance(value, dict):
        return _unread(value, known) is not None
    if isinstance(value, list):
        return any(_holds_text(each, known) for each in value)
    return isinstance(value, str) and bool(value.strip())


def in_order(lines: Lines) -> Lines:
    """By `index`, where it numbers the lines one by one; else as they stand."""
    numbers: list[Any] = [line.get("index") for _, line in lines]
    if not all(map(WHOLE.holds, numbers)):
        return lines
    if not len(set(numbers)) == len(numbers) == max(numbers) - min(numbers) + 1:
        return lines
    return sorted(lines, key=lambda each: each[1]["index"])
