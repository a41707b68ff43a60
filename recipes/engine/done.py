"""Which tasks are done: those whose done.json holds the hash of what goes in now, and whose files are as it left them."""

from collections.abc import Mapping

from ...eval.io.files import read_state
from ...eval.io.run_paths import DONE
from ..plan import fingerprint
from ..plan.task import Task
from .output_folders import is_unchanged


def origins_of(task: Task, outputs: Mapping[str, str]) -> list[str]:
    """The hash of all that each of a task's parts grows from; a task without parts is one."""
    apart = {name for part in task.parts for name in part.needs}
    needs = {name: outputs[name] for name in task.needs if name not in apart}
    whole = fingerprint.digest({"spec": task.spec, "needs": needs})
    each = [
        fingerprint.digest([whole, part.spec, *(outputs[name] for name in part.needs)]) for part in task.parts
    ]
    return each or [whole]


def inputs_of(task: Task, outputs: Mapping[str, str]) -> str:
    """The hash of all that goes into a task, the judge of its samples included."""
    members = [part.members for part in task.parts if part.members is not None]
    return fingerprint.digest([*origins_of(task, outputs), members, task.judge])


def output_of(task: Task, inputs: str) -> str | None:
    """The hash of what a task wrote from these inputs; None while it is not done, or not there as it was written."""
    done = read_state(task.folder / DONE) or {}
    if done.get("inputs") != inputs or not is_unchanged(task):
        return None
    return str(done.get("output", inputs))


def finished(tasks: Mapping[str, Task]) -> dict[str, str]:
    """The outputs of the tasks that are done and whose inputs, all the way up, are what they were."""
    outputs: dict[str, str] = {}
    for task in tasks.values():
        if all(name in outputs for name in task.needs):
            output = output_of(task, inputs_of(task, outputs))
            if output is not None:
                outputs[task.name] = output
    return outputs
