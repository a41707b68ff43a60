"""What a reader sees of a text: letters in their plain form, nothing that is not shown, emphasis without its marks."""

import re
import unicodedata
from functools import lru_cache

# Unicode's "default ignorable" characters, which are shown as nothing: soft hyphens, joiners, marks of direction, …
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_JOINED = "\u0600-\u0dff"  # Arabic to Sinhala: here a joiner, or a non-joiner, is spelling
_HIDDEN = re.compile(f"(?!(?<=[{_JOINED}])[\u200c\u200d][{_JOINED}])[{_UNSEEN}]")
_VOWELS = re.compile("[\u0640\u064b-\u0652]")  # Arabic, most often left out; and what only stretches a word
_FULL_WIDTH = {ord(mark) + 0xFEE0: mark for mark in map(chr, range(ord("!"), ord("~") + 1))}
_RUN = re.compile(r"[^\W_]+")  # marks are left out: ™ would become the letters TM
# Stars anywhere, `~~`, and underscores that do not join two letters or digits, as in snake_case.
_EMPHASIS = re.compile(r"\*+|~{2,}|(?<!_)_++(?!\w)|(?<!\w)_++")


@lru_cache(maxsize=64)
def legible(text: str) -> str:
    """The text without what is not shown, its letters and digits in their plain form (NFKC), its accents composed.

    Arabic is without its vowel signs, as it is mostly written.

    The last texts are kept: the constraints of a row ask for the same answer one after the other.
    """
    if text.isascii():
        return text
    shown = _VOWELS.sub("", _HIDDEN.sub("", text)).translate(_FULL_WIDTH)
    plain_letters = _RUN.sub(lambda run: unicodedata.normalize("NFKC", run[0]), shown)
    return unicodedata.normalize("NFC", plain_letters)


def unmarked(text: str) -> str:
    """The text without the marks of emphasis (`*`, `_`, `~~`)."""
    return _EMPHASIS.sub("", text)
