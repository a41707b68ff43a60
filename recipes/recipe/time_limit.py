"""A job's time limit as sbatch reads it, and how short one may be."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

NOTICE = 120  # seconds before its end at which a job is told; Slurm, which looks twice a minute, may be a minute early
SHORTEST = 300  # seconds: what is left of them after the notice loads a model and saves something
UNLIMITED = ("0", "UNLIMITED", "INFINITE")
UNITS = {  # what the numbers between colons count, by how many there are; after `days-` it is others
    "": ("minutes", "minutes:seconds", "hours:minutes:seconds"),
    "-": ("hours", "hours:minutes", "hours:minutes:seconds"),
}
SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def seconds(text: str) -> int | None:
    """The limit in seconds; None for no limit. Raises ValueError where sbatch would not read it."""
    if text.upper() in UNLIMITED:
        return None
    days, dash, rest = text.partition("-") if "-" in text else ("0", "", text)
    counts = rest.split(":")
    if len(counts) > 3 or not all(count.isascii() and count.isdigit() for count in (days, *counts)):
        raise ValueError(text)
    units = UNITS[dash][len(counts) - 1].split(":")
    return 86400 * int(days) + sum(
        int(count) * SECONDS[unit] for count, unit in zip(counts, units, strict=True)
    )


def _long_enough(text: str) -> str:
    try:
        limit = seconds(text)
    except ValueError:
        known = "give minutes, hours:minutes:seconds or days-hours, as sbatch reads them"
        raise PydanticCustomError("time_limit", known) from None
    if limit is not None and limit < SHORTEST:
        raise PydanticCustomError(
            "time_limit",
            f"give {SHORTEST // 60} minutes at least: a job is told {NOTICE // 60} to {NOTICE // 60 + 1} minutes before"
            " its end, and would be told as it starts",
        )
    return text


TimeLimit = Annotated[str, AfterValidator(_long_enough)]
