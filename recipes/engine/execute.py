"""Runs tasks: those that are missing or whose inputs changed, side by side where they do not wait for each other.

Whatever stops a run, the next one goes on from there, and a task that was cut off goes on from where its own
process had come to.
"""

import subprocess
import time
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ...eval.io.errors import InputError, of_place
from ...eval.io.failure import forget_failures, read_failure
from ...eval.io.files import write_text
from ...eval.io.run_paths import ANY_STEP, CONFIG, LOG, ORIGIN, RunPaths
from ..plan import fingerprint
from ..plan.task import Task, chains, shell
from . import made_from
from .done import finished, inputs_of, origins_of, output_of
from .output_folders import output_folders
from .places import make_places
from .processes import devices, start
from .progress import Progress
from .report_so_far import ReportSoFar

COMMAND = "command"  # written as a task starts
ROOM = 1 << 20  # bytes that there must be room for, or a child ended for want of it
SHOWN = 15  # lines of a log
POLL = 0.05  # seconds


class TaskFailed(Exception):
    """A child ended badly: which task, why, where its log is. `status` is what the command exits with."""

    def __init__(self, said: str, status: int = 1) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class Child:
    """A task at work: its inputs' hash, the slots that it takes, its process."""

    task: Task
    inputs: str
    slots: frozenset[int]
    process: subprocess.Popen[bytes]


class Engine:
    """Runs the tasks of one run folder, `slots` processes at once, in a process group that ends with the run."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        run: RunPaths,
        slots: int,
        group: int,
        only: Collection[str] | None,
        reported: Mapping[str, Task],
    ) -> None:
        self.run, self.slots, self.group = run, slots, group
        self.outputs = finished(tasks)
        self.waiting = {
            name: task
            for name, task in tasks.items()
            if name not in self.outputs and (only is None or name in only)
        }
        self.children: list[Child] = []
        self.failures: list[InputError | TaskFailed] = []
        self.progress = Progress(self.waiting, len(self.outputs), slots)
        self._refuse_what_cannot_start()
        self.so_far = ReportSoFar(reported if self.waiting else {}, run, slots, group, self.progress.say)
        for name in self.outputs:
            _keep(tasks[name])

    def _refuse_what_cannot_start(self) -> None:
        for task in self.waiting.values():
            known = (*self.outputs, *self.waiting)
            if missing := [name for name in task.needs if name not in known]:
                raise InputError(task.name, f"needs {', '.join(missing)}, not done", "run that first")
            if task.processes > self.slots:
                said = f"takes {task.processes} processes, and {self.slots} run at once"
                raise InputError(task.name, said, "raise launch.processes or launch.side_by_side")

    def finish(self) -> dict[str, str]:
        """Run all that waits, rows first and then the longest chain; return every task's output.

        After a failure nothing more is started, and what runs is let end: hours may have gone into it.
        """
        order = chains(self.waiting, {name: task.cost for name, task in self.waiting.items()})
        with self.progress:
            while self.children or (self.waiting and not self.failures):
                if not self.failures:
                    self._start_ready(order)
                    self._refuse_circle(order)
                time.sleep(POLL)
                self.progress.tick()
                for child in [child for child in self.children if child.process.poll() is not None]:
                    self._take_in(child)
                self.so_far.look(self.outputs)
        self.so_far.end()
        if self.failures:
            raise self.failures[0]
        return self.outputs

    def _take_in(self, child: Child) -> None:
        """What a child that has ended has left, or why it failed."""
        self.children.remove(child)
        try:
            self.outputs[child.task.name] = _end(child)
        except (InputError, TaskFailed) as failure:
            self.failures.append(failure)
            self.progress.failed(child.task, str(failure).splitlines()[0])
        else:
            self.progress.ended(child.task)

    def _start_ready(self, order: Mapping[str, float]) -> None:
        for task in _ready(self.waiting, self.outputs, order):
            taken = set().union(*(child.slots for child in self.children))
            free = [slot for slot in range(self.slots) if slot not in taken]
            if task.processes > len(free):
                break  # and nothing shorter before it, or it would never have room
            del self.waiting[task.name]
            make_places(task, self.outputs, self.run, self.progress.say)
            if output := output_of(task, inputs_of(task, self.outputs)):
                self.outputs[task.name] = output
                self.progress.unchanged(task)
            else:
                for folder in output_folders(task):
                    folder.put_aside(self.run, task.name, self.progress.say)
                self.progress.started(task)
                self.children.append(self._begin(task, free[: task.processes]))

    def _refuse_circle(self, order: Mapping[str, float]) -> None:
        """Raise TaskFailed where all that is left waits for itself: nothing would ever end."""
        if self.waiting and not self.children and not _ready(self.waiting, self.outputs, order):
            names = ", ".join(self.waiting)
            raise TaskFailed(f"{names}: each waits for another of them, so none can start")

    def _begin(self, task: Task, slots: Sequence[int]) -> Child:
        """Write what the task reads, and the command, and start it."""
        task.folder.mkdir(parents=True, exist_ok=True)
        folders = [part.folder for part in task.parts] or [task.folder]
        for folder, origin in zip(folders, origins_of(task, self.outputs), strict=True):
            if ANY_STEP not in folder.parent.name:  # its process makes those
                write_text(folder / ORIGIN, origin)  # before all else, or it is taken for somebody's own
        write_text(task.folder / CONFIG, yaml.safe_dump(_config(task, self.outputs), sort_keys=False))
        alone = task.kind == "train" and task.processes == 1
        env = {**task.env, **devices(slots, self.slots, one=alone)}
        said = f"# from the folder that `reins` was started in\n{shell(task.command, env)}\n"
        write_text(task.folder / COMMAND, said)
        made_from.note(task, self.outputs, self.run)
        forget_failures(task.folder)
        process = start(task.command, env, task.folder / LOG, self.group)
        return Child(task, inputs_of(task, self.outputs), frozenset(slots), process)


def execute(
    tasks: Mapping[str, Task],
    run: RunPaths,
    slots: int,
    group: int,
    only: Collection[str] | None = None,
    reported: Mapping[str, Task] | None = None,
) -> dict[str, str]:
    """Run what is not done of the tasks (`only` these, where said), and return every task's output.

    While they run, a report is written of what is done of the tasks `reported`, as more of them end.

    Raises InputError if what they need is not done. Once all children have ended, raises for the first that ended badly:
    InputError when it said that its input is bad, else TaskFailed.
    """
    return Engine(tasks, run, slots, group, only, reported or {}).finish()


def _ready(waiting: Mapping[str, Task], outputs: Container[str], order: Mapping[str, float]) -> list[Task]:
    """The tasks that wait for nothing, the longest chain first; before all that run a model those that only make rows, since
    one that is refused, for want of the hub or of rows, is better refused before stages are trained than after."""
    ready = [task for task in waiting.values() if all(name in outputs for name in task.needs)]
    return sorted(ready, key=lambda task: (task.needs_model, -order[task.name]))


def _config(task: Task, outputs: Mapping[str, str]) -> dict[str, Any]:
    """A task's config.yaml: its own content, and the hashes of what goes into it and into each of its parts."""
    config = {**task.config, "inputs": inputs_of(task, outputs)}
    if task.parts:
        config["parts"] = [
            {**part.config, "origin": origin, "inputs": fingerprint.digest([origin, task.judge])}
            for part, origin in zip(task.parts, origins_of(task, outputs), strict=True)
        ]
    return config


def _keep(task: Task) -> None:
    for folder in output_folders(task):
        folder.keep()


def _refuse_full_disk(task: Task) -> None:
    """Raise InputError where nothing can be written: a child then could not say so, nor why else it ended."""
    probe = task.folder / "room"
    try:
        write_text(probe, " " * ROOM)
        probe.unlink()
    except OSError as error:
        if refused := of_place(error):
            raise InputError(task.folder, refused.what, refused.fix).within(task.name) from None
        raise


def _end(child: Child) -> str:
    """The output of a child that has ended; raises what it says of itself where it did not end well."""
    task, code = child.task, child.process.returncode
    output = output_of(task, child.inputs) if code == 0 else None
    if output is not None:
        _keep(task)
        return output
    log, failure = task.folder / LOG, read_failure(task.folder)
    if failure and failure.kind == "refused":
        raise InputError(failure.where, failure.what, failure.fix).within(task.name)
    if failure and failure.kind == "stopped":
        raise TaskFailed(f"{task.name} stopped: {failure.what}; its log is {log}", status=3)
    _refuse_full_disk(task)
    ended = f"exit status {code}" if code else f"no {task.folder}/done.json"
    if failure:
        said = f"{task.name} failed ({ended}): {failure.what}; its log is {log}"
        raise TaskFailed("\n".join([said, *failure.trace[-SHOWN:]]))
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    said = f"{task.name} failed ({ended}); its log is {log}, which {'ends' if lines else 'is empty'}"
    raise TaskFailed("\n".join([said, *lines[-SHOWN:]]))
