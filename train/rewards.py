"""The rewards of RL, and what is measured beside them so that a hacked reward shows.

Reward, score and composer call the same verifiers, on the answer part only: a thought that never closes has no answer
(preset `mathif` judges it as one, in rewards as in scores).
A reward is None on a row it does not apply to; TRL leaves None out of the sum (and out of the mean it logs). Where the
grader ran out of time, `correct` and all beside it are None: only then does TRL keep a completion out of its group, and a
sum without `correct` is what a wrong answer gets.
"""

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from ..eval.io.errors import InputError
from ..eval.verify import Constraint, Split, read_constraints, split_reasoning, verdicts
from ..eval.verify.answers import Grader, Outcome
from ..eval.verify.thought_formats import ThoughtFormat

Reward = Callable[..., list[float | None]]


@dataclass(frozen=True)
class Task:
    """What a completion is judged by: the gold answer (None where there is none) and the constraints."""

    solution: str | None
    constraints: list[Constraint]


@dataclass(frozen=True)
class Judged:
    """One completion: its parts, its verdicts by position, and its outcome (None where the row has no solution)."""

    split: Split
    verdicts: list[bool]
    outcome: Outcome | None


def correct(judged: Judged) -> float | None:
    """1 for a right answer, 0 for a wrong, unreadable or missing one; None where it is not known."""
    return None if judged.outcome in (None, "timeout") else float(judged.outcome == "right")


def closed(judged: Judged) -> float:
    """1 when the reasoning was closed, so that an answer can follow."""
    return float(judged.split.state == "closed")


def held(judged: Judged) -> float | None:
    """The share of constraints held (SAcc)."""
    return sum(judged.verdicts) / len(judged.verdicts) if judged.verdicts else None


def all_held(judged: Judged) -> float | None:
    """1 when every constraint is held (HAcc)."""
    return float(all(judged.verdicts)) if judged.verdicts else None


RULES: dict[str, Callable[[Judged], float | None]] = {
    "correct": correct,
    "format": closed,
    "constraints": held,
    "constraints_all": all_held,
}
NAMES = (*RULES, "random")


def applies(name: str, row: Mapping[str, Any]) -> bool:
    """Whether a reward can say anything about a training row (TRL's columns)."""
    if name == "correct":
        return row.get("solution") is not None
    return bool(row.get("constraint_name")) if name.startswith("constraints") else True


def coin(seed: int, step: int, prompt: str, index: int) -> float:
    """A fair coin, 1 or 0, from its arguments alone: a resumed run tosses the same ones.

    Random rewards as in "Spurious Rewards" (arXiv 2506.10947), whose coins are fair too.
    """
    digest = hashlib.sha256(json.dumps([seed, step, prompt, index]).encode()).digest()
    return float(digest[0] & 1)


class Rewards:
    """The reward functions that TRL calls, over one judgement of each completion.

    `group`: completions per prompt; `prefilled`: the template opens the thought in the prompt; `form`: how it marks
    thoughts, where it says; `preset`: whose split and verdicts count, the evaluation's; `rank`: of this process, each of
    which holds an equal part of the generation batch.
    `stops`, the token ids that end a completion, is the trainer's to say.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        grader: Grader,
        *,
        seed: int,
        group: int,
        prefilled: bool = False,
        form: ThoughtFormat | None = None,
        preset: str = "reins",
        rank: int = 0,
    ) -> None:
        self.tokenizer, self.grader, self.seed, self.group = tokenizer, grader, seed, group
        self.prefilled, self.form, self.preset, self.rank = prefilled, form, preset, rank
        self.stops: Container[int] = ()
        self._batch: tuple[Any, list[Judged]] = (None, [])

    def functions(self, names: Iterable[str]) -> list[Any]:
        """One function per name; TRL logs each as `rewards/<name>/mean`. Raises InputError on an unknown name."""
        together = list(names)
        return [self._function(name, beside_correct="correct" in together) for name in together]

    def _function(self, name: str, beside_correct: bool) -> Reward:
        if name not in NAMES:
            raise InputError(f"rewards.{name}", "no such reward", f"choose from {', '.join(NAMES)}")

        def reward(**columns: Any) -> list[float | None]:
            judged = self._judge_once(**columns)
            values = self._coins(**columns) if name == "random" else map(RULES[name], judged)
            return [
                None if beside_correct and completion.outcome == "timeout" else value
                for completion, value in zip(judged, values, strict=True)
            ]

        reward.__name__ = name
        return reward

    def judge(self, completions: Sequence[Any], tasks: Sequence[Task]) -> list[Judged]:
        """Judge completions (lists of messages), each by its task, in order."""
        splits = [self._split(messages[-1]["content"]) for messages in completions]
        judged_by = list(zip(splits, tasks, strict=True))
        graded = [(task.solution, split.answer) for split, task in judged_by if task.solution is not None]
        outcomes = iter(self.grader.grade_many(graded))
        return [
            Judged(
                split,
                verdicts(task.constraints, split.answer, preset=self.preset),
                None if task.solution is None else next(outcomes),
            )
            for split, task in judged_by
        ]

    def _split(self, text: str) -> Split:
        return split_reasoning(text, preset=self.preset, prefilled=self.prefilled, known=self.form)

    def _judge_once(self, completions: Sequence[Any], **columns: Any) -> list[Judged]:
        """TRL hands every reward function of a step the same list, which is judged and measured the first time."""
        if self._batch[0] is not completions:
            judged = self.judge(completions, _tasks(len(completions), **columns))
            self._measure(judged, columns["completion_ids"], columns["log_metric"])
            self._batch = completions, judged
        return self._batch[1]

    def _measure(
        self, judged: Sequence[Judged], ids: Sequence[Sequence[int]], log: Callable[[str, float], None]
    ) -> None:
        """Log each completion's values; TRL averages them over processes and steps. Lengths are of those not cut."""
        for completion, tokens in zip(judged, ids, strict=True):
            cut = tokens[-1] not in self.stops
            values = {
                "hacc": all_held(completion),
                "sacc": held(completion),
                "correct": correct(completion),
                "grader_timeout": None
                if completion.outcome is None
                else float(completion.outcome == "timeout"),
                "reasoning_closed": closed(completion),
                "answer_present": float(bool(completion.split.answer.strip())),
                "cut": float(cut),
                "reasoning_tokens": None if cut else float(self._length(completion.split.reasoning)),
            }
            for name, value in values.items():
                if value is not None:
                    log(name, value)

    def _length(self, text: str) -> int:
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    def _coins(self, prompts: Sequence[Any], trainer_state: Any, **_: Any) -> list[float | None]:
        first = self.rank * len(prompts)
        return [
            coin(self.seed, trainer_state.global_step, prompt[-1]["content"], (first + i) % self.group)
            for i, prompt in enumerate(prompts)
        ]


def _tasks(count: int, **columns: Any) -> list[Task]:
    """TRL's columns as tasks; one that is absent is of a set that has no such thing."""
    nothing = [None] * count
    solutions = columns.get("solution", nothing)
    names, kwargs = columns.get("constraint_name", nothing), columns.get("constraint_args", nothing)
    return [
        Task(solution, read_constraints(ids or [], json.loads(args or "[]")))
        for solution, ids, args in zip(solutions, names, kwargs, strict=True)
    ]
