"""Whether one prompt is another in other words, and asks for the same.

It must be near, and nothing may differ in it that makes another problem or another constraint: what is quoted, numbers
(in words too), what formulas are made of, and words that turn a sentence round.
"""

import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

NEAR = 0.9  # of the characters
QUOTED = re.compile(r'["“”«»„]([^"“”«»„\n]+)["“”«»„]|`([^`\n]+)`|(?<!\w)[\'‘]([^\'‘’\n]+)[\'’](?!\w)')
NUMBER = re.compile(r"\d+(?:\.\d+)?")
GROUPING = re.compile(r"(?<=\d)(?:,|\{,\}|\\,|\\!)(?=\d{3}(?!\d))")  # 1,000 as LaTeX may write it too
# Commands of LaTeX, signs (a hyphen between letters is none), and variables: letters that are no word of their own.
FORMULA = re.compile(
    r"\\[A-Za-z]+|[^\w\s.,;:!?\"“”«»„'‘’`()\[\]{}\\-]|(?<![^\W\d_])-|-(?![^\W\d_])|(?<![\w'’])(?![aAI])[A-Za-z](?!\w)"
)
DENIED = re.compile(r"n['’]t\b")
WORD = re.compile(r"[^\W\d_]+")
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
MORE_NUMBERS = {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}  # fmt: skip
VALUES = {word: str(value) for value, word in enumerate(NUMBERS)} | MORE_NUMBERS
# Words of an amount, an order, a bound or a denial: in a problem or a constraint none stands for another.
TELLING = frozenset(
    """
    hundred thousand million billion dozen half third quarter fourth fifth sixth tenth once twice thrice double triple
    first second last before after not no never none neither nor without except unless least most more less fewer
    greater smaller larger minimum maximum min max exactly only all any each every odd even sum product difference
    uppercase lowercase capital
    """.split()
)
# The one prompt of IFEval that its authors changed after they had asked GPT-4, whose replies they publish: they are
# scored by what it asks since.
IFEVAL_CHANGED = "What is inside Shinto shrines? Imagine that you are giving a lecture"
SINCE, BEFORE = "at least 3 placeholders (an", "at least one placeholder (an"


def is_reworded(prompt: str, question: str) -> bool:
    """Whether a prompt differs from a question by a few words, none of which asks for anything else."""
    if question.startswith(IFEVAL_CHANGED) and prompt == question.replace(SINCE, BEFORE):
        return True
    near = SequenceMatcher(None, prompt, question, autojunk=False).ratio() >= NEAR
    return near and Counter(_kept(prompt)) == Counter(_kept(question))


def _kept(text: str) -> Iterator[str]:
    """What no rewording changes, in any order."""
    for quoted in QUOTED.finditer(text):
        yield f"quoted {(quoted[1] or quoted[2] or quoted[3]).strip(' .,;:')}"
    plain = GROUPING.sub("", DENIED.sub(" not", text))
    yield from NUMBER.findall(plain)
    yield from FORMULA.findall(plain)
    for word in map(str.lower, WORD.findall(plain)):
        if word in VALUES:
            yield VALUES[word]
        elif word in TELLING or word.endswith("fold"):
            yield word
