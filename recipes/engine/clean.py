"""What a run folder can do without: what was put aside, and checkpoints that nothing will read again.

A stage that is done never goes on from a checkpoint, so of those that are evaluated along the way the weights stay, and
of all others nothing. Should its last weights be lost, the stage starts from its beginning and ends in the same.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...eval.io.run_paths import WHOLE, RunPaths, saved_checkpoints
from ..plan.task import Task
from .done import finished

OF_TRAINING = (
    ".pt",
    ".pth",
    ".bin",
    ".distcp",
)  # of a checkpoint what only training reads, beside folders in it


@dataclass(frozen=True)
class Spare:
    """A place that can go, why, and its bytes."""

    place: Path
    why: str
    size: int


def spare(folder: Path, tasks: Mapping[str, Task]) -> list[Spare]:
    """What can go, of a recipe's tasks in its run folder. Nothing is removed."""
    run, done = RunPaths(folder), finished(tasks)
    places = [(run.old(run.root), "made from what the recipe said before")]
    for task in tasks.values():
        if task.kind == "train" and task.name in done:
            places += _of_stage(task.folder, _evaluated(task, tasks))
    return [Spare(place, why, size) for place, why in places if (size := _size(place))]


def remove(spares: list[Spare]) -> None:
    """Remove them; a folder's list of what is whole goes first, so that half a folder is taken for nothing else."""
    for each in spares:
        if each.place.is_dir():
            (each.place / WHOLE).unlink(missing_ok=True)
            shutil.rmtree(each.place)
        else:
            each.place.unlink()


def _evaluated(stage: Task, tasks: Mapping[str, Task]) -> set[int] | None:
    """The steps of a stage that are evaluated along the way; None: all."""
    steps: set[int] = set()
    for task in tasks.values():
        for part in task.parts if task.along and task.checkpoint == stage.checkpoint else ():
            if part.members == "all":
                return None
            steps |= {int(step) for step in part.members or ()}
    return steps


def _of_stage(folder: Path, evaluated: set[int] | None) -> Iterator[tuple[Path, str]]:
    whole = saved_checkpoints(folder)
    kept = {place for step, place in whole.items() if evaluated is None or step in evaluated}
    for place in sorted(folder.glob("checkpoint-*")):
        if place not in kept:
            yield place, "its stage is done, and nothing evaluates it"
            continue
        for file in sorted(place.rglob("*")):
            if file.is_file() and (file.parent != place or file.suffix in OF_TRAINING):
                yield file, "its stage is done; its weights stay, to be evaluated"


def _size(place: Path) -> int:
    return sum(file.lstat().st_size for file in (place, *place.rglob("*")) if file.is_file())
