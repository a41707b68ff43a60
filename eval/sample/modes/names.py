"""The modes by name: one line each."""

from ...io.errors import InputError, nearest
from .decide import Decide
from .few_shot import FewShot, FewShotDirect, FewShotPlain
from .lengths import Budget, Pad, Wait
from .mode import Mode
from .prompted import Cot, Direct, Think
from .reflect import Again, Reflect, ReflectOther
from .reminders import Remind, Repeat
from .steered import STEERED

KINDS: tuple[type[Mode], ...] = (
    *(Think, Direct, Cot, Repeat, Remind, Budget, Wait, Pad),
    *(FewShot, FewShotPlain, FewShotDirect, Reflect, Again, ReflectOther, Decide),
    *STEERED,
)
MODES: dict[str, type[Mode]] = {mode.name: mode for mode in KINDS}


def parse_mode(text: str) -> Mode:
    """Read `think`, `budget 100`, `budget-100`, …; raises InputError on what is no mode."""
    name, *numbers = text.replace("-", " ").split(" ")
    if name not in MODES:
        raise InputError("mode", f"{text!r} is unknown", nearest(name, MODES))
    kind = MODES[name]
    whole = all(number.isdecimal() and len(number) < 10 for number in numbers)
    if not whole or not kind.least <= len(numbers) <= kind.most or (numbers and not int(numbers[0])):
        raise InputError("mode", f"{text!r} is none", f"write {kind.written()}, numbers from 1")
    return kind(text, tuple(map(int, numbers)))
