"""Arithmetic stories of one to six steps with integer answers: the mathematics of the micro world.

A story is a start value and a list of moves on one running count, so its gold steps are known by construction.
Values stay in 0–20, which a million parameters add up well step by step and often miss at once. Each story belongs
to exactly one split, decided by a hash of its text, so that base training, fine-tuning, validation and test share no
problem, whatever seeds draw them.
"""

import hashlib
import random
from typing import Literal, NamedTuple

from ..draw import refuse_weights

Split = Literal["train", "validation", "test"]

NAMES = (
    "Mia Tom Ana Ben Eva Leo Zoe Sam Ida Max Lea Kim Noa Jan Ada Tim Ivy Dan Uma Ali".split()
)  # one token each after training, so stories stay short
ITEMS = "apples books coins shells cards stamps pens eggs plums beads keys cups hats nuts stones figs".split()
GAINS = (
    "{name} finds {n} more.",
    "{name} buys {n} more.",
    "A friend gives {name} {n} more.",
    "{name} wins {n} in a game.",
)
LOSSES = (
    "{name} gives {n} away.",
    "{name} loses {n} on the way.",
    "{name} sells {n} of them.",
    "A friend takes {n} of them.",
)
DOUBLES = ("Then the count doubles.", "{name} gets as many again.")
HALVES = ("Then half of them are lost.", "{name} gives half of them away.")
TRIPLES = ("Then the count triples.",)


class Step(NamedTuple):
    """One move: `before operator operand = after`."""

    before: int
    operator: str
    operand: int
    after: int
    sentence: str

    def equation(self) -> str:
        return f"{self.before} {self.operator} {self.operand} = {self.after}"


def problem_id(kind: str, question: str) -> str:
    """The cluster of a question, from its text alone."""
    return f"{kind}-{hashlib.sha256(question.encode()).hexdigest()[:16]}"


def split_of(problem_id: str, test_tenths: int) -> Split:
    """The one split a problem belongs to: so many tenths are test, one more is validation."""
    tenth = int(problem_id[-8:], 16) % 10
    return "test" if tenth < test_tenths else "validation" if tenth == test_tenths else "train"


class Story(NamedTuple):
    """A problem of the micro world; `question` ends in the question itself."""

    name: str
    item: str
    start: int
    steps: tuple[Step, ...]
    question: str

    @property
    def answer(self) -> int:
        return self.steps[-1].after

    @property
    def problem_id(self) -> str:
        return problem_id("story", self.question)

    @property
    def split(self) -> Split:
        return split_of(self.problem_id, test_tenths=1)


def _move(rng: random.Random, value: int) -> tuple[str, int, tuple[str, ...]]:
    """An operator, an operand and its sentences that keep the count in 0–20."""
    kind = rng.random()
    if kind < 0.10 and 1 <= value <= 10:
        return "*", 2, DOUBLES
    if kind < 0.15 and 1 <= value <= 6:
        return "*", 3, TRIPLES
    if kind < 0.25 and value >= 2 and value % 2 == 0:
        return "/", 2, HALVES
    if (kind < 0.62 and value <= 19) or value == 0:
        return "+", rng.randint(1, min(9, 20 - value)), GAINS
    return "-", rng.randint(1, min(9, value)), LOSSES


def _apply(before: int, operator: str, operand: int) -> int:
    return {
        "+": before + operand,
        "-": before - operand,
        "*": before * operand,
        "/": before // operand,
    }[operator]


def story(rng: random.Random, steps: int) -> Story:
    """One story with the given number of steps (1–6)."""
    name, item, start = rng.choice(NAMES), rng.choice(ITEMS), rng.randint(2, 12)
    moves: list[Step] = []
    value = start
    for _ in range(steps):
        operator, operand, sentences = _move(rng, value)
        after = _apply(value, operator, operand)
        moves.append(
            Step(value, operator, operand, after, rng.choice(sentences).format(name=name, n=operand))
        )
        value = after
    told = " ".join(move.sentence for move in moves)
    question = f"{name} has {start} {item}. {told} How many {item} does {name} have now?"
    return Story(name, item, start, tuple(moves), question)


def draw(rng: random.Random, split: Split, step_weights: tuple[float, ...]) -> Story:
    """A story of the split; `step_weights[i]` is the weight of i + 1 steps, and one of them is above 0."""
    refuse_weights("steps", step_weights)
    while True:
        (steps,) = rng.choices(range(1, len(step_weights) + 1), weights=step_weights)
        drawn = story(rng, steps)
        if drawn.split == split:
            return drawn
