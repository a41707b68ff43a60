"""Runs tasks: those that are missing or whose inputs changed, side by side where they do not wait for each other.

A task is done when its folder's done.json holds the hash of what goes in now; whatever stops a run, the next one goes
on from there, and a task that was cut off goes on from its own last checkpoint or sample.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...data_builders.mixture import mix
from ...eval.io.errors import InputError
from ...eval.io.files import write_text
from ..plan import fingerprint
from ..plan.plan import chains
from ..plan.task import Part, Task, shell
from .processes import start
from .progress import Progress

LOG = "output.txt"
ORIGIN = "origin"
REFUSED = "error: "
STOPPED = "stopped: "  # by a guard of training
POLL = 0.05  # seconds


class TaskFailed(Exception):
    """A child ended badly: which task, where its log is, how the log ends."""


@dataclass(frozen=True)
class Child:
    task: Task
    inputs: str
    slots: frozenset[int]
    process: subprocess.Popen[bytes]


def origins_of(task: Task, outputs: Mapping[str, str]) -> list[str]:
    """The hash of all that each of a task's parts grows from; a task without parts is one."""
    apart = {part.needs for part in task.parts}
    needs = {name: outputs[name] for name in task.needs if name not in apart}
    whole = fingerprint.digest({"spec": task.spec, "needs": needs})
    each = [fingerprint.digest([whole, part.spec, outputs[part.needs]]) for part in task.parts]
    return each or [whole]


def inputs_of(task: Task, outputs: Mapping[str, str]) -> str:
    """The hash of all that goes into a task, the judge of its samples included."""
    steps = [[part.steps for part in task.parts]] if task.along else []
    return fingerprint.digest([*origins_of(task, outputs), *steps, task.judge])


def output_of(task: Task, inputs: str) -> str | None:
    """The hash of what a task gave from these inputs; None while it is not done."""
    done = task.folder / "done.json"
    found = json.loads(done.read_text()) if done.exists() else {}
    return found.get("output", inputs) if found.get("inputs") == inputs else None


def finished(tasks: Mapping[str, Task]) -> dict[str, str]:
    """The outputs of the tasks that are done and whose inputs, all the way up, are what they were."""
    outputs: dict[str, str] = {}
    for task in tasks.values():
        if all(name in outputs for name in task.needs):
            output = output_of(task, inputs_of(task, outputs))
            if output is not None:
                outputs[task.name] = output
    return outputs


def execute(
    tasks: Mapping[str, Task], slots: int, group: int, only: Collection[str] | None = None
) -> dict[str, str]:
    """Run what is not done, the longest chain first, each process in one of the slots; return every task's output.

    `only` these tasks, where given: InputError if what they need is not done. Raises TaskFailed (or InputError, when
    the child says that its input is bad) after the first that ends badly.
    """
    outputs = finished(tasks)
    waiting = {
        name: task for name, task in tasks.items() if name not in outputs and (only is None or name in only)
    }
    for task in waiting.values():
        if missing := [name for name in task.needs if name not in outputs and name not in waiting]:
            raise InputError(task.name, f"needs {', '.join(missing)}, not done", "run that first")
    order = chains(waiting, {name: task.cost for name, task in waiting.items()})
    progress = Progress(waiting, len(outputs), slots)
    children: list[Child] = []
    while waiting or children:
        for task in _ready(waiting, outputs, order):
            free = sorted(set(range(slots)).difference(*(child.slots for child in children)))
            if task.processes > len(free):
                break  # and nothing shorter before it, or it would never have room
            del waiting[task.name]
            make_places(task, outputs, progress.say)
            if output := output_of(task, inputs_of(task, outputs)):
                outputs[task.name] = output
                progress.found(task)
            else:
                progress.started(task)
                children.append(begin(task, outputs, free[: task.processes], slots, group))
        time.sleep(POLL)
        progress.tick()
        for child in [child for child in children if child.process.poll() is not None]:
            children.remove(child)
            outputs[child.task.name] = _end(child)
            progress.ended(child.task)
    return outputs


def _ready(waiting: Mapping[str, Task], outputs: Container[str], order: Mapping[str, float]) -> list[Task]:
    """The tasks that wait for nothing, the longest chain first."""
    ready = [task for task in waiting.values() if all(name in outputs for name in task.needs)]
    return sorted(ready, key=lambda task: -order[task.name])


def begin(task: Task, outputs: Mapping[str, str], taken: Sequence[int], slots: int, group: int) -> Child:
    """Write what the task reads, and the command, and start it."""
    inputs = inputs_of(task, outputs)
    for folder, origin in _places(task, outputs):
        write_text(folder / ORIGIN, origin or "")
    config = {**task.config, "inputs": inputs, **_sets(task, outputs)}
    write_text(task.folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    env = {**task.env, **_devices(taken, slots)}
    write_text(
        task.folder / "command",
        f"# from the folder that `reins` was started in\n{shell(task.command, env)}\n",
    )
    rows = task.folder / "rows.jsonl"
    if task.mixture is not None and not rows.exists():
        mix(**task.mixture, out_path=rows)
    return Child(task, inputs, frozenset(taken), start(task.command, env, task.folder / LOG, group))


def make_places(task: Task, outputs: Mapping[str, str], say: Callable[[str], None] = print) -> None:
    """Leave in the folders that a task fills only what grew from its inputs, whole or begun.

    Anything else there is moved to old/ (one old folder each is kept); what lies there from these inputs returns.
    While it is not known what goes in, nothing stays.
    """
    run = task.folder.parent.parent
    for folder, origin in _places(task, outputs):
        _make_place(folder, run / "old" / folder.relative_to(run), origin, task.name, say)


def _places(task: Task, outputs: Mapping[str, str]) -> Iterator[tuple[Path, str | None]]:
    """The folders that a task fills, and those of its parts that are there, with what each must have grown from."""
    known = all(name in outputs for name in task.needs)
    origins = origins_of(task, outputs) if known else [None] * max(len(task.parts), 1)
    if not task.parts:
        yield task.folder, origins[0]
    for part, origin in zip(task.parts, origins, strict=bool(task.parts)):
        for step in _steps(task, part):
            yield Path(str(part.folder).replace("*", step)), origin


def _steps(task: Task, part: Part) -> list[str]:
    """The steps whose checkpoints a part asks or has asked, as its folder names them; one of no name without them."""
    if task.along is None:
        return [""]
    here, _, rest = str(part.folder).partition("*")
    asked = {str(one.parent)[len(here) :] for one in Path(here).parent.glob(f"{Path(here).name}*{rest}")}
    return sorted(asked | {str(step) for step in saved_steps(task.along) if _wants(part, step)})


def _wants(part: Part, step: int) -> bool:
    return part.steps == "all" or step in (part.steps or ())


def saved_steps(stage: Path) -> list[int]:
    """The steps of a stage's whole checkpoints."""
    return sorted(int(mark.parent.name.rpartition("-")[2]) for mark in stage.glob("checkpoint-*/whole.json"))


def _make_place(folder: Path, shelf: Path, origin: str | None, name: str, say: Callable[[str], None]) -> None:
    aside = shelf.with_name(f"{shelf.name}.new")
    if folder.exists() and _origin(folder) == origin:
        return
    if changed := folder.exists():
        shelf.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    if origin is not None and _origin(shelf) == origin:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shelf.rename(folder)
    if changed:
        shutil.rmtree(shelf, ignore_errors=True)
        aside.rename(shelf)
        say(f"{name}: what goes in has changed; what was there is now in {shelf}")


def _sets(task: Task, outputs: Mapping[str, str]) -> dict[str, Any]:
    """An evaluation's sets, each with what goes into it; along a stage, for every checkpoint that is asked."""
    hashes = [fingerprint.digest([one, task.judge]) for one in origins_of(task, outputs)]
    sets = [
        {**one, "inputs": hashed}
        for one, hashed in zip(task.config.get("sets", []), hashes, strict=bool(task.parts))
    ]
    if task.along:
        sets = [
            {**one, "model": f"{task.along}/checkpoint-{step}", "out": one["out"].replace("*", str(step))}
            for step in saved_steps(task.along)
            for one, part in zip(sets, task.parts, strict=True)
            if _wants(part, step)
        ]
    return {"sets": sets} if task.parts else {}


def _origin(folder: Path) -> str | None:
    file = folder / ORIGIN
    return file.read_text() if file.exists() else None


def _end(child: Child) -> str:
    """The output of a child that has ended. One that refused its input says why in a line that starts with
    `error:` (its own exit status is lost behind accelerate), or last; one that a guard stopped, after `stopped:`."""
    task, log = child.task, child.task.folder / LOG
    code = child.process.returncode
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    output = output_of(task, child.inputs) if code == 0 else None
    if output is not None:
        return output
    refused = [line for line in lines if line.startswith(REFUSED)] or lines[-1:] * (code == 2)
    if refused:
        what, _, fix = refused[0].removeprefix(REFUSED).rpartition("; ")
        raise InputError(task.name, what or fix, fix if what else f"see {log}")
    stopped = [line for line in lines if line.startswith(STOPPED)]
    if stopped:
        raise TaskFailed(f"{task.name} {stopped[0]}; its log is {log}")
    ended = f"exit status {code}" if code else f"no {task.folder}/done.json"
    raise TaskFailed("\n".join([f"{task.name} failed ({ended}); its log is {log}, which ends", *lines[-15:]]))


def _devices(taken: Sequence[int], slots: int) -> dict[str, str]:
    """The GPUs of these slots, where there are any to share."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    present = [str(index) for index, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]
    gpus = listed.split(",") if listed else present
    share = len(gpus) // slots
    if len(taken) == slots or not share:
        return {}
    own = [gpu for slot in taken for gpu in gpus[slot * share : (slot + 1) * share]]
    return {"CUDA_VISIBLE_DEVICES": ",".join(own)}
