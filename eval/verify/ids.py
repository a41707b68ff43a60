"""Constraint ids: IFEval's spelling is ours; MathIF's and other known spellings are read."""

from difflib import get_close_matches

from .errors import InputError

ALIASES = {"length_constraint_checkers:number_words": "length_constraints:number_words"}
IDS = frozenset(
    {
        "change_case:capital_word_frequency",
        "change_case:english_capital",
        "change_case:english_lowercase",
        "combination:repeat_prompt",
        "detectable_format:multiple_sections",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections",
        "keywords:existence",
        "keywords:forbidden_words",
        "keywords:frequency",
        "language:response_language",
        "length_constraints:number_words",
        "punctuation:no_comma",
        "startend:end_checker",
        "startend:quotation",
    }
)


def canonical(name: str) -> str:
    """The id in IFEval's spelling. Raises InputError on an unknown one, naming the nearest."""
    found = ALIASES.get(name, name)
    if found not in IDS:
        near = get_close_matches(found, sorted(IDS), n=1, cutoff=0)
        raise InputError(f"unknown constraint {name!r}: did you mean {near[0]!r}?")
    return found
