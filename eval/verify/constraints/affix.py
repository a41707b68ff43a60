"""How the answer opens and closes."""

import re
from random import Random

from .fences import unfenced
from .legible import legible, unmarked
from .prose import append
from .scripts import GLUED, plain

_REACH = 8  # characters of the text looked at for each of the phrase's, so that long answers stay cheap
_GLUED_END = re.compile(GLUED)
_QUOTES = {"«»", "»«", "『』"}
_DOUBLE = set('"“”„‟')


def repeat_published(text: str, prompt_to_repeat: str) -> bool:
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def repeat(text: str, prompt_to_repeat: str) -> bool:
    """The prompt first, in any case and typography; runs of blank space count as one."""
    request = plain(prompt_to_repeat).lower()
    head = unfenced(text).lstrip()[: _REACH * len(prompt_to_repeat) + _REACH]
    return plain(head).lower().startswith(request)


def repeat_prompt(text: str, rng: Random, prompt_to_repeat: str) -> str:
    return text if repeat_published(text, prompt_to_repeat) else f"{prompt_to_repeat.strip()}\n{text}"


def ends_published(text: str, end_phrase: str) -> bool:
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def ends(text: str, end_phrase: str) -> bool:
    """The phrase last, in any case and typography, quotes and emphasis around it aside, and not glued to a word
    before it."""
    phrase = plain(end_phrase).lower()
    tail = plain(unfenced(text)[-_REACH * len(end_phrase) - _REACH :]).lower()
    bare = unmarked(tail) if unmarked(phrase) == phrase else tail
    return any(_ends(ending, phrase) for ending in (bare, bare.rstrip("\"'_~`»」』 ")))


def _ends(ending: str, phrase: str) -> bool:
    return ending.endswith(phrase) and not _GLUED_END.search(ending.removesuffix(phrase)[-1:])


def add_ending(text: str, rng: Random, end_phrase: str) -> str:
    held = ends(text, end_phrase) and ends_published(text, end_phrase)
    return text if held else append(text, end_phrase.strip())


def quoted_published(text: str) -> bool:
    body = text.strip()
    return len(body) > 1 and body[0] == body[-1] == '"'


def quoted(text: str) -> bool:
    """Double quotes around the whole, straight or typographic, emphasis and marks of a quotation around them aside,
    something between them."""
    body = legible(unfenced(text)).strip().lstrip("> ").strip("*_").strip()
    ends = body[:1] + body[-1:]
    return len(body) > 2 and (ends in _QUOTES or set(ends) <= _DOUBLE) and bool(body[1:-1].strip())


def quote(text: str, rng: Random) -> str:
    """Wrap the whole; a list that opens the text keeps its own first line."""
    if quoted(text) and quoted_published(text):
        return text
    body = text.strip().strip('"')
    return f'"\n{body}"' if body.startswith(("* ", "- ")) else f'"{body}"'
