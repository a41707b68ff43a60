"""How a process that runs a task ended badly: written beside its config.yaml, read by who started it.

Each process writes its own (several train one stage together), since a launcher in between keeps neither exit status
nor words apart.
"""

import os
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from .errors import InputError, Stopped
from .files import read_state, write_json

KINDS = (
    "refused",
    "stopped",
    "crashed",
)  # the first says most: when one process refuses, others may crash of it


@dataclass(frozen=True)
class Failure:
    """`refused`: bad input, by where, what and fix; `stopped` by a guard; `crashed`: `what`, with the traceback's lines."""

    kind: Literal["refused", "stopped", "crashed"]
    rank: int
    what: str
    where: str = ""
    fix: str = ""
    trace: tuple[str, ...] = ()


def write_failure(folder: Path, error: Exception) -> None:
    """Leave in a task's folder why this process, of the rank that its launcher gave it, ends."""
    rank = int(os.environ.get("RANK", "0"))
    if isinstance(error, InputError):
        failure = Failure("refused", rank, error.what, error.where, error.fix)
    elif isinstance(error, Stopped):
        failure = Failure("stopped", rank, str(error))
    else:
        said = "".join(traceback.format_exception_only(error)).splitlines()[0]
        trace = "".join(traceback.format_exception(error)).splitlines()
        failure = Failure("crashed", rank, said, trace=tuple(trace))
    write_json(folder / f"failure.{rank}.json", asdict(failure))


def read_failure(folder: Path) -> Failure | None:
    """What a task's processes left, the most telling kind first, of the lowest rank; None where none wrote."""
    written = filter(None, map(read_state, folder.glob("failure.*.json")))
    failures = [Failure(**{**content, "trace": tuple(content["trace"])}) for content in written]
    return min(failures, key=lambda failure: (KINDS.index(failure.kind), failure.rank), default=None)


def forget_failures(folder: Path) -> None:
    """Before a task is tried again."""
    for file in folder.glob("failure.*.json"):
        file.unlink()
