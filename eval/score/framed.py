"""Prompts that a harness's task has put a template of its own around: which row's stands whole inside.

A template is the same for all: what stands in the line before a row's prompt, and in the line after it, may not differ
from record to record, or it is part of another problem.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..io.errors import InputError
from ..verify.rows import Row
from .outputs.record import TEXTS, Record, listed

FIX = "name each line's `row`"
OPENING = 24  # characters
UNSPACED = "\u2e80"  # from here on scripts write no spaces between words
Frame = tuple[str, str]  # what stands before and after in the same line
Asked = Mapping[str, set[int]]  # the places of the rows that each text asks


def take_framed(
    records: Sequence[Record], rows: Sequence[Row], asked: Asked, found: Sequence[set[int]]
) -> dict[int, set[int]]:
    """By the number of each record that may be framed and has no row yet: the places of the rows it holds a prompt of.

    Raises InputError where it holds several, or one amid other words than the other records do.
    """
    openings = _openings(asked)
    taken: dict[int, set[int]] = {}
    frames: dict[int, Frame] = {}
    for number, record in enumerate(records):
        if record.row.framed and not found[number]:
            inside = {text: _outermost(text, openings) for text in _texts(record)}
            if places := _in_all(inside.values(), asked):
                _refuse_several(places, rows, record.where)
                taken[number] = places
                frames[number] = _frame_of(places, inside, asked)
    _refuse_odd(frames, records)
    return taken


def _texts(record: Record) -> list[str]:
    said = [record.row.fields[key] for key in TEXTS if key in record.row.fields]
    return list(dict.fromkeys([*said, *record.row.hints]))


def _openings(asked: Asked) -> dict[str, list[str]]:
    """The prompts by how they open: a set has too many to look for each in every text."""
    openings: dict[str, list[str]] = {}
    for prompt in filter(None, asked):
        openings.setdefault(prompt[:OPENING], []).append(prompt)
    return openings


def _outermost(text: str, openings: Mapping[str, Sequence[str]]) -> list[str]:
    """The prompts of rows that stand whole in a text, but those that stand in longer ones."""
    parts = {
        text[at : at + length] for length in {len(opening) for opening in openings} for at in range(len(text))
    }
    near = (prompt for opening in parts & openings.keys() for prompt in openings[opening])
    inside = [prompt for prompt in near if prompt in text and _is_whole(prompt, text)]
    return [prompt for prompt in inside if not any(prompt != other and prompt in other for other in inside)]


def _in_all(found: Iterable[Sequence[str]], asked: Asked) -> set[int]:
    """The places that all texts of a record agree on which hold any prompt: its examples stand only in some."""
    places = [set().union(*(asked[prompt] for prompt in prompts)) for prompts in found if prompts]
    return set.intersection(*places) if places else set()


def _is_whole(prompt: str, text: str) -> bool:
    """Whether no word or number of the prompt goes on outside of it: `1 + 1` does not stand in `1 + 1.5`."""
    before, _, after = text.partition(prompt)
    return not (_joins(before[::-1], prompt) or _joins(after, prompt[::-1]))


def _joins(outside: str, inside: str) -> bool:
    """Whether the first characters of both, from their common border on, are of one word or number."""
    if inside[0].isdigit() and outside[:1] in (".", ","):
        return outside[1:2].isdigit()
    return all(char.isalnum() and char < UNSPACED for char in (outside[:1], inside[0]))


def _frame_of(places: set[int], inside: Mapping[str, Sequence[str]], asked: Asked) -> Frame:
    text, prompt = next(
        (text, prompt)
        for text, prompts in inside.items()
        for prompt in prompts
        if not places.isdisjoint(asked[prompt])
    )
    before, _, after = text.partition(prompt)
    return before.rpartition("\n")[2].strip(), after.partition("\n")[0].strip()


def _refuse_several(places: set[int], rows: Sequence[Row], where: str) -> None:
    if len({rows[place].question for place in places}) > 1:
        names = listed([rows[place].name for place in sorted(places)])
        raise InputError(where, f"its prompt holds those of {len(places)} rows ({names})", FIX)


def _refuse_odd(frames: Mapping[int, Frame], records: Sequence[Record]) -> None:
    """Refuse a record whose row stands amid other words than most rows do."""
    usual = Counter(frames.values()).most_common(1)
    odd = next((number for number, frame in frames.items() if frame != usual[0][0]), None)
    if odd is not None:
        words = f"{' … '.join(frames[odd])!r:.80}"
        raise InputError(
            records[odd].where,
            f"its prompt holds a row's amid words of its own ({words}): it may be another problem",
            FIX,
        )
