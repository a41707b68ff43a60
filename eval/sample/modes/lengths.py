"""The modes that set how long a thought is.

budget N    an open thought is closed by force after N tokens
wait N      each attempt to close the thought is met with "Wait", N times (budget forcing: s1, arXiv 2501.19393;
            MathIF section 5.3)
pad N       N neutral sentences go in before the last line of the model's own thought, which is then closed: a
            longer thought that says no more
"""

import re
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from ...verify import Split
from ...verify.rows import Row
from .mode import Codec, Mode, Rule
from .reminders import NEUTRAL
from .rules import AfterTokens, AtClose, closing, room_for

WAIT = "Wait"


@dataclass(frozen=True)
class Budget(Mode):
    """A thought closed by force after N tokens."""

    name = "budget"
    least = most = 1

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule:
        return AfterTokens(codec, lead, self.number)

    def most_inserted(self, codec: Codec, row: Row) -> int:
        return room_for(codec, codec.form.closing)


@dataclass(frozen=True)
class Wait(Mode):
    """A thought made to go on N times."""

    name = "wait"
    least = most = 1

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule:
        return AtClose(codec, lead, self.number, lambda text, split: text[: split.end] + WAIT)

    def most_inserted(self, codec: Codec, row: Row) -> int:
        return room_for(codec, f"{codec.form.closing}{WAIT}" * self.number)


@dataclass(frozen=True)
class Pad(Mode):
    """A thought made longer by N sentences that say nothing; a row may bring its own in `neutral`."""

    name = "pad"
    least = most = 1

    def rule(self, codec: Codec, row: Row, lead: str) -> Rule:
        return AtClose(codec, lead, 1, partial(_padded, filler=self._filler(row)))

    def most_inserted(self, codec: Codec, row: Row) -> int:
        return room_for(codec, f"{self._filler(row)}\n{codec.form.closing}")

    def _filler(self, row: Row) -> str:
        return "\n".join(islice(cycle(row.extra.get("neutral", NEUTRAL)), self.number))


def _padded(text: str, split: Split, filler: str) -> str:
    """The thought with neutral sentences before its last line, or before all of it when it has only one; closed."""
    blank, body = re.fullmatch(r"(\s*)(.*?)\s*", text[split.begin : split.end], re.DOTALL).groups()  # type: ignore[union-attr]
    before, newline, last = body.rpartition("\n")
    return f"{text[: split.begin]}{blank}{before}{newline}{filler}\n{last}{closing(split)}"
