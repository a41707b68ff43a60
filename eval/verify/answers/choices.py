r"""The letter of a choice: alone, written out as `(C) 12`, named as `\text{Option C}`, stated in prose, several of them."""

import re

from .words import UPRIGHT

FACE = r"(?:\\(?:text|mathrm|mbox)\s*\{\s*)?"
CHOICE_LETTER = re.compile(r"\(?([A-J])[).:]?")
CHOICE = re.compile(  # and not several of them: (A) and (C)
    rf"{FACE}(?:\(([A-J])\)(?=}}?[\s.:])|([A-J])(?:\)|[.:](?!\d)))[\s.:}}]*(?!(?:,|and\b|or\b|&)|.*\([A-J]\)|.*[\s,;][A-J][.):]\s)(\S.*)",
    re.DOTALL,
)
NAMED = re.compile(
    r"^\s*(?:the\s+)?(?:(?:correct|right|final)\s+)?(?:(?:answer|option|choice)\s*)+(?:(?:is|:)\s*(?:(?:option|choice)\s*)?)?",
    re.IGNORECASE,
)
PARTING = r"(?:\s|,|;|&|\\text\s*\{\s*and\s*\}|\band\b)+"
SEVERAL = re.compile(rf"(?:[A-J](?:{PARTING})?)+[A-J]|(?:\([A-J]\)(?:{PARTING})?)+\([A-J]\)")
# `Therefore, the correct answer is **(B)**`: a letter that is no word of what follows, with those that it is hedged by.
STATED = re.compile(
    r"(?i:(?<!wrong )(?<!incorrect )\b(?:answer|option|choice)[\s*_]*(?:is|:)(?:[\s*_$:({\[]|\\\(|\\[a-z]+\{)*"
    r"(?:(?:option|choice)\s+)?)"
    r"\(?(?P<letters>[A-J](?:\)?\s*(?:,|/|&|and|or)\s*(?:and|or)?\s*\(?[A-J](?![A-Za-z]))*)(?P<closed>\))?"
    r"(?![A-Za-z0-9_^])(?!\s*=)"
)
A_WORD = re.compile(r"\s+[A-Za-z]")  # behind an A or I that is a word itself
SHORT = 20  # characters up to which a whole reply may be a letter


def named_letter(text: str) -> str:
    r"""`\text{The correct option is C}` as C: what is left of an answer that is called one."""
    bare = UPRIGHT.sub(r" \1 ", text)
    return NAMED.sub("", bare).strip() if NAMED.match(bare) else text


def same_choice(gold: str, text: str) -> bool | None:
    """Whether a letter is that of a choice written out, of C and (C) 12, and several letters are the same ones.

    Two choices written out are different where their letters are; where these agree the rest is compared.
    """
    gold, text = named_letter(gold), named_letter(text)
    letters = [_letter(side) for side in (gold, text)]
    if None not in letters:
        alone = any(map(CHOICE_LETTER.fullmatch, (gold, text)))
        return letters[0] == letters[1] if alone or letters[0] != letters[1] else None
    several = [re.findall("[A-J]", side) if SEVERAL.fullmatch(side) else [] for side in (gold, text)]
    if all(len(set(side)) == len(side) > 0 for side in several):
        return set(several[0]) == set(several[1])
    return None


def without_choice(text: str, beside: str) -> str:
    """An answer without the letter of its choice, where the answer beside it has none or the same one."""
    choice = CHOICE.fullmatch(text)
    return choice[3] if choice and not CHOICE_LETTER.fullmatch(beside) else text


def stated_choice(text: str) -> str | None:
    """The letter that a reply in prose says last is the answer, with the letters that it is hedged by; None without one."""
    found = [
        match
        for match in STATED.finditer(text)
        if match["closed"] or match["letters"] not in ("A", "I") or not A_WORD.match(text, match.end())
    ]
    return found[-1]["letters"].replace(")", "").replace("(", "") if found else None


def _letter(text: str) -> str | None:
    alone = CHOICE_LETTER.fullmatch(text)
    choice = CHOICE.fullmatch(text)
    return alone[1] if alone else (choice[1] or choice[2]) if choice else None
