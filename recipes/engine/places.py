"""What is in the folders that tasks fill: only what grew from what goes in now; the rest is put aside, and comes back."""

import shutil
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path

from ...eval.io.errors import InputError
from ...eval.io.run_paths import ANY_STEP, DONE, LOCK, ORIGIN, RunPaths, at_step, name_on_the_way
from ..plan.estimate import bytes_under
from ..plan.task import Part, Task
from .done import finished, origins_of

OWN = "give an --out of its own, or move it away"


def refuse_foreign(tasks: Mapping[str, Task], run: RunPaths) -> None:
    """Raise InputError where something lies in a folder that a task fills, or in the report's, that no run put there.

    Nothing of it is moved or written over. Every folder that a run hands out says by its `origin` that it is a run's.
    """
    for task in tasks.values():
        for folder in [part.folder for part in task.parts] or [task.folder]:
            for place in _matches(folder, run):
                if _holds_any(place) and not _made_by_run(place):
                    raise InputError(place, "not made by a run", OWN)
    if not is_run(run.root) and (wrong := [file for file in (run.recipe, run.report) if _holds_any(file)]):
        raise InputError(wrong[0], "there already, and not made by a run", OWN)


def is_run(folder: Path) -> bool:
    """Whether a run was ever at work in this folder, or its jobs were written there."""
    return (folder / LOCK).exists() or (folder / "slurm").is_dir() or any(folder.glob(f"*/*/{ORIGIN}"))


def _made_by_run(place: Path) -> bool:
    """Whether a run handed this folder out: its origin, whole or half written, is the first file in it."""
    return place.is_dir() and any(
        file.name.strip(".").partition(".")[0] == ORIGIN for file in place.iterdir()
    )


def _holds_any(place: Path) -> bool:
    return any(place.iterdir()) if place.is_dir() else place.exists()


def make_places(
    task: Task, outputs: Mapping[str, str], run: RunPaths, say: Callable[[str], None] = print
) -> None:
    """Leave in the folders that a task fills only what grew from its inputs, whole or begun.

    Anything else there is moved to old/ (one old folder each is kept); what lies there from these inputs returns.
    While it is not known what goes in, nothing stays.
    """
    for folder, origin in _places(task, outputs, run):
        _make_place(folder, run.old(folder), origin, task.name, say)


def bytes_begun(task: Task, outputs: Mapping[str, str]) -> int:
    """Bytes that a task without parts has left in its folder from what goes in now, and goes on from."""
    known = all(name in outputs for name in task.needs)
    goes_on = known and _origin(task.folder) == origins_of(task, outputs)[0]
    return bytes_under(task.folder) if goes_on else 0


def put_aside_unasked(tasks: Mapping[str, Task], run: RunPaths, say: Callable[[str], None] = print) -> None:
    """Move to old/ what checkpoints of a whole plan were asked once and no task asks any more, which comes back once it is
    asked again: nothing redoes it when their weights change, and the report reads all that is there."""
    asked = {place for task in tasks.values() for part in task.parts for place in _asked(part, run)}
    done, moved = finished(tasks), []
    looked = {task.folder for task in tasks.values() if task.along and task.name in done}
    for name in dict.fromkeys(task.checkpoint for task in tasks.values() if task.checkpoint):
        on_the_way = _unasked(name_on_the_way(name, ANY_STEP), asked, run)
        if on_the_way and run.along(name) not in looked:
            # How many there should be nobody knows, so the task that made them must look again should it come back.
            (run.along(name) / DONE).unlink(missing_ok=True)
        moved += [*_unasked(name, asked, run), *on_the_way]
    for folder in moved:
        shelf = run.old(folder)
        shelf.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(shelf, ignore_errors=True)
        folder.rename(shelf)
        if not any(folder.parent.iterdir()):  # of a step on the way: reports count those that are there
            folder.parent.rmdir()
    if moved:
        say(f"no longer asked: {len(moved)} evaluation(s), which are now in {run.old(run.evaluations)}")


def _unasked(checkpoint: str, asked: Container[Path], run: RunPaths) -> list[Path]:
    """The evaluations of these checkpoints that are there, made by a run, and not asked."""
    there = run.evaluations.glob(f"{checkpoint}/*")
    return sorted(folder for folder in there if folder not in asked and _made_by_run(folder))


def _places(task: Task, outputs: Mapping[str, str], run: RunPaths) -> Iterator[tuple[Path, str | None]]:
    """The folders that a task fills, and those of its parts that are there, with what each must have grown from."""
    known = all(name in outputs for name in task.needs)
    origins = origins_of(task, outputs) if known else [None] * max(len(task.parts), 1)
    if not task.parts:
        yield task.folder, origins[0]
    for part, origin in zip(task.parts, origins, strict=bool(task.parts)):
        for folder in _asked(part, run):
            yield folder, origin


def _asked(part: Part, run: RunPaths) -> list[Path]:
    """The folders of a part that are there, in use or put aside, and of steps on the way only those that it asks for."""
    places = _matches(part.folder, run)
    if part.members is None or isinstance(part.members, str):
        return places
    steps = {at_step(part.folder, step) for step in part.members}
    return [place for place in places if place in steps]


def _matches(folder: Path, run: RunPaths) -> list[Path]:
    """The folder itself; of one with a `*` all that it stands for, in use or put aside."""
    pattern = str(folder.relative_to(run.root))
    if ANY_STEP not in pattern:
        return [folder]
    roots = (run.root, run.old(run.root))
    return sorted({run.root / there.relative_to(root) for root in roots for there in root.glob(pattern)})


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


def _origin(folder: Path) -> str | None:
    file = folder / ORIGIN
    return file.read_text() if file.exists() else None
