r"""Sequences with dots, `1, 3, \ldots, 2n-1`, and decimals that go on: math-verify drops the dots and what they stand for."""

import re
from dataclasses import dataclass
from itertools import pairwise

from .notation import Equal

DOTS = re.compile(r"\\[lc]?dots[a-z]?(?![a-z])|\.\.\.+")
GOES_ON = re.compile(rf"(\d*\.\d+)\s*(?:{DOTS.pattern})")
INTEGER = re.compile(r"-?\d+")
NUMBER = re.compile(r"\d{1,18}")
LONGEST = 1000  # elements that dots are filled with
# What elements in a row satisfy where the sequence has a law: steps are alike, quotients are, each is the sum of the two
# before it, the steps of the steps are alike. The first law that the shown elements follow is theirs.
LAWS = (
    (3, "({2})+({0})", "2*({1})"),
    (3, "({2})*({0})", "({1})*({1})"),
    (3, "({2})", "({0})+({1})"),
    (4, "({3})+3*({1})", "3*({2})+({0})"),
)


def without_endless_dots(text: str) -> str:
    r"""`1.414\ldots` as 1.414, which is what is shown of it; where each part of a list ends so, of each."""
    parts = re.split(r"[,+]", text)
    if all(GOES_ON.search(part) and len(DOTS.findall(part)) == 1 for part in parts):
        return GOES_ON.sub(r"\1", text)
    return text


def same_sequence(gold: str, text: str, equal: Equal) -> bool | None:
    """Whether two sequences with dots agree in every element that both show.

    One may show more elements where these go on in the other's steps; dots between integers may be written out.
    """
    dotted = [bool(DOTS.search(answer)) for answer in (gold, text)]
    if not any(dotted):
        return None
    gold_ends, text_ends = _ends(gold), _ends(text)
    if not all(dotted):
        filled = _filled(gold_ends or text_ends)
        return filled is not None and (equal(filled, text) if dotted[0] else equal(gold, filled))
    if gold_ends is None or text_ends is None:  # dots in a product or a matrix: math-verify's to read
        return True if gold == text else None
    return (
        gold_ends.alike(text_ends)
        and _agree(gold_ends.head, text_ends.head, equal)
        and _agree(gold_ends.tail[::-1], text_ends.tail[::-1], equal, step_of=gold_ends.head)
    )


@dataclass(frozen=True)
class Ends:
    """A sequence with dots: its brackets, what parts its elements, the elements before and behind the dots."""

    brackets: str
    separator: str
    head: list[str]
    tail: list[str]

    def alike(self, other: "Ends") -> bool:
        """Whether both are sums or both lists, both go on for ever or both end, and none a set where the other is a tuple."""
        kinds = {self.brackets, other.brackets}
        return (self.separator, bool(self.tail)) == (other.separator, bool(other.tail)) and not (
            "{}" in kinds and kinds & {"()", "[]"}
        )


def _ends(text: str) -> Ends | None:
    text = re.sub(r"\\left|\\right", "", text).replace("\\{", "{").replace("\\}", "}").strip()
    brackets = text[0] + text[-1] if text and text[0] + text[-1] in ("()", "[]", "{}") else ""
    sides = DOTS.split(text[1:-1] if brackets else text)
    separator = "," if "," in text else "+" if "+" in text else ""
    if len(sides) != 2 or not separator:
        return None
    head, tail = ([part.strip() for part in side.split(separator) if part.strip()] for side in sides)
    return Ends(brackets, separator, head, tail) if head else None


def _agree(first: list[str], second: list[str], equal: Equal, step_of: list[str] | None = None) -> bool:
    """Whether the longer list begins with the shorter and goes on by its law (backwards in the steps of `step_of`)."""
    short, long = sorted((first, second), key=len)
    if not all(equal(a, b) for a, b in zip(short, long, strict=False)):
        return False
    if len(short) == len(long):
        return True
    if not step_of:
        return len(short) > 1 and _goes_on(short, long, equal)
    if len(step_of) < 2:
        return False
    step = f"({step_of[1]})-({step_of[0]})"
    return all(equal(f"({a})-({step})", b) for a, b in pairwise(long[len(short) - 1 :]))


def _goes_on(short: list[str], long: list[str], equal: Equal) -> bool:
    """Whether a list goes on by the law that its beginning follows: by its text (`a_1, a_2`), or by its values."""
    if _counts(short) and _counts(long):
        return True
    for size, left, right in LAWS:
        follows = [
            all(
                equal(left.format(*window), right.format(*window))
                for window in zip(*(elements[start:] for start in range(size)), strict=False)
            )
            for elements in (short, long)
        ]
        if follows[0]:
            return follows[1]
    return False


def _counts(elements: list[str]) -> bool:
    """Whether the elements are one text but for numbers in it that count in even steps."""
    texts = [re.sub(r"[{}\s]", "", element) for element in elements]
    rows = [list(map(int, NUMBER.findall(text))) for text in texts]
    steps = [[b - a for a, b in zip(*pair, strict=False)] for pair in pairwise(rows)]
    return len({NUMBER.sub("0", text) for text in texts}) == 1 and all(step == steps[0] for step in steps)


def _filled(ends: Ends | None) -> str | None:
    """The integers that dots stand for, written out; None where they are not plain steps between integers."""
    if ends is None or len(ends.head) < 2 or not ends.tail:
        return None
    if not all(map(INTEGER.fullmatch, [*ends.head, *ends.tail])):
        return None
    numbers, last = list(map(int, ends.head)), list(map(int, ends.tail))
    step = numbers[1] - numbers[0]
    while step and len(numbers) < LONGEST and (last[-1] - numbers[-1]) * step > 0:
        numbers.append(numbers[-1] + step)
    if numbers[-len(last) :] != last or any(b - a != step for a, b in pairwise(numbers)):
        return None
    inner = ends.separator.join(map(str, numbers))
    return {"{}": rf"\{{{inner}\}}", "()": f"({inner})", "[]": f"[{inner}]"}.get(ends.brackets, inner)
