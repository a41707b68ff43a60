"""Word tokens as NLTK's Treebank rules cut them (nltk 3.9.1), restated for counting words in capitals."""

import re

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_RULES = (
    (re.compile(r"[«“‘„»”’;@#$%&?!*\[\](){}<>\"`]|''|\.{2,}|--"), r" \g<0> "),
    (re.compile(r"[:,](?!\d)"), r" \g<0> "),
    (re.compile(r"(?i)(?<=[^' ])('(?:s|m|d|ll|re|ve)|n't)(?=\s|$)"), r" \1 "),
    (re.compile(r"(?i)(?<!\S)(')(?!re|ve|ll|m|t|s|d|n)(?=\w\b)"), r"\1 "),
    (re.compile(r"([^'])'(?=\s|$)"), r"\1 ' "),
    (
        re.compile(r"(?i)\b(can)(not)\b|\b(gim|lem)(me)\b|\b(gon|wan)(na)\b|\b(got)(ta)\b"),
        r" \1\3\5\7 \2\4\6\8 ",
    ),
)


def word_tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for sentence in _SENTENCE.split(text):
        for rule, spaced in _RULES:
            sentence = rule.sub(spaced, sentence)
        tokens += sentence.split()
    return tokens
