r"""Notation that math-verify drops, held against each other before it is asked: the modulus of a number, ratios
and dates, a bound (bases, choices and dots stand in files of their own). `same_…` say what they find, None where the answers
have nothing of the kind; `with_…` and `without_…` write one answer as the other is written.
"""

import re
from collections.abc import Callable
from fractions import Fraction

from .numerals import THOUSANDS, exact_numbers

FACE = r"(?:\\(?:text|mathrm|mbox)\s*\{\s*)?"
MODULUS = re.compile(
    rf"^(?P<residue>.+?)[\s({{]*(?:\\[pb]?mod|{FACE}\(?\s*\bmod(?:ulo)?\b\s*\}}?)\s*\{{?\s*(?P<modulus>[^{{}}()]+?)\s*\}}?\s*\)?$"
)
CONGRUENT = re.compile(r"^.*(?:\\equiv|\\cong)(?![a-z])")
INTEGER = re.compile(r"-?\d+")
BOUND = re.compile(r"\\(?:[lg]eq?(?:slant)?|[lg]t|neq?)(?![a-z])|[<>]")
BOUNDED = re.compile(rf"([A-Za-z]|\\[a-z]+)\s*(?:{BOUND.pattern})")

RATIO = re.compile(r"\d+(?:\.\d+)?(?:\s*:\s*\d+(?:\.\d+)?){2,}")
PLAIN = re.compile(r"[\d.,/\s]+|\\frac\{\d+\}\{\d+\}")
DATE = re.compile(r"\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4}")
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
LAKHS = re.compile(r"[1-9]\d?(?:,\d\d)+,\d{3}")
WHOLE_AND_PART = re.compile(
    r"(-?\d+)\s*(?:and|\\text\s*\{\s*and\s*\})\s*(\d+/\d+|\\[dt]?frac\s*\{\d+\}\s*\{\d+\})"
)

Equal = Callable[[str, str], bool]


def with_mixed_number(text: str, beside: str) -> str:
    """`3 and 1/2` as one number, where the answer beside it is no list of two."""
    alone = "," not in beside and not re.search(r"\b(?:and|or)\b", beside)
    match = WHOLE_AND_PART.fullmatch(text)
    return exact_numbers(f"{match[1]} {match[2]}") if match and alone else text


def same_ratio(gold: str, text: str) -> bool | None:
    """Whether two ratios of three parts or more are the same: 1:2:3 is 2:4:6, and no number."""
    sides = [side.rpartition("=")[2].strip() for side in (gold, text)]
    ratios = [bool(RATIO.fullmatch(side)) for side in sides]
    if not all(ratios):
        return False if any(ratios) and any(map(PLAIN.fullmatch, sides)) else None
    one, other = ([Fraction(part.strip()) for part in side.split(":")] for side in sides)
    if len(one) != len(other) or not any(one) or not any(other):
        return one == other
    return all(a / sum(one) == b / sum(other) for a, b in zip(one, other, strict=True))


def same_date(gold: str, text: str) -> bool | None:
    """Whether two dates in digits are the same day; a date is no difference of numbers."""
    if not DATE.fullmatch(gold) and not ISO_DATE.fullmatch(text):
        return None
    if not DATE.fullmatch(gold) or not DATE.fullmatch(text):
        return False
    return [int(part) for part in re.findall(r"\d+", gold)] == [
        int(part) for part in re.findall(r"\d+", text)
    ]


def without_lakhs(text: str, beside: str) -> str:
    """`12,34,567` as one number, where the answer beside it is no list."""
    alone = "," not in THOUSANDS.sub("", beside)
    return text.replace(",", "") if LAKHS.fullmatch(text) and alone else text


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
