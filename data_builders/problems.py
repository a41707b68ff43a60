"""Problems drawn from any source: each once, apart from the evaluation sets, train and test halves disjoint."""

import heapq
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from ..eval.verify.errors import InputError
from ..eval.verify.rows import Row
from .decontaminate import Overlap, decontaminate, read_evaluation
from .sources import read_problems

Half = Literal["train", "test"]


@dataclass
class Tally:
    """What a builder read and left out, filled while its rows are drawn; the card prints it."""

    read: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    overlaps: list[Overlap] = field(default_factory=list)
    refused: Counter[tuple[str, ...]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Built:
    """The rows of a builder, drawn as they are iterated, and its tally."""

    rows: Iterator[Row]
    tally: Tally

    def __iter__(self) -> Iterator[Row]:
        return self.rows


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
    disjoint over all sources and seeds. `against` names evaluation sets whose problems are left out. Raises
    InputError where a source cannot be read or holds too few.
    """
    tally = Tally()
    return Built(_named(draw(rows, seed, source, split, test_share, against, tally), split), tally)


def _named(rows: Iterable[Row], split: str) -> Iterator[Row]:
    for index, row in enumerate(rows):
        yield row | {"row": f"problem-{split}-{index:06d}"}


def draw(
    rows: int,
    seed: int,
    source: str | list[str],
    half: Half,
    test_share: float,
    against: list[str] | None,
    tally: Tally,
) -> Iterator[Row]:
    """`rows` distinct problems of a half in an order drawn from the seed; memory grows with `rows` alone."""
    sources = [source] if isinstance(source, str) else source
    found: Iterable[Row] = chain.from_iterable(map(read_problems, sources))
    found = (row for row in _distinct(found, tally) if half_of(row["problem_id"], test_share) == half)
    if against:
        found = decontaminate(found, read_evaluation(against), tally.overlaps)
    drawn = heapq.nsmallest(
        rows, found, key=lambda row: random.Random(f"{seed}/{row['problem_id']}").random()
    )
    if len(drawn) < rows:
        raise InputError(
            f"{', '.join(sources)}: {len(drawn)} problems in the {half} half, {rows} wanted; "
            "ask for fewer rows, name another source or change test_share"
        )
    yield from (row | PLAIN | {"split": half} for row in drawn)


PLAIN: Row = {
    "constraint_name": [],
    "constraint_args": [],
    "constraint_desc": [],
    "feasible": True,
    "why_not": None,
    "witness": None,
}


def half_of(problem_id: str, test_share: float) -> Half:
    """By the problem's key alone, which is a hash of its text."""
    return "test" if random.Random(f"half/{problem_id}").random() < test_share else "train"


def _distinct(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    seen: set[str] = set()
    for row in rows:
        tally.read[row["source"]] += 1
        if row["problem_id"] in seen:
            tally.duplicates += 1
        else:
            seen.add(row["problem_id"])
            yield row
