"""Prose apart from what is set aside: code, LaTeX and \\boxed{…}. Every step is linear in the text's length."""

import re
from collections.abc import Callable
from itertools import chain

MASK = "\ufffc"  # Unicode's own stand-in for an embedded object: neither letter, digit, space nor cased

_OPEN = re.compile(
    r"```|`[^`\n]+`|\$\$|\$(?=\S)(?:[^$\n]|\n(?!\n))*(?<=\S)\$(?!\d)|\\\[|\\\(|\\begin\{|\\[A-Za-z]+\*?|\\[^\sA-Za-z]"
)
_CLOSE = {"```": "```", "$$": "$$", "\\[": "\\]", "\\(": "\\)"}
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

    A dollar sign opens a formula as in Pandoc: text touches it inside, and no digit follows the closing one.
    """
    spans, position, absent = [], 0, set[str]()
    groups = _groups(text) if "\\" in text else {}
    while match := _OPEN.search(text, position):
        opening, end = match[0], match.end()
        if opening in absent:
            position = end
            continue
        if opening in _CLOSE:
            close = text.find(_CLOSE[opening], end)
            if close < 0:
                absent.add(opening)
                position = end
                continue
            end = close + len(_CLOSE[opening])
        elif opening == "\\begin{":
            end = groups.get(match.start(), end)
        elif opening[0] == "\\" and opening[1].isalpha():
            while end in groups:
                end = groups[end]
        spans.append((match.start(), end))
        position = end
    return spans


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


def prose(text: str) -> str:
    """The text with every span that is set aside replaced by one `MASK`."""
    return map_prose(text, lambda piece: piece, aside=lambda span: MASK)


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
        if said := text[position:end].strip():
            start = text.index(said, position)
            spans.append((start, start + len(said)))
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
