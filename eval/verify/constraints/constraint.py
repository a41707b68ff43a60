"""A constraint as a row holds it; what its type can do with it is in `verdict`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from .ids import canonical
from .kind import Kwargs
from .types import JUDGED


@dataclass(frozen=True, slots=True)
class Constraint:
    """A verifiable instruction: id in IFEval's spelling, kwargs without nulls, and its wording in the prompt.

    The description is empty where the question itself says the constraint.
    """

    id: str
    kwargs: Kwargs
    description: str = ""

    @classmethod
    def read(cls, name: str, kwargs: Kwargs | None, description: str = "") -> "Constraint":
        """From any published spelling; raises InputError on an unknown id, and on kwargs its type does not take."""
        kind = JUDGED[canonical(name)]
        return cls(kind.id, kind.read(kwargs), description)


def read_constraints(
    names: Sequence[str], kwargs: Sequence[Kwargs | None], descriptions: Sequence[str] | None = None
) -> list[Constraint]:
    """From the parallel lists in which files hold them; raises as `Constraint.read`."""
    return [
        Constraint.read(*parts)
        for parts in zip(names, kwargs, descriptions or repeat("", len(names)), strict=True)
    ]
