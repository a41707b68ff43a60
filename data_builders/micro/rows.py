"""Builders of the micro world's sets: rows in the one schema, each drawn from a seed and its index alone.

Row *i* of `problems`, `traces` and `composites` with the same seed, split and `steps` tells the same story, so arms
that differ in wording or reasoning are trained on the same problems in the same order. `steps[i]` is the weight of
stories of i + 1 steps (at most 6): fewer steps make problems that a small pretrained model sometimes solves. Where a set
chooses its steps, its rows say how many they have, in `steps`.
"""

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ...eval.io.errors import InputError, nearest
from ...eval.verify import TYPES, Constraint, Pools
from ...eval.verify.rows import Row
from ..composites import clash, fresh, rewritten
from ..draw import PLAIN, refuse_weights
from . import stories, voices
from . import writing as tasks
from .pools import EVEN, POOLS, PoolName
from .stories import Split, Story
from .voices import Voice

Thought = Literal["long", "short", "none"]

KINDS = ("problem", "composite", "task", "writing")  # of the corpus
TRIES = 100_000  # draws of constraints for a text, before they are called impossible
STEP_WEIGHTS = (1.2, 1.2, 1.0, 1.0, 0.8, 0.8)
COUNT_WEIGHTS = (1.0, 1.0, 1.0)


def _rng(*key: object) -> random.Random:
    return random.Random("/".join(map(str, key)))


def _story(seed: int, split: Split, index: int, steps: Sequence[float]) -> Story:
    return stories.draw(_rng("story", seed, split, index), split, tuple(steps))


def _row(kind: str, index: int, split: Split, question: str, answer: str, problem_id: str) -> Row:
    return Row(
        name=f"{kind}-{split}-{index:06d}",
        problem_id=problem_id,
        source=f"micro/{kind}",
        id=f"{kind}-{index}",
        question=question,
        answer=answer,
        extra={**PLAIN, "split": split},
    )


def _story_row(kind: str, index: int, story: Story, steps: Sequence[float] = STEP_WEIGHTS) -> Row:
    row = _row(kind, index, story.split, story.question, str(story.answer), story.problem_id)
    return row if tuple(steps) == STEP_WEIGHTS else row.adding(steps=len(story.steps))


def problems(
    rows: int, seed: int, *, split: Split = "train", steps: Sequence[float] = STEP_WEIGHTS
) -> Iterator[Row]:
    """Stories with their answers and nothing else: RL prompts."""
    for index in range(rows):
        yield _story_row("problem", index, _story(seed, split, index, steps), steps)


def _respond(story: Story, answer: str, thought: Thought, rng: random.Random) -> str:
    if thought == "none":
        return answer
    told = voices.long_thought(story, rng) if thought == "long" else voices.short_thought(story)
    return voices.think(told, answer)


def traces(
    rows: int,
    seed: int,
    *,
    split: Split = "train",
    thought: Thought = "long",
    voice: Voice = "teacher",
    steps: Sequence[float] = STEP_WEIGHTS,
) -> Iterator[Row]:
    """Stories with a supervised response. `thought: none` is the same answer without its reasoning."""
    for index in range(rows):
        story = _story(seed, split, index, steps)
        answer = voices.answer_sentence(story, voice, _rng("answer", seed, split, index))
        response = _respond(story, answer, thought, _rng("thought", seed, split, index))
        yield _story_row("trace", index, story, steps).adding(response=response)


def constrain(
    row: Row,
    text: str,
    weights: Mapping[str, float],
    pools: Pools,
    rng: random.Random,
    count_weights: Sequence[float],
) -> tuple[Row, str]:
    """The row with 1–3 constraints that can hold together, and `text` rewritten so that they do.

    Draws until a witness is found; types come up in proportion to `weights`, counts to `count_weights`, but no more than
    there are types. Raises InputError where none is found, as of types that never hold together.
    """
    refuse_weights("weights", weights.values())
    most = min(len(count_weights), sum(weight > 0 for weight in weights.values()))
    for _ in range(TRIES):
        (count,) = rng.choices(range(1, most + 1), weights=count_weights[:most])
        constraints = _draw(count, weights, pools, rng)
        held = rewritten(text, constraints, rng)
        if held is not None:
            return replace(row, constraints=constraints).adding(witness=held), held
    raise _apart(f"no {most}", weights)


def _draw(count: int, weights: Mapping[str, float], pools: Pools, rng: random.Random) -> list[Constraint]:
    drawn: list[Constraint] = []
    for _ in range(TRIES):
        (name,) = rng.choices(list(weights), weights=list(weights.values()))
        another = fresh(name, rng, pools, "")
        if all(another.id != other.id and not clash([another, other]) for other in drawn):
            drawn.append(another)
        if len(drawn) == count:
            return drawn
    raise _apart(f"no {count}", weights)


def _apart(number: str, weights: Mapping[str, float]) -> InputError:
    what = f"{number} of {', '.join(weights)} hold together in {TRIES} draws"
    return InputError("weights", what, "name others, or weigh them less unevenly")


def composites(
    rows: int,
    seed: int,
    *,
    split: Split = "test",
    pool: PoolName = "test",
    thought: Thought = "none",
    voice: Voice = "own",
    steps: Sequence[float] = STEP_WEIGHTS,
) -> Iterator[Row]:
    """Stories with 1–3 constraints, each with a witness; `response` is the witness after its reasoning, if any.

    `pool` names the half of keywords, phrases and count ranges drawn from: train and test halves share none.
    """
    for index in range(rows):
        story, rng = _story(seed, split, index, steps), _rng("composite", seed, split, index)
        text = voices.answer_sentence(story, voice, rng)
        row, held = constrain(
            _story_row("composite", index, story, steps), text, EVEN, POOLS[pool], rng, COUNT_WEIGHTS
        )
        yield row.adding(response=_respond(story, held, thought, rng))


def writing(rows: int, seed: int, *, split: Split = "test", pool: PoolName = "test") -> Iterator[Row]:
    """Writing tasks with 1–3 constraints and no answer: instruction following without mathematics."""
    for index in range(rows):
        rng = _rng("writing", seed, split, index)
        task = tasks.draw(rng, split)
        row = _row("writing", index, split, task.question, "", task.problem_id)
        row, held = constrain(row, tasks.text(task, rng), EVEN, POOLS[pool], rng, COUNT_WEIGHTS)
        yield row.adding(response=held)


def _refuse_unknown(key: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(key, f"unknown {name!r}", nearest(name, known))


def corpus(
    rows: int,
    seed: int,
    *,
    weights: Mapping[str, float],
    shares: Mapping[str, float],
    think_share: float,
    long_share: float,
    teacher_share: float,
) -> Iterator[Row]:
    """What the base is trained on: problems and tasks, plain and constrained.

    `shares` gives `problem`, `composite`, `task`, `writing`; `weights` how often each constraint type is seen;
    `think_share` of the answers to stories follow a thought. As text on the web has reasoning but seldom under
    constraints, `long_share` of the thoughts and `teacher_share` of the answers to plain problems are a teacher's;
    under constraints the base has only its own voice and short thoughts. Raises InputError on another kind or type.
    """
    _refuse_unknown("shares", shares, KINDS)
    _refuse_unknown("weights", weights, TYPES)
    refuse_weights("shares", shares.values())
    for index in range(rows):
        rng = _rng("corpus", seed, index)
        (kind,) = rng.choices(list(shares), weights=list(shares.values()))
        plain = kind in ("problem", "task")
        if kind in ("problem", "composite"):
            story = stories.draw(rng, "train", STEP_WEIGHTS)
            voice: Voice = "teacher" if plain and rng.random() < teacher_share else "own"
            row, text = _story_row(kind, index, story), voices.answer_sentence(story, voice, rng)
        else:
            task = tasks.draw(rng, "train")
            row, text = _row(kind, index, "train", task.question, "", task.problem_id), tasks.text(task, rng)
        if not plain:
            row, text = constrain(row, text, weights, POOLS["all"], rng, COUNT_WEIGHTS)
        if row.answer and rng.random() < think_share:
            thought: Thought = "long" if plain and rng.random() < long_share else "short"
            text = _respond(story, text, thought, rng)
        yield row.adding(response=text)
