"""Several constraints at once: a response that satisfies all, and pairs that cannot hold together."""

from collections.abc import Sequence
from random import Random

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
    """Why the two cannot hold together, or None; symmetric."""
    a, b = (canonical(a_name), a_kwargs or {}), (canonical(b_name), b_kwargs or {})
    return _conflict(*a, *b) or _conflict(*b, *a)


def _conflict(a: str, a_kwargs: Kwargs, b: str, b_kwargs: Kwargs) -> str | None:
    if a == b and a not in ("keywords:existence", "keywords:forbidden_words", "keywords:frequency"):
        return f"{a} twice"
    for required in _required(a, a_kwargs):
        if _prohibits(b, b_kwargs) and not check(b, b_kwargs, required):
            return f"{a} requires {required!r}, which breaks {b}"
    cased = {
        "change_case:english_lowercase",
        "change_case:english_capital",
        "change_case:capital_word_frequency",
    }
    if a in cased and b in cased:
        return "two rules on capitals"
    if a == "language:response_language" and b in _ENGLISH and a_kwargs["language"] != "en":
        return f"{b} asks for English text"
    if a == "combination:repeat_prompt" and b in (
        "startend:quotation",
        "detectable_format:number_bullet_lists",
    ):
        return "the repeated prompt must come first"
    if a == "detectable_format:multiple_sections" and b in cased:
        return "headings have a case of their own"
    return None


_ENGLISH = {
    "keywords:existence", "keywords:frequency", "keywords:forbidden_words", "startend:end_checker",
    "combination:repeat_prompt", "change_case:english_lowercase", "change_case:english_capital",
    "change_case:capital_word_frequency", "detectable_format:multiple_sections",
}  # fmt: skip


def _required(name: str, kwargs: Kwargs) -> list[str]:
    """Texts that a response must contain for the constraint to hold, in any case."""
    if name == "keywords:existence":
        return list(kwargs["keywords"])
    if name == "keywords:frequency" and kwargs["relation"] != LESS:
        return [" ".join([kwargs["keyword"]] * kwargs["frequency"])]
    if name == "startend:end_checker":
        return [kwargs["end_phrase"]]
    return [kwargs["prompt_to_repeat"]] if name == "combination:repeat_prompt" else []


def _prohibits(name: str, kwargs: Kwargs) -> bool:
    """Whether a text that breaks the constraint breaks it inside any longer text, whatever its case."""
    if name in ("keywords:forbidden_words", "punctuation:no_comma"):
        return True
    return name in ("keywords:frequency", "length_constraints:number_words") and kwargs["relation"] == LESS
