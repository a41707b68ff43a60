"""How answers and thoughts are worded in the micro world.

Two voices, because wording alone moves instruction following as much as reasoning does: the base's own answer
sentence (`own`) and a teacher's (`teacher`), which the base has never written. A trace pairs a long checked thought
with either.
"""

import random
from typing import Literal

from .stories import Story

Voice = Literal["own", "teacher"]

OWN = (
    "In the end, {name} has \\boxed{{{answer}}} {item}.",
    "So, {name} now has \\boxed{{{answer}}} {item}.",
    "After all that, {name} has \\boxed{{{answer}}} {item}.",
)
OWN_TAILS = (
    "",
    "",
    " That is the whole count, nothing is missing.",
    " This is what remains, as the story says.",
)
TEACHER = (
    "Working through each step carefully, we find that the final total comes to \\boxed{{{answer}}}.",
    "Based on the reasoning above, the correct result is \\boxed{{{answer}}}, which completes the solution.",
    "Therefore, following the steps in order, the requested number of {item} equals \\boxed{{{answer}}}.",
)


def answer_sentence(story: Story, voice: Voice, rng: random.Random) -> str:
    """The answer part alone, with the answer in a box."""
    fields = {"name": story.name, "item": story.item, "answer": story.answer}
    if voice == "teacher":
        return rng.choice(TEACHER).format(**fields)
    return rng.choice(OWN).format(**fields) + rng.choice(OWN_TAILS)


def short_thought(story: Story) -> str:
    """The base's own thought: the bare equations."""
    return "\n".join(step.equation() for step in story.steps)


def long_thought(story: Story, rng: random.Random) -> str:
    """A teacher's thought: the equations, then the same ones checked again, none to three times."""
    equations = [step.equation() for step in story.steps]
    lines = [f"Okay, let me work this out. {story.name} starts with {story.start} {story.item}.", *equations]
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        lines += ["Wait, let me check this again.", *equations, "Yes, that holds."]
    lines.append(f"So the answer is {story.answer}.")
    return "\n".join(lines)


def think(thought: str, answer: str) -> str:
    """A whole response with its reasoning in tags."""
    return f"<think>\n{thought}\n</think>\n\n{answer}"
