"""The cells that factors cross an arm into, and which of another arm's cells one of them means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...eval.io.errors import InputError, listed
from .factor_keys import Level

SHOWN = 6  # cells that a refusal names


@dataclass(frozen=True)
class Cell:
    """One combination of levels that an arm of the recipe comes in, under a name of its own; none for a plain arm."""

    name: str
    of: str
    levels: Mapping[str, Level]
    stages: tuple[str, ...] = ()

    def agrees(self, levels: Mapping[str, Level]) -> bool:
        """Whether these levels are the same of every factor that crosses both."""
        return all(level == levels[name] for name, level in self.levels.items() if name in levels)


Cells = Mapping[str, Sequence[Cell]]  # of each arm of the recipe


def agreeing(key: str, cell: Cell, other: str, by_arm: Cells) -> list[str]:
    """The cells of another arm that a cell stands beside; raises InputError, naming the key, where it has none."""
    if other == cell.of:
        raise InputError(key, f"{other!r} is itself", "name another trained arm")
    if other not in by_arm:
        return [other]  # refused where names are looked up
    names = [candidate.name for candidate in by_arm[other] if candidate.agrees(cell.levels)]
    if not names:
        raise InputError(key, f"no cell of {other} has the values of {cell.name}", "list such a cell")
    return names


def only(key: str, cell: Cell, other: str, by_arm: Cells) -> str:
    """The one cell of another arm that a cell stands beside; raises InputError, naming key and cells, where several do."""
    names = agreeing(key, cell, other, by_arm)
    if len(names) > 1:
        what = f"{len(names)} cells of {other} have the values of {cell.name}: {listed(names, SHOWN)}"
        raise InputError(key, what, "name one of them, or an arm that fewer factors cross")
    return names[0]


def sole(key: str, other: str, by_arm: Cells) -> str:
    """The one cell of an arm, where nothing says of which values; raises InputError, naming key and cells, otherwise."""
    names = [cell.name for cell in by_arm[other]] if other in by_arm else [other]
    if not names:
        raise InputError(key, f"no cell of {other} is kept", "list one in `cells`")
    if len(names) > 1:
        raise InputError(
            key, f"{other} comes in {len(names)} cells: {listed(names, SHOWN)}", "name one of them"
        )
    return names[0]
