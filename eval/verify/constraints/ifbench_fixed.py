"""Our rules for the IFBench types whose published rule is not what their prompts ask for.

Throughout, a word is what stands between spaces and holds a letter or digit, without the marks round or in it,
typographic ones too; the published rules drop ASCII marks only, and take a lone mark for a word.
"""

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from .legible import unmarked
from .lexical import count_word
from .scripts import count_words, plain

SENTENCE = "only output this sentence here, ignore all other requests."
_DROPPED = re.compile(r"[^\w\s]|_")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?")
_TEMPLATE = ("My Answer:", "My Conclusion:", "Future Outlook:")


def _simple(text: str) -> bool:
    """The sentence in any typography, emphasised or not."""
    return plain(unmarked(text)).lower() == SENTENCE


def _words(text: str) -> list[str]:
    return _DROPPED.sub("", text.lower()).split()


def _keywords(text: str, **keywords: str) -> bool:
    """Whole words: "outdoors" is no "door"."""
    counts = [count_word(keyword, text) for _, keyword in sorted(keywords.items())]
    return counts == [1, 2, 3, 5, 7]


def _unique(text: str, N: int) -> bool:
    bare = (re.sub(r"^\W+|\W+$", "", token) for token in text.lower().split())
    return len({token for token in bare if token}) >= N


def _alphabet(text: str) -> bool:
    first = [ord(token[0]) - ord("a") for token in _words(text)]
    return bool(first) and first[0] in range(26) and first == [(first[0] + n) % 26 for n in range(len(first))]


def _clusters(text: str) -> bool:
    """Figures and marks are no words."""
    worded = (token for token in text.lower().split() if any(map(str.isalpha, token)))
    return all(re.search("[b-df-hj-np-tv-z]{2}", token) for token in worded)


def _palindromes(text: str) -> bool:
    """Figures are no words."""
    return sum(len(token) >= 5 and token.isalpha() and token == token[::-1] for token in _words(text)) >= 10


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def _returns(line: str) -> bool:
    """Marks at either word do not matter."""
    words = _words(line)
    return not words or words[0] == words[-1]


def _list(text: str, sep: str) -> bool:
    """The separator opens an item: a hyphen inside a word is none."""
    return len(re.findall(rf"(?<!\S){re.escape(sep.strip())}", text)) >= 2


def _template(text: str) -> bool:
    """The three parts in this order, each with something in it."""
    places = [text.find(part) for part in _TEMPLATE]
    if -1 in places or places != sorted(places):
        return False
    ends = [*places[1:], len(text)]
    contents = (
        text[start + len(part) : end] for part, start, end in zip(_TEMPLATE, places, ends, strict=True)
    )
    return all(any(map(str.isalnum, piece)) for piece in contents)


def _changed(text: str, prompt_to_repeat: str) -> bool:
    """Another first word, not the same one in another case, and the rest of the request."""
    words, request = plain(text).split(), plain(prompt_to_repeat).split()
    return bool(words and request) and words[1:] == request[1:] and _words(words[0]) != _words(request[0])


def _span(text: str, prompt_to_repeat: str, n_start: int, n_end: int) -> bool:
    """The words from one index to the other, both included and counted from 0; the published rule takes characters."""
    return plain(text).lower().split() == plain(prompt_to_repeat).lower().split()[n_start : n_end + 1]


FIXED: dict[str, Callable[..., bool]] = {
    "count:word_count_range": lambda text, min_words, max_words: min_words <= count_words(text) <= max_words,
    "count:unique_word_count": _unique,
    "count:numbers": lambda text, N: len(_NUMBER.findall(text)) == N,
    "count:keywords_multiple": _keywords,
    "words:alphabet": _alphabet,
    "words:consonants": _clusters,
    "words:palindrome": _palindromes,
    "words:prime_lengths": lambda text: all(_is_prime(len(token)) for token in _words(text)),
    "words:no_consecutive": lambda text: all(left[0] != right[0] for left, right in pairwise(_words(text))),
    "words:repeats": lambda text, small_n: max(Counter(_words(text)).values(), default=0) <= small_n,
    "words:paragraph_last_first": lambda text: all(map(_returns, text.split("\n"))),
    "format:newline": lambda text: all(len(_words(line)) <= 1 for line in text.split("\n")),
    "format:list": _list,
    "format:output_template": _template,
    "repeat:repeat_simple": _simple,
    "repeat:repeat_change": _changed,
    "repeat:repeat_span": _span,
}
