"""The verifiers, at the ground: constraints, answers, the reasoning split. Imports nothing of ours, and no torch."""

from ..io.errors import InputError
from .answers import Grader, grade
from .constraints.compose import conflict, witness
from .constraints.constraint import Constraint, read_constraints
from .constraints.ids import canonical
from .constraints.kind import ConstraintType, Pools
from .constraints.types import JUDGED, MATHIF, TYPES
from .constraints.verdict import PRESETS, check, describe, satisfy, verdicts
from .prompt import render
from .reasoning import Split, split_reasoning
from .responses import Response
from .rows import Row

__all__ = [
    "JUDGED",
    "MATHIF",
    "PRESETS",
    "TYPES",
    "Constraint",
    "ConstraintType",
    "Grader",
    "InputError",
    "Pools",
    "Response",
    "Row",
    "Split",
    "canonical",
    "check",
    "conflict",
    "describe",
    "grade",
    "read_constraints",
    "render",
    "satisfy",
    "split_reasoning",
    "verdicts",
    "witness",
]
