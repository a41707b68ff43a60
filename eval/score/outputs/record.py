"""What a file of outputs says of one prompt, before it is known which row that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...io import errors
from ...io.fields import NAME, OBJECT, TEXT, may
from ...io.jsonl import Line

NAMES = ("row", "key", "id", "custom_id")
TEXTS = ("prompt", "question", "problem", "instruction")
MOST = 10  # names listed in one line


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
    fit none, since the id may be a number of the harness's own and the text a whole rendered chat. Where the record is
    `framed`, a task of the harness may have put a template of its own around the row's prompt.
    """

    fields: Line
    hints: tuple[str, ...] = ()
    framed: bool = False


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


def beside(line: Line, key: str, where: object) -> Line:
    """The object in a field that may be missing; raises InputError on anything else there."""
    return may(line, key, OBJECT, where) or {}


def listed(names: Sequence[object]) -> str:
    """Names in a row, the first of them where there are many."""
    return errors.listed([f"{name!s:.60}" for name in names], MOST)
