"""Checkpoints on the way that are asked for and no longer there: without a word, a run would leave them out and be done."""

from collections.abc import Iterator, Mapping

from ...eval.io.files import read_state
from ...eval.io.run_paths import DONE, RunPaths, at_step, saved_checkpoints
from ..plan.estimate import saved
from ..plan.task import Part, Task
from ..recipe.schema import Recipe
from .done import finished


def checkpoints_gone(recipe: Recipe, tasks: Mapping[str, Task], run: RunPaths) -> Iterator[str]:
    """A line for each stage that is done, and of which a step that it saved is to be evaluated, is not yet, and is gone."""
    done = finished(tasks)
    trained = {task.checkpoint for task in tasks.values() if task.kind == "train" and task.name in done}
    for task in tasks.values():
        if not task.along or task.checkpoint not in trained:
            continue
        folder = run.stage(task.checkpoint)
        steps = (read_state(folder / DONE) or {}).get("steps", 0)
        missing = {*saved(recipe.stages[task.stages[-1]], steps)} - {*saved_checkpoints(folder)}
        if lost := [step for step in sorted(missing) if _is_lost(task, step, run)]:
            named = ", ".join(f"checkpoint-{step}" for step in lost)
            yield (
                f"{task.name}: {named} of {folder} is gone, as `reins clean` leaves it, so not evaluated; "
                f"take it out of `checkpoints`, or remove {folder} to train it again"
            )


def _is_lost(task: Task, step: int, run: RunPaths) -> bool:
    """Whether an evaluation of this step is asked for, and neither there nor put aside."""
    places = [at_step(part.folder, step) for part in task.parts if _asks(part, step)]
    return not all(place.is_dir() or run.old(place).is_dir() for place in places)


def _asks(part: Part, step: int) -> bool:
    return part.members == "all" or step in (part.members or ())
