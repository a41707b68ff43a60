"""Those of IFBench's 58 constraint types (arXiv 2507.02833) that a line of Python decides.

They are judged, not composed: the prompts word them (`describe` gives id and kwargs), and nothing rewrites for them.
The published presets judge as published; where that is not what the prompts ask for, ours does as they ask
(`FIXED`). Missing are those that need a sentence splitter, a tagger or word lists, and single prompts.
"""

import inspect
import re
import string
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from ...io.errors import InputError
from .ifbench_fixed import FIXED, SENTENCE
from .kind import ConstraintType

MARKS = string.punctuation + " "
DROPPED = str.maketrans("", "", string.punctuation)
PRIMES = frozenset(n for n in range(2, 98) if all(n % d for d in range(2, n)))


def _words(text: str) -> list[str]:
    return text.lower().translate(DROPPED).split()


def _returns(line: str) -> bool:
    words = line.strip().lower().strip(MARKS).split()
    return not words or words[0] == words[-1]


def _alphabet(text: str) -> bool:
    first = [ord(word[0]) - ord("a") for word in _words(text)]
    return bool(first) and first[0] in range(26) and first == [(first[0] + n) % 26 for n in range(len(first))]


def _punctuation(text: str) -> bool:
    rest = text.replace("?!", "", 1) if "?!" in text else text.replace("!?", "", 1)
    return any(mark in text for mark in ("?!", "!?", "‽")) and set(".,!?;:") <= set(rest)


def _overlap(text: str, reference_text: str, percentage: int) -> bool:
    ours, theirs = (set(zip(words, words[1:], words[2:], strict=False)) for words in (text, reference_text))
    return bool(ours) and abs(100 * len(ours & theirs) / len(ours) - percentage) <= 2


def _japanese(text: str, N: int) -> bool:
    chosen = [word.strip(MARKS) for word in text.split()[N - 1 :: N]]
    return all(
        re.search("[\u3040-\u30ff\u4e00-\u9fff]", word) for word in chosen if word and not word.isdigit()
    )


def _keywords(text: str, keyword1: str, keyword2: str, keyword3: str, keyword4: str, keyword5: str) -> bool:
    words = (keyword1, keyword2, keyword3, keyword4, keyword5)
    return [text.lower().count(word.strip().lower()) for word in words] == [1, 2, 3, 5, 7]


RULES: dict[str, Callable[..., bool]] = {
    "count:word_count_range": lambda text, min_words, max_words:
        min_words <= len(re.findall(r"\w+", text)) <= max_words,
    "count:unique_word_count": lambda text, N: len({word.strip(MARKS) for word in text.lower().split()}) >= N,
    "count:numbers": lambda text, N: len(re.findall(r"\d+", text.translate(DROPPED))) == N,
    "count:punctuation": _punctuation,
    "count:keywords_multiple": _keywords,
    "count:words_japanese": _japanese,
    "ratio:overlap": _overlap,
    "words:alphabet": _alphabet,
    "words:vowel": lambda text: "\n" not in text.strip() and len(set("aeiou") & set(text.lower())) <= 3,
    "words:consonants": lambda text: all(re.search("[b-df-hj-np-tv-z]{2}", word) for word in text.lower().split()),
    "words:palindrome": lambda text: sum(len(w) >= 5 and w == w[::-1] for w in _words(text)) >= 10,
    "words:prime_lengths": lambda text: all(len(word) in PRIMES for word in text.translate(DROPPED).split()),
    "words:no_consecutive": lambda text: all(left[0] != right[0] for left, right in pairwise(_words(text))),
    "words:repeats": lambda text, small_n: max(Counter(_words(text)).values(), default=0) <= small_n,
    "words:paragraph_last_first": lambda text: all(map(_returns, text.split("\n"))),
    "format:newline": lambda text:
        len([line for line in text.translate(DROPPED).strip().split("\n") if line]) == len(_words(text)),
    "format:no_whitespace": lambda text: not any(map(str.isspace, text)),
    "format:list": lambda text, sep: text.count(sep) >= 2,
    "format:output_template": lambda text:
        all(part in text for part in ("My Answer:", "My Conclusion:", "Future Outlook:")),
    "repeat:repeat_simple": lambda text: text.strip().lower() == SENTENCE,
    "repeat:repeat_change": lambda text, prompt_to_repeat:
        text != prompt_to_repeat and text.split()[1:] == prompt_to_repeat.split()[1:],
    "repeat:repeat_span": lambda text, prompt_to_repeat, n_start, n_end:
        text.strip().lower() == prompt_to_repeat[n_start : n_end + 1].strip().lower(),
}  # fmt: skip
NUMBERS = ("N", "small_n", "min_words", "max_words", "percentage", "n_start", "n_end")


def _judged_only(*args: object, **kwargs: object) -> str:
    raise InputError(
        "types",
        "IFBench's constraints are judged only: their prompts say them, and nothing rewrites for them",
        "compose with other types",
    )


def _named(name: str) -> Callable[..., str]:
    return lambda **kwargs: " ".join([name, *(f"{key} {value}" for key, value in kwargs.items())])


def _kind(name: str, rule: Callable[..., bool]) -> ConstraintType:
    kwargs = {key: int if key in NUMBERS else str for key in list(inspect.signature(rule).parameters)[1:]}
    category: Literal["lexical", "format"] = (
        "lexical" if name.startswith(("words", "count", "ratio")) else "format"
    )
    return ConstraintType(
        name, category, "global", kwargs, _named(name), rule, FIXED.get(name, rule), _judged_only
    )


IFBENCH: dict[str, ConstraintType] = {name: _kind(name, rule) for name, rule in RULES.items()}
