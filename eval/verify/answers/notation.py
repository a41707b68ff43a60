r"""Notation that math-verify drops, held against each other before it is asked: the letter of a choice, the modulus
of a number, a bound (bases and dots stand in files of their own). `same_…` say what they find, None where the answers
have nothing of the kind; `with_…` and `without_…` write one answer as the other is written.
"""

import re
from collections.abc import Callable

from .numerals import exact_numbers

FACE = r"(?:\\(?:text|mathrm|mbox)\s*\{\s*)?"
MODULUS = re.compile(
    rf"^(?P<residue>.+?)[\s({{]*(?:\\[pb]?mod|{FACE}\(?\s*\bmod(?:ulo)?\b\s*\}}?)\s*\{{?\s*(?P<modulus>[^{{}}()]+?)\s*\}}?\s*\)?$"
)
CONGRUENT = re.compile(r"^.*(?:\\equiv|\\cong)(?![a-z])")
INTEGER = re.compile(r"-?\d+")
LETTER = re.compile(r"\(?([A-J])[).:]?")
CHOICE = re.compile(  # and not several of them: (A) and (C)
    rf"{FACE}(?:\(([A-J])\)(?=}}?[\s.:])|([A-J])(?:\)|[.:](?!\d)))[\s.:}}]*(?!(?:,|and\b|or\b|&)|.*\([A-J]\)|.*[\s,;][A-J][.):]\s)(\S.*)",
    re.DOTALL,
)
BOUND = re.compile(r"\\(?:[lg]eq?(?:slant)?|[lg]t|neq?)(?![a-z])|[<>]")
BOUNDED = re.compile(rf"([A-Za-z]|\\[a-z]+)\s*(?:{BOUND.pattern})")

WHOLE_AND_PART = re.compile(
    r"(-?\d+)\s*(?:and|\\text\s*\{\s*and\s*\})\s*(\d+/\d+|\\[dt]?frac\s*\{\d+\}\s*\{\d+\})"
)

Equal = Callable[[str, str], bool]


def same_choice(gold: str, text: str) -> bool | None:
    """Whether a letter is that of a choice written out: of C and (C) 12."""
    for letter, written in ((gold, text), (text, gold)):
        bare, choice = LETTER.fullmatch(letter), CHOICE.fullmatch(written)
        if bare and choice:
            return bare[1] == (choice[1] or choice[2])
    return None


def without_choice(gold: str, text: str) -> str:
    """An answer without the letter of its choice, where the gold answer has none."""
    choice = CHOICE.fullmatch(text)
    return choice[3] if choice and not CHOICE.fullmatch(gold) else text


def with_mixed_number(text: str, beside: str) -> str:
    """`3 and 1/2` as one number, where the answer beside it is no list of two."""
    alone = "," not in beside and not re.search(r"\b(?:and|or)\b", beside)
    match = WHOLE_AND_PART.fullmatch(text)
    return exact_numbers(f"{match[1]} {match[2]}") if match and alone else text


def same_residue(gold: str, text: str, equal: Equal) -> bool | None:
    """Whether two answers are the same residue; where only one says its modulus, the residue alone is compared."""
    gold_match, text_match = MODULUS.match(gold), MODULUS.match(text)
    if not gold_match and not text_match:
        return None
    residues = [
        CONGRUENT.sub("", match["residue"] if match else whole).strip()
        for match, whole in ((gold_match, gold), (text_match, text))
    ]
    if gold_match and text_match:
        if not equal(gold_match["modulus"], text_match["modulus"]):
            return False
        if all(map(INTEGER.fullmatch, [*residues, gold_match["modulus"]])) and int(gold_match["modulus"]):
            return (int(residues[0]) - int(residues[1])) % int(gold_match["modulus"]) == 0
    return equal(*residues)


def with_left_side(text: str, beside: str) -> str:
    r"""`\ge 7` as `x \ge 7`, in the letter of the answer beside it: math-verify reads it as 7."""
    if not BOUND.match(text):
        return text
    letter = BOUNDED.match(beside)
    return f"{letter[1] if letter else 'x'} {text}"
