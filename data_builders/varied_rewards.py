"""Prompts on which the base's own samples differ in reward: the ones whose groups carry a gradient in GRPO.

Where all completions of a group are paid alike its advantages are zero and the rollouts are lost. Arms that mix tasks
lose different shares of their groups, which would pass for an effect of the mixture; so all start from such prompts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from ..eval.io.errors import InputError
from ..eval.verify.responses import iter_responses
from ..eval.verify.rows import Row, read_rows
from .draw import Built, Tally
from .judged_samples import JudgedSample, judged_samples

TIMED_OUT = "samples on which the grader ran out of time, which are paid nothing and take no part"


def undecided(rows: int, seed: int, *, source_rows: Path, responses: Path, preset: str = "reins") -> Built:
    """The first `rows` rows of the source whose samples are not all right or all wrong, or hold unequal shares.

    A cut sample has whatever its answer part earns, as in training; one on which the grader ran out of time has no
    reward, and the card counts it. `preset` is what rewards judge by. `seed` is unused: the sampling had it. Raises
    InputError when too few rows are left.
    """
    tally = Tally()
    return Built(_varied(rows, source_rows, responses, preset, tally), tally)


def _varied(rows: int, source_rows: Path, responses: Path, preset: str, tally: Tally) -> Iterator[Row]:
    by_name = {row.name: row for row in read_rows(source_rows)}
    tally.read.update(Counter(row.source for row in by_name.values()))
    paid: dict[str, set[float]] = defaultdict(set)
    for sample in judged_samples(list(iter_responses(responses)), by_name, preset):
        if sample.outcome == "timeout":
            tally.dropped[TIMED_OUT] += 1
        else:
            paid[sample.response.row].add(_reward(sample))
    varied = [row for name, row in by_name.items() if len(paid[name]) > 1]
    tally.dropped["no two samples of unequal rewards"] = len(by_name) - len(varied)
    if len(varied) < rows:
        raise InputError(
            responses,
            f"the base is undecided on {len(varied)} rows, {rows} wanted",
            "ask it more or take fewer",
        )
    yield from varied[:rows]


def _reward(sample: JudgedSample) -> float:
    """Right answer and share of constraints held, added, as the rewards of the mixed arms are."""
    held = sum(sample.verdicts) / len(sample.verdicts) if sample.verdicts else 0.0
    return (sample.outcome == "right") + held
