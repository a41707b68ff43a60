"""Whether what a task wrote is still there as it was: size, time and hash of its files, kept where it says it is done.

A file of the size and time that it had counts as the same; of any other time its hash decides, so that a run that was
copied is not done again. What is no longer the same (edited, damaged, replaced, gone) makes its task not done; what
somebody put there is kept in old/changed/.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from ...eval.io.files import read_state, sha256, write_json
from ...eval.io.run_paths import DONE, INPUTS, RunPaths, at_steps_there
from ..plan.task import Task

FILES = "files"  # the key, in done.json or inputs.json, of what was written
OF_AN_EVALUATION = ("responses.jsonl", "scores.jsonl", "metrics.json")
OF_A_REPORT = ("results.json", "table.txt", "index.html")
CARD = "README.md"  # beside weights, written again with every report


@dataclass(frozen=True)
class OutputFolder:
    """What lies in one folder: `note` says that it is done, `files` are there once it is."""

    note: Path
    files: tuple[Path, ...]

    def keep(self) -> None:
        """Note the files as they are now, unless that is what is noted."""
        said = read_state(self.note)
        if said and said.get(FILES) != (now := self._facts(said.get(FILES) or {})):
            write_json(self.note, {**said, FILES: now})

    def lost(self) -> Iterator[tuple[Path, str]]:
        """Each file that is not what it was, and what has become of it."""
        said = read_state(self.note)
        if said == {}:
            yield self.note, "cannot be read"
        for name, fact in ((said or {}).get(FILES) or {}).items():
            file = Path(os.path.normpath(self.note.parent / name))
            if not file.is_file():
                yield file, "is gone"
            elif not _same(file, fact):
                yield file, "is not what it was when it was done"

    def put_aside(self, run: RunPaths, name: str, say: Callable[[str], None]) -> None:
        """Move what was changed out of the way, with what lies beside it in its folder, and call the rest not done."""
        lost = list(self.lost())
        for file, what in lost:
            inside = file.is_relative_to(self.note.parent)
            top = self.note.parent / file.relative_to(self.note.parent).parts[0] if inside else file
            where = _shelve(top, run) if top.exists() and file != self.note else None
            kept = f", and is now in {where}" if where else ""
            say(f"{name}: {file} {what}{kept}: done again")
        if lost:
            self.note.unlink(missing_ok=True)

    def _facts(self, before: dict[str, Any]) -> dict[str, Any]:
        names = {os.path.relpath(file, self.note.parent): file for file in self.files if file.is_file()}
        return {name: _fact(file, before.get(name)) for name, file in sorted(names.items())}


def output_folders(task: Task) -> Iterator[OutputFolder]:
    """Where a task writes, folder by folder; of weights all files of final/ but the card."""
    for part in task.parts:
        for folder in at_steps_there(part.folder):
            yield OutputFolder(folder / INPUTS, tuple(folder / name for name in OF_AN_EVALUATION))
    if task.parts:
        return
    files: Iterable[Path] = [task.folder / "rows.jsonl", task.folder / "log.jsonl"]
    weights = sorted((task.folder / "final").rglob("*"))
    of_weights = [file for file in weights if file.name != CARD]
    yield OutputFolder(task.folder / DONE, (*files, *of_weights, *task.beside))


def report_folder(run: RunPaths) -> OutputFolder:
    """Where a report is written."""
    return OutputFolder(run.report / DONE, tuple(run.report / name for name in OF_A_REPORT))


def is_unchanged(task: Task) -> bool:
    """Whether all that a finished task wrote is there, as it was."""
    gone = [part for part in task.parts if not part.members and not part.folder.is_dir()]
    return not gone and not any(any(each.lost()) for each in output_folders(task))


def _shelve(place: Path, run: RunPaths) -> Path:
    """Move something to a place of its own in old/changed/, where nothing is ever replaced."""
    shelf = run.old(run.root) / "changed"
    free = next(shelf / str(number) for number in count(1) if not (shelf / str(number)).exists())
    target = free / place.relative_to(run.root)
    target.parent.mkdir(parents=True)
    place.rename(target)
    return target


def _same(file: Path, fact: Any) -> bool:
    if not isinstance(fact, dict):
        return False
    status = file.stat()
    if status.st_size != fact.get("bytes"):
        return False
    return status.st_mtime_ns == fact.get("time") or _hash(file, status.st_mtime_ns) == fact.get("sha256")


def _fact(file: Path, before: Any) -> dict[str, Any]:
    """What is kept of a file; its hash is not taken again where its size and time are those of before."""
    status = file.stat()
    same = isinstance(before, dict) and (before.get("bytes"), before.get("time")) == (
        status.st_size,
        status.st_mtime_ns,
    )
    hashed = before["sha256"] if same else _hash(file, status.st_mtime_ns)
    return {"bytes": status.st_size, "time": status.st_mtime_ns, "sha256": hashed}


@cache
def _hash(file: Path, time: int) -> str:
    """Taken once in a process of a file of one time of change."""
    return sha256(file)
