"""ComplexBench's rules (evaluation/con_rule.py of the original): what a part of a response must look like.

A rule is one line or more of `model_NAME:ARGUMENT`; all must hold. `…_each` wants it of every part, else the first part
counts. Where there is no part, only what is forbidden holds.
"""

import json
import re
import string
from collections.abc import Callable

from ..io.errors import InputError

# Full-width marks and their twins are one: both sides of a comparison are folded.
WIDE = str.maketrans("，。！＃＄％＆（）＊：；？＼＾“”", ',.!#$%&()*:;?\\^""')
ENDINGS = ("", ".", "?")
LINES = re.compile(r"\n(?=(?:model_|not )?[A-Za-z_]+:)")
NEGATIVE = ("forbidden_word", "not_startswith", "not_endswith")


def follows(rule: str, parts: list[str]) -> bool:
    """Whether the parts of a response follow a rule; raises InputError on a rule that is not known."""
    folded = [fold(part).strip() for part in parts if part.strip()]
    return all(_line(line.strip(), folded) for line in LINES.split(rule.strip()))


def _line(line: str, parts: list[str]) -> bool:
    name, _, argument = line.partition(":")
    bare = name.replace("not ", "not_").removeprefix("model_").removesuffix("_each")
    if bare in LISTS:
        return bool(parts) and LISTS[bare](parts, argument)
    if bare not in RULES:
        raise InputError(f"rule {line!r}", "not known", f"known: {', '.join([*RULES, *LISTS])}")
    if not parts:
        return bare in NEGATIVE
    judged = parts if name.endswith("_each") else parts[:1]
    if name.endswith("endswith_each") and bare == "endswith":
        judged = parts[:-1] or parts  # as published: the last of several may end otherwise
    return all(RULES[bare](part, argument) for part in judged)


def fold(text: str) -> str:
    """The text with its full-width marks as ASCII."""
    return text.translate(WIDE)


def _words(argument: str) -> list[str]:
    return [fold(word).strip() for word in argument.strip().strip("[]").split(",") if word.strip()]


def _within(count: int, argument: str) -> bool:
    low, high = map(int, _words(argument)[:2])
    return low <= count <= high


def _forms(part: str) -> tuple[str, ...]:
    """The part as it is, and without the quotation marks around it, which a judge may have copied."""
    quoted = len(part) > 1 and part[0] in '"`' and part[-1] in '"`'
    return (part, part[1:-1]) if quoted else (part,)


def _starts(part: str, argument: str) -> bool:
    return part.startswith(fold(argument))


def _ends(part: str, argument: str) -> bool:
    return any(form.endswith(fold(argument) + ending) for form in _forms(part) for ending in ENDINGS)


def _punctuation(part: str, argument: str) -> bool:
    """`[marks…]`: no other mark is used."""
    return any(set(string.punctuation) & set(form) <= set(_words(argument)) for form in _forms(part))


def _keys(part: str, argument: str) -> bool:
    """The first object in the part has these keys and, where any are named, no others."""
    start = part.find("{")
    try:
        content, _ = json.JSONDecoder().raw_decode(part[start:]) if start >= 0 else (None, 0)
    except ValueError:
        return False
    keys = {word.strip("\"'") for word in _words(argument)} - {""}
    return isinstance(content, dict) and (not keys or content.keys() == keys)


RULES: dict[str, Callable[[str, str], bool]] = {
    "length": lambda part, argument: any(_within(len(form), argument) for form in _forms(part)),
    "length_word": lambda part, argument: _within(len(part.split()), argument),
    "keyword": lambda part, argument: all(word in part for word in _words(argument)),
    "keyword_num": lambda part, argument: _within(sum(w in part for w in _words(argument)[2:]), argument),
    "forbidden_word": lambda part, argument: not any(word in part for word in _words(argument)),
    "startswith": _starts,
    "not_startswith": lambda part, argument: not _starts(part, argument),
    "endswith": _ends,
    "not_endswith": lambda part, argument: not _ends(part, argument),
    "match": lambda part, argument: part in (fold(argument), fold(argument) + "."),
    "constraint_punc": _punctuation,
    "Json": _keys,
}
# These look at all parts at once.
LISTS: dict[str, Callable[[list[str], str], bool]] = {
    "number": lambda parts, argument: _within(len(parts), argument),
    "starts_with_list": lambda parts, argument: (
        len(parts) == len(_words(argument)) and all(map(_starts, parts, _words(argument)))
    ),
}
