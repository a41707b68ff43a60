"""Writing systems: where a word ends, how many words and sentences there are, which marks are commas.

Latin, Greek, Cyrillic and most scripts part words by spaces. Han, kana, Thai, Lao, Khmer and Burmese do not; Korean
glues particles to a word, Arabic and Hebrew prefixes. Typographic spellings of a quote, dash or space are that mark.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from math import ceil

from .legible import legible

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HIRAGANA = "\u3041-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
SOUTHERN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
SPACELESS = HAN + HIRAGANA + KATAKANA + SOUTHERN
GLUED = rf"[^\W{SPACELESS}{HANGUL}]"  # a letter, digit or `_` of a script that parts words by spaces
_LETTER = rf"[^\W_{SPACELESS}{HANGUL}]"
_MARKS = (
    "\u0300-\u036f\u0900-\u0963\u0966-\u0dff"  # accents, and Indic signs: all of these blocks but the dandas
)
COMMAS = ",，、،､﹐﹑︐︑፣՝߸᠂꓾"

# What may follow a Korean noun: case and topic particles, the plural, and forms of "to be" and "to do". Some of these
# make another word of a noun of one syllable (중요, 사랑, 그대로).
_PARTICLES = (
    "(?:으로|로|에서|에게|에|께서|께|한테|은|는|이|가|을|를|의|와|과|도|만|부터|까지|처럼|보다|마다|조차|이나|나|이란|란|이라|라|고|"
    "하고|들|뿐|밖에|이랑|이니까|인데|(?<=[\uac00-\ud7a3]{2})(?:요|랑|대로|니까)|입니다|입니까|이다|이고|이며|인|이에요|예요|였|이었|하[다는고여며면기지]|해|했|한|할|함|합니다|습니다|어요|아요|다)"
)
_SPELLINGS = {
    "'": "['’‘‛ʼ´`＇]",
    '"': '["“”„‟«»＂]',
    "-": "[-‐‑‒–]",
    **{mark: f"[{re.escape(mark + chr(ord(mark) + 0xFEE0))}]" for mark in "?!,:;()."},
}
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("’‘‛ʼ´`＇", "'"),
        **dict.fromkeys("“”„‟«»＂", '"'),
        **dict.fromkeys("‐‑‒–", "-"),
        "…": "...",
    }
)
# One of the things that may stand before the first word of a line: a number in a list, a tag, a command, a mark. No text
# can be read as two different rows of them, so that a search through many of them stays linear.
OPENING = r"(?:\d{1,3}[.)][^\S\n]|</?[a-zA-Z]\w*>|\\[a-zA-Z]+\*?\{|[^\w\n\\]|_)"
_UNSPACED = re.compile(f"[{SPACELESS}{HANGUL}{_MARKS}]")
_NO_SPACES = re.compile(f"[{SPACELESS}]")
# Between the words of a phrase: emphasis or a wrapped line too, but no bullet.
_GAP = r"[*_~]*+\s(?:[\s_~>]|\*(?!\s))*+"


def straight(text: str) -> str:
    """The text with typographic quotes, dashes and dots as their plain forms."""
    return text if text.isascii() and "`" not in text else text.translate(_PLAIN)


def plain_marks(text: str) -> str:
    """The same of what a reader sees of the text."""
    return straight(legible(text))


def plain(text: str) -> str:
    """The same, and runs of blank space of any kind as one space."""
    return " ".join(plain_marks(text).split())


def in_text(keyword: str, text: str) -> Iterator[re.Match[str]]:
    """Where the keyword stands as whole words, without overlap, in what a reader sees of the text."""
    text = legible(text)
    return word(keyword, _UNSPACED.search(text) is None).finditer(text)


@lru_cache(maxsize=4096)
def word(keyword: str, spaced: bool = False) -> re.Pattern[str]:
    """The keyword as whole words, case folded, however its quotes, dashes, spaces and emphasis are written.

    Letters and digits glue to a word, `_` between them too, and a leading backslash makes it a LaTeX command. Where
    a script writes no spaces nothing glues; a Korean word may carry particles. `spaced` gives a pattern that is quick
    to make, for texts in which only scripts with spaces stand.
    """
    letters = plain(keyword)
    if not letters:
        return re.compile(re.escape(keyword.strip()))
    body = "".join(_GAP if letter == " " else _spelled(letter) for letter in letters[1:])
    letter = r"[^\W_]" if spaced else _LETTER
    return re.compile(f"{_opening(letters[0], letter)}(?i:{body}){_closing(letters[-1], letter, spaced)}")


def _spelled(letter: str) -> str:
    """The letter as a pattern of one character, or of the two ways to write an accent."""
    apart = unicodedata.normalize("NFD", letter)
    if apart != letter:
        return f"(?:{re.escape(letter)}|{re.escape(apart)})"
    return _SPELLINGS.get(letter) or re.escape(letter)


def _opening(first: str, letter: str) -> str:
    """The first letter and what may not stand before it. That is looked at after an ASCII letter, so that the search
    leaps from one such letter to the next; Hebrew and Arabic glue "and", "the", "in" … to a word."""
    if first.isascii() and first.isalnum():
        start = f"[{first.lower()}{first.upper()}]"
        emphasis = "".join(f"(?<![A-Za-z0-9]{'_' * run}{start})" for run in (1, 2, 3))
        return rf"{start}(?<!{letter}{start})(?<!\\{start}){emphasis}"
    start = f"(?i:{_spelled(first)})"
    for script in (KATAKANA, HANGUL):
        if re.match(f"[{script}]", first):
            return f"(?<![{script}]){start}"
    if _NO_SPACES.match(first):
        return start
    hebrew, arabic = "\u0590" <= first <= "\u05ff", "\u0600" <= first <= "\u06ff"
    prefix = "[ושהמכלב]{0,3}" if hebrew else "[وف]?[بكل]?(?:ال|ل)?" if arabic else ""
    return rf"(?<!{letter})(?<!\\){prefix}{start}"


def _closing(last: str, letter: str, spaced: bool) -> str:
    """What may not stand after the last letter, and the particles and vowel signs that may."""
    if re.match(f"[{KATAKANA}]", last):
        return f"(?![{KATAKANA}])"
    if re.match(f"[{HANGUL}]", last):
        return f"(?={_PARTICLES}{{0,3}}(?![{HANGUL}]))"
    if _NO_SPACES.match(last):
        return ""
    signs = "[\u064b-\u0652]*+" if "\u0600" <= last <= "\u06ff" else ""
    return f"{signs}{'' if spaced else f'(?![{_MARKS}])'}(?!_*+[A-Za-z0-9])(?!{letter})"


_KANA = re.compile(f"[{HIRAGANA}{KATAKANA}]")
_RUNS = re.compile(
    rf"([{HAN}]+)|([{HIRAGANA}]+)|([{KATAKANA}]+)|([{SOUTHERN}]+)|{GLUED}(?:[^\s{SPACELESS}]*[^\W{SPACELESS}])?"
)


def count_words(text: str) -> int:
    """What stands between spaces and holds a letter or digit. A script without spaces is counted by its mean length
    of a word: 1.5 Han characters in Chinese, 2 Han or hiragana in Japanese, 4 in Thai and its neighbours."""
    tokens = text.split()
    if text.isascii() or not _NO_SPACES.search(text):
        return sum(1 for token in tokens if any(map(str.isalnum, token)))
    han = 2.0 if _KANA.search(text) else 1.5
    return sum(ceil(len(run[0]) / _size(run, han)) for token in tokens for run in _RUNS.finditer(token))


def _size(run: re.Match[str], han: float) -> float:
    """Characters a word in a run of one script; katakana and all scripts with spaces are one word."""
    if run[1]:
        return han
    return 2.0 if run[2] else 4.0 if run[4] else float(len(run[0]))


_STOP = re.compile(
    "[。！？｡．।॥؟۔።።។။།։]++[」』）”’》]*+(?!と|って)|(?<=[\u0e00-\u0eff])[ \u00a0]+(?=[\u0e00-\u0eff])"
)


def with_full_stops(text: str) -> str:
    """The text with a mark that Punkt knows where another script ends a sentence; Thai and Lao end it by a space."""
    return text if text.isascii() else _STOP.sub("! ", text)
