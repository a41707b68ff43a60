"""How far a run has come: what is done, running, failed or out of date and why, and how long the rest will take."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Literal

from ...eval.io.failure import read_failure
from ...eval.io.files import read_state
from ...eval.io.run_paths import CONFIG, DONE, LOCK, LOG, PROGRESS, RunPaths, saved_checkpoints
from ..plan.task import Task
from ..recipe.schema import Recipe
from . import made_from
from .done import finished, inputs_of
from .execute import COMMAND
from .output_folders import output_folders
from .pace import Pace, clock, position
from .processes import is_locked
from .run import is_reported

State = Literal["done", "running", "failed", "stale", "begun", "to do"]
TOLD: tuple[State, ...] = ("running", "failed", "stale", "begun")  # a line a task; of the others their names
MEANING: dict[State, str] = {
    "failed": "the next `reins run` tries again",
    "stale": "made from other inputs, so it is done again, unless what it waits for comes out the same",
    "begun": "stopped on its way, and goes on from there",
}
WIDTH = 110  # columns


@dataclass(frozen=True)
class TaskStatus:
    """Where one task is; `why` says what of it, `seconds` how long it still takes, None where nobody knows."""

    name: str
    state: State
    why: str
    seconds: float | None


def status(recipe: Recipe, folder: Path, tasks: Mapping[str, Task]) -> str:
    """A line for the whole, one a task, and what to do next. Nothing is changed."""
    if not tasks:
        return f"{folder}: nothing to do, as {recipe.name} has neither arms, models nor data"
    run, outputs = RunPaths(folder), finished(tasks)
    pace = _pace(tasks, outputs)
    statuses = [_status(task, outputs, run, pace) for task in tasks.values()]
    lines = [_whole(recipe, folder, tasks, statuses, pace)]
    width = max(len(task.name) for task in statuses)
    told = sorted((task for task in statuses if task.state in TOLD), key=lambda task: TOLD.index(task.state))
    lines += [f"{task.state:<9}{task.name:<{width}}  {task.why}".rstrip() for task in told]
    states = {task.state for task in told}
    lines += [f"{'':<9}({state}: {what})" for state, what in MEANING.items() if state in states]
    lines += [line for state in ("done", "to do") for line in _folded(statuses, state)]
    if recipe.evaluate:
        state = "done" if is_reported(recipe, folder, outputs) else "to do"
        lines.append(f"{'report':<9}{state}: {run.report / 'index.html'}")
    return "\n".join(lines)


def _folded(statuses: list[TaskStatus], state: State) -> list[str]:
    names = ", ".join(f"{task.name} {task.why}".strip() for task in statuses if task.state == state)
    return wrap(names, WIDTH, initial_indent=f"{state:<9}", subsequent_indent=" " * 9, break_on_hyphens=False)


def is_at_work(run: RunPaths) -> bool:
    """Whether a run, or a job of one, holds the folder now."""
    return is_locked(run.root / LOCK)


def _whole(
    recipe: Recipe, folder: Path, tasks: Mapping[str, Task], statuses: list[TaskStatus], pace: Pace
) -> str:
    counts = {
        state: sum(task.state == state for task in statuses)
        for state in ("done", "running", "failed", "stale")
    }
    said = [f"{counts.pop('done')} of {len(statuses)} tasks done"]
    said += [f"{count} {state}" for state, count in counts.items() if count]
    left = {task.name: task.seconds for task in statuses if task.state != "done"}
    if known := {name: seconds for name, seconds in left.items() if seconds is not None}:
        whole = pace.of_all({name: tasks[name] for name in known}, known, recipe.launch.slots)
        said.append(f"about {clock(whole)} to go" + " for what can be told" * (len(known) < len(left)))
    at_work = "at work" if is_at_work(RunPaths(folder)) else "not at work"
    return f"{folder}: {', '.join(said)}; {at_work}"


def _status(task: Task, outputs: Mapping[str, str], run: RunPaths, pace: Pace) -> TaskStatus:
    step, steps = position(task.folder)
    here = f"{step} of {steps}" if steps else ""
    if task.name in outputs:
        seconds = _took(task)
        return TaskStatus(task.name, "done", clock(seconds) if seconds is not None else "", 0.0)
    if is_locked(task.folder / LOG):
        elapsed = time.time() - (task.folder / COMMAND).stat().st_mtime
        left = pace.of_task(task, elapsed, _per_step(task, step))
        to_go = f", about {clock(left)} to go" if left is not None else ""
        return TaskStatus(task.name, "running", f"{here or clock(elapsed)}{to_go}", left)
    left = pace.of_task(task)
    if failure := read_failure(task.folder):
        where = f"{failure.where}: " if failure.where else ""
        return TaskStatus(task.name, "failed", f"{where}{failure.what}; {task.folder / LOG}", left)
    if not (task.folder / CONFIG).exists():
        return TaskStatus(task.name, "to do", "", left)
    changed = "; ".join(_changes(task, outputs, run))
    if changed or (read_state(task.folder / DONE) or {}).get("inputs"):
        return TaskStatus(task.name, "stale", changed or "what goes in has changed", left)
    return TaskStatus(task.name, "begun", here, left)


def _changes(task: Task, outputs: Mapping[str, str], run: RunPaths) -> Iterator[str]:
    """Why a task is not done from what goes in now."""
    for folder in output_folders(task):
        lost = [f"{file} {what}" for file, what in folder.lost()]
        yield from [f"{lost[0]}, and {len(lost) - 1} more files"] if len(lost) > 1 else lost
    if waits := [name for name in task.needs if name not in outputs]:
        yield f"waits for {', '.join(waits)}"
    elif (read_state(task.folder / DONE) or {}).get("inputs") != inputs_of(task, outputs):
        yield from made_from.changes(task, outputs, run)


def _pace(tasks: Mapping[str, Task], outputs: Mapping[str, str]) -> Pace:
    pace = Pace()
    for name in outputs:
        if (seconds := _took(tasks[name])) is not None:
            pace.ended(tasks[name], seconds)
    return pace


def _took(task: Task) -> float | None:
    """Seconds from a task's last start to its end."""
    started, ended = task.folder / COMMAND, task.folder / DONE
    if not started.is_file() or not ended.is_file():
        return None
    return max(ended.stat().st_mtime - started.stat().st_mtime, 0.0)


def _per_step(task: Task, step: int) -> float:
    """Seconds a step since a stage's process began, which may have been at a checkpoint; 0 where nobody knows."""
    said = read_state(task.folder / PROGRESS) or {}
    if task.kind != "train" or "started" not in said:
        return 0.0
    saved = [
        number
        for number, folder in saved_checkpoints(task.folder).items()
        if folder.stat().st_mtime < said["started"]
    ]
    steps = step - max(saved, default=0)
    return (time.time() - said["started"]) / steps if steps > 0 else 0.0
