"""A response as its model reads it, token by token: prompt, thought, answer, and where the constraints stand."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..io.errors import InputError
from ..sample.checkpoint import Checkpoint, Prompt
from ..verify import render
from ..verify.responses import Response
from ..verify.rows import Row
from .lines import FIRST
from .spans import RowSpans

PARTS = 10  # equal parts in which thought and answer are traced


@dataclass(frozen=True)
class Asked:
    """The prompt's tokens, without a thought that it opens or skips (`lead`), and each constraint's positions in them.

    `turn` are the positions of the user's text.
    """

    tokens: list[int]
    lead: list[int]
    turn: range
    constraints: dict[int, list[int]]


@dataclass(frozen=True)
class Said:
    """The reply's tokens: all that comes before the answer, and the answer. `reasoned`: there is a thought that says
    something, and it was closed or cut off."""

    thought: list[int]
    answer: list[int]
    reasoned: bool
    closed: bool


def read_prompt(checkpoint: Checkpoint, row: Row, prompt: Prompt, spans: RowSpans, preset: str) -> Asked:
    """The tokens of a prompt, and which of them say the row's constraints.

    Raises InputError where the tokenizer gives no offsets, or the template changes the user's text.
    """
    turn = render(row, preset=preset)
    start = prompt.text.find(turn)
    if start < 0:
        turn = turn.strip()
        start = prompt.text.find(turn)
    if start < 0:
        raise InputError(
            checkpoint.name,
            f"its chat template changes the user's text (row {row.name!r})",
            "take a template that leaves it as it is: the constraints are looked for in it",
        )
    shift = start - spans.prompt.find(turn)
    tokens, offsets = with_offsets(checkpoint, prompt.text)
    told = positions(offsets, 0, len(prompt.text) - len(prompt.lead))
    places: dict[int, list[int]] = {}
    for span in spans.spans:
        inside = positions(offsets, span.start + shift, span.end + shift)
        places[span.constraint] = sorted({*places.get(span.constraint, []), *inside})
    said = positions(offsets, start, start + len(turn))
    count = told[-1] + 1 if told else 0
    return Asked(tokens[:count], tokens[count:], range(said[0], said[-1] + 1), places)


def read_reply(checkpoint: Checkpoint, prompt: Prompt, response: Response) -> Said:
    """The tokens of a reply, read again from its text: the sampled ones are not kept, and may have been split
    otherwise. The blanks between thought and answer count with the thought."""
    form = checkpoint.form
    text = response.text
    if response.thought:
        text = form.opening + response.thought.strip() + form.closing + text.lstrip()
    split = response.split()
    after = len(text) - len(response.text.lstrip()) if response.thought else split.after
    while after < len(text) and after and text[after].isspace():
        after += 1
    if split.state == "unclosed":
        after = len(text)
    return Said(
        checkpoint.encode(text[:after]),
        checkpoint.encode(text[after:]),
        reasoned=split.reasoned,
        closed=split.state == "closed",
    )


def with_offsets(checkpoint: Checkpoint, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids with the half-open characters of each; raises InputError where the tokenizer does not give them."""
    if not checkpoint.tokenizer.is_fast:
        raise InputError(
            checkpoint.name,
            "its tokenizer gives no offsets",
            "save it with a tokenizer.json (a fast tokenizer)",
        )
    encoded: Any = checkpoint.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return list(encoded["input_ids"]), [tuple(place) for place in encoded["offset_mapping"]]


def positions(offsets: Sequence[tuple[int, int]], start: int, end: int) -> list[int]:
    """The tokens that hold any of the characters [start, end): one that only touches them holds none."""
    return [index for index, (first, last) in enumerate(offsets) if first < end and last > max(first, start)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a reply that are measured together: those of one phase, and of one of the equal parts of thought or
    answer."""

    rows: range
    phase: str
    part: int


def stretches(prompt: int, thought: int, answer: int, *, reasoned: bool) -> list[Stretch]:
    """The rows of thought and answer, from the numbers of tokens: a token's row is the one before it, which predicts it.

    Cut where a phase ends and where an equal part does; none is empty.
    """
    begin = prompt + thought - 1
    found = _cut(range(prompt - 1, begin), ["thought"], []) if reasoned else []
    return found + _cut(range(begin, begin + answer), ["onset", "rest"], [begin + FIRST])


def _cut(rows: range, phases: list[str], ends: list[int]) -> list[Stretch]:
    parts = [rows.start + len(rows) * part // PARTS for part in range(PARTS + 1)]
    edges = sorted({*parts, *(end for end in ends if end in rows)})
    return [
        Stretch(range(first, last), phases[bisect_right(ends, first)], bisect_right(parts, first) - 1)
        for first, last in pairwise(edges)
    ]
