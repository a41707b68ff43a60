"""Problems drawn from any source: each once, apart from the evaluation sets, train and test halves disjoint."""

import heapq
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal

from ..eval.io.errors import InputError
from ..eval.verify.answers import boxed
from ..eval.verify.rows import Row
from .decontaminate import Overlap, decontaminate, read_evaluation
from .problems import read_problems

Half = Literal["train", "test"]


@dataclass
class Tally:
    """What a builder read and left out, filled while its rows are drawn; the card prints it."""

    read: Counter[str] = field(default_factory=Counter)
    against: list[str] = field(default_factory=list)
    duplicates: int = 0
    broken: list[str] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, ...]] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    @property
    def left_out(self) -> str:
        """What was left out so far, in words, for errors that say why there are too few rows."""
        counts = {**self.dropped, "the same problem again": self.duplicates}
        return ", ".join(f"{reason} {count}" for reason, count in counts.items() if count) or "nothing"


class Built(Iterator[Row]):
    """The rows of a builder, drawn as they are asked for, and its tally, whole once they are."""

    def __init__(self, rows: Iterable[Row], tally: Tally) -> None:
        self._rows = iter(rows)
        self.tally = tally

    def __next__(self) -> Row:
        return next(self._rows)


def problems(
    rows: int,
    seed: int,
    *,
    source: str | list[str],
    split: Half = "train",
    test_share: float = 0.2,
    against: list[str] | None = None,
) -> Built:
    """Problems with their answers and no constraint: RL prompts.

    A problem is in the `test` half, `test_share` of all, or the `train` half by its text alone, so the halves are
    disjoint over all sources and seeds. `against` names evaluation sets (benchmarks, files, folders or hub ids) whose
    problems are left out. Raises
    InputError where a source cannot be read or holds too few.
    """
    tally = Tally(against=against or [])
    return Built(_named(draw(rows, seed, source, split, test_share, tally), split), tally)


def _named(rows: Iterable[Row], split: str) -> Iterator[Row]:
    for index, row in enumerate(rows):
        yield replace(row, name=f"problem-{split}-{index:06d}")


def draw(
    rows: int,
    seed: int,
    source: str | list[str],
    half: Half,
    test_share: float,
    tally: Tally,
) -> Iterator[Row]:
    """`rows` distinct problems of a half in an order drawn from the seed; memory grows with `rows` alone."""
    sources = [source] if isinstance(source, str) else source
    read = chain.from_iterable(read_problems(each, tally.dropped) for each in sources)
    usable = apart(_whole(distinct(counted(read, tally), tally), tally), tally)
    drawn = first_drawn(rows, seed, (row for row in usable if half_of(row.problem_id, test_share) == half))
    if len(drawn) < rows:
        raise InputError(
            ", ".join(sources),
            f"{len(drawn)} problems in the {half} half, {rows} wanted (left out: {tally.left_out})",
            "ask for fewer rows, name another source or change test_share",
        )
    yield from (replace(row, constraints=[]).adding(**PLAIN, split=half) for row in drawn)


# What composites say of every row, where there is nothing to prove.
PLAIN: dict[str, Any] = {"feasible": True, "why_not": None, "witness": None}


def first_drawn(rows: int, seed: int, candidates: Iterable[Row]) -> list[Row]:
    """The first `rows` in an order drawn from the seed and each problem; memory grows with `rows` alone."""
    return heapq.nsmallest(
        rows, candidates, key=lambda row: random.Random(f"{seed}/{row.problem_id}").random()
    )


def refuse_weights(where: str, weights: Iterable[float]) -> None:
    """Raise InputError on weights by which nothing can be drawn: none at all, one below 0, all of them 0."""
    listed = list(weights)
    if not all(weight >= 0 for weight in listed) or not 0 < sum(listed) < math.inf:
        raise InputError(where, f"weights {listed!r:.60}", "give numbers from 0, one of them above")


def half_of(problem_id: str, test_share: float) -> Half:
    """By the problem's key alone, which is a hash of its text."""
    return "test" if random.Random(f"half/{problem_id}").random() < test_share else "train"


def _whole(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    """Without the rows whose gold answer has a brace too many or too few: no box can hold it."""
    for row in rows:
        if boxed(rf"\boxed{{{row.answer}}}") == row.answer:
            yield row
        else:
            tally.broken.append(row.name)


def apart(rows: Iterable[Row], tally: Tally) -> Iterable[Row]:
    """The rows whose problems no evaluation set in `tally.against` holds."""
    return decontaminate(rows, read_evaluation(tally.against), tally.overlaps) if tally.against else rows


def counted(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    """The same rows, each counted as read."""
    for row in rows:
        tally.read[row.source] += 1
        yield row


def distinct(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    """Each problem once, by the first row that asks it; the tally counts the others."""
    seen: set[str] = set()
    for row in rows:
        if row.problem_id in seen:
            tally.duplicates += 1
        else:
            seen.add(row.problem_id)
            yield row
