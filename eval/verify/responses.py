"""Responses: one generated text to one row, as sampling writes and scoring reads them.

A line of `responses.jsonl` holds `{row, sample, text, state, cut, reasoning_tokens, answer_tokens, seed,
prompt_hash}`; only the first three are needed, the rest is null where a file does not say it, but `cut` follows from
`truncated` or from a server's `finish_reason`. Where sampling knows them it adds the costs `calls, prompt_tokens, drawn_tokens`, the `first`
reply of a mode of two passes, and the decision `p_yes, p_word` of mode `decide`. A thought that a server took out of the
text is read from the column it was put in, and text in a column named like one that is not read is refused. What a server
says beside a reply is kept as it came, in `finish_reason` and `usage`, for people and for the cost; no other use is made
of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from ..io.errors import InputError
from ..io.fields import CHANCE, COUNT, FLAG, OBJECT, TEXT, WHOLE, Kind, choice, may, need
from ..io.jsonl import Line, iter_jsonl
from .reasoning import Split, State, split_reasoning


@dataclass(frozen=True, slots=True)
class Response:
    """One sample of one row. `truncated` (files say `cut`): it hit the token limit, or a filter ended it.

    `state` is the reasoning's, as sampling saw it; lengths are in tokens, those of the reasoning include its tags.
    `thought` stands beside the text where a server took it out. `first` is the reply that the mode showed again. Costs are
    those of all passes: `calls` of the model, tokens of their prompts, tokens drawn. `p_yes` is the probability of YES
    against NO, `p_word` that of either.
    """

    row: str
    sample: int
    text: str
    state: State | None = None
    truncated: bool | None = None
    reasoning_tokens: int | None = None
    answer_tokens: int | None = None
    seed: int | None = None
    prompt_hash: str | None = None
    thought: str | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    calls: int | None = None
    prompt_tokens: int | None = None
    drawn_tokens: int | None = None
    p_yes: float | None = None
    p_word: float | None = None
    first: "Response | None" = None

    def split(self, preset: str = "reins") -> Split:
        """Reasoning and answer. Where sampling says `unclosed`, the template may have opened the thought."""
        prefilled = self.state == "unclosed" and not self.thought
        return split_reasoning(self.text, preset=preset, prefilled=prefilled, beside=self.thought)

    def after(self, first: "Response") -> "Response":
        """This reply as one of a second pass, with the first and the costs of both: None where one is not told."""
        costs = [(getattr(first, cost), getattr(self, cost)) for cost in COSTS]
        calls, prompts, drawn = (None if None in pair else sum(pair) for pair in costs)
        return replace(self, first=first, calls=calls, prompt_tokens=prompts, drawn_tokens=drawn)

    def unpaid(self) -> "Response":
        """The reply as one that was there already."""
        return replace(self, calls=0, prompt_tokens=0, drawn_tokens=0)

    def line(self) -> Line:
        """The response as files hold it."""
        beside = {
            BESIDE[0]: self.thought,
            "finish_reason": self.finish_reason,
            "usage": self.usage,
            **{key: getattr(self, key) for key in (*COSTS, *CHANCES)},
            "first": self.first
            and {key: value for key, value in self.first.line().items() if key not in KEY},
        }
        return {
            "row": self.row,
            "sample": self.sample,
            "text": self.text,
            "state": self.state,
            "cut": self.truncated,
            "reasoning_tokens": self.reasoning_tokens,
            "answer_tokens": self.answer_tokens,
            "seed": self.seed,
            "prompt_hash": self.prompt_hash,
            **{key: value for key, value in beside.items() if value is not None},
        }


# Each field of a line and what it may hold; what is not needed may be null.
_FIELDS: dict[str, Kind] = {
    "row": TEXT,
    "sample": COUNT,
    "state": choice(get_args(State)),
    "cut": FLAG,
    "reasoning_tokens": COUNT,
    "answer_tokens": COUNT,
    "seed": WHOLE,
    "prompt_hash": TEXT,
}
NEEDED = ("row", "sample", "text")
KEY = ("row", "sample")
COSTS = ("calls", "prompt_tokens", "drawn_tokens")
CHANCES = ("p_yes", "p_word")
# Finish reasons of a reply that hit its limit, or the end of the model's context; `incomplete` is the state of an OpenAI
# response that does not say which.
AT_LIMIT = (
    "length", "max_tokens", "max_new_tokens", "max_output_tokens", "max_completion_tokens", "model_length",
    "model_context_window_exceeded", "context_length_exceeded", "error_limit", "incomplete",
)  # fmt: skip
# Finish reasons of a reply that came to an end of its own: by its end token, a stop text or a call of a tool.
ENDED = (
    "stop", "stop_sequence", "eos", "eos_token", "end_turn", "endoftext", "end_of_text",
    "finish", "complete", "completed", "tool_calls", "tool_call", "tool_use", "function_call",
)  # fmt: skip
# Finish reasons of a reply that a filter ended, as OpenAI, Gemini, Anthropic, Bedrock, Cohere and GLM write them: asked
# again it would end there again, and it is no whole answer.
FILTERED = (
    "content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "refusal", "guardrail_intervened",
    "content_filtered", "error_toxic", "sensitive",
)  # fmt: skip
CUT = ("cut", "truncated", "is_truncated")  # flags that say the same
# Columns of a thought: of vLLM, its later releases, Ollama, Qwen's examples, of files made by hand, of OpenRouter, LiteLLM.
BESIDE = (
    "reasoning_content", "reasoning", "thinking", "thinking_content", "thought", "thoughts", "chain_of_thought",
    "reasoning_text", "reasoning_details", "thinking_blocks",
)  # fmt: skip
# What their names are like: a text in another such column would be a thought that nobody reads.
THOUGHT_NAMED = re.compile(
    r"\A(?:reason|think|thought)"
    r"|(?:\A|[_ -])(?:reasoning|thinking|thoughts?|cot|rationale|analysis|scratchpad|monologue)(?:[_ -]|\Z)"
    r"|thoughts?\Z",
    re.IGNORECASE,
)
# Types of OpenRouter's details and of Anthropic's blocks, and the field that each holds a text in; nobody can read the
# `data` of those that are encrypted.
DETAILS = {
    "reasoning.text": "text", "reasoning.summary": "summary", "reasoning.encrypted": "text",
    "thinking": "thinking", "redacted_thinking": "text",
}  # fmt: skip
REASONS = ("finish_reason", "stop_reason", "done_reason")  # of OpenAI, Anthropic, Ollama
# Finish reasons of what was broken off, as routers between servers, vLLM, SGLang, GLM and other hosted APIs write them.
BROKEN_OFF = (
    "error", "network_error", "timeout", "abort", "aborted", "cancelled", "canceled", "user_cancel", "failed",
    "insufficient_system_resource",
)  # fmt: skip
FAILED = "ask again for what failed, and give the answers in one file"
# Types of content parts that are text, and the field that each holds it in.
PARTS = {"text": "text", "output_text": "text", "input_text": "text", "refusal": "refusal"}


def as_response(line: Line, where: str) -> Response:
    """A line in our form as a response; raises InputError, opening with `where`, on a field of no use."""
    fields: Line = {
        key: (need if key in NEEDED else may)(line, key, kind, where) for key, kind in _FIELDS.items()
    }
    fields |= {key: may(line, key, COUNT, where) for key in COSTS}
    fields |= {key: may(line, key, CHANCE, where) for key in CHANCES}
    if first := may(line, "first", OBJECT, where):
        fields["first"] = as_response({**{key: line[key] for key in KEY}, **first}, f"{where}: first")
    text = need_text(line, "text", where)
    del fields["cut"]
    cut = next((flag for key in CUT if (flag := may(line, key, FLAG, where)) is not None), None)
    truncated = hit_limit(line, where, *REASONS) if cut is None else cut
    return Response(text=text, truncated=truncated, thought=thought_beside(line, where), **fields)


def hit_limit(line: Line, where: object, *keys: str) -> bool | None:
    """Whether a generation ended before its answer did: at its token limit, or by a filter, as the first of these fields
    that there is says.

    None where no reason is given, or one that is not known: it may be of either kind. Raises InputError where it was
    broken off: half an answer is no response.
    """
    reasons = (_reason(line, key, where) for key in keys)
    reason = _plain(next(filter(None, reasons), ""))
    if reason in BROKEN_OFF:
        raise InputError(where, f"a response that was broken off ({reason})", FAILED)
    if reason in AT_LIMIT + FILTERED:
        return True
    return False if reason in ENDED else None


def _plain(reason: str) -> str:
    """A reason as the lists above spell it: Gemini's is `FinishReason.MAX_TOKENS`, or has its type's name in front."""
    *_, member = reason.lower().replace("-", "_").split(".")
    return member.removeprefix("finish_reason_")


def _reason(line: Line, key: str, where: object) -> str | None:
    reason = line.get(key)
    if key == "stop_reason" and isinstance(reason, int):
        return None  # vLLM's is the token, or the text, that it stopped at: it says nothing of a limit
    if isinstance(reason, dict):  # SGLang's own interface says `{type: length, length: 512}`
        line, key = reason, "type"
    said: str | None = may(line, key, TEXT, where)
    return said


def _refuse_unread(line: Line, where: object) -> None:
    for key, value in line.items():
        if key not in BESIDE and THOUGHT_NAMED.search(key) and speaks(value):
            what = f"{key!r} holds text that may be the thought"
            raise InputError(where, what, f"call it `{BESIDE[0]}` if it is that, or take it out")


def speaks(value: object) -> bool:
    """Whether there is more text than the one word of a setting, such as the effort."""
    if isinstance(value, str):
        return len(value.split()) > 1 or not value.isascii()
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(speaks, inside))


def need_text(line: Line, key: str, where: object) -> str:
    """The text in a field: one text, or content parts as chat servers give them, where all of them are text.

    Raises InputError, opening with `where`, on anything else.
    """
    value = line.get(key)
    parts = value if isinstance(value, list) else []
    if parts and all(isinstance(part, dict) and f"{part.get('type')}" in PARTS for part in parts):
        return "".join(need(part, PARTS[part["type"]], TEXT, where) for part in parts)
    text: str = need(line, key, TEXT, where)
    return text


def thought_beside(line: Line, where: object) -> str | None:
    """The thought that a line of one text holds in a column of its own; raises InputError as `need_text`."""
    (thought,) = thoughts_beside(line, 1, where)
    return thought


def thoughts_beside(line: Line, samples: int, where: object) -> list[str | None]:
    """The thoughts in a column of their own, one for each of a line's texts.

    Raises InputError as `need_text`, and where another column holds text that may be a thought: nobody would read it.
    """
    _refuse_unread(line, where)
    column = next((column for column in BESIDE if line.get(column) and line[column] is not True), None)
    if column is None:
        return [None] * samples
    thoughts = line[column] if _is_one_each(line[column]) else [line[column]]
    if len(thoughts) != samples:
        raise InputError(
            where, f"{len(thoughts)} in {column!r} for {samples} texts", "give one for each text"
        )
    return [thought and _thought(thought, column, where) for thought in thoughts]


def _thought(value: object, column: str, where: object) -> str | None:
    """One text or content parts, or what can be read of OpenRouter's details."""
    parts = value if isinstance(value, list) else []
    if parts and all(isinstance(each, dict) and f"{each.get('type')}" in DETAILS for each in parts):
        told = (may(part, DETAILS[part["type"]], TEXT, where) for part in parts)
        return "\n".join(filter(None, told)) or None
    return need_text({column: value}, column, where)


def _is_one_each(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(each, dict) for each in value)


def iter_responses(file: str | Path) -> Iterator[Response]:
    """The responses of a file that sampling wrote, one by one; raises InputError naming file and line."""
    for number, line in iter_jsonl(file):
        yield as_response(line, f"{file}:{number}")
