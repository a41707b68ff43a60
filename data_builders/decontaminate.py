"""Problems that the evaluation sets hold too.

Two rules, both on the question alone. Exact: the same letters and digits in the same order, whatever their case,
spacing and punctuation. 8-gram: eight words or numbers in a row, LaTeX commands counted as words, found in the
question of an evaluation problem. Any shared 8-gram removes, as in the published filters; the share of the evaluation
problem's 8-grams that was found is listed, so that a reader can tell a copy from a common turn of phrase.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..eval.verify.rows import Row
from .problems import BENCHMARKS, read_problems

GRAM = 8
MARKS = re.compile(r"[\W_]+")
WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Overlap:
    """A row of ours and the evaluation problem it meets."""

    row: str
    source: str
    question: str
    kind: Literal["exact", "8-gram"]
    evaluation: str
    evaluation_row: str
    share: float


class Evaluation:
    """The problems of evaluation sets, ready to be looked up; memory grows with their words."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: list[tuple[str, str, int]] = []
        self._exact: dict[str, list[int]] = {}
        self._grams: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            grams = _grams(row.question)
            self._rows.append((row.source, row.name, len(grams)))
            if letters := _letters(row.question):
                self._exact.setdefault(letters, []).append(place)
            for gram in grams:
                self._grams.setdefault(gram, []).append(place)

    def find(self, row: Row) -> list[Overlap]:
        """Every exact copy of the row's question; failing that, the problem that shares most 8-grams, or none."""
        question = row.question
        if places := self._exact.get(_letters(question)):
            return [self._overlap(row, place, "exact", 1.0) for place in places]
        shared = Counter(place for gram in _grams(question) for place in self._grams.get(gram, ()))
        if not shared:
            return []
        shares = {place: count / self._rows[place][2] for place, count in shared.items()}
        nearest = max(shares, key=lambda place: (shares[place], -place))
        return [self._overlap(row, nearest, "8-gram", shares[nearest])]

    def _overlap(self, row: Row, place: int, kind: Literal["exact", "8-gram"], share: float) -> Overlap:
        evaluation, name, _ = self._rows[place]
        return Overlap(row.name, row.source, row.question, kind, evaluation, name, round(share, 4))


def read_evaluation(sources: Iterable[str]) -> Evaluation:
    """The problems of benchmarks by name, files, folders or hub ids; raises InputError as `read_problems` does."""
    return Evaluation(row for source in sources for row in read_problems(BENCHMARKS.get(source, source)))


def decontaminate(rows: Iterable[Row], evaluation: Evaluation, removed: list[Overlap]) -> Iterator[Row]:
    """The rows that meet no evaluation problem; what was taken out is appended to `removed`."""
    for row in rows:
        if copies := evaluation.find(row):
            removed.extend(copies)
        else:
            yield row


def _letters(question: str) -> str:
    return MARKS.sub("", question.casefold())


def _grams(question: str) -> set[str]:
    words = WORD.findall(question.casefold())
    return {" ".join(words[start : start + GRAM]) for start in range(len(words) - GRAM + 1)}
