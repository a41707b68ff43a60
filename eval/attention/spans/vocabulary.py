"""What the wordings of all constraints share: counts, bounds, quotes, negation, words in a row.

A blank in a pattern stands for any blanks.
"""

import re

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
NUMBER = rf"(?:\d+|(?:{'|'.join(_UNITS[1:])}|thirty|forty|fifty|a few|few)\b)"
_BOUND = r"""(?:(?:at least|at most|(?:no |not )?(?:less|fewer|more) than(?: a total of)?|exactly|only|just|under|over|above|
around|about|up to|a (?:minimum|maximum|total) of|between|in the range of|or more) )*""".replace("\n", "")
COUNT = (
    rf"{_BOUND}{NUMBER}\+?(?:(?:\s*-\s*| (?:to|and|or) ){NUMBER})?(?: or (?:more|less|fewer"
    r"|above))?[\x20-]+"
)
WRITE = r"""(?:(?:please )?(?:write|provide|use|keep (?:it|(?:your|the) (?:entire )?\w+)|respond|answer|reply|expand it|(?:put|separate) (?:your|the) \w+|
(?:i would like you to )?(?:give|provide) (?:me )?(?:the|your) \w+) (?:with |in |into )?)?""".replace(
    "\n", ""
)
OFTEN = rf"""(?:(?:for )?{_BOUND}(?:{NUMBER} (?:(?:to|or) {NUMBER} )?(?:or (?:more|less|fewer) )?(?:or more )?times?|once|twice)
(?: or (?:more|less))?)""".replace("\n", "")
QUOTE = "[\"'“”‘’`]"
NEGATED = (
    r"(?:(?:do|does|should|must|can|could|are|is)\s*(?:not|n['’]t)|cannot|without|avoid|never|refrain from"
    r"|no|not to|not)"
)


def words(texts: list[str]) -> str:
    """Any of some texts, quoted or not, as a list may go on after them."""
    escaped = "|".join(re.escape(text.strip()) for text in sorted(texts, key=len, reverse=True))
    return rf"{QUOTE}?\b(?:{escaped})\b[.,]?{QUOTE}?"


def listing(texts: list[str]) -> str:
    """Words in a row: `"a", "b" and "c"`, `['a', 'b']`."""
    named = words(texts)
    word, sep = rf"(?:{named}|{QUOTE}\w+{QUOTE})", r"(?:\s*,\s*(?:and|or|nor)?\s*| (?:and|or|nor) | )"
    return rf"\[?(?:{QUOTE}\w+{QUOTE}{sep}){{0,20}}{named}(?:{sep}{word})*\]?"


def says_number(text: str, number: int) -> bool:
    """Whether a text has a number, in digits or as a word."""
    word = _UNITS[number] if 0 <= number < len(_UNITS) else ""
    return bool(re.search(rf"\b(?:{number}{f'|{word}' if word else ''})\b", text, re.IGNORECASE))


def says_any_number(text: str) -> bool:
    """Whether a text has any number."""
    return bool(re.search(rf"\b{NUMBER}", text, re.IGNORECASE))
