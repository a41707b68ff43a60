"""Capital and small letters. Ours judge the prose: the `\\boxed{}` that the prompt demands cannot be in capitals."""

import re
from random import Random

from .detector import detect
from .language import is_english
from .prose import append, map_prose, prose
from .relation import LESS, holds
from .tokens import word_tokens

_WORD = re.compile(r"[^\W\d_](?:[\w'’]|-(?=\w))*+")


def capital_words_published(text: str, capital_frequency: int, capital_relation: str) -> bool:
    return holds(sum(map(str.isupper, word_tokens(text))), capital_relation, capital_frequency)


def capital_words(text: str, capital_frequency: int, capital_relation: str) -> bool:
    """Words of the prose in capitals, of two letters or more: "I", "A" and variables are none."""
    return holds(_capitals(text), capital_relation, capital_frequency)


def _capitals(text: str) -> int:
    return sum(1 for word in _WORD.findall(prose(text)) if _is_capital(word))


def _is_capital(word: str) -> bool:
    return word.isupper() and sum(map(str.isalpha, word)) > 1


def set_capital_words(text: str, rng: Random, capital_frequency: int, capital_relation: str) -> str:
    """Lower the last words in capitals too many, or raise the first plain ones."""
    room = capital_frequency - 1
    missing = capital_frequency - _capitals(text)

    def lower(match: re.Match[str]) -> str:
        nonlocal room
        room -= match[0].isupper()
        return match[0].lower() if match[0].isupper() and room < 0 else match[0]

    def raise_(match: re.Match[str]) -> str:
        nonlocal missing
        if missing <= 0 or not match[0].isalpha() or len(match[0]) < 2 or match[0].isupper():
            return match[0]
        missing -= 1
        return match[0].upper()

    text = map_prose(text, lambda piece: _WORD.sub(lower if capital_relation == LESS else raise_, piece))
    short = capital_relation != LESS and missing > 0
    return append(text, f"{' '.join(['YES'] * missing)}.") if short else text


def capital_published(text: str) -> bool:
    return text.isupper() and detect(text) in ("en", None)


def capital(text: str) -> bool:
    prose_text = prose(text)
    return prose_text.isupper() and is_english(prose_text)


def raise_case(text: str, rng: Random) -> str:
    return map_prose(_worded(text), str.upper)


def lowercase_published(text: str) -> bool:
    return text.islower() and detect(text) in ("en", None)


def lowercase(text: str) -> bool:
    prose_text = prose(text)
    return prose_text.islower() and is_english(prose_text)


def lower_case(text: str, rng: Random) -> str:
    return map_prose(_worded(text), str.lower)


def _worded(text: str) -> str:
    """The text with a few words beside formulas and figures, which have no case."""
    return text if any(map(str.isalpha, prose(text))) else append(text, "This is all.")
