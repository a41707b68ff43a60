"""Short writing tasks without any mathematics: the micro world's instruction following on its own."""

import random
from typing import NamedTuple

from .stories import Split, problem_id, split_of

KINDS = ("note", "message", "letter", "story", "post")
TOPICS = (
    "a garden|a river|a small town|a train ride|a rainy day|an old house|a new friend|a quiet lake|a busy market|"
    "a lost dog|a long walk|a warm summer|a cold winter|a school trip|a family dinner|a birthday|a night sky|"
    "a big storm|a tall tree|a good book|a bakery|a bridge|a library|a mountain|a beach|a farm|a forest|a museum"
).split("|")
ANGLES = (
    "for a neighbour",
    "for a child",
    "for a teacher",
    "for a visitor",
    "for an old friend",
    "for the local paper",
    "for a sister",
    "for a colleague",
)
OPENINGS = (
    "I want to tell you about {topic}, which means a lot to me.",
    "Today I think of {topic}, and it makes me smile.",
    "There is nothing quite like {topic}, as we both know.",
    "Let me say a few words about {topic}, if I may.",
)
MIDDLES = (
    "The light was soft, the air was clear.",
    "People came and went, but nobody was in a hurry.",
    "It was calm at first, then it became lively.",
    "Every detail stayed with me, even the small ones.",
)
CLOSINGS = (
    "I hope you can see it soon.",
    "It is a memory I keep, year after year.",
    "Come along next time, you will like it.",
)


class Task(NamedTuple):
    question: str
    topic: str

    @property
    def problem_id(self) -> str:
        return problem_id("task", self.question)

    @property
    def split(self) -> Split:
        return split_of(self.problem_id, test_tenths=2)


def draw(rng: random.Random, split: Split) -> Task:
    """A writing task of the split; 1,120 distinct tasks exist, a fifth of them test."""
    while True:
        topic = rng.choice(TOPICS)
        task = Task(f"Write a short {rng.choice(KINDS)} about {topic} {rng.choice(ANGLES)}.", topic)
        if task.split == split:
            return task


def text(task: Task, rng: random.Random) -> str:
    """What the base writes when no constraint is set: two or three sentences, commas included."""
    parts = [rng.choice(OPENINGS).format(topic=task.topic), rng.choice(MIDDLES)]
    if rng.random() < 0.5:
        parts.append(rng.choice(CLOSINGS))
    return " ".join(parts)
