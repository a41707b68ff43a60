"""How long the answer is, in words and sentences."""

import re
from collections.abc import Callable
from random import Random

from .fences import unfenced
from .legible import unmarked
from .prose import FILLER, MASK, append, holds_answer, prose, sentence_spans
from .relation import LESS, holds
from .scripts import count_words, plain_marks, with_full_stops
from .tokens import count_sentences

_RUN = re.compile(r"\w+")
# Pictures, which are no sentences and may hide where one ends; and a text up to the last of it that says anything.
_PICTURES = re.compile("[\u2190-\u2bff\ufe0f\u200d\U0001f000-\U0001faff\U000e0020-\U000e007f]+")
_SAID = re.compile(rf"(?s:.*)[\w{MASK}.?!]\S*")
# Full stops at which no sentence ends, and Punkt ends one: of a numbered list, and of abbreviations its model lacks.
_NO_END = re.compile(
    r"(?m:^[ \t]*\d+\.(?=[ \t]+\S))|\b(?:(?:e\. ?g|i\. ?e|cf)\.(?=[\s,(])|(?:approx|resp)\.(?=\s+[a-z\d(]|,)"
    r"|(?:[Ff]igs?|[Ee]qs?)\.(?=\s*[(\d]))"
)


def words_published(text: str, num_words: int, relation: str) -> bool:
    """Runs of word characters: "don't" is two, a fraction in LaTeX three."""
    return holds(len(_RUN.findall(text)), relation, num_words)


def words(text: str, num_words: int, relation: str) -> bool:
    """What stands between spaces and holds a letter or digit: "don't" and "$x^2$" are one each. Scripts without
    spaces are counted by a word's mean length."""
    return holds(_words(text), relation, num_words)


def _words(text: str) -> int:
    return count_words(unfenced(text))


def set_words(text: str, rng: Random, num_words: int, relation: str) -> str:
    """Pad with short sentences, or drop the last ones but never the boxed answer."""
    if relation == LESS:
        return _shorten(text, lambda candidate: words_published(candidate, num_words, LESS))
    return _pad(text, rng, lambda candidate: words(candidate, num_words, relation))


def sentences_published(text: str, num_sentences: int, relation: str) -> bool:
    return holds(count_sentences(text), relation, num_sentences)


def sentence_count(text: str, num_sentences: int, relation: str) -> bool:
    """Formulas, emphasis, pictures and the numbers of a list set aside, so that no point in them counts, nor a star or
    a smiley at the end."""
    bare = _NO_END.sub(" ", unmarked(_PICTURES.sub(" ", prose(text))))
    said = _SAID.match(plain_marks(with_full_stops(bare)))
    return sentences_published(said[0] if said else "", num_sentences, relation)


def set_sentences(text: str, rng: Random, num_sentences: int, relation: str) -> str:
    def done(candidate: str) -> bool:
        return sentence_count(candidate, num_sentences, relation) and sentences_published(
            candidate, num_sentences, relation
        )

    return _shorten(text, done) if relation == LESS else _pad(text, rng, done)


def _pad(text: str, rng: Random, done: Callable[[str], bool]) -> str:
    while not done(text):
        text = append(text, rng.choice(FILLER))
    return text


def _shorten(text: str, done: Callable[[str], bool]) -> str:
    """Drop sentences from the end, the boxed answer last of all and then down to its box."""
    for start, end in reversed(sentence_spans(text)):
        if done(text):
            return text
        if not holds_answer(text[start:end]):
            text = text[:start].rstrip(" ") + text[end:]
    if not done(text) and (start := text.find("\\boxed")) >= 0:
        text = text[start:]
    return text
