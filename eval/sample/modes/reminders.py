"""The modes that say something more at the end of a thought, which is then closed.

repeat      the constraints once more (MathIF section 5.3 does not publish its wording; this one is ours), in the
            benchmarks' words where a row has none of its own
remind      the control of repeat: as many words that say nothing about the constraints
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from ...io.errors import InputError
from ...verify import Split, describe
from ...verify.constraints.ifbench import IFBENCH
from ...verify.rows import Row
from .mode import Codec, Mode, Rule
from .rules import AtClose, closing, room_for

REMINDER = "Wait, the answer must follow this as well:"
ASIDE = "Wait, I can take my time with this:"  # as many words as REMINDER
NEUTRAL = (
    "Let me go on.",
    "I am still thinking about this.",
    "One thing after the other.",
    "I take my time.",
)


@dataclass(frozen=True)
class Reminding(Mode):
    """What the two have in common."""

    @abstractmethod
    def said(self, row: Row) -> str:
        """What is said at the end of the thought."""

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule | None:
        if not row.constraints:
            return None
        return AtClose(codec, lead, 1, partial(_reminded, reminder=self.said(row)))

    def most_inserted(self, codec: Codec, row: Row) -> int:
        return room_for(codec, f"\n{self.said(row)}{codec.form.closing}") if row.constraints else 0

    def check_rows(self, rows: Iterable[Row]) -> None:
        """Raise InputError where there is nothing to say again, or no sentence for it."""
        rows = list(rows)
        self.need_constraints(rows, "to repeat")
        for name, constraint in ((row.name, constraint) for row in rows for constraint in row.constraints):
            if not constraint.description.strip() and constraint.id in IFBENCH:
                said = f"{constraint.id} of {name} has no description, and IFBench words it in its question alone"
                raise InputError(
                    f"mode {self.name}", said, "write a constraint_desc into the row, or ask in another mode"
                )


@dataclass(frozen=True)
class Repeat(Reminding):
    """The constraints once more."""

    name = "repeat"

    def said(self, row: Row) -> str:
        return f"{REMINDER} {constraints_again(row)}"


@dataclass(frozen=True)
class Remind(Reminding):
    """As many words beside the point."""

    name = "remind"

    def said(self, row: Row) -> str:
        words = islice(cycle(" ".join(NEUTRAL).split()), len(constraints_again(row).split()))
        return f"{ASIDE} {' '.join(words)}"


def constraints_again(row: Row) -> str:
    """As the prompt has them, and in their types' own words where the question says them."""
    sentences = [
        constraint.description.strip() or describe(constraint.id, constraint.kwargs)
        for constraint in row.constraints
    ]
    return " ".join(sentences)


def _reminded(text: str, split: Split, reminder: str) -> str:
    return f"{text[: split.end].rstrip()}\n{reminder}{closing(split)}"
