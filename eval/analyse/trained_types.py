"""How often an arm was trained on each type of constraint: counted in the rows of its own stages' sets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..io.jsonl import iter_jsonl
from ..io.run_paths import RunPaths
from ..verify import canonical


class TypesOfSet(NamedTuple):
    """A set's rows, and the rows of it that ask for each type."""

    rows: int
    types: Counter[str]


class TrainedTypes:
    """The training rows of a run by type of constraint; a set's rows are read once."""

    def __init__(self, recipe: Mapping[str, Any], paths: RunPaths) -> None:
        self._stages: Mapping[str, Mapping[str, Any]] = recipe.get("stages", {})
        self._paths = paths
        self._sets: dict[str, TypesOfSet | None] = {}

    def of(self, stages: Sequence[str]) -> Counter[str] | None:
        """Rows that these stages draw on, by type; passes over the same rows count once.

        A stage that takes a part of a set's rows counts as that part of each type. What a base was trained on before
        the run is not counted. None where a set is no longer there to be counted.
        """
        trained: Counter[str] = Counter()
        for name in stages:
            stage = self._stages.get(name, {})
            for set_name, share in [*stage.get("data", {}).items(), *stage.get("add", {}).items()]:
                if (mixture := self._types_of(set_name)) is None:
                    return None
                taken = share * (stage.get("rows") or 0) / max(mixture.rows, 1)
                trained.update({kind: round(taken * count) for kind, count in mixture.types.items()})
        return trained

    def _types_of(self, set_name: str) -> TypesOfSet | None:
        if set_name not in self._sets:
            file = self._paths.rows(set_name)
            self._sets[set_name] = _counted(file) if file.exists() else None
        return self._sets[set_name]


def _counted(file: Path) -> TypesOfSet:
    rows, types, names = 0, Counter[str](), Counter[str]()
    for _, line in iter_jsonl(file):
        rows += 1
        names.update(line.get("constraint_name", line.get("instruction_id_list", ())))
    for name, count in names.items():
        types[canonical(name)] += count
    return TypesOfSet(rows, types)
