"""Prompts on which the base's own samples differ in reward: the ones whose groups carry a gradient in GRPO.

Where all completions of a group are paid alike its advantages are zero and the rollouts are lost. Arms that mix tasks
lose different shares of their groups, which would pass for an effect of the mixture; so all start from such prompts.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ..eval.io.errors import InputError
from ..eval.io.jsonl import iter_jsonl
from ..eval.verify import split_reasoning, verdicts
from ..eval.verify.answers import Grader
from ..eval.verify.rows import Row, read_rows

CHUNK = 4096  # samples graded together


def undecided(rows: int, seed: int, *, source_rows: Path, responses: Path) -> Iterator[Row]:
    """The first `rows` rows of the source whose samples are not all right or all wrong, or hold unequal shares.

    A cut sample has whatever its answer part earns, as in training. `seed` is unused: the sampling had it. Raises
    InputError when too few rows are left.
    """
    given = {row["row"]: row for row in read_rows(source_rows)}
    paid: dict[str, set[float]] = defaultdict(set)
    samples = [(sample["row"], sample["text"]) for _, sample in iter_jsonl(responses)]
    with Grader() as grader:
        for start in range(0, len(samples), CHUNK):
            chunk = samples[start : start + CHUNK]
            for (name, _), reward in zip(chunk, _rewards(chunk, given, grader), strict=True):
                paid[name].add(reward)
    found = [row for name, row in given.items() if len(paid[name]) > 1]
    if len(found) < rows:
        raise InputError(
            responses,
            f"the base is undecided on {len(found)} rows, {rows} wanted",
            "ask it more or take fewer",
        )
    yield from found[:rows]


def _rewards(chunk: list[tuple[str, str]], given: dict[str, Row], grader: Grader) -> list[float]:
    """Right answer and share of constraints held, added, as the rewards of the mixed arms are."""
    answers = [split_reasoning(text).answer for _, text in chunk]
    right = grader.grade_many(
        [(given[name]["answer"], answer) for (name, _), answer in zip(chunk, answers, strict=True)]
    )
    held = [verdicts(given[name], answer) for (name, _), answer in zip(chunk, answers, strict=True)]
    return [
        (outcome == "right") + (sum(kept) / len(kept) if kept else 0.0)
        for outcome, kept in zip(right, held, strict=True)
    ]
