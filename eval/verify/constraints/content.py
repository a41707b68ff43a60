"""Things the answer must contain: placeholders, a postscript."""

import re
from random import Random

from .prose import append, prose

_PLACEHOLDER = re.compile(r"\[[^\[\]\n]*[^\[\]\s][^\[\]\n]*\](?!\()")
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
    """Brackets of the prose with something in them; links and formulas are none."""
    return _placeholders(text) >= num_placeholders


def _placeholders(text: str) -> int:
    return sum(1 for _ in _PLACEHOLDER.finditer(prose(text)))


def add_placeholders(text: str, rng: Random, num_placeholders: int) -> str:
    missing = num_placeholders - _placeholders(text)
    names = " ".join(f"[{_NAMES[index % len(_NAMES)]}]" for index in range(missing))
    return append(text, f"Fill in {names}.") if missing > 0 else text


def postscript_published(text: str, postscript_marker: str) -> bool:
    """The marker anywhere; other markers than the two known are raw patterns."""
    return re.search(_POSTSCRIPTS.get(postscript_marker, postscript_marker.lower()), text.lower()) is not None


def postscript(text: str, postscript_marker: str) -> bool:
    """A line that opens with the marker, in any case and under emphasis, with something after it."""
    marker = _POSTSCRIPTS.get(postscript_marker, re.escape(postscript_marker.lower()))
    return re.search(rf"^[ \t*_\"]*+{marker}[^\w\n]*+\w", text.lower(), re.MULTILINE) is not None


def add_postscript(text: str, rng: Random, postscript_marker: str) -> str:
    return (
        text if postscript(text, postscript_marker) else f"{text.rstrip()}\n{postscript_marker} We are done."
    )
