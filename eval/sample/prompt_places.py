"""Which tokens of a prompt say the constraints of its row, and as many others to hold them against."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ..attention.spans import RowSpans
from ..io.errors import InputError
from ..verify.prompt import PUBLISHED_REQUEST, REQUEST, render
from ..verify.rows import Row
from .checkpoint import Checkpoint, Prompt

NEAREST = 8  # free places among which a random run is drawn, nearest first


@dataclass(frozen=True)
class Asked:
    """The prompt's tokens, without a thought that it opens or skips (`lead`), and each constraint's positions in them.

    `turn` are the positions of the user's text, `request` those in it that ask for the boxed answer.
    """

    tokens: list[int]
    lead: list[int]
    turn: range
    request: list[int]
    constraints: dict[int, list[int]]

    @property
    def said(self) -> set[int]:
        """The positions that say any of the constraints."""
        return {place for places in self.constraints.values() for place in places}

    @property
    def turn_tokens(self) -> list[int]:
        return self.tokens[self.turn.start : self.turn.stop]


def read_prompt(checkpoint: Checkpoint, row: Row, prompt: Prompt, spans: RowSpans, preset: str) -> Asked:
    """The tokens of a prompt, and which of them say the row's constraints.

    Raises InputError where the tokenizer gives no offsets, or the template changes the user's text.
    """
    turn = render(row, preset=preset)
    turn = turn if turn in prompt.text else turn.strip()
    start = prompt.text.find(turn)
    of_spans = prompt.text.find(spans.prompt.strip(), max(0, start))
    if min(start, of_spans) < 0:
        raise InputError(
            checkpoint.name,
            f"its chat template changes the user's text (row {row.name!r})",
            "take a template that leaves it as it is: the constraints are looked for in it",
        )
    shift = of_spans - (len(spans.prompt) - len(spans.prompt.lstrip()))
    tokens, offsets = with_offsets(checkpoint, prompt.text)
    told = positions(offsets, 0, len(prompt.text) - len(prompt.lead))
    places: dict[int, list[int]] = {}
    for span in spans.spans:
        inside = positions(offsets, span.start + shift, span.end + shift)
        places[span.constraint] = sorted({*places.get(span.constraint, []), *inside})
    said = positions(offsets, start, start + len(turn))
    count = told[-1] + 1 if told else 0
    request = _request_places(turn, start, offsets)
    return Asked(tokens[:count], tokens[count:], range(said[0], said[-1] + 1), request, places)


def _request_places(turn: str, start: int, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The tokens of the user's text that ask for the boxed answer; none where it asks for none."""
    for words in (PUBLISHED_REQUEST, REQUEST):
        if (at := turn.find(words)) >= 0:
            return positions(offsets, start + at, start + at + len(words))
    return []


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


def runs(places: Iterable[int]) -> list[range]:
    """Positions as runs of neighbours."""
    found: list[range] = []
    for place in sorted(places):
        if found and found[-1].stop == place:
            found[-1] = range(found[-1].start, place + 1)
        else:
            found.append(range(place, place + 1))
    return found


def random_places(asked: Asked, rng: Random) -> tuple[list[int] | None, int]:
    """Other positions of the user's text in runs like those of the constraints, and how many there were to draw from.

    Each run takes one of the nearest free places of its length; one that fits nowhere is halved. The request for the boxed
    answer is an instruction too, so it is not drawn from. None where fewer tokens are left than the constraints have.
    """
    free = {*asked.turn} - asked.said - {*asked.request}
    left = len(free)
    drawn: list[int] = []
    wanted = _constraint_runs(asked)
    while wanted:
        run = wanted.pop(max(range(len(wanted)), key=lambda number: len(wanted[number])))
        starts = [at for at in asked.turn if all(place in free for place in range(at, at + len(run)))]
        if starts:
            at = rng.choice(sorted(starts, key=lambda at: abs(at - run.start))[:NEAREST])
            drawn += range(at, at + len(run))
            free -= set(range(at, at + len(run)))
        elif len(run) > 1:
            wanted += [run[: len(run) // 2], run[len(run) // 2 :]]
        else:
            return None, left
    return sorted(drawn), left


def _constraint_runs(asked: Asked) -> list[range]:
    """The runs of each constraint's tokens; a token that two share counts with the first."""
    taken: set[int] = set()
    of_all: list[range] = []
    for places in asked.constraints.values():
        of_all += runs({*places} - taken)
        taken |= {*places}
    return of_all
