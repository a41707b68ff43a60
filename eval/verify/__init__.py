"""The verifiers, at the ground: constraints, answers, the reasoning split. Imports nothing of ours, and no torch."""

from .compose import conflict, witness
from .errors import InputError
from .ids import canonical
from .prompt import render
from .reasoning import Split, split_reasoning
from .types import TYPES, ConstraintType, Pools
from .verdict import PRESETS, check, describe, satisfy, verdicts

__all__ = [
    "PRESETS",
    "TYPES",
    "ConstraintType",
    "InputError",
    "Pools",
    "Split",
    "canonical",
    "check",
    "conflict",
    "describe",
    "render",
    "satisfy",
    "split_reasoning",
    "verdicts",
    "witness",
]
