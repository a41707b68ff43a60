"""The verifiers, at the ground: constraints, answers, the reasoning split. Imports nothing of ours, and no torch."""

from ..io.errors import InputError
from .answers import Grader, grade
from .constraints.compose import conflict, witness
from .constraints.ids import canonical
from .constraints.kind import ConstraintType, Pools
from .constraints.types import JUDGED, MATHIF, TYPES
from .constraints.verdict import PRESETS, check, describe, satisfy, verdicts
from .prompt import render
from .reasoning import Split, split_reasoning

__all__ = [
    "JUDGED",
    "MATHIF",
    "PRESETS",
    "TYPES",
    "ConstraintType",
    "Grader",
    "InputError",
    "Pools",
    "Split",
    "canonical",
    "check",
    "conflict",
    "describe",
    "grade",
    "render",
    "satisfy",
    "split_reasoning",
    "verdicts",
    "witness",
]
