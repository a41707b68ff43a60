"""What a recipe asks of a cluster: `launch.slurm`, and how short a job's time limit may be."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from .strict import Count, Strict

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


Word = Annotated[str, Field(pattern=r"^\S+$")]  # a line of a job's script holds it
TimeLimit = Annotated[str, AfterValidator(_long_enough)]


class Slurm(Strict):
    """What a stage's job asks of a cluster: `gpus` of each node, `time` as sbatch reads it, `setup` run by the shell.

    `gres` with GPUs in it (`gpu:a100:8`) is asked for by stages in place of `gpus`. All other words are passed to
    sbatch as they are, for every job.
    """

    partition: Word | None = None
    account: Word | None = None
    qos: Word | None = None
    constraint: Word | None = None
    mem: Word | None = None
    gres: Word | None = None
    nodes: Count = 1
    gpus: Count | None = None
    time: TimeLimit | None = None
    setup: str = ""

    @property
    def gpus_by_gres(self) -> int:
        """GPUs of each node that `gres` asks for."""
        for part in (self.gres or "").split(","):
            kind, *details = part.removeprefix("gres/").split(":")
            if kind == "gpu":
                return int(details[-1]) if details and details[-1].isdecimal() else 1
        return 0

    @model_validator(mode="after")
    def _asked_once(self) -> "Slurm":
        if self.gpus and self.gpus_by_gres:
            raise PydanticCustomError("gpus_twice", "ask for GPUs by gpus or by gres, not by both")
        return self
