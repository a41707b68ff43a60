"""Things the answer must contain: placeholders, a postscript."""

import re
from random import Random

from .legible import legible
from .patterns import pattern
from .prose import append, prose
from .scripts import OPENING

_PLACEHOLDER = re.compile(
    r"\[(?=[^\S\n]*+[^\[\]\s])[^\[\]\n]++\](?!\()|［(?=[^\S\n]*+[^［］\s])[^［］\n]++］"
)
_IN_TICKS = re.compile(r"`\[[^\W\d_][^`\[\]\n]*[^\W\d_]\]`")
# Where a line or a sentence opens, a picture ending one too; behind a full-width stop stands no blank.
_LEADING = rf"(?:{OPENING}|\\)*+"
_OPENING = (
    rf"(?:^{_LEADING}|(?<=[.!?…。！？।:;)\"”*_\u2600-\u27bf\U0001f000-\U0001faff])[^\S\n]++(?:[^\w\s]|_)*+"
    r"|(?<=[!?。।])(?:[^\w\s]|_){0,8}+)"
)
_POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}
_NAMES = ("name", "date", "place", "city", "address", "topic", "title", "time")


def placeholders_published(text: str, num_placeholders: int) -> bool:
    """An opening bracket and the next closing one on the same line."""
    return sum(map(_bracketed, text.split("\n"))) >= num_placeholders


def _bracketed(line: str) -> int:
    count, position = 0, line.find("[")
    while position >= 0 and (close := line.find("]", position)) >= 0:
        count, position = count + 1, line.find("[", close)
    return count


def placeholders(text: str, num_placeholders: int) -> bool:
    """Brackets of the prose with something in them, in ticks too; links, indices and formulas are none."""
    return _placeholders(text) >= num_placeholders


def _placeholders(text: str) -> int:
    ticked = sum(1 for _ in _IN_TICKS.finditer(text)) if "`[" in text else 0
    return ticked + sum(1 for _ in _PLACEHOLDER.finditer(prose(text)))


def add_placeholders(text: str, rng: Random, num_placeholders: int) -> str:
    missing = num_placeholders - _placeholders(text)
    names = " ".join(f"[{_NAMES[index % len(_NAMES)]}]" for index in range(missing))
    return append(text, f"Fill in {names}.") if missing > 0 else text


def postscript_published(text: str, postscript_marker: str) -> bool:
    """The marker anywhere; other markers than the two known are raw patterns."""
    return pattern(marker_pattern(postscript_marker), re.NOFLAG).search(text.lower()) is not None


def marker_pattern(postscript_marker: str) -> str:
    """The pattern that the published rule searches."""
    return _POSTSCRIPTS.get(postscript_marker, postscript_marker.lower())


def postscript(text: str, postscript_marker: str) -> bool:
    """A line or a sentence that opens with the marker, in any case and behind any marks, with something after it."""
    marker = _POSTSCRIPTS.get(postscript_marker, re.escape(postscript_marker.lower()))
    return (
        re.search(rf"{_OPENING}{marker}(?:</\w+>|\W|_)*+\w", legible(text).lower(), re.MULTILINE) is not None
    )


def add_postscript(text: str, rng: Random, postscript_marker: str) -> str:
    if postscript(text, postscript_marker) and postscript_published(text, postscript_marker):
        return text
    return f"{text.rstrip()}\n{postscript_marker} We are done."
