"""What the commands do with a recipe: show its plan, build its data, run it, report."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...eval.io.errors import InputError, nearest
from ...eval.io.files import read_state, write_json, write_text
from ...eval.io.run_paths import RunPaths
from ...eval.io.terminal import shown
from ..plan import fingerprint
from ..plan.outcome import code
from ..plan.outline import outline
from ..plan.plan import plan, plan_data
from ..plan.task import Task
from ..recipe.resolve import disk
from ..recipe.schema import Recipe, dump
from .done import finished
from .execute import execute
from .gone import checkpoints_gone
from .output_folders import report_folder
from .places import bytes_begun, make_places, put_aside_unasked, refuse_foreign
from .processes import process_group
from .slurm import REPORT, jobs, scripts, submit


def run(recipe: Recipe, folder: Path, arms: Sequence[str], seeds: Sequence[int]) -> None:
    """Run the recipe in its folder, or the part of these arms and seeds, and report on all that is there.

    Raises InputError before anything starts where the input is bad, TaskFailed where a task ends badly.
    """
    tasks, everything = plan(recipe, folder, arms, seeds), plan(recipe, folder)
    require_disk(folder, tasks)
    if any(task.machines > 1 for task in tasks.values()):
        raise InputError(
            "launch.accelerate", f"{recipe.launch.accelerate} is for several machines", "give --launch slurm"
        )
    if _is_only_to_be_read(recipe, folder, tasks) and is_reported(recipe, folder, finished(everything)):
        _show_report(folder)
        return
    with working_in(folder, recipe, everything) as group:
        put_aside_unasked(everything, RunPaths(folder))
        for line in checkpoints_gone(recipe, tasks, RunPaths(folder)):
            print(shown(line), flush=True)
        execute(tasks, RunPaths(folder), recipe.launch.slots, group, reported=everything)
        if recipe.evaluate:
            report(recipe, folder, everything)


def part(recipe: Recipe, folder: Path, names: Sequence[str], dry: bool = False) -> None:
    """Run these tasks of the recipe, what they need being done, or (`report`) report on all that is there; `dry`: print them.

    Raises InputError on an unknown task, and where what it needs is not done.
    """
    tasks = plan(recipe, folder)
    for name in names:
        if name not in (*tasks, REPORT):
            raise InputError(f"--task {name}", f"no such task of {recipe.name}", nearest(name, tasks))
    if dry:
        named = {name: task for name, task in tasks.items() if name in names}
        print(outline(recipe, folder, named, finished(tasks)))
        return
    # A job has what its tasks take: an evaluation may be spread over more cards than a stage has processes.
    slots = max([recipe.launch.processes, *(tasks[name].processes for name in names if name in tasks)])
    with process_group(folder, names[0].replace(" ", "-")) as group:
        execute(tasks, RunPaths(folder), slots, group, names)
        if REPORT in names:
            report(recipe, folder, tasks)


def by_slurm(
    recipe: Recipe, folder: Path, arms: Sequence[str], seeds: Sequence[int], dry: bool = False
) -> None:
    """Submit what is not done as jobs of a cluster, or (`dry`) print their scripts."""
    tasks = plan(recipe, folder, arms, seeds)
    require_disk(folder, tasks)
    waiting = jobs(recipe, tasks, finished(tasks))
    if dry:
        print("\n".join(f"# {file}\n{text}" for file, text in scripts(recipe, folder, waiting).items()))
        return
    submit(recipe, folder, waiting)


def dry_run(recipe: Recipe, folder: Path, arms: Sequence[str], seeds: Sequence[int]) -> None:
    """Print the plan instead of following it."""
    tasks = plan(recipe, folder, arms, seeds)
    require_disk(folder, tasks)
    print(outline(recipe, folder, tasks, finished(tasks)))


def build(recipe: Recipe, folder: Path, names: Sequence[str]) -> None:
    """Build these sets of the recipe, all where none is named, and what they are made from."""
    tasks = plan_data(recipe, folder, names)
    if _is_only_to_be_read(recipe, folder, tasks):
        return
    with working_in(folder, recipe, tasks) as group:
        execute(tasks, RunPaths(folder), recipe.launch.slots, group)


def require_disk(folder: Path, tasks: Mapping[str, Task]) -> None:
    """Raise InputError where there is no room on the disk for what stages still to train have yet to write."""
    done = finished(tasks)
    left = [task for name, task in tasks.items() if name not in done and task.disk]
    disk(folder, sum(max(task.disk - bytes_begun(task, done), 0) for task in left))


@contextmanager
def working_in(folder: Path, recipe: Recipe, tasks: Mapping[str, Task]) -> Iterator[int]:
    """Hold a run folder, with the recipe written in it, and yield the process group for its tasks.

    Raises InputError where something that no run made lies where its own would go.
    """
    refuse_foreign(tasks, RunPaths(folder))
    with process_group(folder) as group:
        write_text(RunPaths(folder).recipe, dump(recipe))
        yield group


def report(recipe: Recipe, folder: Path, tasks: Mapping[str, Task]) -> None:
    """Write and track the report, unless nothing that goes into it has changed, and print its table.

    It reads every arm's folder that is there, so what another recipe left is moved away first.
    """
    paths, done = RunPaths(folder), finished(tasks)
    put_aside_unasked(tasks, paths)
    for task in tasks.values():
        if task.name not in done:
            make_places(task, done, paths)
    out, made = paths.report, report_folder(paths)
    made.put_aside(paths, "report", print)
    if not is_reported(recipe, folder, done):
        from ...eval.report.report import report as write
        from ...eval.report.track import track
        from .model_card import write_cards

        write_text(out / "table.txt", write([folder], out))
        write_cards(folder)
        track(folder)
        write_json(made.note, {"inputs": _reported(recipe, done)})
        made.keep()
    _show_report(folder)


def _show_report(folder: Path) -> None:
    out = RunPaths(folder).report
    print(shown(f"\n{(out / 'table.txt').read_text('utf-8')}\n\n{out / 'index.html'}"))


def _reported(recipe: Recipe, done: Mapping[str, str]) -> str:
    """The hash of all that goes into a report."""
    return fingerprint.digest(
        {"done": done, "recipe": recipe.model_dump(mode="json"), "code": code("report")}
    )


def is_reported(recipe: Recipe, folder: Path, done: Mapping[str, str]) -> bool:
    """Whether the report that is there is of this recipe and what is done of it, and is as it was written."""
    made = report_folder(RunPaths(folder))
    said = read_state(made.note) or {}
    return said.get("inputs") == _reported(recipe, done) and not any(made.lost())


def _is_only_to_be_read(recipe: Recipe, folder: Path, tasks: Mapping[str, Task]) -> bool:
    """Whether a folder that nobody may write in holds all that these tasks give, of this recipe."""
    if not folder.is_dir() or os.access(folder, os.W_OK):
        return False
    file = RunPaths(folder).recipe
    return (
        file.is_file() and file.read_bytes() == dump(recipe).encode() and not tasks.keys() - finished(tasks)
    )
