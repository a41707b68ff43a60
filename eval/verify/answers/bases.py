r"""Numbers in written bases, `4210_5` or `4210 (base 5)`: math-verify drops the base, and 4210 in base 7 is another number."""

import re

from .notation import Equal

WORDS = "two three four five six seven eight nine ten eleven twelve".split()
NAMED = {name: number for number, name in enumerate(WORDS, 2)} | {"sixteen": 16}
FACE = r"\\(?:text|textrm|mathrm|mbox)\s*\{\s*"
HEX = r"(?:\d[0-9A-Fa-f]*|[A-F][0-9A-F]+)(?=[)}\s]*(?:_\s*\{?\s*1[1-6]|[^_]))"  # 2a_1 is twice a_1
DIGITS = rf"(?:\d+(?:[ ,]\d{{3,4}})*(?:\.\d+)?(?![0-9A-Fa-f])|{HEX})"
NUMBER = "|".join(
    form % DIGITS for form in (r"\(\s*(%s)\s*\)", r"\{\s*(%s)\s*\}", r"\\overline\s*\{\s*(%s)\s*\}", "(%s)")
)
SIZE = rf"(?:\d+|{'|'.join(NAMED)})"
BASED = re.compile(
    rf"(?<![\w.^\\])(?:{NUMBER})\s*"
    rf"(?:_\s*\{{?\s*(?:{FACE})?(?:base[\s-]*)?\}}?\s*(?P<low>{SIZE})\s*\}}{{0,2}}"
    rf"|[({{]?\s*(?:{FACE})?\s*\(?\s*(?:in\s+)?base[\s-]*\}}?\s*(?P<word>{SIZE})(?!\w)\s*\)?\s*\}}?\s*\)?)"
)
FACED_DIGIT = re.compile(rf"{FACE}([0-9A-F]+)\s*\}}(?=\s*_)")
ALPHABET = "0123456789ABCDEF."


def same_base(gold: str, text: str, equal: Equal) -> bool | None:
    """Whether two answers are the same numbers in the same bases; None where not both name a base."""
    gold, text = (FACED_DIGIT.sub(r"\1", side) for side in (gold, text))
    if not BASED.search(gold) or not BASED.search(text):
        return None
    return equal(BASED.sub(_one_number, gold), BASED.sub(_one_number, text))


def _one_number(match: re.Match[str]) -> str:
    """A plain number that only these digits in this base are written as, so that math-verify compares both at once."""
    digits = next(group for group in match.groups() if group)
    size = match["low"] or match["word"]
    places = re.sub("[ ,]", "", digits).lstrip("0").upper()
    code = "".join(f"{ALPHABET.index(place):02}" for place in places)
    return f" 1{code}99{NAMED.get(size) or size.lstrip('0')} "
