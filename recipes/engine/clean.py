"""What a run folder can do without: what was put aside, and checkpoints that nothing will read again.

A stage that is done never goes on from a checkpoint, so of those that are evaluated along the way the weights stay, and
of all others nothing. Should its last weights be lost, the stage starts from its beginning and ends in the same.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
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
    """Of a place what can go (all of it, or some files in it), why, and its bytes."""

    place: Path
    gone: tuple[Path, ...]
    why: str

    @cached_property
    def size(self) -> int:
        return sum(
            file.lstat().st_size for path in self.gone for file in (path, *path.rglob("*")) if file.is_file()
        )


def spare(folder: Path, tasks: Mapping[str, Task]) -> list[Spare]:
    """What can go, of a recipe's tasks in its run folder. Nothing is removed."""
    run, done = RunPaths(folder), finished(tasks)
    old = run.old(run.root)
    spares = [Spare(old, (old,), "made from what the recipe said before")]
    for task in tasks.values():
        if task.kind == "train" and task.name in done:
            spares += _of_stage(task.folder, _evaluated(task, tasks))
    return [each for each in spares if each.size]


def remove(spares: list[Spare]) -> None:
    """Remove them; a folder's list of what is whole goes first, so that half a folder is taken for nothing else."""
    for path in (path for each in spares for path in each.gone):
        if path.is_dir():
            (path / WHOLE).unlink(missing_ok=True)
            shutil.rmtree(path)
        else:
            path.unlink()


def _evaluated(stage: Task, tasks: Mapping[str, Task]) -> set[int] | None:
    """The steps of a stage that are evaluated along the way; None: all."""
    steps: set[int] = set()
    for task in tasks.values():
        for part in task.parts if task.along and task.checkpoint == stage.checkpoint else ():
            if part.members == "all":
                return None
            steps |= {int(step) for step in part.members or ()}
    return steps


def _of_stage(folder: Path, evaluated: set[int] | None) -> Iterator[Spare]:
    whole = saved_checkpoints(folder)
    kept = {place for step, place in whole.items() if evaluated is None or step in evaluated}
    for place in sorted(folder.glob("checkpoint-*")):
        if place in kept:
            gone = [path for path in place.iterdir() if path.is_dir() or path.suffix in OF_TRAINING]
            yield Spare(place, tuple(gone), "all but its weights, which stay to be evaluated")
        else:
            yield Spare(place, (place,), "its stage is done, and nothing evaluates it")
