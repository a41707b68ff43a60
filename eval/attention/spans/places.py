"""Where each constraint of a row stands in its prompt, by rule: half-open character spans.

A composite's prompt is question, request and descriptions (`eval/verify/prompt.py`), so a span is where the
description was put: exact by construction. IFEval's prompts say their constraints freely; there the wordings of
`phrases.py` are looked for. A constraint that is not found has no span, and is listed, never guessed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ...io.errors import InputError
from ...verify import Constraint, describe, render
from ...verify.rows import Row
from .phrases import PHRASES
from .vocabulary import says_any_number, says_number

Place = tuple[int, int]

_SUBJECT = (
    r"(?:(?:your|the|this|it|you|there|all|each|its|my|i)\b(?: (?!(?:and|but|or)\b)[\w'’-]+| \([^()\n]*\)){0,5}? "
    r"(?:should|must|shall|needs? to|has to|have to|would like|want|cannot|can|is|are)\b"
    r"(?: (?:be|also|only|not|at|contain|include|have|written|use|to be))* )"
)
_SURE = r"(?:(?:please )?(?:also )?(?:make sure|ensure|be sure|make your)\b(?:(?!English|\s(?:and|but)\s)[^.,;:!?\n]){0,50}?\s)"
_LEAD = rf"(?:{_SURE}|(?:i(?:['’]d| would) like your \w+ to (?:be|have) )?(?:(?:please|you are) )?(?:{_SUBJECT}|(?:must|should) )?)"
_WHERE = (
    r"(?:[^\S\n]+(?:anywhere |somewhere )?(?:in|of|throughout|within|inside|for|from|at|to) (?:your|the|this) "
    r"(?:(?:entire|whole|full|very|final) )*(?!style|form|tone|following)\w+(?: (?:post|response|of (?:your|the) (?:entire )?\w+))?| throughout(?=[.,;\n]|$))"
)
_EXAMPLE = (
    r"(?:\s*[,(:]?\s*(?:such as|i\.e\.?,?|e\.g\.?,?|like(?: this)?:?|(?:for )?example:?,?|an example of a \w+ is|using the following"
    r" format|in the following form(?:at)?|following the format below|with the format below):?\s*"
    r"(?:(?:\n+\*[^\n]*|\n+\.\.\.)+|<<[^>\n]*>>|\*[^*\n]+\*|(?:,?\s*(?:and )?\[[^\]\n]*\])+|[\"“][^\"”\n]*[\"”])\)?)"
)
_MARKDOWN = r"(?: (?:in|with|using) (?:the )?markdown(?: (?:format|syntax|bullet points|divider:?\s*\*{3}))?)"
_TAIL = rf"(?:{_WHERE}|{_MARKDOWN}|{_EXAMPLE}){{0,3}}"


# Its template goes on to say how the answer is given.
REPEAT = "combination:repeat_prompt"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a prompt that says a constraint: its place in the row's list, and half-open characters."""

    constraint: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RowSpans:
    """The spans of a row's prompt, in their order, and the constraints that were not found in it."""

    row: str
    prompt: str
    spans: list[Span]
    missing: list[int] = field(default_factory=list)

    def line(self) -> dict[str, Any]:
        """As `reins attend --spans-only` writes it."""
        spans = [{"constraint": span.constraint, "start": span.start, "end": span.end} for span in self.spans]
        return {"row": self.row, "spans": spans}


def row_spans(row: Row, *, preset: str = "reins") -> RowSpans:
    """The spans of one row, in the user turn that `render` writes for it under a preset."""
    prompt = render(row, preset=preset)
    described = list(_described(row, prompt))
    spans: list[Span] = []
    for number, constraint in enumerate(row.constraints):
        places = described[number] or _said(prompt, constraint.id, constraint.kwargs)
        same = [each for each in row.constraints if each.id == constraint.id]
        if len(same) > 1 and not described[number]:
            places = _own_parts(prompt, constraint, same, places)
        spans += [Span(number, *place) for place in places]
    missing = sorted({*range(len(row.constraints))} - {span.constraint for span in spans})
    return RowSpans(row.name, prompt, sorted(spans, key=lambda span: (span.start, span.constraint)), missing)


def located(rows: Sequence[Row], data: object, preset: str) -> list[tuple[Row, RowSpans]]:
    """Rows with their spans. A set whose questions say the constraints is asked as it stands.

    Raises InputError on a set without constraints.
    """
    if not any(row.constraints for row in rows):
        raise InputError(data, "no row has a constraint", "give a set whose rows have constraints")
    said = any(each.description for row in rows for each in row.constraints)
    return [(row, row_spans(row, preset=preset if said else "ifeval")) for row in rows]


def not_found(spans: Iterable[RowSpans]) -> list[str]:
    """The constraints that their prompts do not say, by row and number."""
    return [f"{each.row}, constraint {number}" for each in spans for number in each.missing]


def _described(row: Row, prompt: str) -> Iterator[list[Place]]:
    """Where the description of each constraint was put: they come last, in their order, so each is looked for from
    the end backwards."""
    end, places = len(prompt), []
    for constraint in reversed(row.constraints):
        text = constraint.description.strip()
        start = prompt.rfind(text, 0, end) if text else -1
        places.append([(start, start + len(text))] if start >= 0 else [])
        end = start if start >= 0 else end
    yield from reversed(places)


def _said(prompt: str, name: str, kwargs: Mapping[str, Any]) -> list[Place]:
    """Where a free prompt says a constraint: word for word as its template, or in one of the known wordings."""
    template = describe(name, kwargs).strip()
    if name != REPEAT and (start := prompt.find(template)) >= 0:
        return [(start, start + len(template))]
    patterns = PHRASES.get(name)
    for core in patterns(kwargs) if patterns else ():
        places = [
            _trimmed(prompt, *match.span("span"))
            for match in _pattern(core).finditer(prompt)
            if match["span"].strip()
        ]
        if places:
            return _of_number(prompt, places, kwargs)
    return []


def _of_number(prompt: str, places: list[Place], kwargs: Mapping[str, Any]) -> list[Place]:
    """The places without those of another number, where one says the constraint's own; examples, which stand on lines
    below, do not count."""
    first_lines = [prompt[start:end].partition("\n")[0] for start, end in places]
    numbers = [value for value in kwargs.values() if isinstance(value, int)]
    with_number = [any(says_number(line, number) for number in numbers) for line in first_lines]
    if not any(with_number):
        return places
    pairs = zip(places, with_number, first_lines, strict=True)
    return [place for place, mine, line in pairs if mine or not says_any_number(line)]


def _own_parts(
    prompt: str, constraint: Constraint, same: Sequence[Constraint], places: list[Place]
) -> list[Place]:
    """What says this one of several constraints of a type: the places with its number, else those with no other's.

    A number may be said as the one below it: "at most 10" is less than 11.
    """
    numbers = [next((v for v in each.kwargs.values() if isinstance(v, int)), -1) for each in same]
    mine = next(number for number, each in zip(numbers, same, strict=True) if each is constraint)
    claims = [_claimed(prompt[start:end], numbers) for start, end in places]
    claiming = [place for place, claim in zip(places, claims, strict=True) if mine in claim]
    return claiming or [place for place, claim in zip(places, claims, strict=True) if not claim] or places


def _claimed(text: str, numbers: Sequence[int]) -> set[int]:
    exact = {number for number in numbers if says_number(text, number)}
    return exact or {number for number in numbers if number > 1 and says_number(text, number - 1)}


@lru_cache(maxsize=4096)
def _pattern(core: str) -> re.Pattern[str]:
    pattern = rf"(?<!\w)(?P<span>{_LEAD}(?:{core}){_TAIL})"
    return re.compile(re.sub(r"(?<!\\) ", r"\\s+", pattern), re.IGNORECASE)


def _trimmed(prompt: str, start: int, end: int) -> Place:
    """A place without the blanks round it, and the comma behind it, that a wording may take in."""
    while prompt[start] in " \n\t":
        start += 1
    while prompt[end - 1] in " \n\t,;":
        end -= 1
    return start, end
