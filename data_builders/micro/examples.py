"""Worked examples: an instruction, a thought and an answer that holds every constraint, for modes that show some.

Composed of the micro world's stories or writing tasks; no example has a problem, or a constraint with the same values, of
the sets that it is built `against`. So types without values (no commas, all lowercase) come up only where no evaluated
row asks for them.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from ...eval.io.errors import InputError
from ...eval.verify import Constraint, Pools, check
from ...eval.verify.overlap import Evaluated
from ...eval.verify.rows import Row, read_rows
from ..composites import clash, fresh, rewritten
from ..draw import PLAIN
from . import stories, voices
from . import writing as tasks
from .pools import EVEN, POOLS

ExampleKind = Literal["story", "writing"]
TRIES = 2000  # draws, of a problem and of constraints, before a set is called impossible
MOST_CONSTRAINTS = 2
FORBIDDEN = "keywords:forbidden_words"
# Types of longer texts, for models that know more than the micro world's.
LONGER = (
    "length_constraints:number_sentences",
    "detectable_content:number_placeholders",
    "keywords:letter_frequency",
    "detectable_format:title",
    "detectable_content:postscript",
)
WRITING_POOLS = replace(
    Pools(),
    words=(30, 70),
    sentences=(2, 6),
    keywords=tuple("market river family light quiet always".split()),
)


def examples(
    rows: int,
    seed: int,
    *,
    kind: ExampleKind = "story",
    against: str | list[str] | None = None,
    steps: Sequence[float] = (1.0, 1.0, 1.0),
) -> Iterator[Row]:
    """`rows` worked examples with one or two constraints each.

    `response` is thought and answer, `plain_response` both without the constraints; `against` names files of evaluated
    rows. `kind: story` is arithmetic under constraints, `writing` instruction following alone. Raises InputError where the evaluated sets leave too little over.
    """
    evaluated = Evaluated(row for file in _listed(against) for row in read_rows(file))
    seen: set[str] = set()
    for index in range(rows):
        yield _example(index, seed, kind, evaluated, steps, seen)


def _listed(files: str | list[str] | None) -> list[str]:
    return [files] if isinstance(files, str) else files or []


def _example(
    index: int, seed: int, kind: ExampleKind, evaluated: Evaluated, steps: Sequence[float], seen: set[str]
) -> Row:
    rng = random.Random(f"example/{kind}/{seed}/{index}")
    for _ in range(TRIES):
        row, thought, text = _told(index, kind, rng, steps)
        constraints = _drawn(kind, rng, evaluated, text)
        if row.problem_id in seen or evaluated.has_problem(row) or not constraints:
            continue
        held = rewritten(text, constraints, rng)
        if held is None:
            continue
        seen.add(row.problem_id)
        minded = "\n".join([thought, "The answer must also keep to this:", *_descriptions(constraints)])
        return replace(row, constraints=constraints).adding(
            witness=held, response=voices.think(minded, held), plain_response=voices.think(thought, text)
        )
    raise InputError("rows", f"no example {index} in {TRIES} draws", "ask for fewer, or of another kind")


def _descriptions(constraints: Iterable[Constraint]) -> list[str]:
    return [f"- {constraint.description.strip()}" for constraint in constraints]


def _told(index: int, kind: ExampleKind, rng: random.Random, steps: Sequence[float]) -> tuple[Row, str, str]:
    """A problem of the training half, a thought about it, and an answer that minds no constraint."""
    if kind == "writing":
        task = tasks.draw(rng, "train")
        thought = f"I am asked for a short text about {task.topic}. Two or three sentences will do."
        return _row(kind, index, task.question, "", task.problem_id), thought, tasks.text(task, rng)
    story = stories.draw(rng, "train", tuple(steps))
    text = voices.answer_sentence(story, "own", rng)
    row = _row(kind, index, story.question, str(story.answer), story.problem_id)
    return row, voices.short_thought(story), text


def _row(kind: ExampleKind, index: int, question: str, answer: str, problem_id: str) -> Row:
    extra = {**PLAIN, "split": "train"}
    source = "micro/composite" if kind == "story" else "micro/writing"
    return Row(
        f"example-{kind}-{index:06d}", problem_id, source, f"example-{index}", question, answer, [], extra
    )


def _drawn(kind: ExampleKind, rng: random.Random, evaluated: Evaluated, text: str) -> list[Constraint]:
    """One or two constraints of different types that no evaluated row asks for; none where they clash, or where a word of
    the text is forbidden, whose rewrite would leave a hole in the sentence."""
    types, pools = (
        (sorted(EVEN), POOLS["train"]) if kind == "story" else (sorted({*EVEN, *LONGER}), WRITING_POOLS)
    )
    names = rng.sample(types, rng.randint(1, MOST_CONSTRAINTS))
    constraints = [fresh(name, rng, pools, "") for name in names]
    taken = any(evaluated.has_constraint(constraint) for constraint in constraints)
    holes = any(each.id == FORBIDDEN and not check(each.id, each.kwargs, text) for each in constraints)
    return [] if taken or holes or clash(constraints) else constraints
