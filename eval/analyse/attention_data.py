"""What was read of the attention of each arm's replies to one set, in each mode, with the scores of the same replies."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..attention.lines import ANSWER, MEASURES, read_measured
from ..attention.replies import Reply, as_replies
from ..attention.summary import judged
from ..io.run_paths import ATTENTION
from ..score.scores import Score, read_scores
from ..stats.intervals import Floats
from ..verify.decision import DIRECT
from .run_folder import RunFolder

Sides = dict[tuple[str, str], list["Read"]]  # by arm and mode, one a seed
Answers = list[tuple[Reply, Score]]


class Read(NamedTuple):
    """One checkpoint's replies in one mode: what was read of them, and how they were judged."""

    replies: list[Reply]
    scores: list[Score]


def read_attention(run: RunFolder, set_name: str) -> Sides:
    """What there is, mode by mode; a mode that was not read is left out."""
    sides: Sides = {}
    for mode in run.evaluate[set_name]["modes"]:
        for arm in run.answering:
            folder = run.directory(arm.checkpoint, set_name, mode)
            if (file := folder / ATTENTION).exists():
                read = Read(as_replies(read_measured(file)), read_scores(folder / "scores.jsonl"))
                sides.setdefault((arm.name, mode), []).append(read)
    return sides


def thinking(sides: Sides) -> list[tuple[str, str]]:
    """The arms and modes in which any reply thinks; `direct`, where a few may all the same, is what they are held
    against."""
    return [(arm, mode) for arm, mode in sides if _thinks(sides, arm, mode)]


def _thinks(sides: Sides, arm: str, mode: str) -> bool:
    return mode != DIRECT and any(reply.thinks for read in sides[arm, mode] for reply in read.replies)


def against_direct(sides: Sides) -> list[tuple[str, str]]:
    """Those of them whose arm was read in `direct` too."""
    return [(arm, mode) for arm, mode in thinking(sides) if (arm, DIRECT) in sides]


def replies_of(sides: Sides, arm: str, mode: str) -> list[Reply]:
    """The replies of all seeds: of a mode in which any thinks those behind a thought, of another those without one."""
    return [reply for read in _behind(sides, arm, mode) for reply in read.replies]


def answers_of(sides: Sides, arm: str, mode: str) -> Answers:
    """Of the same replies those that were not cut off, each with its score."""
    return [pair for read in _behind(sides, arm, mode) for pair in judged(read.replies, read.scores)]


def _behind(sides: Sides, arm: str, mode: str) -> list[Read]:
    thinks = _thinks(sides, arm, mode)
    return [
        read._replace(replies=[reply for reply in read.replies if reply.thinks == thinks])
        for read in sides[arm, mode]
    ]


def row_means(answers: Answers, phase: str, span: str = "all") -> dict[str, Floats]:
    """Attention on a span where it was sampled, by row: the mean over its answers, [measures, layers]."""
    by_row: dict[str, list[Floats]] = {}
    for reply, _ in answers:
        line = reply.sampled
        if line and (phase, span, MEASURES[0]) in line.values:
            by_row.setdefault(reply.row, []).append(
                np.stack([line.values[phase, span, measure] for measure in MEASURES])
            )
    return {row: np.mean(values, axis=0) for row, values in by_row.items()}


def sampled_drops(sides: Sides, arm: str, mode: str) -> dict[str, Floats]:
    """The paper's drop (its equation 2) by row: attention in answers given directly less that in answers behind a
    thought, [measures, layers]."""
    before, after = (row_means(answers_of(sides, arm, each), ANSWER) for each in (DIRECT, mode))
    return {row: before[row] - after[row] for row in before if row in after}


def verdict_means(answers: Answers) -> dict[str, Floats]:
    """The share of each row's answers that follow each of its constraints."""
    by_row: dict[str, list[list[bool]]] = {}
    for _, score in answers:
        by_row.setdefault(score.row, []).append(score.verdicts)
    return {row: np.mean(np.asarray(verdicts, dtype=float), axis=0) for row, verdicts in by_row.items()}


def lengths(answers: Answers) -> Mapping[str, tuple[float, float]]:
    """Mean tokens of thought and answer by row, where the scores say them."""
    by_row: dict[str, list[tuple[float, float]]] = {}
    for _, score in answers:
        if score.reasoning_tokens is not None and score.answer_tokens is not None:
            by_row.setdefault(score.row, []).append((score.reasoning_tokens, score.answer_tokens))
    return {row: tuple(np.mean(values, axis=0).tolist()) for row, values in by_row.items()}
