"""Describe, check and satisfy a constraint given by id and kwargs."""

from collections.abc import Iterable
from random import Random

from ...io.errors import InputError
from .constraint import Constraint
from .ids import canonical
from .kind import Kwargs
from .types import JUDGED

PRESETS = ("reins", "mathif", "ifeval")


def describe(name: str, kwargs: Kwargs | None) -> str:
    """The instruction in the benchmarks' own words."""
    kind = JUDGED[canonical(name)]
    return kind.wording(**kind.read(kwargs))


def check(
    name: str, kwargs: Kwargs | None, response: str, *, preset: str = "reins", loose: bool = False
) -> bool:
    """One verdict on an answer text (reasoning already removed); a blank answer satisfies nothing.

    loose: IFEval's second figure, true where any of eight variants of the answer passes.
    Raises InputError on an unknown id, kwarg or preset.
    """
    if preset not in PRESETS:
        raise InputError("preset", f"unknown: {preset!r}", f"choose from {', '.join(PRESETS)}")
    kind = JUDGED[canonical(name)]
    values = kind.read(kwargs)
    rule = kind.ours if preset == "reins" else kind.published
    # Line ends of Windows would hide from patterns that look for the end of a line.
    if preset == "reins" and "\r" in response:
        response = response.replace("\r\n", "\n")
    answers = _variants(response) if loose else [response]
    return any(bool(answer.strip()) and rule(answer, **values) for answer in answers)


def verdicts(
    constraints: Iterable[Constraint], answer: str, *, preset: str = "reins", loose: bool = False
) -> list[bool]:
    """The verdicts on one answer, by position over a row's constraints."""
    return [
        check(constraint.id, constraint.kwargs, answer, preset=preset, loose=loose)
        for constraint in constraints
    ]


def _variants(response: str) -> list[str]:
    """IFEval's loose reading: with and without the first and the last line, with and without asterisks."""
    lines = response.split("\n")
    trimmed = [response, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return trimmed + [variant.replace("*", "") for variant in trimmed]


def satisfy(name: str, kwargs: Kwargs | None, text: str, rng: Random) -> str:
    """The text rewritten so that the constraint holds, the rest and the boxed answer kept where possible."""
    kind = JUDGED[canonical(name)]
    return kind.rewrite(text, rng, **kind.read(kwargs))
