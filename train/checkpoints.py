"""Checkpoints that can be trusted after `kill -9`.

A checkpoint counts once its list of files, written last and atomically, is there and true: every file with the size
it had. Anything else is a save that was cut off, and is removed, so that training goes on from the last whole one.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..eval.io.errors import InputError
from ..eval.io.files import write_json
from ..eval.io.run_paths import DONE, WHOLE


def is_done(folder: Path, stage: str) -> bool:
    """Whether a stage's folder holds its done.json.

    Raises InputError where something there was left by another stage than this one (by digest): a run that went on
    from it would be neither.
    """
    done = folder / DONE
    for marker in (done, *folder.glob(f"checkpoint-*/{WHOLE}")):
        if _read(marker).get("stage", stage) != stage:
            raise InputError(marker, "left by another config or other rows", "remove it, or give another out")
    return bool(_read(done))


def mark_whole(checkpoint: Path, stage: str, counts: Mapping[str, int]) -> None:
    """Say that a stage's checkpoint is finished; `counts` are what the trainer itself does not keep."""
    files = {
        str(path.relative_to(checkpoint)): path.stat().st_size
        for path in checkpoint.rglob("*")
        if path.is_file()
    }
    write_json(checkpoint / WHOLE, {"stage": stage, "files": files, "counts": dict(counts)})


def counts_of(checkpoint: Path) -> dict[str, int]:
    """What `mark_whole` was given."""
    return _read(checkpoint / WHOLE)["counts"]


def last_whole(folder: Path) -> Path | None:
    """The whole checkpoint of the highest step in a stage's folder, or None."""
    whole = [checkpoint for checkpoint in _checkpoints(folder) if _is_whole(checkpoint)]
    return max(whole, key=_step, default=None)


def remove_broken(folder: Path) -> list[str]:
    """Remove what was cut off while it was saved; return the names."""
    broken = [checkpoint for checkpoint in _checkpoints(folder) if not _is_whole(checkpoint)]
    for checkpoint in broken:
        shutil.rmtree(checkpoint)
    return [checkpoint.name for checkpoint in broken]


def _read(path: Path) -> dict[str, Any]:
    """Empty where there is no such file, or no JSON in it, as after a power cut."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def _checkpoints(folder: Path) -> list[Path]:
    return [path for path in folder.glob("checkpoint-*") if path.is_dir()]


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _is_whole(checkpoint: Path) -> bool:
    files = _read(checkpoint / WHOLE).get("files")
    return files is not None and all(
        (checkpoint / name).is_file() and (checkpoint / name).stat().st_size == size
        for name, size in files.items()
    )
