"""Several constraints at once: a response that satisfies all, and pairs that cannot hold together."""

from collections.abc import Sequence
from random import Random
from textwrap import shorten

from .ids import canonical
from .kind import Kwargs
from .relation import LESS
from .types import TYPES
from .verdict import check, satisfy

ROUNDS = 3
_ORDER = {name: index for index, name in enumerate(TYPES)}


def witness(
    text: str, names: Sequence[str], args: Sequence[Kwargs | None], rng: Random, *, preset: str = "reins"
) -> str | None:
    """The text rewritten until every constraint holds under the preset, or None where none was found."""
    pairs = sorted(zip(names, args, strict=True), key=lambda pair: _ORDER[canonical(pair[0])])
    failing = pairs
    for _ in range(ROUNDS):
        for name, kwargs in failing:
            text = satisfy(name, kwargs, text, rng)
        failing = [pair for pair in pairs if not check(*pair, text, preset=preset)]
        if not failing:
            return text
    return None


def conflict(a_name: str, a_kwargs: Kwargs | None, b_name: str, b_kwargs: Kwargs | None) -> str | None:
    """Why the two cannot hold together, or None; symmetric. None is no promise: only a witness is."""
    a, b = (canonical(a_name), a_kwargs or {}), (canonical(b_name), b_kwargs or {})
    return _conflict(*a, *b) or _conflict(*b, *a)


def _conflict(a: str, a_kwargs: Kwargs, b: str, b_kwargs: Kwargs) -> str | None:
    if a == b and a not in _REPEATABLE:
        return f"{a} twice"
    if b in _APART.get(a, ()):
        return f"{a} leaves no room for {b}"
    if a == "language:response_language" and a_kwargs["language"] != "en" and b in _ENGLISH:
        return f"{b} asks for English text"
    if _prohibits(b, b_kwargs):
        for text in _required(a, a_kwargs):
            if not check(b, b_kwargs, text):
                return f"{a} requires {shorten(text, 60)!r}, which breaks {b}"
    return None


_REPEATABLE = {
    "keywords:existence",
    "keywords:forbidden_words",
    "keywords:frequency",
    "keywords:letter_frequency",
}
_CASED = {
    "change_case:english_lowercase",
    "change_case:english_capital",
    "change_case:capital_word_frequency",
}
_LAYOUTS = {
    "length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word",
    "detectable_format:multiple_sections", "detectable_format:number_bullet_lists",
}  # fmt: skip
_APART: dict[str, set[str]] = {
    **{name: _CASED - {name} for name in _CASED},
    "detectable_format:multiple_sections": _CASED | {"length_constraints:nth_paragraph_first_word"},
    "detectable_format:constrained_response": _CASED,
    "combination:repeat_prompt": _LAYOUTS | {"startend:quotation"},
    "length_constraints:number_paragraphs": _LAYOUTS - {"length_constraints:number_paragraphs"},
    "length_constraints:nth_paragraph_first_word": {"detectable_format:number_bullet_lists"},
    "combination:two_responses": _LAYOUTS | {"combination:repeat_prompt"},
    "detectable_format:json_format": _LAYOUTS | _CASED | {
        "combination:repeat_prompt", "combination:two_responses", "detectable_content:postscript",
        "startend:end_checker", "startend:quotation",
    },
}  # fmt: skip
_ENGLISH = {
    "keywords:existence", "keywords:frequency", "keywords:forbidden_words", "combination:repeat_prompt",
    "startend:end_checker", "change_case:english_lowercase", "change_case:english_capital",
    "change_case:capital_word_frequency", "detectable_format:multiple_sections",
    "detectable_format:constrained_response", "length_constraints:nth_paragraph_first_word",
}  # fmt: skip


def _required(name: str, kwargs: Kwargs) -> list[str]:
    """Texts that a response must contain for the constraint to hold, in any case."""
    if name == "keywords:existence":
        return list(kwargs["keywords"])
    if name == "keywords:frequency" and kwargs["relation"] != LESS:
        return [" ".join([kwargs["keyword"]] * kwargs["frequency"])]
    if name == "length_constraints:number_words" and kwargs["relation"] != LESS:
        return ["one " * kwargs["num_words"]]
    keys = ("end_phrase", "prompt_to_repeat", "first_word")
    return [kwargs[key] for key in keys if key in kwargs]


def _prohibits(name: str, kwargs: Kwargs) -> bool:
    """Whether a text that breaks the constraint breaks it inside any longer text, whatever its case."""
    if name in ("keywords:forbidden_words", "punctuation:no_comma"):
        return True
    counts = ("keywords:frequency", "length_constraints:number_words")
    return name in counts and kwargs["relation"] == LESS
