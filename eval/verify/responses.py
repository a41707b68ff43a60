"""Responses: one generated text to one row, as sampling writes and scoring reads them.

A line of `responses.jsonl` holds `{row, sample, text, state, cut, reasoning_tokens, answer_tokens, seed,
prompt_hash}`; only the first three are needed, the rest is null where a file does not say it. A thought that a server
took out of the text is read from the column it was put in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ..io.errors import InputError
from ..io.jsonl import Line, iter_jsonl
from .reasoning import Split, State, split_reasoning


@dataclass(frozen=True, slots=True)
class Response:
    """One sample of one row. `truncated` (files say `cut`): it hit the token limit.

    `state` is the reasoning's, as sampling saw it; lengths are in tokens, those of the reasoning include its tags.
    `thought` stands beside the text where a server took it out.
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

    def split(self, preset: str = "reins") -> Split:
        """Reasoning and answer. Where sampling says `unclosed`, the template may have opened the thought."""
        prefilled = self.state == "unclosed"
        return split_reasoning(self.text, preset=preset, prefilled=prefilled, beside=self.thought)

    def line(self) -> Line:
        """The response as files hold it."""
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
        }


# Each field of a line: its type, and how a person would name it.
_FIELDS: dict[str, tuple[type, str]] = {
    "row": (str, "a text"),
    "sample": (int, "a number"),
    "text": (str, "a text"),
    "state": (str, f"one of {', '.join(get_args(State))}"),
    "cut": (bool, "true or false"),
    "reasoning_tokens": (int, "a number"),
    "answer_tokens": (int, "a number"),
    "seed": (int, "a number"),
    "prompt_hash": (str, "a text"),
}
NEEDED = ("row", "sample", "text")
BESIDE = ("reasoning_content", "reasoning", "thinking")  # of vLLM, its later releases, Ollama


def as_response(line: Line, where: str) -> Response:
    """A line in our form as a response; raises InputError, opening with `where`, on a field of no use."""
    for key, (kind, known) in _FIELDS.items():
        value = line.get(key)
        if value is None and key not in NEEDED:
            continue
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not fits or (key == "state" and value not in get_args(State)):
            raise InputError(where, f"field {key!r} is {value!r:.60}", f"give {known}")
    fields: Line = {key: line.get(key) for key in _FIELDS}
    return Response(truncated=fields.pop("cut"), thought=thought_beside(line), **fields)


def thought_beside(line: Line, sample: int = 0) -> str | None:
    """The thought that a line holds in a column of its own, one for each sample where it holds several."""
    beside = next((line[column] for column in BESIDE if line.get(column)), None)
    if isinstance(beside, list):
        beside = beside[sample] if sample < len(beside) else None
    return beside if isinstance(beside, str) else None


def iter_responses(file: str | Path) -> Iterator[Response]:
    """The responses of a file that sampling wrote, one by one; raises InputError naming file and line."""
    for number, line in iter_jsonl(file):
        yield as_response(line, f"{file}:{number}")
