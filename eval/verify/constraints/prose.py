"""Prose apart from what is set aside: code, LaTeX and \\boxed{…}. Every step is linear in the text's length."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain

from .fences import is_code, is_delimiter

MASK = "\ufffc"  # Unicode's own stand-in for an embedded object: neither letter, digit, space nor cased

# Every way begins with one of three signs, so that the search leaps from sign to sign.
_OPEN = re.compile(
    r"`{3,5}|~{3,5}|`[^`\n]+`|\$\$|\$(?=\S)(?:[^$\n]|\n(?!\n))*(?<=\S)\$(?!\d)"
    r"|\\\[|\\\(|\\begin\{|\\[A-Za-z]+\*?|\\[^\sA-Za-z]"
)
_FENCES = (mark * length for mark in "`~" for length in (3, 4, 5))
_CLOSE = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", **{fence: fence for fence in _FENCES}}
# Between two dollar signs: words beside each other, or an amount with words, and nothing that only a formula has.
_WORDS = re.compile(r"[^\W\d_]{2,}[,;:]?\s+[^\W\d_]{2,}")
_AMOUNT = re.compile(r"\s[^\W\d_]{2,}|[^\x00-\x7f\W\d]{2,}|[^\W\d_]{3,}[,;] ")
_FORMAL = re.compile(r"[\\^_={}<>|]")
_NEVER_FIRST = frozenset(",;:!?)，、；：！？）。.")  # what stands after a price, and never opens a formula
_PAIRED = re.compile(r"\\[{}]|\\(?:begin|end)\{[^{}\n]*\}|[{}]")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?:[ \t]+|(?=\n))|\n+")

FILLER = (
    "We check each step.",
    "All steps are shown.",
    "The work is done.",
    "This is clear.",
    "We go on.",
    "The result holds.",
    "That is all.",
    "The method is simple.",
)


def set_aside(text: str) -> list[tuple[int, int]]:
    """Spans of code, formulas and LaTeX commands with their arguments, in order and disjoint.

    A dollar sign opens a formula as in Pandoc (text touches it inside, and no digit follows the closing one) unless
    what follows it is prose, as in "$15, now 10$". A fence without code is read, but for the lines that open and close
    it; so is all code where the text holds nothing else.
    """
    groups = _groups(text) if "\\" in text else {}
    spans = list(_spans(text, 0, len(text), groups, read_code=False))
    if spans and all(text[start] in "`~" for start, end in spans):
        edges = [0, *chain.from_iterable(spans), len(text)]
        pieces = (text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        if not any(any(map(str.isalnum, piece)) for piece in pieces):
            return list(_spans(text, 0, len(text), groups, read_code=True))
    return spans


def _spans(
    text: str, position: int, stop: int, groups: dict[int, int], read_code: bool
) -> Iterator[tuple[int, int]]:
    """The spans between two positions; `read_code` looks into every fence and leaves `code` between ticks."""
    absent = set[str]()
    while match := _OPEN.search(text, position, stop):
        opening, start, position = match[0], match.start(), match.end()
        closing = _CLOSE.get(opening)
        if closing is None:
            if opening[0] == "$" and _is_money(text, start, position):
                position = start + 1
                continue
            position = _end_of_command(opening, start, position, groups)
            if not (read_code and opening[0] == "`"):
                yield start, position
            continue
        close = -1 if opening in absent else text.find(closing, position, stop)
        if close < 0:
            absent.add(opening)
        elif (
            opening == "$$"
            and _said(text[position:close])
            or opening[0] == "~"
            and not _opens_line(text, start)
        ):
            continue
        else:
            body = _body(text, opening, position, close, read_code)
            if body is not None:
                yield start, body
                yield from _spans(text, body, close, groups, read_code)
                start = close
            position = close + len(closing)
            yield start, position


def _body(text: str, opening: str, end: int, close: int, read_code: bool) -> int | None:
    """Where a fence's text begins that is to be read, or None where all of the span is set aside."""
    if opening[0] not in "`~":
        return None
    line_end = text.find("\n", end, close)
    if read_code:
        return end if line_end < 0 else line_end
    return None if line_end < 0 or is_code(text[end:line_end], text[line_end:close]) else line_end


def _end_of_command(opening: str, start: int, end: int, groups: dict[int, int]) -> int:
    """Where a LaTeX environment or a command with its arguments ends."""
    if opening == "\\begin{":
        return groups.get(start, end)
    if opening[0] == "\\" and opening[1].isalpha():
        while end in groups:
            end = groups[end]
    return end


def _opens_line(text: str, start: int) -> bool:
    """Whether nothing but a few blanks or marks of a quotation stand before this place on its line."""
    before = text[max(start - 8, 0) : start]
    line = before.rpartition("\n")[2] if "\n" in before or start <= 8 else "far"
    return not line.strip(" \t>")


def _is_money(text: str, start: int, end: int) -> bool:
    """Whether the dollar signs at both ends are prices, with prose between them."""
    content = text[start + 1 : end - 1]
    if content[0] in _NEVER_FIRST:
        return content[0] != "." or not content[1:2].strip()
    if "\\" in content or not (" " in content or not content.isascii()):
        return False
    behind = text[start - 1 : start].isdigit()
    if behind and content[0] in "/-":
        return True
    amount = (behind or content[0].isdigit()) and _AMOUNT.search(content) and not _FORMAL.search(content)
    return bool(amount) or _said(content)


def _said(content: str) -> bool:
    return bool(_WORDS.search(content)) and not _FORMAL.search(content)


def _groups(text: str) -> dict[int, int]:
    """Start of each balanced brace group or LaTeX environment -> its end."""
    pairs: dict[int, int] = {}
    braces: list[int] = []
    environments: list[int] = []
    for match in _PAIRED.finditer(text):
        token = match[0]
        if token == "{":
            braces.append(match.start())
        elif token == "}" and braces:
            pairs[braces.pop()] = match.end()
        elif token.startswith("\\begin"):
            environments.append(match.start())
        elif token.startswith("\\end") and environments:
            pairs[environments.pop()] = match.end()
    return pairs


@lru_cache(maxsize=64)
def prose(text: str) -> str:
    """The text with every span that is set aside replaced by one `MASK`, and the lines of a fence by nothing.

    The last texts are kept: the constraints of a row ask for the same answer's prose one after the other.
    """
    return map_prose(
        text,
        lambda piece: piece,
        aside=lambda span: "" if span[0] in "`~" and is_delimiter(span) else MASK,
    )


def map_prose(
    text: str, change: Callable[[str], str], aside: Callable[[str], str] = lambda span: span
) -> str:
    """The text with `change` applied to its prose pieces and `aside` to the spans between them."""
    out, position = [], 0
    for start, end in chain(set_aside(text), [(len(text), len(text))]):
        out.append(change(text[position:start]))
        if start < end:
            out.append(aside(text[start:end]))
        position = end
    return "".join(out)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where sentences and lines stand, blank space left out; formulas are never cut."""
    masked = map_prose(text, lambda piece: piece, aside=lambda span: MASK * len(span))
    spans, position = [], 0
    for match in chain(_SENTENCE_END.finditer(masked), [None]):
        end = match.start() if match else len(text)
        if sentence := text[position:end].strip():
            start = text.index(sentence, position)
            spans.append((start, start + len(sentence)))
        position = match.end() if match else end
    return spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def holds_answer(sentence: str) -> bool:
    """Whether the sentence carries the boxed answer, which no rewrite may drop."""
    return "\\boxed" in sentence


def append(text: str, sentence: str) -> str:
    """The text with one more sentence at its end."""
    return f"{text.rstrip()} {sentence}".lstrip()
