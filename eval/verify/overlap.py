"""What rows of one set share with those of another: the problem, or a constraint with its values."""

import json
from collections.abc import Iterable

from .constraints.constraint import Constraint
from .rows import Row, problem_key


class Evaluated:
    """The problems and constraints of evaluated rows, ready to be looked up."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.problems: dict[str, str] = {}
        self.constraints: dict[str, str] = {}
        for row in rows:
            self.problems |= {row.problem_id: row.name, problem_key(row.question): row.name}
            self.constraints |= {_key(constraint): row.name for constraint in row.constraints}

    def has_problem(self, row: Row) -> str | None:
        """The name of the evaluated row with this row's problem."""
        return self.problems.get(row.problem_id) or self.problems.get(problem_key(row.question))

    def has_constraint(self, constraint: Constraint) -> str | None:
        """The name of an evaluated row with this constraint and these values."""
        return self.constraints.get(_key(constraint))


def _key(constraint: Constraint) -> str:
    values = {key: value for key, value in constraint.kwargs.items() if value is not None}
    return json.dumps([constraint.id, values], sort_keys=True)
