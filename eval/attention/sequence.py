"""A response as its model reads it, token by token: thought, answer, and the rows of each phase."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from ..sample.checkpoint import Checkpoint, Prompt
from ..verify.responses import Response
from .lines import FIRST

PARTS = 10  # equal parts in which thought and answer are traced


@dataclass(frozen=True)
class Said:
    """The reply's tokens: all that comes before the answer, and the answer. `reasoned`: there is a thought that says
    something, and it was closed or cut off. `unclosed` are the thought's tokens without what closes it."""

    thought: list[int]
    unclosed: list[int]
    answer: list[int]
    reasoned: bool
    closed: bool


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
    closing = text.rfind(form.closing, 0, after)
    return Said(
        checkpoint.encode(text[:after]),
        checkpoint.encode(text[: closing if closing >= 0 else after]),
        checkpoint.encode(text[after:]),
        reasoned=split.reasoned,
        closed=split.state == "closed",
    )


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
    thought_rows = _cut(range(prompt - 1, begin), ["thought"], []) if reasoned else []
    return thought_rows + _cut(range(begin, begin + answer), ["onset", "rest"], [begin + FIRST])


def _cut(rows: range, phases: list[str], ends: list[int]) -> list[Stretch]:
    parts = [rows.start + len(rows) * part // PARTS for part in range(PARTS + 1)]
    edges = sorted({*parts, *(end for end in ends if end in rows)})
    return [
        Stretch(range(first, last), phases[bisect_right(ends, first)], bisect_right(parts, first) - 1)
        for first, last in pairwise(edges)
    ]
