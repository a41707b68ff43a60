"""Outputs of chat servers: completions a line, batch outputs of OpenAI and vLLM, logged calls, whole conversations.

A completion is OpenAI's `{choices: [{message, finish_reason}], usage}` (or its newer `{object: response, output}`),
alone, beside its request, or as the `body` of a batch's answer. A request says its prompt by its last user turn.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ...io.errors import InputError
from ...io.fields import COUNT, LIST, NAME, OBJECT, TEXT, list_of, may, need
from ...io.jsonl import Line
from ...verify.messages import said_in
from ...verify.reasoning import split_reasoning
from ...verify.responses import (
    BESIDE,
    FAILED,
    REASONS,
    hit_limit,
    need_text,
    speaks,
    thoughts_beside,
)
from ...verify.usage import Usage, lengths, usage_of
from .record import Generation, Lines, Record, RowSaid, beside, listed, row_said
from .unread import SETTINGS, refuse_unread

OBJECTS = list_of(OBJECT, "objects")
PROMPTS = ("messages", "input", "prompt")  # fields of a line or its request that may hold what was asked
NOT_ASKING = ("assistant", "system", "developer")
NOT_ENDED = ("failed", "cancelled", "in_progress", "queued")  # states of a response that is no whole answer


def is_completion(value: object) -> bool:
    """Whether this is what a server answered, rather than a text or a message."""
    return isinstance(value, dict) and ("choices" in value or value.get("object") == "response")


def is_call(value: object) -> bool:
    """Whether this is a completion as a logger or a batch wraps it."""
    return is_completion(value) or (isinstance(value, dict) and is_completion(value.get("body")))


def read_completions(lines: Lines) -> list[Record]:
    """A completion a line, with whatever stands beside it; its own `id` is no row's."""
    return [
        Record(where, _asked(_without_own_id(line), where), completed(line, where)) for where, line in lines
    ]


def read_calls(lines: Lines) -> list[Record]:
    """Lines of `request` or `prompt`, and a `response` that is a completion."""
    return [
        Record(
            where, _asked(line, where), completed(_body(need(line, "response", OBJECT, where)), where, line)
        )
        for where, line in lines
    ]


def read_batch(lines: Lines) -> list[Record]:
    """The answers of a batch by their `custom_id`.

    Raises InputError, naming them, where requests failed: a failure is no response.
    """
    failed = [(where, line["custom_id"]) for where, line in lines if _has_failed(line)]
    if failed:
        names = listed([name for _, name in failed])
        what = f"{len(failed)} of {len(lines)} requests failed (custom_id {names})"
        raise InputError(failed[0][0], what, FAILED)
    return [
        Record(where, _named(line, where), completed(_body(line["response"]), where, line))
        for where, line in lines
    ]


def read_conversations(lines: Lines) -> list[Record]:
    """Lines of `messages`, the last of them the assistant's."""
    return [Record(where, _asked(line, where), [last_reply(line, where)]) for where, line in lines]


def completed(body: Line, where: str, holder: Line | None = None) -> list[Generation]:
    """The generations of one completion, in the order of their index; raises InputError where there are none.

    Their thoughts may stand beside it, in the `holder` that it is in.
    """
    holder = body if holder is None else holder
    if body.get("object") == "response":
        (thought,) = _thoughts_in(holder, 1, where)
        return [_of_items(body, thought, where)]
    choices = need(body, "choices", OBJECTS, where)
    if not choices:
        raise InputError(where, "a completion without any choice", FAILED)
    usage = usage_of(body) if len(choices) == 1 else None
    pairs = zip(choices, _thoughts_in(holder, len(choices), where), strict=True)
    in_order = sorted(pairs, key=lambda pair: may(pair[0], "index", COUNT, where) or 0)
    return [_of_choice(choice, thought, usage, where) for choice, thought in in_order]


def _thoughts_in(holder: Line, samples: int, where: str) -> list[str | None]:
    """The thoughts in columns beside a completion; by the same names requests say whether and how hard to think."""
    said = {key: value for key, value in holder.items() if key not in BESIDE or speaks(value)}
    return thoughts_beside(said, samples, where)


def last_reply(line: Line, where: str) -> Generation:
    """The assistant's last message of a conversation; raises InputError where it does not end in one."""
    messages = need(line, "messages", OBJECTS, where)
    if not messages or messages[-1].get("role") != "assistant":
        raise InputError(where, "the last message is not the assistant's", "give the reply with its prompt")
    (thought,) = _thoughts_in(line, 1, where)
    return said_by(messages[-1], where, truncated=hit_limit(line, where, *REASONS), beside=thought)


def said_by(
    message: Line,
    where: str,
    *,
    truncated: bool | None = None,
    usage: Usage | None = None,
    beside: str | None = None,
) -> Generation:
    """An assistant's message: its text, and the thought that stands in a field or a content part of its own, or is
    known from `beside`."""
    text, apart, hidden = said_in(message, where)
    thought = apart or beside
    hidden = hidden and not thought
    return Generation(text, thought, truncated, *_lengths(usage, text, thought, truncated, hidden=hidden))


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(filter(None, texts))


def user_turn(messages: object) -> str | None:
    """The text of the last user turn of some messages; None where there is none, or it is more than text."""
    if not isinstance(messages, list):
        return None
    turns = [each for each in messages if isinstance(each, dict) and each.get("role") == "user"]
    try:
        return need_text(turns[-1], "content", "") if turns else None
    except InputError:  # a picture, say: no row asks by one
        return None


def _named(line: Line, where: str) -> RowSaid:
    return row_said({"custom_id": need(line, "custom_id", NAME, where)})


def _asked(line: Line, where: str) -> RowSaid:
    """By what stands beside a completion: fields of its own, or the request that it answers.

    Raises InputError where a prompt is there and cannot be read, or may be in a field that nobody reads: such lines
    are in the order in which calls ended.
    """
    request = _request(line, where)
    fields = {key: value for key, value in line.items() if key not in PROMPTS or value == _loaded(value)}
    said = row_said(fields, *(prompt for source in (line, request) for prompt in _prompts(source)))
    if said.fields:
        return said
    if any(_asks(source.get(key)) for source in (line, request) for key in PROMPTS):
        raise InputError(
            where, "its prompt cannot be read", "give it as a text or a user's message, or name the row"
        )
    repeated = SETTINGS if line.get("object") == "response" else ()
    refuse_unread(line, where, *PROMPTS, "request", *repeated)
    refuse_unread(request, where, *PROMPTS, *SETTINGS)
    return said


def _request(line: Line, where: str) -> Line:
    """The request that a line's completion answers: as it was sent, as the body of a call, or the prompt alone."""
    request = _loaded(line.get("request"))
    body = _loaded(request.get("body", request)) if isinstance(request, dict) else request
    if isinstance(body, str):
        return {"prompt": body}
    if isinstance(body, list):
        return {"messages": body}
    return need({"request": body}, "request", OBJECT, where) if body is not None else {}


def _loaded(value: object) -> object:
    """What JSON text holds; anything else as it is."""
    if not (isinstance(value, str) and value.lstrip().startswith(("{", "["))):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _prompts(source: Line) -> Iterator[str | None]:
    """The prompts that a line or request says: of its messages, or plain, also as a list of one."""
    for key in PROMPTS:
        value = _loaded(source.get(key))
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
            value = value[0]
        yield value if isinstance(value, str) else user_turn(value)


def _asks(value: object) -> bool:
    """Whether a field holds a prompt: more than the assistant's own messages, and a system's."""
    value = _loaded(value)
    if not isinstance(value, list):
        return bool(value)
    return any(not (isinstance(turn, dict) and turn.get("role") in NOT_ASKING) for turn in value)


def _without_own_id(line: Line) -> Line:
    return {key: value for key, value in line.items() if key != "id"}


def _body(answer: Line) -> Any:
    return answer.get("body", answer)


def _has_failed(line: Line) -> bool:
    answer = line["response"]
    if line.get("error") or not isinstance(answer, dict) or not is_completion(_body(answer)):
        return True
    return bool(answer.get("status_code", 200) != 200 or _body(answer).get("status") in NOT_ENDED)


def _lengths(
    usage: Usage | None, text: str, thought: str | None, truncated: bool | None, *, hidden: bool
) -> tuple[int | None, int | None]:
    return lengths(usage, split_reasoning(text, beside=thought), truncated, hidden=hidden)


def _of_choice(choice: Line, thought: str | None, usage: Usage | None, where: str) -> Generation:
    truncated = hit_limit(choice, where, *REASONS)
    # Of a completion without chat, whose thought is beside its text.
    if "text" in choice and "message" not in choice:
        message = {**choice, "content": need(choice, "text", TEXT, where)}
    else:
        message = need(choice, "message", OBJECT, where)
    return said_by(message, where, truncated=truncated, usage=usage, beside=thought)


def _of_items(body: Line, beside_it: str | None, where: str) -> Generation:
    """OpenAI's newer form: a list of items, of which messages hold the text and reasoning its summary."""
    if body.get("error") or body.get("status") in NOT_ENDED:
        raise InputError(where, f"a response that has not ended (status {body.get('status')})", FAILED)
    items = need(body, "output", OBJECTS, where)
    reasoning = [item for item in items if item.get("type") == "reasoning"]
    text = _joined(_content(item, where) for item in _answering(items))
    parts = (part for item in reasoning for part in _reasoning_parts(item, where))
    thought = "\n".join(need(part, "text", TEXT, where) for part in parts) or beside_it
    ended = beside(body, "incomplete_details", where) or {"reason": body.get("status")}
    truncated = hit_limit(ended, where, "reason")
    hidden = bool(reasoning) and not thought
    counts = _lengths(usage_of(body), text, thought, truncated, hidden=hidden)
    return Generation(text, thought, truncated, *counts)


def _answering(items: Iterable[Line]) -> list[Line]:
    """The messages that are the answer, not what was said on the way to it, where they tell."""
    messages = [item for item in items if item.get("type") == "message"]
    final = [item for item in messages if item.get("phase") == "final_answer"]
    return final or [item for item in messages if item.get("phase") != "commentary"] or messages


def _content(item: Line, where: str) -> str:
    return need_text(item, "content", where) if need(item, "content", LIST, where) else ""


def _reasoning_parts(item: Line, where: str) -> list[Line]:
    return may(item, "content", OBJECTS, where) or may(item, "summary", OBJECTS, where) or []
