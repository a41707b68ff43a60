r"""Notation that math-verify drops, held against each other before it is asked: the letter of a choice, the
base or modulus of a number, the dots of a sequence. `same_…` say what they find, None where the answers have nothing of
the kind; `with_…` and `without_…` write one answer as the other is written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
         "twelve": 12, "sixteen": 16}  # fmt: skip
FACE = r"(?:\\(?:text|mathrm|mbox)\s*\{\s*)?"
BASE = re.compile(
    rf"^[({{]?(?P<digits>[0-9A-Fa-f][0-9A-Fa-f ,.]*)[)}}]?\s*(?:_\s*\{{?\s*{FACE}(?P<low>\d+|{'|'.join(BASES)})\s*\}}{{0,2}}"
    rf"|{FACE}\s*(?:\(\s*)?base[\s-]*\}}?\s*(?P<word>\d+|{'|'.join(BASES)})\s*\)?\s*\}}?)$"
)
MODULUS = re.compile(
    rf"^(?P<residue>.+?)[\s({{]*(?:\\[pb]?mod|{FACE}\(?\s*\bmod(?:ulo)?\b\s*\}}?)\s*\{{?\s*(?P<modulus>[^{{}}()]+?)\s*\}}?\s*\)?$"
)
CONGRUENT = re.compile(r"^.*(?:\\equiv|\\cong)(?![a-z])")
DOTS = re.compile(r"\\[lc]?dots[a-z]?(?![a-z])|\.\.\.+")
INTEGER = re.compile(r"-?\d+")
LETTER = re.compile(r"\(?([A-J])[).:]?")
CHOICE = re.compile(  # and not several of them: (A) and (C)
    rf"{FACE}(?:\(([A-J])\)(?=}}?[\s.:])|([A-J])(?:\)|[.:](?!\d)))[\s.:}}]*(?!(?:,|and\b|or\b|&)|.*\([A-J]\))(\S.*)",
    re.DOTALL,
)
BOUND = re.compile(r"\\(?:[lg]eq?(?:slant)?|[lg]t|neq?)(?![a-z])|[<>]")
BOUNDED = re.compile(rf"([A-Za-z]|\\[a-z]+)\s*(?:{BOUND.pattern})")
LONGEST = 1000  # elements that dots are filled with

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


def same_base(gold: str, text: str) -> bool | None:
    """Whether two numbers in written bases are the same digits in the same base."""
    gold_number, text_number = _base(gold), _base(text)
    return None if gold_number is None or text_number is None else gold_number == text_number


def _base(text: str) -> tuple[str, int] | None:
    match = BASE.match(text)
    if not match:
        return None
    name = match["low"] or match["word"]
    return re.sub("[ ,]", "", match["digits"]).lstrip("0").upper(), BASES.get(name) or int(name)


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


def same_sequence(gold: str, text: str, equal: Equal) -> bool | None:
    """Whether two sequences with dots agree in every element that both show.

    One may show more elements where these go on in the other's steps; dots between integers may be written out.
    """
    dotted = [bool(DOTS.search(answer)) for answer in (gold, text)]
    if not any(dotted):
        return None
    gold_ends, text_ends = _ends(gold), _ends(text)
    if not all(dotted):
        filled = _filled(gold_ends or text_ends)
        return filled is not None and (equal(filled, text) if dotted[0] else equal(gold, filled))
    if gold_ends is None or text_ends is None:  # dots in a product or a matrix: math-verify's to read
        return True if gold == text else None
    return (
        gold_ends.alike(text_ends)
        and _agree(gold_ends.head, text_ends.head, equal)
        and _agree(gold_ends.tail[::-1], text_ends.tail[::-1], equal, step_of=gold_ends.head)
    )


@dataclass(frozen=True)
class Ends:
    """A sequence with dots: its brackets, what parts its elements, the elements before and behind the dots."""

    brackets: str
    separator: str
    head: list[str]
    tail: list[str]

    def alike(self, other: "Ends") -> bool:
        """Whether both are sums or both lists, both go on for ever or both end, and none a set where the other is a tuple."""
        kinds = {self.brackets, other.brackets}
        return (self.separator, bool(self.tail)) == (other.separator, bool(other.tail)) and not (
            "{}" in kinds and kinds & {"()", "[]"}
        )


def _ends(text: str) -> Ends | None:
    text = re.sub(r"\\left|\\right", "", text).replace("\\{", "{").replace("\\}", "}").strip()
    brackets = text[0] + text[-1] if text and text[0] + text[-1] in ("()", "[]", "{}") else ""
    sides = DOTS.split(text[1:-1] if brackets else text)
    separator = "," if "," in text else "+" if "+" in text else ""
    if len(sides) != 2 or not separator:
        return None
    head, tail = ([part.strip() for part in side.split(separator) if part.strip()] for side in sides)
    return Ends(brackets, separator, head, tail) if head else None


def _agree(first: list[str], second: list[str], equal: Equal, step_of: list[str] | None = None) -> bool:
    """Whether the longer list begins with the shorter and goes on in its steps (backwards in those of `step_of`)."""
    short, long = sorted((first, second), key=len)
    if not all(equal(a, b) for a, b in zip(short, long, strict=False)):
        return False
    steps, sign = (step_of, -1) if step_of else (short, 1)
    if len(short) == len(long):
        return True
    if len(steps) < 2:
        return False
    step = f"({steps[1]})-({steps[0]})"
    return all(
        equal(f"({a})+({sign})*({step})", b)
        for a, b in zip(long[len(short) - 1 :], long[len(short) :], strict=False)
    )


def _filled(ends: Ends | None) -> str | None:
    """The integers that dots stand for, written out; None where they are not plain steps between integers."""
    if ends is None or len(ends.head) < 2 or not ends.tail:
        return None
    if not all(map(INTEGER.fullmatch, [*ends.head, *ends.tail])):
        return None
    numbers, last = list(map(int, ends.head)), list(map(int, ends.tail))
    step = numbers[1] - numbers[0]
    while step and len(numbers) < LONGEST and (last[-1] - numbers[-1]) * step > 0:
        numbers.append(numbers[-1] + step)
    if numbers[-len(last) :] != last or any(b - a != step for a, b in pairwise(numbers)):
        return None
    inner = ends.separator.join(map(str, numbers))
    return {"{}": rf"\{{{inner}\}}", "()": f"({inner})", "[]": f"[{inner}]"}.get(ends.brackets, inner)
