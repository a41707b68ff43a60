"""The published evaluation sets as rows, by name: nothing to learn from, only to be asked."""

import random
from collections.abc import Iterator
from dataclasses import replace

from ..eval.io.errors import InputError
from ..eval.verify.rows import Row
from .draw import Built, Half, Tally, half_of
from .instructions import read_instructions
from .problems import BENCHMARKS, read_problems

EVEN = 0.5  # the share of problems in either half


def benchmark(
    rows: int, seed: int, *, name: str, source: str | None = None, half: Half | None = None
) -> Built:
    """`rows` rows of a benchmark in its own order; where it has more, the seed draws which.

    They are named alike wherever they were read from, so that runs can be compared row by row. `source` reads them
    from a file, a folder or another hub id than `BENCHMARKS` says. `half`: only the rows of one half, by their problems alone, so
    that what is learned from one is judged on the other, whatever the seeds. Of IFBench come the prompts whose constraints all
    have a rule here; the tally counts the others. Raises InputError on an unknown name and where rows are too few.
    """
    if name not in BENCHMARKS:
        raise InputError("name", f"unknown benchmark {name!r}", f"choose from {', '.join(BENCHMARKS)}")
    tally = Tally()
    return Built(_drawn(rows, seed, name, source or BENCHMARKS[name], half, tally), tally)


def _drawn(rows: int, seed: int, name: str, source: str, half: Half | None, tally: Tally) -> Iterator[Row]:
    published = list(
        read_instructions(source, tally, whole=True) if name == "ifbench" else read_problems(source)
    )
    candidates = [
        index for index, row in enumerate(published) if half in (None, half_of(row.problem_id, EVEN))
    ]
    if len(candidates) < rows:
        within = f"the {half} half of {source}" if half else source
        raise InputError(
            name, f"{len(candidates)} rows in {within}, {rows} wanted", f"ask for {len(candidates)}"
        )
    for index in sorted(random.Random(f"{seed}/{name}").sample(candidates, rows)):
        row = published[index].adding(split=half or "test")
        if name != "mathif":
            row = replace(row, source=name, name=f"{name}-{index:06d}")
        tally.read[row.source] += 1
        yield row
