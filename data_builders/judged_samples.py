"""Sampled responses with what a grader and the constraints' checks say of them, for sets made of good samples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..eval.verify import Response, verdicts
from ..eval.verify.answers import Grader
from ..eval.verify.rows import Row

CHUNK = 4096  # samples graded together


class JudgedSample(NamedTuple):
    """A response, the outcome of its answer (`right` where there is none to compare), a verdict a constraint."""

    response: Response
    outcome: str
    verdicts: Sequence[bool]


def judged_samples(
    samples: Sequence[Response], rows: Mapping[str, Row], preset: str
) -> Iterator[JudgedSample]:
    """These samples, judged by the rows that they answer, as `preset` splits and judges; of a cut one counts what its
    answer part holds."""
    with Grader() as grader:
        for start in range(0, len(samples), CHUNK):
            chunk = samples[start : start + CHUNK]
            asked = [rows[response.row] for response in chunk]
            answers = [response.split(preset).answer for response in chunk]
            pairs = [(row.answer, answer) for row, answer in zip(asked, answers, strict=True)]
            for response, row, answer, outcome in zip(
                chunk, asked, answers, grader.grade_many(pairs), strict=True
            ):
                outcome = outcome if row.answer else "right"
                yield JudgedSample(response, outcome, verdicts(row.constraints, answer, preset=preset))
