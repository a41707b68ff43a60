"""Lengths."""

import re
from random import Random

from .prose import FILLER, append, holds_answer, sentences
from .relation import LESS, holds

_RUN = re.compile(r"\w+")
_TOKEN = re.compile(r"\S+")


def words_published(text: str, num_words: int, relation: str) -> bool:
    """Runs of word characters: "don't" is two, a fraction in LaTeX three."""
    return holds(len(_RUN.findall(text)), relation, num_words)


def words(text: str, num_words: int, relation: str) -> bool:
    """What stands between spaces and holds a letter or digit: "don't" and "$x^2$" are one each."""
    return holds(_words(text), relation, num_words)


def _words(text: str) -> int:
    return sum(1 for token in text.split() if any(map(str.isalnum, token)))


def set_words(text: str, rng: Random, num_words: int, relation: str) -> str:
    """Pad with short sentences, or drop the last ones but never the boxed answer."""
    if relation != LESS:
        count = _words(text)
        while count < num_words:
            sentence = rng.choice(FILLER)
            text, count = append(text, sentence), count + _words(sentence)
        return text
    count = len(_RUN.findall(text))
    for sentence in reversed(sentences(text)):
        if count < num_words:
            break
        if not holds_answer(sentence):
            text = _drop_last(text, sentence)
            count -= len(_RUN.findall(sentence))
    if count >= num_words and (start := text.find("\\boxed")) >= 0:
        text = text[start:]
    return text


def _drop_last(text: str, sentence: str) -> str:
    head, _, tail = text.rpartition(sentence)
    return head.rstrip(" ") + tail if not tail.strip() else head + tail.lstrip(" ")
